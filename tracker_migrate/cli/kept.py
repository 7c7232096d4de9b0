"""What `status` says of the logins of a workspace, without asking any server: whose they are, what
they may, when they end, where they are read from. Never any part of a secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker_migrate.errors import MigrateError
from tracker_migrate.logins import NEVER, UNKNOWN
from tracker_migrate.workspace import granted, secrets

#: how long before its end a login is warned of
SOON = timedelta(days=14)


def login_of(folder: Path, name: str, private: bool = False) -> dict[str, Any]:
    """The one login that a credential is. private: whether it has to read what is not public."""
    found = logins_of(folder, name, one=True, private=private)
    return found[0] if found else {"from": None, "get": secrets.login_command(name)}


def logins_of(
    folder: Path, name: str, *, one: bool = False, private: bool = False
) -> list[dict[str, Any]]:
    """A credential's logins: each token is one, or (one) all words together."""
    places = list(secrets.places(folder, name))
    if not places:
        return []
    at = {"from": str(places[0]), "hides": [str(place) for place in places[1:]]}
    try:
        held = secrets.read(folder, name, places[0])
        problem = "there is nothing in it"
    except MigrateError as error:
        held, problem = None, str(error)
    if held is None:
        return [{**at, "known": False, "usable": False, "problem": problem}]
    tokens = [" ".join(held.split())] if one else held.split()
    return [{**at, **_known(folder, name, token, private)} for token in tokens]


def _known(folder: Path, name: str, token: str, private: bool) -> dict[str, Any]:
    note = granted.of(folder, name, token)
    if note is None:
        return {"known": False, "usable": True}
    found = {"known": True, "usable": not _is_over(note.ends)}
    found |= {word: getattr(note, word) for word in ("account", "who", "may", "ends", "since")}
    why = _ending(note.ends)
    if private and not note.reads_private:
        found["usable"] = False
        why = "it does not read what is private, which source.private = true wants"
    return {**found, "problem": f"{why}: {secrets.login_command(name)}"} if why else found


def _date(ends: str) -> datetime | None:
    if ends in (NEVER, UNKNOWN):
        return None
    try:
        when = datetime.fromisoformat(ends)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _is_over(ends: str) -> bool:
    when = _date(ends)
    return when is not None and when <= datetime.now(UTC)


def _ending(ends: str) -> str:
    """A warning of a login that has ended, or soon will."""
    when, now = _date(ends), datetime.now(UTC)
    if when is None or when - now > SOON:
        return ""
    if when <= now:
        return "it has ended"
    return f"it ends in {(when - now).days} days"


def lines(logins: list[dict[str, Any]], what: str) -> Iterator[str]:
    """Logins in words. what: whose they are."""
    for one in logins:
        if one["from"] is None:
            yield f"  {what}: none ({one['get']})"
            continue
        yield f"  {what}: {_told(one)}; from {one['from']}"
        for hidden in one["hides"]:
            yield f"    which hides {hidden}"
        if "problem" in one:
            yield f"    warning: {one['problem']}"


def _told(one: dict[str, Any]) -> str:
    if not one["known"]:
        return "there is one, of which nothing is known" if one["usable"] else "not usable"
    whose = one["who"] if one["account"] == f"~{one['who']}" else f"{one['who']} ({one['account']})"
    return f"{whose}; may {one['may']}; ends: {one['ends']}"


def waits(logins: list[dict[str, Any]]) -> bool:
    """Whether one of them can't be used as it is."""
    return not all(one.get("usable", True) for one in logins)
