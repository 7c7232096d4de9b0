"""A workspace as a worker opens it, beside who coordinates: on any machine, with the same
PostgreSQL. It changes no schema, and all that it writes of a round is fenced."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Locked, Postponed, UsageError, WorkspaceError
from tracker_migrate.workspace.crew import SCHEMA, Round, called, fence
from tracker_migrate.workspace.database import HEAD, Writer, open_engine, version
from tracker_migrate.workspace.files import FileStore
from tracker_migrate.workspace.ledger import Ledger
from tracker_migrate.workspace.workspace import Workspace

#: of one worker, at most: each of its threads holds some while it sends
_CONNECTIONS = 200
_OURS = sa.text(
    f"SELECT i.state = 'open' AND r.state <> 'closed' AND NOT w.gone FROM intent i, {SCHEMA}.round"
    f" r, {SCHEMA}.worker w WHERE i.id = :intent AND r.id = :round AND w.id = :worker"
)


class Outpost(Workspace):
    """The workspace on a worker's machine. of, me: for which round of which worker it is opened;
    without them nothing is written through it. owner: what that worker is called.

    Raises as `Workspace` does, and UsageError if it is no PostgreSQL.
    """

    def __init__(
        self,
        folder: Path | str = ".",
        of: Round | None = None,
        me: int | None = None,
        owner: str = "",
    ) -> None:
        self._of, self._me, self._owner = of, me, owner
        super().__init__(folder)
        self.files = Here(self.state / "attachments")

    def _named(self) -> str:
        return self._owner or super()._named()

    def _open_engine(self) -> Engine:
        """Its connections say whose they are: those of a worker that is taken for dead are ended,
        for a process that was only stopped would hold its locks on."""
        engine = open_engine(self._private_database(), _CONNECTIONS)
        sa.event.listen(engine, "do_connect", self._name_it)
        return engine

    def _name_it(self, _dialect: object, _record: object, _args: object, given: Any) -> None:
        given["application_name"] = called(self.owner)

    def _meet_schema(self) -> None:
        must_be_shared(self)
        found = version(self.engine)
        if found != HEAD:
            raise WorkspaceError(
                f"this workspace has schema {found or 'none'}, this worker knows {HEAD}: install "
                "the version of tracker-migrate here that the coordinating machine has, and run "
                "any command there first"
            )

    def _open_writer(self) -> Writer:
        return Writer(self.engine, self._fence)

    def _fence(self, connection: Connection) -> None:
        if self._of is None or self._me is None:
            raise Locked("a worker writes in a round alone")
        fence(connection, self._of.id, self._me)

    def ledger(self, target: str) -> Ledger:
        """A target's ledger, in which nothing is open any more when others took over."""
        if self._of is None or self._me is None:
            return super().ledger(target)
        return _Fenced(self, target, self._of, self._me)


class Here(FileStore):
    """The attachments that are on this machine: who coordinates has them all."""

    def open(self, sha256: str) -> BinaryIO:
        """A file's bytes. Raises Postponed if they are not here, Refused as `FileStore.open`."""
        if not self.has(sha256):
            raise Postponed(
                "the bytes of an attachment are not on this machine: let it share state/attachments"
                " with the machine that reads (docs/several-machines.md); that one writes it now"
            )
        return super().open(sha256)


class _Fenced(Ledger):
    def __init__(self, workspace: Outpost, target: str, of: Round, me: int) -> None:
        super().__init__(workspace.engine, workspace.writer, target, workspace.owner)
        self._given: dict[str, Any] = {"round": of.id, "worker": me}

    def must_be_open(self, intent: int) -> None:
        """Raise Locked if others have taken over; see `Ledger.must_be_open`."""
        with self._engine.connect() as connection:
            ours = connection.execute(_OURS, self._given | {"intent": intent}).scalar()
        if not ours:
            raise Locked(
                "others took over while this worker was stopped, or the run has ended: nothing was "
                "sent"
            )


def must_be_shared(workspace: Workspace) -> None:
    """Raise UsageError if a workspace is on one machine alone."""
    if workspace.engine.dialect.name == "sqlite":
        raise UsageError(
            "workers need a workspace whose state is in PostgreSQL, and this one's is in SQLite: "
            'begin one with [database] url = "postgresql+psycopg://USER@HOST/NAME" '
            "(docs/several-machines.md); on one machine, apply without --workers uses all "
            "connections"
        )
