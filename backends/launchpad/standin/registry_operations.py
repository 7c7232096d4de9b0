"""Named operations that make things: projects, series, milestones, blueprints; sharing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.launchpad.standin.bug_operations import (
    BUG_POSTS,
    create_bug,
    person_argument,
    readable_bug,
    target_argument,
)
from tracker_migrate.backends.launchpad.standin.changing import BugChange, created
from tracker_migrate.backends.launchpad.standin.context import Context, unwrapped
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal, unauthorized
from tracker_migrate.backends.launchpad.standin.part_operations import (
    decide_nomination,
    delete_content,
    edit_content,
    remove_attachment,
)
from tracker_migrate.backends.launchpad.standin.privacy import drives, grant, share
from tracker_migrate.backends.launchpad.standin.sharing import grantee_entry

_TRUNK = (
    'The "trunk" series represents the primary line of development rather than a stable release '
    "branch. This is sometimes also called MAIN or HEAD."
)


def _new_project(ctx: Context, entry: Entry) -> Any:
    name, me, now = ctx.required("name"), ctx.view.person, ctx.now()
    if ctx.store.item(name) is not None:
        raise Refusal(400, f"name: {name} is already used by another project")
    shown = ctx.text("display_name") or name
    ctx.store.put_item("project", name, {
        "name": name, "display_name": shown, "title": shown, "summary": ctx.text("summary"),
        "owner_link": me, "registrant_link": me, "date_created": now,
        "licenses": ctx.values("licenses"), "development_focus_link": f"{name}/trunk",
    })  # fmt: skip
    _put_series(ctx, name, "trunk", _TRUNK)
    share(ctx.store, name, str(me), ["Private", "Private Security"])
    return created(ctx, name)


def _put_series(ctx: Context, project: str, name: str, summary: str | None) -> str:
    found = ctx.store.item(project)
    shown = found.get("display_name", project) if found else project
    path = f"{project}/{name}"
    ctx.store.put_item("project_series", path, {
        "name": name, "display_name": name, "title": f"{shown} {name} series",
        "project_link": project, "summary": summary, "owner_link": ctx.view.person,
        "date_created": ctx.now(),
    }, None, project)  # fmt: skip
    return path


def _new_series(ctx: Context, project: Entry) -> Any:
    if not drives(ctx.store, ctx.view, project):
        raise unauthorized(project, "newSeries", "launchpad.Driver")
    path = _put_series(ctx, project.path, ctx.required("name"), ctx.text("summary"))
    return created(ctx, path)


def _new_milestone(ctx: Context, series: Entry) -> Any:
    project, name = series.path.split("/")[0], ctx.required("name")
    found = ctx.store.item(project)
    if found is None or not drives(ctx.store, ctx.view, found):
        raise unauthorized(series, "newMilestone", "launchpad.Driver")
    code = ctx.text("code_name")
    title = f"{found.get('display_name')} {name}" + (f' "{code}"' if code else "")
    path = f"{project}/+milestone/{name}"
    ctx.store.put_item("milestone", path, {
        "name": name, "title": title, "target_link": project, "code_name": code,
        "series_target_link": series.path, "summary": ctx.text("summary"),
        "date_targeted": ctx.text("date_targeted"),
    }, None, project)  # fmt: skip
    return created(ctx, path)


def _create_spec(ctx: Context, entry: Entry) -> Any:
    target, name = target_argument(ctx), ctx.required("name")
    path = f"{target.path}/+spec/{name}"
    if ctx.store.item(path) is not None:
        raise Refusal(400, f"name: {name} is already used by another blueprint")
    links = {f"{who}_link": ctx.path(who) for who in ("assignee", "drafter", "approver")}
    ctx.store.put_item("specification", path, {
        "name": name, "title": ctx.required("title"), "summary": ctx.required("summary"),
        "specification_url": ctx.text("specification_url"), "owner_link": ctx.view.person,
        "definition_status": ctx.text("definition_status") or "New",
        "whiteboard": ctx.text("whiteboard"), "date_created": ctx.now(), **links,
    }, None, target.path)  # fmt: skip
    return created(ctx, path)


# -- blueprints ----------------------------------------------------------------------------------


def _link_bug(ctx: Context, spec: Entry) -> Any:
    """Linking moves the bug's date, unlinking does not; neither leaves a row of history."""
    bug = readable_bug(ctx, ctx.path("bug"), "bug")
    ctx.store.relate("specs", bug.path, spec.path)
    change = BugChange(ctx, bug)
    change.bump()
    change.save()
    return True


