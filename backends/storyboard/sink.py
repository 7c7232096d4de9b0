"""Writes to one StoryBoard; implements `interfaces.Sink`. Each duty has a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tracker_migrate.abilities import Back, Backdater, Between, Foresight, Part, Told
from tracker_migrate.backends.storyboard import (
    checks,
    outsider,
    people,
    placeholders,
    standings,
    undoing,
    wire,
)
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.between import Timeline
from tracker_migrate.backends.storyboard.feed import Feed
from tracker_migrate.backends.storyboard.files import KIND as FILE
from tracker_migrate.backends.storyboard.files import FileWriter
from tracker_migrate.backends.storyboard.finding import Finder
from tracker_migrate.backends.storyboard.foresight import StoryBoardForesight
from tracker_migrate.backends.storyboard.numbers import Numbers
from tracker_migrate.backends.storyboard.options import Options
from tracker_migrate.backends.storyboard.planner import KINDS, StoryBoardPlanner
from tracker_migrate.backends.storyboard.reading import Earlier, Reader
from tracker_migrate.backends.storyboard.writing import Writer
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import (
    Account,
    Block,
    Candidate,
    ClosedAction,
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
from tracker_migrate.model import Issue, Key, Person, kind_of, name_of
from tracker_migrate.replies import about
from tracker_migrate.text import commonmark


class StoryBoardSink:
    """A StoryBoard, written to through one account. Its methods may be called from any thread."""

    tracker = "storyboard"
    undo_steps = undoing.STEPS
    unminded: frozenset[str] = frozenset()

    def __init__(
        self, address: str, options: Options, token: str | None, outsider_token: str | None = None
    ) -> None:
        self.planner: Planner = StoryBoardPlanner(options.files)
        self.settle_seconds = options.settle_seconds
        self.connections = options.connections
        self.ordered = False  # numbers are chosen
        self.watch: Watch | None = None
        self._options = options
        self._site = Site(address, options, token, outsider_token)
        self.address = self._site.base
        self._files = FileWriter(options.files, self.address)
        self._finder = Finder(self._site)
        self._numbers = Numbers(self._site)
        self._writer = Writer(self._site, self._finder, self._numbers)
        self._reader = Reader(self._site, self._finder)
        self._earlier = Earlier(self._site, self._finder)
        self._standings = standings.Standings(self._site)
        self._undoing = undoing.Undoing(self._site, self._finder)
        self._feed = Feed(self._site)
        self._timeline = Timeline(self._site, self._feed)

    def check(self, decisions: Decisions) -> Mapping[str, str]:
        """What the server is and who we are. Raises WrongTracker, LoginNeeded, Unreachable,
        UsageError."""
        with about(self.address, "StoryBoard"):
            facts = checks.check(self._site, decisions)
        files = self._files.check(self.address, self._site.web)
        return {**facts, "numbers": self._options.numbers, **files}

    def foresight(self, decisions: Decisions) -> Foresight:
        """See `abilities.Foresees`."""
        return StoryBoardForesight(self._site, decisions)

    def trust(self, seal: Callable[[str], str]) -> None:
        """How a permalink is sealed."""
        self._site.seal = seal

    def unspoken(self, accounts: Collection[str]) -> Mapping[str, str]:
        """Superusers, and accounts that are switched off or not there."""
        return people.unspoken(self._site, accounts)

    def make_account(self, person: Person) -> Account:
        """An account for somebody who has none. Raises UsageError unless the settings allow it."""
        if self._options.people != "created":
            raise UsageError('options.people: accounts are made only with people = "created"')
        return placeholders.make(self._site.api, person)

    def lend(self, files: Files) -> None:
        """Where to have the bytes of attachments."""
        self._files.lend(files)

    def number(self, wanted: Wanted) -> int | None:
        """A bug's own number if numbers are kept; all else comes from blocks.

        Raises UsageError for a number in the range that blocks are claimed from.
        """
        kept = self._options.numbers == "keep" and wanted.kind == "story"
        if not kept or kind_of(wanted.key) != "bug":
            return None
        number = int(name_of(wanted.key))
        if number > self._options.above:
            raise UsageError(f"options.above: must be more than {number}, the number of a bug")
        return number

    def claim(self, kind: str, count: int) -> Block:
        """Claim `count` numbers for stories, tasks or comments."""
        return self._numbers.claim(kind, count)

    def lanes(self, step: ClosedStep) -> tuple[str, ...]:
        """Tasks of one project, and all of one story, are written one at a time: parallel ones
        deadlock in 16 to 74 of 100 cases (facts 4, scenario deadlocks)."""
        names = set()
        for action in step.actions:
            if KINDS[action.kind].phase == 0:
                names.add(f"{action.kind}:{str(action.fields.get('name', '')).lower()}")
                continue
            names.add(f"story:{step.issue}")
            if action.kind == "task" and "project_id" in action.fields:
                names.add(f"project:{action.fields['project_id']}")
        return tuple(sorted(names))

    def mark(self, step: ClosedStep) -> dict[str, Any]:
        """Nothing: numbers are chosen, and tell where to look."""
        return {}

    def send(self, step: ClosedStep) -> Receipt:
        """Send a step, once."""
        return _joined([self._send(action) for action in step.actions])

    def _send(self, action: ClosedAction) -> Receipt:
        if action.op == "delete" and action.kind != FILE:
            return self._undoing.delete(action)
        return self._files.write(action) if action.kind == FILE else self._writer.send(action)

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """Where a step's objects are, if it was carried out. Raises Taken."""
        found = [self._find(action) for action in step.actions]
        receipts = [one for one in found if one is not None]
        return _joined(receipts) if len(receipts) == len(found) else None

    def _find(self, action: ClosedAction) -> Receipt | None:
        if action.op == "delete" and action.kind != FILE:
            return self._undoing.deleted(action)
        return self._files.find(action) if action.kind == FILE else self._finder.find(action)

    def resend_safe(self, step: ClosedStep) -> bool:
        """Creates under a chosen number are refused the second time, shared objects are looked up
        by name, a file has one place, and updates set the same values again. Tags are neither: two
        requests at one moment leave a tag on a story twice, and no request takes it off again
        (tried on a server)."""
        return all(_repeatable(action) for action in step.actions)

    def stored(self, step: ClosedStep) -> Mapping[Key, Mapping[str, Any]]:
        """We are a reader of each private story, and are never read back as one."""
        me = self.importer
        return {
            action.key: {"users": [user for user in action.fields["users"] if user != me]}
            for action in step.actions
            if "users" in action.fields
        }

    def read(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> Snapshot:
        """What is there of one issue. Raises Gone if its story is not to be seen."""
        snapshot = self._reader.read(refs)
        files = {of: self._files.seen(at) for of, (kind, at) in refs.items() if kind == FILE}
        there = {of: seen for of, seen in files.items() if seen is not None}
        return msgspec.structs.replace(snapshot, objects=snapshot.objects | there)

    def due(self, issue: Issue, decisions: Decisions) -> Iterator[tuple[Key, Standing]]:
        """How the tasks of an issue's story should stand."""
        return standings.due(issue, decisions)

    def standings(
        self, due: Mapping[Key, Standing], seen: Mapping[Key, Observed]
    ) -> Iterator[tuple[Key, Standing]]:
        """How tasks stand that were read back."""
        return self._standings.read(due, seen)

    def edits_since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        """See `feed.Feed.since`."""
        return self._feed.since(mark)

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        """See `feed.Feed.visible`."""
        return self._feed.visible(ids)

    def lookup(self, wanted: Sequence[Wanted]) -> Mapping[Key, RemoteRef]:
        """What our account has made before of these issue objects."""
        numbers = {one.issue: self.number(one) for one in wanted if one.kind == "story"}
        kept = {issue: number for issue, number in numbers.items() if number is not None}
        return self._earlier.lookup(wanted, kept)

    def made(self) -> Iterator[Mine]:
        """Our tasks, by their links; each stands on its story. And all files."""
        yield from self._earlier.made()
        yield from self._files.made()

    def worked_on(self, issue: Key, parts: Mapping[Key, Part]) -> str:
        """See `undoing.Undoing.worked_on`."""
        return self._undoing.worked_on(issue, parts)

    def backs(self, parts: Mapping[Key, Part], decisions: Decisions) -> Sequence[Back]:
        """See `undoing.Undoing.backs`."""
        return self._undoing.backs(parts)

    def advice(self, left: Sequence[Part]) -> Sequence[str]:
        """See `undoing.Undoing.advice`: nothing that was taken back is left there."""
        return self._undoing.advice()

    @property
    def importer(self) -> str:
        """The id of the account that writes. Raises LoginNeeded, Unreachable."""
        return str(self._site.me)

    def accounts(self) -> Iterator[Candidate]:
        """Everybody with an account."""
        return people.accounts(self._site.api)

    def places(self) -> Iterator[str]:
        """The names of all projects."""
        return people.places(self._site.api)

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str] | None]:
        """The ids of each team's members; None for a team that is not there."""
        return {group: self._site.members(group) for group in groups}

    def readable_by_outsider(
        self,
        refs: Mapping[Key, tuple[str, RemoteRef]],
        *,
        withheld: Collection[str] = (),
        thorough: bool = False,
    ) -> list[Key]:
        """What nobody, or an outsider of the settings, can read."""
        rows = {of: held for of, held in refs.items() if held[0] != FILE}
        found = outsider.readable(self._site, rows, withheld=withheld, thorough=thorough)
        files = self._files.readable({of: at for of, (kind, at) in refs.items() if kind == FILE})
        return [*(of for of in refs if of in files), *found]

    def in_words(self, kind: str, field: str, value: Any) -> str:
        """See `abilities.TellsValues.in_words`."""
        return self._timeline.in_words(field, value)

    def moment(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> dict[str, Any]:
        """See `abilities.SeesBetween.moment`."""
        return self._timeline.moment(refs)

    def between(
        self, refs: Mapping[Key, tuple[str, RemoteRef]], moment: Mapping[str, Any]
    ) -> Sequence[Between]:
        """See `abilities.SeesBetween.between`."""
        return self._timeline.between(refs, moment)

    def link(self, ref: Ref, at: RemoteRef | None) -> str:
        """A link to where it is at StoryBoard, else to its home at the source."""
        address = at.url if at is not None else ""
        if at is not None and not address and kind_of(ref.to) in ("bug", "blueprint"):
            address = wire.story_url(self._site.web, at.id)
        return commonmark.link(ref.label, address or ref.home)

    def backdater(self, options: Mapping[str, Any]) -> Backdater:
        """What sets authors and dates in the database."""
        from tracker_migrate.backends.storyboard.backdate import backdater

        return backdater(self.importer, options)

    def close(self) -> None:
        """Give back connections."""
        self._site.close()


def _repeatable(action: ClosedAction) -> bool:
    if action.op == "delete":
        return False  # what is made anew under its number must not go
    if action.kind == "tagging":
        return False
    chosen = KINDS[action.kind].chosen
    return action.op == "update" or not chosen or action.number is not None


def _joined(receipts: Sequence[Receipt]) -> Receipt:
    refs: dict[Key, RemoteRef] = {}
    stored: dict[Key, dict[str, Any]] = {}
    for one in receipts:
        refs |= one.refs
        stored |= one.stored
    return Receipt(refs=refs, stored=stored)
