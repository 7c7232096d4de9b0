"""Files that a command writes for people: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tracker_migrate.errors import UsageError, WorkspaceError


def must_have_folder(option: str, out: Path | None) -> None:
    """Raise UsageError if there is no folder to write a file into: before the work is done that it
    is to show. option: the one that names it."""
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{option} {out}: there is no folder {out.parent}: make it first")


def keep(out: Path, lines: Iterable[str]) -> None:
    """Write a file of these lines. Raises WorkspaceError if that can't be done; then nothing of it
    is there, and a file that was there before stays."""
    fresh = out.with_name(f".{out.name}.new")
    try:
        with open(fresh, "w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(f"{line}\n")
        fresh.replace(out)
    except OSError as error:
        raise WorkspaceError(f"can't write {out}: {error.strerror}") from None
    finally:
        fresh.unlink(missing_ok=True)
