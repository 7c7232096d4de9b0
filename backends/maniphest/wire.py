"""What goes over Conduit's wire: replies as structs, and transactions from a step's fields."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tracker_migrate.errors import Refused
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.typed import ready_all

#: bytes that stand in a form as they are; a blank becomes a plus
_BARE = f"{string.ascii_letters}{string.digits}_.-~ ".encode()

Transaction = dict[str, Any]

#: the most rows that maniphest.search and project.search give in one page; 101 is refused
PAGE = 100
#: transaction.search takes any number; each row may hold a text of megabytes
LONG_PAGE = 250


class Raw(msgspec.Struct, frozen=True):
    """A text as the server keeps it."""

    raw: str = ""


class Policy(msgspec.Struct, frozen=True):
    """Who may see, and who may edit."""

    view: str
    edit: str


class TaskRow(msgspec.Struct, frozen=True):
    """A row of maniphest.search."""

    id: int
    phid: str
    fields: dict[str, Any]
    attachments: dict[str, Any] | list[Any] = {}

    @property
    def author(self) -> str:
        """Who made it, as a PHID."""
        return str(self.fields["authorPHID"])

    @property
    def description(self) -> str:
        """Its text."""
        return msgspec.convert(self.fields["description"], Raw).raw

    @property
    def policy(self) -> Policy:
        """Its policies."""
        return msgspec.convert(self.fields["policy"], Policy)

    @property
    def space(self) -> str | None:
        """The Space that it is in; None on a server that had none when it was made."""
        return self.fields.get("spacePHID")

    @property
    def projects(self) -> list[str]:
        """PHIDs of its projects, sorted; asked for with the attachment `projects`."""
        held = self.attachments.get("projects", {}) if isinstance(self.attachments, dict) else {}
        return sorted(held.get("projectPHIDs", []))

    @property
    def subscribers(self) -> list[str]:
        """PHIDs of who follows it; asked for with the attachment `subscribers`."""
        held = self.attachments.get("subscribers", {}) if isinstance(self.attachments, dict) else {}
        return list(held.get("subscriberPHIDs", []))

    def marker(self, field: str | None) -> str:
        """The marker's value, as it is shown; empty if there is none."""
        return str(self.fields.get(f"custom.{field}") or "") if field else ""


class CommentRow(msgspec.Struct, frozen=True):
    """One version of a comment, in a row of transaction.search; newest version first."""

    removed: bool
    content: Raw = Raw()


class TransactionRow(
    msgspec.Struct, frozen=True, rename={"author": "authorPHID", "object": "objectPHID"}
):
    """A row of transaction.search. Implied ones have no type."""

    id: int
    phid: str
    author: str
    object: str = ""
    type: str | None = None
    group: str | None = msgspec.field(default=None, name="groupID")
    comments: list[CommentRow] = []
    fields: dict[str, Any] | list[Any] = {}

    def given(self, field: str) -> str:
        """The new value that it gave a task's field (`description`) or custom field."""
        fields = self.fields if isinstance(self.fields, dict) else {}
        if self.type == "core:customfield":
            fields = fields.get(f"std:maniphest:{field}") or {}
        elif self.type != field:
            return ""
        return str(fields.get("new") or "")

    def taken(self, field: str) -> str:
        """The value that a task's field had before."""
        return str(self.fields.get("old") or "") if isinstance(self.fields, dict) else ""

    def added(self) -> list[str]:
        """The PHIDs that it put into a list."""
        done = self.fields.get("operations") if isinstance(self.fields, dict) else None
        return [str(one["phid"]) for one in done or () if one.get("operation") == "add"]

    @property
    def text(self) -> str | None:
        """The text of a comment that is still there."""
        if self.type != "comment" or not self.comments or self.comments[0].removed:
            return None
        return self.comments[0].content.raw


class FileFields(msgspec.Struct, frozen=True):
    """What a file has. Not its address for browsers, which opens it for anybody."""

    name: str
    size: int
    policy: dict[str, Any]


class FileRow(msgspec.Struct, frozen=True):
    """A row of file.search."""

    id: int
    phid: str
    fields: FileFields

    @property
    def name(self) -> str:
        """Its name."""
        return self.fields.name

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.fields.size

    @property
    def view(self) -> str:
        """Who may see it."""
        return str(self.fields.policy["view"])


class ProjectRow(msgspec.Struct, frozen=True):
    """A row of project.search."""

    id: int
    phid: str
    fields: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name, as people gave it."""
        return str(self.fields["name"])

    @property
    def parent(self) -> str | None:
        """The name of the project that it is a part of."""
        above = self.fields.get("parent")
        return str(above["name"]) if above else None

    @property
    def is_milestone(self) -> bool:
        """Whether it is a milestone of its parent."""
        return self.fields.get("milestone") is not None


class Edited(msgspec.Struct, frozen=True):
    """What an edit method answers: the object, and the transactions that were written."""

    object: dict[str, Any]
    transactions: list[dict[str, Any]]

    @property
    def number(self) -> int:
        """The object's number."""
        return int(self.object["id"])

    @property
    def phid(self) -> str:
        """The object's PHID."""
        return str(self.object["phid"])


def sent_bytes(text: str) -> int:
    """Bytes that a text takes in the form of a request: JSON, percent-encoded, up to sixteen for a
    character. Counted and not made: every text of a plan is weighed."""
    written = json.dumps(text)[1:-1].encode()
    return len(written) + 2 * len(written.translate(None, _BARE))


def said(kind: str, value: Any) -> Transaction:
    """One transaction."""
    return {"type": kind, "value": value}


def task_ref(address: str, number: int, phid: str) -> RemoteRef:
    """Where a task is."""
    return RemoteRef(id=phid, number=f"T{number}", url=f"{address}/T{number}")


def file_ref(address: str, number: int, phid: str) -> RemoteRef:
    """Where a file is."""
    return RemoteRef(id=phid, number=f"F{number}", url=f"{address}/F{number}")


def project_ref(address: str, number: int, phid: str) -> RemoteRef:
    """Where a project or milestone is; its page by number, since a milestone has no slug."""
    return RemoteRef(id=phid, number=str(number), url=f"{address}/project/view/{number}/")


def task_phid(value: object) -> str:
    """The value, if it names a task: an edit of '' or 0 would create one (recording 037)."""
    if isinstance(value, str) and value.startswith("PHID-TASK-"):
        return value
    raise Refused("the task to be changed is not known by its PHID")


def phids(values: Iterable[Any] | None) -> list[str]:
    """PHIDs of pointers that were closed; those that fell back to None are left out."""
    return [str(value) for value in values or () if value]


#: fields of a task that are sent as they are, in the order in which they are sent
PLAIN = ("title", "description", "status", "priority", "owner", "space", "view", "edit")


def task_transactions(fields: dict[str, Any], *, create: bool) -> Iterator[Transaction]:
    """What says a task's fields. `owner` is sent even if it is None: a task that is closed without
    one would become the importer's (recording 110)."""
    for name in PLAIN:
        if name in fields:
            yield said(name, fields[name])
    if "projects" in fields and (named := phids(fields["projects"])):
        yield said("projects.add", named)
    if fields.get("parent"):
        yield said("parents.add", [task_phid(fields["parent"])])


ready_all(globals())
