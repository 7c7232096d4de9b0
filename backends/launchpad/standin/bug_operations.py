"""Named operations that change a bug (`POST bugs/N`, `POST bugs`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.launchpad.standin.changing import BugChange, created
from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.derived import PUBLIC_TYPES
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.backends.launchpad.standin.privacy import (
    drives,
    grant,
    may_read_bug,
    may_see_team,
    moderates,
    revoke,
)
from tracker_migrate.backends.launchpad.standin.targets import target_names, task_sort
from tracker_migrate.backends.launchpad.standin.wadl_options import INFORMATION_TYPES

_MAX_DESCRIPTION = 50_000
#: information types that a project's policy takes
_POLICIES = {
    "Public": ("Public", "Public Security", "Private", "Private Security"),
    "Public, can be proprietary": (
        "Public", "Public Security", "Private", "Private Security", "Proprietary"),
    "Proprietary, can be public": (
        "Public", "Public Security", "Private", "Private Security", "Proprietary"),
    "Proprietary": ("Proprietary",),
    "Embargoed, can be proprietary": ("Embargoed", "Proprietary"),
}  # fmt: skip


def person_argument(ctx: Context, name: str) -> Entry:
    """An argument that names a person whom this caller may see."""
    path = ctx.path(name) or str(ctx.view.person)
    person = ctx.store.item(path)
    if person is None or not may_see_team(ctx.store, ctx.view, person):
        raise Refusal(400, f'{name}: No such object "{ctx.link(path)}".')
    return person


def target_argument(ctx: Context, name: str = "target") -> Entry:
    """An argument that names something that bugs can be about."""
    path = ctx.path(name) or ""
    target = ctx.store.item(path)
    if target is None:
        raise Refusal(400, f'{name}: No such object "{ctx.link(path)}".')
    return target


def create_bug(ctx: Context, entry: Entry) -> Any:
    """createBug: a bug with its first task; the filer is subscribed, and marked as affected."""
    target, number = target_argument(ctx), ctx.store.next_bug()
    description, title = ctx.required("description"), ctx.required("title")
    if len(description) > _MAX_DESCRIPTION:
        raise Refusal(400, f"description: The description is too long.\n{description}")
    info = ctx.text("information_type") or "Public"
    _check_policy(ctx, target, info)
    now = ctx.now()
    data = {
        "title": title, "description": description, "owner_link": ctx.view.person,
        "date_created": now, "date_last_updated": now, "date_last_message": now,
        "information_type": info, "tags": sorted(ctx.values("tags")),
    }  # fmt: skip
    change = BugChange(ctx, Entry("bug", f"bugs/{number}", data, number))
    _made_private(change, info)
    ctx.store.put_bug(number, data)
    _put_new_task(ctx, number, target.path)
    ctx.store.set_home(number, target.path)
    ctx.store.put_message(number, 0, {
        "content": description, "subject": title, "date_created": now,
        "owner_link": ctx.view.person,
    })  # fmt: skip
    change.note("bug", message="added bug")
    change.subscribe(str(ctx.view.person))
    change.save()
    _ensure_readable(ctx, change, str(ctx.view.person))
    return created(ctx, f"bugs/{number}")


def _check_policy(ctx: Context, target: Entry, info: str) -> None:
    pillar = ctx.store.item(target.path.split("/")[0])
    policy = pillar.get("bug_sharing_policy", "Public") if pillar else "Public"
    if info not in _POLICIES.get(policy, ()):
        raise Refusal(400, f"{target.path} doesn't allow {info} bugs.")


def _made_private(change: BugChange, info: str) -> None:
    public = info in PUBLIC_TYPES
    change.data["date_made_private"] = None if public else change.now
    change.data["who_made_private_link"] = None if public else change.ctx.view.person


def _ensure_readable(ctx: Context, change: BugChange, person: str) -> None:
    """A subscriber of a private bug gets a grant, unless the policy lets them read it anyway."""
    info = change.data.get("information_type", "Public")
    if info in PUBLIC_TYPES:
        return
    covered = ctx.store.rows(
        "SELECT 1 FROM policy p JOIN task t ON t.pillar=p.pillar WHERE t.bug=? AND p.person=? "
        "AND p.info=?", change.number, person, info,
    )  # fmt: skip
    if not covered:
        grant(ctx.store, change.number, person)


def _put_new_task(ctx: Context, number: int, target: str) -> None:
    shown, name = target_names(ctx.store, target)
    values = {"bug_target_display_name": shown, "bug_target_name": name,
              "date_created": ctx.now(), "owner_link": ctx.view.person}  # fmt: skip
    ctx.store.put_task(number, target, values, task_sort(ctx.store, target))


# -- operations on one bug -----------------------------------------------------------------------


_QUIET = (
    "Email notifications can only be disabled by admins, commercial admins, registry experts, or "
    "bug supervisors."
)


def _new_message(ctx: Context, bug: Entry) -> Any:
    """Texts come through a form: their line ends are bare (running server)."""
    if not ctx.flag("send_notifications", True) and not moderates(ctx.store, ctx.view, bug):
        raise Refusal(400, _QUIET)
    change = BugChange(ctx, bug)
    subject = ctx.text("subject", _subject(bug)) or ""
    content = (ctx.text("content") or "").replace("\r\n", "\n")
    index = change.say(content, subject)
    change.bump()
    change.save()
    return created(ctx, change.message_path(index))


def _add_task(ctx: Context, bug: Entry) -> Any:
    """No history, no new date: only bug_tasks tells (recorded change 14)."""
    target = target_argument(ctx)
    _check_policy(ctx, target, bug.get("information_type", "Public"))
    if ctx.store.task(bug.bug or 0, target.path) is not None:
        shown = target_names(ctx.store, target.path)[0]
        raise Refusal(400, f"A fix for this bug has already been requested for {shown}")
    _put_new_task(ctx, bug.bug or 0, target.path)
    return created(ctx, f"{target.path}/+bug/{bug.bug}")


def _information_type(ctx: Context, bug: Entry) -> Any:
    change = BugChange(ctx, bug)
    old, new = bug.get("information_type", "Public"), ctx.required("information_type")
    if new not in INFORMATION_TYPES:
        raise Refusal(400, f'information_type: Invalid value "{new}".')
    if old == new:
        return False
    _check_policy(ctx, Entry("project", ctx.store.default_target(change.number)), new)
    change.data["information_type"] = new
    if (old in PUBLIC_TYPES) != (new in PUBLIC_TYPES):
        _made_private(change, new)
    change.note("information type", old, new)
    change.save()
    for person in _subscribers(ctx, change.number):
        _ensure_readable(ctx, change, person)
    return True


def _subscribers(ctx: Context, number: int) -> list[str]:
    rows = ctx.store.items("bug=? AND kind='bug_subscription'", number)
    return [f"~{row.path.rpartition('/')[2]}" for row in rows]


def _subscribe(ctx: Context, bug: Entry) -> Any:
    person = person_argument(ctx, "person")
    change = BugChange(ctx, bug)
    path = change.subscribe(person.path, ctx.text("level") or "Discussion")
    _ensure_readable(ctx, change, person.path)
    change.note("bug", message=f"added subscriber {person.get('display_name')}")
    change.save()
    return ctx.store.item(path)


def _unsubscribe(ctx: Context, bug: Entry) -> Any:
    person = person_argument(ctx, "person")
    change = BugChange(ctx, bug)
    ctx.store.drop_item(f"{change.path}/+subscription/{person.path[1:]}")
    revoke(ctx.store, change.number, person.path)
    change.note(f"removed subscriber {person.get('display_name')}")
    change.save()
    return None


def _visibility(ctx: Context, bug: Entry) -> Any:
    """Its author may hide a comment, too, and whoever the project trusts (running server)."""
    index = int(ctx.required("comment_number"))
    message = ctx.store.message(bug.bug or 0, index)
    own = message is not None and message.get("owner_link") == ctx.view.person
    if not own and not moderates(ctx.store, ctx.view, bug):
        name = str(ctx.view.person)[1:]
        raise Refusal(401, f"User {name} cannot hide or show bug comments")
    if message is not None:
        visible = ctx.flag("visible", True)
        ctx.store.put_message(bug.bug or 0, index, {**message.data, "visible": visible})
    return None


def _add_attachment(ctx: Context, bug: Entry) -> Any:
    change = BugChange(ctx, bug)
    upload, url = ctx.uploads.get("data"), ctx.text("url")
    name = ctx.text("filename") or (upload.name if upload else "data")
    content = upload.content if upload else (ctx.arg("data") or "").encode()
    _check_file(name, None if url else content)
    number = ctx.store.sequence("attachment")
    path = f"{change.path}/+attachment/{number}"
    title = ctx.text("description") or ctx.text("filename") or "attachment"
    index = change.say(ctx.text("comment") or "", ctx.text("subject") or title)
    patch = ctx.flag("is_patch") is True
    ctx.store.put_item("bug_attachment", path, {
        "title": title, "type": "Patch" if patch else "Unspecified", "url": url,
        "message_link": change.message_path(index),
    }, change.number)  # fmt: skip
    if not url:
        kind = ctx.text("content_type") or (upload.type if upload else "text/plain")
        file = keep_file(ctx.store, name, kind, content, created=ctx.now())
        ctx.store.set_meta(f"file:{path}", str(file))
    change.note("attachment added", None, f"{title} {file_page(ctx, path)}")
    if patch:
        change.data["latest_patch_uploaded"] = change.now
    change.bump()
    change.save()
    return created(ctx, path)


def _check_file(name: str, content: bytes | None) -> None:
    """What the running server said to names and contents that it does not take."""
    if "\n" in name or "\r" in name:
        raise Refusal(400, f"filename: ({name!r}, 'filename')".replace("\\n", "\n"))
    if content == b"":
        raise Refusal(400, "data: Cannot upload empty file.")
    if "/" in name and content is not None:
        raise Refusal(400, "Filename cannot contain slashes.")


def file_page(ctx: Context, path: str) -> str:
    """The page of an attachment's file, as history names it."""
    number = ctx.store.meta(f"file:{path}")
    name = ctx.store.scalar("SELECT name FROM file WHERE id=?", number) if number else None
    page = ctx.view.web_link("bugs", path)
    return f"{page}/+files/{name}" if name else page


