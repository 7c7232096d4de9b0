"""A file that a person named for what a command gives out: whole, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tracker_migrate.errors import WorkspaceError
from tracker_migrate.workspace import secrets


@contextmanager
def written(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """A file to be written. A link leads to what it names. A file that is there stays until all is
    written, and its mode holds for the new one; what is no file, such as a pipe, is written into.

    private: a new file is its owner's alone, and one that others may read is refused. Raises
    WorkspaceError, also if what is done meanwhile raises OSError.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as out:
                yield out
            return
        at = Path(os.path.realpath(path))
        if private and at.exists():
            secrets.only_owner(at)
        with _instead_of(at, private) as out:
            yield out
    except OSError as error:
        raise WorkspaceError(f"can't write {path}: {error.strerror}") from None


@contextmanager
def _instead_of(at: Path, private: bool) -> Iterator[BinaryIO]:
    """A file that takes another's place once it is whole."""
    old = at.stat() if at.exists() else None
    fresh = at.with_name(f".{at.name}.new")
    try:
        fresh.unlink(missing_ok=True)  # of a process that was killed
        with open(fresh, "xb", opener=secrets.opener if private or old else None) as out:
            yield out
        if old is not None:
            _become(fresh, old)
        fresh.replace(at)
    finally:
        fresh.unlink(missing_ok=True)


def _become(fresh: Path, old: os.stat_result) -> None:
    """Have a file belong to whom another did, if we may say so, and have its mode."""
    with suppress(PermissionError):
        os.chown(fresh, old.st_uid, old.st_gid)
    fresh.chmod(stat.S_IMODE(old.st_mode))
