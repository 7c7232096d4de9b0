"""Reads an archive's files; implements `interfaces.Source` and `GivesFiles`.

Where each issue's line begins is kept in memory, and nothing else of it: a few dozen bytes each.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tracker_migrate.archived import ENTITIES, ISSUES, Kept, Named, about, file_of
from tracker_migrate.errors import Gone, UsageError
from tracker_migrate.interfaces import Download, Entity, Listed, Reading, Reply
from tracker_migrate.model import Access, Attachment, Issue, Key, Person, kind_of, name_of, parts

T = TypeVar("T")
_PIECE = 1 << 16
_SURROUNDINGS = ("project", "series", "milestone")


class _Line(msgspec.Struct, frozen=True):
    start: int
    end: int
    stamp: str
    private: bool


class ArchiveSource:
    """One archive. private: whether what not everybody may read is read."""

    def __init__(self, folder: Path, *, private: bool) -> None:
        self._folder, self._private = folder, private
        self._about = about(folder)
        self.tracker, self.address = self._about.tracker, str(folder)
        self.viewer = self._about.viewer
        self._guard = threading.Lock()
        self._lines: dict[Key, _Line] | None = None
        self._entities: dict[Key, Entity] | None = None
        self._file = self._map()

    def _map(self) -> mmap.mmap | bytes:
        try:
            with (self._folder / ISSUES).open("rb") as file:
                empty = not file.seek(0, 2)
                return b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise UsageError(f"{self._folder / ISSUES} can't be read: {error.strerror}") from None

    # -- what there is ----------------------------------------------------------------------------

    def check(self) -> Mapping[str, str]:
        """What the archive says of itself."""
        told = self._about
        return {"archive": ", ".join(told.source), "of": told.as_of or "?", "made by": told.made_by}

    def now(self) -> datetime:
        """This machine's clock."""
        return datetime.now(UTC)

    def surroundings(self) -> Iterator[Entity]:
        """Its projects, series and milestones."""
        held = self._known().values()
        yield from (one for one in held if kind_of(one.value.key) in _SURROUNDINGS)

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        """All its issues, in their order: whoever knows a stamp need not read it again."""
        lines = self._index()
        bugs = [key for key in lines if kind_of(key) == "bug"]
        left_out = set(bugs[:-newest]) if newest else set()
        yield from (
            Listed(key=key, stamp=line.stamp) for key, line in lines.items() if key not in left_out
        )

    def closed(self) -> Iterator[Key]:
        """The bugs that not everybody may read, if they are read."""
        for key, line in self._index().items():
            if line.private and kind_of(key) == "bug":
                yield key

    # -- reading ----------------------------------------------------------------------------------

    def read(self, issue: Key, known: str = "") -> Reading | None:
        """An issue; None if its stamp is `known`."""
        line = self._line(issue)
        if known and line.stamp == known:
            return None
        raw = bytes(self._file[line.start : line.end])
        held = _decoded(raw, Kept)
        bare = tuple(msgspec.structs.replace(one, file=None) for one in held.issue.attachments)
        reply = Reply(url=held.issue.home, status=200, body=raw)
        read = msgspec.structs.replace(held.issue, attachments=bare)
        return Reading(issue=read, replies=(reply,), stamp=line.stamp)

    def person(self, person: Key) -> Entity:
        """Somebody; of who is not in the archive, the name alone."""
        if person in self._known():
            return self._known()[person]
        name = name_of(person)
        value = Person(key=person, name=name, display_name=name, home="", state="missing")
        return Entity(value=value, reply=Reply(url="", status=404, body=b""))

    def project(self, project: Key) -> Entity:
        """A project that an issue names. Raises Gone."""
        try:
            return self._known()[project]
        except KeyError:
            raise Gone(f"{project} is not in the archive") from None

    def access(self, issue: Issue) -> Access | None:
        """Who may read an issue, as it was read."""
        return self._whole(issue.key).access

    def is_public(self, issue: Key) -> bool:
        """Whether everybody could read it when it was read."""
        line = self._index().get(issue)
        return line is not None and not line.private

    def close(self) -> None:
        """Give back the file."""
        if isinstance(self._file, mmap.mmap):
            self._file.close()

    # -- files ------------------------------------------------------------------------------------

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        """An attachment's bytes. Raises Gone if the archive does not hold them."""
        told = next(
            (held.file for held in self._whole(_issue_of(one.key, self._index())).attachments
             if held.key == one.key), None,
        )  # fmt: skip
        path = file_of(self._folder, told.sha256) if told is not None and told.sha256 else None
        if told is None or path is None or not path.is_file():
            raise Gone("the archive does not hold the bytes of this attachment")
        with path.open("rb") as file:
            file.seek(start)
            parts_ = iter(lambda: file.read(_PIECE), b"")
            yield Download(
                name=told.name, type=told.type, size=told.size, start=start, parts=parts_
            )

    # -- inside -----------------------------------------------------------------------------------

    def _whole(self, key: Key) -> Issue:
        line = self._line(key)
        return _decoded(bytes(self._file[line.start : line.end]), Kept).issue

    def _line(self, key: Key) -> _Line:
        try:
            return self._index()[key]
        except KeyError:
            raise Gone(f"{key} is not in the archive") from None

    def _index(self) -> dict[Key, _Line]:
        """Where each issue that is read stands. Raises UsageError for a line that can't be
        understood: of which issue it is, nobody knows."""
        with self._guard:
            if self._lines is None:
                self._lines = dict(self._indexed())
            return self._lines

    def _indexed(self) -> Iterator[tuple[Key, _Line]]:
        start = 0
        while start < len(self._file):
            end = self._file.find(b"\n", start)
            end = len(self._file) if end < 0 else end
            held = _decoded(bytes(self._file[start:end]), Kept)
            if self._private or not held.issue.private:
                line = _Line(start, end, held.stamp, held.issue.private)
                yield held.issue.key, line
            start = end + 1

    def _known(self) -> dict[Key, Entity]:
        with self._guard:
            if self._entities is None:
                self._entities = {one.value.key: one for one in self._named()}
            return self._entities

    def _named(self) -> Iterator[Entity]:
        path = self._folder / ENTITIES
        try:
            with path.open("rb") as file:
                for raw in file:
                    value = _entity(_decoded(raw, Named))
                    reply = Reply(url=value.home, status=200, body=raw.rstrip())
                    yield Entity(value=value, reply=reply)
        except OSError as error:
            raise UsageError(f"{path} can't be read: {error.strerror}") from None


def _issue_of(attachment: Key, lines: Mapping[Key, _Line]) -> Key:
    """The issue that an attachment's key names: `launchpad:attachment:12/3` is of bug 12."""
    tracker, _, name = parts(attachment)
    of = name.rpartition("/")[0]
    return next((one for one in (Key(f"{tracker}:{kind}:{of}") for kind in ("bug", "blueprint"))
                 if one in lines), attachment)  # fmt: skip


def _entity(named: Named) -> Any:
    try:
        return named.entity()
    except msgspec.ValidationError:
        raise UsageError("a line of the archive is damaged: write the archive again") from None


def _decoded(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        raise UsageError("a line of the archive is damaged: write the archive again") from None
