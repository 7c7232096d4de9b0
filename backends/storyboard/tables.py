"""The tables of StoryBoard's database that `backdate` reads or writes, as schema 063 has them.

The one list: a database is held against it before anything is written, and the tests make their
tables from it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()


def _id() -> sa.Column[Any]:
    return sa.Column("id", mysql.INTEGER(11), primary_key=True, autoincrement=True)


def _number(name: str, *, index: bool = False, null: bool = True) -> sa.Column[Any]:
    return sa.Column(name, mysql.INTEGER(11), index=index, nullable=null)


def _flag(name: str, default: str | None = None, *, null: bool = True) -> sa.Column[Any]:
    return sa.Column(name, mysql.TINYINT(1), nullable=null, server_default=default)


def _stamps() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column("created_at", mysql.DATETIME), sa.Column("updated_at", mysql.DATETIME)


stories = sa.Table(
    "stories",
    metadata,
    _id(),
    *_stamps(),
    sa.Column("creator_id", mysql.INTEGER(11), sa.ForeignKey("users.id")),
    sa.Column("title", mysql.VARCHAR(255)),
    sa.Column("description", mysql.MEDIUMTEXT),
    _flag("is_bug"),
    _number("story_type_id"),
    _flag("private", null=False),
    sa.Index("stories_fti", "title", "description", mysql_prefix="FULLTEXT"),
)

tasks = sa.Table(
    "tasks",
    metadata,
    _id(),
    *_stamps(),
    sa.Column("title", mysql.VARCHAR(255)),
    sa.Column("status", mysql.ENUM("todo", "inprogress", "invalid", "review", "merged")),
    sa.Column("story_id", mysql.INTEGER(11), sa.ForeignKey("stories.id")),
    _number("project_id", index=True),
    _number("assignee_id", index=True),
    _number("creator_id"),
    sa.Column("priority", mysql.ENUM("low", "medium", "high")),
    _number("branch_id"),
    _number("milestone_id"),
    sa.Column("link", mysql.MEDIUMTEXT),
)

comments = sa.Table(
    "comments",
    metadata,
    _id(),
    *_stamps(),
    sa.Column("content", mysql.LONGTEXT),
    _flag("is_active", "1", null=False),
    sa.Column("in_reply_to", mysql.INTEGER(11), sa.ForeignKey("comments.id")),
    sa.Index("comments_fti", "content", mysql_prefix="FULLTEXT"),
)

comments_history = sa.Table(
    "comments_history",
    metadata,
    _id(),
    *_stamps(),
    sa.Column("content", mysql.MEDIUMTEXT),
    sa.Column("comment_id", mysql.INTEGER(11), sa.ForeignKey("comments.id"), nullable=False),
)

#: neither its story nor its comment is indexed: what asks by them reads it all (facts 6)
events = sa.Table(
    "events",
    metadata,
    *_stamps(),
    _id(),
    _number("story_id"),
    _number("comment_id"),
    _number("author_id"),
    sa.Column("event_type", mysql.VARCHAR(100), nullable=False),
    sa.Column("event_info", mysql.MEDIUMTEXT),
    _number("board_id", index=True),
    _number("worklist_id", index=True),
)

users = sa.Table(
    "users",
    metadata,
    _id(),
    *_stamps(),
    sa.Column("full_name", mysql.VARCHAR(255)),
    sa.Column("email", mysql.VARCHAR(100), unique=True),
    sa.Column("openid", mysql.VARCHAR(255)),
    _flag("is_staff"),
    _flag("is_active"),
    _flag("is_superuser"),
    sa.Column("last_login", mysql.DATETIME),
    _flag("enable_login", "1", null=False),
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    *_stamps(),
    _id(),
    _number("user_id"),
    sa.Column("target_type", mysql.ENUM("task", "story", "project", "project_group", "worklist")),
    _number("target_id"),
)
