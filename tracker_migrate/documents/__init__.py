"""A start for sinks of targets that keep documents under names which we choose: a folder, a bucket,
a database of documents.

`DocumentPlanner` says what an issue becomes there: a document for itself, one for each comment,
texts in Markdown. `DocumentSink` does everything that `interfaces.Sink` asks for, on a store with
a few methods (`Documents`). What remains to be written is that store, and what it shows to people;
`FolderDocuments` is one that lacks only its pages.
"""

from tracker_migrate.documents.folder import FolderDocuments
from tracker_migrate.documents.planner import DocumentPlanner
from tracker_migrate.documents.sink import DocumentSink
from tracker_migrate.documents.store import Document, Documents, place

__all__ = ["Document", "DocumentPlanner", "DocumentSink", "Documents", "FolderDocuments", "place"]
