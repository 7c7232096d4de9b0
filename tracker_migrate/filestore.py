"""A folder of files that a web server shows under an address, for targets that take no files.

    ab/cdefgh…/name.log     a file; nobody guesses the folders above it, which hold nothing else
    .tracker-migrate/       its owner's alone: the key that these names are made with, and whose
                            files these are; what is on its way

A file's place is made from its key and its content with a secret of the folder's own, so that it is
the same again for whoever has the folder, though all else is lost; and nothing can stand there
twice. A file gets its place once it is whole and on the disk.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from tracker_migrate.errors import Refused, Unreachable, UsageError
from tracker_migrate.filenames import safe_name

_OWN = ".tracker-migrate"
#: what is in it; no web server may show it
HELD = f"{_OWN}/store.json"
_PIECE = 1 << 18
_KNOWN = 20_000
#: seconds after which what is half written is nobody's any more
_STALE = 3600.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Store:
    """One such folder. May be used by several threads and processes at once.

    folder: where the files are. address: where the web server shows it. of: whose files these are,
    such as a tracker's address; a folder is for one of them. private: the web server is not let in
    as others are, but by its group.
    """

    def __init__(self, folder: Path, address: str, of: str, *, private: bool = False) -> None:
        self.folder, self.address = folder, address.rstrip("/")
        self._of = of
        self._modes = (0o710, 0o640) if private else (0o711, 0o644)
        self._key: bytes | None = None
        self._hashes: OrderedDict[str, tuple[tuple[int, ...], str]] = OrderedDict()
        self._guard = threading.Lock()

    # -- the folder itself ------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make a store of the folder, if it is none yet, and tidy up. Raises UsageError that says
        what is wrong with it."""
        own = self.folder / _OWN
        if not self.folder.is_dir():
            raise UsageError(f"{self.folder} is no folder: make it, for this user to write into")
        try:
            own.mkdir(mode=0o700, exist_ok=True)
            (own / "part").mkdir(mode=0o700, exist_ok=True)
            if not (self.folder / HELD).exists():
                self._begin(own)
            self._sweep(own / "part")
        except OSError as error:
            raise UsageError(f"{self.folder} can't be written into: {error.strerror}") from None
        self._secret()

    def _begin(self, own: Path) -> None:
        """Draw a key. Of two processes that do so at once, one's holds."""
        made = {"key": secrets.token_hex(32), "of": self._of}
        with tempfile.NamedTemporaryFile("w", dir=own, suffix=".new") as handle:
            json.dump(made, handle)
            handle.flush()
            os.fsync(handle.fileno())
            try:
                os.link(handle.name, self.folder / HELD)
            except FileExistsError:
                return
            except OSError:  # a file system without hard links
                os.rename(handle.name, self.folder / HELD)
                Path(handle.name).touch()  # which is taken away in the end
        sync(own, self.folder)

    def _sweep(self, part: Path) -> None:
        for path in part.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _STALE:
                    path.unlink()

    def _secret(self) -> bytes:
        with self._guard:
            if self._key is None:
                self._key = self._read_key()
            return self._key

    def _read_key(self) -> bytes:
        path = self.folder / HELD
        try:
            held = json.loads(path.read_text())
            key, of = bytes.fromhex(held["key"]), str(held["of"])
        except OSError as error:
            raise UsageError(f"{path} can't be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{path} is damaged: take it from a copy of the folder") from None
        if of != self._of:
            raise UsageError(
                f"{self.folder} holds the files of {of}, and not of {self._of}: each target needs a"
                f" folder of its own (if the tracker has moved, put its new address into {path})"
            )
        return key

    # -- places -----------------------------------------------------------------------------------

    def place(self, key: str, sha256: str, name: str) -> str:
        """Where a file belongs, below the folder: always the same place, which nobody guesses who
        has not got this folder's key and the content."""
        last = safe_name(name)
        said = "\0".join((key, sha256, last)).encode(errors="surrogatepass")
        made = hmac.digest(self._secret(), said, "sha256")[:20]
        word = base64.b32encode(made).decode().lower()
        return f"{word[:2]}/{word[2:]}/{last}"

    def url(self, place: str) -> str:
        """The address under which a place is shown."""
        return f"{self.address}/{quote(place)}"

    def places(self) -> Iterator[str]:
        """The places of all files that are here, in no order."""
        for path in self.folder.glob("??/*/*"):
            if not path.is_symlink() and path.is_file():
                yield path.relative_to(self.folder).as_posix()

    # -- reading ----------------------------------------------------------------------------------

    def size(self, place: str) -> int | None:
        """How many bytes are there; None if there is no file."""
        held = self._stat(place)
        return held.st_size if held is not None else None

    def sha256(self, place: str) -> str | None:
        """The hash of what is there, in hexadecimal; None if there is no file. It is read anew only
        if it has changed since. Raises Unreachable."""
        held = self._stat(place)
        if held is None:
            return None
        mark = _mark(held)
        with self._guard:
            known = self._hashes.get(place)
        if known is not None and known[0] == mark:
            return known[1]
        with _disk(self.folder), self._path(place).open("rb") as handle:
            found = hashlib.file_digest(handle, "sha256").hexdigest()
        self._note(place, held, found)
        return found

    def open(self, place: str) -> BinaryIO | None:
        """The bytes that are there; None if there is no file. Raises Unreachable."""
        if self._stat(place) is None:
            return None
        with _disk(self.folder):
            return self._path(place).open("rb")

    # -- writing ----------------------------------------------------------------------------------

    def put(self, place: str, source: BinaryIO, sha256: str) -> int:
        """Put a file into its place, in pieces; how many bytes were written: 0 if it was there.

        Raises Refused: what came is not what it should be, something else is in its place, or the
        disk is full. Raises Unreachable if the folder does not take it.
        """
        if self._is_there(place, sha256):
            return 0
        with _disk(self.folder):
            self._make_folders(place)
            part = self.folder / _OWN / "part" / secrets.token_hex(8)
            try:
                size = self._copy(source, part, sha256)
                os.rename(part, self._path(place))
            finally:
                part.unlink(missing_ok=True)
            path = self._path(place)
            sync(path.parent, path.parent.parent, self.folder)
            self._note(place, path.stat(), sha256)
        return size

    def remove(self, place: str) -> None:
        """Take a file away, and the folder that was its alone. One that is not there is no mistake.
        Raises Unreachable."""
        path = self._path(place)
        with _disk(self.folder):
            path.unlink(missing_ok=True)
            with suppress(OSError):  # something of somebody else's is in it, or it is gone already
                path.parent.rmdir()
            sync(next(one for one in path.parents if one.is_dir()))

    def _is_there(self, place: str, sha256: str) -> bool:
        found = self.sha256(place)
        if found not in (None, sha256):
            raise Refused(
                f"{self.folder / place.rpartition('/')[0]} holds something else than the attachment"
                " that belongs there: somebody has changed it; take it away, and it is put there"
                " anew"
            )
        return found is not None

    def _copy(self, source: BinaryIO, part: Path, sha256: str) -> int:
        done, size = hashlib.sha256(), 0
        with part.open("xb") as handle:
            while piece := source.read(_PIECE):
                handle.write(piece)
                done.update(piece)
                size += len(piece)
            handle.flush()
            os.fchmod(handle.fileno(), self._modes[1])
            os.fsync(handle.fileno())
        if done.hexdigest() != sha256:
            raise Refused("the bytes of an attachment are not what they were when it was read")
        return size

    def _make_folders(self, place: str) -> None:
        """The folders above a file: the web server may pass through them, and not list them."""
        path = self._path(place)
        for folder in (path.parent.parent, path.parent):
            with suppress(FileExistsError):
                folder.mkdir()
                kept = folder.stat().st_mode & stat.S_ISGID  # its files get the folder's group
                folder.chmod(self._modes[0] | kept)

    # -- small ------------------------------------------------------------------------------------

    def _path(self, place: str) -> Path:
        parts = place.split("/")
        if len(parts) != 3 or any(one in ("", ".", "..") or "\0" in one for one in parts):
            raise Refused("the place of an attachment is none")
        return self.folder.joinpath(*parts)

    def _stat(self, place: str) -> os.stat_result | None:
        """What is known of a file; None if there is none, be it that something else is there."""
        try:
            held = self._path(place).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unreachable(f"{self.folder} can't be read: {error.strerror}") from None
        return held if stat.S_ISREG(held.st_mode) else None

    def _note(self, place: str, held: os.stat_result, sha256: str) -> None:
        with self._guard:
            self._hashes[place] = _mark(held), sha256
            while len(self._hashes) > _KNOWN:
                self._hashes.popitem(last=False)


def _mark(held: os.stat_result) -> tuple[int, ...]:
    """What changes when a file does."""
    return held.st_ino, held.st_size, held.st_mtime_ns, held.st_ctime_ns


def sync(*folders: Path) -> None:
    """Have what was renamed or removed in these folders on the disk. Raises OSError."""
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """A full disk sets one file aside; a folder that does not take anything stops the run."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Refused(f"{folder} has no room for an attachment: {error.strerror}") from None
        raise Unreachable(f"{folder} can't be used: {error.strerror}") from None
