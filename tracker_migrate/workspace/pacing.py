"""The slots of each host, shared by several machines through the workspace's PostgreSQL: one number
a host, when the next slot begins, by the database's clock."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tracker_migrate.pace import FURTHEST, Slots
from tracker_migrate.workspace.crew import SCHEMA, metadata

#: not logged: after a crash of the database it begins anew, and a slot costs no sync of a disk
pace = sa.Table(
    "pace",
    metadata,
    sa.Column("host", sa.String, primary_key=True),
    sa.Column("due", sa.DateTime(timezone=True), nullable=False),
    prefixes=["UNLOGGED"],
)

_TAKE = sa.text(
    f"INSERT INTO {SCHEMA}.pace AS p (host, due)"
    " VALUES (:host, clock_timestamp() + make_interval(secs => :apart))"
    " ON CONFLICT (host) DO UPDATE"
    " SET due = greatest(p.due, clock_timestamp()) + make_interval(secs => :apart)"
    " RETURNING extract(epoch FROM due - clock_timestamp()) - :apart"
)
_HOLD = sa.text(
    f"INSERT INTO {SCHEMA}.pace AS p (host, due)"
    " VALUES (:host, clock_timestamp() + make_interval(secs => :seconds))"
    " ON CONFLICT (host) DO UPDATE"
    " SET due = greatest(p.due, clock_timestamp() + make_interval(secs => :seconds))"
)


class SlotsOfAll:
    """Slots of one host; see `pace.Slots`. alone: of this machine, where the database fails: then
    nothing that is written can be noted either, and it is asked anew."""

    def __init__(self, engine: Engine, host: str, alone: Slots) -> None:
        # a process that is stopped within a transaction would keep all others from the host's row
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._host, self._alone = host, alone

    def take(self, apart: float) -> float:
        """See `pace.Slots.take`."""
        try:
            with self._engine.connect() as connection:
                given = {"host": self._host, "apart": apart}
                seconds = float(connection.execute(_TAKE, given).scalar_one())
        except sa.exc.SQLAlchemyError:
            return self._alone.take(apart)
        return min(max(0.0, seconds), FURTHEST)

    def hold(self, seconds: float) -> None:
        """See `pace.Slots.hold`."""
        try:
            with self._engine.connect() as connection:
                connection.execute(_HOLD, {"host": self._host, "seconds": seconds})
        except sa.exc.SQLAlchemyError:
            self._alone.hold(seconds)
