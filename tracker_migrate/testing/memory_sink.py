"""A sink for a memory server, in the two flavours of its planner.

`ours`: an explicit number makes every step safe to send again. `theirs`: a create that was sent
twice is there twice, and is found by its marker among what is newer than the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from tracker_migrate.abilities import Back, Between, Part, Told
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    Refused,
    Retriable,
    Taken,
    Unreachable,
)
from tracker_migrate.interfaces import (
    CLOSED,
    UNDONE,
    Block,
    ClosedAction,
    ClosedStep,
    Decisions,
    Mine,
    Observed,
    Planner,
    Receipt,
    Ref,
    RemoteRef,
    Snapshot,
    Wanted,
    Watch,
)
from tracker_migrate.model import Key, name_of
from tracker_migrate.testing import memory_history
from tracker_migrate.testing.memory_feed import MemoryFeed
from tracker_migrate.testing.memory_planner import MemoryPlanner, Numbers
from tracker_migrate.testing.memory_server import (
    Absent,
    Barred,
    Busy,
    Denied,
    Down,
    Exists,
    Lost,
    MemoryServer,
    Record,
    Write,
)
from tracker_migrate.testing.memory_source import key_at
from tracker_migrate.testing.memory_watch import MemoryWatch
from tracker_migrate.testing.memory_watch import memory_ref as _ref

T = TypeVar("T")


class MemorySink:
    """Writes to a memory server. keep: a card gets the number of its bug (flavour `ours`)."""

    tracker = "memory"
    address = "memory://target"
    unminded: frozenset[str] = frozenset()

    def __init__(
        self,
        server: MemoryServer,
        numbers: Numbers = "ours",
        *,
        account: str = "importer",
        keep: bool = False,
        connections: int = 4,
        settle_seconds: float = 0.0,
    ) -> None:
        self.server = server
        self.planner: Planner = MemoryPlanner(numbers)
        self.account = account
        self.watch: Watch | None = MemoryWatch(server, account)
        self._feed = MemoryFeed(server, account)
        self.connections = connections
        self.settle_seconds = settle_seconds
        self.ordered = numbers == "theirs"
        self._ours = numbers == "ours"
        self._keep = keep
        self.undo_steps: tuple[str, ...] = ("card.delete",) if self._ours else ("card.update",)

    def check(self, decisions: Decisions) -> Mapping[str, str]:
        """Who we are. Raises LoginNeeded."""
        _asked(lambda: self.server.hello(self.account))
        return {"account": self.account}

    def number(self, wanted: Wanted) -> int | None:
        """The bug's own number where numbers are kept."""
        name = name_of(wanted.key)
        keeps = self._keep and wanted.kind == "card" and name.isdigit()
        return int(name) if keeps else None

    def claim(self, kind: str, count: int) -> Block:
        """A block of the server's next numbers."""
        first = self.server.claim(kind, count)
        return Block(first=first, last=first + count - 1)

    def lanes(self, step: ClosedStep) -> tuple[str, ...]:
        """One issue's steps go one at a time."""
        return (step.issue,)

    def mark(self, step: ClosedStep) -> dict[str, Any]:
        """The highest number of each kind that the step creates, where the server chooses."""
        kinds = {action.kind for action in step.actions if action.op == "create"}
        return {} if self._ours else {kind: self.server.highest(kind) for kind in sorted(kinds)}

    def send(self, step: ClosedStep) -> Receipt:
        """Send it, once. A number that is an object of ours already is a resend's success."""
        if step.actions[0].op == "delete":
            return self._delete(step)
        writes = [self._write(action) for action in step.actions]
        try:
            numbers = _asked(lambda: self.server.request(self.account, step.kind, writes))
        except Exists:
            found = self.find(step, {})
            if found is None:
                raise Doubtful(f"{step.kind}: the number is taken, and then it is not") from None
            return found
        pairs = zip(step.actions, numbers, strict=True)
        refs = {action.key: _ref(action.kind, number) for action, number in pairs}
        return Receipt(refs=refs, stored=self._lists(step))

    def _write(self, action: ClosedAction) -> Write:
        """A list is sent with what others have added to it."""
        record = self.server.get(action.kind, _number(action.at)) if action.op == "update" else None
        if record is None:
            return _write(action)
        fields = memory_history.merged(self.server, self.account, record, action.fields)
        return _write(msgspec.structs.replace(action, fields=fields))

    def _lists(self, step: ClosedStep) -> dict[Key, dict[str, Any]]:
        """The lists of what was updated, as they are now."""
        stored: dict[Key, dict[str, Any]] = {}
        for action in step.actions:
            names = memory_history.SHARED & action.fields.keys()
            record = self.server.get(action.kind, _number(action.at)) if action.at else None
            if names and record is not None:
                stored[action.key] = {name: list(record.fields[name]) for name in names}
        return stored

    def _delete(self, step: ClosedStep) -> Receipt:
        """What is there is deleted; that it is gone by then is no mistake."""
        (action,) = step.actions
        record = self.server.get(action.kind, _number(action.at))
        if record is None:
            raise Gone(f"{action.kind} is not there any more")
        if record.author != self.account:
            raise Refused("somebody else made it")
        with suppress(Gone):
            _asked(lambda: self.server.request(self.account, step.kind, [_write(action)]))
        return Receipt(refs={action.key: _ref(action.kind, record.number)})

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """Where every object of a step is, or None if one is not to be seen."""
        refs: dict[Key, RemoteRef] = {}
        for action in step.actions:
            record = _asked(lambda one=action: self._find(one, mark))  # type: ignore[misc]
            if record is None:
                return None
            refs[action.key] = _ref(record.kind, record.number)
        return Receipt(refs=refs, stored=self._lists(step))

    def _find(self, action: ClosedAction, mark: Mapping[str, Any]) -> Record | None:
        if action.op == "delete":
            return self._deleted(action)
        if action.op == "update":
            return self._updated(action)
        if action.number is not None:
            return self._at_number(action)
        for record in self.server.all(action.kind, above=mark.get(action.kind, 0)):
            same = record.fields.items() >= action.fields.items()
            if record.author == self.account and record.marker == action.marker and same:
                return record
        return None

    def _updated(self, action: ClosedAction) -> Record | None:
        """An object, if it is as an update leaves it."""
        record = self.server.get(action.kind, _number(action.at))
        if record is None:
            return None
        holds = memory_history.holds(self.server, self.account, record, action.fields)
        return record if holds else None

    def _at_number(self, action: ClosedAction) -> Record | None:
        """A number alone proves nothing: the author and the marker have to be ours, too."""
        record = self.server.get(action.kind, action.number or 0)
        if record and (record.author, record.marker) != (self.account, action.marker):
            raise Taken(f"{action.kind} {action.number} is somebody else's")
        return record

    def _deleted(self, action: ClosedAction) -> Record | None:
        """An object that is not there any more, as if it were; None if it is."""
        number = _number(action.at)
        if self.server.get(action.kind, number) is not None:
            return None
        return Record(kind=action.kind, number=number, author=self.account, marker="", fields={})

    def resend_safe(self, step: ClosedStep) -> bool:
        """Where numbers are ours, always, but for what deletes; else only what creates nothing."""
        if any(action.op == "delete" for action in step.actions):
            return False
        return self._ours or all(action.op == "update" for action in step.actions)

    def stored(self, step: ClosedStep) -> Mapping[Key, Mapping[str, Any]]:
        """Everything reads back as it was sent."""
        return {}

    def read(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> Snapshot:
        """The card and its notes, with what nobody told us of."""
        objects: dict[Key, Observed] = {}
        cards: set[str] = set()
        for of, (kind, at) in refs.items():
            record = self.server.get(kind, _number(at))
            if kind == "card":
                cards.add(at.id)
                if record is None:
                    raise Gone(f"{of} is not there any more")
            if record is not None:
                objects[of] = Observed(at=at, fields=dict(record.fields))
        known = {(kind, at.id) for kind, at in refs.values()}
        return self._with_others(objects, cards, known)

    def _with_others(
        self, objects: dict[Key, Observed], cards: set[str], known: set[tuple[str, str]]
    ) -> Snapshot:
        ours: dict[Key, RemoteRef] = {}
        seen, doubled, foreign = set(objects), [], 0
        for note in self.server.all("note"):
            of, at = key_at(note.marker), _ref("note", note.number)
            if note.fields.get("card") not in cards or ("note", at.id) in known:
                continue
            if note.author != self.account or of is None:
                foreign += 1
            elif of in seen:
                doubled.append(of)
            else:
                ours[of] = at
                seen.add(of)
        doubled += self._doubled_cards(objects, known)
        return Snapshot(objects=objects, ours=ours, doubled=tuple(doubled), foreign=foreign)

    def _doubled_cards(
        self, objects: Mapping[Key, Observed], known: set[tuple[str, str]]
    ) -> list[Key]:
        found = []
        for card in self.server.all("card"):
            of = key_at(card.marker)
            another = ("card", str(card.number)) not in known
            if of in objects and another and card.author == self.account and of is not None:
                found.append(of)
        return found

    def edits_since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        """What anybody did to cards and notes since then."""
        return _asked(lambda: iter(list(self._feed.since(mark))))

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        """Which of these cards are there."""
        return self._feed.visible(ids)

    def lookup(self, wanted: Sequence[Wanted]) -> Mapping[Key, RemoteRef]:
        """Cards that our account made, by their marker; of two the older."""
        keys = {one.marker: one.key for one in wanted}
        found: dict[Key, RemoteRef] = {}
        for card in self.server.all("card"):
            if card.marker in keys and card.author == self.account:
                found.setdefault(keys[card.marker], _ref("card", card.number))
        return found

    def made(self) -> Iterator[Mine]:
        """All cards of our account that name something."""
        for card in self.server.all("card"):
            if card.author == self.account and key_at(card.marker) is not None:
                at = _ref("card", card.number)
                yield Mine(kinds=("card",), at=at, made=True, marker=card.marker)

    def worked_on(self, issue: Key, parts: Mapping[Key, Part]) -> str:
        """Whether the card is another's, or anybody else has written to it or to what hangs on
        it."""
        known = {(one.kind, int(one.at.id)) for one in parts.values()}
        for kind, number in known:
            record = self.server.get(kind, number)
            if record is not None and record.author != self.account:
                return "somebody else made it"
        for author, write in self.server.history:
            on_ours = ("card", int(write.fields.get("card") or 0)) in known
            if author != self.account and ((write.kind, write.number) in known or on_ours):
                return "its history names other people"
        return ""

    def backs(self, parts: Mapping[Key, Part], decisions: Decisions) -> Sequence[Back]:
        """Where numbers are ours, the card goes with its notes; else it is closed."""
        takes = tuple(of for of, one in parts.items() if one.kind != "card")
        cards = [of for of, one in parts.items() if one.kind == "card"]
        if self._ours:
            return [Back(key=of, op="delete", takes=takes) for of in cards]
        fields = {"title": "Taken back", "text": "Taken back", "state": "closed", "projects": []}
        fields |= self.planner.access("card", CLOSED)
        return [
            Back(
                key=of,
                op="update",
                takes=takes,
                fields=fields,
                marker=f"{UNDONE}{parts[of].at.number}",
            )
            for of in cards
        ]

    def advice(self, left: Sequence[Part]) -> Sequence[str]:
        """Nothing but their numbers."""
        return [f"remove {', '.join(one.at.number for one in left)}"] if left else []

    @property
    def importer(self) -> str:
        """Our account's name."""
        return self.account

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str] | None]:
        """The accounts that a test put into each group of the server's."""
        return {group: self.server.groups.get(group) for group in groups}

    def readable_by_outsider(
        self,
        refs: Mapping[Key, tuple[str, RemoteRef]],
        *,
        withheld: Collection[str] = (),
        thorough: bool = False,
    ) -> list[Key]:
        """Cards that are open to all, and what hangs on them."""
        cards = {at.id for kind, at in refs.values() if kind == "card" and self._is_open(at)}
        found = []
        for of, (kind, at) in refs.items():
            record = self.server.get(kind, _number(at))
            card = at.id if kind == "card" else str(record.fields.get("card")) if record else ""
            if card in cards:
                found.append(of)
        return found

    def _is_open(self, at: RemoteRef) -> bool:
        card = self.server.get("card", _number(at))
        return card is not None and card.fields["audience"] == "public"

    def in_words(self, kind: str, field: str, value: Any) -> str:
        """What people call it: its number."""
        return "" if value is None else str(value)

    def moment(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> dict[str, Any]:
        """How many changes there were."""
        return {"row": len(self.server.history)}

    def between(
        self, refs: Mapping[Key, tuple[str, RemoteRef]], moment: Mapping[str, Any]
    ) -> Sequence[Between]:
        """What others did since then."""
        return memory_history.between(self.server, self.account, refs, moment["row"])

    def link(self, ref: Ref, at: RemoteRef | None) -> str:
        """The label on one line, with the address in angle brackets, which no label has; a chosen
        number is an address already."""
        label = " ".join(ref.label.split()).translate(_NO_BRACKETS)
        return f"{label} <{_ref('card', _number(at)).url if at is not None else ref.home}>"

    def close(self) -> None:
        """Nothing to give back."""


_NO_BRACKETS = str.maketrans("<>", "‹›")


def _write(action: ClosedAction) -> Write:
    number = action.number if action.op == "create" else _number(action.at)
    return Write(
        op=action.op, kind=action.kind, fields=action.fields, number=number, marker=action.marker
    )


def _number(at: RemoteRef | None) -> int:
    assert at is not None, "an update says where its object is"
    return int(at.id)


def _asked(ask: Callable[[], T]) -> T:
    """Say what a server's refusal means: what has to be done about it."""
    try:
        return ask()
    except Lost as error:
        raise Doubtful(f"{error}: the reply was lost") from None
    except Busy as error:
        raise Retriable(f"{error}: the server is busy", after=0.0) from None
    except Denied as error:
        raise Refused(f"{error}: the server will not do it") from None
    except Barred:
        raise LoginNeeded("the server does not take this login") from None
    except Down:
        raise Unreachable("the server does not answer: run again later") from None
    except Absent as error:
        raise Gone(f"{error} is not there any more") from None
