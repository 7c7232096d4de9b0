"""Setting authors and dates in a target's own database: what no API of theirs can do.

Each batch is a transaction there; when that is committed, the ledger is told. Killed between the
two, or anywhere else, the same command goes on: it compares values, and what stands already is no
change. Whether an administrator ran the statements that were printed is looked up at the target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from tracker_migrate import waiting
from tracker_migrate.abilities import Backdated, Backdater, Backdates, Stamped
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.exposures import settle
from tracker_migrate.engine.stamps import Due, batches, learned, seen_as_stamped
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, LoginNeeded, Unreachable, UsageError
from tracker_migrate.interfaces import Event, Observed
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import places
from tracker_migrate.workspace.secrets import secret_places
from tracker_migrate.workspace.settings import FILE, TargetDatabase, database_of

T = TypeVar("T")

#: seconds to connect, and to wait for a statement; a lock is waited for as long as the server says
_CONNECT, _READ = 30, 600
#: a deadlock, or a lock that did not come: the transaction is rolled back, and asked again
_AGAIN = {1205, 1213}
_TRIES = 8
_REFUSED = {1044, 1045, 1142, 1143, 1698}
_UNCOMMON = {
    1049: "it has no such database: see the address's end",
    1054: "it lacks a column: its schema is not the one that is known",
    1146: "it lacks a table: its schema is not the one that is known",
}
_READERS = 'authors and dates need its driver: pip install "tracker-migrate[backdate]"'


class Backdating(msgspec.Struct, kw_only=True):
    """What was done. objects: of ours, that stand as they should now. moved: of these, those whose
    author is another one than the ledger knew. rows: changed in each table. edited: fields that a
    person has changed at the target, and that stay. left: objects that were left alone, and why.
    withdrawn: what is gone now, because it was not to be shown. unprintable: objects of which the
    statements for an administrator can't be said (their source has changed since: apply first).
    waiting: objects that do not stand so yet, after an administrator was asked to. afterwards:
    commands that the administrator has to run."""

    objects: int = 0
    moved: int = 0
    rows: Counter[str] = msgspec.field(default_factory=Counter)
    edited: list[tuple[Key, str]] = msgspec.field(default_factory=list)
    left: dict[Key, str] = msgspec.field(default_factory=dict)
    withdrawn: list[Key] = msgspec.field(default_factory=list)
    unprintable: int = 0
    waiting: int = 0
    afterwards: list[str] = msgspec.field(default_factory=list)


class Backdate:
    """Backdates one target. Raises UsageError if its backend can't, or the settings name no
    database."""

    def __init__(self, target: Target, listen: Listen = silent) -> None:
        self._target = target
        self._listen = listen
        self._done = Backdating()
        held = database_of(target.workspace.settings.targets[target.name])
        self._settings = held
        self._backdater = _backdater(target, held)
        self._size = held.batch if held is not None else _SIZE

    def run(self, *, dry_run: bool = False) -> Backdating:
        """Do it. dry_run: say what would be changed. Raises Unreachable, LoginNeeded, UsageError
        that names what of the schema is not known."""
        self._target.sink.check(self._target.decisions)
        self._target.learn()
        with self._opened() as engine:
            self._check(engine)
            for batch, failed in batches(self._target, self._size):
                self._done.left |= failed
                done = self._written(engine, batch, dry_run)
                self._note(batch, done, dry_run)
        self._done.afterwards = list(self._backdater.afterwards())
        return self._done

    def statements(self) -> Iterator[str]:
        """The same as SQL, a transaction for each batch. It needs no database; the target itself is
        asked who the importer is."""
        self._target.learn()
        yield f"-- authors and dates for {self._target.spec.partition(':')[0]}"
        yield "-- every statement may be run again; then: tracker-migrate backdate --confirm"
        for batch, failed in batches(self._target, self._size):
            self._done.left |= failed
            known = [one.stamp for one in batch if one.is_printable]
            self._done.unprintable += len(batch) - len(known)
            yield "START TRANSACTION"
            yield from self._backdater.statements(known)
            yield "COMMIT"

    @property
    def said(self) -> Backdating:
        """What came of `statements`, when they are all said."""
        self._done.afterwards = list(self._backdater.afterwards())
        return self._done

    def confirm(self) -> Backdating:
        """Read the target back: what stands as an administrator was asked to make it is known so
        from now on."""
        self._target.sink.check(self._target.decisions)
        self._target.learn()
        for batch, failed in batches(self._target, self._size):
            self._done.left |= failed
            seen = self._seen(batch)
            done = [one for due in batch if (one := seen_as_stamped(due, seen)) is not None]
            self._done.waiting += sum(one.after is not None for one in batch) - len(done)
            going = [one.stamp.issue for one in batch if one.after is None]
            self._note(batch, Backdated(stamped=tuple(done)), False)
            self._settle(going)
        return self._done

    def _seen(self, batch: Sequence[Due]) -> Mapping[Key, Observed]:
        kinds, seen = self._target.planner.kinds, dict[Key, Observed]()
        for issue in dict.fromkeys(one.stamp.issue for one in batch):
            held = self._target.ledger.of_issue(issue)
            try:
                seen |= self._target.sink.read(places(held, kinds)).objects
            except Gone:
                continue
        return seen

    # -- one batch --------------------------------------------------------------------------------

    def _written(self, engine: sa.Engine, batch: Sequence[Due], dry_run: bool) -> Backdated:
        stamps = [one.stamp for one in batch]

        def write() -> Backdated:
            with engine.begin() as database:
                return self._backdater.changes(database, stamps, write=not dry_run)

        return _again(write)

    def _note(self, batch: Sequence[Due], done: Backdated, dry_run: bool) -> None:
        """Tell the ledger, once it stands in the database."""
        due = {one.stamp.key: one for one in batch}
        gone = [one.key for one in done.stamped if one.gone]
        there = [one for one in done.stamped if not one.gone]
        if not dry_run:
            self._keep(due, there)
            self._settle([due[key].stamp.issue for key in gone])
        total = self._done
        total.objects += len(there)
        total.moved += sum(one.by != due[one.key].held.by for one in there)
        total.rows.update(done.rows)
        total.edited += [(one.key, name) for one in there for name in one.edited]
        total.left |= done.left
        total.withdrawn += gone
        self._listen(Event(name="backdated", target=self._target.name, done=total.objects))

    def _keep(self, due: Mapping[Key, Due], done: Sequence[Stamped]) -> None:
        rows = [learned(due[one.key], one) for one in done]
        changed = [row for row in rows if row != due[row.key].held]
        if changed:
            adoption = self._target.workspace.adoption(self._target.ledger.target)
            adoption.keep(changed, frozenset()).result()

    def _settle(self, issues: Sequence[Key]) -> None:
        """What is gone is known to be, once the target itself says so."""
        if issues:
            settle(self._target, dict.fromkeys(issues))

    # -- the database -----------------------------------------------------------------------------

    @contextmanager
    def _opened(self) -> Iterator[sa.Engine]:
        if self._settings is None:
            raise UsageError(
                f"{FILE}: targets.{self._target.name}.database: names no database: add url = "
                '"mysql+pymysql://USER@HOST/NAME", or have an administrator run what '
                "tracker-migrate backdate --sql prints"
            )
        engine = opened(self._target, self._settings)
        try:
            with _told(self._target):
                yield engine
        finally:
            engine.dispose()

    def _check(self, engine: sa.Engine) -> None:
        """Raise UsageError that names every difference from the schema that is known."""
        assert self._settings is not None
        with engine.connect() as database:
            found = self._backdater.check(database)
        lines = [line for line in found if line not in self._settings.accept]
        if lines:
            cure = "this schema is not known, and nothing was changed. Look at each difference:"
            after = f"one that does no harm may be named in targets.{self._target.name}.database."
            raise UsageError("\n".join([cure, *lines, f"{after}accept"]))


_SIZE = TargetDatabase(url="mysql://").batch


def opened(target: Target, held: TargetDatabase) -> sa.Engine:
    """The target's database, not connected yet. Raises UsageError."""
    password = target.workspace.secret(f"{target.name}-database")
    try:
        url = sa.make_url(held.url).set(password=password)
        patience = {"connect_timeout": _CONNECT, "read_timeout": _READ, "write_timeout": _READ}
        return sa.create_engine(url, isolation_level="READ COMMITTED", connect_args=patience)
    except ModuleNotFoundError:
        raise UsageError(_READERS) from None
    except (sa.exc.ArgumentError, TypeError):
        place = f"{FILE}: targets.{target.name}.database.url"
        raise UsageError(f"{place}: must be mysql+pymysql://USER@HOST/NAME") from None


