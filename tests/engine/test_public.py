"""What goes out of an archive as public names nobody and nothing that not everybody may know."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.test_archive import person
from tests.engine.test_privacy import shut
from tests.engine.world import World, bug_key
from tracker_migrate.archived import ISSUES, Kept
from tracker_migrate.engine import tables
from tracker_migrate.engine.exporting import export_archive
from tracker_migrate.engine.purging import purge
from tracker_migrate.engine.tablefiles import write
from tracker_migrate.errors import WorkspaceError
from tracker_migrate.interfaces import Entity, Reply
from tracker_migrate.model import (
    Change,
    Issue,
    Key,
    Person,
    Relation,
    Subscription,
    WorkItem,
    key,
)
from tracker_migrate.testing.memory import blueprint, bug
from tracker_migrate.testing.memory_source import PERSON
from tracker_migrate.workspace.ledger import Verdict

WHEN = datetime(2017, 3, 4, tzinfo=UTC)
TEAM, STRANGER = key("memory", "person", "moonbase"), key("memory", "person", "unread-one")
ANNA = key("memory", "person", "anna")
PLAN = blueprint("moonshot").key


def told(world: World, tmp_path: Path, *, private: bool = False) -> str:
    """All tables, and an exported archive."""
    export_archive(world.workspace, tmp_path / f"out {private}", private=private)
    files = [one.read_text() for one in sorted((tmp_path / f"out {private}").iterdir())]
    held = [list(tables.rows(world.workspace, one, private=private)) for one in tables.TABLES]
    return repr((held, files))


def exported(path: Path) -> list[Issue]:
    """The issues of an exported archive."""
    return [msgspec.json.decode(line, type=Kept).issue for line in path.read_bytes().splitlines()]


def naming(who: Key) -> Issue:
    """A public bug that names somebody wherever it can, beside anna."""
    held = bug(2, "first", "second", author=who)
    return msgspec.structs.replace(
        held,
        tasks=tuple(
            msgspec.structs.replace(one, assignee=who, author=who, extra={"reviewer": who})
            for one in held.tasks
        ),
        comments=tuple(msgspec.structs.replace(one, author=who) for one in held.comments),
        history=(Change(when=WHEN, what="status", author=who),),
        subscriptions=(
            Subscription(person=who, by=ANNA),
            Subscription(person=ANNA, by=who),
        ),
        work_items=(
            WorkItem(key=key("memory", "workitem", "2/a"), title="a", home="h", status="TODO",
                     assignee=who),
        ),
        extra={"approver": who, "heat": 7},
    )  # fmt: skip


@pytest.fixture
def here(world: World) -> World:
    team = Person(
        key=TEAM, name="moonbase", display_name="Moonbase", home="u", is_team=True, private=True
    )
    world.workspace.archive.put_entity(
        Entity(value=team, reply=Reply(url="u", status=200, body=b""))
    ).result()
    for name in ("anna", PERSON.rpartition(":")[2]):
        world.workspace.archive.put_entity(person(name)).result()
    return world


@pytest.mark.parametrize("who", [TEAM, STRANGER])
def test_who_is_not_known_to_everybody_is_named_nowhere(
    here: World, tmp_path: Path, who: Key
) -> None:
    """A private team; and somebody who was never read, for that may be one."""
    here.keep(naming(who))
    assert who in told(here, tmp_path, private=True)
    assert who not in told(here, tmp_path)
    (issue,) = exported(tmp_path / "out False" / ISSUES)
    assert issue.subscriptions == (Subscription(person=ANNA),)
    assert issue.extra == {"heat": 7}
    assert [one.author for one in issue.comments] == [None] * len(naming(who).comments)


def test_everybody_else_stays(here: World, tmp_path: Path) -> None:
    here.keep(naming(ANNA))
    told(here, tmp_path)
    assert exported(tmp_path / "out False" / ISSUES) == [naming(ANNA)]


def test_many_people_are_told_apart(here: World, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tracker_migrate.engine.unnamed._MANY", 1)
    here.keep(naming(TEAM), bug(3, "by somebody", author=ANNA), bug(4, author=TEAM))
    assert TEAM not in told(here, tmp_path)
    assert [row["author"] for row in tables.rows(here.workspace, "issues")] == [None, ANNA, None]


# -- where it leads to ----------------------------------------------------------------------------


def leading(*to: Key) -> Issue:
    """A public bug that leads to things."""
    leads = tuple(Relation(kind="depends_on", label=f"to {one}", url="u", to=one) for one in to)
    return msgspec.structs.replace(bug(2), relations=leads)


def left(world: World) -> set[Any]:
    rows = tables.rows(world.workspace, "relations")
    return {row["to"] for row in rows if row["issue"] == bug_key(2)}


def test_nothing_leads_to_what_vanished(here: World) -> None:
    here.keep(bug(1), bug(3), blueprint("moonshot"), leading(bug_key(1), bug_key(3), PLAN))
    assert left(here) == {bug_key(1), bug_key(3), PLAN}
    for gone in (bug_key(1), PLAN):
        here.workspace.archive.set_gone(gone)
    assert left(here) == {bug_key(3)}


def test_nothing_leads_to_what_was_forgotten(here: World) -> None:
    here.keep(shut(1), leading(bug_key(1), PLAN))
    here.ledger.set_verdicts([Verdict(bug_key(1), "refused", "no row", "", 0)]).result()
    purge(here.workspace, [])
    assert here.workspace.archive.issue(bug_key(1)) is None
    assert left(here) == set()


def test_nothing_leads_to_what_could_not_be_read(here: World) -> None:
    here.keep(leading(bug_key(1)))
    here.workspace.archive.set_unread(bug_key(1), "it asks for a login")
    assert left(here) == set()


def test_of_what_was_never_met_a_number_may_stand_and_no_name(here: World) -> None:
    series = key("memory", "series", "rocket/1.x")
    here.keep(leading(bug_key(1), PLAN, series))
    assert left(here) == {bug_key(1), series}


def test_many_ways_are_looked_at(here: World) -> None:
    many = [bug_key(number) for number in range(1000, 1250)]
    here.keep(shut(1249), leading(*many))
    assert left(here) == {*many[:-1]}


# -- who may read what is not public --------------------------------------------------------------


def modes(folder: Path) -> set[int]:
    """Those of a folder and all that is in it."""
    return {stat.S_IMODE(one.stat().st_mode) for one in (folder, *folder.rglob("*"))}


@pytest.fixture
def umask() -> Iterator[None]:
    """As on most machines."""
    old = os.umask(0o022)
    yield
    os.umask(old)


WRITERS: dict[str, Callable[..., Any]] = {
    "archive": export_archive,
    "tables": write,
    "parquet": partial(write, form="parquet"),
}


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("what", WRITERS)
def test_what_is_private_is_its_owners_alone(here: World, tmp_path: Path, what: str) -> None:
    if what == "parquet":
        pytest.importorskip("duckdb")
    here.keep(shut(1))
    WRITERS[what](here.workspace, tmp_path / "new" / "out", private=True)
    assert modes(tmp_path / "new" / "out") == {0o700, 0o600}
    WRITERS[what](here.workspace, tmp_path / "new" / "public")
    assert modes(tmp_path / "new" / "public") == {0o755, 0o644}


@pytest.mark.parametrize("what", ["archive", "tables"])
def test_a_folder_that_others_may_read_is_refused_for_what_is_private(
    here: World, tmp_path: Path, what: str
) -> None:
    here.keep(shut(1))
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o755)
    with pytest.raises(WorkspaceError, match=f"others may read {out}: chmod go= {out}"):
        WRITERS[what](here.workspace, out, private=True)
    assert not [*out.iterdir()]
    out.chmod(0o700)
    WRITERS[what](here.workspace, out, private=True)
    assert modes(out) == {0o700, 0o600}