def _subject(bug: Entry) -> str:
    return f"Re: {bug.get('title')}"


def _link_cve(ctx: Context, bug: Entry) -> Any:
    cve = target_argument(ctx, "cve")
    change = BugChange(ctx, bug)
    if cve.path in ctx.store.related("cves", change.path):
        return None
    ctx.store.relate("cves", change.path, cve.path)
    change.note("cve linked", None, cve.get("sequence"))
    change.bump()
    change.save()
    return None


def _unlink_cve(ctx: Context, bug: Entry) -> Any:
    cve = target_argument(ctx, "cve")
    change = BugChange(ctx, bug)
    ctx.store.unrelate("cves", change.path, cve.path)
    change.note("cve unlinked", cve.get("sequence"))
    return None


def _add_watch(ctx: Context, bug: Entry) -> Any:
    tracker, remote = target_argument(ctx, "bug_tracker"), ctx.required("remote_bug")
    change = BugChange(ctx, bug)
    path = f"{change.path}/+watch/{ctx.store.sequence('watch')}"
    base = str(tracker.get("base_url") or "http://tracker.example.com/")
    url = f"{base}show_bug.cgi?id={remote}"
    ctx.store.put_item("bug_watch", path, {
        "bug_tracker_link": tracker.path, "remote_bug": remote, "date_created": change.now,
        "owner_link": ctx.view.person, "title": f"{tracker.get('title')} #{remote}", "url": url,
    }, change.number)  # fmt: skip
    ctx.store.relate("watches", tracker.path, path)
    change.note("bug watch added", None, url)
    change.bump()
    change.save()
    return created(ctx, path)


