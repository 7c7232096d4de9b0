"""Logging in to Launchpad: the dance for a token, and the header that a token becomes.

launchpadlib is used for what it knows best, credentials and how they sign; they need no cache. Its
browser, with a cache that keeps hidden comments (facts 11), is never made: shared between threads
it swaps replies without an error. Nor is its POST, which waits for an answer for ever, and whose
check of certificates a variable turns off: the two requests of the dance go out from here.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from tracker_migrate.errors import (
    LoginNeeded,
    MigrateError,
    Unreachable,
    UsageError,
    WrongTracker,
)
from tracker_migrate.failures import in_words
from tracker_migrate.http import plain_session
from tracker_migrate.logins import NEVER, Granted, Person, Wish

CONSUMER = "tracker-migrate"
USUAL = "https://api.launchpad.net"
#: seconds between two looks at whether somebody has approved
EVERY = 3.0
_FIELDS = ("consumer", "token", "secret")
#: what a token may do, by the levels that its page offers: the words of the buttons there, and ours
_BUTTONS = {
    "READ_PUBLIC": "Read Non-Private Data",
    "READ_PRIVATE": "Read Anything",
    "WRITE_PRIVATE": "Change Anything",
}
_MAY: dict[tuple[str, ...], str] = {
    ("READ_PUBLIC",): "read what is public",
    ("READ_PRIVATE",): "read what its owner may read, but not who else may",
    ("WRITE_PRIVATE",): "read and change what its owner may, and be told who else may read it",
}
_NOT_TOLD = (
    "note: who may read a private bug Launchpad tells only a login that may also change things, of "
    "its project's owner or driver: with this one every private bug is refused at the targets"
)
_ENDED = "the request for a login has ended, or was used: run the command again"


def web_root(address: str) -> str:
    """The address of the pages for people that belong to an API's, without a slash at the end."""
    split = urlsplit(address)
    return f"{split.scheme}://{split.netloc.removeprefix('api.')}"


def log_in(wish: Wish, person: Person) -> Granted:
    """Have a person approve a token on a page that may be opened on any machine, and prove it.

    Raises LoginNeeded (declined, or nobody approved in time), WrongTracker, Unreachable.
    """
    levels = _levels(wish)
    if wish.private and wish.read_only:
        person.show(_NOT_TOLD)
    address = wish.address or USUAL
    answer_within = float(wish.options.get("timeout", 60.0))
    _asked(address, None, answer_within)
    with Dance(web_root(address), answer_within) as dance:
        page = dance.begin(levels)
        buttons = " or ".join(f'"{_BUTTONS[level]}"' for level in levels)
        person.show(f"open this page in any browser, on any machine, and choose {buttons}:")
        person.show(page)
        credentials = dance.wait(person, wish.timeout)
    name = _asked(address, credentials, answer_within)
    words = " ".join(credentials[field] for field in _FIELDS)
    # Launchpad lets only tokens for a whole desktop end, and those are never asked for
    return Granted(
        secret=words,
        account=f"~{name}",
        who=name,
        may=_MAY[levels],
        ends=NEVER,
        reads_private="READ_PUBLIC" not in levels,
    )


def _levels(wish: Wish) -> tuple[str, ...]:
    """What the page shall offer: one level, which we know then was chosen. With the one for what is
    public not even the reporter of a private bug reads it (facts 5); only with the one that may
    change things does the sharing service answer (seen on a running server)."""
    if wish.read_only:
        return ("READ_PRIVATE",) if wish.private else ("READ_PUBLIC",)
    return ("WRITE_PRIVATE",)


def _asked(address: str, credentials: Mapping[str, str] | None, timeout: float) -> str:
    """The name of whose login it is, asked for with it, so that it is known to work; without one,
    only whether this is a Launchpad at all."""
    from tracker_migrate.backends.launchpad import places
    from tracker_migrate.backends.launchpad.client import Client

    client = Client(address, credentials=credentials, timeout=timeout)
    try:
        if credentials is not None:
            return places.viewer(client)
        places.check_root(client)
        return ""
    finally:
        client.close()


