"""Logging in to a tracker: what is wished for, who is asked, and what is granted.

A backend that can be logged in to names a function `(Wish, Person) -> Granted` under the entry
point `tracker_migrate.logins`. It proves the login at the server before it returns; it keeps
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

#: what `Granted.ends` says where no date is known
NEVER, UNKNOWN = "never", "unknown"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A login that somebody wants.

    address: of the tracker's API, as the settings have it; empty: the usual one. options: the
    target's own settings. read_only: it shall write nothing. private: it shall read what is not
    public. timeout: seconds to wait for somebody's approval.
    """

    address: str = ""
    options: Mapping[str, Any] = {}
    read_only: bool = False
    private: bool = False
    timeout: float = 900.0


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A login that works.

    secret: what has to be kept, one line. account: the tracker's own id of whose it is; who: their
    name. may: what it lets one do, in words. ends: an ISO date, `never` or `unknown`.
    reads_private: whether it reads what is not public, where its owner may.
    """

    secret: str
    account: str
    who: str
    may: str
    ends: str = UNKNOWN
    reads_private: bool = True

    def __repr__(self) -> str:
        return f"Granted(account={self.account!r}, may={self.may!r}, ends={self.ends!r})"


class Person(Protocol):
    """Whoever sits at the terminal, if anybody does."""

    def show(self, line: str) -> None:
        """Tell something; never a secret."""
        ...

    def secret(self, what: str) -> str:
        """Ask for a secret, without showing it. what: its name."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait, or until the person says that it is done."""
        ...
