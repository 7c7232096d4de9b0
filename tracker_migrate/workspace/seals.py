"""Seals: short keyed signatures, by which a permalink in a text is known to be ours.

Where a text at the target has somebody else as its author, neither that author nor the permalink
says who wrote it: anybody may copy the line. A seal can't be made without the key, which is kept as
other secrets are (`NAME-seal`), and is made when it is first needed. One that stands under another
permalink, or at another target, is no seal.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets as random
import threading
from pathlib import Path

from tracker_migrate.errors import WorkspaceError
from tracker_migrate.interfaces import SEAL_LENGTH
from tracker_migrate.workspace import secrets
from tracker_migrate.workspace.writing import write_private


class Seals:
    """The seals of one target. folder: the workspace's. name, address: the target's."""

    def __init__(self, folder: Path, name: str, address: str) -> None:
        self._folder = folder
        self._name = f"{name}-seal"
        self._address = address
        self._guard = threading.Lock()
        self._key: bytes | None = None

    def of(self, permalink: str) -> str:
        """The seal of a permalink. Raises WorkspaceError if the key can't be read or kept."""
        said = f"{self._address}\n{permalink}".encode()
        return hmac.new(self._known(), said, hashlib.sha256).hexdigest()[:SEAL_LENGTH]

    def _known(self) -> bytes:
        with self._guard:
            if self._key is None:
                key = secrets.secret(self._folder, self._name) or self._made()
                if len(key) < 2 * SEAL_LENGTH:
                    place = secrets.secret_file(self._folder, self._name)
                    raise WorkspaceError(
                        f"the key of {self._name} is cut short: put {place} back from a copy"
                    )
                self._key = key.encode()
            return self._key

    def _made(self) -> str:
        """A key of our own, unless another process has made one meanwhile: then that."""
        place = secrets.secret_file(self._folder, self._name)
        fresh = place.with_name(f".{place.name}.{os.getpid()}")
        write_private(fresh, random.token_hex(32))
        try:
            os.link(fresh, place)
        except FileExistsError:
            pass
        except OSError as error:
            raise WorkspaceError(f"can't write {place}: {error.strerror}") from None
        finally:
            fresh.unlink(missing_ok=True)
        return secrets.secret(self._folder, self._name) or ""
