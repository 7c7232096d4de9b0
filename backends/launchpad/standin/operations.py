"""Named operations that read (`GET ...?ws.op=`), by kind of entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.lists import collection_of
from tracker_migrate.backends.launchpad.standin.paging import Listing
from tracker_migrate.backends.launchpad.standin.privacy import may_read_spec
from tracker_migrate.backends.launchpad.standin.search import search_tasks
from tracker_migrate.backends.launchpad.standin.sharing import SHARING_READS

Operation = Callable[[Context, Entry], Any]

_LOGIN_SERVICES = ("https://login.launchpad.net/+id/", "https://login.ubuntu.com/+id/")


def _named(collection: str) -> Operation:
    def run(ctx: Context, entry: Entry) -> Any:
        listing = collection_of(ctx, entry, collection)
        assert listing is not None
        return Listing(None, listing.count, listing.fetch)

    return run


def _nothing(ctx: Context, entry: Entry) -> Any:
    return Listing.of(None, [])


def _specification(ctx: Context, pillar: Entry) -> Any:
    found = ctx.store.item(f"{pillar.path}/+spec/{ctx.required('name')}")
    return found if found is not None and may_read_spec(ctx.store, ctx.view, found) else None


def _milestone(ctx: Context, pillar: Entry) -> Any:
    return ctx.store.item(f"{pillar.path}/+milestone/{ctx.required('name')}")


def _series(ctx: Context, pillar: Entry) -> Any:
    found = ctx.store.item(f"{pillar.path}/{ctx.required('name')}")
    return found if found is not None and found.kind.endswith("_series") else None


def _source_package(ctx: Context, pillar: Entry) -> Any:
    return ctx.store.item(f"{pillar.path}/+source/{ctx.required('name')}")


def _search_pillars(*kinds: str) -> Operation:
    def run(ctx: Context, entry: Entry) -> Any:
        text = f"%{ctx.text('text') or ''}%"
        marks = ",".join("?" * len(kinds))
        found = ctx.store.items(
            f"kind IN ({marks}) AND (path LIKE ? OR json_extract(data, '$.display_name') LIKE ?) "
            "ORDER BY path", *kinds, text, text,
        )  # fmt: skip
        return Listing.of(None, found)

    return run


def _by_email(ctx: Context, entry: Entry) -> Any:
    found = ctx.store.items(
        "kind='email_address' AND json_extract(data, '$.email')=?", ctx.required("email")
    )
    return ctx.store.item(str(found[0].get("person_link"))) if found else None


def _by_openid(ctx: Context, entry: Entry) -> Any:
    """By an identifier of one of Launchpad's two login services; one of another's is nobody's. The
    store keeps what stands behind the service's address. Not recorded: by the WADL alone."""
    asked = ctx.required("identifier")
    bare = next((asked[len(one) :] for one in _LOGIN_SERVICES if asked.startswith(one)), "")
    found = sorted(ctx.store.sources("openid", bare)) if bare else []
    return ctx.store.item(found[0]) if found else None


def _nomination_for(ctx: Context, bug: Entry) -> Any:
    target = ctx.path("target")
    for item in ctx.store.items("bug=? AND kind='bug_nomination'", bug.bug):
        if target in (item.get("target_link"), item.get("productseries_link")):
            return item
    raise Refusal(404, "")


def _is_expirable(ctx: Context, bug: Entry) -> Any:
    return any(t.get("status") == "Incomplete" for t in ctx.store.tasks(bug.bug or 0))


_SEARCH: dict[str, Operation] = {"searchTasks": search_tasks}
_PILLAR: dict[str, Operation] = {
    **_SEARCH,
    "getMilestone": _milestone,
    "getSubscriptions": _nothing,
    "getBranches": _nothing,
    "getMergeProposals": _nothing,
}

#: by kind of entry and name of the operation
GET_OPERATIONS: dict[str, dict[str, Operation]] = {
    "project": {**_PILLAR, "getSpecification": _specification, "getSeries": _series},
    "project_series": {**_SEARCH, "getSpecification": _specification},
    "project_group": _PILLAR,
    "distribution": {
        **_PILLAR,
        "getSpecification": _specification,
        "getSeries": _series,
        "getSourcePackage": _source_package,
    },
    "distro_series": {**_SEARCH, "getSpecification": _specification},
    "distribution_source_package": _SEARCH,
    "source_package": _SEARCH,
    "milestone": _SEARCH,
    "project_group_milestone": _SEARCH,
    "person": {**_SEARCH, "getOwnedProjects": _nothing, "getBugSubscriberPackages": _nothing},
    "team": _SEARCH,
    "bugs": _SEARCH,
    "bug": {
        "getNominations": _named("nominations"),
        "getNominationFor": _nomination_for,
        "isExpirable": _is_expirable,
        "getVisibleLinkedBranches": _named("linked_branches"),
        "getVisibleLinkedMergeProposals": _named("linked_merge_proposals"),
    },
    "bug_task": {"findSimilarBugs": _nothing},
    "people": {
        "getByEmail": _by_email,
        "getByOpenIDIdentifier": _by_openid,
        "find": _search_pillars("person", "team"),
        "findPerson": _search_pillars("person"),
        "findTeam": _search_pillars("team"),
    },
    "projects": {"search": _search_pillars("project"), "latest": _search_pillars("project")},
    "projectgroups": {"search": _search_pillars("project_group")},
    "+services/sharing": SHARING_READS,
}
