"""A memory source, as the suites see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tracker_migrate.errors import LoginNeeded, ObjectError, Retriable
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Access, Key, key
from tracker_migrate.testing.conformance import NotShown, SourceUnderTest
from tracker_migrate.testing.memory_source import (
    PERSON,
    MemorySource,
    attachment,
    blueprint,
    bug,
)

HIDDEN = "words-of-a-hidden-comment"
#: what the bugs' attachments hold, by bug and attachment
FILES = {(1, 1): b"0123456789\xff" * 200_000, (1, 2): b"", (3, 1): b"\x1f\x8b a short one"}
GONE, LONG = (3, 2), (3, 3)
SIZE = 64 * 2**20


class MemorySourceUnderTest(SourceUnderTest):
    """A few issues. source: makes the sources, so that a test may break them."""

    speaks_http = False

    def __init__(self, source: Callable[..., MemorySource] = MemorySource) -> None:
        hidden = bug(2, "seen", "")
        comments = (
            hidden.comments[0],
            msgspec.structs.replace(hidden.comments[1], withheld="hidden"),
        )
        closed: dict[str, Any] = {"private": True, "information_type": "Private"}
        of_one, of_three = (
            tuple(attachment(*at) for at in (*FILES, GONE, LONG) if at[0] == n) for n in (1, 3)
        )
        self._issues = (
            bug(1, "é 😀", "two", attachments=of_one),
            msgspec.structs.replace(hidden, comments=comments),
            bug(3, "a", blocked_by=(1,), attachments=of_three),
            bug(10, **closed, access=Access(people=(PERSON,))),
            blueprint("one"),
        )
        self._made = source(*self._issues)
        for at, content in FILES.items():
            self._made.put_file(attachment(*at).key, content)
        self._made.put_file(attachment(*LONG).key, b"a line of it\n", size=SIZE)

    def open(self, *, address: str | None = None) -> Source:
        return self._made

    def keys(self) -> list[Key]:
        return [one.key for one in self._issues]

    def strike(self, word: str) -> None:
        if word == "slow":
            raise NotShown("a memory source takes no time")
        error: ObjectError | LoginNeeded = Retriable("it did not come")
        if word == "expired":
            error = LoginNeeded("the login ran out")
        self._made.failing[self.keys()[0]] = error  # type: ignore[assignment]

    def calm(self) -> None:
        self._made.failing.clear()
        self._made.cut = 0

    def files(self) -> dict[Key, bytes]:
        return {attachment(*at).key: content for at, content in FILES.items()}

    def missing_file(self) -> Key:
        return attachment(*GONE).key

    def long_file(self) -> tuple[Key, int]:
        return attachment(*LONG).key, SIZE

    def cut_file(self) -> None:
        self._made.cut = 1

    def absent(self) -> Key:
        return key("memory", "bug", 99)

    def missing_person(self) -> Key:
        return key("memory", "person", "nobody")

    def change(self, of: Key) -> None:
        self._made.advance(hours=1)
        issue = next(one for one in self._issues if one.key == of)
        self._made.put(msgspec.structs.replace(issue, title="Another title"))

    def withheld(self) -> tuple[Key, str]:
        return self.keys()[1], HIDDEN

    def private(self) -> Key:
        return self.keys()[3]
