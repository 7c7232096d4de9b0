"""One migration's folder: settings, database (archive and ledger), reports."""

from tracker_migrate.workspace.archive import Archive
from tracker_migrate.workspace.ledger import Ledger
from tracker_migrate.workspace.workspace import Workspace

__all__ = ["Archive", "Ledger", "Workspace"]
