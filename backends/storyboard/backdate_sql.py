"""What `backdate` does to StoryBoard's database, as statements that read nothing beforehand: for an
administrator to look at, and to run, once or twice.

Each holds by itself what it may touch: whose a row is, and what a text has to be, as its SHA-256.
Of a text only the head is written that differs. The tables are joined in the order in which they
are named: the timeline, which has no index for it, is read once a statement (facts 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from tracker_migrate.abilities import Stamp
from tracker_migrate.mysql import Statement, listed, pieces, second

#: the text of each kind that names its origin: the planner's field, and the column of that name
TEXTS = {"story": "description", "task": "link", "comment": "content"}
_NAMES = ("id", "author", "was", "created", "changed", "sha", "cut", "head")
#: columns of the rows that a statement lists, as `_listing` has them
_CREATED = "COALESCE(n.created, {0}.created_at)"
_TEXT = "IF(SHA2({0}, 256) = n.sha, INSERT({0}, 1, n.cut, n.head), {0})"
_OURS = "IN (%s, n.was, n.author)"
_USER = "STRAIGHT_JOIN users u ON u.id = n.author"
_COMMENT = "events e STRAIGHT_JOIN {n} n ON n.id = e.comment_id AND e.event_type = 'user_comment'"

_TASK_ID = "CAST(JSON_EXTRACT({0}event_info, '$.task_id') AS SIGNED)"

_WITHDRAWN = (
    (
        f"DELETE h FROM {_COMMENT} STRAIGHT_JOIN comments_history h ON h.comment_id = n.id"
        f" WHERE e.author_id {_OURS}"
    ),
    (
        f"UPDATE {_COMMENT} STRAIGHT_JOIN comments c ON c.id = n.id"
        " STRAIGHT_JOIN comments r ON r.in_reply_to = c.id"
        f" SET c.content = NULL, c.is_active = 0 WHERE e.author_id {_OURS}"
    ),
    (
        f"DELETE e, c FROM {_COMMENT} STRAIGHT_JOIN comments c ON c.id = n.id"
        f" LEFT JOIN comments r ON r.in_reply_to = c.id WHERE r.id IS NULL AND e.author_id {_OURS}"
    ),
    f"DELETE e FROM {_COMMENT} WHERE e.author_id {_OURS}",
)
_COMMENTS = (
    f"UPDATE {_COMMENT} STRAIGHT_JOIN comments c ON c.id = n.id {_USER}"
    f" SET c.created_at = {_CREATED.format('c')}, c.content = {_TEXT.format('c.content')},"
    f" e.author_id = n.author, e.created_at = {_CREATED.format('e')}"
    f" WHERE e.author_id {_OURS}"
)
_TASK_EVENTS = (
    f"UPDATE events e STRAIGHT_JOIN {{n}} n ON n.id = {_TASK_ID.format('e.')}"
    f" {_USER} SET e.author_id = n.author, e.created_at = {_CREATED.format('e')}"
    f" WHERE e.event_type = 'task_created' AND e.author_id {_OURS}"
)
_TASKS = (
    f"UPDATE {{n}} n STRAIGHT_JOIN tasks t ON t.id = n.id {_USER}"
    f" SET t.creator_id = n.author, t.created_at = {_CREATED.format('t')},"
    f" t.link = {_TEXT.format('t.link')}"
    f" WHERE t.creator_id {_OURS}"
)
_STORY_EVENTS = (
    f"UPDATE events e STRAIGHT_JOIN {{n}} n ON n.id = e.story_id {_USER}"
    f" SET e.author_id = n.author, e.created_at = {_CREATED.format('e')}, e.event_info ="
    " IF(e.event_type = 'tags_added', JSON_SET(e.event_info, '$.author_id', n.author),"
    " e.event_info)"
    f" WHERE (e.event_type = 'story_created' AND e.author_id {_OURS})"
    " OR (e.event_type = 'tags_added' AND (e.author_id = %s OR (e.author_id IN (n.was, n.author)"
    " AND e.created_at = CAST(n.created AS DATETIME))))"
)
_STORIES = (
    f"UPDATE {{n}} n STRAIGHT_JOIN stories s ON s.id = n.id {_USER}"
    f" SET s.creator_id = n.author, s.created_at = {_CREATED.format('s')},"
    f" s.description = {_TEXT.format('s.description')} WHERE s.creator_id {_OURS}"
)
_LAST = (
    "UPDATE {n} n STRAIGHT_JOIN {table} t ON t.id = n.id AND t.creator_id = n.author"
    " LEFT JOIN (SELECT {of} AS id, MAX(created_at) AS at FROM events"
    " WHERE author_id <> %s AND {kinds} GROUP BY 1) x ON x.id = t.id"
    " SET t.updated_at = GREATEST(CAST(n.changed AS DATETIME),"
    " COALESCE(x.at, CAST(n.changed AS DATETIME))) WHERE n.changed IS NOT NULL"
)
_STORIES_LAST = _LAST.replace("{table}", "stories").replace("{of}", "story_id")
_TASKS_LAST = (
    _LAST.replace("{table}", "tasks")
    .replace("{of}", _TASK_ID.format(""))
    .replace("{kinds}", "LEFT(event_type, 5) = 'task_'")
)


def statements(importer: int, stamps: Sequence[Stamp]) -> Iterator[Statement]:
    """The statements for these, in their order."""
    of = {
        kind: [one for one in stamps if one.kind == kind and not one.withdraw]
        for kind in ("story", "task", "comment")
    }
    withdrawn = [one for one in stamps if one.withdraw and one.kind == "comment"]
    for n, values, _ in _listings(importer, withdrawn):
        yield from (Statement(sql.format(n=n), (*values, importer)) for sql in _WITHDRAWN)
    for n, values, _ in _listings(importer, of["comment"]):
        yield Statement(_COMMENTS.format(n=n), (*values, importer))
    for n, values, _ in _listings(importer, of["task"]):
        yield Statement(_TASK_EVENTS.format(n=n), (*values, importer))
        yield Statement(_TASKS.format(n=n), (*values, importer))
    for n, values, ids in _listings(importer, of["story"]):
        yield Statement(_STORY_EVENTS.format(n=n), (*values, importer, importer))
        yield Statement(_STORIES.format(n=n), (*values, importer))
        kinds = f"story_id IN ({', '.join(map(str, ids))})"
        yield Statement(_STORIES_LAST.format(n=n, kinds=kinds), (*values, importer))
    for n, values, _ in _listings(importer, of["task"]):
        yield Statement(_TASKS_LAST.format(n=n), (*values, importer))
    for kind in ("story", "task"):
        yield from _unsubscribe(importer, kind, of[kind])


def _listings(
    importer: int, stamps: Iterable[Stamp]
) -> Iterator[tuple[str, tuple[Any, ...], list[int]]]:
    """Stamps as a table within a statement, in portions: it, its values, its ids."""
    for portion in pieces(_listing(importer, one) for one in stamps):
        n, values = listed(_NAMES, portion)
        yield n, values, [row[0] for row in portion]


def _listing(importer: int, stamp: Stamp) -> tuple[Any, ...]:
    return (
        int(stamp.at.id),
        int(stamp.by or importer),
        int(stamp.was_by or importer),
        None if stamp.created is None else str(second(stamp.created)),
        None if stamp.changed is None else str(second(stamp.changed)),
        *_head(stamp),
    )


def _head(stamp: Stamp) -> tuple[str | None, int, str]:
    """The SHA-256 of a text as it has to stand there, how many characters at its head are to go,
    and what is to stand there instead."""
    name = TEXTS.get(stamp.kind, "")
    old, new = stamp.before.get(name), stamp.fields.get(name)
    if old is None or new is None:
        return None, 0, ""
    same = 0
    while same < min(len(old), len(new)) and old[-same - 1] == new[-same - 1]:
        same += 1
    mark = sha256(old.encode()).hexdigest()
    return mark, len(old) - same, new[: len(new) - same]


def _unsubscribe(importer: int, kind: str, stamps: Iterable[Stamp]) -> Iterator[Statement]:
    for portion in pieces([int(one.at.id)] for one in stamps):
        ids = ", ".join(str(row[0]) for row in portion)
        where = f"user_id = %s AND target_type = '{kind}' AND target_id IN ({ids})"
        yield Statement(f"DELETE FROM subscriptions WHERE {where}", (importer,))
