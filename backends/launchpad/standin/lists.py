"""The collections below an entry: which there are, and what is in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.derived import lifecycle
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.nameless import name_all
from tracker_migrate.backends.launchpad.standin.paging import Listing
from tracker_migrate.backends.launchpad.standin.privacy import (
    counted,
    may_read,
    may_read_spec,
)

#: what a refusal calls a team's collections
_API_NAMES = {"members": "api_activemembers", "participants": "api_all_members"}

Build = Callable[[Context, Entry], Listing]

_PRIORITIES = ("Essential", "High", "Medium", "Low", "Undefined", "Not")
_DEFINITIONS = (
    "Approved", "Pending Approval", "Review", "Drafting", "Discussion", "New", "Superseded",
    "Obsolete",
)  # fmt: skip
_PERSON_LISTS = (
    "members", "admins", "participants", "deactivated_members", "expired_members",
    "invited_members", "proposed_members",
)  # fmt: skip


def _counted(ctx: Context, table: str, bug: int) -> int:
    return int(ctx.store.scalar(f"SELECT count(*) FROM {table} WHERE bug=?", bug))


def _messages(ctx: Context, bug: Entry) -> Listing:
    number = bug.bug or 0
    count = partial(_counted, ctx, "message", number)
    return Listing("message", count, partial(ctx.store.messages, number))


def _activity(ctx: Context, bug: Entry) -> Listing:
    number = bug.bug or 0
    count = partial(_counted, ctx, "activity", number)
    return Listing("bug_activity", count, partial(ctx.store.activity, number))


def _tasks(ctx: Context, bug: Entry) -> Listing:
    return Listing.of("bug_task", ctx.store.tasks(bug.bug or 0))


def _duplicates(ctx: Context, bug: Entry) -> Listing:
    found = ctx.store.bugs("duplicate_of=? ORDER BY id", bug.bug)
    return Listing.of("bug", found)


def _of_bug(kind: str, order: str = "id") -> Build:
    def build(ctx: Context, bug: Entry) -> Listing:
        found = ctx.store.items(f"bug=? AND kind=? ORDER BY {order}", bug.bug, kind)
        return Listing.of(kind, found)

    return build


def _subscriptions(ctx: Context, bug: Entry) -> Listing:
    found = ctx.store.items("bug=? AND kind='bug_subscription' ORDER BY id", bug.bug)
    name_all(ctx, (f"~{one.path.rpartition('/')[2]}" for one in found), "name")
    return Listing.of("bug_subscription", found)


def _related(name: str, kind: str) -> Build:
    def build(ctx: Context, entry: Entry) -> Listing:
        found = [ctx.find(path) for path in ctx.store.related(name, entry.path)]
        return Listing.of(kind, [e for e in found if e is not None])

    return build


def _branches(kind: str) -> Build:
    """The links to branches that this caller may see; the others are not even counted [S]."""

    def build(ctx: Context, entry: Entry) -> Listing:
        found = _related("linked_branches", kind)(ctx, entry).fetch(10_000, 0)
        return Listing.of(kind, [one for one in found if may_read(ctx.store, ctx.view, one)])

    return build


def _sources(name: str, kind: str) -> Build:
    def build(ctx: Context, entry: Entry) -> Listing:
        found = [ctx.find(path) for path in ctx.store.sources(name, entry.path)]
        return Listing.of(kind, [e for e in found if e is not None])

    return build


def _empty(kind: str) -> Build:
    return lambda ctx, entry: Listing.of(kind, [])


def _affected(name: str) -> Build:
    """Who is affected: those who said so, else the filer, as long as anybody is counted."""

    def build(ctx: Context, bug: Entry) -> Listing:
        paths = ctx.store.related(name, bug.path)
        if not paths and bug.get("users_affected_count", 1):
            paths = bug.get("affected") or [bug.get("owner_link")]
        found = [ctx.store.item(path) for path in paths if path]
        return Listing.of("person", [e for e in found if e is not None])

    return build


def _other_tasks(ctx: Context, task: Entry) -> Listing:
    others = [t for t in ctx.store.tasks(task.bug or 0) if t.path != task.path]
    return Listing.of("bug_task", others)


def _watch_tasks(ctx: Context, watch: Entry) -> Listing:
    tasks = ctx.store.tasks(watch.bug or 0)
    return Listing.of("bug_task", [t for t in tasks if t.get("bug_watch_link") == watch.path])


def _revisions(ctx: Context, message: Entry) -> Listing:
    found = ctx.store.items("parent=? AND kind='message_revision' ORDER BY id", _anchor(message))
    for entry in found:
        entry.path = f"{message.path}/revisions/{entry.path.rpartition('/')[2]}"
    return Listing.of("message_revision", found)


def _anchor(message: Entry) -> str:
    """Where a message's revisions hang, whatever task the message is addressed by."""
    return f"bugs/{message.bug}/comments/{message.path.rpartition('/')[2]}"


