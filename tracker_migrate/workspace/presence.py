"""How a worker shows that it is there: an advisory lock, which goes with its connection, however
its process ends; and a word now and then, for a process may be stopped without ending."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Unreachable
from tracker_migrate.workspace.crew import PRESENT, worker
from tracker_migrate.workspace.database import translated

_LOCK = sa.text("SELECT pg_advisory_lock(:of, :id)")


class Presence:
    """One worker, by its number. It has a connection of its own."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self.number = number

    def beat(self) -> bool:
        """Give word; whether nobody has taken us for dead. Raises Unreachable, WorkspaceError if
        the connection is lost: then others see us gone."""
        mine = worker.c.id == self.number
        said = worker.update().where(mine).values(seen=sa.func.clock_timestamp())
        with translated(), _not_lost():
            gone = self._connection.execute(said.returning(worker.c.gone)).scalar()
        return gone is False


@contextmanager
def _not_lost() -> Iterator[None]:
    """What SQLAlchemy says of a connection that was lost before."""
    try:
        yield
    except sa.exc.InvalidRequestError:
        raise Unreachable("the workspace's database has ended this worker's connection") from None


@contextmanager
def present(engine: Engine, name: str, owner: str) -> Iterator[Presence]:
    """Be there. name: for people. owner: of the intents. Raises Unreachable, WorkspaceError."""
    with engine.connect() as connection:
        with translated():
            # no transaction may stand open for as long as a worker lives
            connection.execution_options(isolation_level="AUTOCOMMIT")
            row = worker.insert().values(name=name, owner=owner).returning(worker.c.id)
            number = int(connection.execute(row).scalar_one())
            connection.execute(_LOCK, {"of": PRESENT, "id": number})
        try:
            yield Presence(connection, number)
        finally:  # back in the pool the connection would hold the lock on
            with suppress(sa.exc.SQLAlchemyError):
                connection.execute(worker.delete().where(worker.c.id == number))
            connection.invalidate()
