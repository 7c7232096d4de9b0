"""Writing as somebody else: a superuser has a short-lived token made for each author.

The tokens are in memory alone, and end by themselves minutes after they were made: what is killed
leaves nothing behind that has to be looked for. One is made anew before it ends, counted by our own
clock from before it was asked for, so that the server's clock may be any. There are never more than
`MOST` of them, and each that we had made is taken back when it is put away, and no other one: among
a person's tokens are their own (facts 12).

A token opens all that its account may do, so that no superuser is written as, and nobody whose
login is switched off, but for the accounts that we made ourselves (see `placeholders`).
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tracker_migrate import waiting
from tracker_migrate.backends.storyboard import placeholders
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    MigrateError,
    Refused,
    Retriable,
    UsageError,
)

#: so many tokens are held at once
MOST = 500
#: seconds for which one is used; it lives for as much longer as a request may take, and a minute,
#: in case that the server's machines don't agree about the time
USED = 600.0
APART = 60.0
#: seconds that taking tokens back may take in the end
CLOSING = 10.0
_STRIPES = 64
_TOKEN = re.compile(r"[\x21-\x7e]{8,}")

NO_SUPERUSER = (
    "options.authors: StoryBoard makes tokens for others for a superuser alone: use the token of"
    ' one, or set authors = "importer"'
)


class Voice:
    """A token of somebody's. until: the time.monotonic() up to which it is used."""

    __slots__ = ("_secret", "account", "number", "until")

    def __init__(self, account: str, number: int, secret: str, until: float) -> None:
        self.account, self.number, self.until = account, number, until
        self._secret = secret

    def __repr__(self) -> str:
        return f"<a token of account {self.account}>"

    def write(self, api: Api, method: str, path: str, body: Any, size: int) -> Any:
        """`Api.write` with this token."""
        return api.write(method, path, body, size=size, bearer=self._secret)


class Authors:
    """Writes as others. May be used by several threads. api: a superuser's. timeout: seconds that a
    request may take. clock: a seam for tests."""

    def __init__(
        self, api: Api, timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api = api
        self._margin = timeout + APART
        self._clock = clock
        self._held: OrderedDict[str, Voice] = OrderedDict()
        self._guard = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]

    def write(self, account: str, method: str, path: str, body: Any, *, size: int = 0) -> Any:
        """`Api.write`, as somebody. Raises what it says, and Refused if that account can't be
        written as; nothing was written then.

        A token that is not taken is known before anything is done, so that the request may go again
        with another one: it may have been put away by another thread, or ended early.
        """
        for _ in range(2):
            voice = self._voice(account)
            try:
                return voice.write(self._api, method, path, body, size)
            except LoginNeeded:
                self._put_away(voice)
        raise Refused(
            f"{self._api.host} does not take the tokens that it makes for account {account}: do its"
            " machines agree about the time? See its row in people.csv"
        )

    def close(self) -> None:
        """Take back all tokens that are left, for a few seconds; the others are left to their end,
        and so are all if the server is not there, or knows us no more."""
        with self._guard:
            left = list(self._held.values())
            self._held.clear()
        until = self._clock() + CLOSING
        for voice in left:
            if self._clock() > until or not self._revoke(voice):
                return

    # -- which token ------------------------------------------------------------------------

    def _voice(self, account: str) -> Voice:
        """A token that lasts for long enough: the one that is held, or a new one. Only one thread
        at a time has one made for an account."""
        with self._stripes[hash(account) % _STRIPES]:
            voice = self._known(account)
            if voice is not None and voice.until > self._clock():
                return voice
            if voice is not None:
                self._put_away(voice)
            self._may_be(account)
            return self._keep(self._made(account))

    def _known(self, account: str) -> Voice | None:
        with self._guard:
            voice = self._held.get(account)
            if voice is not None:
                self._held.move_to_end(account)
            return voice

    def _keep(self, voice: Voice) -> Voice:
        """The oldest ones make room."""
        with self._guard:
            self._held[voice.account] = voice
            over = len(self._held) - MOST
            oldest = [self._held.popitem(last=False)[1] for _ in range(max(0, over))]
        for one in oldest:
            self._revoke(one)
        return voice

    def _put_away(self, voice: Voice) -> None:
        with self._guard:
            if self._held.get(voice.account) is voice:
                del self._held[voice.account]
        self._revoke(voice)

    # -- asked of the server ----------------------------------------------------------------

    def _may_be(self, account: str) -> None:
        """Raise Refused if nothing is to be written as an account, as it is now."""
        try:
            row = self._api.get(f"/users/{int(account)}")
        except Gone:
            raise Refused(f"account {account} of people.csv is not there any more") from None
        if reason := placeholders.unspoken(row):
            raise Refused(f"account {account} {reason}: nothing is written in its name")

    def _made(self, account: str) -> Voice:
        """A new token. That no answer came leaves one behind that nobody knows, and that ends."""
        since, lives = self._clock(), int(USED + self._margin)
        body = {"user_id": int(account), "expires_in": lives}
        try:
            with _beside():
                row = self._api.write("POST", f"/users/{int(account)}/tokens", body)
        except Doubtful as doubtful:
            raise _again(
                doubtful, f"{self._api.host} made no token for account {account}"
            ) from None
        except UsageError:
            raise UsageError(NO_SUPERUSER) from None
        return self._understood(account, row, since, lives)

    def _understood(self, account: str, row: Mapping[str, Any], since: float, lives: int) -> Voice:
        """The token that a reply tells of. One of somebody else must not be used."""
        secret = row.get("access_token") or ""
        voice = Voice(account, row["id"], secret, since)
        if row.get("user_id") != int(account) or not _TOKEN.fullmatch(secret):
            raise Refused(f"{self._api.host} made another token than one for account {account}")
        left = min(lives, row.get("expires_in") or lives) - self._margin
        voice.until = since + left
        return voice

    def _revoke(self, voice: Voice) -> bool:
        """Take a token of ours back; whether the server answered. It ends by itself anyhow."""
        try:
            with _beside():
                self._api.write("DELETE", f"/users/{int(voice.account)}/tokens/{voice.number}")
        except (Gone, Refused):
            return True
        except MigrateError:
            return False
        return True


def _again(doubtful: Doubtful, what: str) -> Retriable:
    """Nothing of a step was sent: it may be tried again."""
    error = Retriable(what)
    error.down = doubtful.down
    return error


@contextmanager
def _beside() -> Iterator[None]:
    """While in it, what is written is none of the step that is being sent: should the server go
    down afterwards, the step itself was surely not sent."""
    under_way = waiting.send()
    wrote = under_way is not None and under_way.wrote
    try:
        yield
    finally:
        if under_way is not None:
            under_way.wrote = wrote
