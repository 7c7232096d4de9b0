"""Credentials: from the environment, a systemd credential, a file that is its owner's alone, or the
keyring; and who may look into the folders that hold them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from tracker_migrate.errors import WorkspaceError

#: where the first of several places is the one that counts
PLACES = ("variable", "systemd", "file", "keyring")


_UNIT = "load it with LoadCredential= in the unit"


class Place(msgspec.Struct, frozen=True):
    """Where a credential is kept. kind: one of `PLACES`. at: the variable, path or entry."""

    kind: str
    at: str

    def __str__(self) -> str:
        words = {"variable": "the variable", "systemd": "the systemd credential"}
        return f"{words.get(self.kind, f'the {self.kind}')} {self.at}"


def secret(folder: Path, name: str) -> str | None:
    """A credential by name, e.g. `old-token`: from the environment (TRACKER_MIGRATE_OLD_TOKEN), a
    systemd credential, `state/credentials/NAME`, a file that only its owner may read, or the
    keyring, if it was put there by a login.

    Raises WorkspaceError if others may read that file.
    """
    place = next(places(folder, name), None)
    return read(folder, name, place) if place is not None else None


def places(folder: Path, name: str) -> Iterator[Place]:
    """Where a credential is, the place that counts first. A variable that is empty counts, too: it
    says that there is none."""
    variable = secret_variable(name)
    if variable in os.environ:
        yield Place("variable", variable)
    if "CREDENTIALS_DIRECTORY" in os.environ:
        given = Path(os.environ["CREDENTIALS_DIRECTORY"]) / f"tracker-migrate-{name}"
        if given.is_file():
            yield Place("systemd", str(given))
    if (path := secret_file(folder, name)).is_file():
        yield Place("file", str(path))
    from tracker_migrate.workspace import keyrings

    if keyrings.holds(folder, name):
        yield Place("keyring", keyrings.entry(folder, name))


def read(folder: Path, name: str, place: Place) -> str | None:
    """What is kept at one of the places. Raises WorkspaceError if others may read it."""
    if place.kind == "variable":
        return os.environ.get(place.at, "").strip() or None
    if place.kind == "keyring":
        from tracker_migrate.workspace import keyrings

        return keyrings.get(folder, name)
    path = Path(place.at)
    if place.kind == "systemd":
        _only_the_services(path)
    else:
        private_folder(path.parent)
        only_owner(path)
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except UnicodeDecodeError:
        raise WorkspaceError(f"{path} holds no token: it is not even UTF-8") from None


def secret_variable(name: str) -> str:
    """The environment variable that a credential may be in."""
    return "TRACKER_MIGRATE_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def secret_file(folder: Path, name: str) -> Path:
    """The file that a credential may be in."""
    return folder / "state" / "credentials" / name


def secret_places(folder: Path, name: str) -> str:
    """How to get a credential, and where it is looked for, in words."""
    place = secret_file(folder, name)
    where = f"the variable {secret_variable(name)}, or the file {place}, mode 600"
    return f"get one with {login_command(name)}; it is read from {where}"


def login_command(name: str) -> str:
    """The command that gets a credential."""
    if name.endswith("-outsider-token"):
        return f"tracker-migrate login {name.removesuffix('-outsider-token')} --outsider"
    return f"tracker-migrate login {name.removesuffix('-token')}"


# -- who may look ----------------------------------------------------------------------------------


def only_owner(path: Path, cure: str = "") -> None:
    """Raise WorkspaceError unless a file or folder is its owner's alone; of a link both it and what
    it leads to, for whoever owns the link decides what that is. cure: a command that mends it."""
    for held in (path.lstat(), path.stat()):
        if held.st_uid != os.getuid():
            raise WorkspaceError(f"{path} belongs to another user: run as that user")
        if not stat.S_ISLNK(held.st_mode) and stat.S_IMODE(held.st_mode) & 0o077:
            raise WorkspaceError(f"others may read {path}: {cure or f'chmod go= {path}'}")


def _only_the_services(path: Path) -> None:
    """Raise WorkspaceError unless a credential that systemd gives is this service's alone. Newer
    ones leave it to root and let the service's user in by an access list, which shows as a mode of
    440: the group's bits are that list's mask."""
    held = path.stat()
    if held.st_uid not in (0, os.getuid()):
        raise WorkspaceError(f"{path} belongs to another user, and not to root: is it systemd's?")
    others = 0o007 if held.st_uid == 0 else 0o077
    if stat.S_IMODE(held.st_mode) & others:
        raise WorkspaceError(f"others may read {path}: {_UNIT}")


def private_folder(path: Path) -> None:
    """Make a folder that is its owner's alone, if it is not there. Raises WorkspaceError if it
    can't be made, or others may look into it."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"can't make {path}: {error.strerror}") from None
    only_owner(path)


def private_state(state: Path) -> None:
    """The folder of a workspace's state, made if need be, and checked with its files (the database
    and those beside it, the lock) and with the credentials.

    Raises WorkspaceError if others may read any of it.
    """
    private_folder(state)
    credentials = state / "credentials"
    files = (path for path in state.iterdir() if not path.is_dir())
    for path in sorted([*files, *credentials.glob("*"), *state.glob("credentials")]):
        with suppress(FileNotFoundError):  # side files go with whoever has the database open
            only_owner(path, f"chmod -R go= {state}")


def private_file(path: Path) -> None:
    """Make an empty file that is its owner's alone, whatever the umask; leave one that is there.

    What SQLite keeps beside a database gets the database's mode, so that one call serves all three.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        only_owner(path)
    except OSError as error:
        raise WorkspaceError(f"can't make {path}: {error.strerror}") from None


def opener(path: str, flags: int) -> int:
    """For `open`: a file that has to be made is its owner's alone."""
    return os.open(path, flags, 0o600)
