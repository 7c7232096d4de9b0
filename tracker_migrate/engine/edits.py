"""People's work is kept: who changed what at the target, by value, and what is done about it.

A field is somebody's edit if it is not as it was sent last. An update goes over an edit only where
the settings say so (`workspace.policies`), and what it goes over stays readable: where the target
remembers it, or in a comment that is written first. Who may read is no matter of policy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import msgspec

from tracker_migrate.abilities import Field, KeepsBoth, Note, TellsValues
from tracker_migrate.digest import short
from tracker_migrate.engine.authored import as_it_stands
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.diff import open_digest, open_digests
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, ObjectError, Refused
from tracker_migrate.interfaces import IMPORTER, Action, ClosedStep, Step, Text, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.text.notes import is_source_note, note_key
from tracker_migrate.workspace.conflicts import Conflict
from tracker_migrate.workspace.ledger import Held, places
from tracker_migrate.workspace.policies import ACCESS, WORDS, access_of

#: what is done about a field that was changed on both sides, if nobody said anything else
POLICY = WORDS["target"]
#: why nothing is written of an issue that is not at the target any more
REMOVED = "somebody removed it at the target; it is not made again"

Met = Mapping[tuple[Key, str], Conflict]


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A field that somebody changed at the target after we wrote it. theirs: as it was read."""

    key: Key
    field: str
    theirs: Any


def edited(
    held: Held, now: Mapping[str, Any], met: Met, fields: Collection[str] | None = None
) -> Iterator[Edit]:
    """The fields of an object that are not as we sent them. now: as it was read. met: conflicts
    that are known: what somebody wrote is his, though we had to write it back for him. fields:
    these alone."""
    for name, (_open, sent) in held.fields.items():
        if name not in now or not sent or (fields is not None and name not in fields):
            continue
        mark, known = short(now[name]), met.get((held.key, name))
        if mark != sent or (known is not None and known.theirs == mark):
            yield Edit(key=held.key, field=name, theirs=now[name])


class Decided(msgspec.Struct, kw_only=True):
    """What is to be done of the actions of one issue. notes: comments that have to stand there
    before anything else is sent. actions: what is sent then. kept: fields that stay as somebody
    made them. overruled: fields that are written over. The rest is for `Edits.settle`."""

    notes: list[Action] = msgspec.field(default_factory=list)
    actions: list[Action] = msgspec.field(default_factory=list)
    kept: list[tuple[Key, str]] = msgspec.field(default_factory=list)
    overruled: list[tuple[Key, str]] = msgspec.field(default_factory=list)
    conflicts: list[Conflict] = msgspec.field(default_factory=list)
    agreed: list[tuple[Wanted, str, Any]] = msgspec.field(default_factory=list)
    declined: list[Wanted] = msgspec.field(default_factory=list)


