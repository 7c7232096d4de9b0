"""What an answer of Launchpad's web service means: data, with hidden texts taken out, or an error.

Its errors are plain text or HTML, never JSON, and name objects and people: none of their words is
kept, only what kind of error it was (facts 5).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import msgspec
import requests

from tracker_migrate.backends.launchpad.reader import OOPS
from tracker_migrate.backends.launchpad.wire import Entry, encode, has_rows, withhold
from tracker_migrate.errors import Gone, LoginNeeded, Refused, Retriable
from tracker_migrate.interfaces import Reply
from tracker_migrate.replies import decode

NO_LOGIN = (
    "Launchpad does not take this login: it is wrong, has run out, or was revoked; make a new one"
)
#: how a 401 begins that is about the login itself (recordings err-401-*, me-anon; the others seen
#: on a running server, or [S]). Any other is about one object, or a part of it: anonymous readers
#: get those, too, where a private team would have to be named
LOGIN = re.compile(
    r"Unknown access token|Unknown consumer|Invalid (signature|UTF-8|nonce|timestamp)|"
    r"(Expired|Unauthorized) (access )?token|Inactive account|No consumer key|"
    r"You need to be logged in"
)


#: how far a server's clock may be ahead of ours
_AHEAD = timedelta(days=1)


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """A reply that was understood. value: decoded, hidden texts taken out of it and of `reply`.
    when: the server's clock. mended: some characters had to be replaced. size: of what came, in
    bytes."""

    value: Entry
    reply: Reply
    when: datetime
    mended: bool = False
    size: int = 0

    @property
    def entries(self) -> list[Entry]:
        """The rows of a page."""
        rows: list[Entry] = self.value["entries"]
        return rows


class TooSlow(Retriable):
    """Launchpad gave up on this one request (503 with an OOPS id): ask for less, or later."""


class NotSeen(Gone):
    """404 or 410: there is nothing, or nothing for this reader. Launchpad makes no difference
    between a missing and a private object; only somebody who is suspended is 410 (facts 5)."""

    def __init__(self, status: int) -> None:
        super().__init__("not there, or not to be seen by this reader")
        self.status = status


class Denied(Refused):
    """It answers, and does not give it to this reader (401, never 403: facts 5), or to nobody."""

    def __init__(self, status: int) -> None:
        said = "this reader may not read it" if status == 401 else f"Launchpad answers {status}"
        super().__init__(said)
        self.status = status


class Unreadable(Retriable):
    """An answer that is no data; if it stays so, it can't be understood."""

    def final(self) -> Refused:
        """What it is after the last attempt."""
        return Refused(str(self))


class Trouble(Retriable):
    """The server has trouble, or too much to do."""

    def final(self) -> Retriable:
        """What it is after the last attempt."""
        return Retriable(str(self))


def clock(answer: requests.Response) -> datetime:
    """When the server says that it answered, in whole seconds; our own clock if it does not.

    Never long after now: from a date to come on, nothing that changes would be read any more.
    """
    ours = datetime.now(UTC).replace(microsecond=0)
    try:
        said = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return ours
    return min(said, ours + _AHEAD)


def decoded(answer: requests.Response) -> tuple[Any, bool]:
    """The JSON of an answer, and whether some characters had to be replaced.

    Raises Gone, Refused, Retriable, LoginNeeded.
    """
    if answer.status_code != 200:
        _fail(answer)
    if "html" in answer.headers.get("Content-Type", ""):
        raise Unreadable("Launchpad sends a page instead of data")
    try:
        return decode(answer.content)
    except ValueError:
        raise Unreadable("Launchpad sends broken JSON") from None


def got(url: str, answer: requests.Response, *, private: bool) -> Got:
    """An entry or a page of entries, less what must stay at the source. Raises as `decoded`."""
    value, mended = decoded(answer)
    if not isinstance(value, dict) or not has_rows(value):
        raise Unreadable("Launchpad sends no object")
    count = withhold(value, private=private)
    body = encode(value) if count or mended else answer.content
    reply = Reply(url=url, status=200, body=body, withheld=count)
    size = len(answer.content)
    return Got(value=value, reply=reply, when=clock(answer), mended=mended, size=size)


def led_to(answer: requests.Response) -> str:
    """Where an answer leads that has nothing else to say. Raises as `decoded`."""
    if answer.status_code in (302, 303, 307):
        return answer.headers.get("Location", "")
    if answer.status_code < 400:
        raise Unreadable("Launchpad does not say where a file is")
    _fail(answer)


def _fail(answer: requests.Response) -> NoReturn:
    status = answer.status_code
    if status in (404, 410):
        raise NotSeen(status)
    if status == 401:
        if LOGIN.match(answer.text[:100]):
            raise LoginNeeded(NO_LOGIN)
        raise Denied(status)
    if OOPS in answer.headers:
        raise TooSlow("Launchpad had not the time for this request")
    if status >= 500 or status == 429:
        raise Trouble(f"Launchpad answers {status}")
    raise Denied(status)
