"""The dance for a token: asked for, approved or declined by a person on a page, exchanged.

As Launchpad's own pages do it: a request token lives for two hours and is good for one exchange;
before somebody has looked at it the exchange is 401, and 403 for ever once it was declined.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode

from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.forms import read_form
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.testing.loopback import Reply, Request

NO_ACCESS = "UNAUTHORIZED"
#: what the page offers, with the words on its buttons; an integration of a whole desktop is
#: offered only to who asks for it, and is not here
LEVELS = {
    NO_ACCESS: "No Access",
    "READ_PUBLIC": "Read Non-Private Data",
    "WRITE_PUBLIC": "Change Non-Private Data",
    "READ_PRIVATE": "Read Anything",
    "WRITE_PRIVATE": "Change Anything",
}
LIFE = timedelta(hours=2)
_BUTTON = "field.actions."
_HTML = "text/html;charset=utf-8"
_EXPIRED = "This request token has expired and can no longer be "


def request_token(store: Store, request: Request, now: datetime) -> Reply:
    """POST +request-token: a token that somebody has to review."""
    fields = dict(read_form(request)[0])
    consumer = fields.get("oauth_consumer_key", "")
    if not consumer:
        raise Refusal(401)
    if fields.get("oauth_signature_method") != "PLAINTEXT":
        raise Refusal(400)
    if fields.get("oauth_signature") != "&":
        raise Refusal(401)
    key, secret = secrets.token_hex(10), secrets.token_hex(30)
    store.db.execute("INSERT OR IGNORE INTO consumer VALUES(?)", (consumer,))
    store.db.execute("INSERT INTO token VALUES(?,?,?,NULL,'',1)", (key, secret, consumer))
    store.set_meta(_made(key), now.isoformat())
    if "json" in request.headers.get("accept", ""):
        names = {"oauth_token": key, "oauth_token_secret": secret, "oauth_token_consumer": consumer}
        return Reply.of_json({**names, "access_levels": _described(list(LEVELS))})
    return _form(key, secret)


def access_token(store: Store, request: Request, now: datetime) -> Reply:
    """POST +access-token: exchange a reviewed token."""
    fields = dict(read_form(request)[0])
    key, consumer = fields.get("oauth_token", ""), fields.get("oauth_consumer_key", "")
    person, permission = _signed(store, fields)
    if person is None:
        raise Refusal(401, "Request token has not yet been reviewed. Try again later.")
    if permission == NO_ACCESS:
        raise Refusal(403, "End-user refused to authorize request token.")
    if _is_over(store, key, now):
        raise Refusal(403, f"{_EXPIRED}exchanged.")
    new_key, new_secret = secrets.token_hex(10), secrets.token_hex(30)
    store.db.execute("DELETE FROM token WHERE key=?", (key,))
    seed_token(store, person, consumer, new_key, new_secret, permission)
    return _form(new_key, new_secret, **{"lp.context": "None"})


def _signed(store: Store, fields: Mapping[str, str]) -> tuple[str | None, str]:
    """Who reviewed the request token that a form is signed with, and what they allowed."""
    key, consumer = fields.get("oauth_token", ""), fields.get("oauth_consumer_key", "")
    if store.scalar("SELECT 1 FROM consumer WHERE key=?", consumer) is None:
        raise Refusal(401)
    rows = store.rows("SELECT secret, person, permission FROM token WHERE key=? AND consumer=? "
                      "AND request=1", key, consumer)  # fmt: skip
    if not rows:
        raise Refusal(401, "No request token specified.")
    secret, person, permission = rows[0]
    if fields.get("oauth_signature_method") != "PLAINTEXT":
        raise Refusal(400, "Invalid OAuth signature.")
    if fields.get("oauth_signature") != f"&{secret}":
        raise Refusal(401, "Invalid OAuth signature.")
    return person, permission


def review_token(store: Store, key: str, person: str, permission: str) -> None:
    """What a person's click on +authorize-token does. person: their path."""
    store.db.execute(
        "UPDATE token SET person=?, permission=? WHERE key=? AND request=1",
        (person, permission, key),
    )


def authorize_page(store: Store, request: Request, now: datetime) -> Reply:
    """+authorize-token: GET shows who asks and a button for each level that they offer; POST is a
    click on one, by the name `field.actions.LEVEL`. The field `person` stands for the cookie by
    which Launchpad knows who clicks."""
    fields = dict(read_form(request)[0]) if request.method == "POST" else {}
    key = request.arg("oauth_token") or fields.get("oauth_token", "")
    rows = store.rows("SELECT consumer, person FROM token WHERE key=? AND request=1", key)
    if not rows:
        return _page("Unable to identify application")
    consumer, reviewer = rows[0]
    clicked = next((name for name in fields if name.startswith(_BUTTON)), None)
    if reviewer is None and clicked is None:
        return _buttons(request, key, consumer)
    if reviewer is None and _is_over(store, key, now):
        return _page(f"{_EXPIRED}reviewed.")
    if reviewer is None and clicked is not None:
        review_token(store, key, f"~{fields['person']}", clicked.removeprefix(_BUTTON))
    return _page("Almost finished ...")


def _buttons(request: Request, key: str, consumer: str) -> Reply:
    levels = _offered(request.args("allow_permission"))
    if "json" in request.headers.get("accept", ""):
        names = {"oauth_token": key, "oauth_token_consumer": consumer}
        return Reply.of_json({**names, "access_levels": _described(levels)})
    inputs = (f'<input type="submit" name="{_BUTTON}{one}" value="{LEVELS[one]}">'
              for one in levels)  # fmt: skip
    form = f'<form method="post"><input name="person">{"".join(inputs)}</form>'
    return _page(f"{escape(consumer)} wants to access Launchpad on your behalf.", form)


def _offered(asked: list[str]) -> list[str]:
    """The levels that a page shows: those that were asked for and "No Access"; all of them if
    nothing was asked for that is one."""
    known = [name for name in LEVELS if name in asked and name != NO_ACCESS]
    return [NO_ACCESS, *known] if known else list(LEVELS)


def _described(levels: list[str]) -> list[dict[str, str]]:
    return [{"value": one, "title": LEVELS[one]} for one in levels]


def _made(key: str) -> str:
    return f"request-token:{key}"


def _is_over(store: Store, key: str, now: datetime) -> bool:
    made = store.meta(_made(key))
    return made is not None and datetime.fromisoformat(made) + LIFE <= now


def _page(text: str, rest: str = "") -> Reply:
    body = f"<html><body><p>{text}</p>{rest}</body></html>"
    return Reply(200, body.encode(), {"Content-Type": _HTML})


def _form(key: str, secret: str, **more: str) -> Reply:
    text = urlencode({"oauth_token": key, "oauth_token_secret": secret, **more})
    return Reply(200, text.encode(), {"Content-Type": "text/plain;charset=utf-8"})
