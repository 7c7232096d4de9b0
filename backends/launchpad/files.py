"""Attachments' bytes: a request to the web service, one to the librarian, and then piece by piece.

Launchpad's files never change, nor does an attachment get another one (its `data` is read only), so
that the second half of a file belongs to the first whenever it is asked for.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.librarian import Place, place
from tracker_migrate.errors import Gone, NotPublic, Refused, Retriable
from tracker_migrate.interfaces import Download
from tracker_migrate.model import Attachment
from tracker_migrate.reach import Reach
from tracker_migrate.streams import Stream, Streams

_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,80}(?:; ?charset=[\w.-]{1,40})?", re.ASCII)
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
#: what the librarian itself calls packed, and sends as it was stored (seen on a running server)
_PACKED = ("txt.gz", "diff.gz")
_UNKNOWN = "application/octet-stream"
#: of so many files it is remembered what they were dated
_REMEMBERED = 500


class Files:
    """Downloads of one Launchpad. client: asks the web service, with the login if there is one; the
    librarian is asked without. manners: what `Streams` take."""

    def __init__(self, client: Client, **manners: Any) -> None:
        self._client = client
        self._streams = Streams(Reach(urlsplit(client.root).hostname or ""), **manners)
        self._dates: OrderedDict[str, str] = OrderedDict()
        self._guard = threading.Lock()

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        """See `interfaces.GivesFiles`. The real librarian knows no ranges: then `start` is 0.

        Raises NotPublic if it is not for everybody, and only public things are read.
        """
        if one.data is None:
            raise Gone(f"{one.key}: it is an address, and has no bytes")
        try:
            where = place(self._client.leads_to(one.data), self._client.root)
            self._admit(where)
            with self._opened(where, start) as (stream, begins, size):
                yield Download(
                    name=where.name,
                    type=_type(stream, where.name),
                    size=size,
                    start=begins,
                    parts=stream.parts,
                )
        except NotPublic as error:
            raise NotPublic(f"{one.key}: {error}") from None
        except Gone as error:
            raise Gone(f"{one.key}: {error}") from None
        except Refused as error:
            raise Refused(f"{one.key}: {error}") from None

    def close(self) -> None:
        """Give back connections."""
        self._streams.close()

    def _admit(self, where: Place) -> None:
        if where.closed and not self._client.private:
            raise NotPublic("its bug is not public any more: only with `private` is it read")

    @contextmanager
    def _opened(self, where: Place, start: int) -> Iterator[tuple[Stream, int, int | None]]:
        """The answer, the place of its first byte, and how long the whole file is."""
        for asked in dict.fromkeys((start, 0)):
            headers = self._headers(where, asked)
            with self._streams.get(where.url, where.server, headers) as stream:
                found = _span(stream, asked)
                if found is not None:
                    _as_stored(stream, where.name)
                    self._remember(where, stream)
                    yield stream, *found
                    return
        raise AssertionError

    def _headers(self, where: Place, start: int) -> dict[str, str]:
        if not start:
            return {}
        with self._guard:
            dated = self._dates.get(where.path)
        return {"Range": f"bytes={start}-"} | ({"If-Range": dated} if dated else {})

    def _remember(self, where: Place, stream: Stream) -> None:
        dated = stream.headers.get("Last-Modified", "")
        if not 0 < len(dated) <= 40:
            return
        with self._guard:
            self._dates[where.path] = dated
            while len(self._dates) > _REMEMBERED:
                self._dates.popitem(last=False)


def _span(stream: Stream, asked: int) -> tuple[int, int | None] | None:
    """The place of a stream's first byte, and the length of the whole; None if the file is to be
    asked for from its beginning. Raises Gone, Refused, Retriable."""
    match stream.status:
        case 200:
            return 0, stream.size
        case 206 if asked:
            return _fitting(stream, asked)
        case 416 if asked:
            return None
        case 404 | 410:
            raise Gone("the librarian does not have it")
        case status if status >= 500:
            raise Retriable(f"the librarian answers {status}")
        case status if 300 <= status < 400:
            raise Refused(f"the librarian sends us on ({status}): not followed")
        case status:
            raise Refused(f"the librarian answers {status}")


def _fitting(stream: Stream, asked: int) -> tuple[int, int] | None:
    """What a 206 sends, if it is all from the byte that was asked for."""
    said = _RANGE.fullmatch(stream.headers.get("Content-Range", ""))
    if said is None:
        return None
    first, last, whole = map(int, said.groups())
    fits = first == asked and last == whole - 1 and stream.size in (None, whole - first)
    return (first, whole) if fits else None


def _as_stored(stream: Stream, name: str) -> None:
    """Raises Refused if something packs files on the way, though it was asked not to: the bytes
    would not be those of the file, nor their number."""
    packed = stream.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("", "identity") and not name.endswith(_PACKED):
        raise Refused(
            "it comes packed, though asked for as it is; look at what is before Launchpad"
        )


def _type(stream: Stream, name: str) -> str:
    """A media type. The librarian says of a packed log that it is a text."""
    if "Content-Encoding" in stream.headers and name.endswith(_PACKED):
        return "application/gzip"
    said = stream.headers.get("Content-Type", "").strip()
    return said.lower() if _TYPE.fullmatch(said) else _UNKNOWN
