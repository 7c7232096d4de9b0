"""An archive that was exported keeps the laws of a source, and gives back what was read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.contract.memory_source import FILES, HIDDEN, MemorySourceUnderTest
from tracker_migrate import registry
from tracker_migrate.archived import ABOUT, ENTITIES, ISSUES
from tracker_migrate.engine.comparing import compare
from tracker_migrate.engine.exporting import export_archive
from tracker_migrate.engine.files import Fetch
from tracker_migrate.engine.pull import Pull
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import GivesFiles, Source
from tracker_migrate.model import Key, key
from tracker_migrate.testing.conformance import NotShown, SourceConformance, SourceUnderTest
from tracker_migrate.testing.memory_source import attachment
from tracker_migrate.workspace import Workspace

SETTINGS = '[source]\nspecs = ["memory:rocket"]\nprivate = true\n'


def read(folder: Path, source: Source) -> Workspace:
    """A workspace that has read all of a source, files too."""
    folder.mkdir()
    (folder / "migration.toml").write_text(SETTINGS)
    held = Workspace(folder)
    fetch = Fetch(source, held.archive, held.files, 10**8)
    Pull(source, held.archive, "memory:rocket", connections=2, files=fetch).run()
    return held


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Workspace]:
    with read(tmp_path / "read", MemorySourceUnderTest().open()) as workspace:
        yield workspace


class ArchiveUnderTest(SourceUnderTest):
    """What a workspace has read from memory, exported whole."""

    speaks_http = False

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._folder = folder
        self._keys = list(workspace.archive.issue_keys())
        export_archive(workspace, folder, private=True, files=True)

    def open(self, *, address: str | None = None) -> Source:
        return registry.open_source([f"archive:{self._folder}"], {"private": True}, None)

    def keys(self) -> list[Key]:
        return self._keys

    def strike(self, word: str) -> None:
        raise NotShown("files have no faults")

    def calm(self) -> None:
        """There are none."""

    def absent(self) -> Key:
        return key("memory", "bug", 999)

    def missing_person(self) -> Key:
        return key("memory", "person", "nobody-here")

    def private(self) -> Key:
        return key("memory", "bug", 10)

    def withheld(self) -> tuple[Key, str]:
        return key("memory", "bug", 2), HIDDEN

    def wrong_spec(self) -> Source:
        raise NotShown("a folder that holds no archive is told when it is opened")

    def files(self) -> dict[Key, bytes]:
        return {attachment(*at).key: content for at, content in FILES.items()}


class TestArchive(SourceConformance):
    """The suite, whole."""

    @pytest.fixture
    def origin(self, held: Workspace, tmp_path: Path) -> ArchiveUnderTest:
        return ArchiveUnderTest(held, tmp_path / "out")


def test_what_was_read_comes_back_the_same(held: Workspace, tmp_path: Path) -> None:
    export_archive(held, tmp_path / "out", private=True, files=True)
    again = registry.open_source([f"archive:{tmp_path / 'out'}"], {"private": True}, None)
    with read(tmp_path / "again", again) as copy:
        assert list(compare(held.archive, copy.archive)) == []
        assert set(copy.files.hashes()) == set(held.files.hashes())
        export_archive(copy, tmp_path / "out2", private=True, files=True)
    for name in (ISSUES, ENTITIES):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "out2" / name).read_bytes()


def test_what_is_not_public_is_in_no_file_unless_asked_for(held: Workspace, tmp_path: Path) -> None:
    export_archive(held, tmp_path / "out")
    told = b"".join(one.read_bytes() for one in (tmp_path / "out").iterdir())
    assert b"memory:bug:10" not in told
    assert b"memory:bug:1" in told
    assert b"withheld" not in told
    assert not (tmp_path / "out" / "files").exists()


def test_what_is_private_is_read_only_if_the_settings_say_so(
    held: Workspace, tmp_path: Path
) -> None:
    export_archive(held, tmp_path / "out", private=True)
    closed = registry.open_source([f"archive:{tmp_path / 'out'}"], {}, None)
    assert key("memory", "bug", 10) not in {one.key for one in closed.listing(None)}
    assert not list(closed.closed())
    assert not closed.is_public(key("memory", "bug", 10))


def test_what_is_private_is_its_owners_alone_with_its_files(
    held: Workspace, tmp_path: Path
) -> None:
    old = os.umask(0o022)
    try:
        export_archive(held, tmp_path / "out", private=True, files=True)
    finally:
        os.umask(old)
    found = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert {one.stat().st_mode & 0o777 for one in found if one.is_dir()} == {0o700}
    assert {one.stat().st_mode & 0o777 for one in found if one.is_file()} == {0o600}
    assert sum(one.is_file() for one in (tmp_path / "out" / "files").rglob("*")) > 1


def whole(source: Source) -> None:
    """Look at all that a source has."""
    assert [*source.surroundings(), *source.listing(None)]


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        (ABOUT, None, "holds no archive"),
        (ABOUT, "{", "is damaged"),
        (ABOUT, '{"format": 2}', "another format than 1"),
        (ABOUT, '{"format": 1}', "is damaged"),
        (ENTITIES, "nonsense\n", "is damaged"),
        (ENTITIES, '{"kind": "person", "value": {}}\n', "is damaged"),
        (ISSUES, '{"issue": 1}\n', "is damaged"),
    ],
)
def test_a_damaged_archive_is_told(
    file: str, text: str | None, says: str, held: Workspace, tmp_path: Path
) -> None:
    export_archive(held, tmp_path / "out")
    path = tmp_path / "out" / file
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(UsageError, match=says):
        whole(registry.open_source([f"archive:{tmp_path / 'out'}"], {}, None))


def test_a_path_in_place_of_a_hash_leads_nowhere(held: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    out = tmp_path / "out"
    export_archive(held, out, files=True)
    lines = (out / ISSUES).read_text().splitlines()
    evil = [line.replace('"sha256":"', '"sha256":"../../secret') for line in lines]
    (out / ISSUES).write_text("\n".join(evil) + "\n")
    source = registry.open_source([f"archive:{out}"], {}, None)
    one = msgspec.structs.replace(attachment(1, 1), file=None)
    assert isinstance(source, GivesFiles)
    with pytest.raises(UsageError, match="no sha256"), source.download(one):
        pass


def test_it_says_what_it_is(held: Workspace, tmp_path: Path) -> None:
    said = export_archive(held, tmp_path / "out")
    about = json.loads((tmp_path / "out" / ABOUT).read_text())
    assert about["tracker"] == "memory"
    assert (
        about["issues"] == said.issues == len((tmp_path / "out" / ISSUES).read_text().splitlines())
    )
    with pytest.raises(UsageError, match="is not empty"):
        export_archive(held, tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
