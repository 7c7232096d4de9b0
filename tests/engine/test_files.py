"""The bytes of attachments: whole or not there, read once, and never those of what is hidden."""

from __future__ import annotations

import hashlib
import os
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.test_privacy import shut, tables
from tests.engine.world import World, bug_key
from tracker_migrate.engine.files import Fetch
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.pull import Pull
from tracker_migrate.engine.purging import purge
from tracker_migrate.errors import Gone, NotPublic, Refused, Retriable, Unreachable, WorkspaceError
from tracker_migrate.interfaces import Download, GivesFiles
from tracker_migrate.model import Attachment, File, Issue, Key, key
from tracker_migrate.testing.memory import MemorySource, bug
from tracker_migrate.workspace.files import FileStore

LOG = b"line\n" * 100_000
A, B = key("memory", "attachment", "1/7"), key("memory", "attachment", "2/8")


class Librarian:
    """Hands out bytes by attachment, in pieces; may break off, or say a wrong size."""

    def __init__(self) -> None:
        self.held: dict[Key, bytes] = {A: LOG, B: b"other"}
        self.breaks: dict[Key, int] = {}
        self.ranges = True
        self.down: Exception | None = None
        self.asked: list[tuple[Key, int]] = []

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        self.asked.append((one.key, start))
        if self.down is not None:
            raise self.down
        if one.key not in self.held:
            raise Gone("not there")
        held = self.held[one.key]
        start = start if self.ranges else 0
        yield Download(
            name="trace.txt",
            type="text/plain",
            size=len(held),
            start=start,
            parts=self._parts(one.key, held[start:]),
        )

    def _parts(self, of: Key, rest: bytes) -> Iterator[bytes]:
        left = self.breaks.get(of, len(rest))
        for at in range(0, len(rest), 4096):
            if at >= left:
                raise Retriable("cut short")
            yield rest[at : at + 4096]


class Library(MemorySource):
    """A source with bytes."""

    def __init__(self, *issues: Issue, books: Librarian) -> None:
        super().__init__(*issues)
        self.books = books

    def download(self, one: Attachment, start: int = 0) -> Any:
        return self.books.download(one, start)


@pytest.fixture
def books() -> Librarian:
    return Librarian()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def attached(number: int, of: Key, **fields: Any) -> Issue:
    """A bug with a file, which came with its comment."""
    one = Attachment(
        key=of, title="trace", home=f"https://source.example/{of}", data="https://x", comment=1
    )
    return bug(number, "see the file", attachments=(one,), **fields)


def pull(world: World, source: MemorySource, most: int | None = 10**9, **how: Any) -> Pulled:
    workspace = world.workspace
    files = Fetch(source, workspace.archive, workspace.files, most)
    return Pull(source, workspace.archive, "rocket", connections=2, files=files).run(**how)


def file_of(world: World, number: int) -> File | None:
    issue = world.workspace.archive.issue(bug_key(number))
    assert issue is not None
    return issue.attachments[0].file


def test_a_file_that_is_not_public_any_more_takes_its_issue_along(
    world: World, books: Librarian
) -> None:
    source = Library(attached(1, A), books=books)
    assert pull(world, source).new == 1
    source.put(attached(1, B, title="read while it was public"))
    books.down = NotPublic("restricted by now")
    assert pull(world, source, full=True).gone == 1
    assert bug_key(1) in world.workspace.archive.gone_keys()


def test_a_file_is_kept_under_what_it_is(store: FileStore, books: Librarian) -> None:
    made = store.keep(
        A, lambda start: books.download(Attachment(key=A, title="", home=""), start), 10**9
    )
    sha256 = hashlib.sha256(LOG).hexdigest()
    assert made == File(
        state="held", name="trace.txt", type="text/plain", size=len(LOG), sha256=sha256
    )
    with store.open(sha256) as handle:
        assert handle.read() == LOG
    assert list(store.hashes()) == [sha256]


def test_what_broke_off_is_gone_on_with(store: FileStore, books: Librarian) -> None:
    one = Attachment(key=A, title="", home="")
    books.breaks[A] = 200_000
    with pytest.raises(Retriable):
        store.keep(A, lambda start: books.download(one, start), 10**9)
    del books.breaks[A]
    made = store.keep(A, lambda start: books.download(one, start), 10**9)
    assert made.sha256 == hashlib.sha256(LOG).hexdigest()
    assert [start > 0 for _, start in books.asked] == [False, True]


def test_where_the_server_begins_anew_so_do_we(store: FileStore, books: Librarian) -> None:
    one = Attachment(key=A, title="", home="")
    books.ranges, books.breaks[A] = False, 200_000
    with pytest.raises(Retriable):
        store.keep(A, lambda start: books.download(one, start), 10**9)
    del books.breaks[A]
    made = store.keep(A, lambda start: books.download(one, start), 10**9)
    assert made.sha256 == hashlib.sha256(LOG).hexdigest()


