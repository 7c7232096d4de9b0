"""What the suite of a source is tried on, and what all its parts need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tracker_migrate.interfaces import Source
from tracker_migrate.model import Key
from tracker_migrate.testing.conformance.target import NotShown


class SourceUnderTest(ABC):
    """A tracker that holds a few issues, and sources that read it. Make one in the fixture
    `origin`. What need not be written skips its check, with a word.

    It should hold at least: three issues with comments, one of them with a comment by each of two
    people, and texts that are not ASCII.
    """

    #: whether there is a wire, so that an address may lead to nobody or to another server
    speaks_http: bool = True
    #: the name of a project that is read, as its key has it
    project: str = "rocket"

    @abstractmethod
    def open(self, *, address: str | None = None) -> Source:
        """A source, as a process that starts now would open it."""

    @abstractmethod
    def keys(self) -> list[Key]:
        """The keys of all issues that this reader may read, known from elsewhere."""

    @abstractmethod
    def strike(self, word: str) -> None:
        """Let the next request meet a fault of `testing.faults.FAULTS`, once; or NotShown."""

    @abstractmethod
    def calm(self) -> None:
        """Forget all faults that have not struck yet."""

    # -- worth writing ----------------------------------------------------------------------------

    def absent(self) -> Key:
        """The key of an issue that is not there."""
        raise NotShown("no key is known not to be there")

    def missing_person(self) -> Key:
        """The key of somebody who is not there any more."""
        raise NotShown("nobody is missing")

    def change(self, of: Key) -> None:
        """Have somebody change an issue, so that it is listed as changed."""
        raise NotShown("nothing changes at the source")

    def withheld(self) -> tuple[Key, str]:
        """An issue with a comment that is hidden there, and words that only this comment has."""
        raise NotShown("no comment is hidden")

    def private(self) -> Key:
        """An issue that not everybody may read, and that this reader may."""
        raise NotShown("no private issue can be read")

    def wrong_spec(self) -> Source:
        """A source of a project that is not there."""
        raise NotShown("a source of a project that is not there can't be opened")

    # -- of a source that gives files (interfaces.GivesFiles) -------------------------------------

    def files(self) -> Mapping[Key, bytes]:
        """The bytes of some attachments of the issues, by the attachments' keys, known from
        elsewhere. An empty one should be among them, and one of more than a megabyte."""
        raise NotShown("no attachment has bytes")

    def missing_file(self) -> Key:
        """The key of an attachment whose bytes are not there any more."""
        raise NotShown("no attachment has lost its bytes")

    def long_file(self) -> tuple[Key, int]:
        """The key of an attachment of 64 MB or more, and its length; the far end must not hold it
        in this process."""
        raise NotShown("no attachment is long")

    def cut_file(self) -> None:
        """Let the next file that is sent end in its middle."""
        raise NotShown("no file is ever cut")


class SourceChecks:
    """What a part of the suite does with a source."""

    @contextmanager
    def opened(self, origin: SourceUnderTest, **how: Any) -> Iterator[Source]:
        """A source of its own."""
        source = origin.open(**how)
        try:
            yield source
        finally:
            source.close()

    def shown(self, call: Any, *arguments: Any) -> Any:
        """Have the far end do something; skip the check if it can't."""
        try:
            return call(*arguments)
        except NotShown as reason:
            pytest.skip(f"not shown: {reason}")