def _backdater(target: Target, held: TargetDatabase | None) -> Backdater:
    sink = target.sink
    if not isinstance(sink, Backdates):
        raise UsageError(f"{target.tracker}: its backend knows nothing of its database")
    options = dict(held.model_extra or {}) if held is not None else {}
    try:
        return sink.backdater(options)
    except UsageError as error:
        lines = (line.removeprefix("options.") for line in str(error).splitlines())
        place = f"{FILE}: targets.{target.name}"
        raise UsageError("\n".join(f"{place}.{line}" for line in lines)) from None


def _again(work: Callable[[], T]) -> T:
    """A transaction, and the same once more if the server has rolled it back for another's sake."""
    tried = 0
    while True:
        try:
            return work()
        except sa.exc.OperationalError as error:
            tried += 1
            if _code(error) not in _AGAIN or tried >= _TRIES:
                raise
            waiting.sleep(min(0.9, 0.05 * 2**tried))


def _code(error: sa.exc.DBAPIError) -> int:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


@contextmanager
def _told(target: Target) -> Iterator[None]:
    """The database's own errors in our words: theirs hold statements, and so texts."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        code, where = _code(error), f"the database of {target.name}"
        if code in _REFUSED:
            name = f"{target.name}-database"
            raise LoginNeeded(
                f"{where} does not let us in, or not do what is needed: its account needs SELECT, "
                f"INSERT, UPDATE and DELETE ({secret_places(target.workspace.folder, name)})"
            ) from None
        if code in _UNCOMMON:
            raise UsageError(f"{where}: {_UNCOMMON[code]}") from None
        raise Unreachable(
            f"{where} can't be reached, or broke off (error {code}): what is committed stands; run "
            "the same command again"
        ) from None
