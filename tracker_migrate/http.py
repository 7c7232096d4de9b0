"""HTTP as every backend needs it: a session per thread, time-outs, manners, retries of reads.

Writes are never sent again from here: whether a failed one may have been carried out is told by
`failed_write`, and what follows is the engine's decision.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar, cast

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter
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

from tracker_migrate import bounded, waiting
from tracker_migrate.errors import Doubtful, Held, ObjectError, Retriable, Unreachable
from tracker_migrate.hosts import Host, blamed, host_of, put_off
from tracker_migrate.sockets import bounding

#: loggers of urllib3 that tell whole addresses, or what could not be understood in a reply
LOGGERS = ("connection", "connectionpool", "poolmanager", "response", "util.retry")
USER_AGENT = "tracker-migrate (+https://pypi.org/project/tracker-migrate/)"
#: seconds after which a server that takes no connection is not there; answers may take longer
CONNECT = 10.0
#: statuses of a server that is down, or that wants to be left alone; never an answer
_PASSING = frozenset({429, 502, 503, 504})
#: a read inside of a send is not tried again for longer than this, in seconds
_IN_A_SEND = 30.0
_LONGEST_WAIT = 30.0
_T = TypeVar("_T")
#: in this order: some are kinds of others
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (NameResolutionError, "its name is not known to the network"),
    (NewConnectionError, "it takes no connection"),
    (ConnectTimeoutError, "no connection in time"),
    (ReadTimeoutError, "no answer in time"),
    (SSLError, "its certificate is not trusted"),
    (ProtocolError, "the connection broke"),
    (DecodeError, "its answer can't be unpacked"),
)


class _Reticent(logging.Filter):
    """In an address may stand the name of a private team, in a header what a server pleases."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_harmless, record.args))
        record.exc_info = record.exc_text = None  # a warning is printed even where nobody logs
        return True


def _harmless(value: object) -> object:
    if isinstance(value, Exception):
        return type(value).__name__
    return "…" if isinstance(value, str) and "/" in value.removesuffix("://") else value


for _name in LOGGERS:
    logging.getLogger(f"urllib3.{_name}").addFilter(_Reticent())


class _Adapter(HTTPAdapter):
    """Gives whole answers within the bounds of `bounded`, read as UTF-8 whatever they say: to guess
    at a long text costs minutes."""

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        super().init_poolmanager(*args, **how)
        bounding(self.poolmanager)

    def send(self, *args: Any, **how: Any) -> requests.Response:
        how["timeout"] = time_outs(how.get("timeout"))
        try:
            answer = super().send(*args, **how)
            body = bounded.read(cast(urllib3.BaseHTTPResponse, answer.raw))
        except bounded.Excess as excess:
            raise bounded.TooMuch(excess) from None
        except HTTPError as error:
            raise requests.ConnectionError(error) from None
        answer._content, answer._content_consumed = body, True  # type: ignore[attr-defined]
        answer.encoding = "utf-8"
        return answer


class _Session(requests.Session):
    """Follows no redirect, wherever it leads, and takes no cookie: what we prove ourselves with
    goes to the server that the settings name, and nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def time_outs(timeout: Any) -> Any:
    """Seconds for connecting, and between two bytes; what is no number is left as it is."""
    return (min(CONNECT, timeout), timeout) if isinstance(timeout, int | float) else timeout


def plain_session(pool: int = 1) -> requests.Session:
    """A session that never retries, keeps up to `pool` connections, and reads no .netrc."""
    session = _Session()
    session.trust_env = False
    adapter = _Adapter(pool_connections=1, pool_maxsize=pool, max_retries=0, pool_block=False)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers["User-Agent"] = USER_AGENT
    return session


class Reader:
    """Reads from one server: each thread has its own session, passing failures are tried again.

    base: the address that all reads start with; a redirect to another host is not followed.
    timeout: seconds for connecting and between two bytes. attempts: how often a read is tried.
    patience: seconds for which the server is waited for while it is down.
    """

    def __init__(
        self,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        attempts: int = 6,
        per_second: float = 0.0,
        patience: float = 0.0,
        backoff: float = 0.5,
    ) -> None:
        self.base = base.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._host = polite(self.base, per_second=per_second, patience=patience)
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._guard = threading.Lock()
        self._retrying = patient_reads(attempts, backoff)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """The answer to a GET, whatever its status but 429, 502, 503, 504 and a broken one.

        Raises Unreachable when the attempts are used up.
        """
        try:
            return self._retrying(self._get, url, headers)
        except Held:
            raise
        except Retriable as error:
            raise Unreachable(str(error)) from None

    def _get(self, url: str, headers: Mapping[str, str] | None) -> requests.Response:
        self._host.ready()
        try:
            answer = self._session().get(
                url, headers=dict(headers or {}), timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise failed_read(error, self._host) from None
        if (trouble := in_trouble(answer, self._host)) is not None:
            raise trouble
        return answer

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = plain_session()
            session.headers.update(self._headers)
            self._local.session = session
            with self._guard:
                self._sessions.append(session)
        return session

    def close(self) -> None:
        """Close every thread's session."""
        with self._guard:
            for session in self._sessions:
                session.close()
            self._sessions.clear()


