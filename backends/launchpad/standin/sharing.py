"""The sharing service: who may read a project's private bugs.

Facts of wire/lab-private: only the pillar's owner, driver and admins may ask, everybody else gets
401; getSharedBugs gives only what was granted for single bugs, nothing for grantees of the policy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal, printed
from tracker_migrate.backends.launchpad.standin.nameless import name_all
from tracker_migrate.backends.launchpad.standin.paging import Listing
from tracker_migrate.backends.launchpad.standin.privacy import (
    ENUM_NAMES,
    drives,
    is_public,
    may_see_team,
)

_PROXY = "<security proxied lp.registry.model.product.Product instance at 0x7f0c55e7efa0>"


def _pillar(ctx: Context) -> Entry:
    """The pillar, if this caller may ask about it."""
    path = ctx.path("pillar") or ""
    pillar = ctx.store.item(path)
    if pillar is None:
        raise Refusal(400, f'pillar: No such object "{ctx.link(path)}".')
    _driven(ctx, pillar)
    if pillar.kind == "project_group":  # seen on a running server
        text = f"{printed(pillar)} is not a supported pillar"
        raise Refusal(500, text, X_Lazr_OopsId="OOPS-standin")
    return pillar


def _driven(ctx: Context, pillar: Entry) -> None:
    if not drives(ctx.store, ctx.view, pillar):
        raise Refusal(401, f"Permission launchpad.Driver required on {_PROXY}.")


def _person(ctx: Context) -> Entry:
    path = ctx.path("person") or ""
    person = ctx.store.item(path)
    if person is None or not may_see_team(ctx.store, ctx.view, person):
        raise Refusal(400, f'person: No such object "{ctx.link(path)}".')
    return person


def grantee_data(ctx: Context, entry: Entry) -> Any:
    """getPillarGranteeData: everybody with ALL or SOME access, by name."""
    pillar = _pillar(ctx)
    people = ctx.store.rows(
        "SELECT person FROM policy WHERE pillar=? UNION SELECT a.person FROM access a "
        "JOIN task t ON t.bug=a.bug JOIN bug b ON b.id=a.bug WHERE t.pillar=? AND b.info NOT IN "
        "('Public','Public Security') UNION SELECT a.person FROM spec_access a JOIN item i ON "
        "i.path=a.spec WHERE i.parent=? ORDER BY 1",
        *[pillar.path] * 3,
    )
    found = [grantee_entry(ctx, pillar, path) for (path,) in people]
    found = [one for one in found if one["permissions"]]
    name_all(ctx, (f"~{one['name']}" for one in found), "icon")
    # [S]: with nobody to name it says null
    return sorted(found, key=lambda one: str(one["display_name"]).lower()) or None


def grantee_entry(ctx: Context, pillar: Entry, path: str) -> dict[str, Any]:
    """One grantee as the sharing service shows it."""
    person = ctx.store.item(path)
    assert person is not None
    some = _some_types(ctx, pillar, path)
    permissions = {ENUM_NAMES[name]: "SOME" for name in ENUM_NAMES if name in some}
    for (name,) in ctx.store.rows(
        "SELECT info FROM policy WHERE pillar=? AND person=?", pillar.path, path
    ):
        permissions[ENUM_NAMES[name]] = "ALL"
    picture = "person" if person.get("is_valid", True) else "person-inactive"
    picture = "team" if person.kind == "team" else picture
    private = " private" if person.get("private") else ""
    shared = [ENUM_NAMES[name] for name in ENUM_NAMES if name in some]
    return {
        "name": person.path[1:],
        "icon_url": None,
        "sprite_css": f"sprite {picture}{private}",
        "display_name": person.get("display_name"),
        "self_link": ctx.link(path),
        "web_link": ctx.view.web_link("launchpad", path),
        "permissions": {k: permissions[k] for k in ENUM_NAMES.values() if k in permissions},
        "shared_artifact_types": shared,
        "shared_items_exist": bool(shared),
    }


def _some_types(ctx: Context, pillar: Entry, person: str) -> set[str]:
    rows = ctx.store.rows(
        "SELECT DISTINCT b.info FROM access a JOIN bug b ON b.id=a.bug JOIN task t ON t.bug=b.id "
        "WHERE a.person=? AND t.pillar=? AND b.info NOT IN ('Public','Public Security')",
        person,
        pillar.path,
    )
    return {info for (info,) in rows} | {
        str(spec.get("information_type")) for spec in _specs_given(ctx, pillar, person)
    }


def _specs_given(ctx: Context, pillar: Entry, person: str) -> list[Entry]:
    """The private blueprints that somebody was let in to, one by one."""
    found = ctx.store.items(
        "parent=? AND kind='specification' AND path IN (SELECT spec FROM spec_access WHERE "
        "person=?) ORDER BY id",
        pillar.path,
        person,
    )
    return [spec for spec in found if not is_public(spec)]


def _shared_bugs(ctx: Context, entry: Entry) -> Any:
    person, pillar = _person(ctx), _pillar(ctx)
    rows = ctx.store.db.execute(
        "SELECT t.bug, t.target, t.data, b.title FROM task t JOIN bug b ON b.id=t.bug JOIN access "
        "a ON a.bug=b.id WHERE t.pillar=? AND a.person=? AND b.info NOT IN ('Public','Public "
        "Security') GROUP BY t.bug ORDER BY t.bug",
        (pillar.path, person.path),
    )
    return Listing.of(None, [ctx.store.task_entry(row) for row in rows])


def _shared_specs(ctx: Context, entry: Entry) -> Any:
    person, pillar = _person(ctx), _pillar(ctx)
    return Listing.of(None, _specs_given(ctx, pillar, person.path))


#: operations of `+services/sharing` that read
SHARING_READS: dict[str, Callable[[Context, Entry], Any]] = {
    "getPillarGranteeData": grantee_data,
    "getSharedBugs": _shared_bugs,
    "getSharedSpecifications": _shared_specs,
}
