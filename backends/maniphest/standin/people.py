"""Accounts and their tokens; the picture that an account gets when it is first looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracker_migrate.backends.maniphest.standin.config import Persona
from tracker_migrate.backends.maniphest.standin.errors import NO_SESSION, ConduitError
from tracker_migrate.backends.maniphest.standin.store import Store, fold, scramble, token_of

_COLUMNS = "id, phid, username, realname, email, bot, admin, disabled, created, modified, picture"


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    id: int
    phid: str
    username: str
    realname: str
    email: str
    bot: int
    admin: int
    disabled: int
    created: int
    modified: int
    picture: str | None

    @property
    def fullname(self) -> str:
        """As handles show it."""
        return f"{self.username} ({self.realname})"

    def roles(self, word_for_bot: str) -> list[str]:
        """What the account is; old methods say `agent` where new ones say `bot`."""
        named = {"disabled": self.disabled, word_for_bot: self.bot, "admin": self.admin}
        roles = [name for name, true in named.items() if true]
        return [*roles, "verified", "approved", *([] if self.disabled else ["activated"])]


class People:
    """The accounts of the server."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, persona: Persona) -> User:
        """Open an account and give it a token."""
        store, name = self.store, persona.username
        number = store.take("user")
        phid = persona.phid or store.phid("USER")
        row = {
            "id": number,
            "phid": phid,
            "username": name,
            "fold": fold(name),
            "realname": persona.realname or f"{name.capitalize()} Example",
            "email": fold(persona.email or f"{name}@example.test"),
            "bot": int(persona.bot),
            "admin": int(persona.admin),
            "disabled": 0,
            "created": store.now(),
            "modified": store.now(),
            "picture": None,
        }
        store.insert("user", row)
        store.insert("token", {"token": persona.token or token_of(name), "user": number})
        return self.load("id = ?", [number])[0]

    def load(self, where: str, args: Sequence[object] = ()) -> list[User]:
        """Accounts, the newest first."""
        sql = f"SELECT {_COLUMNS} FROM user WHERE {where} ORDER BY id DESC"
        return [User(*row) for row in self.store.rows(sql, args)]

    def by_phid(self, phid: str) -> User | None:
        """The account of this name, if there is one."""
        return next(iter(self.load("phid = ?", [phid])), None)

    def by_names(self, names: Iterable[str]) -> list[User]:
        """The accounts of these user names, in any case."""
        folded = sorted({fold(name) for name in names})
        return self.load(f"fold IN ({','.join('?' * len(folded))})", folded)

    def resolve(self, names: Sequence[str]) -> list[str]:
        """User names become PHIDs; what is none stays as it is, and so does every PHID."""
        plain = [name for name in names if not name.startswith("PHID-")]
        known = {fold(user.username): user.phid for user in self.by_names(plain)} if plain else {}
        return [known.get(fold(name), name) for name in names]

    def by_token(self, token: str | None) -> User:
        """Who calls; ConduitError if the token is missing, odd, unknown, or its owner disabled."""
        if not token:
            raise NO_SESSION
        if len(token) != 32:
            raise _auth(
                f'API token "{token}" has the wrong length. '
                "API tokens should be 32 characters long."
            )
        found = self.load("id = (SELECT user FROM token WHERE token = ?)", [token])
        if not found:
            raise _auth(f'API token "{token}" is not valid.')
        if found[0].disabled:
            raise _auth("User account is not permitted to use the API.")
        return found[0]

    def picture(self, user: User) -> str:
        """The PHID of the account's picture: a file of its own, made when first wanted.

        So a look at an account takes a file number (server-lists, exchange 13).
        """
        if user.picture:
            return user.picture
        store, now = self.store, self.store.now()
        phid = store.phid("FILE")
        row = {
            "id": store.take("file"),
            "phid": phid,
            "name": f"#profile-{user.username}.png",
            "mime": "image/png",
            "size": 4096,
            "hash": "",
            "author": None,
            "view": "users",
            "created": now,
            "modified": now,
            "secret": scramble(20),
            "chunked": 0,
            "data": b"",
        }
        store.insert("file", row)
        store.run("UPDATE user SET picture = ?, modified = ? WHERE id = ?", [phid, now, user.id])
        return phid


def _auth(info: str) -> ConduitError:
    return ConduitError(info, "ERR-INVALID-AUTH")