def polite(address: str, *, per_second: float, patience: float) -> Host:
    """The host of an address, which is shared with all other clients of it. address: one that may
    be asked for by anybody, to find out whether the server is there. Others: see `Host.limit`."""
    host = host_of(address)
    host.limit(per_second, patience)
    if host.probe is None:
        host.probe = lambda: _probed(address, host.name)
    return host


def _probed(address: str, name: str) -> str:
    """What is wrong with a server, or "" if it answers."""
    session = plain_session()
    try:
        answer = session.get(address, timeout=CONNECT, allow_redirects=False)
    except requests.RequestException as error:
        return f"{name} does not answer ({in_words(error)})"
    finally:
        session.close()
    down = answer.status_code in _PASSING - {429}
    return f"{name} answers {answer.status_code}" if down else ""


class Reads:
    """Tries reads again that end in Retriable: up to `attempts` times, and more often while the
    server is down, for then `Host.ready` says when to stop. The last failure is raised as it is.

    Never for writes: whether one is sent again is the engine's decision.
    """

    def __init__(self, attempts: int, backoff: float) -> None:
        self._attempts = attempts
        self._backoff = backoff

    def __call__(self, read: Callable[..., _T], *given: Any) -> _T:
        """What a read gives."""
        tries = _Tries(self._attempts, self._backoff)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            after=tries.count,
            wait=tries.wait,
            stop=tries.enough,
            sleep=waiting.sleep,
            reraise=True,
        )
        try:
            return retrying(read, *given)
        except Retriable as error:
            if isinstance(error, Held) or tries.used_up:
                raise
            late = put_off(str(error), 1.0, down=error.down)  # the send has gone on for too long
        raise late


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Retriable) and not isinstance(error, Held)


class _Tries:
    """The failures of one read that were not the whole server's, and what follows from them."""

    def __init__(self, attempts: int, backoff: float) -> None:
        self._attempts, self._backoff = attempts, backoff
        self._tried, self._down = 0, False

    def count(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._down = isinstance(error, Retriable) and error.down
        self._tried += not self._down

    def wait(self, _state: tenacity.RetryCallState) -> float:
        """Seconds: longer each time, and drawn, so that threads do not come back together. None for
        a server that is down: that is waited for where requests are let go."""
        if self._down:
            return 0.0
        return random.uniform(0.0, min(_LONGEST_WAIT, self._backoff * 2.0 ** (self._tried - 1)))

    @property
    def used_up(self) -> bool:
        """Whether it was tried as often as it may be."""
        return self._tried >= self._attempts

    def enough(self, _state: tenacity.RetryCallState) -> bool:
        under_way = waiting.send()
        return self.used_up or bool(under_way and under_way.age > _IN_A_SEND)


def patient_reads(attempts: int, backoff: float) -> Reads:
    """How every backend reads. backoff: seconds, at most, before the second attempt."""
    return Reads(attempts, backoff)


def in_trouble(answer: requests.Response, host: Host) -> Retriable | None:
    """Tell the host of an answer; what it means if it says that the server is down, or wants to be
    left alone. None for any other answer."""
    if answer.status_code not in _PASSING:
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
