"""PATCH: which fields of which kind may be written, and what a write of them does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.launchpad.standin.changing import BugChange, shown_person
from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.derived import lifecycle
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal, not_found, unauthorized
from tracker_migrate.backends.launchpad.standin.fields import WRITABLE, fields_of, names_of
from tracker_migrate.backends.launchpad.standin.privacy import drives, moderates, supervises
from tracker_migrate.backends.launchpad.standin.renaming import rename
from tracker_migrate.backends.launchpad.standin.statuses import STATUSES, set_assignee, set_status
from tracker_migrate.backends.launchpad.standin.targets import target_names, task_sort

_TAG = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_SUPERVISED = frozenset({"Won't Fix", "Deferred", "Expired", "Triaged", "Does Not Exist"})
#: only bug supervisors may take these away
_KEPT = frozenset({"Won't Fix", "Deferred", "Does Not Exist"})


def patch(ctx: Context, entry: Entry, changes: dict[str, Any]) -> Entry:
    """Apply a PATCH; the entry as it is now (its path may be another)."""
    known = set(names_of(entry.kind))
    writable = WRITABLE.get(entry.kind, frozenset())
    for name in sorted(changes):
        if name not in known:
            raise Refusal(400, f"{name}: You tried to modify a nonexistent attribute.")
        if name not in writable:
            raise Refusal(400, f"{name}: You tried to modify a read-only attribute.")
    _check_right(ctx, entry, changes)
    values = {name: _stored(ctx, name, value) for name, value in changes.items()}
    return _PATCHES.get(entry.kind, _plain)(ctx, entry, values)


def _stored(ctx: Context, name: str, value: Any) -> Any:
    return ctx.view.path(value) if name.endswith("_link") and isinstance(value, str) else value


def _check_right(ctx: Context, entry: Entry, changes: dict[str, Any]) -> None:
    name = min(changes, default="")
    if not ctx.view.writes:
        raise unauthorized(entry, name, "launchpad.Edit")
    if entry.kind in ("project", "milestone", "project_series"):
        pillar = ctx.store.item(entry.path.split("/")[0])
        if pillar is None or not drives(ctx.store, ctx.view, pillar):
            raise unauthorized(entry, name, "launchpad.Edit")
    if entry.kind == "person" and not (ctx.view.admin or ctx.view.person == entry.path):
        raise unauthorized(entry, name, "launchpad.Edit")


def _changed(entry: Entry, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What really changes: name to old and new value."""
    defaults = {field.name: field.default for field in fields_of(entry.kind)}
    pairs = {n: (entry.get(n, defaults.get(n)), v) for n, v in values.items()}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


# -- bugs ----------------------------------------------------------------------------------------


def _patch_bug(ctx: Context, bug: Entry, values: dict[str, Any]) -> Entry:
    change = BugChange(ctx, bug)
    if "tags" in values:
        values["tags"] = _tags(values["tags"])
    if _changed(bug, values):
        _check_lock(ctx, change, bug, min(values))
    if isinstance(values.get("description"), str):
        values["description"] = values["description"].strip()
    for name, (old, new) in _changed(bug, values).items():
        _BUG_FIELDS[name](change, old, new)
        change.data[name] = new
        change.bump()
    change.save()
    return change.entry()


def _tags(given: Any) -> list[str]:
    tags = sorted({str(tag) for tag in given or ()})
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise Refusal(400, f"tags: ([ConstraintNotSatisfied({tag!r}, '')], 'tags')")
    return tags


def _check_lock(ctx: Context, change: BugChange, entry: Entry, name: str) -> None:
    """Of a locked bug only those whom its projects trust may change anything (EditBug [S])."""
    locked = change.data.get("lock_status", "Unlocked") != "Unlocked"
    if locked and not moderates(ctx.store, ctx.view, change.entry()):
        raise unauthorized(entry, name, "launchpad.Edit")


def _note_as(what: str) -> Callable[[BugChange, Any, Any], None]:
    return lambda change, old, new: change.note(what, old, new)


def _note_tags(change: BugChange, old: Any, new: Any) -> None:
    change.note("tags", " ".join(sorted(old or ())), " ".join(new))


def _duplicate(change: BugChange, old: Any, new: Any) -> None:
    """Only the bug's own mark moves its date; the master just counts (changes 29 to 33)."""
    old_number, new_number = (link.rpartition("/")[2] if link else None for link in (old, new))
    if new is not None:
        _check_master(change, new)
    what = "changed duplicate marker" if old and new else (
        "marked as duplicate" if new else "removed duplicate marker")  # fmt: skip
    change.note(what, old_number, new_number)
    change.store.put_bug(change.number, {**change.data, "duplicate_of_link": new})
    for link, step in ((old, -1), (new, 1)):
        if link is not None:
            _count(change.ctx, int(link.rpartition("/")[2]), step)


