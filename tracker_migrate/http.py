"""HTTP as every backend needs it: a session per thread, time-outs, a rate limit, retries of reads.

Writes are never sent again from here: whether a failed one may have been carried out is told by
`failed_write`, and what follows is the engine's decision.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3
from pyrate_limiter import Duration, Limiter, Rate
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

from tracker_migrate import bounded
from tracker_migrate.errors import Doubtful, ObjectError, Retriable, Unreachable
from tracker_migrate.sockets import bounding

#: loggers of urllib3 that tell whole addresses, or what could not be understood in a reply
LOGGERS = ("connection", "connectionpool", "poolmanager", "response", "util.retry")
USER_AGENT = "tracker-migrate (+https://pypi.org/project/tracker-migrate/)"
#: the longest that a Retry-After is obeyed without a person being told, and that a server which
#: does not ask for patience is asked again, in seconds
PATIENCE = 120.0
#: seconds after which a server that takes no connection is not there; answers may take longer
CONNECT = 10.0
_PASSING = frozenset({429, 502, 503, 504})
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


class Throttle:
    """At most `per_second` requests to one host, shared by all threads; 0 means no limit."""

    def __init__(self, per_second: float) -> None:
        self._limiter = None
        if per_second > 0:
            # the window is a tenth of a second long where it can be, so that bursts stay small
            window = 1.0 if per_second < 10 else 0.1
            count = max(1, round(per_second * window))
            self._limiter = Limiter(Rate(count, int(Duration.SECOND * window)))

    def wait(self) -> None:
        """Return when the next request may be sent."""
        if self._limiter is not None:
            self._limiter.try_acquire("host", blocking=True)


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
    """

    def __init__(
        self,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        attempts: int = 6,
        per_second: float = 0.0,
        backoff: float = 0.5,
    ) -> None:
        self.base = base.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._throttle = Throttle(per_second)
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
        except Retriable as error:
            raise Unreachable(str(error)) from None

    def _get(self, url: str, headers: Mapping[str, str] | None) -> requests.Response:
        self._throttle.wait()
        host = urlsplit(url).netloc
        try:
            answer = self._session().get(
                url, headers=dict(headers or {}), timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise failed_read(error, host) from None
        if answer.status_code in _PASSING:
            raise Retriable(f"{host} answers {answer.status_code}", retry_after(answer))
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


def patient_reads(attempts: int, backoff: float) -> tenacity.Retrying:
    """How every backend reads: what is Retriable is tried again, up to so many times, and the last
    failure is raised as it is. backoff: seconds, about, before the second attempt.

    Never for writes: whether one is sent again is the engine's decision.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Retriable),
        stop=_patience(attempts),
        wait=_Wait(backoff),
        reraise=True,
    )


def _patience(attempts: int) -> Callable[[tenacity.RetryCallState], bool]:
    """When to ask no more: after so many attempts, or when that took too long without a word from
    the server that it will be back."""

    def stop(state: tenacity.RetryCallState) -> bool:
        if state.attempt_number >= attempts:
            return True
        error = state.outcome.exception() if state.outcome else None
        asked = isinstance(error, Retriable) and error.after is not None
        return not asked and (state.seconds_since_start or 0.0) >= PATIENCE

    return stop


class _Wait(tenacity.wait.wait_base):
    """What the server asked for, up to our patience; else twice as long each time, jittered."""

    def __init__(self, first: float) -> None:
        self._own = tenacity.wait_random_exponential(multiplier=first, max=30)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.after if isinstance(error, Retriable) else None
        return self._own(retry_state) if asked is None else min(asked, PATIENCE)


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


def failed_read(error: requests.RequestException | HTTPError, host: str) -> ObjectError:
    """What a failed read means: Retriable, or Refused if its answer went over a bound; to ask for
    that again would only cost as much again."""
    if isinstance(error, bounded.TooMuch) and not isinstance(error.excess, bounded.Overlong):
        return bounded.TooLong(
            f"{host} is not understood: {error}, which is more than any tracker sends; look at the "
            "server, and at what stands before it"
        )
    return Retriable(f"{host} does not answer ({in_words(error)})")


def failed_write(error: requests.RequestException, host: str) -> ObjectError:
    """What a failed write means: Retriable if it can't have reached the server, else Doubtful."""
    what = f"{host} did not answer ({in_words(error)})"
    if isinstance(error, requests.ConnectTimeout):
        return Retriable(what)
    if isinstance(_reason(error), NewConnectionError | ConnectTimeoutError):
        return Retriable(what)
    return Doubtful(what)


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
