"""Comparing an issue as it stands at the target with what the ledger says was sent, and noting what
somebody else made of it: at once, though nothing is to be written there."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_migrate.abilities import TakesBack
from tracker_migrate.digest import short
from tracker_migrate.engine.aside import Aside
from tracker_migrate.engine.edits import REMOVED, Edit, Edits, Met, edited
from tracker_migrate.engine.events import Listen
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Event, Snapshot
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held, places


class Noticing:
    """Notes what people did at one target."""

    def __init__(self, target: Target, listen: Listen) -> None:
        self._target = target
        self._ledger = target.ledger
        self._kinds = target.planner.kinds
        self._listen = listen
        self._aside = Aside(target)
        self._edits = Edits(target)
        sink = target.sink
        self._unminded = sink.unminded if isinstance(sink, TakesBack) else frozenset()

    def removed(self, issue: Key, held: Mapping[Key, Held]) -> bool:
        """Note that an issue is not at the target any more. It is not made again, and told until
        somebody decides."""
        self._ledger.set_gone(list(places(held, self._kinds)))
        if self._target.archive.digest(issue):
            self._aside.add(issue, REMOVED)
        self._say("aside", issue, REMOVED)
        return True

    def compare(self, issue: Key, held: Mapping[Key, Held], seen: Snapshot) -> tuple[int, int]:
        """Note which fields are somebody's edits by now, and which are so no more; returns how many
        are new of each. An object that is not there any more is noted as gone."""
        ours = {key: one for key, one in held.items() if self._is_compared(one)}
        self._ledger.set_gone(key for key in ours if key not in seen.objects)
        met = self._ledger.met.of(list(held))
        edits = [
            edit
            for key, one in ours.items()
            if key in seen.objects
            for edit in edited(one, seen.objects[key].fields, met)
        ]
        fresh = [one for one in edits if self._is_new(one, met)]
        found = self._edits.keep(issue, edits)
        for one in fresh:
            self._say("kept", one.key, one.field)
        return found

    def _is_new(self, edit: Edit, met: Met) -> bool:
        known = met.get((edit.key, edit.field))
        return known is None or known.theirs != short(edit.theirs)

    def _is_compared(self, one: Held) -> bool:
        """Joined objects were never ours to compare; what follows from somebody's own choice, such
        as who follows a task, is theirs to say."""
        shared = self._kinds[one.kind].phase == 0
        return one.state == "there" and not shared and one.kind not in self._unminded

    def _say(self, name: str, key: Key, detail: str) -> None:
        self._listen(Event(name=name, target=self._target.name, key=key, detail=detail))
