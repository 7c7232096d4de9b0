"""The sink: writes issues to one Phorge or Phabricator, through Conduit alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from tracker_migrate.abilities import Back, Backdater, Between, Foresight, Parents, Part, Told
from tracker_migrate.backends.maniphest import checking, people, standings, undoing
from tracker_migrate.backends.maniphest import parents as parents_
from tracker_migrate.backends.maniphest.between import History
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.compose import FILES
from tracker_migrate.backends.maniphest.feed import Feed
from tracker_migrate.backends.maniphest.filefinder import FileFinder
from tracker_migrate.backends.maniphest.foresight import ManiphestForesight
from tracker_migrate.backends.maniphest.guard import Guard
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.backends.maniphest.outside import Outsider
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.maniphest.policycheck import PolicyCheck
from tracker_migrate.backends.maniphest.reading import Reader
from tracker_migrate.backends.maniphest.sending import Sender, filled
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.settling import Settler
from tracker_migrate.backends.maniphest.uploads import Uploads
from tracker_migrate.backends.maniphest.watching import ManiphestWatch
from tracker_migrate.backends.maniphest.wire import task_ref
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import (
    Block,
    Candidate,
    ClosedStep,
    Decisions,
    Files,
    Mine,
    Observed,
    Planner,
    Receipt,
    Ref,
    RemoteRef,
    Snapshot,
    Standing,
    Wanted,
    Watch,
)
from tracker_migrate.model import Issue, Key
from tracker_migrate.replies import about
from tracker_migrate.text import remarkup

#: steps that can't write twice what they write: a hashtag can't be taken twice, a name is a name,
#: a piece of a file has its place, and who follows a task follows it once
_SAFE = frozenset(
    {"project.create", "project.update", "milestone.update", "file.contents", "follow"}
)


class ManiphestSink:
    """One server, as one account. Use `open_sink` to make one."""

    tracker = "maniphest"
    undo_steps = undoing.STEPS
    unminded = undoing.UNMINDED

    def __init__(
        self, address: str, options: Options, client: Conduit, outsiders: Sequence[Conduit] = ()
    ) -> None:
        self.address = address.rstrip("/")
        self.planner: Planner = ManiphestPlanner(options)
        self.settle_seconds = options.settle_seconds
        self.connections = options.connections
        self.ordered = options.order == "ordered"
        self._client = client
        self._options = options
        self._server = Server(client, options.marker_field)
        self._outsider = Outsider(self.address, outsiders, options.timeout, lambda: self.importer)
        self._finder = Finder(self._server)
        self._standings = standings.Standings(self._finder)
        self._guard = Guard(self._server, self._finder)
        files = FileFinder(self._server, self._finder)
        self._uploads = Uploads(self._server, files, self._guard)
        create = options.create_projects
        self._sender = Sender(self._server, self._finder, self._guard, create_projects=create)
        self._settler = Settler(self._server, self._finder, self._guard, self._sender)
        self._undoing = undoing.Undoing(self._server, self._finder, options)
        self._reader = Reader(self._server, self._finder, self._guard, files)
        self.watch: Watch | None = ManiphestWatch(self._server, self._finder, files)
        self._feed = Feed(self._server, self._finder)
        self._history = History(self._server, self._finder, self._feed)

    def lend(self, files: Files) -> None:
        """See `interfaces.TakesFiles.lend`."""
        self._uploads.files = files

    def check(self, decisions: Decisions) -> Mapping[str, str]:
        """See `interfaces.Sink.check`. Remembers the policies, to look at a task before something
        private is added to it."""
        self._guard.audiences = checking.audiences(decisions)
        policies = PolicyCheck(self._server, self._finder, self._outsider.clients)
        with about(self.address, "Phorge"):
            return checking.check(self._server, policies, decisions)

    def trust(self, seal: Callable[[str], str]) -> None:
        """See `abilities.KnowsSeals.trust`."""
        self._finder.ours.seal = seal

    def backdater(self, options: Mapping[str, Any]) -> Backdater:
        """See `abilities.Backdates.backdater`. options: `namespace`."""
        from tracker_migrate.backends.maniphest import backdate

        return backdate.backdater(self.importer, options)

    def foresight(self, decisions: Decisions) -> Foresight:
        """See `abilities.Foresees`."""
        return ManiphestForesight(self._server, self._finder, self._options, decisions)

    def number(self, wanted: Wanted) -> int | None:
        """The server chooses all numbers."""
        return None

    def claim(self, kind: str, count: int) -> Block:
        """Maniphest gives out its numbers itself."""
        raise UsageError("Maniphest chooses its numbers itself: none can be claimed")

    def lanes(self, step: ClosedStep) -> tuple[str, ...]:
        """Bugs are created one after another where numbers follow the source, subtasks beside
        them; one change of a task at a time; projects by their parent; files by their name."""
        if step.kind in FILES:
            return self._uploads.lanes(step)
        match step.kind:
            case "task.create":
                return ("create",) if self.ordered else ()
            case "subtask.create":
                return ()
            case "task.update" | "fill" | "follow":
                return (f"task:{filled(step)}",)
            case _:
                return tuple(sorted({_project_lane(step)}))

    def mark(self, step: ClosedStep) -> dict[str, Any]:
        """See `settling.Settler.mark`."""
        if step.kind in FILES:
            return self._uploads.mark() if step.kind != "file.contents" else {}
        return self._settler.mark(step)

    def send(self, step: ClosedStep) -> Receipt:
        """Send it, once."""
        return (self._uploads if step.kind in FILES else self._sender).send(step)

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """See `settling.Settler.find`."""
        return (self._uploads if step.kind in FILES else self._settler).find(step, mark)

    def resend_safe(self, step: ClosedStep) -> bool:
        """Nothing is idempotent in maniphest.edit; a project's hashtag can't be taken twice."""
        return step.kind in _SAFE

    def stored(self, step: ClosedStep) -> Mapping[Key, Mapping[str, Any]]:
        """See `sending.Sender.stored`."""
        return self._sender.stored(step)

    def read(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> Snapshot:
        """See `interfaces.Sink.read`."""
        return self._reader.read(refs)

    def due(self, issue: Issue, decisions: Decisions) -> Iterator[tuple[Key, Standing]]:
        """How an issue's task, or its subtasks, should stand."""
        return standings.due(issue, decisions, decisions.options.get("task_mode") == "one")

    def standings(
        self, due: Mapping[Key, Standing], seen: Mapping[Key, Observed]
    ) -> Iterator[tuple[Key, Standing]]:
        """How tasks and subtasks stand that were read back."""
        return self._standings.read(due, seen)

    def edits_since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        """See `feed.Feed.since`."""
        return self._feed.since(mark)

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        """See `feed.Feed.visible`."""
        return self._feed.visible(ids)

    def parents(self) -> Parents | None:
        """See `parents.parents`."""
        return parents_.parents(self._options)

    def becomes(self, at: RemoteRef, below: Sequence[str]) -> str | None:
        """See `parents.becomes`."""
        return parents_.becomes(self._finder, self._options, at, below)

    def lookup(self, wanted: Sequence[Wanted]) -> Mapping[Key, RemoteRef]:
        """By marker; without a marker field by reading all our tasks once. What is found must have
        got its marker from us."""
        keys = {one.marker: one.key for one in wanted if one.marker}
        signed = {
            marker: next((row for row in rows if self._finder.signed(row, marker)), None)
            for marker, rows in self._finder.by_marker(keys).items()
        }
        return {
            keys[marker]: task_ref(self.address, row.id, row.phid)
            for marker, row in signed.items()
            if row is not None
        }

    def made(self) -> Iterator[Mine]:
        """Our tasks and subtasks, a hundred a request."""
        return self._finder.made()

    def worked_on(self, issue: Key, parts: Mapping[Key, Part]) -> str:
        """See `undoing.Undoing.worked_on`."""
        return self._undoing.worked_on(issue, parts)

    def backs(self, parts: Mapping[Key, Part], decisions: Decisions) -> Sequence[Back]:
        """See `undoing.Undoing.backs`."""
        return self._undoing.backs(parts, decisions)

    def advice(self, left: Sequence[Part]) -> Sequence[str]:
        """See `undoing.Undoing.advice`."""
        return self._undoing.advice(left)

    @property
    def importer(self) -> str:
        """Our own PHID. Raises LoginNeeded."""
        return self._server.facts.me

    def accounts(self) -> Iterator[Candidate]:
        """Everybody with an account."""
        return people.accounts(self._finder)

    def with_addresses(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """The accounts with one of these e-mail addresses."""
        return self._finder.with_addresses(addresses)

    def places(self) -> Iterator[str]:
        """The names of all projects that everybody may see, milestones left out."""
        return people.places(self._finder)

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str] | None]:
        """Of each project, by its PHID; None for a custom policy or a Space: no method of Conduit
        tells whom those let in."""
        return self._finder.members(groups)

    def readable_by_outsider(
        self,
        refs: Mapping[Key, tuple[str, RemoteRef]],
        *,
        withheld: Collection[str] = (),
        thorough: bool = False,
    ) -> list[Key]:
        """See `interfaces.Sink.readable_by_outsider`."""
        return self._outsider.readable(refs, withheld, thorough=thorough)

    def in_words(self, kind: str, field: str, value: Any) -> str:
        """See `abilities.TellsValues.in_words`."""
        return self._history.in_words(value)

    def moment(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> dict[str, Any]:
        """See `abilities.SeesBetween.moment`."""
        return self._history.moment(refs)

    def recalled(
        self, refs: Mapping[Key, tuple[str, RemoteRef]], moment: Mapping[str, Any]
    ) -> Mapping[Key, Mapping[str, Any]]:
        """See `abilities.Recalls.recalled`."""
        return self._history.recalled(refs, moment)

    def between(
        self, refs: Mapping[Key, tuple[str, RemoteRef]], moment: Mapping[str, Any]
    ) -> Sequence[Between]:
        """See `abilities.SeesBetween.between`."""
        return self._history.between(refs, moment)

    def link(self, ref: Ref, at: RemoteRef | None) -> str:
        """A link with a label makes no mention on the task that it leads to, as `T1`, `{T1}` and
        its bare address do (tried on a server: `[[ https://host/T1 | label ]]` wrote no edge). What
        is passing is a file, shown in its place, or words of ours about why there is none."""
        if ref.passing:
            return f" {{{at.number}}}" if at is not None and at.number else ref.label
        address = at.url if at is not None and at.url else ref.home
        return remarkup.link(ref.label, address)

    def close(self) -> None:
        """Give back connections."""
        self._client.close()
        self._outsider.close()


def _project_lane(step: ClosedStep) -> str:
    (action,) = step.actions
    return f"project:{action.fields.get('parent') or action.key}"
