"""Who has an account at StoryBoard. It knows no user names; it shows e-mail addresses and OpenID
identifiers to all: they are compared, and written nowhere. And which projects there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.interfaces import Candidate

_ROWS = 500
#: StoryBoard's own importer of Launchpad projects gave the accounts that it made such an address:
#: the name at Launchpad, and a UUID (facts 11)
_IMPORTED = re.compile(r"(.+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}@example\.com")


def accounts(api: Api) -> Iterator[Candidate]:
    """Everybody, page after page. Who may not log in has an account in name only."""
    for row in api.rows("/users", page=_ROWS):
        yield Candidate(
            id=str(row["id"]),
            full_name=row.get("full_name") or "",
            usable=row.get("enable_login") is not False,
            identities=tuple(row[name] for name in ("openid", "email") if row.get(name)),
            made_for=_made_for(row),
        )


def _made_for(row: dict[str, Any]) -> str:
    match = _IMPORTED.fullmatch(row.get("email") or "")
    return match[1] if match else ""


def places(api: Api) -> Iterator[str]:
    """The names of all projects, page after page."""
    for row in api.rows("/projects", page=_ROWS):
        yield row["name"]
