"""Bytes of attachments for the tests of the Maniphest sink."""

from __future__ import annotations

import hashlib
import io
from typing import Any, BinaryIO

from tests.backends.maniphest.helpers import WEB
from tracker_migrate.errors import Refused
from tracker_migrate.model import Attachment, File, key


class Shelf:
    """Files in memory, by their hash."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def open(self, sha256: str) -> BinaryIO:
        """`interfaces.Files`."""
        if sha256 not in self.held:
            raise Refused("not here")
        return io.BytesIO(self.held[sha256])

    def file(self, data: bytes, name: str = "nova.log") -> File:
        """What the archive would say of these bytes."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.held[sha256] = data
        return File(state="held", name=name, type="text/plain", size=len(data), sha256=sha256)


def attached(bug: int, number: int, file: File | None, **more: Any) -> Attachment:
    """An attachment of a bug; of its comment 1, unless it is said otherwise."""
    values: dict[str, Any] = {
        "key": key("launchpad", "attachment", f"{bug}/{number}"),
        "title": "the log",
        "home": f"{WEB}/bugs/{bug}/+attachment/{number}",
        "comment": 1,
        "file": file,
    }
    return Attachment(**{**values, **more})
