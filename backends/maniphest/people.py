"""Who has an account at Phorge, and which projects there are, as its lists say."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.wire import PAGE
from tracker_migrate.interfaces import Candidate

#: people with one of these roles can't be anybody's account
_NOBODY = frozenset({"disabled", "bot", "list"})
_EVERYBODY = ("public", "users")


def accounts(finder: Finder) -> Iterator[Candidate]:
    """Everybody, page after page; e-mail addresses are told to nobody (facts 6)."""
    for rows in finder.pages("user.search", {"constraints": {}, "limit": PAGE}):
        for row in rows:
            said = row["fields"]
            yield Candidate(
                id=row["phid"],
                login=said["username"],
                full_name=said.get("realName") or "",
                usable=_NOBODY.isdisjoint(said.get("roles", ())),
            )


def places(finder: Finder) -> Iterator[str]:
    """The names of projects that everybody may see, page after page; milestones stand below one,
    and are left out."""
    search = {"constraints": {"isMilestone": False}, "limit": PAGE}
    for rows in finder.pages("project.search", search):
        for said in (row["fields"] for row in rows):
            if said["policy"]["view"] in _EVERYBODY:
                yield said["name"]
