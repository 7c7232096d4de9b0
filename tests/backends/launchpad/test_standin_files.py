"""The stand-in's librarian: what a running one was seen to do with files."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from tests.backends.launchpad.standin_replay import signed
from tests.backends.launchpad.test_standin_traps import Client
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.testing.loopback import serving

PLAIN = {
    "Cache-Control": "max-age=31536000, public",
    "Accept-Ranges": "none",
    "Content-Type": "text/x-log",
    "Content-Length": "6",
}
CLOSED = {"Cache-Control": "max-age=0, private"}


@pytest.fixture
def client() -> Iterator[Client]:
    standin = LaunchpadStandIn()
    generate(standin, bugs=3, blueprints=0, seed=5, private=0.01)
    with serving(standin) as url:
        yield Client(standin, url)


@pytest.fixture
def bug(client: Client) -> str:
    """A public bug's path."""
    target = f"{client.url}/devel/gadget"
    form = {"ws.op": "createBug", "title": "t", "description": "d", "target": target}
    return path(client, client.post("bugs", **form))


def path(client: Client, made: requests.Response) -> str:
    assert made.status_code == 201, made.text
    return made.headers["Location"].partition("/devel/")[2]


def sent(client: Client, bug: str, name: str, content: bytes, **more: str) -> requests.Response:
    """Attach a file, as a form with a file in it."""
    form = {"ws.op": "addAttachment", "comment": "see", "filename": name, "description": "a file"}
    return client.session.post(
        f"{client.url}/devel/{bug}",
        data={**form, "content_type": "text/x-log", **more},
        files={"data": ("f", content, "text/x-log")},
        headers=signed("gadget-owner"),
        timeout=10,
    )


def attached(client: Client, bug: str, name: str = "a log.txt", content: bytes = b"hello\n") -> str:
    """Attach a file; the path of its data."""
    return f"{path(client, sent(client, bug, name, content))}/data"


def where(client: Client, data: str, person: str | None = "gadget-owner") -> str:
    """Where the web service says that a file is."""
    answer = client.get(data, person)
    assert (answer.status_code, answer.content) == (303, b"")
    return answer.headers["Location"]


def close(client: Client, bug: str, kind: str = "Private") -> None:
    client.post(bug, **{"ws.op": "transitionToInformationType", "information_type": kind})


def test_a_file_is_on_a_server_of_its_own(client: Client, bug: str) -> None:
    place = where(client, attached(client, bug), None)
    assert place.startswith(f"{client.standin.librarian.url}/")
    assert not place.startswith(client.url)
    assert place.endswith("/a%20log.txt")
    answer = client.get(place)
    assert (answer.status_code, answer.content) == (200, b"hello\n")
    assert {name: answer.headers.get(name) for name in PLAIN} == PLAIN
    assert answer.headers["Last-Modified"].endswith(" GMT")


def test_it_knows_heads_and_dates_and_no_ranges(client: Client, bug: str) -> None:
    place = where(client, attached(client, bug))
    head = client.session.head(place, timeout=10)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "6", b"")
    ranged = client.get(place, Range="bytes=2-")
    assert (ranged.status_code, ranged.content) == (200, b"hello\n")
    known = {"If-Modified-Since": head.headers["Last-Modified"]}
    assert client.get(place, **known).status_code == 304
    assert client.session.post(place, timeout=10).status_code == 404


def test_an_address_holds_for_the_very_name_alone(client: Client, bug: str) -> None:
    place = where(client, attached(client, bug))
    number = urlsplit(place).path.split("/")[1]
    root = client.standin.librarian.url
    assert client.get(f"{root}/7/{number}/a%20log.txt").status_code == 200  # an older form
    for other in (f"{place}x", f"{root}/{number}/", f"{root}/zap", f"{root}/999999/a%20log.txt"):
        answer = client.get(other)
        assert (answer.status_code, "No such resource" in answer.text) == (404, True)
    assert client.get(f"{root}/").headers["Content-Type"] == "text/html"


