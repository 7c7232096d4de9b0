"""The keyring of the desktop or the machine, through the optional package `keyring`.

It is looked into only where a login has noted that it put something there: a look may ask for a
password, and no command should do that for a token that lies elsewhere.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracker_migrate.errors import UsageError, WorkspaceError
from tracker_migrate.workspace import granted

SERVICE = "tracker-migrate"
_NONE = "this machine has no keyring that can be used: log in without --keyring, into a file"


def entry(folder: Path, name: str) -> str:
    """The name of a credential's entry: workspaces share the keyring."""
    return f"{name} of {folder}"


def holds(folder: Path, name: str) -> bool:
    """Whether a login has put this credential into the keyring."""
    return granted.in_keyring(folder, name)


def check() -> None:
    """Raise UsageError if there is no package, before anybody is asked for anything."""
    _package()


def get(folder: Path, name: str) -> str | None:
    """A credential, or None if it was taken out. Raises UsageError, WorkspaceError."""
    with _told():
        held = _package().get_password(SERVICE, entry(folder, name))
    return held.strip() or None if isinstance(held, str) else None


def put(folder: Path, name: str, secret: str) -> None:
    """Keep a credential. Raises UsageError; WorkspaceError, too, if it can't be read back: some
    keyrings take everything and keep nothing."""
    with _told():
        _package().set_password(SERVICE, entry(folder, name), secret)
    if get(folder, name) != secret:
        raise WorkspaceError(f"{_NONE} (it does not give back what it was given)")


def drop(folder: Path, name: str) -> None:
    """Keep a credential no more, if it can be taken out."""
    with contextlib.suppress(UsageError, WorkspaceError), _told():
        _package().delete_password(SERVICE, entry(folder, name))


def _package() -> Any:
    try:
        return importlib.import_module("keyring")
    except ImportError:
        raise UsageError(
            "the keyring needs the package keyring: pip install 'tracker-migrate[keyring]'"
        ) from None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What goes wrong in a keyring, in one line; nothing of the error itself, which may hold what
    was to be kept."""
    try:
        yield
    except (UsageError, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001  each backend has errors of its own
        if type(error).__name__ in ("NoKeyringError", "InitError"):
            what = _NONE
        else:
            what = f"the keyring failed ({type(error).__name__}): is it locked?"
    else:
        return
    raise WorkspaceError(what)
