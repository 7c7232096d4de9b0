"""OAuth 1.0 with PLAINTEXT signatures, as Launchpad takes it: who signed a request.

Facts: no header at all is anonymous; an empty oauth_token too, with any consumer. Bodies of the
refusals: err-401-*. Anything but PLAINTEXT is an `Invalid signature.` (err-hmac).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.testing.loopback import Request


@dataclass(frozen=True)
class Login:
    """Who signed a request, and with what permission."""

    person: str | None
    permission: str = "READ_PUBLIC"


ANONYMOUS = Login(None)


def login_of(store: Store, request: Request) -> Login:
    """Check the Authorization header (or oauth_* arguments); 401 if it is wrong."""
    given = _parameters(request)
    key = given.get("oauth_token", "")
    if not key:
        return ANONYMOUS
    consumer = given.get("oauth_consumer_key", "")
    if store.scalar("SELECT 1 FROM consumer WHERE key=?", consumer) is None:
        raise Refusal(401, f"Unknown consumer ({consumer}).")
    row = store.rows("SELECT secret, person, permission FROM token WHERE key=? AND consumer=? "
                     "AND request=0", key, consumer)  # fmt: skip
    if not row:
        raise Refusal(401, f"Unknown access token ({key}).")
    secret, person, permission = row[0]
    if given.get("oauth_signature_method") != "PLAINTEXT" or given.get("oauth_signature") != (
        f"&{secret}"
    ):
        raise Refusal(401, "Invalid signature.")
    return Login(person, permission)


def _parameters(request: Request) -> dict[str, str]:
    header = request.headers.get("authorization", "")
    if header.startswith("Token "):
        raise Refusal(401, "Unknown access token.")
    if header.startswith("OAuth"):
        return {k: unquote(v) for k, v in re.findall(r'(oauth_\w+)="([^"]*)"', header)}
    return {key: value for key, value in request.query if key.startswith("oauth_")}


def seed_token(
    store: Store, person: str, consumer: str, key: str, secret: str,
    permission: str = "WRITE_PRIVATE",
) -> None:  # fmt: skip
    """Make a token known, as if the person had granted it."""
    store.db.execute("INSERT OR IGNORE INTO consumer VALUES(?)", (consumer,))
    store.db.execute(
        "INSERT OR REPLACE INTO token VALUES(?,?,?,?,?,0)",
        (key, secret, consumer, person, permission),
    )
