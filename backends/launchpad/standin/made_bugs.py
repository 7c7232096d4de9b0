"""The bugs of a made-up project: one after the other, each a small story with dates."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker_migrate.backends.launchpad.standin.derived import CLOSED, PUBLIC_TYPES
from tracker_migrate.backends.launchpad.standin.made_people import Cast
from tracker_migrate.backends.launchpad.standin.made_project import Scene
from tracker_migrate.backends.launchpad.standin.made_talk import Talk
from tracker_migrate.backends.launchpad.standin.privacy import grant
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.targets import target_names, task_sort
from tracker_migrate.backends.launchpad.standin.words import TAGS
from tracker_migrate.backends.launchpad.standin.writer import TAG_COUNT, Writer

_STATUSES = (
    (0.57, "Fix Released"), (0.77, "Invalid"), (0.81, "Expired"), (0.85, "Won't Fix"),
    (0.885, "Opinion"), (0.925, "Confirmed"), (0.955, "In Progress"), (0.965, "Incomplete"),
    (0.975, "Triaged"), (0.99, "New"), (0.997, "Fix Committed"), (1, "Deferred"),
)  # fmt: skip
_IMPORTANCES = (
    (0.392, "Undecided"), (0.601, "Medium"), (0.768, "Low"), (0.909, "High"), (0.978, "Wishlist"),
    (1, "Critical"),
)  # fmt: skip
_ASSIGNED = {"Fix Released": 0.93, "In Progress": 0.93, "Fix Committed": 0.9, "Invalid": 0.24,
             "Confirmed": 0.06, "Expired": 0.0}  # fmt: skip
_PLANNED = ("Fix Released", "In Progress", "Triaged")
_PRIVATE_TYPES = ((0.4, "Private"), (0.75, "Private Security"), (0.95, "Proprietary"),
                  (1, "Embargoed"))  # fmt: skip
#: which dates a task has, by the status it is in
_PASSED = {
    "Confirmed": ("confirmed",), "Triaged": ("confirmed", "triaged"), "Deferred": ("deferred",),
    "Incomplete": ("incomplete",), "In Progress": ("confirmed", "triaged", "in_progress"),
    "Fix Committed": ("confirmed", "triaged", "in_progress", "fix_committed"),
    "Fix Released": ("confirmed", "triaged", "in_progress", "fix_committed", "fix_released"),
}  # fmt: skip
EPOCH = datetime(2012, 3, 4, 5, 6, 7, tzinfo=UTC)


def chosen(writer: Writer, curve: tuple[tuple[float, str], ...]) -> str:
    """A word drawn from steps of (share up to, word)."""
    x = writer.random()
    return next(word for share, word in curve if x <= share)


class BugMaker:
    """Makes bugs in the order of their numbers; remembers only the last few."""

    def __init__(
        self, store: Store, writer: Writer, cast: Cast, scene: Scene, private: float, total: int
    ) -> None:
        self.store, self.writer, self.cast, self.scene = store, writer, cast, scene
        self.private = private
        self.pace = timedelta(days=4000) / max(total, 1)
        self.moment = EPOCH
        self.recent: deque[int] = deque(maxlen=200)
        self.masters: deque[int] = deque(maxlen=50)
        self.names: dict[str, tuple[str, str, str]] = {}

    def make(self, number: int) -> int:
        """Make one bug with a number of at least `number`; the number it got."""
        writer = self.writer
        number += int(writer.random() * 12) if writer.random() < 0.4 else 0
        self.moment += self.pace * (0.2 + 1.6 * writer.random())
        bug = self._facts(number)
        self.store.put_bug(number, bug)
        self.store.set_home(number, self.scene.project)
        talk = Talk(self.store, writer, self.cast, self.scene, number, bug, self.moment)
        tasks = self._tasks(number, bug, talk)
        talk.tell(tasks[0])
        self._finish(number, bug, talk)
        self.recent.append(number)
        writer.numbers = list(self.recent) if len(self.recent) < 50 else writer.numbers
        if len(self.recent) >= 50 and number % 50 == 0:
            writer.numbers = list(self.recent)
        return number

    # -- the bug -------------------------------------------------------------------------------

    def _facts(self, number: int) -> dict[str, Any]:
        writer = self.writer
        title = writer.title()
        reporter = writer.pick(self.cast.people)
        info = "Public"
        if writer.random() < self.private:
            info = chosen(writer, _PRIVATE_TYPES)
        elif writer.random() < 0.012:
            info = "Public Security"
        bug: dict[str, Any] = {
            "title": title, "description": writer.description(), "owner_link": reporter,
            "information_type": info, "tags": self._tags(), "date_created": stamp(self.moment),
            "heat": 6, "message_count": 1,
        }  # fmt: skip
        if info not in PUBLIC_TYPES:
            bug["date_made_private"] = stamp(self.moment)
            bug["who_made_private_link"] = reporter
        if writer.random() < 0.003:
            bug["name"] = f"nick-{number}"
        if writer.random() < 0.01:
            bug.update(lock_status="Comment-only", lock_reason="Too heated.")
        return bug

    def _tags(self) -> list[str]:
        wanted = self.writer.step(TAG_COUNT)
        return sorted({self.writer.pick(TAGS) for _ in range(wanted)})

    # -- tasks ---------------------------------------------------------------------------------

    def _tasks(self, number: int, bug: dict[str, Any], talk: Talk) -> list[dict[str, Any]]:
        status = chosen(self.writer, _STATUSES)
        tasks = [self._task(number, bug, talk, self.scene.project, status)]
        for target in self._other_targets(bug):
            same = self.writer.random() < 0.5
            other = status if same else chosen(self.writer, _STATUSES)
            tasks.append(self._task(number, bug, talk, target, other))
        return tasks

    def _other_targets(self, bug: dict[str, Any]) -> list[str]:
        x, scene, pick = self.writer.random(), self.scene, self.writer.pick
        proprietary = bug["information_type"] in ("Proprietary", "Embargoed")
        found: list[str] = []
        if x < 0.08 and not proprietary:
            found.append(pick(scene.others))
        if 0.05 < x < 0.16:
            found += sorted({pick(scene.series) for _ in range(2)})
        if scene.package and x > 0.88 and not proprietary:
            found.append(scene.package)
        if x < 0.003 and not proprietary:
            found = [*scene.others, *scene.series[1:]]
        return found

    def _task(
        self, number: int, bug: dict[str, Any], talk: Talk, target: str, status: str
    ) -> dict[str, Any]:
        writer, shown = self.writer, self._named(target)
        start = self.moment
        if target != self.scene.project or writer.random() < 0.055:
            start += timedelta(hours=1 + 200 * writer.random())
        task: dict[str, Any] = {
            "status": status, "importance": chosen(writer, _IMPORTANCES),
            "owner_link": bug["owner_link"], "date_created": stamp(start),
            "bug_target_display_name": shown[0], "bug_target_name": shown[1],
        }  # fmt: skip
        task.update(self._dates(status, start))
        if writer.random() < _ASSIGNED.get(status, 0.3):
            task["assignee_link"] = writer.pick(self.cast.core)
            task["date_assigned"] = stamp(start + timedelta(hours=30 * writer.random()))
        planned = target == self.scene.project and status in _PLANNED
        if planned and writer.random() < 0.4:
            task["milestone_link"] = writer.pick(self.scene.milestones)
        self.store.put_task(number, target, task, shown[2])
        talk.task(target, task)
        return task

    def _named(self, target: str) -> tuple[str, str, str]:
        known = self.names.get(target)
        if known is None:
            known = (*target_names(self.store, target), task_sort(self.store, target))
            self.names[target] = known
        return known

    def _dates(self, status: str, start: datetime) -> dict[str, str]:
        dates: dict[str, str] = {}
        moment = start
        for name in _PASSED.get(status, ()):
            moment += timedelta(days=20 * self.writer.random(), microseconds=1)
            dates[f"date_{name}"] = stamp(moment)
        if status != "New":
            dates["date_left_new"] = min(dates.values(), default=stamp(moment))
        if status in CLOSED:
            moment += timedelta(days=60 * self.writer.random())
            dates["date_closed"] = dates.get("date_fix_released", stamp(moment))
        return dates

    # -- what hangs on other bugs -----------------------------------------------------------------

    def _finish(self, number: int, bug: dict[str, Any], talk: Talk) -> None:
        writer = self.writer
        if self.masters and writer.random() < 0.05:
            self._make_duplicate(bug, writer.pick(tuple(self.masters)), talk)
        elif bug["information_type"] == "Public":
            self.masters.append(number)
        bug["date_last_updated"] = talk.updated()
        bug["date_last_message"] = talk.last_message
        bug["message_count"] = talk.count
        self.store.put_bug(number, bug)
        if bug["information_type"] not in PUBLIC_TYPES:
            grant(self.store, number, bug["owner_link"])
            for person in talk.subscribers:
                grant(self.store, number, person)

    def _make_duplicate(self, bug: dict[str, Any], master: int, talk: Talk) -> None:
        bug["duplicate_of_link"] = f"bugs/{master}"
        talk.note("marked as duplicate", None, str(master))
        self.store.db.execute(
            "UPDATE bug SET duplicates=duplicates+1, data=json_set(data, '$.number_of_duplicates', "
            "duplicates+1) WHERE id=?", (master,),
        )  # fmt: skip


def stamp(moment: datetime) -> str:
    """A moment as the wire has it."""
    return moment.isoformat()
