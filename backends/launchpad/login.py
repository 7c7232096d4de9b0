"""Logging in to Launchpad: launchpadlib's dance for a token, and the header that a token becomes.

launchpadlib is used for what it knows best, credentials; they need no cache. Its browser, with a
cache that keeps hidden comments (facts 11), is never made: shared between threads it swaps replies
without an error.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tracker_migrate.errors import LoginNeeded, Unreachable, UsageError

CONSUMER = "tracker-migrate"
_FIELDS = ("consumer", "token", "secret")


def web_root(address: str) -> str:
    """The address of the pages for people that belong to an API's, without a slash at the end."""
    split = urlsplit(address)
    return f"{split.scheme}://{split.netloc.removeprefix('api.')}"


def login(address: str, approve: Callable[[str], None], consumer: str = CONSUMER) -> dict[str, str]:
    """Get an access token: ask for one, let `approve` show its address to somebody, exchange it.

    address: of the API. approve: gets the address of the page to open in any browser, and returns
    when the person says that it is done. Returns credentials as `open_source` takes them. Raises
    LoginNeeded if access was not granted, Unreachable.
    """
    from launchpadlib.credentials import Credentials

    root = web_root(address) + "/"
    credentials = Credentials(consumer)
    with _explained("ask for a token"):
        page = credentials.get_request_token(web_root=root)
    approve(page)
    with _explained("exchange the token"):
        credentials.exchange_request_token_for_access_token(web_root=root)
    token = credentials.access_token
    return {"consumer": consumer, "token": token.key, "secret": token.secret}


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    from lazr.restfulclient.errors import HTTPError

    try:
        yield
    except HTTPError as error:
        if error.response.status in (401, 403):
            raise LoginNeeded(
                "Launchpad did not grant access: open the page, approve, and try again"
            ) from None
        raise Unreachable(f"could not {what}: Launchpad answers {error.response.status}") from None
    except OSError as error:
        raise Unreachable(f"could not {what}: {type(error).__name__}") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "httplib2":
            raise
        raise Unreachable(f"could not {what}: {type(error).__name__}") from None


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