def _message_files(ctx: Context, message: Entry) -> Listing:
    found = ctx.store.items("bug=? AND kind='bug_attachment' ORDER BY id", message.bug)
    index = message.path.rpartition("/")[2]
    mine = [a for a in found if str(a.get("message_link")).rpartition("/")[2] == index]
    return Listing.of("bug_attachment", mine)


# -- pillars -------------------------------------------------------------------------------------


def _series(ctx: Context, pillar: Entry) -> Listing:
    kind = "distro_series" if pillar.kind == "distribution" else "project_series"
    found = ctx.store.items("parent=? AND kind=?", pillar.path, kind)
    if kind == "project_series":
        return Listing.of(kind, sorted(found, key=lambda e: str(e.get("name"))))
    return Listing.of(kind, sorted(found, key=_distro_series_key))


def _distro_series_key(series: Entry) -> Any:
    return [-part for part in version_key(str(series.get("version", "0")))[0]]


def version_key(text: str) -> tuple[list[int], str]:
    """A name that looks like a version, so that 0.9.10 comes after 0.9.2."""
    numbers = [int(part) for part in text.replace("-", ".").split(".") if part.isdigit()]
    return numbers, text


def _milestone_key(milestone: Entry) -> Any:
    return str(milestone.get("date_targeted") or "9999"), version_key(str(milestone.get("name")))


def _milestones(active_only: bool) -> Build:
    def build(ctx: Context, owner: Entry) -> Listing:
        kind = "project_group_milestone" if owner.kind == "project_group" else "milestone"
        where = "kind=? AND json_extract(data, '$.series_target_link')=?"
        if owner.kind not in ("project_series", "distro_series"):
            where = "kind=? AND parent=?"
        found = ctx.store.items(where, kind, owner.path)
        if active_only:
            found = [m for m in found if m.get("is_active", True)]
        return Listing.of(kind, sorted(found, key=_milestone_key, reverse=True))

    return build


def _releases(ctx: Context, owner: Entry) -> Listing:
    where = "kind='project_release' AND (parent=? OR parent LIKE ?) ORDER BY id"
    return Listing.of("project_release", ctx.store.items(where, owner.path, f"{owner.path}/%"))


def _projects(ctx: Context, group: Entry) -> Listing:
    where = "kind='project' AND json_extract(data, '$.project_group_link')=?"
    found = ctx.store.items(where, group.path)
    return Listing.of("project", sorted(found, key=lambda e: str(e.get("display_name")).lower()))


def _spec_key(spec: Entry) -> Any:
    return (
        _PRIORITIES.index(spec.get("priority", "Undefined")),
        _DEFINITIONS.index(spec.get("definition_status", "New")),
        str(spec.get("name")),
    )


def _specifications(valid_only: bool) -> Build:
    def build(ctx: Context, owner: Entry) -> Listing:
        view = counted(ctx.view)
        seen = [s for s in _specs_of(ctx, owner) if may_read_spec(ctx.store, view, s)]
        found = [s for s in seen if not valid_only or _is_valid(s, owner)]
        return Listing.of("specification", sorted(found, key=_spec_key))

    return build


def _is_valid(spec: Entry, owner: Entry) -> bool:
    """coll-lab-alpha-*-valid: a project leaves out completed ones, a series keeps them."""
    if spec.get("definition_status") in ("Obsolete", "Superseded"):
        return False
    return owner.kind == "project_series" or lifecycle(spec) != "Complete"


def _specs_of(ctx: Context, owner: Entry) -> list[Entry]:
    specs = "kind='specification' AND "
    if owner.kind in ("person", "team"):
        links = ("assignee_link", "drafter_link", "approver_link", "owner_link")
        any_of = " OR ".join(f"json_extract(data, '$.{name}')=?" for name in links)
        return ctx.store.items(f"{specs}({any_of})", *[owner.path] * len(links))
    if owner.kind == "project_group":
        projects = _projects(ctx, owner).fetch(10_000, 0)
        paths = [*(p.path for p in projects), *ctx.store.related("projects", owner.path)]
        return [s for p in dict.fromkeys(paths) for s in ctx.store.items(f"{specs} parent=?", p)]
    if owner.kind in ("project_series", "distro_series"):
        paths = ctx.store.related("goal", owner.path)
        return [s for s in map(ctx.store.item, paths) if s is not None]
    return ctx.store.items(f"{specs} parent=?", owner.path)


