"""The model's bugs at the Launchpad stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.end_to_end.marked_bugs import HALF, PROJECT, MarkedBugs
from tests.state_machine.truth import EMBARGOED, Bug, Said
from tracker_migrate.backends.launchpad.standin.privacy import grant
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.targets import target_names, task_sort

_BEGAN = datetime(2020, 1, 2, tzinfo=UTC)
_SERIES = f"{PROJECT}/1.x"


class LaunchpadHome:
    """Makes bugs at a stand-in what the model says. Made once; `begin` brings its start back."""

    def __init__(self, launchpad: LaunchpadStandIn) -> None:
        self.launchpad, self.store = launchpad, launchpad.store
        self._made = MarkedBugs(launchpad)
        self._filer = self._made.cast.owner
        self._data = self.store.db.serialize()
        self._moment = _BEGAN

    def begin(self) -> None:
        """There is no bug."""
        with self.launchpad.lock:
            self.store.db.deserialize(self._data)
        self._moment = _BEGAN

    def _now(self) -> str:
        self._moment += timedelta(minutes=7, microseconds=11)
        return self._moment.isoformat()

    def put(self, bug: Bug, *, moves: bool) -> None:
        """Write a bug; its date moves only if it is said."""
        with self.launchpad.lock, self.store.transaction():
            held = self.store.bug(bug.number)
            self._bug(bug, held.data if held else None, moves)
            self._tasks(bug)
            self._messages(bug)

    def _bug(self, bug: Bug, held: Any, moves: bool) -> None:
        before = held or {"date_created": self._now(), "owner_link": self._filer}
        refers = "".join(f" see bug #{number}." for number in bug.refers)
        duplicate = f"bugs/{bug.same_as}" if bug.same_as else None
        said = {
            "title": f"Lamp {bug.title} is dark",
            "description": f"It goes wrong, {bug.text}.{refers}",
            "information_type": "Embargoed" if bug.info == EMBARGOED else bug.info,
            "tags": sorted(bug.tags), "duplicate_of_link": duplicate,
            "message_count": len(bug.comments) + 1,
        }  # fmt: skip
        if moves or held is None:
            said["date_last_updated"] = self._now()
        self.store.put_bug(bug.number, {**before, **said})
        if held is None:
            self.store.set_home(bug.number, PROJECT)
            grant(self.store, bug.number, self._filer)
            self._subscribe(bug.number)

    def _subscribe(self, number: int) -> None:
        path = f"bugs/{number}/+subscription/{HALF}"
        values = {"date_created": self._now(), "subscribed_by_link": self._filer}
        self.store.put_item("bug_subscription", path, values, number)
        grant(self.store, number, self._made.half)

    def _tasks(self, bug: Bug) -> None:
        for target in (PROJECT, _SERIES)[: bug.tasks]:
            shown = target_names(self.store, target)
            held = self.store.task(bug.number, target)
            task = {
                "owner_link": self._filer, "date_created": self._now(), "importance": "High",
                **(held.data if held else {}),
                "status": "Fix Released" if bug.done else "Confirmed",
                "bug_target_display_name": shown[0], "bug_target_name": shown[1],
            }  # fmt: skip
            self.store.put_task(bug.number, target, task, task_sort(self.store, target))

    def _messages(self, bug: Bug) -> None:
        filed = Said(0, [bug.texts[0]])
        for said in (filed, *bug.comments):
            held = self.store.message(bug.number, said.index)
            text = f"It goes wrong, {said.text}." if said is filed else f"So it is: {said.text}."
            values = {
                "owner_link": self._filer, "date_created": self._now(), "subject": "Re: it",
                **(held.data if held else {}), "content": text, "visible": not said.hidden,
            }  # fmt: skip
            if held is not None and held.data["content"] != text:
                values["date_last_edited"] = self._now()
            self.store.put_message(bug.number, said.index, values)

    def drop(self, number: int) -> None:
        """Remove a bug for good."""
        with self.launchpad.lock:
            for table in ("bug", "task", "message", "activity", "tag", "access"):
                name = "id" if table == "bug" else "bug"
                self.store.db.execute(f"DELETE FROM {table} WHERE {name}=?", (number,))
            self.store.db.execute("DELETE FROM item WHERE bug=?", (number,))