def test_the_file_of_a_private_bug_needs_its_token(client: Client, bug: str) -> None:
    data, other = attached(client, bug), attached(client, bug, "other.txt", b"other")
    plain = where(client, data)
    close(client, bug)
    assert client.get(data).status_code == 404
    assert client.get(plain).status_code == 404
    place, others = where(client, data), where(client, other)
    assert place.startswith(f"{plain}?token=")
    answer = client.get(place)
    assert (answer.content, CLOSED.items() <= dict(answer.headers).items()) == (b"hello\n", True)
    assert client.get(f"{plain}?token=zap").status_code == 404
    assert client.get(f"{plain}?{urlsplit(others).query}").status_code == 404
    close(client, bug, "Public")
    assert where(client, data) == plain
    assert client.get(plain).status_code == 200
    assert client.get(f"{plain}?token=zap").status_code == 404  # a wrong one is never as good


def test_the_file_of_a_removed_attachment_is_gone(client: Client, bug: str) -> None:
    data = attached(client, bug)
    place = where(client, data)
    client.post(data.removesuffix("/data"), **{"ws.op": "removeFromBug"})
    assert client.get(data).status_code == 404
    assert client.get(place).status_code == 404


def test_an_address_has_no_bytes(client: Client, bug: str) -> None:
    form = {"ws.op": "addAttachment", "url": "https://example.com/y.png", "comment": "there"}
    made = path(client, client.post(bug, **form))
    answer = client.get(f"{made}/data")
    assert answer.status_code == 404
    assert "LibraryBackedByteStorage" in answer.text


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.txt", b"", "data: Cannot upload empty file."),
        ("../../etc/passwd", b"x", "Filename cannot contain slashes."),
        ("a\nb.txt", b"x", "filename: ('a\nb.txt', 'filename')"),
    ],
)
def test_some_files_are_refused(
    client: Client, bug: str, name: str, content: bytes, says: str
) -> None:
    answer = sent(client, bug, name, content)
    assert (answer.status_code, answer.text) == (400, says)


def test_a_file_that_is_called_as_the_folder_above_can_not_be_had(client: Client, bug: str) -> None:
    place = where(client, attached(client, bug, ".."))
    assert place == f"{client.standin.librarian.url}/"


def test_a_packed_log_is_sent_as_it_is(client: Client, bug: str) -> None:
    place = where(client, attached(client, bug, "build.txt.gz", b"not packed at all"))
    answer = client.session.get(place, stream=True, timeout=10)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.raw.read(decode_content=False) == b"not packed at all"


def test_a_made_up_project_has_files_of_many_kinds() -> None:
    standin = LaunchpadStandIn()
    generate(standin, bugs=300, blueprints=0, seed=1)
    files = {name: (kind, content) for name, kind, content in
             standin.store.rows("SELECT name, type, content FROM file")}  # fmt: skip
    kinds = {kind for kind, _ in files.values()}
    assert {"text/plain", "text/x-diff", "image/png", "application/gzip"} <= kinds
    assert any(content.startswith(b"\x89PNG") for _, content in files.values())
    assert any(not content for _, content in files.values())
    assert any(not name.isascii() for name in files)
    assert any("..\\" in name for name in files)


def test_a_long_file_is_never_held(client: Client, bug: str) -> None:
    data, size = attached(client, bug), 64 * 2**20
    store = client.standin.store
    number = int(str(store.meta(f"file:{data.removesuffix('/data')}")))
    keep_file(store, "a log.txt", "text/plain", b"0123456789" * 5, number, size=size)
    place, count = where(client, data), 0
    tracemalloc.start()
    try:
        with client.session.get(place, stream=True, timeout=10) as answer:
            for piece in answer.iter_content(2**18):
                count += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == size
    assert peak < 8 * 2**20
