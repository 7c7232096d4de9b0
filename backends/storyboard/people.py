"""Who has an account at StoryBoard. It knows no user names; it shows e-mail addresses to all, and
those are not looked at, for the tables may not hold them."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.interfaces import Candidate

_ROWS = 500


def accounts(api: Api) -> Iterator[Candidate]:
    """Everybody, page after page. Who may not log in has an account in name only."""
    for row in api.rows("/users", page=_ROWS):
        yield Candidate(
            id=str(row["id"]),
            full_name=row.get("full_name") or "",
            usable=row.get("enable_login") is not False,
        )