class Edits:
    """Looks at one target's issues for what people have changed."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._ledger = target.ledger
        self._kinds = target.planner.kinds
        planner = target.planner
        self._fields = planner.fields if isinstance(planner, KeepsBoth) else {}
        self._closer: Closer | None = None

    # -- who changed what -------------------------------------------------------------------------

    def of(self, issue: Key) -> list[Edit]:
        """What somebody changed of an issue, by value; it is read for that. What is not there any
        more is noted as gone. Raises Refused if the whole issue is, ObjectError."""
        held = self._ledger.of_issue(issue)
        there = self._read(held)
        met = self._ledger.met.of(list(held))
        self._ledger.set_gone(key for key in places(held, self._kinds) if key not in there)
        ours = (one for one in held.values() if one.state == "there" and one.key in there)
        return [edit for one in ours for edit in edited(one, there[one.key], met)]

    def keep(self, issue: Key, edits: Sequence[Edit]) -> tuple[int, int]:
        """Know these edits of an issue, which are all that there are, and what the settings would
        have done about them; and no others. Returns how many are new, and how many are no more."""
        known = self._ledger.met.of(list(self._ledger.of_issue(issue)))
        found = {(one.key, one.field): one for one in edits}
        fresh = [
            self._conflict(one)
            for at, one in found.items()
            if at not in known or known[at].theirs != short(one.theirs)
        ]
        over = [at for at in known if at not in found]
        self._ledger.met.note(fresh)
        self._ledger.met.lift(over)
        return len(fresh), len(over)

    def _conflict(self, edit: Edit, ours: str = "") -> Conflict:
        held = self._ledger.held([edit.key]).get(edit.key)
        access = held is not None and edit.field in self._who_reads(held.kind, held.audience)
        return Conflict(
            key=edit.key,
            field=edit.field,
            policy=ACCESS if access else self.told(held, edit.field),
            theirs=short(edit.theirs),
            ours=ours,
        )

    def told(self, held: Held | None, field: str) -> str:
        """What the settings say of a field, in words; of one that the planner does not name they
        say nothing."""
        named = held is not None and field in self._fields.get(held.kind, {})
        return self._target.policies.told(field) if named else POLICY

    def removed(self, issue: Key) -> bool:
        """Whether an issue is not at the target any more. It is noted then, so that nothing is sent
        to it again; what can't be told is not."""
        held = self._ledger.of_issue(issue)
        with suppress(ObjectError):
            self._read(held)
        return any(one.state == "gone" for one in self._ledger.held([issue]).values())

    def _read(self, held: Mapping[Key, Held]) -> dict[Key, dict[str, Any]]:
        refs = places(held, self._kinds)
        try:
            return {key: seen.fields for key, seen in self._target.sink.read(refs).objects.items()}
        except Gone:
            self._ledger.set_gone(list(refs))
            raise Refused(REMOVED) from None

    # -- what is done about it --------------------------------------------------------------------

    def decide(
        self,
        issue: Issue,
        actions: Sequence[Action],
        held: Mapping[Key, Held],
        recalled: Mapping[Key, Mapping[str, Any]] = MappingProxyType({}),
    ) -> Decided:
        """What to do of these actions, now that the target was looked at. Nothing is written but
        what is gone. recalled: what fields are there, as far as it is known already: where that is
        all that is to be changed, nothing is read. Raises Refused if the whole issue was removed
        there: it is not made again."""
        if not any(action.op == "update" for action in actions):
            return Decided(actions=list(actions))
        there, decided = recalled if _tells(recalled, actions) else self._read(held), Decided()
        met = self._ledger.met.of([action.wanted.key for action in actions])
        for action in actions:
            key = action.wanted.key
            if action.op == "create":
                decided.actions.append(action)
            elif key not in there:
                self._ledger.set_gone([key])
            else:
                found = list(edited(held[key], there[key], met, action.fields))
                action = self._lists(action, there[key], found, held[key], decided)  # noqa: PLW2901
                found = [one for one in found if not isinstance(one.theirs, list)]
                self._of_one(issue, action, found, held, decided)
        return decided

    def settle(self, decided: Decided) -> None:
        """Note what was decided, now that all of it stands there."""
        for wanted, name, value in decided.agreed:
            mark = open_digests(wanted)[name]
            self._ledger.agree(wanted.key, {name: (mark, short(value))})
        for wanted in decided.declined:
            self._ledger.accept(wanted.key, open_digest(wanted))
        self._ledger.met.note(decided.conflicts)
        ended = [(wanted.key, name) for wanted, name, _value in decided.agreed]
        self._ledger.met.lift([*ended, *decided.overruled])

    def _of_one(
        self,
        issue: Issue,
        action: Action,
        found: Sequence[Edit],
        held: Mapping[Key, Held],
        decided: Decided,
    ) -> None:
        wanted, stays = action.wanted, set[str]()
        marks = open_digests(wanted) if found else {}
        for edit in found:
            ours = self._as_read(action, edit.field)
            if ours == [edit.theirs]:
                decided.agreed.append((wanted, edit.field, edit.theirs))
                stays.add(edit.field)
                continue
            conflict = self._conflict(edit, marks[edit.field])
            if conflict.policy == ACCESS:
                stays |= self._access(action, conflict, decided)
                continue
            self.say_both(issue, action, edit, conflict, held, decided)
            if conflict.policy == WORDS["source"]:
                decided.overruled.append((wanted.key, edit.field))
                continue
            stays.add(edit.field)
            decided.conflicts.append(conflict)
            decided.kept.append((wanted.key, edit.field))
        if stays:
            decided.declined.append(wanted)
        fields = tuple(name for name in action.fields if name not in stays)
        if fields:
            decided.actions.append(msgspec.structs.replace(action, fields=fields))

    def say_both(
        self,
        issue: Issue,
        action: Action,
        edit: Edit,
        conflict: Conflict,
        held: Mapping[Key, Held],
        decided: Decided,
    ) -> None:
        """Add the note that a policy asks for: of what people wrote, where it is written over and
        the target does not remember it; of what the source says, where both are kept."""
        wanted, name = action.wanted, edit.field
        if conflict.policy == WORDS["source"] and not self._field(wanted, name).remembered:
            said = edit.theirs, "target", short(edit.theirs)
            self._say(issue, wanted, name, said, held, decided)
        if conflict.policy == WORDS["both"]:
            value = self._value(action, name)
            self._say(issue, wanted, name, (value, "source", conflict.ours), held, decided)

    # -- what fell between ------------------------------------------------------------------------

    def raced(self, action: Action, edits: Iterable[Edit]) -> list[tuple[Edit, Conflict]]:
        """Those of these edits, which an action has written over, that said something else."""
        marks = open_digests(action.wanted)
        return [
            (one, self._conflict(one, marks[one.field]))
            for one in edits
            if self._as_read(action, one.field) != [one.theirs]
        ]

    def forgotten(self, action: Action) -> list[str]:
        """The fields of an action that the target does not remember, but for who may read."""
        known = self._fields.get(action.wanted.kind, {})
        return [
            name
            for name in action.fields
            if name in known and not known[name].remembered and known[name].holds != "list"
        ]

    def tell(self, action: Action, names: Iterable[str], policy: str) -> None:
        """Know of these fields what became of somebody's edit, in words."""
        key = action.wanted.key
        self._ledger.met.note([Conflict(key=key, field=name, policy=policy) for name in names])

    # -- who may read, and lists ------------------------------------------------------------------

    def _access(self, action: Action, conflict: Conflict, decided: Decided) -> frozenset[str]:
        """The fields that stay as they are: what closes is sent, whatever anybody made of it; what
        opens is not, where somebody changed who may read."""
        if action.wanted.audience != "public":
            return frozenset()
        decided.conflicts.append(conflict)
        decided.kept.append((conflict.key, conflict.field))
        return self._who_reads(action.wanted.kind, action.wanted.audience)

    def _lists(
        self,
        action: Action,
        now: Mapping[str, Any],
        found: Sequence[Edit],
        held: Held,
        decided: Decided,
    ) -> Action:
        """Of a list the sink sends the difference: what others added to it stays. What they took
        away stays away, unless the source wins."""
        spares, fresh = dict(action.spares), {one.field: one for one in found}
        for name in action.fields:
            there = now.get(name)
            if not isinstance(there, list) or self.told(held, name) != POLICY:
                continue
            if name in self._who_reads(held.kind, held.audience):
                continue
            stands = set(map(short, there))
            away = tuple(mark for mark in held.lists.get(name, ()) if mark not in stands)
            still = {mark for value in self._as_read(action, name) for mark in map(short, value)}
            if not still.intersection(away):
                continue
            spares[name] = away
            if name in fresh:
                decided.conflicts.append(self._conflict(fresh[name]))
                decided.kept.append((held.key, name))
        return msgspec.structs.replace(action, spares=spares)

    # -- values -----------------------------------------------------------------------------------

    def _who_reads(self, kind: str, audience: str) -> frozenset[str]:
        """The fields that say who reads an object. An owner is one only of what nobody may read."""
        names = access_of(self._target.planner, kind)
        return names if audience == IMPORTER else names - self._fields.get(kind, {}).keys()

    def _field(self, wanted: Wanted, name: str) -> Field:
        return self._fields.get(wanted.kind, {}).get(name, Field())

    def _as_read(self, action: Action, name: str) -> list[Any]:
        """What a field would read back as if it were sent, alone in a list; empty if something that
        it refers to is not there."""
        one = msgspec.structs.replace(action, fields=(name,))
        step = Step(kind=f"{action.wanted.kind}.update", actions=(one,))
        if self._closer is None:
            target = self._target
            self._closer = Closer(target.places, target.sink.link, target.moves, target.seals.of)
        try:
            closed: ClosedStep = self._closer.step(step, action.wanted.issue, {})
        except Refused:
            return []
        stored = self._target.sink.stored(closed).get(action.wanted.key, {})
        return [stored.get(name, closed.actions[0].fields[name])]

    def _value(self, action: Action, name: str) -> Any:
        """What the source says, for a note."""
        value = action.wanted.fields[name]
        if isinstance(value, Text):
            return value
        ours = self._as_read(action, name)
        if not ours:
            raise Refused(f"hangs on something that is not at the target: {name}")
        return ours[0]

    def _say(
        self,
        issue: Issue,
        wanted: Wanted,
        name: str,
        said: tuple[Any, str, str],
        held: Mapping[Key, Held],
        decided: Decided,
    ) -> None:
        """Have a note written, once. said: the value, whose it is, and its digest."""
        value, says, mark = said
        key = note_key(issue.key, wanted.key, name, says, mark)
        if key in held:
            return
        if self._field(wanted, name).holds == "id":
            value = self._in_words(wanted.kind, name, value)
        note = Note(
            key=key,
            about=wanted,
            field=name,
            says="source" if says == "source" else "target",
            value=value,
        )
        planner = self._target.planner
        assert isinstance(planner, KeepsBoth), "the settings were checked"
        made = planner.note(note, issue, self._target.decisions)
        decided.notes.append(Action(op="create", wanted=made, fields=tuple(made.fields)))

    def _in_words(self, kind: str, name: str, value: Any) -> str:
        sink = self._target.sink
        if isinstance(sink, TellsValues):
            return sink.in_words(kind, name, value)
        return "" if value is None else str(value)


