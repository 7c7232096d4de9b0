"""Files that a command writes for people: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tracker_migrate.errors import UsageError

_STANDARD = Path("-")


def named(out: Path | None) -> Path | None:
    """The file that was asked for; None if what a command gives out goes to the standard output,
    which `-` says, too."""
    return None if out == _STANDARD else out


def must_have_folder(option: str, out: Path | None) -> None:
    """Raise UsageError if there is no folder to write a file into, or it would be the standard
    output, where the results go: before the work is done that it is to show. option: the one that
    names it."""
    if out == _STANDARD:
        raise UsageError(
            f"{option} - would be among the results on the standard output: name a file"
        )
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{option} {out}: there is no folder {out.parent}: make it first")


def keep(out: Path, lines: Iterable[str], *, private: bool = False) -> None:
    """Write a file of these lines. private: it is to be its owner's alone. Raises WorkspaceError if
    that can't be done; then nothing of it is there, and a file that was there before stays."""
    from tracker_migrate.workspace.outfile import written

    with written(out, private=private) as file:
        for line in lines:
            file.write(f"{line}\n".encode())