def _team_list(name: str) -> Build:
    build = _participants if name == "participants" else _related(name, "person")

    def guarded(ctx: Context, team: Entry) -> Listing:
        """Who knows of a private team may still not see who is in it: 401 (wire/lab-private)."""
        inside = ctx.view.admin or team.path in ctx.view.circle
        if team.get("private") and not inside:
            who = f"<Person {team.path[1:]} ({team.get('display_name')})>"
            raise Refusal(401, f"({who}, {_API_NAMES.get(name, name)!r}, 'launchpad.View')")
        return build(ctx, team)

    return guarded


def _participants(ctx: Context, team: Entry) -> Listing:
    seen: dict[str, None] = {}
    waiting = ctx.store.related("members", team.path)
    while waiting:
        path = waiting.pop(0)
        if path not in seen:
            seen[path] = None
            waiting += ctx.store.related("members", path)
    found = [ctx.store.item(path) for path in seen]
    return Listing.of("person", [e for e in found if e is not None])


def _super_teams(ctx: Context, person: Entry) -> Listing:
    paths = ctx.store.sources("members", person.path)
    found = [ctx.store.item(path) for path in paths]
    return Listing.of("team", [e for e in found if e is not None])


def _emails(ctx: Context, person: Entry) -> Listing:
    found = ctx.store.items("parent=? AND kind='email_address' ORDER BY id", person.path)
    return Listing.of("email_address", found)


_BUG: dict[str, Build] = {
    "bug_tasks": _tasks,
    "messages": _messages,
    "activity": _activity,
    "attachments": _of_bug("bug_attachment"),
    "subscriptions": _subscriptions,
    "bug_watches": _of_bug("bug_watch"),
    "nominations": _of_bug("bug_nomination"),
    "duplicates": _duplicates,
    "cves": _related("cves", "cve"),
    "linked_branches": _branches("bug_branch"),
    "linked_merge_proposals": _empty("branch_merge_proposal"),
    "vulnerabilities": _empty("vulnerability"),
    "users_affected": _affected("users_affected"),
    "users_unaffected": _related("users_unaffected", "person"),
    "users_affected_with_dupes": _affected("users_affected_with_dupes"),
}
_PILLAR: dict[str, Build] = {
    "series": _series,
    "all_milestones": _milestones(active_only=False),
    "active_milestones": _milestones(active_only=True),
    "all_specifications": _specifications(valid_only=False),
    "valid_specifications": _specifications(valid_only=True),
    "releases": _releases,
    "drivers": _related("drivers", "person"),
    "recipes": _empty("source_package_recipe"),
    "webhooks": _empty("webhook"),
}
_PERSON: dict[str, Build] = {
    **{name: _team_list(name) for name in _PERSON_LISTS},
    "all_specifications": _specifications(valid_only=False),
    "valid_specifications": _specifications(valid_only=True),
    "super_teams": _super_teams,
    "sub_teams": _related("sub_teams", "team"),
    "members_details": _related("members_details", "team_membership"),
    "memberships_details": _related("memberships_details", "team_membership"),
    "confirmed_email_addresses": _emails,
}
_SPEC: dict[str, Build] = {
    "dependencies": _related("dependencies", "specification"),
    "bugs": _sources("specs", "bug"),
    "linked_branches": _branches("specification_branch"),
}

#: by kind of entry and name of the collection
COLLECTIONS: dict[str, dict[str, Build]] = {
    "bug": _BUG,
    "bug_task": {"related_tasks": _other_tasks},
    "message": {"revisions": _revisions, "bug_attachments": _message_files},
    "bug_watch": {"bug_tasks": _watch_tasks},
    "cve": {"bugs": _sources("cves", "bug")},
    "bug_tracker": {"watches": _related("watches", "bug_watch")},
    "specification": _SPEC,
    "project": _PILLAR,
    "project_series": _PILLAR,
    "distribution": _PILLAR,
    "distro_series": _PILLAR,
    "project_group": {**_PILLAR, "projects": _projects},
    "person": _PERSON,
    "team": _PERSON,
    "milestone": {},
}


def collection_of(ctx: Context, entry: Entry, name: str) -> Listing | None:
    """The collection of this name below an entry, None if there is none."""
    build = COLLECTIONS.get(entry.kind, {}).get(name)
    return None if build is None else build(ctx, entry)
