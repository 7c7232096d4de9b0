"""Keeping a login where `secrets.secret` finds it: a file of its owner's alone, or the keyring."""

from __future__ import annotations

from pathlib import Path

from tracker_migrate.logins import Granted
from tracker_migrate.workspace import granted as granted_
from tracker_migrate.workspace import keyrings, secrets
from tracker_migrate.workspace.secrets import Place
from tracker_migrate.workspace.writing import write_private


def keep(
    folder: Path, name: str, granted: Granted, *, keyring: bool = False, beside: bool = False
) -> Place:
    """Keep a login; where it is now. beside: the tokens that are there already stay.

    The secret first, then what is known of it: whenever this is interrupted, no note is about
    another token. Raises UsageError, WorkspaceError.
    """
    secrets.private_folder(folder / "state")
    secrets.private_folder(folder / "state" / "credentials")
    before = kept(folder, name) if beside else []
    tokens = [*(one for one in before if one != granted.secret), granted.secret]
    known = [note for one in tokens[:-1] if (note := granted_.of(folder, name, one))]
    place = _put(folder, name, "\n".join(tokens), keyring)
    granted_.write(folder, name, place.kind, [*known, granted_.note(granted)])
    if keyring:  # a file would be found before it
        secrets.secret_file(folder, name).unlink(missing_ok=True)
    return place


def kept(folder: Path, name: str) -> list[str]:
    """The tokens in the file or the keyring, not what the environment says."""
    stored = [at for at in secrets.places(folder, name) if at.kind in ("file", "keyring")]
    held = secrets.read(folder, name, stored[0]) if stored else None
    return (held or "").split()


def _put(folder: Path, name: str, text: str, keyring: bool) -> Place:
    if keyring:
        keyrings.put(folder, name, text)
        return Place("keyring", keyrings.entry(folder, name))
    path = secrets.secret_file(folder, name)
    write_private(path, text + "\n")
    if keyrings.holds(folder, name):
        keyrings.drop(folder, name)
    return Place("file", str(path))
