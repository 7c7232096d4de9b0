"""Logging in to StoryBoard: a token that a person makes on a page, proven and looked up."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from tracker_migrate.backends.storyboard import wire
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.options import read_options
from tracker_migrate.errors import ObjectError, Unreachable, UsageError, WrongTracker
from tracker_migrate.logins import UNKNOWN, Granted, Person, Wish


def log_in(wish: Wish, person: Person) -> Granted:
    """Ask for a token, and ask the server whose it is and when it ends.

    Raises UsageError (StoryBoard has no read-only tokens), LoginNeeded, WrongTracker, Unreachable.
    """
    if wish.read_only:
        raise UsageError(
            "StoryBoard has no read-only tokens: leave --read-only out, or log in as an account "
            "that may write nothing of importance"
        )
    options = read_options(wish.options)
    base = wire.api_base(wish.address)
    web = (options.web or wire.web_root(base)).rstrip("/")
    person.show(f"make a token, one that lives as long as the move takes: {web}/#!/profile/tokens")
    token = person.secret("StoryBoard token")
    with closing(Api(base, token, timeout=options.timeout, attempts=3)) as api:
        return _proven(api, token)


def _proven(api: Api, token: str) -> Granted:
    try:
        me = api.get("/users/self")
        number, superuser = int(me["id"]), bool(me.get("is_superuser"))
    except (ObjectError, KeyError, TypeError, ValueError, AttributeError):
        raise WrongTracker(f"{api.host} answers, but not as StoryBoard does") from None
    return Granted(
        secret=token,
        account=str(number),
        who=str(me.get("full_name") or ""),
        may="read and write as a superuser" if superuser else "read and write; no superuser",
        ends=_ends(api, number, token),
    )


def _ends(api: Api, user: int, token: str) -> str:
    """When the token ends: created_at and expires_in, in seconds, of its row among the account's
    own. Nothing else tells, and an older server may not show them."""
    try:
        rows: list[Any] = api.get(f"/users/{user}/tokens")
        (row,) = [one for one in rows if one.get("access_token") == token]
        made = datetime.fromisoformat(row["created_at"])
        return (made + timedelta(seconds=int(row["expires_in"]))).isoformat()
    except (ObjectError, Unreachable, KeyError, TypeError, ValueError, AttributeError):
        return UNKNOWN
    except OverflowError:  # a life of more than eight thousand years
        return UNKNOWN
