"""One migration's folder: settings, database (archive and ledger), reports.

What needs a database is imported when it is first named: a command that asks for help, or for what
stands in a file, waits for none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_migrate.workspace.archive import Archive
    from tracker_migrate.workspace.ledger import Ledger
    from tracker_migrate.workspace.workspace import Workspace

__all__ = ["Archive", "Ledger", "Workspace"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name.lower()}"), name)