def _unlink_bug(ctx: Context, spec: Entry) -> Any:
    ctx.store.unrelate("specs", ctx.path("bug") or "", spec.path)
    return True


def _propose_goal(ctx: Context, spec: Entry) -> Any:
    goal = target_argument(ctx, "goal")
    ctx.store.relate("goal", goal.path, spec.path)
    data = {**spec.data, "has_accepted_goal": drives(ctx.store, ctx.view, goal)}
    ctx.store.put_item("specification", spec.path, data)
    return None


# -- sharing -------------------------------------------------------------------------------------


def _driven_pillar(ctx: Context) -> Entry:
    pillar = target_argument(ctx, "pillar")
    if not drives(ctx.store, ctx.view, pillar):
        raise Refusal(401, "Permission launchpad.Edit required on <security proxied pillar>.")
    return pillar


def _share_pillar(ctx: Context, entry: Entry) -> Any:
    pillar, grantee = _driven_pillar(ctx), person_argument(ctx, "grantee")
    wanted = json.loads(unwrapped(ctx.required("permissions")))
    share(ctx.store, pillar.path, grantee.path, [t for t, lvl in wanted.items() if lvl == "All"])
    shown = grantee_entry(ctx, pillar, grantee.path)
    return {"grantee_entry": shown if shown["permissions"] else None,
            "invisible_information_types": []}  # fmt: skip


def _ensure_grants(ctx: Context, entry: Entry) -> Any:
    for bug in ctx.values("bugs"):
        for person in ctx.values("grantees"):
            number = int(ctx.view.path(bug).rpartition("/")[2])
            grant(ctx.store, number, ctx.view.path(person))
    return None


def _sharing_policies(ctx: Context, entry: Entry) -> Any:
    pillar = _driven_pillar(ctx)
    policy = ctx.text("bug_sharing_policy")
    if policy:
        data = {**pillar.data, "bug_sharing_policy": policy}
        ctx.store.put_item(pillar.kind, pillar.path, data)
        types = ["Proprietary", "Embargoed"] if policy.startswith("Embargoed") else ["Proprietary"]
        share(ctx.store, pillar.path, str(pillar.get("owner_link")), types)
    return None


#: operations that POST runs, by kind of entry
POST_OPERATIONS: dict[str, dict[str, Callable[[Context, Entry], Any]]] = {
    "bug": BUG_POSTS,
    "bugs": {"createBug": create_bug},
    "projects": {"new_project": _new_project},
    "project": {"newSeries": _new_series},
    "project_series": {"newMilestone": _new_milestone},
    "specs": {"createSpecification": _create_spec},
    "specification": {
        "linkBug": _link_bug,
        "unlinkBug": _unlink_bug,
        "proposeGoal": _propose_goal,
    },
    "message": {"editContent": edit_content, "deleteContent": delete_content},
    "bug_attachment": {"removeFromBug": remove_attachment},
    "bug_nomination": {
        "approve": decide_nomination("Approved"),
        "decline": decide_nomination("Declined"),
    },
    "+services/sharing": {
        "sharePillarInformation": _share_pillar,
        "ensureAccessGrants": _ensure_grants,
        "updatePillarSharingPolicies": _sharing_policies,
    },
}