def _check_master(change: BugChange, link: str) -> None:
    master = change.ctx.find(link)
    if master is None:
        raise Refusal(400, f'duplicate_of_link: No such object "{change.ctx.link(link)}".')
    other = master.get("duplicate_of_link")
    if other:
        raise Refusal(400, (
            f"duplicate_of_link: \nBug {master.bug} is already a duplicate of bug "
            f"{other.rpartition('/')[2]}. You\ncan only mark a bug report as duplicate of one that"
            "\nisn&#x27;t a duplicate itself.\n"
        ))  # fmt: skip


def _count(ctx: Context, number: int, step: int) -> None:
    master = BugChange.of(ctx, number)
    master.data["number_of_duplicates"] = int(master.data.get("number_of_duplicates", 0)) + step
    master.save()


_BUG_FIELDS: dict[str, Callable[[BugChange, Any, Any], None]] = {
    "title": _note_as("summary"),
    "description": _note_as("description"),
    "tags": _note_tags,
    "duplicate_of_link": _duplicate,
    "name": _note_as("name"),
}

# -- tasks ---------------------------------------------------------------------------------------


def _patch_task(ctx: Context, task: Entry, values: dict[str, Any]) -> Entry:
    change = BugChange.of(ctx, task.bug)
    values.setdefault("target_link", task.path.rpartition("/+bug/")[0])
    target = values.pop("target_link")
    if target != task.path.rpartition("/+bug/")[0]:
        task = _retarget(ctx, change, task, target)
    changed = _changed(task, values)
    if changed:
        _check_lock(ctx, change, task, "transitionToStatus" if "status" in changed else "task")
    if "status" in changed:
        _check_status(ctx, task, *changed["status"])
    for entry in (task, *_conjoined(ctx, task)):
        _apply(ctx, change, entry, values, noted=entry is task)
    if changed:
        change.bump()
        change.save()
    return ctx.store.task(task.bug or 0, task.path.rpartition("/+bug/")[0]) or task


def _check_status(ctx: Context, task: Entry, old: Any, new: Any) -> None:
    """Which statuses there are, and which only bug supervisors may give or take (running server,
    and canTransitionToStatus [S])."""
    if new not in STATUSES:
        raise Refusal(400, f'status: Invalid value "{new}". Acceptable values are: ...')
    pillar = ctx.store.item(task.path.split("/")[0])
    if pillar is None or supervises(ctx.store, ctx.view, pillar):
        return
    if new in _SUPERVISED or old in _KEPT:
        raise Refusal(401, f"Only Bug Supervisors may change status to {new}.")


def _conjoined(ctx: Context, task: Entry) -> list[Entry]:
    """The task of the development focus and the project's show the same values, always."""
    target = task.path.rpartition("/+bug/")[0]
    pillar = ctx.store.item(target.split("/")[0])
    focus = pillar.get("development_focus_link") if pillar else None
    other = {target.split("/")[0]: focus, focus: target.split("/")[0]}.get(target)
    twin = ctx.store.task(task.bug or 0, other) if other else None
    return [twin] if twin is not None else []


def _apply(
    ctx: Context, change: BugChange, task: Entry, values: dict[str, Any], noted: bool
) -> None:
    shown = task.get("bug_target_name")
    for name, (old, new) in _changed(task, values).items():
        if name == "status":
            set_status(task.data, new, change.now)
        elif name == "assignee_link":
            set_assignee(task.data, new, change.now)
        else:
            task.data[name] = new
        if noted and name in _TASK_WORDS:
            change.note(f"{shown}: {_TASK_WORDS[name]}", *_worded(ctx, name, old, new))
    target = task.path.rpartition("/+bug/")[0]
    ctx.store.put_task(task.bug or 0, target, task.data, task_sort(ctx.store, target))


_TASK_WORDS = {"status": "status", "importance": "importance", "assignee_link": "assignee",
               "milestone_link": "milestone", "bug_watch_link": "bug watch"}  # fmt: skip


def _worded(ctx: Context, name: str, old: Any, new: Any) -> tuple[Any, Any]:
    if name == "assignee_link":
        return shown_person(ctx, old), shown_person(ctx, new)
    if name == "milestone_link":
        return _last(old), _last(new)
    return old, new


