"""The archive as tables: for pandas, polars, duckdb, and whoever studies a project.

The columns are a promise: none is taken away or means something else while `SCHEMA` stays the same;
new ones come last. Rows come one after another; nothing is loaded whole.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from tracker_migrate.engine import public
from tracker_migrate.errors import UsageError
from tracker_migrate.model import Issue, Key, Person, key, parts
from tracker_migrate.workspace import Workspace

#: the version of what follows
SCHEMA = 1

Type = Literal["text", "integer", "boolean", "timestamp", "texts"]
Row = dict[str, Any]


class Column(msgspec.Struct, frozen=True):
    """A column. type: `timestamp` is in UTC, with microseconds; `texts` a list. what: for people.
    free: what people wrote, as they wrote it. person: it holds somebody's key."""

    name: str
    type: Type
    what: str
    free: bool = False
    person: bool = False


def _of(text: str, **marked: str) -> tuple[Column, ...]:
    """Columns from lines `name type what`. free, person: names of those that are."""
    found = []
    for line in text.strip().splitlines():
        name, type_, what = line.split(maxsplit=2)
        free, person = (name in marked.get(one, "").split() for one in ("free", "person"))
        found.append(Column(name, type_, what, free, person))  # type: ignore[arg-type]
    return tuple(found)


#: table → its columns
TABLES: Mapping[str, tuple[Column, ...]] = {
    "issues": _of(
        """
        issue            text       key of the issue
        kind             text       `bug` or `blueprint`
        name             text       what the source calls it: a number, or a project's name for it
        home             text       its address at the source
        title            text       its title
        description      text       its text
        author           text       key of who filed it
        created          timestamp  when
        updated          timestamp  when the source changed it last, as the source says
        private          boolean    whether not everybody may read it
        information_type text       the source's word for that
        tags             texts      its tags
        tasks            integer    how many tasks it has
        comments         integer    how many comments it has
        attachments      integer    how many attachments it has
        open             boolean    whether a task of it is not complete
        """,
        free="title description",
        person="author",
    ),
    "tasks": _of(
        """
        task             text       key of the task
        issue            text       key of its issue
        target           text       key of the project, series or package that it is about
        project          text       key of the project or package
        series           text       key of the series, if it is about one
        status           text       the source's word
        importance       text       the source's word; of a blueprint, its priority
        assignee         text       key of who is to do it
        milestone        text       key of the milestone
        complete         boolean    whether nothing is left to do, as the source says
        created          timestamp  when it was made
        closed           timestamp  when it was completed
        """,
        person="assignee",
    ),
    "comments": _of(
        """
        comment          text       key of the comment
        issue            text       key of its issue
        index            integer    its place; 0 is the description as it was filed
        author           text       key of who wrote it
        created          timestamp  when
        edited           timestamp  when its text was changed last
        state            text       `shown`, `hidden` at the source, or `deleted` there
        text             text       what it says; "" of a hidden or deleted one
        """,
        free="text",
        person="author",
    ),
    "attachments": _of(
        """
        attachment       text       key of the attachment
        issue            text       key of its issue
        comment          integer    index of the comment that it came with
        title            text       its title
        home             text       its address at the source
        patch            boolean    whether it is a patch
        state            text       what the archive has of its bytes: `held`, `missing` …
        size             integer    bytes of what is held
        sha256           text       of what is held, in hexadecimal
        """,
        free="title",
    ),
    "history": _of(
        """
        issue            text       key of the issue
        when             timestamp  when something was changed
        author           text       key of who did it
        what             text       what was changed, in the source's words
        old              text       from what
        new              text       to what
        """,
        free="old new",
        person="author",
    ),
    "relations": _of(
        """
        issue            text       key of the issue
        kind             text       `duplicate_of`, `depends_on`, `branch`, `cve` …
        to               text       key of what it leads to, if that has one
        label            text       what that is called
        url              text       its address
        """,
        free="label url",
    ),
    "people": _of(
        """
        person           text       key of the person or team
        name             text       what the source calls it
        display_name     text       what it calls itself
        home             text       its address at the source
        is_team          boolean    whether it is a team
        created          timestamp  when the account was made
        state            text       `active`, `deactivated`, `suspended` or `missing`
        """,
        free="name display_name home",
        person="person",
    ),
}


