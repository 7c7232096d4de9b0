"""One target of a workspace, put together: its sink, tables, ledger, and who may look where."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date
from typing import Any, Protocol

import msgspec

from tracker_migrate import registry
from tracker_migrate.abilities import KnowsSeals, WritesAsOthers
from tracker_migrate.engine.beside import Alone, Beside
from tracker_migrate.engine.unexpected import Guarded
from tracker_migrate.engine.whereabouts import Whereabouts
from tracker_migrate.interfaces import Planner, RemoteRef, Sink, TakesFiles
from tracker_migrate.mappings.decisions import Tables, TargetDecisions
from tracker_migrate.mappings.table import Mistakes
from tracker_migrate.model import Issue, Key, key, name_of, parts
from tracker_migrate.text.redact import hide_addresses
from tracker_migrate.workspace import Workspace, settings
from tracker_migrate.workspace.archive import mentioned
from tracker_migrate.workspace.ledger import Held, Ledger
from tracker_migrate.workspace.names import Names
from tracker_migrate.workspace.policies import policies_of
from tracker_migrate.workspace.seals import Seals

_MOVES = frozenset({"planned", "done", "aside", "exposed"})
_CACHE = 20_000
HIDDEN_FOR = 1.0  # seconds for which the list of what somebody hid by hand is believed


class Places:
    """`interfaces.Lookup`: the ledger, and numbers that are chosen but not written to yet."""

    def __init__(self, ledger: Ledger, names: Names | None = None) -> None:
        self._ledger = ledger
        self._names = names
        self._fresh: OrderedDict[Key, RemoteRef] = OrderedDict()
        self._guard = threading.Lock()

    def where(self, to: Key) -> RemoteRef | None:
        """The place of an object that is there, or whose number is chosen already; a text may name
        it by any name that it has or had. What is renamed keeps its key, which is another's name by
        now if something new was called so: what has the key is meant."""
        first = self._names.first(to) if self._names is not None else to
        if self._names is not None and first != to and self._names.now(to) != to:
            return self._at(to) or self._at(first)
        return self._at(first)

    def _at(self, to: Key) -> RemoteRef | None:
        with self._guard:
            fresh = self._fresh.get(to)
        if fresh is not None:
            return fresh
        at = self._ledger.where(to)
        if at is None and (number := self._ledger.number(to)) is not None:
            at = RemoteRef(id=str(number), number=str(number))
        if at is not None:
            self.put({to: at})
        return at

    def put(self, refs: Mapping[Key, RemoteRef]) -> None:
        """Know of objects whose rows are still on their way to the disk."""
        with self._guard:
            self._fresh.update(refs)
            while len(self._fresh) > _CACHE:
                self._fresh.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Know no more of an object that turned out not to be there."""
        with self._guard:
            self._fresh.pop(key, None)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a target said of itself, for the tables of `writer`. members: of groups. importer: ""
    if it was not asked for. unspoken: accounts that nothing is to be written as, and why."""

    writer: str
    members: Mapping[str, frozenset[str] | None]
    importer: str
    unspoken: Mapping[str, str]


class Keeps(Protocol):
    """Keeps sinks open, and knows what their targets said: see `engine.keeper`."""

    def sink(self, name: str, by: Any, make: Callable[[], Sink]) -> Sink:
        """The sink of a target; made if there is none."""
        ...

    def known(self, name: str, writer: str) -> Known | None:
        """What a target said, if that is still believed."""
        ...

    def know(self, name: str, known: Known) -> None:
        """A target was asked."""
        ...


class Target:
    """A target, ready to be planned for, written to, or verified. keeper: keeps its sink open when
    this is closed.

    Raises UsageError with all mistakes of its settings and tables, and if its ledger is another
    server's.
    """

    def __init__(self, workspace: Workspace, name: str, keeper: Keeps | None = None) -> None:
        self._keeper = keeper
        self.workspace = workspace
        self.name = name
        self.archive = workspace.archive
        self.ledger = workspace.ledger(name)
        self.hidden = workspace.hidden(name)
        given = workspace.settings.targets[name]
        options = settings.options_of(given)
        self.spec: str = given["sink"]
        self.tracker, self.address = registry.split(self.spec, "target")
        self.names = self.archive.names()
        self.places = Places(self.ledger, self.names)
        mistakes = Mistakes()
        targets = list(workspace.settings.targets)
        tables = Tables(workspace.mappings, name, self.tracker, mistakes, targets)
        mistakes.stop_if_any()
        people = self.names.others("person")
        tables.people.follow((name_of(one), name_of(first)) for one, first in people)
        tables.people.suspend(self._born)
        self._at = Whereabouts(
            workspace, name, self.tracker, self.address, given.get("moved_from", "")
        )
        self.seals = Seals(workspace.folder, name, self._at.sealed)
        self.options = options
        #: what is done about a field that both sides changed
        self.policies = policies_of(given)
        self.decisions = TargetDecisions(
            tables,
            self.archive,
            options,
            _blocks,
            self.moves,
            _redactor(workspace),
            self.closed,
            self.standing,
        )
        #: issues that hold what the target can't take back, and why
        self.exposures: dict[Key, str] = {}
        self._hidden: frozenset[Key] = frozenset()
        self._hidden_until = 0.0
        #: says of an issue without a verdict whether it moves; of any, if `_foretells_all`
        self._foretold: Callable[[Key], bool] | None = None
        self._foretells_all = False
        #: what stands of the issues that are being looked at, and in which object
        self._standing: Mapping[Key, Mapping[Key, Key]] = {}
        #: who else sends here while we do
        self.beside: Beside = Alone()
        self._sink: Sink | None = None
        self._planner: Planner | None = None

    def _born(self, names: Collection[str]) -> dict[str, date]:
        """When the accounts of these names at the source were made, as the archive knows it."""
        keys = [key(self.archive.tracker, "person", name) for name in names]
        found = self.archive.people(keys)
        return {one.name: one.created.astimezone(UTC).date() for one in found if one.created}

    @property
    def planner(self) -> Planner:
        """The planner alone: no server is asked."""
        if self._planner is None:
            self._planner = Guarded(registry.planner(self.tracker, self.options))
        return self._planner

    @property
    def sink(self) -> Sink:
        """The sink, opened when first needed."""
        if self._sink is None:
            token = self.workspace.secret(f"{self.name}-token")
            outsider = self.workspace.secret(f"{self.name}-outsider-token")
            with_ = self.spec, self.options, token, outsider
            if self._keeper is None:
                self._sink = self._open(*with_)
            else:
                self._sink = self._keeper.sink(self.name, with_, lambda: self._open(*with_))
        return self._sink

    def _open(
        self, spec: str, options: Mapping[str, Any], token: str | None, outsider: str | None
    ) -> Sink:
        sink = registry.open_sink(spec, options, token, outsider)
        if isinstance(sink, TakesFiles):
            sink.lend(self.workspace.files)
        if isinstance(sink, KnowsSeals):
            sink.trust(self.seals.of)
        try:
            self._at.settle(sink, self.ledger, self.planner.issue_kind)
        except BaseException:
            sink.close()
            raise
        return sink

    def must_be_found(self) -> None:
        """Raise UsageError while nobody knows where what stands here is to be found."""
        self._at.must_be_found()

    @property
    def chooses(self) -> bool:
        """Whether issues get numbers that we choose, so that every reference is known at once."""
        return self.planner.kinds[self.planner.issue_kind].chosen

    def moves(self, issue: Key) -> bool:
        """Whether an issue is, or will be, at the target: by its verdict; before it has one, as far
        as can be foretold."""
        issue = self.names.first(issue)
        if self._foretold is not None and self._foretells_all:
            return self._foretold(issue)
        verdict = self.ledger.verdict(issue)
        if verdict is not None:
            return verdict.state in _MOVES
        return self._foretold(issue) if self._foretold else bool(self.archive.stamp(issue))

    def foretell(self, moves: Callable[[Key], bool], *, every: bool = False) -> None:
        """Ask this whether an issue without a verdict moves. every: of all issues, for verdicts may
        be older than the tables."""
        self._foretold, self._foretells_all = moves, every

    @contextmanager
    def expecting(
        self, issues: Collection[Issue], stands: Mapping[Key, Mapping[Key, Held]] | None = None
    ) -> Iterator[None]:
        """Ask once for what is known of a page of issues, that it need not be asked of each: whom
        they name, and what stands here of them. stands: that, if somebody has asked already."""
        before = self._standing
        if stands is None:
            self._standing = self.ledger.standings([issue.key for issue in issues])
        else:
            self._standing = {
                issue: {key: one.within or key for key, one in held.items()}
                for issue, held in stands.items()
            }
        self.decisions.meet({person for issue in issues for person in mentioned(issue)})
        try:
            yield
        finally:
            self._standing = before

    def closed(self, issue: Key) -> str | None:
        """Why an issue has to be closed here for all but the importer, or None."""
        if time.monotonic() >= self._hidden_until:
            self._hidden = self.hidden.keys()
            self._hidden_until = time.monotonic() + HIDDEN_FOR
        if issue in self._hidden:
            return "hidden by hand: tracker-migrate hide --release shows it again"
        return self.exposures.get(issue)

    def standing(self, issue: Key) -> Mapping[Key, Key]:
        """What stands here of an issue, or stood, and in which object."""
        expected = self._standing.get(issue)
        return self.ledger.standing(issue) if expected is None else expected

    def hide(self, issues: Iterable[Key]) -> None:
        """Close these for all but the importer from now on, as if somebody had done so by hand."""
        self.hidden.add(issues)
        self._hidden_until = 0.0

    @contextmanager
    def rehearsing(self) -> Iterator[Target]:
        """The same target with a copy of its ledger, which is dropped afterwards."""
        with self.workspace.adoption(self.name).rehearsal() as name:
            copy = Target(self.workspace, self.name)
            copy.ledger, copy.hidden = self.workspace.ledger(name), self.workspace.hidden(name)
            copy.places = Places(copy.ledger, copy.names)
            copy._sink, copy._planner = self.sink, self.planner
            yield copy

    def meet(self) -> None:
        """Ask the target what it is, and learn from it; less of what is known already. Raises what
        `Sink.check` does."""
        writer = self.decisions.source_writer
        known = self._keeper.known(self.name, writer) if self._keeper is not None else None
        if known is None:
            self.sink.check(self.decisions)
            self.learn()
            return
        self.decisions.doors.learn(known.members, known.importer)
        self.decisions.unspoken = known.unspoken

    def learn(self) -> None:
        """Ask the target whom its groups let in: what can't be told is refused from now on. And
        which of the accounts of people.csv nothing is to be written as."""
        policies = self.decisions.tables.privacy.policies.values()
        groups = {one for policy in policies for one in (*policy.groups, policy.space) if one}
        groups |= {*self.decisions.tables.people.groups.values()}
        members = self.sink.members(sorted(groups)) if groups else {}
        importer = self.sink.importer if policies else ""
        self.decisions.doors.learn(members, importer)
        if isinstance(self.sink, WritesAsOthers):
            accounts = {one.id for one in self.decisions.tables.people.accounts.values()}
            self.decisions.unspoken = self.sink.unspoken(accounts)
        if self._keeper is not None:
            writer, unspoken = self.decisions.source_writer, self.decisions.unspoken
            known = Known(writer=writer, members=members, importer=importer, unspoken=unspoken)
            self._keeper.know(self.name, known)

    def close(self) -> None:
        """Give back the sink's connections."""
        if self._sink is not None and self._keeper is None:
            self._sink.close()


def _blocks(text: str, home: str, key: Key) -> tuple[Any, ...]:
    return registry.blocks_of(parts(key)[0])(text, home, key)


def _redactor(workspace: Workspace) -> Callable[[str], str]:
    """Addresses that the source hides from the public stay hidden, unless the settings say that
    the target's readers may see them."""
    return str if workspace.settings.source.show_addresses else hide_addresses
