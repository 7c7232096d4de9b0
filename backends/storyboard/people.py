"""Who has an account at StoryBoard. It knows no user names; it shows e-mail addresses and OpenID
identifiers to all: they are compared, and written nowhere. And which projects there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from tracker_migrate.backends.storyboard import placeholders
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import Gone
from tracker_migrate.interfaces import Candidate

_ROWS = 500
#: so many accounts are asked for one by one
_FEW = 20
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
    return match[1] if match else placeholders.made_for(row.get("email"))


def unspoken(site: Site, accounts: Collection[str]) -> dict[str, str]:
    """Of these accounts those that nothing is to be written as, and why. All that there are are
    listed if there are more than a few; nobody is asked about if nothing is written as others."""
    site.named = frozenset(accounts)
    if site.options.authors == "importer":
        return {}
    asked = {one for one in accounts if one.isdigit()}
    all_ = len(asked) > _FEW
    rows = site.api.rows("/users", page=_ROWS) if all_ else _one_by_one(site.api, asked)
    found = dict.fromkeys(asked, "is not there any more")
    for row in rows:
        if str(row["id"]) in found:
            mine = row["id"] == site.me
            found[str(row["id"])] = "is the importer's" if mine else placeholders.unspoken(row)
    return {one: why for one, why in found.items() if why}


def _one_by_one(api: Api, accounts: Collection[str]) -> Iterator[dict[str, Any]]:
    for one in sorted(accounts, key=int):
        try:
            yield api.get(f"/users/{int(one)}")
        except Gone:
            continue


def places(api: Api) -> Iterator[str]:
    """The names of all projects, page after page."""
    for row in api.rows("/projects", page=_ROWS):
        yield row["name"]
