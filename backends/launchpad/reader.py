"""The project's `Reader`, tuned for many small answers of one server.

A GET costs 0.3 ms of our time instead of 0.7: it goes straight to the connection pool of the
thread's requests session, without preparing the same headers, cookies and hooks each time. Seven
requests a bug make that half of all that reading costs us.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from tracker_migrate import bounded
from tracker_migrate.errors import Retriable, Unreachable
from tracker_migrate.failures import failed_read, in_trouble
from tracker_migrate.http import CONNECT, Reader, authorities
from tracker_migrate.waiting import Stopped

#: names the error report of one request that Launchpad gave up on
OOPS = "X-Lazr-OopsId"


class ApiReader(Reader):
    """Reads from one Launchpad. Besides what `Reader` hands on, it hands on a 503 with an OOPS id:
    that concerns its request alone (facts 11), and patience would not help. Unless it comes for one
    object after another: then its database is down (facts 5)."""

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """As `Reader.get`; Retriable if the server answered others meanwhile: then this one request
        is what fails, and nothing else has to stop."""
        before = self._host.answers
        try:
            return super().get(url, headers)
        except Stopped:
            raise
        except Unreachable as error:
            if self._host.answers == before or self._host.is_down:
                raise
            raise Retriable(str(error)) from None

    def _get(self, url: str, headers: Mapping[str, str] | None) -> requests.Response:
        self._host.ready()
        began = time.perf_counter()
        try:
            answer = self._answer(url, headers or {})
        except bounded.Excess as excess:
            raise failed_read(bounded.TooMuch(excess), self._host) from None
        except (urllib3.exceptions.HTTPError, requests.RequestException) as error:
            raise failed_read(error, self._host) from None
        answer.elapsed = timedelta(seconds=time.perf_counter() - began)
        if answer.status_code == 503 and OOPS in answer.headers:
            self._gave_up(url)
        elif (trouble := in_trouble(answer, self._host)) is not None:
            raise trouble
        return answer

    def _gave_up(self, url: str) -> None:
        """Raises Retriable if it does so for everything."""
        about = "/".join(urlsplit(url.removeprefix(self.base)).path.split("/")[:3])
        self._host.gave_up_on(about)
        if self._host.failed(f"{self._host.name} answers 503", about):
            trouble = Retriable(f"{self._host.name} answers 503")
            trouble.down = True
            raise trouble

    def _answer(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        session = self._session()
        split = urlsplit(url)
        came = self._pool(session).urlopen(
            "GET",
            f"{split.path}?{split.query}" if split.query else split.path,
            headers={**cast(Mapping[str, str], session.headers), **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=min(CONNECT, self._timeout), read=self._timeout),
        )
        answer = requests.Response()
        answer.url = url
        answer.status_code = came.status
        answer.headers = CaseInsensitiveDict(came.headers)
        answer._content = bounded.read(came)
        answer.encoding = "utf-8"
        return answer

    def _pool(self, session: requests.Session) -> urllib3.HTTPConnectionPool:
        """The connections of this thread to the one server."""
        pool: urllib3.HTTPConnectionPool | None = getattr(self._local, "pool", None)
        if pool is None:
            request = session.prepare_request(requests.Request("GET", self.base))
            adapter = cast(HTTPAdapter, session.get_adapter(self.base))
            pool = cast(
                urllib3.HTTPConnectionPool,
                adapter.get_connection_with_tls_context(request, verify=authorities()),
            )
            self._local.pool = pool
        return pool
