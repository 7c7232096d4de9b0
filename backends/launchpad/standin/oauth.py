"""OAuth 1.0 with PLAINTEXT signatures, as Launchpad takes it, and the dance for a token.

Facts: no header at all is anonymous; an empty oauth_token too, with any consumer. Bodies of the
refusals: err-401-*. Anything but PLAINTEXT is an `Invalid signature.` (err-hmac).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.forms import read_form
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.testing.loopback import Reply, Request

PERMISSIONS = (
    "READ_PUBLIC",
    "WRITE_PUBLIC",
    "READ_PRIVATE",
    "WRITE_PRIVATE",
    "DESKTOP_INTEGRATION",
)


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


# -- the dance --------------------------------------------------------------------------------


def request_token(store: Store, request: Request) -> Reply:
    """POST +request-token: a token that somebody has to review."""
    fields = dict(read_form(request)[0])
    consumer = fields.get("oauth_consumer_key", "")
    if not consumer or fields.get("oauth_signature") != "&":
        raise Refusal(401, "Invalid signature.")
    key, secret = secrets.token_hex(10), secrets.token_hex(30)
    store.db.execute("INSERT OR IGNORE INTO consumer VALUES(?)", (consumer,))
    store.db.execute("INSERT INTO token VALUES(?,?,?,NULL,'',1)", (key, secret, consumer))
    if "json" in request.headers.get("accept", ""):
        levels = [{"value": p, "title": p.replace("_", " ").capitalize()} for p in PERMISSIONS]
        return Reply.of_json({
            "oauth_token": key, "oauth_token_secret": secret, "oauth_token_consumer": consumer,
            "access_levels": levels,
        })  # fmt: skip
    return _token_form(key, secret)


def _token_form(key: str, secret: str, **more: str) -> Reply:
    text = urlencode({"oauth_token": key, "oauth_token_secret": secret, **more})
    return Reply(200, text.encode(), {"Content-Type": "text/plain;charset=utf-8"})


def review_token(store: Store, key: str, person: str, permission: str) -> None:
    """What a person's click on +authorize-token does."""
    store.db.execute(
        "UPDATE token SET person=?, permission=? WHERE key=? AND request=1",
        (person, permission, key),
    )


def access_token(store: Store, request: Request) -> Reply:
    """POST +access-token: exchange a reviewed token; 401 while nobody has reviewed it."""
    fields = dict(read_form(request)[0])
    key, consumer = fields.get("oauth_token", ""), fields.get("oauth_consumer_key", "")
    rows = store.rows("SELECT secret, person, permission FROM token WHERE key=? AND consumer=? "
                      "AND request=1", key, consumer)  # fmt: skip
    if not rows:
        raise Refusal(401, "No request token specified.")
    secret, person, permission = rows[0]
    if fields.get("oauth_signature") != f"&{secret}":
        raise Refusal(401, "Invalid signature.")
    if permission == "UNAUTHORIZED":
        raise Refusal(401, "End-user refused to authorize request token.")
    if person is None:
        raise Refusal(401, "Request token has not yet been reviewed. Try again later.")
    new_key, new_secret = secrets.token_hex(10), secrets.token_hex(30)
    store.db.execute("DELETE FROM token WHERE key=?", (key,))
    seed_token(store, person, consumer, new_key, new_secret, permission)
    return _token_form(new_key, new_secret, **{"lp.context": "None"})
