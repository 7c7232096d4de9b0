"""HTTP as every backend needs it: a session per thread, time-outs, bounds, manners.

Writes are never sent again from here: whether a failed one may have been carried out is told by
`failures.failed_write`, and what follows is the engine's decision.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from tracker_migrate import bounded
from tracker_migrate.errors import NotSent, Retriable, Unreachable, UsageError
from tracker_migrate.failures import PASSING, failed_read, in_trouble, in_words
from tracker_migrate.hosts import Host, host_of
from tracker_migrate.retries import patient_reads
from tracker_migrate.sockets import bounding

#: loggers of urllib3 that tell whole addresses, or what could not be understood in a reply
LOGGERS = ("connection", "connectionpool", "poolmanager", "response", "util.retry")
USER_AGENT = "tracker-migrate (+https://pypi.org/project/tracker-migrate/)"
#: variables that name a file of certificate authorities, as requests and OpenSSL know them
AUTHORITIES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
#: seconds after which a server that takes no connection is not there; answers may take longer
CONNECT = 10.0


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


def authorities() -> str | bool:
    """What servers' certificates are checked by: the file of authorities that a variable names
    (`AUTHORITIES`), else those of certifi. Raises UsageError if it is not there."""
    for name in AUTHORITIES:
        path = os.environ.get(name, "")
        if path and not Path(path).exists():
            raise UsageError(
                f"{name} names a file of certificate authorities that is not there: correct it, or "
                "unset it"
            )
        if path:
            return path
    return True


class _Adapter(HTTPAdapter):
    """Gives whole answers within the bounds of `bounded`, read as UTF-8 whatever they say: to guess
    at a long text costs minutes. Whoever asks, the certificate is checked, and by `authorities`."""

    def __init__(self, **how: Any) -> None:
        self.authorities = authorities()
        super().__init__(**how)

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        super().init_poolmanager(*args, **how)
        bounding(self.poolmanager)

    def send(self, *args: Any, **how: Any) -> requests.Response:
        how |= {"timeout": time_outs(how.get("timeout")), "verify": self.authorities}
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
        except NotSent:
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
    down = answer.status_code in PASSING - {429}
    return f"{name} answers {answer.status_code}" if down else ""