def _lock(ctx: Context, bug: Entry) -> Any:
    change = BugChange(ctx, bug)
    status, reason = ctx.required("status"), ctx.text("reason")
    change.note("lock status", bug.get("lock_status", "Unlocked"), status, reason)
    change.data.update(lock_status=status, lock_reason=reason)
    change.save()
    return None


def _unlock(ctx: Context, bug: Entry) -> Any:
    change = BugChange(ctx, bug)
    change.note("lock status", bug.get("lock_status", "Unlocked"), "Unlocked")
    change.data.update(lock_status="Unlocked", lock_reason=None)
    change.save()
    return None


def _mark_affected(ctx: Context, bug: Entry) -> Any:
    change = BugChange(ctx, bug)
    people = set(bug.get("affected") or [bug.get("owner_link")])
    if ctx.flag("affected", True):
        people.add(ctx.view.person)
    else:
        people.discard(ctx.view.person)
    affected = sorted(people)
    ctx.store.db.execute("DELETE FROM relation WHERE name='users_affected' AND source=?",
                         (change.path,))  # fmt: skip
    for person in affected:
        ctx.store.relate("users_affected", change.path, person)
    change.data.update(affected=affected, users_affected_count=len(affected),
                       users_affected_count_with_dupes=len(affected))  # fmt: skip
    change.save()
    return None


