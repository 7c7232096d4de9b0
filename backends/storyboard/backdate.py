"""Authors and dates in StoryBoard's own database, for its API can set neither a row of the
timeline's date nor, without a token of somebody's, its author (facts 2).

People see the timeline's rows, so that a comment's date is its event's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tracker_migrate import mysql
from tracker_migrate.abilities import Backdated, Stamp, Stamped
from tracker_migrate.backends.storyboard import backdate_sql, tables
from tracker_migrate.backends.storyboard.backdate_sql import TEXTS
from tracker_migrate.backends.storyboard.timelines import Timelines
from tracker_migrate.digest import short
from tracker_migrate.errors import UsageError
from tracker_migrate.model import Key
from tracker_migrate.mysql import Edits, Statement, among, second

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_TABLES = {"story": "stories", "task": "tasks", "comment": "comments"}
_NOT_THERE = "is not in the database"
_NOT_OURS = "has another author by now, and is left alone"
_NOBODY = "its author's account is not in the database"


def backdater(importer: str, options: Mapping[str, Any]) -> StoryBoardBackdater:
    """See `abilities.Backdates.backdater`: StoryBoard has no option of its own. Raises
    UsageError."""
    if options:
        lines = (f"options.database.{name}: is no setting of StoryBoard's" for name in options)
        raise UsageError("\n".join(lines))
    return StoryBoardBackdater(int(importer))


class StoryBoardBackdater:
    """Implements `abilities.Backdater`. importer: the id of the account that writes."""

    def __init__(self, importer: int) -> None:
        self._importer = importer

    def check(self, database: Connection) -> Sequence[str]:
        """What differs from schema 063."""
        return mysql.differences(database, tables.metadata.sorted_tables)

    def changes(
        self, database: Connection, stamps: Sequence[Stamp], *, write: bool = True
    ) -> Backdated:
        """Make a batch so, in one look and as few statements as it takes."""
        batch = _Batch(database, self._importer, stamps)
        done = batch.decide()
        for statement in batch.edits.statements() if write else ():
            mysql.run(database, statement)
        return done

    def statements(self, stamps: Sequence[Stamp]) -> Iterator[str]:
        """The same as SQL, for an administrator."""
        return map(mysql.said, backdate_sql.statements(self._importer, stamps))

    def afterwards(self) -> Sequence[str]:
        """Nothing: StoryBoard keeps no copy of these tables, and its search reads them."""
        return ()


class _Batch:
    """One look at the rows of some issues, and what is to become of them."""

    def __init__(self, database: Connection, importer: int, stamps: Sequence[Stamp]) -> None:
        self._database = database
        self._importer = importer
        self.edits = Edits()
        self._stamped: list[Stamped] = []
        self._left: dict[Key, str] = {}
        known = self._accounts(stamps)
        self._left |= {one.key: _NOBODY for one in stamps if one.by and one.by not in known}
        self._stamps = [one for one in stamps if one.key not in self._left]
        self._of = {
            kind: {int(one.at.id): one for one in self._stamps if one.kind == kind}
            for kind in (*_TABLES, "tagging")
        }

    def decide(self) -> Backdated:
        """What is to be changed, and what stands already."""
        rows = {kind: self._rows(kind) for kind in _TABLES}
        events = self._events()
        for kind in _TABLES:
            for number, stamp in self._of[kind].items():
                self._object(kind, stamp, rows[kind].get(number), events)
        self._stories_dates(rows["story"], events)
        self._tasks_dates(rows["task"], events)
        for number, stamp in self._of["tagging"].items():
            if number in events.ours:
                self._stamped.append(Stamped(key=stamp.key, by=stamp.by))
        events.note(self.edits)
        self._subscriptions()
        return Backdated(rows=self.edits.rows, stamped=tuple(self._stamped), left=self._left)

    # -- reading ----------------------------------------------------------------------------------

    def _accounts(self, stamps: Sequence[Stamp]) -> set[str]:
        wanted = sorted({int(one.by) for one in stamps if one.by})
        found = self._in(wanted, "SELECT id FROM users WHERE id IN ({})")
        return {str(row.id) for row in found}

    def _in(self, ids: Sequence[int], sql: str) -> Iterator[Any]:
        for portion in mysql.pieces(([one] for one in ids), 1000):
            values = tuple(row[0] for row in portion)
            yield from mysql.rows(self._database, Statement(sql.format(among(values)), values))

    def _rows(self, kind: str) -> dict[int, Any]:
        """The objects' own rows, which nobody changes until we are done."""
        author = "" if kind == "comment" else ", creator_id"
        columns = f"id, created_at, updated_at, {TEXTS[kind]}{author}"
        sql = f"SELECT {columns} FROM {_TABLES[kind]} WHERE id IN ({{}}) ORDER BY id FOR UPDATE"
        return {row.id: row for row in self._in(sorted(self._of[kind]), sql)}

    def _events(self) -> Timelines:
        """The timelines of the batch's stories: one look at the whole table, which has no index for
        it (facts 6), and which must not be locked for that. Of a story that is to stay as it is,
        only what is asked for."""
        issues = {one.issue for one in self._of["story"].values()}
        alone = (number for number, one in self._of["comment"].items() if one.issue not in issues)
        sql = (
            "SELECT id, story_id, comment_id, author_id, created_at, event_type, event_info "
            "FROM events WHERE {} IN ({{}}) ORDER BY id"
        )
        timelines = self._in(sorted(self._of["story"]), sql.format("story_id"))
        others = self._in(sorted(alone), sql.format("comment_id"))
        return Timelines([*timelines, *others])

    # -- deciding ---------------------------------------------------------------------------------

    def _object(self, kind: str, stamp: Stamp, row: Any, events: Timelines) -> None:
        number = int(stamp.at.id)
        event = events.of_comment.get(number) if kind == "comment" else None
        if row is None or (kind == "comment" and event is None):
            self._absent(stamp, row)
            return
        author = event.author_id if event is not None else row.creator_id
        accepted = self._accepted(stamp)
        if _is_sealed(stamp, row):
            accepted.add(author)
        if author not in accepted:
            self._left[stamp.key] = _NOT_OURS
        elif stamp.withdraw:
            self._withdraw(number, stamp, events)
        else:
            events.of(kind, number, stamp, accepted, self._importer)
            self._stamped.append(self._row(kind, stamp, row))

    def _absent(self, stamp: Stamp, row: Any) -> None:
        """What is to go may have gone before the ledger was told of it, with its row of the
        timeline."""
        if stamp.withdraw and (row is None or row.content is None):
            self._stamped.append(Stamped(key=stamp.key, by=stamp.by, gone=True))
        else:
            self._left[stamp.key] = _NOT_THERE

    def _accepted(self, stamp: Stamp) -> set[int]:
        return {self._account(one) for one in ("", stamp.was_by, stamp.by)}

    def _account(self, by: str) -> int:
        return int(by) if by else self._importer

    def _row(self, kind: str, stamp: Stamp, row: Any) -> Stamped:
        """The object's own row."""
        wanted: dict[str, Any] = {}
        if stamp.created is not None:
            wanted["created_at"] = second(stamp.created)
        if kind != "comment":
            wanted["creator_id"] = self._account(stamp.by)
        fields, edited = {}, []
        for name, text in stamp.fields.items():
            there = getattr(row, name)
            if there == text or short(there) == stamp.was.get(name):
                wanted[name] = fields[name] = text
            else:
                edited.append(name)
        self.edits.row(_TABLES[kind], row, **wanted)
        return Stamped(key=stamp.key, by=stamp.by, fields=fields, edited=tuple(edited))

    def _withdraw(self, number: int, stamp: Stamp, events: Timelines) -> None:
        """A comment goes with its history and its row of the timeline. One that somebody has
        replied to stays there, empty, for the reply names it."""
        history = self._in([number], "SELECT id FROM comments_history WHERE comment_id IN ({})")
        replies = self._in([number], "SELECT id FROM comments WHERE in_reply_to IN ({}) LIMIT 1")
        for row in history:
            self.edits.delete("comments_history", row.id)
        self.edits.delete("events", events.drop(number))
        if any(True for _ in replies):
            sql = "SELECT id, content, is_active FROM comments WHERE id IN ({})"
            (row,) = self._in([number], sql)
            self.edits.row("comments", row, content=None, is_active=0)
        else:
            self.edits.delete("comments", number)
        self._stamped.append(Stamped(key=stamp.key, by=stamp.by, gone=True))

    def _stories_dates(self, rows: Mapping[int, Any], events: Timelines) -> None:
        for number in events.ours:
            self._changed(self._of["story"][number], rows[number], events.newest_of_story(number))

    def _tasks_dates(self, rows: Mapping[int, Any], events: Timelines) -> None:
        done = {one.key for one in self._stamped}
        for number, stamp in self._of["task"].items():
            if stamp.key in done:
                self._changed(stamp, rows[number], events.newest_of_task(number))

    def _changed(self, stamp: Stamp, row: Any, newest: datetime | None) -> None:
        """The date of its last change: the source's, or that of what a person did there since."""
        if stamp.changed is not None:
            when = second(stamp.changed)
            when = max(when, newest) if newest is not None else when
            self.edits.row(_TABLES[stamp.kind], row, updated_at=when)

    def _subscriptions(self) -> None:
        """The importer need not hear of what it has written."""
        sql = "SELECT id, target_type, target_id FROM subscriptions WHERE user_id IN ({})"
        for row in self._in([self._importer], sql):
            if row.target_id in self._of.get(row.target_type, {}):
                self.edits.delete("subscriptions", row.id)


def _is_sealed(stamp: Stamp, row: Any) -> bool:
    """Whether a text stands there already as it is to be, with our seal: a batch was committed, and
    before the ledger was told of it, somebody else was said to be the author."""
    texts = stamp.fields.items() if stamp.by and not stamp.withdraw else ()
    return bool(texts) and all(getattr(row, name) == text for name, text in texts)
