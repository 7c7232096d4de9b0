"""What issues said, and were called, while not everybody could read them, and do no more.

Where the source keeps a log that everybody may read once the issue is public, it tells that itself.
Of a blueprint it tells nobody (facts 7): what a target remembers of it must not become public, nor
a name that it had. Of words is kept when they went, of names themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tracker_migrate.model import Issue, Key, parts
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.packing import now, unpack
from tracker_migrate.workspace.sent import GIVEN_UP
from tracker_migrate.workspace.upsert import upsert

WORDS, NAME = "words", "name"
_TABLE, _ISSUE = schema.withdrawn, schema.issue.c
_INTENT, _OBJECT = schema.intent.c, schema.object_.c
#: fields that hold a word of the source's own, which says nothing of what somebody wrote
_STATUS = "_status"
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]")


def note_words(connection: Connection, issue: Issue) -> None:
    """Note that an issue says something no more, if it was private when it was read last, and was
    written somewhere. To be called before it is kept."""
    if issue.history:
        return
    query = sa.select(_ISSUE.private, _ISSUE.model).where(_ISSUE.key == issue.key)
    last = connection.execute(query.order_by(_ISSUE.read_at.desc()).limit(1)).first()
    if last is None or not last.private or not _is_written(connection, issue.key):
        return
    if _less(unpack(last.model, Issue), issue):
        upsert(connection, _TABLE, [{"key": issue.key, "what": WORDS, "at": now()}])


def note_name(connection: Connection, name: Key) -> None:
    """Note a name that a thing had while not everybody could read it."""
    upsert(connection, _TABLE, [{"key": name, "what": NAME, "at": now()}])


def forget_name(connection: Connection, name: Key) -> None:
    """A name is in use, so that who may read what has it may know it."""
    where = _TABLE.c.key == name, _TABLE.c.what == NAME
    connection.execute(_TABLE.delete().where(*where))


def was_reworded(connection: Connection, issue: Key) -> bool:
    """Whether an issue was seen to say something no more."""
    where = _TABLE.c.key == issue, _TABLE.c.what == WORDS
    return connection.execute(sa.select(_TABLE.c.at).where(*where)).first() is not None


def names(connection: Connection) -> set[Key]:
    """The names that are not everybody's; few."""
    query = sa.select(_TABLE.c.key).where(_TABLE.c.what == NAME)
    return {Key(name) for name in connection.execute(query).scalars()}


def _is_written(connection: Connection, issue: Key) -> bool:
    """Whether something of an issue stands at a target, or may be on its way there."""
    where = _INTENT.issue == issue, _INTENT.state.in_(("open", GIVEN_UP))
    meant = sa.select(_INTENT.issue).where(*where)
    held = sa.select(_OBJECT.issue).where(_OBJECT.issue == issue)
    return connection.execute(sa.union_all(meant, held).limit(1)).first() is not None


def _less(before: Issue, issue: Issue) -> bool:
    """Whether something was said before that is not part of anything that is said now."""
    said = tuple(_words(issue))
    return any(all(one not in text for text in said) for one in _words(before))


def _words(issue: Issue) -> Iterator[str]:
    """What people wrote, of what a target shows in texts of its own; each for itself."""
    yield from (issue.title, issue.description, issue.home, *issue.tags)
    for task in issue.tasks:
        yield from filter(None, (task.status_explanation, task.importance_explanation))
    yield from (one.title for one in issue.work_items)
    yield from (one.label for one in issue.relations)
    tracker = f"{parts(issue.key)[0]}:"
    for name, value in issue.extra.items():
        is_word = name.endswith(_STATUS) or not isinstance(value, str)
        if not is_word and not value.startswith(tracker) and not _DATE.match(value):
            yield value