def rows(
    workspace: Workspace,
    table: str,
    *,
    private: bool = False,
    pseudonyms: bool = False,
    texts: bool = True,
) -> Iterator[Row]:
    """The rows of a table, as `TABLES` says; each value is None where there is none.

    private: also those of issues that not everybody may read. pseudonyms: a mark instead of each
    person's key, the same in all tables of this workspace, and no names; what people wrote is left
    as it is. texts: whether what they wrote is there at all. Raises UsageError for no such table.
    """
    if table not in TABLES:
        raise UsageError(f'"{table}" is no table: there are {", ".join(TABLES)}')
    told = _told(workspace, table, pseudonyms, texts)
    if table == "people":
        return (told(_person(one)) for one in public.people(workspace.archive, private=private))
    make = _MAKE[table]
    issues = public.issues(workspace.archive, private=private)
    return (told(row) for issue in issues for row in make(issue))


def digest(workspace: Workspace) -> str:
    """What the archive holds now, as a sha256: the same for the same issues."""
    found = hashlib.sha256()
    for of, mark in workspace.archive.digests():
        found.update(f"{of} {mark}\n".encode())
    return found.hexdigest()


# -- rows of one issue ----------------------------------------------------------------------------


def _issue(issue: Issue) -> Iterator[Row]:
    yield {
        "issue": issue.key, "kind": issue.kind, "name": issue.name, "home": issue.home,
        "title": issue.title, "description": issue.description, "author": issue.author,
        "created": issue.created, "updated": issue.updated, "private": issue.private,
        "information_type": issue.information_type, "tags": list(issue.tags),
        "tasks": len(issue.tasks), "comments": len(issue.comments),
        "attachments": len(issue.attachments),
        "open": any(not task.complete for task in issue.tasks),
    }  # fmt: skip


def _tasks(issue: Issue) -> Iterator[Row]:
    for one in issue.tasks:
        yield {"task": one.key, "issue": issue.key, **_fields("tasks", one)}


def _comments(issue: Issue) -> Iterator[Row]:
    for one in issue.comments:
        state = "hidden" if one.withheld else "deleted" if one.deleted else "shown"
        held = _fields("comments", one)
        yield {"comment": one.key, "issue": issue.key, **held, "state": state}


def _attachments(issue: Issue) -> Iterator[Row]:
    for one in issue.attachments:
        held = {name: getattr(one.file, name, None) for name in ("state", "size", "sha256")}
        yield {"attachment": one.key, "issue": issue.key, **_fields("attachments", one), **held}


def _history(issue: Issue) -> Iterator[Row]:
    for one in issue.history:
        yield {"issue": issue.key, **_fields("history", one)}


def _relations(issue: Issue) -> Iterator[Row]:
    for one in issue.relations:
        yield {"issue": issue.key, **_fields("relations", one)}


def _fields(table: str, of: msgspec.Struct) -> Row:
    return {c.name: getattr(of, c.name) for c in TABLES[table] if hasattr(of, c.name)}


_MAKE: Mapping[str, Callable[[Issue], Iterator[Row]]] = {
    "issues": _issue,
    "tasks": _tasks,
    "comments": _comments,
    "attachments": _attachments,
    "history": _history,
    "relations": _relations,
}


# -- people, and how it is told ------------------------------------------------------------------


def _person(one: Person) -> Row:
    return {"person": one.key, **_fields("people", one)}


def _told(workspace: Workspace, table: str, pseudonyms: bool, texts: bool) -> Callable[[Row], Row]:
    """What is made of a row on its way out, with its columns in their order."""
    columns = TABLES[table]
    hidden = {one.name for one in columns if one.free and not texts}
    hidden |= (
        {one.name for one in columns if one.free} if pseudonyms and table == "people" else set()
    )
    people = {one.name for one in columns if one.person} if pseudonyms else set()
    salt = workspace.archive.salt()

    def tell(row: Row) -> Row:
        held = {one.name: None if one.name in hidden else row[one.name] for one in columns}
        return held | {name: _mark(salt, held[name]) for name in people}

    return tell


def _mark(salt: bytes, of: Key | None) -> Key | None:
    if of is None:
        return None
    tracker, kind, _ = parts(of)
    return key(tracker, kind, hmac.digest(salt, of.encode(), "sha256").hex()[:16])
