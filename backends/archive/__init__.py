"""An archive that `export archive` has written, as a source: no network, no login.

It holds what somebody else has read: to study a project, to rehearse, to move from a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_migrate.interfaces import Source

#: the version of `interfaces` that this is written for
INTERFACE = 1
#: whoever has the folder may read it
NEEDS_LOGIN = False


def open_source(
    specs: Sequence[str], options: Mapping[str, Any], credentials: Mapping[str, str] | None
) -> Source:
    """The archive of `archive:FOLDER`. options: of `[source]`, of which `private` alone means
    something: without it, what not everybody may read is left in the folder. Raises UsageError if
    the folder holds no archive, or several are named."""
    from pathlib import Path

    from tracker_migrate.backends.archive.source import ArchiveSource
    from tracker_migrate.errors import UsageError

    if len(specs) != 1:
        raise UsageError(f"one archive is one source: name one of {', '.join(specs)}")
    folder = Path(specs[0]).expanduser()
    if not folder.is_absolute():
        raise UsageError(f"archive:{specs[0]} depends on where one stands: write its whole path")
    return ArchiveSource(folder, private=bool(options.get("private", False)))
