"""Whether somebody can read what is private: asked as nobody, and as the outsider of the settings.

All ways are tried, for each is a query of its own in StoryBoard: the story, its tasks, comments and
tags, the timeline, the search (scenario private-story-life).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tracker_migrate.backends.storyboard import wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key, kind_of, name_of


def readable(
    site: Site,
    refs: Mapping[Key, tuple[str, RemoteRef]],
    *,
    withheld: Collection[str] = (),
    thorough: bool = False,
) -> list[Key]:
    """The keys of those objects that an outsider can read."""
    return [
        key
        for key, (_kind, at) in refs.items()
        if any(_seen(api, key, at) for api in site.outsiders)
    ]


def _seen(api: Api, key: Key, at: RemoteRef) -> bool:
    match kind_of(key):
        case "bug" | "blueprint":
            return _story_seen(api, key, at.id)
        case "task":
            return _any(lambda: api.get(f"/tasks/{at.id}"))
        case "comment":
            story = wire.story_in(at.url)
            return story is not None and _any(lambda: api.get(f"/stories/{story}/comments/{at.id}"))
    return False


def _story_seen(api: Api, key: Key, story: str) -> bool:
    paths = ("", "/tasks", "/comments", "/events", "/tags")
    asked = [lambda path=path: api.get(f"/stories/{story}{path}") for path in paths]
    return (
        any(_any(ask) for ask in asked)
        or _any(lambda: api.get("/tasks", {"story_id": story}))
        or _searched(api, key, story)
    )


def _searched(api: Api, key: Key, story: str) -> bool:
    """Whether the full-text search names it: the only costly question, 2 to 4 s at size.

    Asked for by the issue's number, which stands in its line of origin: the title must not get into
    an address, for addresses are logged. A '%' in the question is a 500, and so is an empty one.
    """
    words = " ".join(re.findall(r"\w{3,}", name_of(key)))
    rows = api.get("/stories/search", {"q": words, "limit": 100}) if words else ()
    return any(str(row.get("id")) == story for row in rows)


def _any(ask: Callable[[], Any]) -> bool:
    try:
        return bool(ask())
    except Gone:
        return False
