"""A StoryBoard's database, made from the list of its columns, with an import in it and some people.

Users: 1 imports, 2 Ada, 3 Ben, 4 Cyd, who is nobody's author at the source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tests.mariadb import Server
from tracker_migrate.abilities import Backdated, Stamp
from tracker_migrate.backends.storyboard import tables
from tracker_migrate.backends.storyboard.backdate import StoryBoardBackdater
from tracker_migrate.digest import short
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

IMPORTER, ADA, BEN, CYD = 1, 2, 3, 4
NOW = datetime(2026, 11, 23, 6, 0, 0)
THEN = datetime(2012, 3, 4, 5, 6, 7, tzinfo=UTC)
LATER = datetime(2013, 3, 4, 5, 6, 7, tzinfo=UTC)


class Board:
    """One such database."""

    def __init__(self, server: Server) -> None:
        self.engine = sa.create_engine(
            server.address(server.database()), isolation_level="READ COMMITTED"
        )
        tables.metadata.create_all(self.engine)
        self.backdater = StoryBoardBackdater(IMPORTER)
        with self.engine.begin() as database:
            people = [{"id": one, "full_name": f"User {one}"} for one in range(1, 5)]
            database.execute(tables.users.insert(), people)

    def add(self, table: sa.Table, **values: Any) -> int:
        """A row; its id."""
        with self.engine.begin() as database:
            made = database.execute(table.insert().values({"created_at": NOW, **values}))
            key = made.inserted_primary_key
        assert key is not None
        return int(key[0])

    def event(self, kind: str, author: int = IMPORTER, **values: Any) -> int:
        """A row of the timeline."""
        info = values.pop("info", None)
        text = None if info is None else json.dumps(info)
        return self.add(tables.events, event_type=kind, author_id=author, event_info=text, **values)

    def imported(self, story: int = 100, comments: int = 2) -> None:
        """A story with a task, tags and comments, as the importer's API calls leave them."""
        task = story + 1000
        text = told(f"story {story}")
        values = {"title": "It breaks", "private": False, "creator_id": IMPORTER}
        self.add(tables.stories, id=story, description=text, updated_at=NOW, **values)
        self.event("story_created", story_id=story)
        values = {"story_id": story, "creator_id": IMPORTER, "title": "It breaks"}
        self.add(tables.tasks, id=task, link=told(f"task {story}"), **values)
        self.event("task_created", story_id=story, info={"story_id": story, "task_id": task})
        tags = {"story_id": story, "author_id": IMPORTER, "tags": ["api"]}
        self.event("tags_added", story_id=story, info=tags)
        for number in range(story * 10, story * 10 + comments):
            self.add(tables.comments, id=number, content=told(f"comment {number}"))
            self.event("user_comment", story_id=story, comment_id=number)

    def backdate(self, stamps: Sequence[Stamp], *, write: bool = True) -> Backdated:
        """In one transaction."""
        with self.engine.begin() as database:
            return self.backdater.changes(database, stamps, write=write)

    def by_hand(self, stamps: Sequence[Stamp]) -> None:
        """As an administrator would: the statements as they are printed."""
        with self.engine.begin() as database:
            for statement in self.backdater.statements(stamps):
                database.exec_driver_sql(statement.replace("%", "%%"))

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        """All rows of a table, JSON read."""
        with self.engine.connect() as database:
            found = database.execute(sa.select(table).order_by(table.c.id)).mappings().all()
        return [{name: _plain(name, one) for name, one in row.items()} for row in found]

    def row(self, table: sa.Table, id_: int) -> dict[str, Any]:
        """One row."""
        (found,) = [row for row in self.rows(table) if row["id"] == id_]
        return found

    def all(self) -> dict[str, list[dict[str, Any]]]:
        """Everything."""
        return {table.name: self.rows(table) for table in tables.metadata.sorted_tables}

    def event_of(self, kind: str, **where: Any) -> dict[str, Any]:
        """The one row of the timeline of a type."""
        (found,) = [
            row
            for row in self.rows(tables.events)
            if row["event_type"] == kind and where.items() <= row.items()
        ]
        return found


def _plain(name: str, value: Any) -> Any:
    return json.loads(value) if name == "event_info" and value else value


def told(what: str) -> str:
    """A text as it is sent at first: who and when stand in it."""
    return f"*[{what}](https://home/{what}) · Ada's \\ \"O'Hara\", 2012*\n\nIt’s 100% broken 💥; --"


def carried(what: str) -> str:
    """The same where the target itself says who and when."""
    return f"*[{what}](https://home/{what}) · `0123456789ab`*\n\nIt’s 100% broken 💥; --"


def stamps(
    story: int = 100,
    comments: int = 2,
    by: int | None = ADA,
    was: int | None = None,
    others: int | None = BEN,
    were: int | None = None,
) -> list[Stamp]:
    """What is to be made of `imported`: the story and its task by one, its comments by another.
    was, were: whose they are now."""
    issue = Key(f"launchpad:bug:{story}")
    whose: dict[str, Any] = {"issue": issue, "was_by": str(was or ""), "by": str(by or "")}
    text = texts("description", f"story {story}", was, by)
    link = texts("link", f"task {story}", was, by)
    at = {name: RemoteRef(id=str(number)) for name, number in (("s", story), ("t", story + 1000))}
    tagging = Key(f"launchpad:tagging:{story}")
    task = Key(f"launchpad:task:{story}@nova")
    dates: dict[str, Any] = {"created": THEN, "changed": LATER}
    made = [
        Stamp(key=issue, kind="story", at=at["s"], **whose, **dates, **text),
        Stamp(key=task, kind="task", at=at["t"], **whose, **dates, **link),
        Stamp(key=tagging, kind="tagging", at=at["s"], **whose, created=THEN),
    ]
    whose |= {"by": str(others or ""), "was_by": str(were or "")}
    for number in range(story * 10, story * 10 + comments):
        text = texts("content", f"comment {number}", were, others)
        key, at_ = Key(f"launchpad:comment:{story}/{number}"), RemoteRef(id=str(number))
        made.append(Stamp(key=key, kind="comment", at=at_, **whose, created=LATER, **text))
    return made


def texts(field: str, what: str, was: int | None, by: int | None) -> dict[str, Any]:
    """The text of a stamp: long where the importer is the author, short where somebody is."""
    old, new = (carried(what) if one else told(what) for one in (was, by))
    if old == new:
        return {}
    return {"fields": {field: new}, "was": {field: short(old)}, "before": {field: old}}


@contextmanager
def dies_at(engine: sa.Engine, statement: int) -> Iterator[list[int]]:
    """The connection breaks before the statement of that number is executed; the list holds how
    many there were."""
    seen = [0]

    def before(*_arguments: Any) -> None:
        seen[0] += 1
        if seen[0] == statement:
            raise ConnectionError("killed, on purpose")

    sa.event.listen(engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", before)
