"""What `backdate` does to Phorge's databases, as statements that read nothing beforehand: for an
administrator to look at, and to run, once or twice.

Each holds by itself what it may touch: whose a row is, and what a text has to be, as its SHA-256.
Of a text only the head is written that differs. Rows are named by PHIDs, which are bytes there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from tracker_migrate.abilities import Stamp
from tracker_migrate.backends.maniphest.withdrawing import COLUMNS, INDEXED, REMOVED, removal
from tracker_migrate.interfaces import IMPORTER
from tracker_migrate.mysql import Statement, listed, literal, pieces

#: edges of a task to who follows it, or no longer wants to; and those back
FOLLOWED, FOLLOWS = "(21, 23)", "(22, 24)"
#: rows of what made a task that its page does not show: they stay ours
HIDDEN_ROWS = ("title", "core:customfield", "core:comment")

#: columns of the stamps as a statement lists them
_NAMES = (
    *("phid", "author", "was", "created", "changed", "closed", "closer"),
    *("sha", "cut", "head", "json_sha", "json_cut", "json_head", "removal", "view"),
)
_MADE = "x.metadata LIKE '%%\"core.create\":true%%'"
_ROW_OURS = f"(x.authorPHID = {{me}} OR ({_MADE} AND x.authorPHID IN ({{me}}, n.was, n.author)))"
_TASK = "{n} n JOIN {p}maniphest.maniphest_task t ON t.phid = n.phid"
_OURS = "t.authorPHID IN ({me}, n.was, n.author)"
_SAID = (
    "{n} n JOIN {p}maniphest.maniphest_transaction x"
    " ON x.phid = n.phid AND x.transactionType = 'core:comment'"
)
_SAID_OURS = "x.authorPHID IN ({me}, n.was, n.author)"
_VERSION = "{p}maniphest.maniphest_transaction_comment c ON c.transactionPHID = x.phid"
_PAGE = "CONCAT('XCMT:', CONVERT(c.phid USING utf8mb4), '{}')"
_CLOSING = "n.closed IS NOT NULL AND t.closedEpoch IS NOT NULL"


def _headed(column: str, of: str = "") -> str:
    """A text with its head written anew, if it is what it has to be."""
    sha, cut, head = (f"n.{of}{name}" for name in ("sha", "cut", "head"))
    changed = f"CONCAT({head}, SUBSTRING({column}, {cut} + 1))"
    return f"IF(SHA2({column}, 256) = {sha}, {changed}, {column})"


def _without(column: str) -> str:
    """A list of followers without the importer."""
    first = f"REPLACE({column}, CONCAT(',\"', {{me_text}}, '\"'), '')"
    second = f"REPLACE({first}, CONCAT('\"', {{me_text}}, '\",'), '')"
    return f"REPLACE({second}, CONCAT('\"', {{me_text}}, '\"'), '')"


_GOING = f"{_SAID} JOIN {_VERSION}"
_WITHDRAWN = (
    (
        f"DELETE {{p}}cache.cache_markupcache FROM {_GOING}"
        f" JOIN {{p}}cache.cache_markupcache ON cacheKey > {_PAGE.format('@')}"
        f" AND cacheKey < {_PAGE.format('A')} WHERE {_SAID_OURS} AND c.content <> ''"
    ),
    (
        f"DELETE {{p}}maniphest.maniphest_task_ffield FROM {_GOING}"
        " JOIN {p}maniphest.maniphest_task_fdocument d ON d.objectPHID = x.objectPHID"
        " JOIN {p}maniphest.maniphest_task_ffield ON documentID = d.id"
        f" WHERE fieldKey IN {INDEXED} AND {_SAID_OURS} AND c.content <> ''"
    ),
    (
        f"DELETE {{p}}metamta.metamta_mail FROM {_GOING}"
        " JOIN {p}metamta.metamta_mail ON relatedPHID = x.objectPHID"
        f" WHERE actorPHID = {{me}} AND {_SAID_OURS} AND c.content <> ''"
    ),
    (
        f"INSERT INTO {{p}}maniphest.maniphest_transaction_comment ({COLUMNS})"
        " SELECT n.removal, x.phid, {me}, 'public', {me}, x.commentVersion + 1, '',"
        f" x.contentSource, {REMOVED}, UNIX_TIMESTAMP(), UNIX_TIMESTAMP() FROM {_SAID}"
        f" LEFT JOIN {_VERSION} AND c.isDeleted = {REMOVED} WHERE c.id IS NULL AND {_SAID_OURS}"
    ),
    (
        f"UPDATE {_GOING} AND c.phid = n.removal SET x.commentPHID = c.phid,"
        " x.commentVersion = c.commentVersion, x.editPolicy = {me}"
        f" WHERE {_SAID_OURS} AND x.commentVersion < c.commentVersion"
    ),
    f"UPDATE {_GOING} SET c.content = '' WHERE {_SAID_OURS} AND c.content <> ''",
)
_COMMENTS = (
    (
        f"UPDATE {_SAID} JOIN {_VERSION} AND c.commentVersion = 1 SET"
        f" c.content = IF(x.commentVersion = 1, {_headed('c.content')}, c.content),"
        " c.authorPHID = n.author, c.editPolicy = n.author,"
        " c.dateCreated = COALESCE(n.created, c.dateCreated),"
        " c.dateModified = COALESCE(n.created, c.dateModified)"
        f" WHERE {_SAID_OURS}"
    ),
    (
        f"UPDATE {_SAID} SET x.editPolicy = IF(x.commentVersion = 1, n.author, x.editPolicy),"
        " x.dateCreated = COALESCE(n.created, x.dateCreated), x.dateModified ="
        " IF(x.commentVersion = 1, COALESCE(n.created, x.dateModified), x.dateModified),"
        f" x.authorPHID = n.author WHERE {_SAID_OURS}"
    ),
)
_TASKS = (
    (
        f"UPDATE {_TASK} JOIN {{p}}maniphest.maniphest_transaction x ON x.objectPHID = t.phid"
        f" SET x.oldValue = {_headed('x.oldValue', 'json_')},"
        f" x.newValue = {_headed('x.newValue', 'json_')} WHERE x.transactionType = 'description'"
        f" AND {_OURS} AND SHA2(t.description, 256) = n.sha AND {_ROW_OURS}"
    ),
    (
        f"UPDATE {_TASK} JOIN {{p}}maniphest.maniphest_transaction x ON x.objectPHID = t.phid SET"
        f" x.editPolicy = IF(x.transactionType IN {HIDDEN_ROWS}, x.editPolicy, n.author),"
        " x.dateCreated = COALESCE(n.created, x.dateCreated),"
        " x.dateModified = COALESCE(n.created, x.dateModified),"
        f" x.authorPHID = IF(x.transactionType IN {HIDDEN_ROWS}, x.authorPHID, n.author)"
        f" WHERE {_OURS} AND {_MADE} AND x.authorPHID IN ({{me}}, n.was, n.author)"
        " AND x.transactionType <> 'core:comment'"
    ),
    (
        f"UPDATE {_TASK} SET t.closedEpoch = n.closed"
        f" WHERE {_OURS} AND {_CLOSING} AND t.closerPHID = {{me}}"
    ),
    f"UPDATE {_TASK} SET t.closerPHID = n.closer WHERE {_OURS} AND t.closedEpoch = n.closed",
    (
        f"UPDATE {_TASK} JOIN (SELECT objectPHID, MAX(id) AS id"
        " FROM {p}maniphest.maniphest_transaction WHERE transactionType = 'status'"
        " AND objectPHID IN ({phids}) GROUP BY objectPHID) l ON l.objectPHID = t.phid"
        " JOIN {p}maniphest.maniphest_transaction x ON x.id = l.id"
        " SET x.editPolicy = n.closer, x.dateCreated = n.closed, x.dateModified = n.closed,"
        f" x.authorPHID = n.closer WHERE {_OURS} AND t.closedEpoch = n.closed"
        f" AND {_MADE} AND (x.dateCreated = n.closed OR x.authorPHID IN ({{me}}, n.was, n.author))"
    ),
    (
        f"DELETE {{p}}maniphest.maniphest_transaction FROM {_TASK}"
        " JOIN {p}maniphest.maniphest_transaction ON objectPHID = t.phid"
        f" WHERE transactionType = 'core:subscribers' AND {_OURS} AND {{followed}}"
        f" AND {_without('oldValue')} = {_without('newValue')}"
    ),
    (
        f"UPDATE {_TASK} JOIN {{p}}maniphest.maniphest_transaction ON objectPHID = t.phid"
        f" SET oldValue = {_without('oldValue')}, newValue = {_without('newValue')}"
        f" WHERE transactionType = 'core:subscribers' AND {_OURS} AND {{followed}}"
    ),
    (
        f"DELETE {{p}}maniphest.edge FROM {_TASK} JOIN {{p}}maniphest.edge ON src = t.phid"
        f" WHERE {_OURS} AND dst = {{me}} AND type IN {FOLLOWED}"
    ),
    (
        f"DELETE {{p}}user.edge FROM {_TASK} JOIN {{p}}user.edge ON dst = t.phid"
        f" WHERE {_OURS} AND src = {{me}} AND type IN {FOLLOWS}"
    ),
    (
        f"UPDATE {_TASK} SET t.description = {_headed('t.description')},"
        " t.dateCreated = COALESCE(n.created, t.dateCreated), t.authorPHID = n.author"
        f" WHERE {_OURS}"
    ),
    (
        f"UPDATE {_TASK} LEFT JOIN (SELECT objectPHID, MAX(dateCreated) AS at"
        " FROM {p}maniphest.maniphest_transaction WHERE authorPHID <> {me}"
        " AND objectPHID IN ({phids}) GROUP BY objectPHID) l ON l.objectPHID = t.phid"
        " SET t.dateModified = GREATEST(n.changed, COALESCE(l.at, n.changed))"
        " WHERE n.changed IS NOT NULL AND t.authorPHID = n.author"
    ),
)
_FOLLOWED = (
    f"{_ROW_OURS.replace('x.', 'maniphest_transaction.')}"
    " AND LOCATE({me_text}, CONCAT(oldValue, newValue))"
)
_SECRET = "LEFT(SHA2(CONCAT({0}.mailKey, COALESCE({0}.secretKey, '')), 256), 20)"
_FILE = "{n} n JOIN {p}file.file f ON f.phid = n.phid"
_FILES = (
    (
        f"UPDATE {_FILE} JOIN {{p}}file.file_transformedfile t ON t.originalPHID = f.phid"
        " JOIN {p}file.file s ON s.phid = t.transformedPHID"
        f" SET s.secretKey = {_SECRET.format('s')}, s.viewPolicy = n.view"
        " WHERE f.authorPHID = {me} AND f.viewPolicy <> n.view"
    ),
    (
        f"UPDATE {_FILE} SET f.secretKey = {_SECRET.format('f')}, f.viewPolicy = n.view"
        " WHERE f.authorPHID = {me} AND f.viewPolicy <> n.view"
    ),
    (
        f"UPDATE {_FILE} JOIN {{p}}file.file_attachment a ON a.filePHID = f.phid"
        " SET a.attachmentMode = 'reference' WHERE f.authorPHID = {me}"
        " AND a.attachmentMode = 'attach' AND a.attacherPHID = {me}"
    ),
)


def statements(importer: str, prefix: str, stamps: Sequence[Stamp]) -> Iterator[Statement]:
    """The statements for these, in their order. prefix: what databases' names begin with."""
    said = [one for one in stamps if one.kind == "comment"]
    yield from _each(_WITHDRAWN, importer, prefix, [one for one in said if one.withdraw])
    yield from _each(_COMMENTS, importer, prefix, [one for one in said if not one.withdraw])
    tasks = [one for one in stamps if one.kind in ("task", "subtask")]
    yield from _each(_TASKS, importer, prefix, tasks)
    files = [one for one in stamps if one.kind == "file" and one.withdraw]
    yield from _each(_FILES, importer, prefix, files)


