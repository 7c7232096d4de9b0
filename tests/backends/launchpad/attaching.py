"""A Launchpad with a bug that files are attached to, and sources that read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.backends.launchpad.test_standin_files import attached, close, path, where
from tests.backends.launchpad.test_standin_traps import Client
from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.model import Attachment, key
from tracker_migrate.testing.loopback import Request, serving

OWNER = {
    "consumer": "lab-client",
    "token": "TOKEN-of-gadget-owner",
    "secret": "SECRET-of-gadget-owner",
}


class Shelf:
    """A stand-in, one bug of it, and all that the librarian was asked."""

    def __init__(self, standin: LaunchpadStandIn) -> None:
        self.standin = standin
        self.client = Client(standin, standin.url)
        target = f"{standin.url}/devel/gadget"
        form = {"ws.op": "createBug", "title": "t", "description": "d", "target": target}
        self.bug = path(self.client, self.client.post("bugs", **form))
        self.asked: list[Request] = []
        standin.librarian.on_request = self.asked.append

    def put(self, name: str = "a log.txt", content: bytes = b"hello\n") -> str:
        """Attach a file; the path of its data."""
        return attached(self.client, self.bug, name, content)

    def number(self, data: str) -> int:
        """A file's number at the librarian."""
        return int(str(self.standin.store.meta(f"file:{data.removesuffix('/data')}")))

    def replace(
        self, data: str, name: str, kind: str, content: bytes, size: int | None = None
    ) -> None:
        """Keep something else as the file of an attachment."""
        keep_file(self.standin.store, name, kind, content, self.number(data), size=size)

    def place(self, data: str) -> str:
        """Where the web service says that a file is."""
        return where(self.client, data)

    def close(self) -> None:
        """Make the bug private."""
        close(self.client, self.bug)

    def source(self, *, login: bool = True, private: bool = True, **more: Any) -> LaunchpadSource:
        """A source that is in no hurry to give up."""
        options = {"address": self.standin.url, "per_second": 0, "timeout": 5, "patience": 0.5}
        given = {**options, "private": private, **more}
        made = open_source(["gadget"], given, OWNER if login else None)
        assert isinstance(made, LaunchpadSource)
        return made


@contextmanager
def shelf() -> Iterator[Shelf]:
    """A stand-in that is served."""
    standin = LaunchpadStandIn()
    generate(standin, bugs=3, blueprints=0, seed=5, private=0.01)
    with serving(standin):
        yield Shelf(standin)


def only(source: LaunchpadSource, bug: str) -> Attachment:
    """The one attachment of a bug, as it is read."""
    reading = source.read(key("launchpad", "bug", bug.removeprefix("bugs/")))
    assert reading is not None
    (one,) = reading.issue.attachments
    return one


def whole(source: LaunchpadSource, one: Attachment, start: int = 0) -> tuple[int, bytes]:
    """Where a download begins, and all its bytes."""
    with source.download(one, start) as download:
        return download.start, b"".join(download.parts)
