"""Blueprints of a made-up project: work items, dependencies, linked bugs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tracker_migrate.backends.launchpad.standin.made_bugs import EPOCH, chosen
from tracker_migrate.backends.launchpad.standin.made_people import Cast
from tracker_migrate.backends.launchpad.standin.made_project import Scene
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.words import THINGS, VERBS
from tracker_migrate.backends.launchpad.standin.writer import Writer

_DEFINITIONS = ((0.45, "Approved"), (0.6, "New"), (0.7, "Drafting"), (0.78, "Review"),
                (0.84, "Discussion"), (0.88, "Pending Approval"), (0.95, "Obsolete"),
                (1, "Superseded"))  # fmt: skip
_PROGRESS = ((0.4, "Implemented"), (0.6, "Unknown"), (0.7, "Started"), (0.78, "Good progress"),
             (0.84, "Needs Code Review"), (0.9, "Not started"), (0.94, "Blocked"),
             (0.97, "Deferred"), (1, "Slow progress"))  # fmt: skip
_PRIORITIES = ((0.4, "Undefined"), (0.6, "Medium"), (0.75, "High"), (0.9, "Low"),
               (0.96, "Essential"), (1, "Not"))  # fmt: skip
_ITEMS = ((0.1, 0), (0.5, 3), (0.9, 7), (0.98, 12), (1, 36))
_STATES = ("TODO", "DONE", "DONE", "INPROGRESS", "POSTPONED", "BLOCKED")


def make_blueprints(
    store: Store, writer: Writer, cast: Cast, scene: Scene, count: int, bugs: Iterable[int]
) -> None:
    """Make `count` blueprints; some depend on earlier ones, some are linked to these bugs."""
    numbers = list(bugs)
    made: list[str] = []
    for number in range(count):
        path = _make(store, writer, cast, scene, number)
        if made and writer.random() < 0.25:
            store.relate("dependencies", path, writer.pick(made))
        if numbers and writer.random() < 0.3:
            for bug in {writer.pick(numbers) for _ in range(2)}:
                store.relate("specs", f"bugs/{bug}", path)
        made.append(path)


def _make(store: Store, writer: Writer, cast: Cast, scene: Scene, number: int) -> str:
    thing = writer.pick(THINGS)
    name = f"{thing.replace(' ', '-')}-{writer.pick(VERBS)}-{number}"
    path = f"{scene.project}/+spec/{name}"
    created = EPOCH + timedelta(days=40 * number, microseconds=number + 1)
    values: dict[str, Any] = {
        "name": name, "title": f"{thing.capitalize()} {writer.pick(VERBS)} by itself",
        "summary": writer.prose(writer.among(((0, 20), (0.5, 248), (0.9, 625), (1, 4000)))),
        "definition_status": chosen(writer, _DEFINITIONS), "owner_link": writer.pick(cast.core),
        "implementation_status": chosen(writer, _PROGRESS), "priority": chosen(writer, _PRIORITIES),
        "date_created": created.isoformat(), "workitems_text": _work_items(writer, cast, scene),
    }  # fmt: skip
    _people(values, writer, cast)
    _milestones(store, values, path, writer, scene)
    _progress(values, created.isoformat())
    store.put_item("specification", path, values, None, scene.project)
    return path


def _people(values: dict[str, Any], writer: Writer, cast: Cast) -> None:
    for role, share in (("assignee", 0.7), ("drafter", 0.6), ("approver", 0.4)):
        if writer.random() < share:
            values[f"{role}_link"] = writer.pick(cast.core)
    if writer.random() < 0.35:
        values["specification_url"] = f"https://specs.example.org/{values['name']}"
    if writer.random() < 0.5:
        values["whiteboard"] = writer.prose(300)
    if writer.random() < 0.1:
        values["whiteboard"] = writer.odd()


def _milestones(
    store: Store, values: dict[str, Any], path: str, writer: Writer, scene: Scene
) -> None:
    if writer.random() < 0.4:
        values["milestone_link"] = writer.pick(scene.milestones)
    if writer.random() < 0.5:
        values["has_accepted_goal"] = True
        values["direction_approved"] = True
        store.relate("goal", writer.pick(scene.series), path)


def _progress(values: dict[str, Any], created: str) -> None:
    if values["implementation_status"] not in ("Unknown", "Not started", "Deferred"):
        values.update(starter_link=values["owner_link"], date_started=created)
    done = values["implementation_status"] == "Implemented"
    if done or values["definition_status"] in ("Obsolete", "Superseded"):
        values.update(completer_link=values["owner_link"], date_completed=created)


def _work_items(writer: Writer, cast: Cast, scene: Scene) -> str:
    lines = []
    wanted = writer.among(_ITEMS)
    for number in range(wanted):
        if number == 0:
            lines.append("Work items:")
        elif number == 4:
            milestone = writer.pick(scene.milestones).rpartition("/")[2]
            lines += ["", f"Work items for {milestone}:"]
        who = f"[{writer.pick(cast.core)[1:]}] " if writer.random() < 0.5 else ""
        lines.append(f"{who}{writer.sentence()}: {writer.pick(_STATES)}")
    return "\n".join(lines)
