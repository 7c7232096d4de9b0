"""Documents as files, with pages that everybody may read made from them.

    records/    a folder for each issue, a file for each document: nobody's but the importer's
    changed/    the issues whose pages are to be written again
    site/       the pages

A subclass says what the pages are. They are written when all is done; what a killed run has left to
be written is noted in `changed/`, and is written by the next one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tracker_migrate.documents.store import Document, place
from tracker_migrate.errors import Refused, Unreachable, UsageError
from tracker_migrate.model import Key


class FolderDocuments:
    """`Documents` in a folder. web: the address at which the site will be read; else it is that of
    the files."""

    def __init__(self, folder: Path, web: str = "") -> None:
        self.address = str(folder.resolve())
        self.site = folder / "site"
        self._records, self._changed = folder / "records", folder / "changed"
        self._web = web.rstrip("/") or self.site.resolve().as_uri()

    # -- what a subclass says ---------------------------------------------------------------------

    def write_page(self, documents: Sequence[Document]) -> None:
        """Write the page of an issue that everybody may read, from all its documents."""

    def hide_lists(self) -> None:
        """Take away what `write_lists` has written: an issue is closed that may stand in it."""

    def write_lists(self, issues: Iterator[Sequence[Document]]) -> None:
        """Write what is made of all issues that everybody may read, in the order of their names."""

    def page(self, issue: Key) -> str:
        """The name of an issue's page."""
        return f"{place(issue)}.html"

    # -- the store --------------------------------------------------------------------------------

    def check(self) -> Mapping[str, str]:
        """Make the folders. Raises UsageError if that can't be done."""
        try:
            for one in (self._records, self._changed, self.site):
                one.mkdir(parents=True, exist_ok=True)
            for one in (self._records, self._changed):
                one.chmod(0o700)
        except OSError as error:
            raise UsageError(f"{self.address} can't be written into: {error.strerror}") from None
        return {"folder": self.address, "pages": str(self.site.resolve())}

    def get(self, issue: Key, key: Key) -> Document | None:
        """Read one record."""
        return _read(self._file(issue, key))

    def of(self, issue: Key) -> Iterator[Document]:
        """Read all records of an issue."""
        for path in sorted(self._file(issue, issue).parent.glob("*.json")):
            if (found := _read(path)) is not None:
                yield found

    def put(self, document: Document) -> None:
        """Write a record beside the old one, and put it into its place when it is on the disk. A
        page that not everybody may read any more goes before that."""
        with _told():
            self._change(document)
            path = self._file(document.issue, document.key)
            path.parent.mkdir(exist_ok=True)
            _replace(path, msgspec.json.encode(document))

    def drop(self, document: Document) -> None:
        """Take a record away, and the issue's page for now."""
        with _told():
            self._change(msgspec.structs.replace(document, fields={"open": False}))
            path = self._file(document.issue, document.key)
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()

    def issues(self) -> Iterator[Key]:
        """All issues, in the order of their names."""
        for folder in sorted(self._records.iterdir(), key=lambda one: _natural(one.name)):
            if (found := _read(folder / f"{folder.name}.json")) is not None:
                yield found.key

    def url(self, issue: Key, key: Key) -> str:
        """Where the page is, and what on it: `place` of a comment's key names its part of it."""
        part = "" if key == issue else f"#{place(key)}"
        return f"{self._web}/{self.page(issue)}{part}"

    def href(self, url: str) -> str:
        """The page beside another one."""
        return url.removeprefix(f"{self._web}/")

    def close(self) -> None:
        """Write the pages of what has changed, and what is made of all issues."""
        with _told():
            marks = sorted(self._changed.iterdir()) if self._changed.is_dir() else []
            for mark in marks:
                self._write(Key(mark.read_text()))
            if marks:
                every = (list(self.of(issue)) for issue in self.issues())
                self.write_lists(one for one in every if _is_open(one))
            for mark in marks:
                mark.unlink()

    # -- inside -----------------------------------------------------------------------------------

    def _file(self, issue: Key, key: Key) -> Path:
        return self._records / place(issue) / f"{place(key)}.json"

    def _change(self, document: Document) -> None:
        (self._changed / place(document.issue)).write_text(document.issue)
        if not document.open:
            self._hide(document.issue)

    def _hide(self, issue: Key) -> None:
        """The lists first: without the page nobody would know that they are to go."""
        page = self.site / self.page(issue)
        if page.exists():
            self.hide_lists()
            page.unlink(missing_ok=True)

    def _write(self, issue: Key) -> None:
        documents = list(self.of(issue))
        if _is_open(documents):
            self.write_page(documents)
        else:
            self._hide(issue)


def _is_open(documents: Sequence[Document]) -> bool:
    return any(one.kind == "issue" and one.open for one in documents)


def _natural(name: str) -> tuple[str, int, str]:
    """`bug-9` before `bug-10`."""
    kind, _, number = name.partition("-")
    return (kind, int(number), "") if number.isdigit() else (kind, 0, number)


def _read(path: Path) -> Document | None:
    try:
        with _told():
            return msgspec.json.decode(path.read_bytes(), type=Document)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        raise Refused("its record in the folder is damaged: take it from a copy") from None


def _replace(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextmanager
def _told() -> Iterator[None]:
    """What a disk says, as what has to be done about it: the run ends, and the next one goes on."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreachable(f"the folder can't be used: {error.strerror}") from None
