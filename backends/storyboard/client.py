"""StoryBoard over python-storyboardclient 0.2.0, whose traps are all kept in this one file.

- Its import asks pbr for the version of a distribution that has another name, and fails outside of
  a git repository: PBR_VERSION is set for just as long as the import takes.
- Its managers post an explicit id to the wrong place, do not escape queries and drop headers: only
  `get`, `post`, `put` and `delete` of its client are used, with addresses made here.
- It has no time-out, follows redirects, shares its state between threads without a lock, and asks
  for any media type, so that refusals come as HTML: each thread has a client of its own, over a
  session of ours, that asks for JSON.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from tracker_migrate.backends.storyboard import faults, replies
from tracker_migrate.bounded import ROWS, Pages
from tracker_migrate.errors import (
    Doubtful,
    MigrateError,
    NotSent,
    ObjectError,
    Refused,
    Retriable,
    Unreachable,
)
from tracker_migrate.failures import failed_read, failed_write, in_trouble
from tracker_migrate.http import USER_AGENT, plain_session, polite
from tracker_migrate.replies import decode
from tracker_migrate.retries import patient_reads

#: so many rows are asked for at once; StoryBoard has no limit of its own (facts 1, Paging)
PAGE = 500
Query = Mapping[str, str | int | list[str] | None]


_importing = threading.Lock()
_imported: list[tuple[Any, Any]] = []


def _package() -> tuple[Any, Any]:
    """Of the client package: its `Client`, and the root of its HTTP errors."""
    with _importing:
        if not _imported:
            _imported.append(_import())
        return _imported[0]


def _import() -> tuple[Any, Any]:
    before = os.environ.get("PBR_VERSION")
    os.environ["PBR_VERSION"] = before or "0.2.0"
    try:
        from storyboardclient._apiclient import exceptions
        from storyboardclient.v1 import client
    finally:
        if before is None:
            del os.environ["PBR_VERSION"]
    return client.Client, exceptions.HttpError


class Api:
    """One StoryBoard, as one account (or nobody) sees it. May be used by several threads.

    base: the API's address with its version (`https://host/api/v1`). token: None reads as nobody.
    timeout: seconds for connecting and between two bytes. patience: seconds for which the server is
    waited for while it is down.
    """

    def __init__(
        self,
        base: str,
        token: str | None,
        *,
        timeout: float = 60.0,
        per_second: float = 0.0,
        patience: float = 0.0,
        attempts: int = 6,
        backoff: float = 0.5,
    ) -> None:
        self.base = base.rstrip("/")
        self.host = urlsplit(base).netloc
        self._token = token
        self._timeout = timeout
        self._server = polite(self.base, per_second=per_second, patience=patience)
        self._local = threading.local()
        # weak: a thread's connections go with the thread, or a daemon would gather them
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._retrying = patient_reads(attempts, backoff)

    def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON at a path. Raises Gone, LoginNeeded, Refused, Unreachable."""
        return self._read(path, query)[0]

    def counted(self, path: str, query: Query) -> tuple[list[Any], int]:
        """A page of a list, and how many rows the whole list has, as the server says. Raises what
        `get` does."""
        rows, headers = self._read(path, query)
        total = headers.get("X-Total", "")
        if not total.isdigit():
            raise Refused(f"{self.host} does not say how long a list is")
        return _list(rows, self.host), int(total)

    def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        size: int = 0,
        bearer: str | None = None,
    ) -> Any:
        """Send one write, once; the JSON that came back (None for 204).

        size: bytes of the longest text in it. bearer: somebody else's token. Raises what
        `faults.fault` and `http.failed_write` say; a success with a body that can't be read is
        Doubtful.
        """
        answer = self._ask(method, path, body, bearer)
        trouble = in_trouble(answer, self._server)
        if answer.status_code == 204:
            return None
        if not 200 <= answer.status_code < 300:
            error = faults.fault(
                answer.status_code, answer.headers, answer.content, host=self.host, size=size
            )
            raise self._blamed(error, trouble)
        try:
            made = decode(answer.content)[0]
        except ValueError:
            raise Doubtful(f"{self.host} took the request, but its reply is no JSON") from None
        if where := replies.wrong(path, made, read=method == "GET"):
            raise Doubtful(f"{self.host} took the request, but its reply is none (at {where})")
        return made

    def rows(
        self, path: str, query: Query | None = None, page: int = PAGE, most: int = ROWS
    ) -> Iterator[Any]:
        """All rows of a list, in the order of their ids, page by page. Raises Refused if there are
        more than `most`, or if there is no end.

        A marker that went away meanwhile is ignored by the server, which then starts again at the
        first page (facts 1), and so is one that belongs to a private story, even for its readers:
        the header X-Marker tells, and rows before it are tried. If no marker of the last page is
        taken, the list is asked for as a whole, for which there is no limit.
        """
        seen: set[int] = set()
        last: list[int] = []
        pages = Pages(most)
        while True:
            rows, more = self._page(path, query or {}, page, last)
            pages.turn(len(rows), rows[0]["id"] if more and rows else None)
            for row in rows:
                if row["id"] not in seen:
                    seen.add(row["id"])
                    yield row
            if not more:
                return
            last = [row["id"] for row in rows]

    def _page(self, path: str, query: Query, page: int, last: list[int]) -> tuple[list[Any], bool]:
        """The rows after the last page's, and whether there may be more."""
        for marker in _spread(last):
            rows, headers = self._read(path, {**query, "limit": page, "marker": marker})
            if headers.get("X-Marker") == str(marker):
                return _list(rows, self.host), len(rows) >= page
        if last:
            return _list(self._read(path, query)[0], self.host), False
        rows = _list(self._read(path, {**query, "limit": page})[0], self.host)
        return rows, len(rows) >= page

    def _read(self, path: str, query: Query | None) -> tuple[Any, Mapping[str, str]]:
        asked = [(name, value) for name, value in (query or {}).items() if value is not None]
        address = f"{path}?{urlencode(asked, doseq=True)}" if asked else path
        try:
            return self._retrying(self._read_once, address)
        except NotSent:
            raise
        except Retriable as error:
            raise Unreachable(str(error)) from None

    def _read_once(self, address: str) -> tuple[Any, Mapping[str, str]]:
        answer = self._ask("GET", address, None)
        trouble = in_trouble(answer, self._server)
        if answer.status_code != 200:
            error = faults.read_fault(
                answer.status_code, answer.headers, answer.content, host=self.host
            )
            raise self._blamed(error, trouble)
        try:
            value = decode(answer.content)[0]
        except ValueError:
            raise Retriable(f"{self.host} answers with something that is no JSON") from None
        if where := replies.wrong(address, value, read=True):
            raise Refused(f"{self.host} does not answer as StoryBoard does (at {where})")
        return value, answer.headers

    def _blamed(self, error: MigrateError, trouble: Retriable | None) -> MigrateError:
        if trouble is not None and isinstance(error, ObjectError):
            error.down = trouble.down
        return error

    def _ask(
        self, method: str, path: str, body: Any, bearer: str | None = None
    ) -> requests.Response:
        client, http_error = self._client()
        # what the package would remember of the first request: it reads it for each
        client.http_client.cached_token = bearer or self._token
        client.cached_endpoint = self.base
        self._server.ready(write=method != "GET")
        options: dict[str, Any] = {
            "headers": {"Accept": "application/json"},
            "allow_redirects": False,
        }
        if body is not None:
            options["json"] = body
        self._local.answer = None
        try:
            answer: requests.Response = client.client_request(method, path, **options)
        except http_error as error:
            return error.response  # type: ignore[no-any-return]
        except TypeError:
            kept: requests.Response | None = self._local.answer
            if kept is None or "Retry-After" not in kept.headers:
                raise
            return kept
        except requests.RequestException as error:
            failed = failed_read if method == "GET" else failed_write
            raise failed(error, self._server) from None
        finally:
            self._local.answer = None
        return answer

    def _client(self) -> tuple[Any, Any]:
        made: tuple[Any, Any] | None = getattr(self._local, "made", None)
        if made is None:
            maker, http_error = _package()
            client = maker(self.base, self._token)
            client.http_client.http = session = plain_session()
            session.hooks["response"].append(self._keep)
            client.http_client.timeout = self._timeout
            client.http_client.user_agent = USER_AGENT
            self._local.made = made = (client, http_error)
            with self._guard:
                self._sessions.add(session)
        return made

    def _keep(self, answer: requests.Response, *_args: Any, **_more: Any) -> None:
        self._local.answer = answer

    def close(self) -> None:
        """Close every thread's session."""
        with self._guard:
            for session in self._sessions:
                session.close()
            self._sessions.clear()


def _spread(last: list[int]) -> Iterator[int]:
    """The last id of a page, and some before it, further and further back."""
    step = 1
    while step <= len(last):
        yield last[-step]
        step *= 2


def _list(rows: Any, host: str) -> list[Any]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreachable(f"{host} answers with something that is no list")
    return rows
