"""Attachments' bytes: whole, from the librarian, without the login, and a piece at a time."""

from __future__ import annotations

import gzip
import logging
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.backends.launchpad.attaching import Shelf, only, shelf, whole
from tracker_migrate import hosts
from tracker_migrate.errors import Gone, LoginNeeded, NotPublic, Refused, Retriable, Unreachable
from tracker_migrate.interfaces import GivesFiles
from tracker_migrate.model import Attachment, key
from tracker_migrate.streams import PIECE
from tracker_migrate.testing.loopback import Fault, Reply, Request, struck

LONG = b"0123456789abcdef" * 60_000


@pytest.fixture
def here() -> Iterator[Shelf]:
    hosts.forget()
    with shelf() as made:
        yield made


def test_a_public_file_comes_whole(here: Shelf) -> None:
    here.put("журнал é.txt", LONG)
    source = here.source(login=False, private=False)
    assert isinstance(source, GivesFiles)
    with source.download(only(source, here.bug)) as download:
        assert (download.name, download.type) == ("журнал é.txt", "text/x-log")
        assert (download.size, download.start) == (len(LONG), 0)
        parts = list(download.parts)
    assert b"".join(parts) == LONG
    assert all(len(part) <= PIECE for part in parts)


def test_an_empty_file_is_a_file(here: Shelf) -> None:
    data = here.put("empty")
    here.replace(data, "empty", "text/plain", b"")
    source = here.source()
    with source.download(only(source, here.bug)) as download:
        assert (download.size, list(download.parts)) == (0, [])


def test_a_private_file_comes_with_its_token_and_without_the_login(here: Shelf) -> None:
    here.put()
    here.close()
    source = here.source()
    assert whole(source, only(source, here.bug)) == (0, b"hello\n")
    (request,) = here.asked
    assert request.arg("token")
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers
    assert request.headers["accept-encoding"] == "identity"


