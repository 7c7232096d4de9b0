"""Many bugs at once: one that was moved stands there again and again, under other numbers, in the
stores of all three stand-ins, in the archive and in the ledgers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tests.end_to_end.world import TARGETS, World
from tracker_migrate import __version__
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.target import Target
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace, schema
from tracker_migrate.workspace.archive import position

#: the number of the first of them
FIRST = 1_000_000
_LOG = 10_000_000


def multiply(here: World, workspace: Workspace, many: int) -> None:
    """Have so many bugs more at the source and, moved, at both targets. The feeds are read from
    then on. Nothing is asked."""
    bug = _moved(workspace)
    at = {target: workspace.ledger(target).held([bug])[bug].at.id for target in TARGETS}
    _at_source(here, int(bug.rpartition(":")[2]), many)
    _at_storyboard(here, int(at["storyboard"]), many)
    _at_maniphest(here, at["maniphest"], many)
    with workspace.engine.begin() as connection:
        _in_archive(connection, bug, many)
    marks = {target: _inputs(workspace, target) for target in TARGETS}
    with workspace.engine.begin() as connection:
        for target, mark in marks.items():
            _in_ledger(connection, target, bug, many, mark)
        connection.execute(schema.fed.delete())


def _moved(workspace: Workspace) -> Key:
    """A public bug that is written whole at both, and is known to have nothing special."""
    done = [
        {one.issue for one in workspace.ledger(target).in_state("done") if not one.reason}
        & workspace.foreseen(target).of(list(workspace.archive.issue_keys())).keys()
        for target in TARGETS
    ]
    return sorted(of for of in set.intersection(*done) if ":bug:" in of)[0]


def _numbers(many: int) -> range:
    return range(FIRST, FIRST + many)


def _key(number: int) -> Key:
    return Key(f"launchpad:bug:{number}")


# -- the stand-ins --------------------------------------------------------------------------------


def _at_source(here: World, bug: int, many: int) -> None:
    database = here.launchpad.store.db
    for table, name in (("bug", "id"), ("task", "bug")):
        _cloned(database, table, name, bug, many, without=() if name == "id" else ("id",))


def _at_storyboard(here: World, story: int, many: int) -> None:
    database = here.storyboard.store.db
    _cloned(database, "story", "id", story, many)
    info = json.dumps({"story_id": 0, "story_title": "One of many"})
    head = "INSERT INTO event (id, event_type, event_info, story_id, author_id, created_at) "
    rows = ((_LOG + n, "story_created", info, n, "2020-01-01 00:00:00") for n in _numbers(many))
    owner = database.execute("SELECT creator_id FROM story WHERE id = ?", (story,)).fetchone()[0]
    database.executemany(f"{head} VALUES (?, ?, ?, ?, {owner}, ?)", rows)
    here.storyboard.store.pass_over("story", FIRST + many)
    here.storyboard.store.pass_over("event", _LOG + FIRST + many)


def _at_maniphest(here: World, phid: str, many: int) -> None:
    database = here.maniphest.store.db
    row = dict(database.execute("SELECT * FROM task WHERE phid = ?", (phid,)).fetchone())
    clones = ({**row, "id": n, "phid": _phid(n)} for n in _numbers(many))
    _insert(database, "task", list(row), clones)
    found = database.execute("SELECT * FROM xaction_task WHERE object = ? LIMIT 1", (phid,))
    told = dict(found.fetchone()) | {"comment_id": None, "comment_phid": None, "comment": None}
    rows = (
        {**told, "id": _LOG + n, "phid": f"PHID-XACT-TASK-{n:015d}", "object": _phid(n)}
        for n in _numbers(many)
    )
    _insert(database, "xaction_task", list(told), rows)
    here.maniphest.store.recount()


def _phid(number: int) -> str:
    return f"PHID-TASK-{number:020d}"


def _cloned(
    database: Any, table: str, name: str, number: int, many: int, without: Sequence[str] = ()
) -> None:
    """The rows of a table that have this number, with each of the others instead."""
    asked = database.execute(f"SELECT * FROM {table} WHERE {name} = ? LIMIT 1", (number,))
    names = [column[0] for column in asked.description]
    row = dict(zip(names, asked.fetchone(), strict=True))
    kept = [one for one in names if one not in without]
    _insert(database, table, kept, ({**row, name: n} for n in _numbers(many)))


def _insert(
    database: Any, table: str, names: Sequence[str], rows: Iterator[Mapping[str, Any]]
) -> None:
    marks = ", ".join("?" * len(names))
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
    database.execute("BEGIN")
    database.executemany(sql, ([row[name] for name in names] for row in rows))
    database.execute("COMMIT")


# -- the workspace --------------------------------------------------------------------------------


def _in_archive(connection: Connection, bug: Key, many: int) -> None:
    table = schema.issue
    row = _row(connection, table, table.c.key == bug)
    keys = map(_key, _numbers(many))
    rows = [{**row, "key": key, "position": position(key)} for key in keys]
    connection.execute(table.insert(), rows)


def _inputs(workspace: Workspace, target: str) -> str:
    """What each of them is written from: nothing names it, and it names nothing."""
    bound = Target(workspace, target)
    return inputs(bound, dict(workspace.archive.digests())[_key(FIRST)])


def _in_ledger(connection: Connection, target: str, bug: Key, many: int, mark: str) -> None:
    held = schema.object_
    row = _row(connection, held, held.c.target == target, held.c.key == bug)
    rows = [
        {**row, "key": _key(n), "issue": _key(n), "remote_id": _place(target, n), "number": str(n)}
        for n in _numbers(many)
    ]
    connection.execute(held.insert(), rows)
    for table, made_of in ((schema.verdict, mark), (schema.foreseen, f"{mark}/{__version__}")):
        known = _row(connection, table, table.c.target == target, table.c.issue == bug)
        known["inputs"] = made_of
        connection.execute(table.insert(), [{**known, "issue": _key(n)} for n in _numbers(many)])


def _place(target: str, number: int) -> str:
    return _phid(number) if target == "maniphest" else str(number)


def _row(connection: Connection, table: sa.Table, *where: Any) -> dict[str, Any]:
    return dict(connection.execute(sa.select(table).where(*where)).mappings().one())
