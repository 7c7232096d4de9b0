"""Locks by name that hold among machines: PostgreSQL's advisory locks, each for one transaction,
so that they go with whoever held them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Postponed
from tracker_migrate.workspace.database import translated

_CLASS = 0x74726D6A
#: PostgreSQL's word for a lock that did not come in time
_TIMED_OUT = "55P03"
_PATIENCE = sa.text("SELECT set_config('lock_timeout', :ms, true)")
_LOCK = sa.text("SELECT pg_advisory_xact_lock(:of, :id)")


class Advised:
    """The locks of one target. seconds: how long somebody else's is waited for."""

    def __init__(self, engine: Engine, target: str, seconds: float) -> None:
        self._engine, self._target, self._seconds = engine, target, seconds

    @contextmanager
    def __call__(self, names: Sequence[str]) -> Iterator[None]:
        """Hold all of these. They are taken in the order of their numbers, so that nobody waits in
        a circle. Raises Postponed if another holds one for too long: it may have been stopped."""
        ids = sorted({self._id(name) for name in names})
        if not ids:
            yield
            return
        with self._engine.connect() as connection:
            with translated():
                connection.execute(_PATIENCE, {"ms": str(int(self._seconds * 1000))})
                for id_ in ids:
                    self._take(connection, id_)
            yield

    def _take(self, connection: Connection, id_: int) -> None:
        try:
            connection.execute(_LOCK, {"of": _CLASS, "id": id_})
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _TIMED_OUT:
                raise
            raise Postponed(
                "another worker has long held what it needs for itself: it may have been stopped"
            ) from None

    def named(self, name: str) -> AbstractContextManager[None]:
        """One of the locks, that may be held again and again, by one thread at a time."""
        return _Named(self, name)

    def _id(self, name: str) -> int:
        digest = hashlib.sha256(f"{self._target}\n{name}".encode()).digest()
        return int.from_bytes(digest[:4], "big", signed=True)


class _Named(AbstractContextManager[None]):
    """A lock that is entered and left like a `threading.Lock`."""

    def __init__(self, locks: Advised, name: str) -> None:
        self._locks, self._name = locks, name
        self._local = threading.local()

    def __enter__(self) -> None:
        self._local.held = self._locks([self._name])
        self._local.held.__enter__()

    def __exit__(self, *error: object) -> None:
        self._local.held.__exit__(*error)