def _tells(recalled: Mapping[Key, Mapping[str, Any]], actions: Sequence[Action]) -> bool:
    return all(
        set(one.fields) <= recalled.get(one.wanted.key, {}).keys()
        for one in actions
        if one.op == "update"
    )


def reopen(target: Target) -> None:
    """Have the objects compared anew about whose fields the settings say something else by now than
    was done."""
    ledger = target.ledger
    known = [one for one in ledger.met.all() if one.policy in WORDS.values()]
    held, edits = ledger.held([one.key for one in known]), Edits(target)
    told = {(one.key, one.field): edits.told(held.get(one.key), one.field) for one in known}
    met = {(one.key, one.field): one.policy for one in known}
    ledger.met.reopen({at: policy for at, policy in told.items() if met[at] != policy})


def outdated(issue: Key, wanted: Iterable[Wanted], held: Mapping[Key, Held]) -> list[Key]:
    """The notes of what the source said of an issue when not everybody could read it, and that it
    says no more."""
    current = {
        note_key(issue, one.key, name, "source", mark)
        for planned in wanted
        for one in [as_it_stands(planned, held.get(planned.key))]
        for name, mark in open_digests(one).items()
    }
    return [
        key
        for key, one in held.items()
        if is_source_note(key) and one.audience != "public" and key not in current
    ]
