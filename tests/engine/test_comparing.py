"""Two archives side by side: what is new, gone, or changed, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.engine.test_archive import put
from tracker_migrate.engine.comparing import Difference, compare
from tracker_migrate.model import Issue, key
from tracker_migrate.testing.memory import blueprint, bug
from tracker_migrate.workspace import Workspace

SETTINGS = '[source]\nspecs = ["memory:x"]\n'


def opened(folder: Path) -> Workspace:
    folder.mkdir()
    (folder / "migration.toml").write_text(SETTINGS)
    return Workspace(folder)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Workspace, Workspace]]:
    with opened(tmp_path / "before") as before, opened(tmp_path / "after") as after:
        yield before, after


def filled(workspace: Workspace, *issues: Issue) -> None:
    for one in issues:
        put(workspace.archive, one)


def test_each_issue_that_differs_is_told_in_order(two: tuple[Workspace, Workspace]) -> None:
    before, after = two
    filled(before, bug(2), bug(9), bug(10), blueprint("x/+spec/a"))
    filled(after, bug(9), bug(10, title="Worse"), bug(11), blueprint("x/+spec/b"))
    found = [(one.key, one.what) for one in compare(before.archive, after.archive)]
    assert found == [
        (key("memory", "bug", 2), "gone"),
        (key("memory", "bug", 10), "changed"),
        (key("memory", "bug", 11), "new"),
        (blueprint("x/+spec/a").key, "gone"),
        (blueprint("x/+spec/b").key, "new"),
    ]


def test_a_change_is_told_by_field_and_by_part(two: tuple[Workspace, Workspace]) -> None:
    before, after = two
    was = bug(1, "A title", "the first", "the second")
    edited = msgspec.structs.replace(was.comments[0], text="not the first")
    now = msgspec.structs.replace(was, title="B", comments=(edited,), tags=("new",))
    filled(before, was)
    filled(after, now)
    (found,) = compare(before.archive, after.archive)
    assert found == Difference(
        key=was.key,
        what="changed",
        fields=("title", "tags"),
        parts={"comments": (0, len(was.comments) - 1, 1)},
    )


def test_the_same_is_not_told(two: tuple[Workspace, Workspace]) -> None:
    before, after = two
    for one in two:
        filled(one, bug(1), bug(2))
    assert list(compare(before.archive, after.archive)) == []
    assert list(compare(before.archive, before.archive)) == []
