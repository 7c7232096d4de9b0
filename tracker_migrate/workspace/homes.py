"""Of which server each target's ledger is: its numbers and ids mean nothing at another one."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.workspace import schema
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.upsert import upsert

_HOME = schema.home
#: what names something that is at a server, or may be
_BINDING = (schema.object_, schema.intent, schema.block, schema.number)


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is. address: as the settings had it. sealed: the address that the seals of
    what was written there name: the first one, for they can't be made anew."""

    tracker: str
    address: str
    sealed: str


class Homes:
    """The homes of all ledgers of one workspace."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def all(self) -> dict[str, Home]:
        """The home of each target that is known to have one."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(_HOME)).all()
        return {
            row.target: Home(tracker=row.tracker, address=row.address, sealed=row.sealed)
            for row in rows
        }

    def is_bound(self, target: str) -> bool:
        """Whether a ledger holds anything that is of one server alone."""
        query = sa.select(sa.or_(*(_has(table, target) for table in _BINDING)))
        with self._engine.connect() as connection:
            return bool(connection.execute(query).scalar())

    def stands(self, target: str) -> bool:
        """Whether something of an issue stands at a target, or may; what many share, and what
        stays when all was taken back, is no issue's."""
        of_one = schema.object_.c.issue.in_(sa.select(schema.issue.c.key))
        here = schema.object_.c.state.in_(("there", "joined"))
        there = _has(schema.object_, target, here, of_one)
        meant = _has(schema.intent, target, schema.intent.c.state == "open")
        with self._engine.connect() as connection:
            return bool(connection.execute(sa.select(sa.or_(there, meant))).scalar())

    def keep(self, target: str, home: Home) -> None:
        """Know where the ledger of a target is of."""
        row = {"target": target, **msgspec.structs.asdict(home)}
        self._writer.now(lambda connection: upsert(connection, _HOME, [row]))

    def move(self, target: str, home: Home, before: str, after: str) -> None:
        """Know that its server is elsewhere by now, and so is, in the same commit, all whose
        address begins with `before`: it begins with `after`."""
        row = {"target": target, **msgspec.structs.asdict(home)}

        def write(connection: Connection) -> None:
            upsert(connection, _HOME, [row])
            for table in (schema.object_, schema.doubled):
                begins = table.c.url.startswith(before, autoescape=True)
                moved = sa.literal(after) + sa.func.substr(table.c.url, len(before) + 1)
                where = table.c.target == target, begins
                connection.execute(table.update().where(*where).values(url=moved))

        self._writer.now(write)


def _has(table: sa.Table, target: str, *more: sa.ColumnElement[bool]) -> sa.Exists:
    return sa.exists().where(table.c.target == target, *more)
