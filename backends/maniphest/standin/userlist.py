"""Finding people: user.search, user.query, user.find, user.whoami; accounts off and on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.standin import params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.errors import ConduitError
from tracker_migrate.backends.maniphest.standin.files import data_uri
from tracker_migrate.backends.maniphest.standin.listing import (
    Column,
    Constraint,
    Filter,
    Listing,
    Orders,
    fulltext,
    ids,
    phids,
    since,
    truth,
    until,
)
from tracker_migrate.backends.maniphest.standin.people import User
from tracker_migrate.backends.maniphest.standin.store import fold

_ORDERS = Orders(
    query="PhabricatorPeopleQuery",
    columns={"id": Column("user.id"), "username": Column("user.fold", rising=True)},
    builtin={"newest": ["id"], "oldest": ["-id"], "relevance": ["id"]},
    default=["id"],
)
_NO_ONE = (
    "You do not have permission to edit this object. // By default, no one can take this action."
)


class UserList(Listing):
    """Accounts: everybody sees everybody."""

    table = "user"
    select = (
        "SELECT id, phid, username, realname, email, bot, admin, disabled, created, modified, "
        "picture FROM user"
    )
    kind = "USER"
    attachments = ("availability",)
    saved: Mapping[str, str] = {"all": "1", "active": "disabled = 0"}

    def constraints(self) -> Mapping[str, Constraint]:
        """In the server's order; e-mail addresses are none."""
        return _CONSTRAINTS

    def orders(self) -> Orders:
        """By number."""
        return _ORDERS

    def revive(self, row: Sequence[Any]) -> User:
        """An account."""
        return User(*row)

    def visible(self, thing: User) -> bool:
        """Always."""
        return True

    def fields(self, thing: User) -> dict[str, Any]:
        """Its fields."""
        return {
            "username": thing.username,
            "realName": thing.realname,
            "roles": thing.roles("bot"),
            "dateCreated": thing.created,
            "dateModified": thing.modified,
            "policy": {"view": "public", "edit": "admin" if thing.bot else "no-one"},
        }

    def attachment(self, name: str, thing: User) -> Any:
        """Everybody is there."""
        free = {"value": "available", "until": None, "name": "Available"}
        return {**free, "color": "green", "eventPHID": None}


def search(call: Call) -> dict[str, Any]:
    """user.search."""
    return UserList(call).run()


def _usernames(call: Call, filtered: Filter, name: str, value: Any) -> None:
    wanted = [fold(text) for text in params.strings(name, value)]
    if wanted:
        filtered.among("user.fold", wanted)


def _like(call: Call, filtered: Filter, name: str, value: Any) -> None:
    start = fold(params.string(name, value)).replace("%", "").replace("_", "\\_")
    pattern = [f"{start}%", f"{start}%", f"% {start}%"]
    like = "LIKE ? ESCAPE '\\'"
    filtered.add(f"fold {like} OR lower(realname) {like} OR lower(realname) {like}", *pattern)


_CONSTRAINTS: Mapping[str, Constraint] = {
    "ids": ids("user.id"),
    "phids": phids("user.phid"),
    "usernames": _usernames,
    "nameLike": _like,
    "isAdmin": truth("admin = 1"),
    "isDisabled": truth("disabled = 1"),
    "isBot": truth("bot = 1"),
    "isMailingList": truth("0"),
    "needsApproval": truth("0"),
    "mfa": truth("0"),
    "createdStart": since("user.created"),
    "createdEnd": until("user.created"),
    "query": fulltext,
}

# -- older methods --------------------------------------------------------------------------


def whoami(call: Call) -> dict[str, Any]:
    """user.whoami."""
    return {**_told(call, call.user), "primaryEmail": call.user.email}


def query(call: Call) -> list[dict[str, Any]]:
    """user.query: the only way from an e-mail address to a person; empty lists mean everybody."""
    filtered = Filter()
    for name, column, folded in (
        ("usernames", "fold", True),
        ("emails", "email", True),
        ("realnames", "realname", False),
        ("phids", "phid", False),
        ("ids", "id", False),
    ):
        given = call.get(name)
        if given:
            values = params.array(name, given)
            filtered.among(column, [fold(str(each)) if folded else each for each in values])
    found = call.site.people.load(filtered.sql, filtered.args)
    start, limit = int(call.get("offset", 0)), int(call.get("limit", 100))
    return [_told(call, user) for user in found[start : start + limit]]


def find(call: Call) -> Any:
    """user.find: user names to PHIDs."""
    names = params.strings("aliases", call.get("aliases", []))
    found = call.site.people.by_names(names) if names else []
    return {user.username: user.phid for user in found} or []


def _told(call: Call, user: User) -> dict[str, Any]:
    site = call.site
    picture = site.files.by_phid(site.people.picture(user))
    return {
        "phid": user.phid,
        "userName": user.username,
        "realName": user.realname,
        "image": data_uri(picture, site.host) if picture else "",
        "uri": f"{site.host}/p/{user.username}/",
        "roles": user.roles("agent"),
    }


def switch(disabled: int) -> Any:
    """user.disable and user.enable, for administrators."""

    def run(call: Call) -> None:
        if not call.user.admin:
            raise ConduitError("Only admins can call this method.", "ERR-PERMISSIONS")
        for phid in params.strings("phids", call.get("phids", [])):
            sql = "UPDATE user SET disabled = ?, modified = ? WHERE phid = ?"
            call.site.store.run(sql, [disabled, call.site.store.now(), phid])

    return run


def edit(call: Call) -> None:
    """user.edit: nobody may make or change an account through Conduit."""
    given = call.get("objectIdentifier")
    user = call.site.people.by_phid(str(given)) if given else None
    if user is None:
        raise ConduitError(f"[You Shall Not Pass: PhabricatorUserEditEngine] (Can Edit) {_NO_ONE}")
    raise ConduitError(
        f"[You Shall Not Pass: {user.username}] (Can Edit) {_NO_ONE} "
        "Only you can edit your information."
    )
