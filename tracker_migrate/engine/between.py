"""What somebody changed in the moment between our look at an object and our change of it.

No target changes a field only if it is still what was seen, so that an edit may fall between. By
its history that is seen afterwards: where it tells what was written, that is put back, or kept in a
comment, as the policy of the field says; where it does not, it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tracker_migrate.abilities import Between, Recalls, SeesBetween
from tracker_migrate.engine.edits import Decided, Edit, Edits
from tracker_migrate.engine.steps import Steps
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Action, RemoteRef
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held
from tracker_migrate.workspace.policies import ACCESS, WORDS

#: of what was written over unseen, if nobody can say what it was
UNSEEN = "changed by somebody while it was written: what they wrote is not known"


class Moment(msgspec.Struct, frozen=True):
    """Where the history of the objects of an issue stood. refs: kind and place of each."""

    refs: dict[Key, tuple[str, RemoteRef]]
    mark: dict[str, Any]


class Meanwhile:
    """Looks after the updates of one target's issues. steps: sends what is put back."""

    def __init__(self, target: Target, edits: Edits, steps: Steps) -> None:
        self._target = target
        self._edits = edits
        self._steps = steps

    def begin(self, actions: Sequence[Action]) -> Moment | None:
        """Where the history of what is to be updated stands; None if nothing is, or the target
        keeps none."""
        sink = self._target.sink
        refs = {
            one.wanted.key: (one.wanted.kind, one.at)
            for one in actions
            if one.op == "update" and one.at is not None
        }
        if not refs or not isinstance(sink, SeesBetween):
            return None
        return Moment(refs, sink.moment(refs))

    def recalled(self, moment: Moment | None) -> Mapping[Key, Mapping[str, Any]]:
        """What the fields of these objects are by the history that was looked at."""
        sink = self._target.sink
        if moment is None or not isinstance(sink, Recalls):
            return {}
        return sink.recalled(moment.refs, moment.mark)

    def end(
        self, issue: Issue, moment: Moment | None, done: Decided, held: Mapping[Key, Held]
    ) -> list[tuple[Key, str]]:
        """The fields that somebody changed since then and that we wrote over, all told or put back.
        done: what was sent. Raises ObjectError, and what stops a run."""
        sent = {one.wanted.key: one for one in done.actions if one.op == "update"}
        sink = self._target.sink
        if moment is None or not sent or not isinstance(sink, SeesBetween):
            return []
        refs = {key: at for key, at in moment.refs.items() if key in sent}
        found = sink.between(refs, moment.mark)
        raced: list[tuple[Key, str]] = []
        for key, action in sent.items():
            raced += self._of_one(issue, action, [one for one in found if one.key == key], held)
        return raced

    def _of_one(
        self,
        issue: Issue,
        action: Action,
        found: Sequence[Between],
        held: Mapping[Key, Held],
    ) -> list[tuple[Key, str]]:
        last = {name: (one, one.fields[name]) for one in found for name in one.fields}
        over = [
            Edit(key=action.wanted.key, field=name, theirs=value)
            for name, (one, value) in last.items()
            if one.over and name in action.fields and not isinstance(value, list)
        ]
        raced = self._edits.raced(action, over)
        back = Decided()
        for edit, conflict in raced:
            if conflict.policy == ACCESS:
                continue
            self._edits.say_both(issue, action, edit, conflict, held, back)
            if conflict.policy != WORDS["source"]:
                back.actions.append(_put_back(action, edit))
                back.conflicts.append(conflict)
        self._steps.carry_out(back.notes)
        # it is known as theirs before it is ours again: who is killed now leaves it so
        self._target.ledger.met.note(back.conflicts)
        for one in back.actions:
            self._steps.carry_out([one])
        if back.actions:
            self._edits.settle(Decided(declined=[action.wanted], conflicts=back.conflicts))
        untold = self._untold(action, found) if any(o.untold and o.over for o in found) else []
        return [(edit.key, edit.field) for edit, _conflict in raced] + untold

    def _untold(self, action: Action, found: Sequence[Between]) -> list[tuple[Key, str]]:
        """The fields of which the history does not say what they were, and that we wrote."""
        told = {name for one in found for name in one.fields}
        names = [n for n in self._edits.forgotten(action) if n not in told]
        self._edits.tell(action, names, UNSEEN)
        return [(action.wanted.key, name) for name in names]


def _put_back(action: Action, edit: Edit) -> Action:
    """What somebody wrote, as it was."""
    wanted = action.wanted
    fields = {**wanted.fields, edit.field: edit.theirs}
    changed = msgspec.structs.replace(wanted, fields=fields)
    return msgspec.structs.replace(action, wanted=changed, fields=(edit.field,), spares={})
