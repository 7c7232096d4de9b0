"""Killed before any statement, at any commit, between the database and the ledger: the same command
comes to the same end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from tests.backdate.moving import MOVING, Moving
from tests.end_to_end.marked_world import marked_world
from tests.end_to_end.world import TARGETS
from tests.mariadb import Server
from tracker_migrate.workspace.adoption import Adoption

Everything = dict[str, list[dict[str, Any]]]


class Killed(BaseException):
    """Nothing that runs can answer to it."""


class Standing:
    """All that a target's database and the ledger hold."""

    def __init__(self, moving: Moving, database: dict[str, Any]) -> None:
        self._moving = moving
        self._tables = moving.tables(database).sorted_tables
        self._engine = sa.create_engine(database["url"])
        self._state = moving.here.folder / "state"
        self._kept = moving.here.folder / "kept"
        shutil.copytree(self._state, self._kept)
        self._rows = self._all()

    def _all(self) -> Everything:
        with self._engine.connect() as connection:
            return {
                one.fullname: list(map(dict, connection.execute(sa.select(one)).mappings()))
                for one in self._tables
            }

    def again(self) -> None:
        """All is as it was at the start."""
        shutil.rmtree(self._state)
        shutil.copytree(self._kept, self._state)
        with self._engine.begin() as connection:
            for one in reversed(self._tables):
                connection.execute(one.delete())
            for one in self._tables:
                if rows := self._rows[one.fullname]:
                    connection.execute(one.insert(), rows)

    def end(self) -> dict[str, list[Any]]:
        """What both hold by now, a list for each table; but for the hour in which a comment was
        removed, and the number of that version: one that a dying transaction took is not given
        again; and for the moment at which the ledger was told."""
        rows = self._all()
        for row in (one for rows_of in rows.values() for one in rows_of):
            if row.get("isDeleted"):
                row["id"] = row["dateCreated"] = row["dateModified"] = 0
        held = [replace(one, sent_at="") for _, one in sorted(self._moving.held().items())]
        return {"ledger": held, **{name: sorted(of, key=str) for name, of in rows.items()}}


@contextmanager
def dies_at(point: int) -> Iterator[list[int]]:
    """It dies before the statement, the commit, or the word to the ledger of that number; the list
    holds how many there were."""
    seen = [0]

    def reached() -> None:
        seen[0] += 1
        if seen[0] == point:
            raise Killed

    def there(connection: Any, *_arguments: Any) -> None:
        if connection.dialect.name == "mysql":
            reached()

    keep = Adoption.keep

    def told(*arguments: Any) -> Any:
        reached()
        return keep(*arguments)

    for name in ("before_cursor_execute", "commit"):
        sa.event.listen(sa.Engine, name, there)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Adoption, "keep", told)
        try:
            yield seen
        finally:
            for name in ("before_cursor_execute", "commit"):
                sa.event.remove(sa.Engine, name, there)


@pytest.mark.parametrize("target", TARGETS)
def test_killed_at_any_point_and_run_again_it_ends_the_same(
    mariadb: Server, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with marked_world(tmp_path / "ws", monkeypatch) as marked:
        moving = MOVING[target](marked.here, mariadb)
        small(moving, marked.project)
        with moving.connected(batch=3) as database:
            moving.once(dry_run=True)  # the key of the seals is made once
            standing = Standing(moving, database)
            moving.once()
            end = standing.end()
            points = killed_everywhere(moving, standing, end)
        assert points > 30
        assert moving.backdate().rows == {}
        moving.here.apply(target)
        assert moving.here.verify(target).exposed == []
        moving.read_back()


def small(moving: Moving, project: Any) -> None:
    """Two bugs that are written and not dated yet; a comment of one is to go."""
    first = project.bug(comments=3)
    project.bug(targets=("gadget", "gadget/1.x"), comments=1)
    moving.join(*moving.authors()[::2])
    moving.written()
    project.change_comment(first, 2, visible=False)
    moving.here.pull(full=True)
    assert moving.here.apply(moving.target).exposed == 1


def killed_everywhere(moving: Moving, standing: Standing, end: dict[str, list[Any]]) -> int:
    """How many points there are at which it was killed, each in a run from the start."""
    for point in count(1):
        standing.again()
        with dies_at(point) as seen, suppress(Killed):
            moving.once()
        if seen[0] < point:
            return seen[0]
        moving.once()
        for name, found in standing.end().items():
            assert found == end[name], (point, name)
    raise AssertionError
