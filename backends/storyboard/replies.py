"""What StoryBoard's replies look like, as far as we read them, by what was asked for.

Every reply is held against this where it comes in, so that nothing behind has to ask whether an id
is a number. A server of somebody else's, an error in a proxy or another version shows here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from tracker_migrate.replies import misfit
from tracker_migrate.typed import ready_all

#: StoryBoard takes numbers below zero, too (scenario duplicate-ids)
Id = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
#: a name that stands in messages, or in a table: one line, and no control character
Word = Annotated[
    str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
]


class Row(msgspec.Struct):
    """Anything that has an id."""

    id: Id


class Named(Row):
    """A project, branch, milestone or tag."""

    name: str | None


class Story(Row):
    """A story; a list leaves its readers out."""

    title: str | None = None
    description: str | None = None
    creator_id: Id | None = None
    private: bool | None = None
    is_bug: bool | None = None
    created_at: str | None = None
    users: list[Row] | None = None
    teams: list[Row] | None = None
    tags: list[str | None] | None = None


class Task(Row):
    """A task."""

    story_id: Id
    title: str | None = None
    status: str | None = None
    priority: str | None = None
    link: str | None = None
    created_at: str | None = None
    project_id: Id | None = None
    branch_id: Id | None = None
    milestone_id: Id | None = None
    assignee_id: Id | None = None
    creator_id: Id | None = None


class Comment(Row):
    """A comment."""

    content: str | None = None
    created_at: str | None = None


class Event(Row, kw_only=True):
    """A row of a timeline; the answer to the POST of a comment is one, too."""

    author_id: Id | None
    comment_id: Id | None = None
    story_id: Id | None = None
    task_id: Id | None = None
    comment: Comment | None = None
    event_info: str | dict[str, Any] | None = None


class User(Row):
    """An account."""

    full_name: Word | None = None
    is_superuser: bool | None = None
    enable_login: bool | None = None
    email: str | None = None
    openid: str | None = None


class Token(Row):
    """A token that was made: what it is has to be told, and nobody but who asked may hear of it."""

    user_id: Id
    access_token: str
    expires_in: Id


class Status(msgspec.Struct):
    """A status that a task may have."""

    key: str | None


class System(msgspec.Struct):
    """What the server says of itself."""

    version: Word


#: path → what a GET of it gives. In this order; what is not here may be anything
_READ: tuple[tuple[str, Any], ...] = (
    (r"/systeminfo", System),
    (r"/task_statuses", list[Status]),
    (r"/users/(self|\d+)", User),
    (r"/users", list[User]),
    (r"/teams/\d+", Named),
    (r"/teams/\d+/users", list[Row]),
    (r"/stories(/search)?", list[Story]),
    (r"/stories/\d+", Story),
    (r"/tasks(/search)?|/stories/\d+/tasks", list[Task]),
    (r"/tasks/\d+|/stories/\d+/tasks/\d+", Task),
    (r"/stories/\d+/comments", list[Comment]),
    (r"/stories/\d+/comments/\d+", Comment),
    (r"/events|/stories/\d+/events", list[Event]),
    (r"/(projects|branches|milestones|tags)|/stories/\d+/tags", list[Named]),
    (r"/(projects|branches|milestones)/\d+", Named),
    (r"/(worklists|boards|due_dates)", list[dict[str, Any]]),
)
#: what the answer to a write of it is
_WRITTEN: tuple[tuple[str, Any], ...] = (
    (r"/stories(/\d+)?", Story),
    (r"/tags/\d+", Story),
    (r"/tasks(/\d+)?", Task),
    (r"/stories/\d+/comments", Event),
    (r"/(projects|branches|milestones|tags)", Named),
    (r"/users", User),
    (r"/users/\d+/tokens", Token),
)


def _compiled(table: tuple[tuple[str, Any], ...]) -> Mapping[re.Pattern[str], Any]:
    return {re.compile(path): kind for path, kind in table}


_TABLES = {True: _compiled(_READ), False: _compiled(_WRITTEN)}


def wrong(path: str, value: Any, *, read: bool) -> str | None:
    """Where a reply is not as StoryBoard's are; None if it is. path: what was asked for, below the
    API's root, with or without a query. read: whether by a GET."""
    bare = path.partition("?")[0]
    for pattern, kind in _TABLES[read].items():
        if pattern.fullmatch(bare):
            asked = re.search(r"/(\d+)$", bare) if read else None
            another = asked and isinstance(value, dict) and value.get("id") != int(asked[1])
            return misfit(value, kind) or ("$.id" if another else None)
    return None


ready_all(globals())