class Dance:
    """The two requests by which a token is asked for and got. root: of the pages for people."""

    def __init__(self, root: str, timeout: float = 60.0) -> None:
        self._root = root
        self._host = urlsplit(root).netloc
        self._timeout = timeout
        self._session = plain_session()
        self._pending = ("", "")

    def __enter__(self) -> Dance:
        return self

    def __exit__(self, *_error: object) -> None:
        self._session.close()

    def begin(self, levels: tuple[str, ...]) -> str:
        """Ask for a token; the page where it is approved. Raises WrongTracker, Unreachable."""
        answer = self._post("+request-token", oauth_signature="&")
        if answer.status_code != 200:
            raise self._trouble(answer)
        self._pending = self._pair(answer)
        offered = [("allow_permission", level) for level in levels]
        return f"{self._root}/+authorize-token?" + urlencode(
            [("oauth_token", self._pending[0]), *offered]
        )

    def wait(self, person: Person, seconds: float) -> dict[str, str]:
        """Look again and again whether it was approved, for so long; the credentials.

        What passes, a proxy's 502 or a broken connection, is waited out: the request is still good.
        """
        end = time.monotonic() + seconds
        trouble: MigrateError = LoginNeeded(
            f"nobody approved the login within {seconds:.0f} seconds: run the command again "
            "(--timeout gives more time)"
        )
        while (left := end - time.monotonic()) > 0:
            person.pause(min(EVERY, left))
            try:
                granted = self._exchange()
            except Unreachable as error:
                trouble = error
                continue
            if granted is not None:
                return {"consumer": CONSUMER, "token": granted[0], "secret": granted[1]}
        raise trouble

    def _exchange(self) -> tuple[str, str] | None:
        """The token; None while nobody has looked at the page. Its refusals are told apart by
        their words: 401 is waiting as well as ended, 403 declined as well as ended."""
        key, secret = self._pending
        answer = self._post("+access-token", oauth_token=key, oauth_signature=f"&{secret}")
        if answer.status_code == 200:
            return self._pair(answer)
        text = answer.text[:200]
        if answer.status_code == 401 and "No request token" not in text:
            return None
        if answer.status_code == 401 or (answer.status_code == 403 and "expired" in text):
            raise LoginNeeded(_ENDED)
        if answer.status_code == 403:
            raise LoginNeeded("the login was declined on Launchpad's page: nothing is kept")
        raise self._trouble(answer)

    def _post(self, page: str, **fields: str) -> requests.Response:
        form = {"oauth_consumer_key": CONSUMER, "oauth_signature_method": "PLAINTEXT", **fields}
        try:
            return self._session.post(
                f"{self._root}/{page}",
                data=form,
                headers={"Referer": f"{self._root}/"},  # Launchpad takes no POST without it
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            why = in_words(error)
        raise Unreachable(f"{self._host} does not answer ({why})")

    def _pair(self, answer: requests.Response) -> tuple[str, str]:
        held = parse_qs(answer.text)
        try:
            (key,), (secret,) = held["oauth_token"], held["oauth_token_secret"]
        except (KeyError, ValueError):
            key = ""
        if not key:
            raise WrongTracker(f"{self._host} answers, but not as Launchpad does")
        return key, secret

    def _trouble(self, answer: requests.Response) -> MigrateError:
        what = f"{self._host} answers {answer.status_code}"
        if answer.status_code >= 500 or answer.status_code == 429:
            return Unreachable(what)
        return WrongTracker(f"{what}, as no Launchpad does: is source.address right?")


def authorizer(credentials: Mapping[str, str]) -> Any:
    """Credentials as launchpadlib's own object, access token put in. Raises UsageError."""
    from launchpadlib.credentials import AccessToken, Credentials

    missing = [f"credentials.{name}: missing" for name in _FIELDS if name not in credentials]
    if missing:
        raise UsageError("; ".join(missing) + " (log in again)")
    made = Credentials(credentials["consumer"])
    made.access_token = AccessToken(credentials["token"], credentials["secret"])
    return made


class Signer:
    """The OAuth header of each request. launchpadlib signs once; PLAINTEXT signatures hold for any
    address, so that only the nonce and the time are new each time (signing anew costs 0.2 ms)."""

    def __init__(self, credentials: Mapping[str, str] | None, address: str) -> None:
        self._pattern: str | None = None
        if credentials is not None:
            signed: dict[str, str] = {}
            authorizer(credentials).authorizeRequest(address, "GET", None, signed)
            header = signed["Authorization"].replace("%", "%%")
            header = re.sub(r'oauth_nonce="[^"]*"', 'oauth_nonce="%(nonce)s"', header)
            self._pattern = re.sub(r'oauth_timestamp="[^"]*"', 'oauth_timestamp="%(time)d"', header)

    def headers(self) -> dict[str, str]:
        """Headers for one request; empty for an anonymous reader, which needs none."""
        if self._pattern is None:
            return {}
        values = {"nonce": str(secrets.randbits(63)), "time": int(time.time())}
        return {"Authorization": self._pattern % values}
