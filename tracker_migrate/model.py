"""What a tracker says, in words of no tracker: frozen values, no I/O.

A `Key` names a thing at its source for good: `launchpad:bug:1316547`. It is a plain string, so that
it can be a row's primary key, a JSON value and a dictionary's key alike.

Every struct has `extra`: what the source exports and no other source would have, under the source's
own field names. Nothing that a source exports is missing here; what no sink can write is shown as
lost, never dropped on the way in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NewType

import msgspec

from tracker_migrate.typed import ready_all

Key = NewType("Key", str)


def key(tracker: str, kind: str, name: str | int) -> Key:
    """A key from its three parts; `tracker` and `kind` hold no colon, `name` may."""
    return Key(f"{tracker}:{kind}:{name}")


def parts(of: Key) -> tuple[str, str, str]:
    """(tracker, kind, name) of a key; ValueError if it is none."""
    tracker, kind, name = of.split(":", 2)
    return tracker, kind, name


def kind_of(of: Key) -> str:
    """The middle part of a key: `bug`, `comment`, `person` …"""
    return of.split(":", 2)[1]


def name_of(of: Key) -> str:
    """The last part of a key: `1316547`, `1316547/3`, `jdoe` …"""
    return of.split(":", 2)[2]


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody, or a team. `state`: a suspended one says nothing about itself but its name."""

    key: Key
    name: str
    display_name: str
    home: str
    is_team: bool = False
    created: datetime | None = None
    state: Literal["active", "deactivated", "suspended", "missing"] = "active"
    private: bool = False
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Project(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an issue can be about: a project, a group of them, a distribution, a source package."""

    key: Key
    kind: Literal["project", "group", "distribution", "package"]
    name: str
    title: str
    home: str
    summary: str = ""
    description: str = ""
    group: Key | None = None
    focus: Key | None = None  # the series where development happens
    private: bool = False
    official_tags: tuple[str, ...] = ()
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of development of a project (a branch, at other trackers)."""

    key: Key
    project: Key
    name: str
    title: str
    home: str
    summary: str = ""
    status: str = ""
    active: bool = True
    created: datetime | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Milestone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A point in time that a series aims at."""

    key: Key
    project: Key
    name: str
    title: str
    home: str
    series: Key | None = None
    summary: str = ""
    code_name: str = ""
    targeted: str | None = None  # a date without a time
    active: bool = True
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That an issue is to be dealt with in one place: a project, one of its series, a package.

    A blueprint has exactly one, whose status is its implementation status and whose importance is
    its priority. `dates` are those of the status, by the source's names (`date_fix_released`).
    """

    key: Key
    target: Key  # project, series or package
    target_name: str  # as the source writes it: "nova/kilo", "firefox (Ubuntu)"
    project: Key  # the project, or the package itself
    home: str
    title: str = ""
    series: Key | None = None
    status: str
    importance: str
    assignee: Key | None = None
    milestone: Key | None = None
    author: Key | None = None
    created: datetime | None = None
    closed: datetime | None = None
    complete: bool = False
    status_explanation: str | None = None
    importance_explanation: str | None = None
    watch: str | None = None
    dates: dict[str, datetime] = msgspec.field(default_factory=dict)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class WorkItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to be done of a blueprint: a line of a list that people keep there.

    It has no number at its source: its key says what the blueprint calls it, so that another
    status, assignee or milestone is a change of it, and another title another one. home: the
    blueprint's address with a mark behind it. status: the source's word (`INPROGRESS`).
    """

    key: Key
    title: str
    home: str
    status: str
    complete: bool = False
    assignee: Key | None = None
    milestone: Key | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Comment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of an issue; `index` 0 is the description as it was filed.

    `withheld` is set, and `text` empty, where the source hides the comment: such a text never
    leaves the source. A deleted one has no text either. edited: when its text was changed last;
    None says that it never was: a source that can't tell leaves the engine to think so.
    """

    key: Key
    index: int
    home: str
    text: str = ""
    subject: str = ""
    author: Key | None = None
    created: datetime | None = None
    edited: datetime | None = None
    deleted: datetime | None = None
    withheld: Literal["hidden"] | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the archive has of an attachment's bytes.

    state: `held`; or why they are not here: `missing` (the source has them no more), `corrupt`
    (never as many as it says), `over` (larger than the settings allow), `withheld` (they came with
    a comment that the source hides, and never leave it). name, type: as the source serves them;
    type is a media type. size: in bytes. sha256: in hexadecimal, of what is held.
    """

    state: Literal["held", "missing", "corrupt", "over", "withheld"]
    name: str = ""
    type: str = ""
    size: int = 0
    sha256: str = ""


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of an issue, or (`url`) an address that stands for one.

    `file` is None where nobody asked for the bytes: the settings don't want them, or it is `url`.
    """

    key: Key
    title: str
    home: str
    patch: bool = False
    url: str | None = None
    data: str | None = None  # where its bytes are had; asks for the login if the issue is private
    comment: int | None = None  # index of the comment that it came with
    file: File | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Relation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From an issue to something else. `to` is set where that is a thing with a key.

    `kind`: duplicate_of, duplicate (the other way round), depends_on, needed_by (the other way
    round), goal (of a series), bug, blueprint (the other way round), branch, merge_proposal,
    nomination, cve, watch.
    """

    kind: str
    label: str
    url: str
    to: Key | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of the history: who changed what from old to new."""

    when: datetime
    what: str
    old: str | None = None
    new: str | None = None
    message: str | None = None
    author: Key | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Subscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who wants to hear of an issue."""

    person: Key
    level: str | None = None
    created: datetime | None = None
    by: Key | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Access(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who may read an issue that is not public, as the source says; sorted.

    people: everybody who may, directly or as a member of a team. teams: teams that may, whose
    members are among the people. opaque: teams that may, and whose members can't be read.
    unreadable: why the source does not say it all (it names no person and no text), or "".
    """

    people: tuple[Key, ...] = ()
    teams: tuple[Key, ...] = ()
    opaque: tuple[Key, ...] = ()
    unreadable: str = ""


class Issue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bug or a blueprint, whole. Comments are in the order of their index, work items in that of
    their list.

    `access` is None for what everybody may read, and where the source was not asked.
    """

    key: Key
    kind: Literal["bug", "blueprint"]
    name: str  # "1316547"; a blueprint's "nova/+spec/foo"
    title: str
    home: str
    description: str = ""
    author: Key | None = None
    created: datetime | None = None
    updated: datetime | None = None
    private: bool = False
    information_type: str = "Public"
    access: Access | None = None
    tags: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    comments: tuple[Comment, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    relations: tuple[Relation, ...] = ()
    history: tuple[Change, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    work_items: tuple[WorkItem, ...] = ()
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


def as_task(item: WorkItem, of: Task) -> Task:
    """A work item as a task beside another one: of the same place, and as urgent."""
    return Task(
        key=item.key,
        target=of.target,
        target_name=of.target_name,
        project=of.project,
        home=item.home,
        title=item.title,
        series=of.series,
        status=item.status,
        importance=of.importance,
        assignee=item.assignee,
        milestone=item.milestone,
        complete=item.complete,
        extra=item.extra,
    )


#: in an issue's `extra`: where it is by now, in words, if it was moved away from all that is read
AWAY = "moved_away_to"


def is_away(issue: Issue) -> bool:
    """Whether an issue was moved, at its source, to where nothing is read: it is dealt with there,
    and here it has no task any more."""
    return AWAY in issue.extra


def is_part(issue: Issue, of: Key) -> bool:
    """Whether a key is that of one of the tasks or work items that an issue has at its source."""
    keys = [task.key for task in issue.tasks] + [item.key for item in issue.work_items]
    return of in keys


#: the parts of an issue that are entities of their own in a loss table, by field name
PARTS = {
    "tasks": "task",
    "comments": "comment",
    "attachments": "attachment",
    "relations": "relation",
    "history": "change",
    "subscriptions": "subscription",
    "work_items": "work_item",
}


def present_fields(issue: Issue) -> Iterator[tuple[str, str]]:
    """Every field of an issue and of its parts that holds something, as (entity, field).

    Yields one pair for each time a field is filled: `("task", "milestone")` twice if two tasks have
    one. A field of `extra` or `dates` is `extra.heat`, `dates.date_triaged`. An empty text, an
    empty list and None hold nothing, nor do a 0 and a False of `extra`. Source: what `Loss` adds
    up to.
    """
    yield from ((issue.kind, field) for field in own_fields(issue))
    for name, entity in PARTS.items():
        for part in getattr(issue, name):
            yield from ((entity, field) for field in own_fields(part))


def own_fields(of: msgspec.Struct) -> Iterator[str]:
    """The fields that hold something, of an issue without its parts, or of one of its parts, named
    as in `present_fields`."""
    skip = PARTS if isinstance(of, Issue) else ()
    for field in of.__struct_fields__:
        if field in skip:
            continue
        held = getattr(of, field)
        if isinstance(held, dict):
            for name, one in held.items():
                if says(one):
                    yield f"{field}.{name}"
        elif holds(held):
            yield field


def holds(value: object) -> bool:
    """Whether a field's value is more than nothing: not None, an empty text, or an empty list."""
    return bool(value) or not (value is None or isinstance(value, (str, tuple, list, dict)))


def says(value: object) -> bool:
    """Whether a value of `extra` says something: a count of nought and a `no` do not, for a reader
    takes both for granted where nothing is said."""
    return holds(value) and not (isinstance(value, bool | int | float) and not value)


ready_all(globals())