def test_no_token_and_no_name_of_a_file_is_in_a_log_or_an_error(
    here: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    data = here.put("a secret name.txt")
    here.close()
    source = here.source()
    one = only(source, here.bug)
    token = here.place(data).partition("token=")[2]
    said = []
    for status in (404, 403, 302, 500, 503):
        page = {"Location": f"{here.standin.librarian.url}/1/x?token={token}"}
        fault = Fault(do="status", status=status, text=f"zap {token}", headers=page, times=9)
        here.standin.librarian.faults[:] = [fault]
        with pytest.raises((Gone, Refused, Retriable, Unreachable)) as caught:
            whole(source, one)
        said.append(str(caught.value))
    hosts.forget()
    here.standin.librarian.faults[:] = [struck("truncate")]
    with pytest.raises(Retriable) as cut:
        whole(here.source(), one)
    words = " ".join([*said, str(cut.value), caplog.text])
    assert [one for one in caplog.records if one.name.startswith("urllib3")], "they do log"
    assert token not in words
    assert "secret" not in words
    assert "zap" not in words


def test_who_reads_public_things_alone_gets_no_restricted_file(here: Shelf) -> None:
    here.put()
    source = here.source(private=False)
    one = only(source, here.bug)
    here.close()  # the login may read it all the same
    with pytest.raises(NotPublic):
        whole(source, one)
    assert here.asked == []


def test_who_may_not_read_the_bug_is_not_told_of_its_file(here: Shelf) -> None:
    here.put()
    source = here.source(login=False, private=False)
    one = only(source, here.bug)
    here.close()
    with pytest.raises(Gone) as caught:
        whole(source, one)
    assert str(one.key) in str(caught.value)
    assert here.asked == []


def test_what_is_gone_there_is_gone(here: Shelf) -> None:
    data = here.put()
    source = here.source()
    one = only(source, here.bug)
    here.standin.store.db.execute("DELETE FROM file")
    with pytest.raises(Gone):
        whole(source, one)
    here.client.post(data.removesuffix("/data"), **{"ws.op": "removeFromBug"})
    with pytest.raises(Gone):
        whole(source, one)


def test_an_address_is_not_asked_for(here: Shelf) -> None:
    named = Attachment(
        key=key("launchpad", "attachment", "1/2"), title="t", home="h", url="https://example.com/x"
    )
    before = here.standin.requests.total()
    with pytest.raises(Gone):
        whole(here.source(), named)
    assert here.standin.requests.total() == before


def test_a_file_that_is_called_as_the_folder_above_can_not_be_had(here: Shelf) -> None:
    here.put("..")
    source = here.source()
    with pytest.raises(Gone):
        whole(source, only(source, here.bug))
    assert here.asked == []


# -- from the middle ------------------------------------------------------------------------------


def ranges(request: Request, reply: Reply) -> Reply | None:
    """As a proxy before the librarian may answer, if the date is right."""
    asked = request.headers.get("range", "").removeprefix("bytes=").removesuffix("-")
    dated = request.headers.get("if-range")
    if not asked.isdecimal() or reply.status != 200:
        return None
    if dated is not None and dated != reply.headers["Last-Modified"]:
        return None
    body = b"".join(reply.pieces(reply.length))
    if int(asked) >= len(body):
        return Reply(416, b"", {"Content-Range": f"bytes */{len(body)}"})
    said = f"bytes {asked}-{len(body) - 1}/{len(body)}"
    return Reply(206, body[int(asked) :], {**reply.headers, "Content-Range": said})


def test_the_librarian_begins_anew_always(here: Shelf) -> None:
    here.put(content=LONG)
    source = here.source()
    assert whole(source, only(source, here.bug), 1000) == (0, LONG)


def test_what_can_begin_in_the_middle_does(here: Shelf) -> None:
    here.standin.librarian.also = ranges
    here.put(content=LONG)
    source = here.source()
    one = only(source, here.bug)
    assert whole(source, one, 1000) == (1000, LONG[1000:])
    with source.download(one, 1000) as download:
        assert download.size == len(LONG)
    assert [request.headers.get("range") for request in here.asked] == ["bytes=1000-"] * 2
    first, second = (request.headers.get("if-range") for request in here.asked)
    assert first is None  # how it was dated is known from the first answer on
    assert second is not None
    assert whole(source, one, len(LONG) - 1) == (len(LONG) - 1, LONG[-1:])


@pytest.mark.parametrize("start", [len(LONG), len(LONG) + 7])
def test_from_behind_the_end_it_begins_anew(here: Shelf, start: int) -> None:
    here.standin.librarian.also = ranges
    here.put(content=LONG)
    source = here.source()
    assert whole(source, only(source, here.bug), start) == (0, LONG)


@pytest.mark.parametrize(
    "said", ["bytes 5-20/21", "bytes 1000-2000/960000", "bytes 1000-960000/960001", "zap", ""]
)
def test_a_part_that_does_not_fit_is_not_taken(here: Shelf, said: str) -> None:
    def wrong(request: Request, reply: Reply) -> Reply | None:
        if "range" not in request.headers:
            return None
        return Reply(206, LONG[1000:], {**reply.headers, "Content-Range": said})

    here.standin.librarian.also = wrong
    here.put(content=LONG)
    source = here.source()
    assert whole(source, only(source, here.bug), 1000) == (0, LONG)


def test_a_part_that_nobody_asked_for_is_no_answer(here: Shelf) -> None:
    here.put()
    here.standin.librarian.also = lambda _, reply: Reply(206, b"ello", reply.headers)
    source = here.source()
    with pytest.raises(Refused):
        whole(source, only(source, here.bug))


def drain(parts: Iterator[bytes], into: list[bytes]) -> None:
    """Take all there is; what came before an error is kept."""
    for part in parts:
        into.append(part)


# -- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["drop", "reset", "gateway", "unavailable", "busy", "lose"])
def test_an_answer_that_does_not_begin_is_asked_for_again(here: Shelf, word: str) -> None:
    here.put()
    source = here.source()
    one = only(source, here.bug)
    here.standin.librarian.faults.append(struck(word))
    assert whole(source, one) == (0, b"hello\n")
    assert len(here.asked) == 2


def test_a_file_that_breaks_off_is_told_and_what_came_is_given(here: Shelf) -> None:
    here.put(content=LONG)
    source = here.source()
    one = only(source, here.bug)
    came: list[bytes] = []
    here.standin.librarian.faults.append(struck("truncate"))
    with source.download(one) as download, pytest.raises(Retriable):
        drain(download.parts, came)
    got = b"".join(came)
    assert LONG.startswith(got)
    assert PIECE <= len(got) < len(LONG)
    assert whole(source, one) == (0, LONG)


def test_a_librarian_that_is_down_is_told_as_that(here: Shelf) -> None:
    here.put()
    source = here.source()
    one = only(source, here.bug)
    with here.standin.librarian.down(), pytest.raises(Unreachable):
        whole(source, one)
    hosts.forget()
    assert whole(here.source(), one) == (0, b"hello\n")


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, Refused), (302, Refused), (303, Refused), (401, Refused), (403, Refused), (204, Refused),
     (304, Refused), (410, Gone), (500, Retriable), (599, Retriable)],
)  # fmt: skip
def test_what_else_it_answers_has_a_meaning(
    here: Shelf, status: int, error: type[Exception]
) -> None:
    here.put()
    source = here.source()
    one = only(source, here.bug)
    headers = {"Location": f"{here.standin.url}/devel/gadget"}
    here.standin.librarian.faults.append(Fault(do="status", status=status, headers=headers))
    before = here.standin.requests["read:GET gadget"]
    with pytest.raises(error):
        whole(source, one)
    assert here.standin.requests["read:GET gadget"] == before
    assert len(here.asked) == 1


