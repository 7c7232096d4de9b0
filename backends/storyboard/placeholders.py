"""Accounts that are made for people of the source who have none: they are written as, and stand for
them until they come.

StoryBoard shows everybody's address to all, so that none of the source's is given to it: an account
that we make has one that leads nowhere, and that says for whom it was made. Nobody can log in with
it. The address is in use only once (facts 1, whatever its case): the same account is never made
twice, and is found again if the reply was lost.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from tracker_migrate.backends.storyboard import fields
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.faults import Exists
from tracker_migrate.errors import Doubtful, Refused, Retriable, Unreachable, UsageError
from tracker_migrate.interfaces import Account
from tracker_migrate.model import Person, parts
from tracker_migrate.text.printable import printable

#: no mail can ever be sent there (RFC 2606)
DOMAIN = "placeholder.invalid"
EMAIL_MAX = 100
NAME_MIN, NAME_MAX = 3, 255
_TRIES = 3
_ADDRESS = re.compile(rf"(?P<name>[^@\s]+)@[a-z]+\.{re.escape(DOMAIN)}")
_FOREIGN = re.compile(r"[^a-z0-9+.\-]")


def address(person: Person) -> str:
    """The address of the account that is made for somebody: `jdoe@launchpad.placeholder.invalid`.
    A name that has to be changed gets some digits of its hash, so that no two become one."""
    tracker, _, name = parts(person.key)
    domain = f"@{tracker}.{DOMAIN}"
    kept = _FOREIGN.sub("-", name.lower())
    if kept == name and len(kept) + len(domain) <= EMAIL_MAX:
        return kept + domain
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{kept[: EMAIL_MAX - len(domain) - 9]}-{mark}{domain}"


def made_for(email: Any) -> str:
    """The name at the source of whom an account of ours was made for; "" if it is none."""
    match = _ADDRESS.fullmatch(email) if isinstance(email, str) else None
    return match["name"] if match else ""


def unspoken(row: Mapping[str, Any]) -> str:
    """Why nothing is written as an account: the rest of a sentence about it; "" if it may be.

    A token opens all that its account may do, and the owner of one that was switched off is not to
    be seen at work. The accounts that we made are switched off from the first.
    """
    if row.get("is_superuser"):
        return "is a superuser's"
    if row.get("enable_login") is False and not made_for(row.get("email")):
        return "is switched off"
    return ""


def make(api: Api, person: Person) -> Account:
    """An account for somebody, or the one that was made before. Raises UsageError unless we are a
    superuser; Refused, LoginNeeded, Unreachable."""
    email = address(person)
    for _ in range(_TRIES):
        if (there := _found(api, email)) is not None:
            return there
        body = {"full_name": _name(person), "email": email, "enable_login": False}
        try:
            row = api.write("POST", "/users", body)
        except UsageError:
            raise UsageError(f"{api.host} lets a superuser alone make accounts") from None
        except (Exists, Doubtful, Retriable):
            continue  # somebody was faster, or the reply was lost: the look tells
        return Account(id=str(row["id"]), name=row.get("full_name") or "")
    raise Unreachable(f"{api.host} makes no account; try again later")


def _found(api: Api, email: str) -> Account | None:
    """The account with an address. Raises Refused if it is not as we made it."""
    for row in api.get("/users", {"email": email}):
        if (row.get("email") or "").lower() != email:
            continue
        if row.get("is_superuser"):
            raise Refused(
                f"account {row['id']} has the address of a placeholder, and is a superuser's"
            )
        return Account(id=str(row["id"]), name=row.get("full_name") or "")
    return None


def _name(person: Person) -> str:
    name = " ".join(printable(fields.sound(person.display_name or person.name)).split())
    name = name if len(name) >= NAME_MIN else f"{name} ({person.name})".strip()
    return name[:NAME_MAX]
