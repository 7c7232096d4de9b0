"""What is known of the logins that are kept: whose they are, what they may, when they end.

It stands in `state/credentials/NAME.facts.json`, without a secret: a salted check of 32 bits tells
whether a note is about the token that is in use, and not about one that was there before it.
"""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tracker_migrate.logins import Granted
from tracker_migrate.text.redact import hide_addresses
from tracker_migrate.workspace.writing import write_private


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one token. account: the tracker's id of whose it is; who: their name, which
    is no e-mail address. ends: an ISO date, `never`, `unknown`. since: when it was logged in."""

    account: str
    who: str
    may: str
    ends: str
    since: str
    reads_private: bool = True
    salt: str
    check: str

    def is_about(self, secret: str) -> bool:
        """Whether this is about a token."""
        return _check(self.salt, secret) == self.check


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a credential, which may be several tokens. kept: `file`, `keyring`."""

    kept: str
    tokens: list[Note] = []


def notes_file(folder: Path, name: str) -> Path:
    """Where the notes of a credential stand."""
    return folder / "state" / "credentials" / f"{name}.facts.json"


def read(folder: Path, name: str) -> Notes:
    """The notes of a credential; empty ones if there are none that can be read."""
    try:
        return msgspec.json.decode(notes_file(folder, name).read_bytes(), type=Notes)
    except (OSError, msgspec.DecodeError):
        return Notes(kept="file")


def in_keyring(folder: Path, name: str) -> bool:
    """Whether a credential was put into the keyring."""
    return read(folder, name).kept == "keyring"


def of(folder: Path, name: str, secret: str) -> Note | None:
    """What is known of a token."""
    known = read(folder, name).tokens
    return next((note for note in reversed(known) if note.is_about(secret)), None)


def note(granted: Granted) -> Note:
    """What there is to keep of a login."""
    salt = random.token_hex(8)
    return Note(
        account=granted.account,
        who=hide_addresses(granted.who),
        may=granted.may,
        ends=granted.ends,
        since=datetime.now(UTC).replace(microsecond=0).isoformat(),
        reads_private=granted.reads_private,
        salt=salt,
        check=_check(salt, granted.secret),
    )


def write(folder: Path, name: str, kept: str, notes: Iterable[Note]) -> None:
    """Keep notes, and where their credential is."""
    held = msgspec.json.format(msgspec.json.encode(Notes(kept=kept, tokens=list(notes))))
    write_private(notes_file(folder, name), held.decode() + "\n")


def _check(salt: str, secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=4, key=salt.encode()).hexdigest()