def _each(
    known: Iterable[str], importer: str, prefix: str, stamps: Sequence[Stamp]
) -> Iterator[Statement]:
    """Statements for portions of the stamps: the list stands in each as often as it is named."""
    for portion in pieces(_listing(importer, one) for one in stamps):
        n, values = listed(_NAMES, portion)
        phids = ", ".join(literal(row[0]) for row in portion)
        for sql in known:
            said = _named(sql, importer, prefix).replace("{phids}", phids)
            yield Statement(said.replace("{n}", n), values * said.count("{n}"))


def _named(sql: str, importer: str, prefix: str) -> str:
    """A statement with the names of one server in it."""
    named = sql.replace("{followed}", _FOLLOWED).replace("{me_text}", literal(importer))
    return named.replace("{me}", literal(importer.encode())).replace("{p}", prefix)


def _listing(importer: str, stamp: Stamp) -> tuple[Any, ...]:
    text = "text" if stamp.kind == "comment" else "description"
    old, new = stamp.before.get(text), stamp.fields.get(text)
    view = str(stamp.fields.get("view") or IMPORTER)
    return (
        stamp.at.id.encode(),
        (stamp.by or importer).encode(),
        (stamp.was_by or importer).encode(),
        at_epoch(stamp.created),
        at_epoch(stamp.changed),
        at_epoch(stamp.closed),
        (stamp.closer or importer).encode(),
        *_head(old, new),
        *_head(None if old is None else php(old), None if new is None else php(new)),
        removal(stamp.at.id).encode(),
        (importer if view == IMPORTER else view).encode(),
    )


def _head(old: str | None, new: str | None) -> tuple[str, int, str]:
    """The SHA-256 of a text as it has to stand there, how many characters at its head are to go,
    and what is to stand there instead."""
    if old is None or new is None:
        return "", 0, ""
    same = 0
    while same < min(len(old), len(new)) and old[-same - 1] == new[-same - 1]:
        same += 1
    return sha256(old.encode()).hexdigest(), len(old) - same, new[: len(new) - same]


def php(text: str) -> str:
    """A text as PHP writes it in JSON: as the columns of a transaction hold it."""
    return json.dumps(text).replace("/", "\\/")


def followers(value: str, importer: str) -> str:
    """A list of followers, as a transaction holds it, without the importer; anything else as it
    is."""
    try:
        held = json.loads(value)
    except ValueError:
        return value
    if not isinstance(held, list) or importer not in held:
        return value
    return json.dumps([one for one in held if one != importer], separators=(",", ":"))


def at_epoch(when: datetime | None) -> int | None:
    """A date as these tables have it."""
    return None if when is None else int(when.timestamp())
