"""What issues are called where others may read it: in events, logs, plans and reports.

A bug's number tells nothing. A blueprint's name is a text of people's: of one that is not public,
or not any more, only a mark is told, from which nobody gets the name back.
"""

from __future__ import annotations

import hmac

import msgspec

from tracker_migrate.engine.events import Listen
from tracker_migrate.interfaces import Event
from tracker_migrate.model import Key
from tracker_migrate.workspace.archive import Archive


class Naming:
    """Names of one workspace. salt: keeps marks from being guessed by trying likely names."""

    def __init__(self, archive: Archive, salt: bytes) -> None:
        self._archive = archive
        self._salt = salt
        self._known: list[str] | None = None

    def settled(self) -> Naming:
        """The same, for who reads nothing from the source meanwhile: names are looked up once."""
        fixed = Naming(self._archive, self._salt)
        fixed._known = fixed._names()
        return fixed

    def text(self, text: str) -> str:
        """A line as it may be told: without the name of anything that is not public."""
        if "/" not in text:  # no key with a name in it
            return text
        for name in self._names() if self._known is None else self._known:
            text = text.replace(name, self._mark(name))
        return text

    def _names(self) -> list[str]:
        """What must not be told; what begins as another one does, before that."""
        return sorted(self._archive.private_names(), key=len, reverse=True)

    def key(self, of: Key) -> Key:
        """A key as it may be told: of an issue, or of a part of one."""
        return Key(self.text(of))

    def heard_by(self, listen: Listen) -> Listen:
        """A listener that hears of what is not public by its marks."""

        def hear(event: Event) -> None:
            told = {"key": self.text(event.key), "detail": self.text(event.detail)}
            listen(msgspec.structs.replace(event, **told))

        return hear

    def _mark(self, name: str) -> str:
        return f"(private {hmac.digest(self._salt, name.encode(), 'sha256').hex()[:8]})"
