"""Writing a file that is its owner's alone, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from tracker_migrate.errors import WorkspaceError
from tracker_migrate.workspace import secrets


def write_private(path: Path, text: str) -> None:
    """Write a text to a file of mode 600: the old one stands until the new one is on disk, and an
    interruption leaves nothing half-written behind. Raises WorkspaceError.
    """
    secrets.private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)  # of a process that was killed
        with open(fresh, "x", encoding="utf-8", opener=secrets.opener) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise WorkspaceError(f"can't write {path}: {error.strerror}") from None
    finally:
        fresh.unlink(missing_ok=True)
