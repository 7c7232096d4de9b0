"""Named operations on the parts of a bug: messages, attachments, nominations, tasks."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.launchpad.standin.bug_operations import file_page
from tracker_migrate.backends.launchpad.standin.changing import BugChange
from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal, unauthorized
from tracker_migrate.backends.launchpad.standin.librarian import drop_file
from tracker_migrate.backends.launchpad.standin.targets import target_names, task_sort


def edit_content(ctx: Context, message: Entry) -> Any:
    """editContent: the old text becomes a revision; the bug itself shows no trace of it."""
    _check_author(ctx, message, "editContent")
    index = message.path.rpartition("/")[2]
    anchor = f"bugs/{message.bug}/comments/{index}"
    count = ctx.store.scalar("SELECT count(*) FROM item WHERE parent=?", anchor) + 1
    ctx.store.put_item("message_revision", f"{anchor}/revisions/{count}", {
        "revision": count, "content": message.get("content", ""),
        "date_created": message.get("date_last_edited") or message.get("date_created"),
    }, message.bug, anchor)  # fmt: skip
    data = {**message.data, "content": ctx.required("new_content").strip(),
            "date_last_edited": ctx.now()}  # fmt: skip
    ctx.store.put_message(message.bug or 0, int(index), data)
    return None


def delete_content(ctx: Context, message: Entry) -> Any:
    """deleteContent: the text and its revisions are gone for good; the index stays."""
    _check_author(ctx, message, "deleteContent")
    index = message.path.rpartition("/")[2]
    anchor = f"bugs/{message.bug}/comments/{index}"
    ctx.store.db.execute("DELETE FROM item WHERE parent=?", (anchor,))
    data = {**message.data, "content": "", "date_deleted": ctx.now(), "date_last_edited": None}
    ctx.store.put_message(message.bug or 0, int(index), data)
    return None


def _check_author(ctx: Context, message: Entry, name: str) -> None:
    if message.get("owner_link") not in ctx.view.circle and not ctx.view.admin:
        raise unauthorized(message, name, "launchpad.Edit")


def remove_attachment(ctx: Context, attachment: Entry) -> Any:
    """removeFromBug: history tells, the date does not; the last patch takes its date along, and the
    librarian has the file no more."""
    ctx.store.drop_item(attachment.path)
    change = BugChange.of(ctx, attachment.bug)
    address = file_page(ctx, attachment.path)
    change.note("attachment removed", f"{attachment.get('title')} {address}")
    drop_file(ctx.store, attachment.path)
    patches = ctx.store.items("bug=? AND kind='bug_attachment'", attachment.bug)
    if not any(one.get("type") == "Patch" for one in patches):
        change.data["latest_patch_uploaded"] = None
    change.save()
    return None


def decide_nomination(status: str) -> Any:
    """approve or decline: an approved one makes the series' task."""

    def run(ctx: Context, nomination: Entry) -> Any:
        values = {**nomination.data, "status": status, "date_decided": ctx.now(),
                  "decider_link": ctx.view.person}  # fmt: skip
        ctx.store.put_item("bug_nomination", nomination.path, values, nomination.bug)
        target = str(nomination.get("target_link"))
        if status == "Approved" and ctx.store.task(nomination.bug or 0, target) is None:
            _approved_task(ctx, nomination.bug or 0, target)
        return None

    return run


def _approved_task(ctx: Context, number: int, target: str) -> None:
    shown, name = target_names(ctx.store, target)
    pillar = ctx.store.task(number, target.split("/", maxsplit=1)[0])
    values: dict[str, Any] = dict(pillar.data) if pillar else {}
    values.update(bug_target_display_name=shown, bug_target_name=name, milestone_link=None,
                  date_created=ctx.now(), owner_link=ctx.view.person)  # fmt: skip
    ctx.store.put_task(number, target, values, task_sort(ctx.store, target))


def delete_task(ctx: Context, task: Entry) -> Any:
    """DELETE of a task: not the only one; history tells, the date does not."""
    number = task.bug or 0
    if len(ctx.store.tasks(number)) == 1:
        raise Refusal(400, "Cannot delete only bugtask affecting: "
                      f"{task.get('bug_target_display_name')}.")  # fmt: skip
    target = task.path.rpartition("/+bug/")[0]
    ctx.store.drop_task(number, target)
    if ctx.store.default_target(number) == target:
        ctx.store.set_home(number, None)
    BugChange.of(ctx, number).note("bug task deleted", task.get("bug_target_name"))
    return None
