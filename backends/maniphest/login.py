"""Logging in to Phorge or Phabricator: a Conduit token that a person makes on a page, proven."""

from __future__ import annotations

from contextlib import closing

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.options import checked
from tracker_migrate.checked import web_address
from tracker_migrate.errors import ObjectError, UsageError, WrongTracker
from tracker_migrate.logins import NEVER, Granted, Person, Wish


def log_in(wish: Wish, person: Person) -> Granted:
    """Ask for a token, and ask the server whose it is.

    Raises UsageError (Conduit has no read-only tokens), LoginNeeded, WrongTracker, Unreachable.
    """
    if wish.read_only:
        raise UsageError(
            "Maniphest has no read-only tokens: leave --read-only out, or log in as an account "
            "that may edit nothing of importance"
        )
    options = checked(wish.options)
    try:
        base = web_address(wish.address).rstrip("/").removesuffix("/api")
    except ValueError as error:
        raise UsageError(f"address: {error} (that of Phorge's pages)") from None
    person.show(f"make a Conduit API token, best as a bot: {base}/settings/panel/apitokens/")
    token = person.secret("Conduit API token")
    with closing(Conduit(base, token, timeout=options.timeout, attempts=3)) as client:
        return _proven(client, token)


def _proven(client: Conduit, token: str) -> Granted:
    try:
        me = client.read("user.whoami")
        account, who, roles = str(me["phid"]), str(me["userName"]), set(me.get("roles", ()))
    except (ObjectError, KeyError, TypeError, AttributeError):
        raise WrongTracker(f"{client.host} answers, but not as Phorge does") from None
    kinds = (("agent", "a bot"), ("bot", "a bot"), ("admin", "an administrator"))
    kind = next((words for role, words in kinds if role in roles), "a person")
    # a Conduit token lives until somebody terminates it
    return Granted(secret=token, account=account, who=who, may=f"read and write as {kind}",
                   ends=NEVER)  # fmt: skip
