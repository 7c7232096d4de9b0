"""Issues to try a backend with, of any source's keys; none of their words means anything."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import msgspec

from tracker_migrate.errors import Refused
from tracker_migrate.model import (
    Access,
    Attachment,
    Change,
    Comment,
    File,
    Issue,
    Key,
    Person,
    Project,
    Relation,
    Subscription,
    Task,
    WorkItem,
    key,
    kind_of,
    name_of,
)

#: stand in every text of a sample; no message of an error may hold them
PRIVATE_WORD = "xyzzyplugh"
#: what a far end that is told to refuse says; no message of an error may hold it either
SERVER_WORD = "frobozz-said-the-server"
BEGAN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


class Names(msgspec.Struct, frozen=True):
    """How a source names things. tracker: the first part of its keys. web: where its pages are.
    project: whose issues these are."""

    tracker: str = "memory"
    web: str = "https://source.example"
    project: str = "rocket"
    person: str = "jdoe"

    def key(self, kind: str, name: str | int) -> Key:
        """A key of this source."""
        return key(self.tracker, kind, name)

    def home(self, of: Key) -> str:
        """The address of a thing at this source."""
        return f"{self.web}/{kind_of(of)}/{name_of(of)}"

    @property
    def somebody(self) -> Key:
        """A person, whom a target may have an account for."""
        return self.key("person", self.person)

    @property
    def where(self) -> Key:
        """The project."""
        return self.key("project", self.project)

    def project_entity(self) -> Project:
        """The project, as the source tells it."""
        return Project(
            key=self.where,
            kind="project",
            name=self.project,
            title=self.project.title(),
            home=self.home(self.where),
        )

    def person_entity(self, of: Key) -> Person:
        """Somebody, as the source tells them."""
        name = name_of(of)
        return Person(key=of, name=name, display_name=name.title(), home=self.home(of))


def bug(names: Names, number: int, **fields: Any) -> Issue:
    """A public bug with one task and no comments."""
    of = names.key("bug", number)
    given: dict[str, Any] = {
        "key": of,
        "kind": "bug",
        "name": str(number),
        "title": f"Title {PRIVATE_WORD} of {number}",
        "home": names.home(of),
        "description": f"It fails, {PRIVATE_WORD}, case {number}.",
        "author": names.somebody,
        "created": BEGAN,
        "updated": BEGAN,
        "tasks": (task(names, number),),
    }
    return Issue(**given | fields)


def task(names: Names, number: int, **fields: Any) -> Task:
    """The bug's task in the one project."""
    of = names.key("task", f"{number}@{names.project}")
    given: dict[str, Any] = {
        "key": of,
        "target": names.where,
        "target_name": names.project,
        "project": names.where,
        "home": names.home(of),
        "status": "New",
        "importance": "High",
        "created": BEGAN,
    }
    return Task(**given | fields)


def comment(names: Names, number: int, index: int, **fields: Any) -> Comment:
    """A comment of a bug; `index` 0 is its description as it was filed."""
    of = names.key("comment", f"{number}/{index}")
    given: dict[str, Any] = {
        "key": of,
        "index": index,
        "home": names.home(of),
        "text": f"Said {PRIVATE_WORD}, {index}.",
        "author": names.somebody,
        "created": BEGAN + timedelta(hours=index),
    }
    return Comment(**given | fields)


def talk(names: Names, number: int, count: int, **fields: Any) -> Issue:
    """A bug with so many comments besides its description."""
    filed = comment(names, number, 0, text=f"It fails, {PRIVATE_WORD}, case {number}.")
    said = tuple(comment(names, number, index) for index in range(1, count + 1))
    return bug(names, number, **{"comments": (filed, *said), **fields})


def work_item(names: Names, number: int, index: int, **fields: Any) -> WorkItem:
    """One thing to be done of an issue."""
    mark = f"{index:012x}"
    given: dict[str, Any] = {
        "key": names.key("workitem", f"{number}@{mark}"),
        "title": f"Do {PRIVATE_WORD}, {index}",
        "home": f"{names.home(names.key('bug', number))}#workitem-{mark}",
        "status": "TODO",
    }
    return WorkItem(**given | fields)


def rich(names: Names, number: int, *, depends_on: int | None = None, **fields: Any) -> Issue:
    """A bug that has something of everything."""
    other = names.key("bug", depends_on if depends_on is not None else number + 1)
    file = names.key("attachment", f"{number}/9")
    given: dict[str, Any] = {
        "tags": ("api", "ui"),
        "tasks": (
            task(names, number, status="Fix Released", assignee=names.somebody, complete=True,
                 dates={"date_closed": BEGAN}, extra={"bug_watch": "x"}),
        ),
        "attachments": (
            Attachment(key=file, title="a log", home=names.home(file), comment=1),
        ),
        "relations": (
            Relation(kind="depends_on", label="another", url=names.home(other), to=other),
        ),
        "history": (Change(when=BEGAN, what="status", old="New", new="Triaged"),),
        "subscriptions": (Subscription(person=names.somebody, created=BEGAN),),
        "work_items": (
            work_item(names, number, 1, status="DONE", complete=True, assignee=names.somebody),
            work_item(names, number, 2),
        ),
        "extra": {"heat": 6},
    }  # fmt: skip
    return talk(names, number, 3, **given | fields)


class SampleFiles:
    """The bytes of `with_files`, as `interfaces.Files` gives them: they follow from their size."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}

    def file(self, size: int, name: str) -> File:
        """A file of so many bytes, which the archive holds."""
        sha256 = hashlib.sha256(_bytes(size)).hexdigest()
        self._sizes[sha256] = size
        return File(state="held", name=name, type="text/plain", size=size, sha256=sha256)

    def open(self, sha256: str) -> BinaryIO:
        """The bytes whose hash this is."""
        if sha256 not in self._sizes:
            raise Refused("no sample has these bytes")
        return io.BytesIO(_bytes(self._sizes[sha256]))


#: what the samples' files hold
FILES = SampleFiles()


def _bytes(size: int) -> bytes:
    unit = f"{PRIVATE_WORD} of {size} bytes. ".encode()
    return (unit * (size // len(unit) + 1))[:size]


def with_files(names: Names, issue: Issue, sizes: Iterable[int]) -> Issue:
    """The same, with files of these sizes besides; the second and all others without a comment."""
    more = []
    for number, size in enumerate(sizes, 20):
        of = names.key("attachment", f"{issue.name}/{number}")
        file = FILES.file(size, f"{issue.name}-{number}.txt")
        index = 1 if number == 20 else None
        more.append(
            Attachment(key=of, title="a file", home=names.home(of), comment=index, file=file)
        )
    return msgspec.structs.replace(issue, attachments=(*issue.attachments, *more))


def private(names: Names, issue: Issue) -> Issue:
    """The same, for one reader alone."""
    access = Access(people=(names.somebody,))
    return msgspec.structs.replace(issue, private=True, information_type="Private", access=access)
