"""A workspace: one migration's folder with its settings, tables, archive and ledgers.

migration.toml   mappings/*.csv|toml   (to commit and review like code)
state/           workspace.db, credentials: its owner's alone
plans/           reports/TARGET/
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Locked, UsageError
from tracker_migrate.mappings.table import did_you_mean
from tracker_migrate.model import Issue
from tracker_migrate.text.redact import hide_in
from tracker_migrate.waiting import KNOWN
from tracker_migrate.workspace import secrets
from tracker_migrate.workspace import settings as settings_
from tracker_migrate.workspace.adoption import Adoption
from tracker_migrate.workspace.archive import Archive
from tracker_migrate.workspace.crew import Crew
from tracker_migrate.workspace.database import Writer, open_engine, translated, upgrade
from tracker_migrate.workspace.doubled import Doubled
from tracker_migrate.workspace.fed import Fed
from tracker_migrate.workspace.files import FileStore
from tracker_migrate.workspace.foreseen import Fates, Foreseen
from tracker_migrate.workspace.hidden import Hidden
from tracker_migrate.workspace.homes import Homes
from tracker_migrate.workspace.ledger import Ledger
from tracker_migrate.workspace.paused import Paused
from tracker_migrate.workspace.pulse import Pulses
from tracker_migrate.workspace.swept import Swept
from tracker_migrate.workspace.told import Told
from tracker_migrate.workspace.undone import Undone

#: what one process of a workspace does at a time: coordinate a run, be its daemon. The file that it
#: locks, the key of PostgreSQL's advisory lock, and what a second one is told
_COORDINATE = ("lock", 0x74726D67, "is at work in this workspace: wait for it to end")
#: whether somebody has an advisory lock of this database
_ADVISED = sa.text(
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0"
    " AND objid = :key AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
#: whether a connection has one still
_HELD = sa.text(f"{_ADVISED.text} AND pid = :pid")
_WHO = sa.text("SELECT pg_backend_pid()")
_LOST = (
    "the database has ended the connection by which this one coordinates, and another may do so by "
    "now: nothing more is written; run the same command again"
)
_GLANCES = 5
_DAEMON = (
    "daemon.lock",
    0x74726D68,
    "keeps this workspace's targets up to date: one sync is enough",
)


class Workspace:
    """An open workspace. Use it as a context manager, or call `close`.

    Raises UsageError (settings), WorkspaceError (state open to others, damaged, or newer).
    """

    def __init__(self, folder: Path | str = ".") -> None:
        self.folder = Path(folder).resolve()
        self.settings = settings_.load(self.folder)
        self.state = self.folder / "state"
        secrets.private_state(self.state)
        self.owner = self._named()
        self.engine = self._open_engine()
        self._meet_schema()
        self.writer = self._open_writer()
        hide = hide_in if not self.settings.source.show_addresses else _as_it_is
        self.archive = Archive(self.engine, self.writer, hide)
        self.files = FileStore(self.state / "attachments")
        #: whether somebody else coordinated since we did last
        self.disturbed = True
        self._advised: dict[int, str] = {}
        #: the process of the database that holds a lock for us, by the lock's key
        self._holders: dict[int, int] = {}
        #: whether this one coordinates now
        self.coordinates = False

    def _named(self) -> str:
        """What this one is called as an owner of intents and leases."""
        return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    def _open_engine(self) -> Engine:
        return open_engine(self._private_database())

    def _meet_schema(self) -> None:
        """Have the database as this program knows it."""
        upgrade(self.engine)

    def _open_writer(self) -> Writer:
        sqlite = self.engine.dialect.name == "sqlite"
        return Writer(self.engine, None if sqlite else self._fence)

    def _fence(self, connection: Connection) -> None:
        """Raise Locked if we coordinated, and the lock went with its connection."""
        key = _COORDINATE[1]
        pid = self._holders.get(key)
        if pid is not None and connection.execute(_HELD, {"key": key, "pid": pid}).first() is None:
            raise Locked(_LOST)

    def must_coordinate(self) -> None:
        """Raise Locked if we coordinated, in PostgreSQL, and do so no more."""
        with translated(), self.engine.connect() as connection:
            self._fence(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left and give back the database."""
        self.writer.close()
        self.engine.dispose()

    @property
    def mappings(self) -> Path:
        """The folder of the tables."""
        return self.folder / "mappings"

    def reports(self, target: str) -> Path:
        """The folder of a target's reports, made if need be."""
        folder = self.folder / "reports" / target
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def targets(self, only: str | None = None) -> list[str]:
        """The names of the targets; UsageError if `only` is none of them."""
        names = list(self.settings.targets)
        if only is None:
            return names
        if only not in names:
            known = ", ".join(names) or "none yet"
            raise UsageError(f'no target "{only}"{did_you_mean(only, names)} (known: {known})')
        return [only]

    def ledger(self, target: str) -> Ledger:
        """A target's ledger."""
        return Ledger(self.engine, self.writer, target, self.owner)

    def adoption(self, target: str) -> Adoption:
        """Where what stands at a target is taken into its ledger."""
        return Adoption(self.writer, target)

    def hidden(self, target: str) -> Hidden:
        """What somebody closed by hand at a target."""
        return Hidden(self.engine, self.writer, target)

    def doubled(self, target: str) -> Doubled:
        """What stands at a target twice."""
        return Doubled(self.engine, self.writer, target)

    def fed(self, target: str) -> Fed:
        """How far a target's feed was read."""
        return Fed(self.engine, self.writer, target)

    def undone(self, target: str) -> Undone:
        """Where the ledger forgets what was taken back at a target."""
        return Undone(self.engine, self.writer, target)

    @property
    def homes(self) -> Homes:
        """Of which server each target's ledger is."""
        return Homes(self.engine, self.writer)

    @property
    def crew(self) -> Crew:
        """The workers, and what is shared out to them. Only in PostgreSQL."""
        return Crew(self.engine)

    @property
    def paused(self) -> Paused:
        """Whether somebody asked the daemon to hold still."""
        return Paused(self.engine, self.writer)

    @property
    def told(self) -> Told:
        """What was said at the source about where issues are by now."""
        return Told(self.engine, self.writer)

    @property
    def swept(self) -> Swept:
        """How far the sweep has come."""
        return Swept(self.engine, self.writer)

    @property
    def pulses(self) -> Pulses:
        """How it goes with the daemon, by its own word."""
        return Pulses(self.engine, self.writer)

    def foreseen(self, target: str) -> Foreseen:
        """What was found of issues without asking a target."""
        return Foreseen(self.engine, self.writer, target)

    @cached_property
    def fates(self) -> Fates:
        """What can become of fields, by number."""
        return Fates(self.engine, self.writer)

    def secret(self, name: str) -> str | None:
        """A credential by name, or None."""
        return secrets.secret(self.folder, name)

    @contextmanager
    def coordinating(self) -> Iterator[None]:
        """Be the only one that reads into or writes from this workspace.

        The lock goes with the process, however it ends. Raises Locked if another holds it.
        """
        with self._lock(*_COORDINATE) as before, self._coordinating():
            self._take_back()
            self.disturbed = before != self.owner
            if self.disturbed:  # who was here since is gone, and so is what worked for them
                for target in self.settings.targets:
                    self.ledger(target).drop_leases(others=True)
            yield

    def _take_back(self) -> None:
        """What a coordinator that was killed has shared out is written no more."""
        if self.engine.dialect.name == "sqlite" or not self.crew.is_made():
            return
        closed = self.crew.close_all()
        self.crew.forget()  # it names issues, and some are private
        if closed:
            time.sleep(2 * KNOWN)  # so long a worker may go by what it knew

    def is_coordinated(self) -> bool:
        """Whether somebody coordinates a run in this workspace, which is in PostgreSQL."""
        with translated(), self.engine.connect() as connection:
            return connection.execute(_ADVISED, {"key": _COORDINATE[1]}).first() is not None

    @contextmanager
    def _coordinating(self) -> Iterator[None]:
        self.coordinates = True
        try:
            yield
        finally:
            self.coordinates = False

    @contextmanager
    def keeping_up(self) -> Iterator[None]:
        """Be the only daemon of this workspace; others may coordinate while it rests. Raises Locked
        if there is one."""
        with ExitStack() as stack:
            for tries in range(_GLANCES, -1, -1):
                try:
                    stack.enter_context(self._lock(*_DAEMON))
                    break
                except Locked:
                    if not tries:
                        raise
                    time.sleep(0.05)  # it may be but somebody who looks whether there is one
            yield

    def has_daemon(self) -> bool:
        """Whether a daemon runs: this process, or another one."""
        file, key, _told = _DAEMON
        if self.engine.dialect.name == "sqlite":
            return _is_locked(self.state / file)
        with self.engine.connect() as connection:
            return connection.execute(_ADVISED, {"key": key}).first() is not None

    @contextmanager
    def _lock(self, file: str, key: int, told: str) -> Iterator[str]:
        """One of the locks, held; tells who had it before, as far as that is known."""
        if self.engine.dialect.name == "sqlite":
            with _file_lock(self.state / file, self.owner, told) as before:
                yield before
            return
        with self.engine.connect() as connection:
            # no transaction may stand open for as long as a run takes
            connection.execution_options(isolation_level="AUTOCOMMIT")
            query, held = sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}
            if not connection.execute(query, held).scalar():
                raise Locked(f"{self._other(key)} {told}")
            try:
                # who was here between is not known: what is left of theirs runs out by itself
                before, self._advised[key] = self._advised.get(key, ""), self.owner
                self._holders[key] = connection.execute(_WHO).scalar_one()
                yield before
            finally:  # back in the pool the connection would hold the lock on
                self._holders.pop(key, None)
                with suppress(sa.exc.DBAPIError):
                    connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), held)
                connection.invalidate()

    def _other(self, key: int) -> str:
        """Who holds an advisory lock: of a daemon its own word is known."""
        pulse = self.pulses.read() if key == _DAEMON[1] else None
        return pulse.process if pulse is not None and pulse.process else "another process"

    def _url(self) -> str:
        named = self.secret("database") or self.settings.database.url
        return named or f"sqlite:///{self.state / 'workspace.db'}"

    def _private_database(self) -> str:
        """The database's address; of an SQLite, the file is there, and its owner's alone."""
        url = self._url()
        path = url.partition("sqlite:///")[2].partition("?")[0]
        if path and not path.startswith((":", "file:")):
            secrets.private_file(Path(path))
        return url


def _as_it_is(issue: Issue) -> Issue:
    return issue


def this_process() -> str:
    """What others are told of who holds a lock."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@contextmanager
def _file_lock(path: Path, owner: str, told: str) -> Iterator[str]:
    """A file, locked; tells the owner who had it last. It names who has it, and then the owner."""
    with open(path, "a+", opener=secrets.opener) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            raise Locked(f"{_first_line(handle.read()) or 'another process'} {told}") from None
        handle.seek(0)
        before = handle.read().partition("\n")[2].strip()
        if before != owner:
            handle.seek(0)
            handle.truncate()
            handle.write(f"{this_process()}\n{owner}")
            handle.flush()
        yield before


def _is_locked(path: Path) -> bool:
    """Whether somebody has a lock on a file. Looks for a moment, and changes nothing."""
    try:
        with open(path, "rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()
