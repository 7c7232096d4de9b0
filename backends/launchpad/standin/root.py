"""The service root, and the collections right below it."""

from __future__ import annotations

import json

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal, not_found
from tracker_migrate.backends.launchpad.standin.paging import Listing, page
from tracker_migrate.testing.loopback import Reply

#: links of the service root and where they lead
ROOT_LINKS = {
    "temporary_blobs_collection_link": "temporary-blobs",
    "countries_collection_link": "+countries",
    "languages_collection_link": "+languages",
    "questions_collection_link": "questions",
    "specifications_collection_link": "",
    "bug_trackers_collection_link": "bugs/bugtrackers",
    "cves_collection_link": "bugs/cve",
    "bugs_collection_link": "bugs",
    "builders_collection_link": "builders",
    "processors_collection_link": "+processors",
    "charm_bases_collection_link": "+charm-bases",
    "charm_recipes_collection_link": "+charm-recipes",
    "branches_collection_link": "branches",
    "git_repositories_collection_link": "+git",
    "snap_bases_collection_link": "+snap-bases",
    "snaps_collection_link": "+snaps",
    "snappy_serieses_collection_link": "+snappy-series",
    "archives_collection_link": "archives",
    "livefses_collection_link": "livefses",
    "packagesets_collection_link": "package-sets",
    "translation_groups_collection_link": "+groups",
    "translation_import_queue_entries_collection_link": "+imports",
    "distributions_collection_link": "distros",
    "people_collection_link": "people",
    "polls_collection_link": "+polls",
    "projects_collection_link": "projects",
    "project_groups_collection_link": "projectgroups",
    "rock_bases_collection_link": "+rock-bases",
    "rock_recipes_collection_link": "+rock-recipes",
    "craft_recipes_collection_link": "+craft-recipes",
    "services_link": "services",
    "pillars_link": "pillars",
    "me_link": "people/+me",
}
_KINDS = {
    "projects": ("project",),
    "projectgroups": ("project_group",),
    "distros": ("distribution",),
    "people": ("person", "team"),
    "bugs/cve": ("cve",),
    "bugs/bugtrackers": ("bug_tracker",),
}


def root_reply(ctx: Context, place: Entry) -> Reply:
    """The service root itself, or one of the collections below it."""
    if place.kind == "root":
        return _service_root(ctx)
    if place.kind == "+services/sharing":
        return _sharing_service(ctx)
    kinds = _KINDS.get(place.path)
    if kinds is None:
        return (
            _page(ctx, Listing.of("bug", []), place.path) if place.path == "bugs" else _none(place)
        )
    marks = ",".join("?" * len(kinds))
    found = ctx.store.items(f"kind IN ({marks}) ORDER BY path", *kinds)
    return _page(ctx, Listing.of(kinds[0], found), place.path)


def _none(place: Entry) -> Reply:
    raise Refusal(405, "", Allow="POST") if place.path == "specs" else not_found(place, "")


def _page(ctx: Context, listing: Listing, path: str) -> Reply:
    text = page(ctx, listing, path)
    return Reply(200, text.encode(), {"Content-Type": "application/json", "Vary": "Accept"})


def _service_root(ctx: Context) -> Reply:
    links = {name: ctx.view.api + path for name, path in ROOT_LINKS.items()}
    return Reply.of_json({"resource_type_link": f"{ctx.view.api}#service-root", **links})


def _sharing_service(ctx: Context) -> Reply:
    itself = f"{ctx.view.api}+services/sharing"
    value = {
        "self_link": itself,
        "resource_type_link": f"{ctx.view.api}#sharing_service",
        "name": "sharing",
        "http_etag": '"sharing"',
    }
    return Reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})
