"""Telling ours from a stranger's where the author is not the importer (law 5).

What our account made is ours. What was written as somebody else names that account as its author,
as what they write themselves does: it is ours if it is sealed, with a key that nobody else has. A
story and a comment have their seal in the line of origin, a task, which has no text, at the end of
its link. A seal that was copied from another object is none, for its permalink is another; one that
was copied into a second object of the same permalink counts for nobody whom the tables don't name.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.storyboard import origins
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.text import origin


def is_sealed_link(site: Site, link: Any) -> bool:
    """Whether a task's link is sealed by us."""
    home, seal = origins.unsealed(link)
    return _fits(site, home, seal)


def is_sealed(site: Site, text: Any) -> bool:
    """Whether a text's line of origin is sealed by us."""
    found = origin.parse(text) if isinstance(text, str) else None
    return found is not None and _fits(site, found.permalink, found.signature)


def _fits(site: Site, permalink: str, seal: str) -> bool:
    return bool(seal) and site.seal is not None and hmac.compare_digest(site.seal(permalink), seal)


def story(site: Site, row: Mapping[str, Any]) -> bool:
    """Whether a story as read is ours."""
    account = row.get("creator_id")
    return site.is_ours(account) or (
        is_named(site, account) and is_sealed(site, row.get("description"))
    )


def task(site: Site, row: Mapping[str, Any]) -> bool:
    """Whether a task as read is ours."""
    account = row.get("creator_id")
    return site.is_ours(account) or (
        is_named(site, account) and is_sealed_link(site, row.get("link"))
    )


def comment(site: Site, author: Any, content: Any) -> bool:
    """Whether a comment is ours, whose author its event tells."""
    return site.is_ours(author) or (is_named(site, author) and is_sealed(site, content))


def is_named(site: Site, account: Any) -> bool:
    """Whether the tables name an account, as far as that is known: nothing of ours is by another.
    A sealed line can be read, and copied."""
    return site.named is None or str(account) in site.named


def may_be(site: Site, row: Mapping[str, Any]) -> bool:
    """Whether a story may be ours, though somebody has changed its line of origin: its author is
    one whom the tables name. Enough to close what stands under our number, and for nothing else."""
    return str(row.get("creator_id")) in (site.named or ())