def _add_nomination(ctx: Context, bug: Entry) -> Any:
    target = target_argument(ctx)
    pillar = ctx.store.item(target.path.split("/")[0])
    if pillar is None or not drives(ctx.store, ctx.view, pillar):
        raise Refusal(400, "Only bug supervisors or owners can nominate bugs.")
    change = BugChange(ctx, bug)
    path = f"{change.path}/nominations/{ctx.store.sequence('nomination')}"
    kind = "distroseries_link" if target.kind == "distro_series" else "productseries_link"
    ctx.store.put_item("bug_nomination", path, {
        "target_link": target.path, kind: target.path, "date_created": change.now,
        "owner_link": ctx.view.person,
    }, change.number)  # fmt: skip
    change.note("nominated for series", None, target.path)
    return created(ctx, path)


def _link_branch(ctx: Context, bug: Entry) -> Any:
    branch = re.sub(r"^/", "", ctx.path("branch") or "")
    change = BugChange(ctx, bug)
    path = f"{branch}/+bug/{change.number}"
    ctx.store.put_item("bug_branch", path, {}, change.number)
    ctx.store.relate("linked_branches", change.path, path)
    change.note("branch linked", None, f"lp:{branch}")
    change.bump()
    change.save()
    return ctx.store.item(path)


def _unlink_branch(ctx: Context, bug: Entry) -> Any:
    path = f"{ctx.path('branch')}/+bug/{bug.bug}"
    ctx.store.unrelate("linked_branches", bug.path, path)
    BugChange(ctx, bug).note("branch unlinked", f"lp:{ctx.path('branch')}")
    return None


def readable_bug(ctx: Context, path: str | None, name: str) -> Entry:
    """An argument that names a bug which this caller may read."""
    found = ctx.find(path or "")
    if found is None or not may_read_bug(ctx.store, ctx.view, found):
        raise Refusal(400, f'{name}: No such object "{ctx.link(path)}".')
    return found


#: operations that POST runs on a bug
BUG_POSTS: dict[str, Callable[[Context, Entry], Any]] = {
    "newMessage": _new_message,
    "addTask": _add_task,
    "transitionToInformationType": _information_type,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "unsubscribeFromDupes": _unsubscribe,
    "setCommentVisibility": _visibility,
    "addAttachment": _add_attachment,
    "linkCVE": _link_cve,
    "unlinkCVE": _unlink_cve,
    "addWatch": _add_watch,
    "lock": _lock,
    "unlock": _unlock,
    "markUserAffected": _mark_affected,
    "addNomination": _add_nomination,
    "linkBranch": _link_branch,
    "unlinkBranch": _unlink_branch,
    "mute": lambda ctx, bug: None,
    "unmute": lambda ctx, bug: None,
    "isUserAffected": lambda ctx, bug: ctx.view.person in bug.get("affected", []),
}
