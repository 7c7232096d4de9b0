"""How fast a host is asked: requests get slots, evenly apart, whoever asks for them.

The slots of one host are shared by all threads of a process, and by all processes of one user on
one machine, through one number in a small file: when the next slot begins. (4 microseconds a slot;
pyrate-limiter's SQLite bucket took 970.) Whatever goes wrong with the file, the process keeps to
the rate by itself. Workers on several machines share slots through `workspace.pacing`.
"""

from __future__ import annotations

import hashlib
import math
import os
import stat
import struct
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

try:
    import fcntl
except ImportError:  # no such locks there: each process has its own pace
    fcntl = None  # type: ignore[assignment]

#: a slot later than this, in seconds from now, was noted before the machine was started anew
FURTHEST = 600.0
_TRIES = 40
_TRY_AGAIN = 0.005
_NUMBER = struct.Struct("<d")


class Slots(Protocol):
    """Where the slots of one host come from."""

    def take(self, apart: float) -> float:
        """Seconds until the slot that is ours from now on. apart: seconds to the next one."""
        ...

    def hold(self, seconds: float) -> None:
        """No slot begins before so many seconds have passed."""
        ...


class SharedSlots:
    """Slots of one host, shared through a file; path None: of this process alone."""

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock  # of the machine since its start: the same for all its processes
        self._next = 0.0
        self._guard = threading.Lock()
        self._file = _opened(path) if path is not None and fcntl is not None else None
        if self._file is not None:
            weakref.finalize(self, os.close, self._file)

    @property
    def shared(self) -> bool:
        """Whether other processes know of these slots."""
        return self._file is not None

    def take(self, apart: float) -> float:
        """See `Slots.take`."""
        now = self._clock()
        slot = self._move(now, lambda due: max(now, due), apart)
        return slot - now

    def hold(self, seconds: float) -> None:
        """See `Slots.hold`."""
        until = self._clock() + seconds
        self._move(until - seconds, lambda due: max(until, due), 0.0)

    def _move(self, now: float, chosen: Callable[[float], float], apart: float) -> float:
        with self._guard:
            locked = self._lock()
            try:
                due = max(self._next, self._read(now) if locked else 0.0)
                slot = chosen(due)
                self._next = slot + apart
                if locked:
                    self._keep()
            finally:
                self._unlock(locked)
        return slot

    def _lock(self) -> bool:
        """Whether we have the file for ourselves. Nobody waits for long: who holds it may have been
        stopped."""
        if self._file is None:
            return False
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_TRY_AGAIN)
            except OSError:
                return False
            else:
                return True
        return False

    def _unlock(self, locked: bool) -> None:
        if locked and self._file is not None:
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _read(self, now: float) -> float:
        try:
            (due,) = _NUMBER.unpack(os.pread(self._file or 0, _NUMBER.size, 0))
        except (OSError, struct.error):
            return 0.0
        return due if math.isfinite(due) and due - now < FURTHEST else 0.0

    def _keep(self) -> None:
        with suppress(OSError):
            os.pwrite(self._file or 0, _NUMBER.pack(self._next), 0)


def shared_path(host: str) -> Path | None:
    """The file that holds a host's next slot, in the user's cache; None without such a folder.

    host: scheme, name and port. The file's name is a digest of it, and holds a number alone.
    """
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = cache / "tracker-migrate" / "pace"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_ours_alone(folder.lstat(), stat.S_ISDIR):
            return None
    except (OSError, RuntimeError, ValueError):
        return None
    return folder / hashlib.sha256(host.encode()).hexdigest()[:32]


def _opened(path: Path) -> int | None:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        file = os.open(path, flags, 0o600)
    except OSError:
        return None
    if _is_ours_alone(os.fstat(file), stat.S_ISREG):
        return file
    os.close(file)
    return None


def _is_ours_alone(found: os.stat_result, kind: Callable[[int], bool]) -> bool:
    ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return kind(found.st_mode) and ours and not found.st_mode & 0o022
