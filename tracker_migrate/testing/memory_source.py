"""A source that lives in memory, its issues, and ways to let it fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from tracker_migrate.digest import digest
from tracker_migrate.errors import Gone, ObjectError, Retriable, Unreachable
from tracker_migrate.interfaces import Download, Entity, Listed, Reading, Reply
from tracker_migrate.model import (
    Access,
    Attachment,
    Comment,
    Issue,
    Key,
    Person,
    Project,
    Relation,
    Task,
    key,
    kind_of,
    name_of,
)
from tracker_migrate.testing.memory_telling import MemoryAnnouncer
from tracker_migrate.testing.pieces import pieces

TRACKER = "memory"
WEB = "https://source.example"
PERSON = key(TRACKER, "person", "jdoe")
PROJECT = key(TRACKER, "project", "rocket")
ELSEWHERE = key(TRACKER, "project", "elsewhere")
_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)


def home(of: Key) -> str:
    """The address of a thing at this source."""
    return f"{WEB}/{kind_of(of)}/{name_of(of)}"


def key_at(address: str) -> Key | None:
    """The key of the thing that has this address, or None."""
    kind, slash, name = address.removeprefix(f"{WEB}/").partition("/")
    return key(TRACKER, kind, name) if slash and address.startswith(f"{WEB}/") else None


def bug(number: int, *comments: str, blocked_by: tuple[int, ...] = (), **fields: Any) -> Issue:
    """A bug of the one project. `#12` in a text is a reference. comments: texts, from index 1."""
    of = key(TRACKER, "bug", number)
    target = key(TRACKER, "task", f"{number}@rocket")
    given: dict[str, Any] = {
        "key": of,
        "kind": "bug",
        "name": str(number),
        "title": f"Bug {number}",
        "home": home(of),
        "description": f"It fails, case {number}.",
        "author": PERSON,
        "created": _BEGAN,
        "updated": _BEGAN,
        "tasks": (
            Task(
                key=target,
                target=PROJECT,
                target_name="rocket",
                project=PROJECT,
                home=home(target),
                status="New",
                importance="High",
            ),
        ),
        "comments": tuple(_comment(number, i, text) for i, text in enumerate(comments, 1)),
        "relations": tuple(_blocker(one) for one in blocked_by),
    }
    return Issue(**given | fields)


def blueprint(name: str, **fields: Any) -> Issue:
    """A blueprint of the one project."""
    of = key(TRACKER, "blueprint", f"rocket/+spec/{name}")
    given: dict[str, Any] = {
        "key": of,
        "kind": "blueprint",
        "name": name_of(of),
        "title": f"Build {name}",
        "home": home(of),
        "created": _BEGAN,
        "updated": _BEGAN,
    }
    return Issue(**given | fields)


def attachment(number: int, index: int, **fields: Any) -> Attachment:
    """An attachment of a bug; what `MemorySource.put_file` was given are its bytes."""
    of = key(TRACKER, "attachment", f"{number}/{index}")
    given: dict[str, Any] = {"title": f"File {index}", "home": home(of), "data": f"{home(of)}/data"}
    return Attachment(key=of, **given | fields)


def _comment(number: int, index: int, text: str) -> Comment:
    of = key(TRACKER, "comment", f"{number}/{index}")
    return Comment(key=of, index=index, home=home(of), text=text, author=PERSON, created=_BEGAN)


def _blocker(number: int) -> Relation:
    of = key(TRACKER, "bug", number)
    return Relation(kind="depends_on", label=f"bug {number}", url=home(of), to=of)


class MemorySource:
    """Issues that a test puts here. `reads` are the keys that were read, in order.

    failing: errors that reading these keys raises. hidden: keys that no listing names.
    break_after: a listing fails after so many. since: what each listing was asked for. cut: so many
    files end in their middle. ranges: whether files can begin in theirs. moved: keys of issues that
    are elsewhere by now. unread: projects whose issues no listing names; elsewhere is one.
    """

    tracker = TRACKER
    address = WEB

    def __init__(self, *issues: Issue, viewer: str = "anonymous") -> None:
        self.viewer = viewer
        self.failing: dict[Key, ObjectError] = {}
        self.hidden: set[Key] = set()
        self.moved: set[Key] = set()
        self.unread = {ELSEWHERE}
        self.break_after: int | None = None
        self.reads: list[Key] = []
        self.since: list[datetime | None] = []
        self.cut = 0
        self.ranges = True
        self.clock = _BEGAN
        self._issues: dict[Key, Issue] = {}
        self._changed: dict[Key, datetime] = {}
        self._files: dict[Key, tuple[Download, bytes]] = {}
        self._guard = threading.Lock()
        for issue in issues:
            self.put(issue)

    def put(self, issue: Issue, *, silently: bool = False) -> None:
        """Make an issue, or change it: it is listed as changed now, unless `silently`."""
        self._issues[issue.key] = issue
        if not silently:
            self._changed[issue.key] = self.clock

    def put_file(
        self,
        of: Key,
        content: bytes,
        *,
        name: str = "trace.txt",
        type: str = "text/plain",
        size: int | None = None,
    ) -> None:
        """The bytes of an attachment. size: if `content` shall be repeated up to there."""
        size = len(content) if size is None else size
        said = Download(name=name, type=type, size=size, start=0, parts=iter(()))
        self._files[of] = said, content

    def held(self, of: Key) -> Issue | None:
        """An issue as it is here, or None."""
        return self._issues.get(of)

    def announcer(self) -> MemoryAnnouncer:
        """Who says on issues where they are by now; see `abilities.TellsPeople`."""
        return MemoryAnnouncer(self, PERSON)

    def remove(self, of: Key) -> None:
        """Take an issue away."""
        del self._issues[of]

    def advance(self, **span: float) -> None:
        """Let time pass: `advance(minutes=5)`."""
        self.clock += timedelta(**span)

    # -- interfaces.Source ------------------------------------------------------------------------

    def check(self) -> Mapping[str, str]:
        """Nothing to ask."""
        return {"source": self.address}

    def now(self) -> datetime:
        """The clock that the test moves."""
        return self.clock

    def surroundings(self) -> Iterator[Entity]:
        """The one project."""
        yield self.project(PROJECT)

    def project(self, project: Key) -> Entity:
        """Any project but those that a test has in `failing`."""
        if project in self.failing:
            raise self.failing[project]
        name = name_of(project)
        one = Project(
            key=project, kind="project", name=name, title=name.title(), home=home(project)
        )
        return Entity(value=one, reply=_reply(one.home, one))

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        """All issues, bugs by number first; or those that changed from `since` on."""
        self.since.append(since)
        shown = [of for of in self._issues if of not in self.hidden]
        keys = sorted((of for of in shown if self._is_read(self._now(of))), key=_order)
        bugs = [of for of in keys if kind_of(of) == "bug"]
        dropped = set(bugs[: -newest or None]) if newest else set()
        for count, of in enumerate(keys):
            if self.break_after is not None and count >= self.break_after:
                raise Unreachable("the source went away within its listing: run again later")
            if of not in dropped and (since is None or self._changed[of] >= since):
                yield Listed(key=of, stamp=self._stamp(of))

    def read(self, issue: Key, known: str = "") -> Reading | None:
        """One issue; None if its stamp is `known`."""
        with self._guard:
            self.reads.append(issue)
        if issue in self.failing:
            raise self.failing[issue]
        if issue not in self._issues:
            raise Gone(f"{issue} is not there")
        stamp = self._stamp(issue)
        if known and known == stamp:
            return None
        held = self._now(issue)
        return Reading(issue=held, replies=(_reply(held.home, held),), stamp=stamp)

    def _now(self, of: Key) -> Issue:
        """An issue where it is."""
        held = self._issues[of]
        if of not in self.moved:
            return held
        tasks = (structs.replace(one, target=ELSEWHERE, project=ELSEWHERE) for one in held.tasks)
        return structs.replace(held, tasks=tuple(tasks))

    def holds(self, issue: Issue) -> bool:
        """Whether it is in a project that is read."""
        return self._is_read(issue)

    def _is_read(self, issue: Issue) -> bool:
        return not issue.tasks or any(one.project not in self.unread for one in issue.tasks)

    def person(self, person: Key) -> Entity:
        """Somebody, by name alone."""
        name = name_of(person)
        value = Person(key=person, name=name, display_name=name.title(), home=home(person))
        return Entity(value=value, reply=_reply(value.home, value))

    def closed(self) -> Iterator[Key]:
        """The private ones, hidden or not."""
        yield from (of for of, issue in self._issues.items() if issue.private)

    def access(self, issue: Issue) -> Access | None:
        """As it stands on the issue now."""
        return self._issues[issue.key].access

    def is_public(self, issue: Key) -> bool:
        """Whether it is there, and not private."""
        return issue in self._issues and not self._issues[issue].private

    # -- interfaces.GivesFiles --------------------------------------------------------------------

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        """What a test put here, in pieces."""
        for of in (one.key, key(TRACKER, "bug", name_of(one.key).partition("/")[0])):
            if of in self.failing:
                raise self.failing[of]
        if one.key not in self._files:
            raise Gone(f"{one.key} has no bytes")
        said, content = self._files[one.key]
        size = said.size or 0
        start = start if self.ranges and start < size else 0
        yield structs.replace(said, start=start, parts=self._parts(content, size, start))

    def _parts(self, content: bytes, size: int, start: int) -> Iterator[bytes]:
        with self._guard:
            end = (start + size) // 2 if self.cut else size
            self.cut = max(0, self.cut - 1)
        yield from pieces(content[:end] if end < len(content) else content, end, start)
        if end < size:
            raise Retriable("a file ends too early")

    def close(self) -> None:
        """Nothing to give back."""

    def _stamp(self, of: Key) -> str:
        return digest(self._issues[of])


def _order(of: Key) -> tuple[bool, int, str]:
    name = name_of(of)
    return not name.isdigit(), int(name) if name.isdigit() else 0, name


def _reply(url: str, value: Any) -> Reply:
    return Reply(url=url, status=200, body=digest(value).encode())