def test_a_login_that_ran_out_is_no_missing_file(here: Shelf) -> None:
    here.put()
    source = here.source()
    one = only(source, here.bug)
    here.standin.faults.append(struck("expired", text="Expired token (TOKEN)."))
    with pytest.raises(LoginNeeded):
        whole(source, one)
    for word in ("unavailable", "gateway", "drop", "html"):
        here.standin.faults.append(struck(word))
        assert whole(source, one) == (0, b"hello\n")


@pytest.mark.parametrize(
    "location", ["", "None", "/93/log.txt", "zap", "http://[::1", "http://é/1/x", "//h/1/x"]
)
def test_an_answer_without_a_place_is_refused(here: Shelf, location: str) -> None:
    here.put()
    source = here.source()
    one = only(source, here.bug)
    headers = {"Location": location}
    here.standin.faults.append(Fault(do="status", status=303, headers=headers, times=9))
    with pytest.raises((Refused, Gone)):
        whole(source, one)


def test_a_packed_log_is_what_it_was(here: Shelf) -> None:
    packed = gzip.compress(LONG)
    here.put("build.txt.gz", packed)
    source = here.source()
    with source.download(only(source, here.bug)) as download:
        assert download.type == "application/gzip"
        assert b"".join(download.parts) == packed


def test_what_is_packed_on_the_way_is_not_taken_for_the_file(here: Shelf) -> None:
    def packing(_: Request, reply: Reply) -> Reply:
        body = gzip.compress(b"".join(reply.pieces(reply.length)))
        return Reply(200, body, {**reply.headers, "Content-Encoding": "gzip"})

    here.put()
    here.standin.librarian.also = packing
    source = here.source()
    with pytest.raises(Refused, match="packed"):
        whole(source, only(source, here.bug))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Text/HTML", "text/html"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("text/html\x0bzap: 1", "application/octet-stream"),
        ("text/html; zap=<script>", "application/octet-stream"),
        ("x" * 300 + "/y", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_is_one_or_none(here: Shelf, said: str, told: str) -> None:
    data = here.put()
    here.replace(data, "a log.txt", said, b"x")
    source = here.source()
    with source.download(only(source, here.bug)) as download:
        assert download.type == told


# -- how much, how many ---------------------------------------------------------------------------


def test_memory_is_the_same_for_a_file_of_any_length(here: Shelf) -> None:
    data, size, count = here.put(), 200 * 2**20, 0
    here.replace(data, "a log.txt", "text/plain", LONG[:4096], size=size)
    source = here.source()
    one = only(source, here.bug)
    tracemalloc.start()
    try:
        with source.download(one) as download:
            assert download.size == size
            for part in download.parts:
                count += len(part)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == size
    assert peak < 8 * 2**20


def test_who_has_had_enough_leaves(here: Shelf) -> None:
    data, gone = here.put(), threading.Event()
    here.replace(data, "a log.txt", "text/plain", LONG[:4096], size=2**40)

    def endless(_: Request, reply: Reply) -> Reply:
        def parts() -> Iterator[bytes]:
            try:
                yield from reply.parts() if reply.parts else ()
            finally:
                gone.set()

        return Reply(200, b"", reply.headers, parts, reply.size)

    here.standin.librarian.also = endless
    source = here.source()
    with source.download(only(source, here.bug)) as download:
        assert len(next(download.parts)) == PIECE
    assert gone.wait(5), "the connection is closed"


def test_many_come_at_once(here: Shelf) -> None:
    places = [here.put(f"log-{number}.txt", LONG + b"%d" % number) for number in range(6)]
    source = here.source()
    reading = source.read(key("launchpad", "bug", here.bug.removeprefix("bugs/")))
    assert reading is not None
    several = list(reading.issue.attachments) * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: whole(source, one)[1], several))
    ends = [one.data.removesuffix("/data").rpartition("/")[2] for one in several if one.data]
    names = [place.removesuffix("/data").rpartition("/")[2] for place in places]
    assert found == [LONG + b"%d" % names.index(end) for end in ends]


def test_files_of_private_bugs_come_at_one_servers_pace(here: Shelf) -> None:
    here.put()
    here.close()
    source = here.source(per_second=50)
    whole(source, only(source, here.bug))
    asked = list(source._files._streams._hosts.items())
    ((server, host),) = asked
    assert server == here.standin.librarian.url
    assert (host.per_second, host.answers) == (50, 1)
