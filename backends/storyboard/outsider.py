"""Whether somebody can read what is private: asked as nobody, and as each outsider of the settings.

Each object is asked for by its own address, and by those of its story, for each of them is a query
of its own in StoryBoard (scenario private-story-life). `sweeps` has what does not name them.

StoryBoard itself shows of a private story, and can't be kept from it: that its number and those of
its tasks and comments are in use (a POST of one is refused); the names of its tags, with how often
they are used; to who follows it, the numbers of what they follow. No text of it is among that.
What it shows to all in a search with a filter that fits nothing, is in `search`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tracker_migrate.backends.storyboard import sweeps, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import Gone, LoginNeeded
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key, key

Refs = Mapping[Key, tuple[str, RemoteRef]]

#: what a listed tag is told as, that should have been in no list: its name is not
WITHHELD = key("storyboard", "tag", "withheld")
_OF_STORY = ("", "/tasks", "/comments", "/events", "/tags")


def readable(
    site: Site, refs: Refs, *, withheld: Collection[str] = (), thorough: bool = False
) -> list[Key]:
    """The keys of those objects that an outsider can read, and `WITHHELD` if such a tag is listed.
    Raises LoginNeeded if an outsider's token is not taken."""
    seen: set[Key] = set()
    for number, api in enumerate(site.outsiders):
        try:
            seen |= _seen(api, refs, withheld, thorough)
        except LoginNeeded:
            raise LoginNeeded(f"{api.host} does not take token {number} of the outsiders") from None
    return [of for of in (*refs, WITHHELD) if of in seen]


def _seen(api: Api, refs: Refs, withheld: Collection[str], thorough: bool) -> set[Key]:
    seen = set(_asked_for(api, refs))
    if thorough:
        seen |= sweeps.seen(api, refs)
        if withheld and sweeps.shows_a_tag(api, withheld):
            seen.add(WITHHELD)
    return seen


def _asked_for(api: Api, refs: Refs) -> Iterator[Key]:
    for of, (kind, at) in refs.items():
        if any(_shown(api, path, query) for path, query in _addresses(kind, at)):
            yield of


def _addresses(kind: str, at: RemoteRef) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where an object of a kind can be asked for."""
    story = wire.story_in(at.url)
    match kind:
        case "story":
            yield from ((f"/stories/{at.id}{part}", {}) for part in _OF_STORY)
            yield from ((path, {"story_id": at.id}) for path in ("/tasks", "/events"))
            yield "/tags", {"story_id": at.id}
        case "tagging":
            yield f"/stories/{at.id}/tags", {}
        case "task":
            yield f"/tasks/{at.id}", {}
            if story is not None:
                yield f"/stories/{story}/tasks/{at.id}", {}
        case "comment" if story is not None:
            yield f"/stories/{story}/comments/{at.id}", {}
            yield f"/stories/{story}/comments/{at.id}/history", {}


def _shown(api: Api, path: str, query: Mapping[str, Any]) -> bool:
    try:
        return bool(api.get(path, query))
    except Gone:
        return False
