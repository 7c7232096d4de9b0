"""`folder:PATH`: a tracker as a folder of pages, for whoever has a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker_migrate.documents import DocumentPlanner, DocumentSink
from tracker_migrate.errors import UsageError

INTERFACE = 1  # the version of tracker_migrate.interfaces that this is written for


class FolderPlanner(DocumentPlanner):
    """What an issue becomes in a folder. What is private is refused: pages have no readers."""

    tracker = "folder"


def check_address(address: str) -> None:
    """The folder has to be the same one wherever somebody stands. Raises UsageError."""
    if not Path(address).expanduser().is_absolute():
        raise UsageError(f"folder:{address} depends on where one stands: write its whole path")


def open_planner(options: Mapping[str, Any]) -> FolderPlanner:
    """The planner alone. options: `web`, the address at which the pages will be read."""
    for name in sorted(set(options) - {"web"}):
        raise UsageError(f"{name}: a folder has no such option; it knows `web` alone")
    return FolderPlanner()


def open_sink(
    address: str, options: Mapping[str, Any], token: str | None, outsider: str | None = None
) -> DocumentSink:
    """The sink of `folder:PATH`. Whoever may write there needs no token."""
    from migrate_folder.site import Site

    check_address(address)
    store = Site(Path(address).expanduser(), options.get("web", ""))
    return DocumentSink(store, open_planner(options), "importer")
