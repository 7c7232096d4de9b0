"""Who has an account at Phorge, as its list of people says."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.wire import PAGE
from tracker_migrate.interfaces import Candidate

#: people with one of these roles can't be anybody's account
_NOBODY = frozenset({"disabled", "bot", "list"})


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
