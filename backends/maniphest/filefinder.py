"""Finding files: by PHID, by number, what we uploaded since; which of their pieces are missing."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from tracker_migrate.backends.maniphest.faults import NoChunks
from tracker_migrate.backends.maniphest.lookups import Finder, batches
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import PAGE, FileRow
from tracker_migrate.errors import Refused

#: bytes of the largest piece that we hold; Phorge's have 4 MiB
LARGEST_PIECE = 32 * 2**20


class FileFinder:
    """Searches for files on one server, all of them reads."""

    def __init__(self, server: Server, finder: Finder) -> None:
        self._server = server
        self._finder = finder

    def by_phid(self, phids: Iterable[str]) -> Iterator[FileRow]:
        """These files, as far as we may see them; in no order."""
        for batch in batches(sorted(set(phids))):
            yield from self._rows({"phids": batch})

    def ours_by_number(self, numbers: Iterable[int]) -> Iterator[FileRow]:
        """Those of these files that our account made; in no order."""
        for batch in batches(sorted(set(numbers))):
            yield from self._rows({"ids": batch, "authorPHIDs": [self._server.facts.me]})

    def ours(self, since: int) -> Iterator[FileRow]:
        """The files that our account made with a number above `since`, the newest first."""
        for rows in self.our_pages():
            for row in rows:
                if row.id <= since:
                    return
                yield row

    def our_pages(self) -> Iterator[list[FileRow]]:
        """All files that our account made, the newest first, page by page."""
        constraints = {"authorPHIDs": [self._server.facts.me]}
        search = {"constraints": constraints, "order": "newest", "limit": PAGE}
        for rows in self._finder.pages("file.search", search):
            yield msgspec.convert(rows, list[FileRow])

    def newest(self) -> int:
        """The highest number of a file that we can see; 0 if there is none."""
        search = {"constraints": {}, "order": "newest", "limit": 1}
        rows = self._server.client.read("file.search", **search)["data"]
        return max((row["id"] for row in rows), default=0)

    def missing(self, phid: str) -> list[tuple[int, int]]:
        """First byte, and the one behind the last, of each piece that the server does not have yet,
        in order. Nothing is missing of a file that has no pieces. Raises Gone."""
        try:
            chunks = self._server.client.read("file.querychunks", filePHID=phid)
        except NoChunks:
            return []
        left = ((int(c["byteStart"]), int(c["byteEnd"])) for c in chunks if not c["complete"])
        found = sorted(left)
        if any(not 0 < end - start <= LARGEST_PIECE for start, end in found):
            raise Refused("the server wants a file in pieces that are too large")
        return found

    def sha256(self, phid: str) -> str:
        """The hash of a small file's bytes, in hexadecimal; "" if they can't be had."""
        try:
            told = self._server.client.read("file.download", phid=phid)
            return hashlib.sha256(base64.b64decode(told, validate=True)).hexdigest()
        except (Refused, binascii.Error):
            return ""

    def _rows(self, constraints: dict[str, list[int] | list[str]]) -> Iterator[FileRow]:
        search = {"constraints": constraints, "limit": PAGE}
        for rows in self._finder.pages("file.search", search):
            yield from msgspec.convert(rows, list[FileRow])
