"""Authors and dates in Phorge's own databases, for no method of Conduit sets them (facts 3).

What stays the importer's: the row that gave a task its title when it was made (the page does not
show it), and those that gave it its marker. No method of Conduit writes a row for somebody else, so
that they tell our tasks from a forgery whoever is shown as the author. What the importer did to a
task later, as it says, it did then; of one that was made closed, its closing has a date of its own.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker_migrate import mysql
from tracker_migrate.abilities import Backdated, Stamp, Stamped
from tracker_migrate.backends.maniphest import backdate_sql, tables
from tracker_migrate.backends.maniphest.backdate_sql import (
    FOLLOWED,
    FOLLOWS,
    HIDDEN_ROWS,
    at_epoch,
    followers,
    php,
)
from tracker_migrate.backends.maniphest.rows import Rows
from tracker_migrate.backends.maniphest.withdrawing import NOT_OURS, NOT_THERE, Withdrawing
from tracker_migrate.digest import short
from tracker_migrate.errors import UsageError
from tracker_migrate.model import Key
from tracker_migrate.mysql import Edits, Statement, among

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_TASKS = ("task", "subtask")
_NAMESPACE = re.compile(r"[A-Za-z0-9_]{1,40}")
_ACCOUNT = re.compile(r"PHID-USER-[A-Za-z0-9]{1,50}")
_NOBODY = "its author is no account of Phorge's"

_AFTERWARDS = (
    "bin/worker cancel --active --class PhabricatorApplicationTransactionPublishWorker",
    "bin/search index --type TASK --force",
    "bin/cache purge --caches remarkup",
)


def backdater(importer: str, options: Mapping[str, Any]) -> ManiphestBackdater:
    """See `abilities.Backdates.backdater`. options: `namespace`, Phorge's own setting
    `storage.default-namespace`. Raises UsageError."""
    wrong = [f"database.{name}: is no setting of Maniphest's" for name in options if name != _NAME]
    name = options.get(_NAME, "phabricator")
    if not isinstance(name, str) or not _NAMESPACE.fullmatch(name):
        wrong.append(f"database.{_NAME}: what Phorge's storage.default-namespace says, in letters")
    if wrong:
        raise UsageError("\n".join(wrong))
    return ManiphestBackdater(importer, f"{name}_")


_NAME = "namespace"


class ManiphestBackdater:
    """Implements `abilities.Backdater`. importer: the PHID of the account that writes. prefix: what
    the names of the databases begin with, such as `phabricator_`."""

    def __init__(self, importer: str, prefix: str = "phabricator_") -> None:
        self._importer = importer
        self._prefix = prefix

    def check(self, database: Connection) -> Sequence[str]:
        """What differs from the tables of a Phorge of August 2026."""
        return mysql.differences(database, tables.metadata(self._prefix).sorted_tables)

    def changes(
        self, database: Connection, stamps: Sequence[Stamp], *, write: bool = True
    ) -> Backdated:
        """Make a batch so, in one look and as few statements as it takes."""
        batch = _Batch(database, self._importer, self._prefix, stamps)
        done = batch.decide()
        for statement in batch.statements() if write else ():
            mysql.run(database, statement)
        return done

    def statements(self, stamps: Sequence[Stamp]) -> Iterator[str]:
        """The same as SQL, for an administrator."""
        return map(mysql.said, backdate_sql.statements(self._importer, self._prefix, stamps))

    def afterwards(self) -> Sequence[str]:
        """In Phorge's folder, as the user of its daemons: no mail, news or notifications of what is
        queued (people's, too, that waits); the search index; pages that were kept."""
        return _AFTERWARDS


class _Batch:
    """One look at the rows of some issues, and what is to become of them."""

    def __init__(
        self, database: Connection, importer: str, prefix: str, stamps: Sequence[Stamp]
    ) -> None:
        self._rows = Rows(database, prefix)
        self._importer = importer.encode()
        self._edits = Edits()
        self._wanted: dict[tuple[str, int], tuple[Any, dict[str, Any]]] = {}
        self._stamped: list[Stamped] = []
        self._left: dict[Key, str] = {}
        self._cached: list[str] = []
        self._stamps = [one for one in stamps if self._is_known(one)]
        self._gone = Withdrawing(self._rows, self._edits, importer)
        self._last: list[Statement] = []
        self._unfollowed: Counter[str] = Counter()

    def _is_known(self, stamp: Stamp) -> bool:
        people = (one for one in (stamp.by, stamp.closer) if one)
        if all(map(_ACCOUNT.fullmatch, people)):
            return True
        self._left[stamp.key] = _NOBODY
        return False

    def decide(self) -> Backdated:
        """What is to be changed, and what stands already."""
        tasks = self._of(*_TASKS)
        rows = self._by_phid(tasks, _TASK)
        history = self._history(tasks)
        self._comments(self._of("comment"))
        ours = [phid for phid, stamp in tasks.items() if self._is_ours(stamp, rows.get(phid))]
        for phid in ours:
            self._task(tasks[phid], rows[phid], history[phid])
        self._unfollow(sorted(ours))
        withdrawn = {one.at.id: one for one in self._of("file").values() if one.withdraw}
        for stamp, stamped, why in self._gone.files(withdrawn):
            self._done(stamp, stamped, why)
        self._gone.forget(self._cached)
        for (table, _), (row, wanted) in self._wanted.items():
            self._edits.row(table, row, **wanted)
        return Backdated(
            rows=dict(self._gone.added + self._unfollowed + Counter(self._edits.rows)),
            stamped=tuple(self._stamped),
            left=self._left,
        )

    def statements(self) -> Iterator[Statement]:
        """What does it."""
        yield from self._gone.first
        yield from self._edits.statements()
        yield from self._last

    # -- reading ----------------------------------------------------------------------------------

    def _of(self, *kinds: str) -> dict[str, Stamp]:
        return {one.at.id: one for one in self._stamps if one.kind in kinds}

    def _by_phid(self, stamps: Mapping[str, Stamp], sql: str) -> dict[str, Any]:
        return {row.phid.decode(): row for row in self._rows.of(sorted(stamps), sql)}

    def _history(self, tasks: Mapping[str, Stamp]) -> dict[str, list[Any]]:
        """What was done to each task, in its order."""
        found: dict[str, list[Any]] = defaultdict(list)
        for row in self._rows.of(sorted(tasks), _HISTORY):
            found[row.objectPHID.decode()].append(row)
        return found

    def _is_ours(self, stamp: Stamp, row: Any) -> bool:
        if row is None:
            self._left[stamp.key] = NOT_THERE
        elif row.authorPHID not in self._ours(stamp):
            self._left[stamp.key] = NOT_OURS
        return stamp.key not in self._left

    def _ours(self, stamp: Stamp) -> set[bytes]:
        return {self._account(one) for one in ("", stamp.was_by, stamp.by)}

    def _row_ours(self, row: Any, stamp: Stamp) -> bool:
        """Whether we wrote a row of a task: its author may have done something there since."""
        return row.authorPHID == self._importer or (
            _made(row) and row.authorPHID in self._ours(stamp)
        )

    def _account(self, by: str) -> bytes:
        return by.encode() or self._importer

    def _set(self, table: str, row: Any, **wanted: Any) -> None:
        """Have a row hold these values, besides those that it was to hold already."""
        name = self._rows.table(f"maniphest.{table}")
        self._wanted.setdefault((name, row.id), (row, {}))[1].update(wanted)

    def _done(self, stamp: Stamp, stamped: Stamped | None, why: str = "") -> None:
        if stamped is not None:
            self._stamped.append(stamped)
        else:
            self._left[stamp.key] = why

    # -- tasks ------------------------------------------------------------------------------------

    def _task(self, stamp: Stamp, row: Any, history: Sequence[Any]) -> None:
        who, when = self._account(stamp.by), at_epoch(stamp.created)
        self._set("maniphest_task", row, authorPHID=who, **_dated(when, changed=False))
        fields, edited = self._described(stamp, row, history)
        closing = self._closing(stamp, row, history)
        for one in history:
            if one is not closing and _made(one) and one.authorPHID in self._ours(stamp):
                self._made_row(one, who, when)
            if one.transactionType == "core:subscribers" and self._row_ours(one, stamp):
                self._followers(one)
        if stamp.changed is not None:
            newest = max(self._others(history), default=0)
            changed = max(at_epoch(stamp.changed) or 0, newest)
            self._set("maniphest_task", row, dateModified=changed)
        self._stamped.append(Stamped(key=stamp.key, by=stamp.by, fields=fields, edited=edited))

    def _made_row(self, row: Any, who: bytes, when: int | None) -> None:
        """A row of what made the task: it was made by its author."""
        wanted: dict[str, Any] = _dated(when)
        if row.transactionType not in HIDDEN_ROWS:
            wanted |= {"authorPHID": who, "editPolicy": who}
        self._set("maniphest_transaction", row, **wanted)

    def _described(
        self, stamp: Stamp, row: Any, history: Sequence[Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The task's text, and the rows that say that it was given it."""
        text = stamp.fields.get("description")
        if text is None:
            return {}, ()
        if row.description != text:
            if short(row.description) != stamp.was.get("description"):
                return {}, ("description",)
            self._set("maniphest_task", row, description=text)
            for one in history:
                if one.transactionType == "description" and self._row_ours(one, stamp):
                    self._retold(one, php(row.description), php(text))
        return {"description": text}, ()

    def _retold(self, row: Any, old: str, new: str) -> None:
        wanted = {name: new for name in ("oldValue", "newValue") if getattr(row, name) == old}
        if wanted:
            self._set("maniphest_transaction", row, **wanted)

    def _closing(self, stamp: Stamp, row: Any, history: Sequence[Any]) -> Any:
        """The row that tells that the task was closed, given its date; None if a person has closed
        it since, or nobody."""
        when = at_epoch(stamp.closed)
        if when is None or row.closedEpoch is None:
            return None
        who = self._account(stamp.closer)
        last = next((one for one in reversed(history) if one.transactionType == "status"), None)
        if row.closerPHID != self._importer and row.closedEpoch != when:
            return None
        self._set("maniphest_task", row, closedEpoch=when, closerPHID=who)
        if last is None or not self._closed_by_us(last, stamp, when):
            return None
        self._set("maniphest_transaction", last, authorPHID=who, editPolicy=who, **_dated(when))
        return last

    def _closed_by_us(self, row: Any, stamp: Stamp, when: int) -> bool:
        return _made(row) and (row.dateCreated == when or row.authorPHID in self._ours(stamp))

    def _others(self, history: Sequence[Any]) -> Iterator[int]:
        """The dates of what others did, as they are to be: the importer's writing is no change."""
        name = self._rows.table("maniphest.maniphest_transaction")
        for row in history:
            wanted = self._wanted.get((name, row.id), (row, {}))[1]
            if wanted.get("authorPHID", row.authorPHID) != self._importer:
                yield wanted.get("dateCreated", row.dateCreated)

    # -- followers --------------------------------------------------------------------------------

    def _followers(self, row: Any) -> None:
        """What says that the importer follows a task, or does not."""
        old, new = (followers(one, self._importer.decode()) for one in (row.oldValue, row.newValue))
        if (old, new) == (row.oldValue, row.newValue):
            return
        name = self._rows.table("maniphest.maniphest_transaction")
        if json.loads(old) == json.loads(new):
            self._wanted.pop((name, row.id), None)
            self._edits.delete(name, row.id)
        else:
            self._set("maniphest_transaction", row, oldValue=old, newValue=new)

    def _unfollow(self, tasks: Sequence[str]) -> None:
        edges = (
            (self._rows.table("maniphest.edge"), "src", "dst", FOLLOWED),
            (self._rows.table("user.edge"), "dst", "src", FOLLOWS),
        )
        me = mysql.literal(self._importer)
        for table, task, person, types in edges:
            named = f"{task} IN ({{}}) AND {person} = {me} AND type IN {types}"
            found = list(self._rows.of(tasks, f"SELECT {task} AS phid FROM {table} WHERE {named}"))
            self._unfollowed[table] += len(found)
            for portion in mysql.pieces([row.phid] for row in found):
                values = tuple(one[0] for one in portion)
                self._last.append(
                    Statement(f"DELETE FROM {table} WHERE {named.format(among(values))}", values)
                )

    # -- comments ---------------------------------------------------------------------------------

    def _comments(self, stamps: Mapping[str, Stamp]) -> None:
        rows = self._by_phid(stamps, _SAID)
        versions: dict[str, list[Any]] = defaultdict(list)
        for one in self._rows.of(sorted(rows), _VERSIONS):
            versions[one.transactionPHID.decode()].append(one)
        for phid, stamp in stamps.items():
            if not self._is_ours(stamp, rows.get(phid)):
                continue
            if not versions[phid]:
                self._left[stamp.key] = NOT_THERE
            elif stamp.withdraw:
                self._stamped.append(self._gone.comment(stamp, rows[phid], versions[phid]))
            else:
                self._comment(stamp, rows[phid], versions[phid])

    def _comment(self, stamp: Stamp, row: Any, versions: Sequence[Any]) -> None:
        """The row of the timeline, and what it says; of one that a person has edited since, that
        version alone stays theirs."""
        who, when = self._account(stamp.by), at_epoch(stamp.created)
        fields, edited = self._said(stamp, versions)
        first, whole = versions[0], {"editPolicy": who, **_dated(when)}
        if first.authorPHID in self._ours(stamp):
            self._set("maniphest_transaction_comment", first, authorPHID=who, **whole)
        only = whole if len(versions) == 1 else _dated(when, changed=False)
        self._set("maniphest_transaction", row, authorPHID=who, **only)
        self._stamped.append(Stamped(key=stamp.key, by=stamp.by, fields=fields, edited=edited))

    def _said(
        self, stamp: Stamp, versions: Sequence[Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        text, last = stamp.fields.get("text"), versions[-1]
        if text is None:
            return {}, ()
        if last.content != text:
            if len(versions) > 1 or short(last.content) != stamp.was.get("text"):
                return {}, ("text",)
            self._set("maniphest_transaction_comment", last, content=text)
            # a page keeps what it made of a comment under the comment's name, whatever it says
            self._cached.append(last.phid.decode())
        return {"text": text}, ()


def _made(row: Any) -> bool:
    """Whether a row is of what made its task. No later one says so."""
    return '"core.create":true' in row.metadata and row.transactionType != "core:comment"


def _dated(when: int | None, *, changed: bool = True) -> dict[str, Any]:
    if when is None:
        return {}
    return {"dateCreated": when, **({"dateModified": when} if changed else {})}


_TASK = (
    "SELECT id, phid, authorPHID, description, dateCreated, dateModified, closedEpoch, closerPHID"
    " FROM {p}maniphest.maniphest_task WHERE phid IN ({}) FOR UPDATE"
)
_TOLD = "('description', 'core:subscribers')"
_HISTORY = (
    "SELECT id, authorPHID, objectPHID, editPolicy, transactionType, metadata, dateCreated,"
    f" dateModified, IF(transactionType IN {_TOLD}, oldValue, '') AS oldValue,"
    f" IF(transactionType IN {_TOLD}, newValue, '') AS newValue"
    " FROM {p}maniphest.maniphest_transaction WHERE objectPHID IN ({}) ORDER BY id FOR UPDATE"
)
_SAID = (
    "SELECT id, phid, authorPHID, objectPHID, editPolicy, commentPHID, commentVersion,"
    " contentSource, dateCreated, dateModified FROM {p}maniphest.maniphest_transaction"
    " WHERE phid IN ({}) AND transactionType = 'core:comment' FOR UPDATE"
)
_VERSIONS = (
    "SELECT id, phid, transactionPHID, authorPHID, editPolicy, commentVersion, content, isDeleted,"
    " dateCreated, dateModified FROM {p}maniphest.maniphest_transaction_comment"
    " WHERE transactionPHID IN ({}) ORDER BY commentVersion FOR UPDATE"
)
