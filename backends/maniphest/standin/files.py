"""Files: one piece in the database, or chunks of four mebibytes; how file.search shows one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tracker_migrate.backends.maniphest.standin.config import Config
from tracker_migrate.backends.maniphest.standin.errors import ConduitError, php_fault
from tracker_migrate.backends.maniphest.standin.store import Store, scramble

COLUMNS = (
    *("id", "phid", "name", "mime", "size", "hash", "author", "view"),
    *("created", "modified", "secret", "chunked"),
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM file"
LONGEST_NAME = 255
TOO_LARGE = (
    'No configured storage engine can store this file. See "Configuring File Storage" in the '
    "documentation for information on configuring storage engines. This is likely because the "
    "file is too large."
)


@dataclass(slots=True)
class File:
    """One file, without its bytes."""

    id: int
    phid: str
    name: str
    mime: str
    size: int
    hash: str
    author: str | None
    view: str
    created: int
    modified: int
    secret: str
    chunked: int

    #: a file's own edit policy, and its Space, are never set through Conduit
    @property
    def edit(self) -> str:
        """Nobody but its author changes it."""
        return "no-one"

    @property
    def space(self) -> str | None:
        """It lies in no Space."""
        return None

    @property
    def keeper(self) -> str | None:
        """Its author sees it always."""
        return self.author

    @property
    def maker(self) -> str | None:
        """Its author."""
        return self.author

    @property
    def label(self) -> str:
        """F and its number."""
        return f"F{self.id}"

    @property
    def noun(self) -> str:
        """What it is."""
        return "File"


class Files:
    """All files."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.config = config

    def load(self, where: str, args: Sequence[Any] = ()) -> list[File]:
        """Files, the newest first."""
        sql = f"{SELECT} WHERE {where} ORDER BY id DESC"
        return [File(*row) for row in self.store.rows(sql, args)]

    def by_phid(self, phid: str) -> File | None:
        """The file of this name."""
        return next(iter(self.load("phid = ?", [phid])), None)

    def by_id(self, number: int) -> File | None:
        """The file of this number."""
        return next(iter(self.load("id = ?", [number])), None)

    def by_hash(self, digest: str) -> str | None:
        """A file in one piece with this SHA-256; chunked ones are unknown (files, exchange 52)."""
        found: str | None = self.store.value(
            "SELECT phid FROM file WHERE hash = ? AND chunked = 0 LIMIT 1", [digest]
        )
        return found

    def add(self, name: str, data: bytes, author: str, view: str) -> str:
        """Keep bytes in one piece; the PHID. The same bytes again are another file."""
        if len(data) > self.config.storage_limit:
            raise ConduitError(TOO_LARGE)
        digest = hashlib.sha256(data).hexdigest()
        return self._insert(name, len(data), author, view, digest, data, mime_of(data))

    def copy(self, known: str, name: str, author: str, view: str) -> str:
        """Another file of bytes that are there already."""
        data = self.store.value("SELECT data FROM file WHERE phid = ?", [known])
        return self.add(name, data, author, view)

    def partial(self, name: str, size: int, author: str) -> str | None:
        """A half-filled file of this name and size, whatever its policy (seen on a server)."""
        sql = (
            "SELECT phid FROM file WHERE name = ? AND size = ? AND author = ? AND chunked = 1 "
            "ORDER BY id DESC"
        )
        found = self.store.column(sql, [name, size, author])
        return next((phid for phid in found if not self._is_whole(phid, size)), None)

    def _is_whole(self, phid: str, size: int) -> bool:
        there = self.store.value("SELECT count(*) FROM chunk WHERE file = ?", [phid])
        return bool(there * self.config.chunk >= size)

    def allocate(self, name: str, size: int, author: str, view: str) -> str:
        """A file whose bytes come in chunks."""
        return self._insert(name, size, author, view, "", None, "application/octet-stream")

    def _insert(
        self, name: str, size: int, author: str, view: str, digest: str, data: Any, mime: str
    ) -> str:
        if len(name) > LONGEST_NAME:
            raise ConduitError("#1406: Data too long for column 'name' at row 1")
        store, now = self.store, self.store.now()
        phid = store.phid("FILE")
        named = dict(zip(COLUMNS, (store.take("file"), phid, name, mime, size), strict=False))
        row = {**named, "hash": digest, "author": author, "view": view, "created": now}
        more = {"modified": now, "secret": scramble(20), "chunked": int(data is None), "data": data}
        store.insert("file", {**row, **more})
        return phid

    # -- chunks -----------------------------------------------------------------------------

    def chunks(self, file: File) -> list[dict[str, Any]]:
        """The chunks, the last one first, as file.querychunks tells them."""
        sql = "SELECT start FROM chunk WHERE file = ?"
        there = set(self.store.column(sql, [file.phid]))
        step = self.config.chunk
        if not file.chunked:
            raise ConduitError(f'File "{file.phid}" does not have chunks!')
        return [
            {
                "byteStart": str(start),
                "byteEnd": str(min(start + step, file.size)),
                "complete": start in there,
            }
            for start in reversed(range(0, file.size, step))
        ]

    def put(self, file: File, start: int, data: bytes) -> None:
        """Keep one chunk; ConduitError if it does not begin where a chunk begins, or is there."""
        if not file.chunked:
            raise ConduitError(f'File "{file.phid}" does not have chunks!')
        border = start - start % self.config.chunk
        if start != border:
            raise ConduitError(f"Chunk start byte is {border}, not {start}.")
        end = min(start + self.config.chunk, file.size)
        if start + len(data) != end:
            raise ConduitError(f"Chunk end byte is {end}, not {start + len(data)}.")
        sql = "SELECT 1 FROM chunk WHERE file = ? AND start = ?"
        if self.store.value(sql, [file.phid, start]):
            raise ConduitError("Chunk has already been uploaded.")
        self.store.insert("chunk", {"file": file.phid, "start": start, "data": data})
        now = self.store.now()
        self.store.run("UPDATE file SET modified = ? WHERE phid = ?", [now, file.phid])

    def read(self, file: File) -> bytes:
        """All bytes; a fault of PHP while chunks are missing (files, exchange 46)."""
        if not file.chunked:
            data: bytes = self.store.value("SELECT data FROM file WHERE id = ?", [file.id])
            return data
        sql = "SELECT data FROM chunk WHERE file = ? ORDER BY start"
        whole = b"".join(self.store.column(sql, [file.phid]))
        if len(whole) != file.size:
            raise php_fault("Call to a member function loadFileData() on null")
        return whole

    def fields(self, file: File, host: str) -> dict[str, Any]:
        """The `fields` of a file; `dataURI` opens it for anyone who knows it."""
        return {
            "name": file.name,
            "uri": f"{host}/F{file.id}",
            "dataURI": data_uri(file, host),
            "size": file.size,
            "alt": {"custom": None, "default": f"{file.name} ({spell_size(file.size)})"},
            "dateCreated": file.created,
            "dateModified": file.modified,
            "policy": {"view": file.view, "edit": "no-one"},
        }


def data_uri(file: File, host: str) -> str:
    """Where a browser gets the bytes."""
    name = re.sub(r"[\x00-\x1f/#\\ ]+", "_", file.name.lstrip("#"))
    return f"{host}/file/data/{file.secret}/{file.phid}/{quote(name, safe='._-')}"


def spell_size(size: int) -> str:
    """A size for people."""
    number, unit = size, "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if number < 1024:
            break
        number, unit = round(number / 1024), larger
    return f"{number} {unit}"


def mime_of(data: bytes) -> str:
    """Text or bytes."""
    return "application/octet-stream" if b"\x00" in data[:1024] else "text/plain"
