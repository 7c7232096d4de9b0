"""A new folder of files, where a person wants it: for everybody, or its owner's alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from tracker_migrate.errors import UsageError
from tracker_migrate.workspace import secrets


class OutFolder:
    """A folder that is made, or that is there and empty. private: it and all that is in it can be
    read by its owner alone.

    Raises UsageError if it is not empty, WorkspaceError if it is to be private and others may look
    into it, OSError.
    """

    def __init__(self, path: Path, *, private: bool) -> None:
        self.path, self.private = path, private
        path.parent.mkdir(parents=True, exist_ok=True)
        if private:
            secrets.private_folder(path)
        else:
            path.mkdir(exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"{path} is not empty: name a new folder")

    def open(self, file: Path) -> BinaryIO:
        """A new file in it, to be written; the folders between are made. Raises OSError."""
        for folder in reversed(file.relative_to(self.path).parents):
            (self.path / folder).mkdir(mode=0o700 if self.private else 0o777, exist_ok=True)
        return open(file, "xb", opener=secrets.opener if self.private else None)

    def adopt(self, file: Path) -> None:
        """Have a file that somebody else made in it be as closed as the others. Raises OSError."""
        if self.private:
            os.chmod(file, 0o600)
