"""People's work is kept: what somebody changed at the target is not overwritten by an update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from tracker_migrate.digest import short
from tracker_migrate.engine.diff import open_digest, open_digests
from tracker_migrate.errors import Gone, ObjectError, Refused
from tracker_migrate.interfaces import Action, Kind, Pointer, Sink, Wanted
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held, Ledger, places

#: what is done about a field that was changed on both sides
POLICY = "target wins"
#: why nothing is written of an issue that is not at the target any more
REMOVED = "somebody removed it at the target; it is not made again"


class Edits:
    """Looks at the target right before an update, and takes out what somebody else changed."""

    def __init__(self, sink: Sink, ledger: Ledger, kinds: Mapping[str, Kind]) -> None:
        self._sink = sink
        self._ledger = ledger
        self._kinds = kinds

    def spared(
        self, actions: Sequence[Action], held: Mapping[Key, Held]
    ) -> tuple[list[Action], list[tuple[Key, str]]]:
        """The actions without the fields that people changed, and those fields.

        Raises Refused if the whole issue was removed at the target: it is not made again.
        """
        if not any(action.op == "update" for action in actions):
            return list(actions), []
        there = self._read(held)
        left: list[Action] = []
        kept: list[tuple[Key, str]] = []
        for action in actions:
            if action.op == "create":
                left.append(action)
                continue
            key = action.wanted.key
            if key not in there:
                self._ledger.set_gone([key])
                continue
            edited = self._edited(action, held[key], there[key])
            agreed = [n for n in edited if action.wanted.fields[n] == there[key][n]]
            self._agree(action.wanted, agreed)
            kept += [(key, name) for name in edited if name not in agreed]
            fields = tuple(name for name in action.fields if name not in edited)
            if fields:
                left.append(msgspec.structs.replace(action, fields=fields))
            else:
                self._ledger.accept(key, open_digest(action.wanted))
        for key, name in kept:
            self._ledger.add_conflict(key, name, POLICY)
        return left, kept

    def _agree(self, wanted: Wanted, names: Sequence[str]) -> None:
        """Where somebody has made of a field what is wanted by now, there is no conflict: it counts
        as sent, so that what is made of it after that is told from ours."""
        marks = open_digests(wanted) if names else {}
        agreed = {name: (marks[name], short(wanted.fields[name])) for name in names}
        if agreed:
            self._ledger.agree(wanted.key, agreed)

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
            return {key: seen.fields for key, seen in self._sink.read(refs).objects.items()}
        except Gone:
            self._ledger.set_gone(list(refs))
            raise Refused(REMOVED) from None

    def _edited(self, action: Action, held: Held, now: Mapping[str, Any]) -> list[str]:
        """The fields whose value at the target is not the one that we sent.

        A list is left to the sink, which sends differences: what others added to it stays.
        """
        edited = []
        for name in action.fields:
            sent = held.fields.get(name, ("", ""))[1]
            if name not in now or not sent or isinstance(now[name], list):
                continue
            if isinstance(action.wanted.fields[name], Pointer) or short(now[name]) == sent:
                continue
            edited.append(name)
        return edited
