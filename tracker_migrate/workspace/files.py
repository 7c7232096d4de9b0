"""The bytes of attachments, under the hash of what they are: `state/attachments/ab/abcdef…`.

What is on its way has a file of its own under `partial/`, named by the attachment, and is gone on
with by the next download, if the source can begin in the middle. Nothing is half there: a file gets
its place once it is whole and on the disk.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from tracker_migrate.errors import Refused, Retriable, WorkspaceError
from tracker_migrate.filestore import sync
from tracker_migrate.interfaces import Download
from tracker_migrate.model import File, Key
from tracker_migrate.workspace import secrets

_PIECE = 1 << 18
_HASH = 64

#: from which byte on to download: a context with the bytes
Begin = Callable[[int], AbstractContextManager[Download]]


class FileStore:
    """The files of one workspace; implements `interfaces.Files`. From any thread.

    folder: made when it is first needed, its owner's alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sound: set[str] = set()
        self._guard = threading.Lock()

    def keep(self, of: Key, begin: Begin, most: int) -> File:
        """Download an attachment, or what is missing of it, and keep it.

        most: bytes; what is larger is not kept (`over`). Raises what the download raises; Retriable
        if it ended too early, WorkspaceError if the disk does not take it.
        """
        with _disk(self._folder):
            part = self._part(of)
            held = part.stat().st_size if part.exists() else 0
            with begin(held) as download:
                if download.size is not None and download.size > most:
                    part.unlink(missing_ok=True)
                    return _file("over", download, download.size)
                size, sha256 = _written(part, download, most)
            if size > most:
                part.unlink()
                return _file("over", download, size)
            if download.size is not None and size != download.size:
                if size > download.size:
                    part.unlink()
                raise Retriable(f"{size} bytes came of a file of {download.size}")
            self._place(part, sha256)
        return _file("held", download, size, sha256)

    def has(self, sha256: str) -> bool:
        """Whether a file is here; it is not looked into."""
        return bool(sha256) and self._path(sha256).is_file()

    def open(self, sha256: str) -> BinaryIO:
        """A file's bytes. Raises Refused if they are not there, or not what they were."""
        try:
            handle = self._path(sha256).open("rb")
        except OSError:
            raise Refused(
                "the archive has lost the bytes of an attachment: tracker-migrate pull --full reads"
                " them again"
            ) from None
        with self._guard:
            sound = sha256 in self._sound
        if not sound and not self._is(handle, sha256):
            handle.close()
            self._path(sha256).unlink(missing_ok=True)
            raise Refused(
                "the archive's copy of an attachment was damaged, and is deleted: tracker-migrate "
                "pull --full reads it again"
            )
        return handle

    def drop(self, hashes: Iterable[str]) -> int:
        """Forget files; how many there were."""
        gone = 0
        for sha256 in hashes:
            with suppress(FileNotFoundError):
                self._path(sha256).unlink()
                gone += 1
        return gone

    def drop_partial(self) -> None:
        """Forget what is half read."""
        folder = self._folder / "partial"
        for path in list(folder.iterdir()) if folder.is_dir() else ():
            path.unlink(missing_ok=True)

    def hashes(self) -> Iterator[str]:
        """The hashes of all files, in no order."""
        for path in self._folder.glob("??/*"):
            if len(path.name) == _HASH:
                yield path.name

    def _is(self, handle: BufferedReader, sha256: str) -> bool:
        """Whether the bytes are what they were; asked once in a process for each file."""
        found = hashlib.file_digest(handle, "sha256").hexdigest()
        handle.seek(0)
        if found == sha256:
            with self._guard:
                self._sound.add(sha256)
        return found == sha256

    def _path(self, sha256: str) -> Path:
        if len(sha256) != _HASH or not set(sha256) <= set("0123456789abcdef"):
            raise Refused("an attachment's hash is none")
        return self._folder / sha256[:2] / sha256

    def _part(self, of: Key) -> Path:
        folder = self._folder / "partial"
        for path in (self._folder, folder):
            secrets.private_folder(path)
        return folder / hashlib.sha256(of.encode()).hexdigest()

    def _place(self, part: Path, sha256: str) -> None:
        path = self._path(sha256)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(part, path)
        sync(path.parent, self._folder)


def _written(part: Path, download: Download, most: int) -> tuple[int, str]:
    """Write what comes behind what is there, up to a byte more than `most`: size and hash of it
    all. What came stays if it ends early."""
    with open(part, "ab", opener=secrets.opener) as handle:
        handle.truncate(download.start)
        done, size = _hashed(part, download.start), download.start
        for piece in download.parts:
            handle.write(piece)
            done.update(piece)
            size += len(piece)
            if size > most:
                break
        handle.flush()
        os.fsync(handle.fileno())
    return size, done.hexdigest()


def _hashed(part: Path, size: int) -> hashlib._Hash:
    done = hashlib.sha256()
    with open(part, "rb") as handle:
        while size > 0 and (piece := handle.read(min(_PIECE, size))):
            done.update(piece)
            size -= len(piece)
    return done


def _file(state: str, download: Download, size: int, sha256: str = "") -> File:
    return File(
        state=state,  # type: ignore[arg-type]
        name=download.name,
        type=download.type,
        size=size,
        sha256=sha256,
    )


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """An error of the disk, not of the network, is the workspace's."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, ConnectionError | TimeoutError):
            raise
        raise WorkspaceError(
            f"{folder} does not take an attachment ({error.strerror}): make room, or set "
            "source.attachments = false"
        ) from None