def test_only_the_owner_reads_it(
    store: FileStore, books: Librarian, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = os.umask(0)
    request.addfinalizer(lambda: os.umask(before))
    store.keep(A, lambda start: books.download(Attachment(key=A, title="", home=""), start), 10**9)
    for path in (tmp_path / "files").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_damaged_file_is_not_handed_out(
    store: FileStore, books: Librarian, tmp_path: Path
) -> None:
    one = Attachment(key=A, title="", home="")
    made = store.keep(A, lambda start: books.download(one, start), 10**9)
    next(tmp_path.glob(f"files/??/{made.sha256}")).write_bytes(b"something else")
    with pytest.raises(Refused, match="damaged"):
        FileStore(tmp_path / "files").open(made.sha256)
    assert not store.has(made.sha256)
    with pytest.raises(Refused, match="lost"):
        store.open(made.sha256)


def test_memory_does_not_grow_with_the_file(store: FileStore, books: Librarian) -> None:
    @contextmanager
    def begin(start: int) -> Iterator[Download]:
        parts = (bytes(1 << 16) for _ in range(1600))
        yield Download(name="", type="", size=1600 << 16, start=0, parts=parts)

    tracemalloc.start()
    store.keep(A, begin, 10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20  # of 100 MiB


def test_a_full_disk_is_told_as_that(store: FileStore, books: Librarian, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(WorkspaceError):
        store.keep(A, lambda start: books.download(Attachment(key=A, title="", home="")), 10**9)


def test_an_issue_is_kept_with_its_files(world: World, books: Librarian) -> None:
    assert isinstance(Library(books=books), GivesFiles)
    pull(world, Library(attached(1, A), books=books))
    held = file_of(world, 1)
    assert held is not None
    assert (held.state, held.size) == ("held", len(LOG))


def test_what_is_here_is_not_read_again(world: World, books: Librarian) -> None:
    source = Library(attached(1, A), books=books)
    pull(world, source)
    source.advance(hours=1)
    source.put(attached(1, A, title="Worse"))
    assert pull(world, source).changed == 1
    assert pull(world, source, full=True).same == 1
    assert books.asked == [(A, 0)]


def test_a_lost_file_is_read_again(world: World, books: Librarian) -> None:
    source = Library(attached(1, A), books=books)
    pull(world, source)
    held = file_of(world, 1)
    assert held is not None
    world.workspace.files.drop([held.sha256])
    pull(world, source, full=True)
    assert world.workspace.files.has(held.sha256)


def test_a_file_that_the_source_has_lost_is_told(world: World, books: Librarian) -> None:
    del books.held[A]
    assert pull(world, Library(attached(1, A), books=books)).unread == 0
    assert file_of(world, 1) == File(state="missing")


def test_a_file_over_the_limit_is_told_and_read_when_the_limit_rises(
    world: World, books: Librarian
) -> None:
    source = Library(attached(1, A), books=books)
    pull(world, source, most=1000)
    held = file_of(world, 1)
    assert held is not None
    assert (held.state, held.size) == ("over", len(LOG))
    assert pull(world, source, most=1000).changed == 0
    pull(world, source)
    again = file_of(world, 1)
    assert again is not None
    assert again.state == "held"


def test_files_are_read_once_the_settings_want_them(world: World, books: Librarian) -> None:
    source = Library(attached(1, A), bug(3), books=books)
    pull(world, source, most=None)
    assert file_of(world, 1) is None
    source.reads.clear()
    assert pull(world, source).changed == 1
    assert source.reads == [bug_key(1)]
    source.reads.clear()
    pull(world, source)
    assert source.reads == []


def test_a_file_of_a_hidden_comment_stays_where_it_is(world: World, books: Librarian) -> None:
    issue = attached(1, A)
    said = tuple(
        msgspec.structs.replace(one, withheld="hidden", text="") if one.index == 1 else one
        for one in issue.comments
    )
    pull(world, Library(msgspec.structs.replace(issue, comments=said), books=books))
    assert file_of(world, 1) == File(state="withheld")
    assert books.asked == []


def test_one_file_that_breaks_off_holds_its_own_issue_only_and_not_for_ever(
    world: World, books: Librarian
) -> None:
    books.breaks[A], books.ranges = 1000, False
    source = Library(attached(1, A), attached(2, B), books=books)
    pulled = pull(world, source)
    assert (pulled.new, pulled.unread) == (1, 1)
    assert pull(world, source).unread == 1
    assert pull(world, source).unread == 0
    assert file_of(world, 1) == File(state="corrupt")
    books.breaks.clear()
    pull(world, source, full=True)
    held = file_of(world, 1)
    assert held is not None
    assert held.state == "held"


def test_a_server_that_is_down_stops_the_run(world: World, books: Librarian) -> None:
    books.down = Unreachable("it is down")
    with pytest.raises(Unreachable):
        pull(world, Library(attached(1, A), books=books))


def test_the_files_of_private_issues_are_forgotten_with_them(
    world: World, books: Librarian
) -> None:
    tables(world)
    books.held[B] = LOG  # the same bytes, of a public issue
    extra = key("memory", "attachment", "1/9")
    books.held[extra] = b"secret"
    secret = shut(1, "see the file")
    more = tuple(
        Attachment(key=one, title="t", home="https://h", data="https://x") for one in (A, extra)
    )
    source = Library(msgspec.structs.replace(secret, attachments=more), attached(2, B), books=books)
    pull(world, source)
    assert len(list(world.workspace.files.hashes())) == 2
    purged = purge(world.workspace, [])
    assert purged.files == 1
    assert list(world.workspace.files.hashes()) == [hashlib.sha256(LOG).hexdigest()]
