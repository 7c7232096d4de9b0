"""Files of any length, read in pieces from wherever a tracker says that they are.

Such a place is no tracker: no login goes there, no redirect of its is followed, it must not be
nearer to us than the tracker is, and nothing that it sends is held.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import msgspec
import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from tracker_migrate import bounded, waiting
from tracker_migrate.errors import ObjectError, Refused, Retriable, Unreachable
from tracker_migrate.failures import failed_read, in_trouble
from tracker_migrate.hosts import Host, blamed
from tracker_migrate.http import CONNECT, USER_AGENT, polite
from tracker_migrate.reach import Reach
from tracker_migrate.retries import patient_reads
from tracker_migrate.sockets import Astray, Growing, bounding, under

#: bytes of a piece
PIECE = 256 * 1024
#: of so many servers it is remembered how they are to be treated
_HOSTS = 16
#: as it is stored: of what is packed on the way nobody could tell whether it came whole
_HEADERS = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}


class Stream(msgspec.Struct, frozen=True):
    """An answer whose body is still to come. headers: by name, in any case. size: bytes of the
    body, None if that is not said. parts: the body as it was sent; raise Retriable if it ends too
    early or comes too slowly, Refused if it is none."""

    status: int
    headers: Mapping[str, str]
    size: int | None
    parts: Iterator[bytes]


class Streams:
    """Reads files, from several threads at once.

    reach: where connections may lead. timeout: seconds for connecting and between two bytes.
    per_second, patience: as of `http.Reader`, for each server. attempts: how often one is asked
    until an answer begins; what breaks off later is for others to ask for again.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        timeout: float = 60.0,
        per_second: float = 0.0,
        patience: float = 0.0,
        connections: int = 8,
        attempts: int = 6,
        backoff: float = 0.5,
    ) -> None:
        self._reach = reach
        self._timeout = urllib3.Timeout(connect=min(CONNECT, timeout), read=timeout)
        self._manners = {"per_second": per_second, "patience": patience}
        self._retrying = patient_reads(attempts, backoff)
        self._hosts: OrderedDict[str, Host] = OrderedDict()
        self._pools = urllib3.PoolManager(
            num_pools=_HOSTS,
            maxsize=connections,
            cert_reqs="CERT_REQUIRED",
            ca_certs=DEFAULT_CA_BUNDLE_PATH,
        )
        bounding(self._pools)

    @contextmanager
    def get(self, url: str, server: str, headers: Mapping[str, str]) -> Iterator[Stream]:
        """The answer to a GET, whatever its status but 429, 502, 503 and 504. server: the address
        of the server whose pace and outages it shares, known to be harmless in itself.

        Raises Refused if the address leads nearer than it may, Unreachable if the server is down,
        Retriable.
        """
        host = self._host(server)
        before = host.answers
        try:
            came, terms = self._retrying(self._opened, url, host, headers)
        except Retriable as error:
            if host.answers == before or host.is_down:
                raise Unreachable(str(error)) from None
            raise
        try:
            size = came.length_remaining
            found = CaseInsensitiveDict(came.headers)
            yield Stream(came.status, found, size, _parts(came, terms, host, size))
        finally:
            came.close()

    def close(self) -> None:
        """Give back connections."""
        self._pools.clear()

    def _host(self, server: str) -> Host:
        host = polite(server, **self._manners)
        self._hosts[server] = host
        self._hosts.move_to_end(server)
        while len(self._hosts) > _HOSTS:
            self._hosts.popitem(last=False)
        return host

    def _opened(
        self, url: str, host: Host, headers: Mapping[str, str]
    ) -> tuple[urllib3.HTTPResponse, Growing]:
        terms = Growing(self._reach)
        with _understanding(host), under(terms):
            host.ready()
            came = self._pools.connection_from_url(url).urlopen(
                "GET",
                _target(url),
                headers={**_HEADERS, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=self._timeout,
            )
        trouble = in_trouble(_head(came), host)
        if trouble is not None:
            came.close()
            raise trouble
        return cast(urllib3.HTTPResponse, came), terms


def _target(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def _head(came: urllib3.BaseHTTPResponse) -> requests.Response:
    answer = requests.Response()
    answer.status_code = came.status
    answer.headers = CaseInsensitiveDict(came.headers)
    return answer


def _parts(
    came: urllib3.HTTPResponse, terms: Growing, host: Host, size: int | None
) -> Iterator[bytes]:
    count = 0
    if size is None and not came.chunked:
        raise Retriable(f"{host.name} does not say where a file ends")
    with _understanding(host):
        for piece in _gathered(came.stream(PIECE, decode_content=False), terms):
            count += len(piece)
            yield piece
    if size is not None and count != size:
        raise blamed(Retriable(f"{host.name} sends a file of another length than it says"), False)


def _gathered(parts: Iterator[bytes], terms: Growing) -> Iterator[bytes]:
    """The same in pieces that are worth the while: chunks may have a byte each."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        waiting.check()
        terms.more(len(part))
        held.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


@contextmanager
def _understanding(host: Host) -> Iterator[None]:
    """Around what reads from a server. Raises Refused, Retriable."""
    error: ObjectError
    try:
        yield
    except bounded.Excess as excess:
        error = failed_read(bounded.TooMuch(excess), host)
    except HTTPError as failure:
        error = failed_read(failure, host)
    except Astray:
        error = Refused(
            "a file's address leads to a machine that only we can reach: it is not asked; look at"
            " the tracker, and at its name service"
        )
    else:
        return
    raise error from None
