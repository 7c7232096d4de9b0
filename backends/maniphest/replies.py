"""What Conduit's results look like, as far as we read them, by method.

Every result is held against this where it comes in, so that nothing behind has to ask whether a
PHID is a text. PHP writes an empty map as an empty list.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from tracker_migrate.replies import misfit
from tracker_migrate.typed import ready, ready_all

Id = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
#: a PHID, or a name that stands in messages: one line, and no control character
Word = Annotated[
    str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
]
Place = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,15}$")] | Id
Nothing = Annotated[list[Any], msgspec.Meta(max_length=0)]


class Cursor(msgspec.Struct):
    """Where the next page begins."""

    after: Word | int | None


class Thing(msgspec.Struct):
    """Anything that has a PHID."""

    phid: Word


class Who(Thing):
    """Our account."""

    userName: Word  # noqa: N815  Conduit's word
    roles: list[str] = []


class Text(msgspec.Struct):
    """A text as it was written."""

    raw: str


class StatusValue(msgspec.Struct):
    """A status, in a task."""

    value: str


class PriorityValue(msgspec.Struct):
    """A priority, in a task."""

    value: int


class Policy(msgspec.Struct):
    """Who may see, and who may edit."""

    view: Word
    edit: Word


class TaskFields(msgspec.Struct):
    """What a task has."""

    name: str
    description: Text
    authorPHID: Word  # noqa: N815
    status: StatusValue
    priority: PriorityValue
    policy: Policy
    ownerPHID: Word | None = None  # noqa: N815
    spacePHID: Word | None = None  # noqa: N815


class InProjects(msgspec.Struct):
    """The projects of a task."""

    projectPHIDs: list[Word]  # noqa: N815


class Followers(msgspec.Struct):
    """Who follows a task."""

    subscriberPHIDs: list[Word]  # noqa: N815


class TaskParts(msgspec.Struct):
    """What was asked for besides."""

    projects: InProjects | msgspec.UnsetType = msgspec.UNSET
    subscribers: Followers | msgspec.UnsetType = msgspec.UNSET


class Task(Thing):
    """A row of maniphest.search."""

    id: Id
    fields: TaskFields
    attachments: TaskParts | list[Any] = []


class Comment(msgspec.Struct):
    """A version of a comment."""

    removed: bool = False
    content: Text | Nothing = []


class Transaction(Thing):
    """A row of transaction.search."""

    id: Id
    authorPHID: Word  # noqa: N815
    objectPHID: Word  # noqa: N815
    type: Word | None = None
    groupID: Word | None = None  # noqa: N815
    comments: list[Comment] = []
    fields: dict[str, Any] | list[Any] = []


class Edge(msgspec.Struct):
    """A row of edge.search."""

    sourcePHID: Word  # noqa: N815
    edgeType: Word  # noqa: N815
    destinationPHID: Word  # noqa: N815


class Above(msgspec.Struct):
    """The project that another one is a part of."""

    name: str


class ProjectFields(msgspec.Struct):
    """What a project has."""

    name: str
    slug: str | None = None
    milestone: int | None = None
    parent: Above | None = None


class Members(msgspec.Struct):
    """Who is in a project."""

    members: list[Thing]


class ProjectParts(msgspec.Struct):
    """What was asked for besides."""

    members: Members | None = None


class Project(Thing):
    """A row of project.search."""

    id: Id
    fields: ProjectFields
    attachments: ProjectParts | list[Any] = []


class View(msgspec.Struct):
    """Who may see a file."""

    view: Word


class FileFields(msgspec.Struct):
    """What a file has."""

    name: str
    size: Annotated[int, msgspec.Meta(ge=0)]
    policy: View


class File(Thing):
    """A row of file.search."""

    id: Id
    fields: FileFields


class Allocated(msgspec.Struct):
    """What becomes of a file that is announced."""

    upload: bool
    filePHID: Word | None  # noqa: N815


class Chunk(msgspec.Struct):
    """A piece of a file; its ends are numbers, written as texts."""

    byteStart: Place  # noqa: N815
    byteEnd: Place  # noqa: N815
    complete: bool


class Status(msgspec.Struct):
    """A status that the server knows."""

    value: Word


class Priority(msgspec.Struct):
    """A priority that the server knows."""

    value: int
    keywords: list[Word]


class Handle(Thing):
    """What a name leads to."""

    status: Word


class Told(msgspec.Struct):
    """What a story of the feed is about."""

    objectPHID: Word | None = None  # noqa: N815


class FeedStory(msgspec.Struct):
    """A story of the feed."""

    data: Told | list[Any] = []


def _page(kind: Any, paged: bool = True) -> Any:
    fields: list[Any] = [("data", list[kind])]
    return msgspec.defstruct("Page", [*fields, ("cursor", Cursor)] if paged else fields)


class Row(Thing):
    """An object with its number."""

    id: Id


class Edited(msgspec.Struct):
    """What an edit answers."""

    object: Row
    transactions: list[Thing]


class Names(msgspec.Struct):
    """What an account says of itself."""

    username: Word
    realName: Word = ""  # noqa: N815
    roles: list[Word] = []


class Account(Thing):
    """An account."""

    fields: Names


_RESULTS: dict[str, Any] = {
    "user.search": _page(Account),
    "user.whoami": Who,
    "conduit.query": dict[str, Any],
    "maniphest.status.search": _page(Status, paged=False),
    "maniphest.priority.search": _page(Priority, paged=False),
    "maniphest.search": _page(Task),
    "transaction.search": _page(Transaction),
    "edge.search": _page(Edge),
    "project.search": _page(Project),
    "phid.lookup": dict[str, Handle] | Nothing,
    "phid.query": dict[str, Handle] | Nothing,
    "feed.query": dict[str, FeedStory] | Nothing,
    "file.search": _page(File),
    "file.upload": Word,
    "file.allocate": Allocated,
    "file.querychunks": list[Chunk],
    "file.download": str,
    "maniphest.edit": Edited,
    "project.edit": Edited,
}


def wrong(method: str, result: Any) -> str | None:
    """Where a result is not as Conduit's are; None if it is."""
    kind = _RESULTS.get(method)
    return None if kind is None else misfit(result, kind)


ready_all(globals())
ready(*_RESULTS.values())
