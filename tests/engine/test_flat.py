"""What a daemon reads again and again for months takes no more room than what it read first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.engine.world import World, bug_key
from tracker_migrate.engine.compacting import compact
from tracker_migrate.engine.pull import Pull
from tracker_migrate.interfaces import Entity, Reading, Reply
from tracker_migrate.testing.memory import MemoryServer, MemorySource, bug
from tracker_migrate.workspace import Workspace, schema

BUGS = 40
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\s+(?:OR \w+ )?(?:INTO|FROM)?\s*\"?(\w+)", re.I)


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace, MemoryServer(), "ours")


@contextmanager
def written(workspace: Workspace) -> Iterator[list[str]]:
    """The tables that rows are written to meanwhile, once for each row that was changed."""
    seen: list[str] = []

    def after(_c: Any, cursor: Any, statement: str, *_more: Any) -> None:
        found = _WRITES.match(statement)
        if found:
            seen.extend([found[2]] * max(0, cursor.rowcount))

    sa.event.listen(workspace.engine, "after_cursor_execute", after)
    try:
        yield seen
    finally:
        sa.event.remove(workspace.engine, "after_cursor_execute", after)


def swept(world: World, source: MemorySource) -> None:
    """Everything is read again, whatever the source says of it."""
    every = list(world.workspace.archive.issue_keys())
    Pull(source, world.workspace.archive, "rocket").run(sweep=every)


def source_of(many: int) -> MemorySource:
    return MemorySource(*(bug(n, f"Number {n}. " * 200) for n in range(1, many + 1)))


def size(world: World) -> int:
    """Bytes of the database and its log, when all of that is in the database."""
    with world.workspace.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            return int(
                connection.execute(sa.text("SELECT pg_total_relation_size('reply')")).scalar_one()
            )
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(one.stat().st_size for one in world.workspace.state.glob("workspace.db*"))


def test_a_sweep_that_finds_nothing_new_writes_no_row_of_the_archive(world: World) -> None:
    source = source_of(BUGS)
    world.pull(source)
    with written(world.workspace) as rows:
        swept(world, source)
    assert {"issue", "reply", "tagging", "link", "mention", "entity"} & set(rows) == set()
    source.put(bug(3, "Worse."), silently=True)
    with written(world.workspace) as rows:
        swept(world, source)
    assert rows.count("issue") == 1, "and what changed is written"


def test_the_database_is_as_large_after_many_sweeps_as_after_the_first(world: World) -> None:
    source = source_of(BUGS)
    world.pull(source)
    swept(world, source)
    before = size(world)
    for _ in range(20):
        swept(world, source)
    assert size(world) == before


def test_what_changes_again_and_again_takes_no_more_room_than_its_newest_state(
    world: World,
) -> None:
    archive, was = world.workspace.archive, 0
    for turn in range(60):
        for number in range(1, 11):
            issue = bug(number, f"Turn {turn % 7} of {number}. " * 300)
            body = f"{turn % 7}{number}".encode() * 3000
            reply = Reply(url=f"{issue.home}?turn={turn}", status=200, body=body)
            archive.put(Reading(issue=issue, replies=(reply,), stamp=str(turn))).result()
        if turn == 20:
            was = size(world)
    if world.workspace.engine.dialect.name == "sqlite":  # elsewhere the server tidies up, later
        assert size(world) <= was * 1.1
    with world.workspace.engine.connect() as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(schema.reply)).scalar()
    assert kept == 10, "of each issue the newest reply alone"


def test_of_a_person_who_is_renamed_the_newest_reply_stays(world: World) -> None:
    source = MemorySource()
    entity = next(iter(source.surroundings()))
    for turn in range(5):
        url = f"{entity.reply.url}?start={turn}"
        value = msgspec.structs.replace(entity.value, title=f"Rocket {turn}")
        reply = msgspec.structs.replace(entity.reply, url=url)
        world.workspace.archive.put_entity(Entity(value=value, reply=reply)).result()
    assert [one.url for one in world.workspace.archive.replies(entity.value.key)] == [url]


def test_compact_gives_back_what_was_freed_and_keeps_everything(world: World) -> None:
    source = source_of(BUGS)
    world.pull(source)
    kept = list(world.workspace.archive.issues())[:5]
    with world.workspace.engine.begin() as connection:
        few = [bug_key(n) for n in range(6, BUGS + 1)]
        connection.execute(schema.issue.delete().where(schema.issue.c.key.in_(few)))
        connection.execute(schema.reply.delete().where(schema.reply.c.owner.in_(few)))
    if world.workspace.engine.dialect.name == "sqlite":
        size(world)
        foreseen = compact(world.workspace, dry_run=True)
        done = compact(world.workspace)
        assert (foreseen.before, foreseen.after) == (done.before, foreseen.after)
        assert done.after < done.before
        assert abs(foreseen.after - done.after) < 0.2 * done.before
    else:
        compact(world.workspace)
    assert list(world.workspace.archive.issues()) == kept