def _last(path: str | None) -> str | None:
    return path.rpartition("/")[2] if path else None


def _retarget(ctx: Context, change: BugChange, task: Entry, target: str) -> Entry:
    """The task moves: another address, no milestone; the bug's date moves (changes 43, 44)."""
    found = ctx.store.item(target)
    if found is None:
        raise Refusal(400, f'target_link: No such object "{ctx.link(target)}".')
    old = task.path.rpartition("/+bug/")[0]
    shown, name = target_names(ctx.store, target)
    change.note("affects", task.get("bug_target_name"), name)
    milestone = task.data.pop("milestone_link", None)
    if milestone:
        change.note(f"{name}: milestone", milestone.rpartition("/")[2])
    task.data.update(bug_target_display_name=shown, bug_target_name=name)
    home = ctx.store.default_target(change.number)
    ctx.store.drop_task(change.number, old)
    ctx.store.put_task(change.number, target, task.data, task_sort(ctx.store, target))
    if home == old:
        ctx.store.set_home(change.number, target)
    change.bump()
    change.save()
    return ctx.store.task(change.number, target) or task


# -- the other kinds -----------------------------------------------------------------------------


def _patch_attachment(ctx: Context, attachment: Entry, values: dict[str, Any]) -> Entry:
    change = BugChange.of(ctx, attachment.bug)
    if not _changed(attachment, values):
        return attachment
    if values.get("type") == "Patch":
        change.data["latest_patch_uploaded"] = _message_date(ctx, attachment)
    change.bump()
    change.save()
    return _store(ctx, attachment, values)


def _message_date(ctx: Context, attachment: Entry) -> Any:
    index = str(attachment.get("message_link")).rpartition("/")[2]
    message = ctx.store.message(attachment.bug or 0, int(index))
    return message.get("date_created") if message else ctx.now()


def _patch_spec(ctx: Context, spec: Entry, values: dict[str, Any]) -> Entry:
    if isinstance(values.get("workitems_text"), str):
        values["workitems_text"] = values["workitems_text"].strip()
    before = lifecycle(spec)
    after = Entry(spec.kind, spec.path, {**spec.data, **values})
    if lifecycle(after) != before:
        _lived_on(ctx, lifecycle(after), values, spec)
    return _rename_or_store(ctx, spec, values)


def _lived_on(ctx: Context, life: str, values: dict[str, Any], spec: Entry) -> None:
    who, now = ctx.view.person, ctx.now()
    done = life == "Complete"
    values.update(completer_link=who if done else None, date_completed=now if done else None)
    if life == "Not started":
        values.update(starter_link=None, date_started=None)
    elif spec.get("date_started") is None:
        values.update(starter_link=who, date_started=now)


def _rename_or_store(ctx: Context, entry: Entry, values: dict[str, Any]) -> Entry:
    new = values.get("name")
    if new is None or new == entry.get("name"):
        return _store(ctx, entry, values)
    if entry.kind == "project" and not ctx.view.admin:
        raise unauthorized(entry, "name", "launchpad.Admin")
    head = entry.path[: len(entry.path) - len(str(entry.get("name")))]
    _store(ctx, entry, values)
    rename(ctx.store, entry.path, f"{head}{new}")
    found = ctx.store.item(f"{head}{new}")
    if found is None:
        raise not_found(entry, str(new))
    return found


def _store(ctx: Context, entry: Entry, values: dict[str, Any]) -> Entry:
    data = {**entry.data, **values}
    ctx.store.put_item(entry.kind, entry.path, data, entry.bug)
    return ctx.store.item(entry.path) or entry


def _patch_milestone(ctx: Context, milestone: Entry, values: dict[str, Any]) -> Entry:
    if "name" in values:
        old, new = str(milestone.get("name")), str(values["name"])
        values["title"] = str(milestone.get("title", old)).replace(old, new)
    return _rename_or_store(ctx, milestone, values)


def _patch_project(ctx: Context, project: Entry, values: dict[str, Any]) -> Entry:
    if "display_name" in values:  # a project's title is its display name (change 63)
        values["title"] = values["display_name"]
    return _rename_or_store(ctx, project, values)


def _plain(ctx: Context, entry: Entry, values: dict[str, Any]) -> Entry:
    return _rename_or_store(ctx, entry, values)


_PATCHES: dict[str, Callable[[Context, Entry, dict[str, Any]], Entry]] = {
    "bug": _patch_bug,
    "bug_task": _patch_task,
    "bug_attachment": _patch_attachment,
    "specification": _patch_spec,
    "milestone": _patch_milestone,
    "project": _patch_project,
}
