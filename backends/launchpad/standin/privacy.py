"""Who may read a private bug or blueprint: the policy's grantees, and those with a grant for it.

Facts of wire/lab-private: subscribers and the filer hold a grant for the bug; an assignee as such
does not; unsubscribing takes it away; whoever may not read gets the 404 of a missing bug.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracker_migrate.backends.launchpad.standin.derived import PUBLIC_TYPES
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.people import ADMINS
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.view import View

#: information types as the sharing service names them
ENUM_NAMES = {
    "Private Security": "PRIVATESECURITY",
    "Private": "USERDATA",
    "Proprietary": "PROPRIETARY",
    "Embargoed": "EMBARGOED",
}
TYPE_NAMES = {enum: name for name, enum in ENUM_NAMES.items()}


def is_public(issue: Entry) -> bool:
    """Whether everybody may read the bug or blueprint."""
    return issue.get("information_type", "Public") in PUBLIC_TYPES


def counted(view: View) -> View:
    """As whom searches and lists count: the account, whatever its login may; what that may not read
    is then left out of the page (seen on a running server)."""
    if view.anonymous or view.reads_private:
        return view
    return replace(view, reads_private=True, admin=ADMINS in view.circle)


def readable(view: View, alias: str = "b") -> tuple[str, list[Any]]:
    """A condition on a bug (SQL, values) that holds for those this caller may read."""
    public = f"{alias}.info IN ('Public','Public Security')"
    if not view.reads_private:
        return public, []
    if view.admin:
        return "1", []
    marks = ",".join("?" * len(view.circle))
    circle = sorted(view.circle)
    sql = (
        f"({public} OR {alias}.id IN (SELECT bug FROM access WHERE person IN ({marks})) OR EXISTS("
        f"SELECT 1 FROM task pt JOIN policy p ON p.pillar=pt.pillar AND p.info={alias}.info "
        f"WHERE pt.bug={alias}.id AND p.person IN ({marks})))"
    )
    return sql, circle + circle


def may_read_bug(store: Store, view: View, bug: Entry) -> bool:
    """Whether this caller may read this bug."""
    if is_public(bug):
        return True
    if not view.reads_private:
        return False
    where, values = readable(view)
    return bool(store.rows(f"SELECT 1 FROM bug b WHERE b.id=? AND {where}", bug.bug, *values))


def may_read(store: Store, view: View, entry: Entry) -> bool:
    """Whether this entry is shown in a collection; hidden ones are counted all the same."""
    if entry.kind == "bug":
        return may_read_bug(store, view, entry)
    if entry.kind in ("cve", "message_revision", "email_address"):
        return not view.anonymous  # bug16-cves, message-revisions-1, person-emails-anon
    if entry.kind == "team":
        return may_see_team(store, view, entry)
    if entry.kind == "bug_task":
        return may_read_number(store, view, entry.bug or 0)
    if entry.kind == "specification":
        return may_read_spec(store, view, entry)
    if entry.kind in ("bug_branch", "specification_branch"):
        return may_see_branch(store, view, entry.path.rpartition("/+")[0])
    return True


def may_see_branch(store: Store, view: View, path: str) -> bool:
    """[S]: of a bug's branches each reader sees those that he may (getVisibleLinkedBranches)."""
    branch = store.item(path)
    if branch is None or is_public(branch):
        return True
    return view.reads_private and (view.admin or path.partition("/")[0] in view.circle)


def may_read_spec(store: Store, view: View, spec: Entry) -> bool:
    """Whether this caller may read this blueprint. [S]: as with bugs, but admins read no more than
    others (get_specification_privacy_filter)."""
    if is_public(spec):
        return True
    if not view.reads_private:
        return False
    marks = ",".join("?" * len(view.circle))
    sql = (
        f"SELECT 1 FROM spec_access WHERE spec=? AND person IN ({marks}) UNION "
        f"SELECT 1 FROM policy WHERE pillar=? AND info=? AND person IN ({marks})"
    )
    pillar, circle = spec.path.partition("/")[0], sorted(view.circle)
    info = spec.get("information_type")
    return bool(store.rows(sql, spec.path, *circle, pillar, info, *circle))


def may_read_number(store: Store, view: View, number: int) -> bool:
    """Whether this caller may read the bug of this number."""
    where, values = readable(view)
    return bool(store.rows(f"SELECT 1 FROM bug b WHERE b.id=? AND {where}", number, *values))


def may_see_team(store: Store, view: View, team: Entry) -> bool:
    """A private team is shown to its members, and to those whom a share or subscription tells: one
    to a public bug tells everybody whose login reads what is private (running server)."""
    if not team.get("private"):
        return True
    if not view.reads_private:
        return False
    if view.admin or team.path in view.circle or _subscribed_openly(store, team):
        return True
    marks = ",".join("?" * len(view.circle))
    sql = (
        "SELECT 1 FROM policy p JOIN item i ON i.path=p.pillar WHERE p.person=? AND "
        f"json_extract(i.data,'$.owner_link') IN ({marks}) UNION SELECT 1 FROM access a JOIN "
        "task t ON t.bug=a.bug JOIN item i ON i.path=t.pillar WHERE a.person=? AND "
        f"json_extract(i.data,'$.owner_link') IN ({marks})"
    )
    circle = sorted(view.circle)
    return bool(store.rows(sql, team.path, *circle, team.path, *circle))


def _subscribed_openly(store: Store, team: Entry) -> bool:
    sql = (
        "SELECT 1 FROM item s JOIN bug b ON b.id=s.bug WHERE s.path='bugs/'||b.id||"
        "'/+subscription/'||? AND b.info IN ('Public', 'Public Security')"
    )
    return bool(store.rows(sql, team.path[1:]))


def drives(store: Store, view: View, pillar: Entry) -> bool:
    """Whether this caller owns or drives a pillar, or is an admin."""
    owners = {pillar.get("owner_link"), pillar.get("driver_link")} - {None}
    return view.writes and (view.admin or bool(owners & view.circle))


def supervises(store: Store, view: View, pillar: Entry) -> bool:
    """Whether this caller owns or drives a pillar, or is its bug supervisor, or an admin."""
    return drives(store, view, pillar) or (
        view.writes and pillar.get("bug_supervisor_link") in view.circle
    )


def moderates(store: Store, view: View, bug: Entry) -> bool:
    """Whether this caller has such a role for one of a bug's tasks (ModerateBug [S])."""
    pillars = {task.path.split("/")[0] for task in store.tasks(bug.bug or 0)}
    found = (store.item(path) for path in pillars)
    return any(one is not None and supervises(store, view, one) for one in found)


def grant(store: Store, bug: int, person: str) -> None:
    """Let a person read a private bug."""
    store.db.execute("INSERT OR IGNORE INTO access VALUES(?,?)", (bug, person))


def grant_spec(store: Store, spec: str, person: str) -> None:
    """Let a person read a private blueprint."""
    store.db.execute("INSERT OR IGNORE INTO spec_access VALUES(?,?)", (spec, person))


def revoke(store: Store, bug: int, person: str) -> None:
    """Take that away."""
    store.db.execute("DELETE FROM access WHERE bug=? AND person=?", (bug, person))


def share(store: Store, pillar: str, person: str, types: list[str]) -> None:
    """Let a person read all bugs of these information types in a project."""
    rows = [(pillar, person, name) for name in types]
    store.db.executemany("INSERT OR IGNORE INTO policy VALUES(?,?,?)", rows)
