"""Credentials: from the environment, a systemd credential, or a file that is its owner's alone."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from tracker_migrate.errors import WorkspaceError


def secret(folder: Path, name: str) -> str | None:
    """A credential by name, e.g. `old-token`: from the environment (TRACKER_MIGRATE_OLD_TOKEN), a
    systemd credential, or `state/credentials/NAME`, a file that only its owner may read.

    Raises WorkspaceError if others may read that file.
    """
    variable = secret_variable(name)
    if variable in os.environ:
        return os.environ[variable].strip() or None
    places = [folder / "state" / "credentials" / name]
    if "CREDENTIALS_DIRECTORY" in os.environ:
        places.insert(0, Path(os.environ["CREDENTIALS_DIRECTORY"]) / f"tracker-migrate-{name}")
    for place in places:
        if place.is_file():
            only_owner(place)
            return place.read_text(encoding="utf-8").strip() or None
    return None


def secret_variable(name: str) -> str:
    """The environment variable that a credential may be in."""
    return "TRACKER_MIGRATE_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def secret_places(folder: Path, name: str) -> str:
    """Where a credential is looked for, in words."""
    place = folder / "state" / "credentials" / name
    return f"it is read from the variable {secret_variable(name)}, or the file {place}, mode 600"


def only_owner(path: Path) -> None:
    """Raise WorkspaceError unless a file or folder is its owner's alone."""
    held = path.stat()
    if held.st_uid != os.getuid():
        raise WorkspaceError(f"{path} belongs to another user: run as that user")
    if stat.S_IMODE(held.st_mode) & 0o077:
        raise WorkspaceError(f"others may read {path}: chmod go= {path}")
