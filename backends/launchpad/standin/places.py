"""From a path below `/devel/` to the entry it names, with private things hidden."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal, not_found
from tracker_migrate.backends.launchpad.standin.privacy import (
    may_read_number,
    may_read_spec,
    may_see_branch,
    may_see_team,
)

#: collections of the service root that are no entries; what is below them hangs on the root
ROOTS = ("bugs", "people", "projects", "projectgroups", "distros", "pillars", "specs",
         "bugs/cve", "bugs/bugtrackers", "+services/sharing", "branches", "questions")  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a path leads: the deepest entry on the way, and the names that are left."""

    entry: Entry
    rest: tuple[str, ...] = ()


def missing_name(place: Place) -> str:
    """The name that a 404 tells: `+spec/bp-old` is one step (change 53), `+milestone` below a
    series is none (get-firefox-trunk-milestone-1-0)."""
    steps = {"+spec": ("project", "distribution"), "+milestone": ("project", "project_group"),
             "+source": ("distribution",)}  # fmt: skip
    if len(place.rest) > 1 and place.entry.kind in steps.get(place.rest[0], ()):
        return place.rest[1]
    return place.rest[0]


def locate(ctx: Context, path: str) -> Place:
    """Walk down a path; Refusal 404 where something on it is missing or private."""
    if path in ("", *ROOTS):
        return Place(Entry(path or "root", path))
    parts = path.split("/")
    if parts[0] == "bugs" and parts[1] not in ("cve", "bugtrackers"):
        return _in_bug(ctx, parts)
    if "+bug" in parts and parts[-1] != "+bug" and not path.startswith("~"):
        return _in_task(ctx, parts)
    return _in_items(ctx, parts)


def _in_bug(ctx: Context, parts: list[str]) -> Place:
    bug = bug_named(ctx, parts[1])
    if bug is None or not may_read_number(ctx.store, ctx.view, bug.bug or 0):
        raise not_found(Entry("bugs", "bugs"), parts[1])
    for length in (4, 3):
        if len(parts) >= length:
            path = "/".join([f"bugs/{bug.bug}", *parts[2:length]])
            item = ctx.store.item(path)
            if item is not None:
                return Place(item, tuple(parts[length:]))
    return Place(bug, tuple(parts[2:]))


def bug_named(ctx: Context, name: str) -> Entry | None:
    """A bug by its number or its nickname."""
    if name.isdigit():
        return ctx.store.bug(int(name))
    return next(iter(ctx.store.bugs("nickname=?", name)), None)


def _in_task(ctx: Context, parts: list[str]) -> Place:
    at = parts.index("+bug")
    target, name, rest = "/".join(parts[:at]), parts[at + 1], parts[at + 2 :]
    pillar = ctx.store.item(target) or ctx.store.item(parts[0])
    if pillar is None:
        raise not_found(Entry("root", ""), parts[0])
    bug = bug_named(ctx, name)
    if bug is None or not may_read_number(ctx.store, ctx.view, bug.bug or 0):
        raise not_found(pillar, name)
    task = ctx.store.task(bug.bug or 0, target)
    if task is None:  # task-moved-old-url, task-wrong-pillar
        other = ctx.store.tasks(bug.bug or 0)[0].path
        raise Refusal(301, Location=str(ctx.link("/".join([other, *rest]))))
    if rest[:1] == ["comments"] and len(rest) > 1:
        return _in_message(ctx, task, rest[1], tuple(rest[2:]))
    return Place(task, tuple(rest))


def _in_message(ctx: Context, task: Entry, index: str, rest: tuple[str, ...]) -> Place:
    message = ctx.store.message(task.bug or 0, int(index)) if index.isdigit() else None
    if message is None or not may_read_message(ctx, message):
        raise not_found(task, index)
    message.path = f"{task.path}/comments/{index}"
    if len(rest) == 2 and rest[0] == "revisions":
        revision = ctx.store.item(f"bugs/{task.bug}/comments/{index}/revisions/{rest[1]}")
        if revision is not None:
            return Place(Entry("message_revision", f"{message.path}/revisions/{rest[1]}",
                               revision.data, task.bug))  # fmt: skip
    return Place(message, rest)


def may_read_message(ctx: Context, message: Entry) -> bool:
    """A hidden comment's own address is 404 but for its author, the project's owner, admins.

    Its text is in bug.messages for everybody (wire/lab-private).
    """
    if message.get("visible", True) or ctx.view.admin:
        return True
    pillar = ctx.store.item(ctx.store.default_target(message.bug or 0).split("/")[0])
    owners = {message.get("owner_link"), pillar.get("owner_link") if pillar else None}
    return bool(owners & ctx.view.circle)


def _in_items(ctx: Context, parts: list[str]) -> Place:
    for length in range(len(parts), 0, -1):
        item = ctx.store.item("/".join(parts[:length]))
        if item is not None:
            return Place(_checked(ctx, item, parts[0], parts[length - 1]), tuple(parts[length:]))
    raise not_found(Entry("root", ""), parts[0])


def _checked(ctx: Context, item: Entry, name: str, last: str) -> Entry:
    if item.kind == "specification" and not may_read_spec(ctx.store, ctx.view, item):
        raise not_found(ctx.store.item(name) or Entry("root", ""), last)
    if item.kind == "branch" and not may_see_branch(ctx.store, ctx.view, item.path):
        raise not_found(Entry("root", ""), name)
    if item.kind == "team" and not may_see_team(ctx.store, ctx.view, item):
        raise not_found(Entry("root", ""), name)
    if item.get("account_status") == "Suspended" and not ctx.view.admin:
        raise Refusal(410, f"'User is suspended: {item.path}'")
    return item
