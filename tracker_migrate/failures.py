"""What it means that a request failed, or that an answer says that the server is in trouble."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from tracker_migrate import bounded
from tracker_migrate.errors import Doubtful, ObjectError, Retriable
from tracker_migrate.hosts import Host, blamed

#: statuses of a server that is down, or that wants to be left alone; never an answer
PASSING = frozenset({429, 502, 503, 504})
#: in this order: some are kinds of others
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (NameResolutionError, "its name is not known to the network"),
    (NewConnectionError, "it takes no connection"),
    (ConnectTimeoutError, "no connection in time"),
    (ReadTimeoutError, "no answer in time"),
    (SSLError, "its certificate is not trusted: REQUESTS_CA_BUNDLE may name its authority"),
    (ProtocolError, "the connection broke"),
    (DecodeError, "its answer can't be unpacked"),
)


class Swallowed(Retriable):
    """The server is there, and its answer to this one request gets no further than the web server
    before it (502)."""


def swallowed(answer: requests.Response, host: Host) -> Swallowed | None:
    """What it means that a read ends in 502 while the server answers others: nginx drops an answer
    with which PHP writes more than 4 KB into its log, as Phorge does with what it refuses. None if
    the server is down, too, or it is another status."""
    if answer.status_code != 502 or (host.probe is not None and host.probe()):
        return None
    host.answered()
    return Swallowed(f"{host.name} answers 502 to one request, and answers others")


def in_trouble(answer: requests.Response, host: Host) -> Retriable | None:
    """Tell the host of an answer; what it means if it says that the server is down, or wants to be
    left alone. None for any other answer."""
    if answer.status_code not in PASSING:
        host.answered()
        return None
    what = f"{host.name} answers {answer.status_code}"
    after = retry_after(answer)
    if answer.status_code == 429 or after is not None:
        down = host.asked(f"{host.name} asks for patience ({answer.status_code})", after)
    else:
        down = host.failed(what)
    trouble = Retriable(what, after)
    trouble.down = down
    return trouble


def retry_after(answer: requests.Response) -> float | None:
    """Seconds that a reply asks to wait, if it does.

    A Launchpad time-out names 900 s, but concerns that one request only: its OOPS id tells, and
    the header is then not for the host (recording err-503-timeout).
    """
    asked = answer.headers.get("Retry-After")
    if not asked or "X-Lazr-OopsId" in answer.headers:
        return None
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])  # centuries
    try:
        then = parsedate_to_datetime(asked)
        now = parsedate_to_datetime(answer.headers["Date"])
        return max(0.0, (then - now).total_seconds())
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def failed_read(error: requests.RequestException | HTTPError, host: Host) -> ObjectError:
    """What a failed read means: Retriable, or Refused if its answer went over a bound; to ask for
    that again would only cost as much again. The host is told."""
    if isinstance(error, bounded.TooMuch) and not isinstance(error.excess, bounded.Overlong):
        host.answered()
        return bounded.TooLong(
            f"{host.name} is not understood: {error}, as no tracker's does; look at the server, and"
            " at what stands before it"
        )
    what = f"{host.name} does not answer ({in_words(error)})"
    return blamed(Retriable(what), host.failed(what))


def failed_write(error: requests.RequestException, host: Host) -> ObjectError:
    """What a failed write means: Retriable if it can't have reached the server, else Doubtful. The
    host is told."""
    what = f"{host.name} did not answer ({in_words(error)})"
    down = host.failed(f"{host.name} does not answer ({in_words(error)})")
    if isinstance(error, requests.ConnectTimeout):
        return blamed(Retriable(what), down)
    if isinstance(_reason(error), NewConnectionError | ConnectTimeoutError):
        return blamed(Retriable(what), down)
    return blamed(Doubtful(what), down)


def in_words(error: requests.RequestException | HTTPError) -> str:
    """Why there is no answer, without anything that was sent or received."""
    if isinstance(error, bounded.TooMuch):
        return str(error)
    reason = _reason(error)
    for kind, words in _WORDS:
        if isinstance(reason, kind):
            return words
    return type(reason).__name__


def _reason(error: Exception) -> Exception:
    """What lies under the wrappings of requests and urllib3."""
    cause = error.args[0] if isinstance(error, requests.RequestException) and error.args else error
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return reason if isinstance(reason, Exception) else error
