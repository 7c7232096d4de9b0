"""Users, and the tokens by which they (or a superuser in their name) speak."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import timedelta
from typing import Any

from tracker_migrate.backends.storyboard.standin import dates, sqltext
from tracker_migrate.backends.storyboard.standin.body import Body, Dates
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.collation import fold, weights
from tracker_migrate.backends.storyboard.standin.errors import Fault, dangling, missing, taken
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.people import person
from tracker_migrate.backends.storyboard.standin.store import Row

DATES = ("created_at", "updated_at")
SORTABLE = [
    "id",
    "created_at",
    "updated_at",
    "full_name",
    "email",
    "openid",
    "is_superuser",
    "enable_login",
]
LONGEST_EMAIL = 100
NOBODY = "'NoneType' object has no attribute '_public_fields'"


def _row(call: Call, number: int) -> Row:
    row = call.store.get("user", number)
    if row is None:
        raise Fault(500, NOBODY)  # not 404 (facts 1)
    return row


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /users: e-mail and OpenID match as a whole, yet X-Total counts parts (facts 1)."""
    query = Query("user", tuple(SORTABLE)).alike(call, "full_name")
    counted = Query("user", ()).alike(call, "full_name", "email", "openid").condition()
    for name, column in (("email", "folded"), ("openid", "openid")):
        if call.args.get(name) is not None:
            query.only(
                f"{column} = ?", fold(call.args[name]) if name == "email" else call.args[name]
            )
    rows = fetch(call, query)
    total = call.store.value(f"SELECT count(*) FROM user WHERE {counted[0]}", counted[1])
    call.headers["X-Total"] = str(total)
    return [person(row) for row in rows]


def search(call: Call) -> list[dict[str, Any]]:
    """GET /users/search: a word of the name begins so."""
    call.args.pop("marker", None)
    query = Query("user", tuple(SORTABLE))
    for term in (call.args.get("q") or "").split():
        query.only("begins(?, full_name)", weights(term))
    return [person(row) for row in fetch(call, query, total=False)]


def get(call: Call) -> dict[str, Any]:
    """GET /users/{id}: with its dates for the person alone."""
    row = _row(call, call.numbers[0])
    return person(row, whole=row["id"] == call.user)


def me(call: Call) -> dict[str, Any]:
    """GET /users/self."""
    return person(_row(call, call.me), whole=True)


def post(call: Call) -> dict[str, Any]:
    """POST /users: the e-mail is unique, the OpenID is not."""
    body = Body("user", call.body)
    when = Dates("user", body, DATES)
    values = _given(body)
    when.check(values)
    _check_email(call, values)
    number = call.store.free("user", {**values, "id": body.number("id")})
    stored = {**values, "folded": fold(values["email"]), "created_at": call.stamp, **when.kept()}
    call.store.insert("user", {**stored, "id": number}, taken("User", values["email"]))
    shown = {"created_at": call.moment, **when.shown()}
    return {**person(_row(call, number), whole=True), **shown}


def _given(body: Body) -> dict[str, Any]:
    return {
        "full_name": body.text("full_name"),
        "email": body.text("email"),
        "openid": body.text("openid"),
        "is_superuser": body.flag("is_superuser"),
        "enable_login": body.flag("enable_login", True),
    }


def _check_email(call: Call, values: dict[str, Any]) -> None:
    if len(values["email"] or "") > LONGEST_EMAIL:
        rest = {"created_at": call.now, "is_staff": False, "is_active": True}
        what = sqltext.too_long("email")
        raise sqltext.failed_insert("user", what, {**values, **rest})


def put(call: Call) -> dict[str, Any]:
    """PUT /users/{id}: oneself, or a superuser; only a superuser makes superusers."""
    number = call.numbers[0]
    if number != call.user and not call.superuser:
        raise Fault(403, "You are not allowed to update this user.")
    row, body = _row(call, number), Body("user", call.body)
    values = {name: value for name, value in _given(body).items() if body.has(name)}
    if not call.superuser:
        values.pop("is_superuser", None)
    if "email" in values:
        values["folded"] = fold(values["email"])
    try:
        call.store.update("user", row["id"], {**values, "updated_at": call.stamp})
    except sqlite3.IntegrityError:
        raise taken("User", values["email"]) from None
    return person(_row(call, number), whole=number == call.user)


# -- tokens ---------------------------------------------------------------------------------


def _token_entry(row: Row) -> dict[str, Any]:
    names = ("user_id", "access_token", "expires_in", "id", "created_at", "updated_at")
    return {name: row[name] for name in names}


def _owner(call: Call) -> int:
    """The user in the path, who must be the caller unless that is a superuser."""
    number: int = call.numbers[0]
    if number != call.user and not call.superuser:
        raise Fault(403, "You are not admin and can't do this.")
    return number


def _token(call: Call) -> Row:
    owner, number = _owner(call), call.numbers[1]
    row = call.store.get("token", number)
    if row is None or row["user_id"] != owner:
        raise missing("Token", number, ".")
    return row


def list_tokens(call: Call) -> list[dict[str, Any]]:
    """GET /users/{id}/tokens: all of that person's, their own ones too (facts 12)."""
    query = Query("token", ("id", "created_at", "updated_at", "access_token", "expires_in"))
    query.visible("user_id = ?", _owner(call))
    return [_token_entry(row) for row in fetch(call, query)]


def get_token(call: Call) -> dict[str, Any]:
    """GET /users/{id}/tokens/{id}."""
    return _token_entry(_token(call))


def post_token(call: Call) -> dict[str, Any]:
    """POST /users/{id}/tokens: how a superuser speaks as anybody (facts 0)."""
    owner, body = _owner(call), Body("token", call.body)
    if body.number("user_id") != owner:
        raise Fault(403, "token_entity.user_id or user_id is wrong.")
    ends, lasts = _ends(call, body.number("expires_in"))
    text = body.text("access_token") or secrets.token_hex(20)
    if call.store.one("SELECT 1 FROM token WHERE access_token = ?", (text,)) is not None:
        raise Fault(409, "This token already exist.")
    number = call.store.take("token")
    if not call.store.has("user", owner):
        raise dangling("AccessToken", "user_id", "accesstokens_ibfk_1")
    values = {"user_id": owner, "access_token": text, "expires_in": lasts, "ends": ends}
    call.store.insert("token", {**values, "created_at": call.stamp, "id": number})
    call.numbers = [owner, number]
    return _token_entry(_token(call))


def _ends(call: Call, lasts: int | None) -> tuple[str, int]:
    if lasts is None:
        raise Fault(500, "unsupported type for timedelta seconds component: NoneType")
    try:
        return dates.kept(call.now + timedelta(seconds=lasts)), lasts
    except OverflowError:
        raise Fault(500, "date value out of range") from None


def put_token(call: Call) -> dict[str, Any]:
    """PUT /users/{id}/tokens/{id}: another length of life, counted from now."""
    row, body = _token(call), Body("token", call.body)
    ends, lasts = _ends(call, body.number("expires_in"))
    call.store.update("token", row["id"], {"expires_in": lasts, "ends": ends})
    return _token_entry(_token(call))


def delete_token(call: Call) -> None:
    """DELETE /users/{id}/tokens/{id}."""
    call.store.run("DELETE FROM token WHERE id = ?", (_token(call)["id"],))
