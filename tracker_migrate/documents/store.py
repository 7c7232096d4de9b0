"""What a store of documents has to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from tracker_migrate.model import Key


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document. key: of the thing of the source that it holds. kind: `issue` or `comment`.
    issue: the key of the issue that it belongs to. marker: the permalink. author: the account that
    made it. fields: as the planner wants them, references put in: JSON values."""

    key: Key
    kind: str
    issue: Key
    marker: str
    author: str
    fields: dict[str, Any]

    @property
    def open(self) -> bool:
        """Whether everybody may read it, as far as itself says."""
        return bool(self.fields.get("open", True))


class Documents(Protocol):
    """A store. Called from several threads at once, but for one issue from one at a time. Each
    method may raise Retriable (try again), Doubtful (it may have been done), Unreachable,
    LoginNeeded, Refused."""

    #: where it is, for people and for the ledger
    address: str

    def check(self) -> Mapping[str, str]:
        """See that it can be used, and say what people want to know of it. Raises UsageError, with
        every mistake."""
        ...

    def get(self, issue: Key, key: Key) -> Document | None:
        """A document of an issue, by its key; None if there is none."""
        ...

    def of(self, issue: Key) -> Iterator[Document]:
        """All documents of an issue; none, if it is not there."""
        ...

    def put(self, document: Document) -> None:
        """Keep a document in the place of the one with its key, if there is one: whole or not at
        all. Nobody may read what is not open, from here on."""
        ...

    def drop(self, document: Document) -> None:
        """Delete a document. That it is gone already is no mistake."""
        ...

    def issues(self) -> Iterator[Key]:
        """The keys of all issues that have documents, in any order."""
        ...

    def url(self, issue: Key, key: Key) -> str:
        """The address at which people read a document of an issue; "" if there is none."""
        ...

    def href(self, url: str) -> str:
        """How a document leads to another one's `url`: that itself, or less, so that all of them
        can be moved to another address together."""
        ...

    def close(self) -> None:
        """All is written for now."""
        ...


def place(of: Key) -> str:
    """A name for a key that any store takes: `bug-1316547`; of a longer one, letters, digits and
    a piece of its sha256."""
    kind, _, name = of.partition(":")[2].partition(":")
    if name.isdigit():
        return f"{kind}-{name}"
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in name)[:40]
    return f"{kind}-{plain}-{hashlib.sha256(of.encode()).hexdigest()[:12]}"
