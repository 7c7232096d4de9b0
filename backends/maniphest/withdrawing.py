"""Taking back, in Phorge's own databases, what Conduit can't: a comment, or a file that too many
may open.

A comment goes as its page's "Remove Comment" has it go, by a newer version that is marked as
removed (seen on a server). That button leaves the words where no page shows them: in the older
versions, in the search index, in what pages keep, and in mail. From there they go, too. A file gets
its readers, and another secret, for its address opens it to anybody whatever its policy says.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker_migrate.abilities import Stamp, Stamped
from tracker_migrate.backends.maniphest.rows import Rows
from tracker_migrate.interfaces import IMPORTER
from tracker_migrate.mysql import Edits, Statement, among, literal

#: what isDeleted says of a comment that was removed; 1 is one that its author has emptied
REMOVED = 2
#: fields of the search index that hold comments
INDEXED = "('full', 'cmnt')"
COLUMNS = (
    "phid, transactionPHID, authorPHID, viewPolicy, editPolicy, commentVersion, content,"
    " contentSource, isDeleted, dateCreated, dateModified"
)

NOT_THERE = "is not in the database"
NOT_OURS = "has another author by now, and is left alone"
ATTACHED = "somebody has attached it to something: who sees that, can open it"


class Withdrawing:
    """What is to be taken back in one batch. first: the statements that go before those of `edits`.
    added: how many rows of each table they add."""

    def __init__(self, rows: Rows, edits: Edits, importer: str) -> None:
        self._rows = rows
        self._edits = edits
        self._importer = importer
        self.first: list[Statement] = []
        self.added: Counter[str] = Counter()
        self._deleted: set[tuple[str, int]] = set()

    # -- comments ---------------------------------------------------------------------------------

    def comment(self, stamp: Stamp, row: Any, versions: Sequence[Any]) -> Stamped:
        """A comment of ours goes, whoever has edited it. row: of the timeline."""
        if versions[-1].isDeleted != REMOVED:
            self._remove(row, versions[-1].commentVersion + 1)
        told = [one for one in versions if one.content]
        for one in told:
            table = self._rows.table("maniphest.maniphest_transaction_comment")
            self._edits.row(table, one, content="")
        if told:
            self._elsewhere(row.objectPHID)
        self.forget([one.phid.decode() for one in told])
        return Stamped(key=stamp.key, by=stamp.was_by, gone=True)

    def _remove(self, row: Any, version: int) -> None:
        """A newer version, by the importer, as removing it through the page adds one."""
        importer, now = self._importer.encode(), int(time.time())
        table = self._rows.table("maniphest.maniphest_transaction_comment")
        phid = removal(row.phid.decode()).encode()
        policies = (importer, b"public", importer)
        text = (version, "", row.contentSource, REMOVED)
        values = (phid, row.phid, *policies, *text, now, now)
        sql = f"INSERT INTO {table} ({COLUMNS}) VALUES ({among(values)})"
        self.first.append(Statement(sql, values))
        self.added[table] += 1
        shown: dict[str, Any] = {
            "commentPHID": phid,
            "commentVersion": version,
            "editPolicy": importer,
        }
        self._edits.row(self._rows.table("maniphest.maniphest_transaction"), row, **shown)

    def _elsewhere(self, task: bytes) -> None:
        """The words in the search index, which `bin/search index` makes anew, and in mail of ours
        about the task, sent or not."""
        self._delete("maniphest.maniphest_task_ffield", self._rows.of([task], _INDEX))
        sql = f"{_MAIL} AND actorPHID = {literal(self._importer.encode())}"
        self._delete("metamta.metamta_mail", self._rows.of([task], sql))

    def forget(self, comments: Sequence[str]) -> None:
        """What pages keep of these comments, by their own PHIDs."""
        self._delete("cache.cache_markupcache", self._rows.cached(comments))

    def _delete(self, table: str, rows: Iterator[Any]) -> None:
        for row in rows:
            if (table, row.id) not in self._deleted:
                self._deleted.add((table, row.id))
                self._edits.delete(self._rows.table(table), row.id)

    # -- files ------------------------------------------------------------------------------------

    def files(self, stamps: Mapping[str, Stamp]) -> Iterator[tuple[Stamp, Stamped | None, str]]:
        """Each with what became of it, or why it was left."""
        rows = {row.phid.decode(): row for row in self._rows.of(sorted(stamps), _FILE)}
        smaller = list(self._rows.of(sorted(rows), _SMALLER))
        attached = list(self._rows.of(sorted(rows), _ATTACHED))
        for phid, stamp in stamps.items():
            row = rows.get(phid)
            if row is None or row.authorPHID != self._importer.encode():
                yield stamp, None, NOT_THERE if row is None else NOT_OURS
                continue
            self._close(stamp, row, [one for one in smaller if one.originalPHID == row.phid])
            theirs = self._detach([one for one in attached if one.filePHID == row.phid])
            done = None if theirs else Stamped(key=stamp.key, gone=True)
            yield stamp, done, ATTACHED if theirs else ""

    def _close(self, stamp: Stamp, row: Any, smaller: Sequence[Any]) -> None:
        """Its readers, and those of the smaller pictures that were made of it; other addresses."""
        view = self.readers(stamp)
        if row.viewPolicy == view:
            return
        table = self._rows.table("file.file")
        for one in (row, *smaller):
            self._edits.row(table, one, viewPolicy=view, secretKey=secret(one))

    def readers(self, stamp: Stamp) -> bytes:
        """Who may open it."""
        view = str(stamp.fields.get("view") or IMPORTER)
        return (self._importer if view == IMPORTER else view).encode()

    def _detach(self, attached: Sequence[Any]) -> bool:
        """What we have attached it to opens it no more; whether others have attached it."""
        table = self._rows.table("file.file_attachment")
        ours = [one for one in attached if one.attacherPHID == self._importer.encode()]
        for one in ours:
            self._edits.row(table, one, attachmentMode="reference")
        return len(ours) < len(attached)


def removal(comment: str) -> str:
    """The PHID of the version that removes a comment, from that of the comment's row in the
    timeline: the same whenever it is asked for."""
    return f"PHID-XCMT-{hashlib.sha256(f'removed {comment}'.encode()).hexdigest()[:20]}"


def secret(file: Any) -> bytes:
    """Another secret for a file's address. Nobody who knows the old one can tell it: it is made of
    that for mail, too, which no page shows."""
    return hashlib.sha256(file.mailKey + (file.secretKey or b"")).hexdigest()[:20].encode()


_INDEX = (
    "SELECT f.id FROM {p}maniphest.maniphest_task_fdocument d"
    " JOIN {p}maniphest.maniphest_task_ffield f ON f.documentID = d.id"
    f" WHERE d.objectPHID IN ({{}}) AND f.fieldKey IN {INDEXED}"
)
_MAIL = "SELECT id FROM {p}metamta.metamta_mail WHERE relatedPHID IN ({})"
_FILE = (
    "SELECT id, phid, authorPHID, viewPolicy, secretKey, mailKey FROM {p}file.file"
    " WHERE phid IN ({}) FOR UPDATE"
)
_SMALLER = (
    "SELECT f.id, f.viewPolicy, f.secretKey, f.mailKey, t.originalPHID"
    " FROM {p}file.file_transformedfile t JOIN {p}file.file f ON f.phid = t.transformedPHID"
    " WHERE t.originalPHID IN ({})"
)
_ATTACHED = (
    "SELECT id, filePHID, attacherPHID, attachmentMode FROM {p}file.file_attachment"
    " WHERE filePHID IN ({}) AND attachmentMode = 'attach'"
)
