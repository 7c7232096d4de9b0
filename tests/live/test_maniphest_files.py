"""Attachments' bytes at a real Phorge, where the address of one is given.

    TRACKER_MIGRATE_MANIPHEST_URL
    TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN            of the importer
    TRACKER_MIGRATE_MANIPHEST_LIVE_MEMBER_TOKEN     of an account that becomes a reader
    TRACKER_MIGRATE_MANIPHEST_LIVE_OUTSIDER_TOKEN   of an account that may read nothing closed

It writes there: give it a server that nobody needs.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import time
from collections.abc import Iterator
from itertools import count

import msgspec
import pytest

from tests.backends.maniphest.attaching import Shelf, attached
from tests.backends.maniphest.closed import closed_project
from tests.backends.maniphest.helpers import Mover, Told, bug, comment
from tracker_migrate.backends.maniphest import open_sink
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.interfaces import Audience
from tracker_migrate.model import Issue

pytestmark = pytest.mark.live
_numbers = count(int(time.time()) % 10**9)
MIB = 2**20
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def given(name: str) -> str:
    value = os.environ.get(f"TRACKER_MIGRATE_MANIPHEST_{name}", "")
    if not value:
        pytest.skip(f"TRACKER_MIGRATE_MANIPHEST_{name} is not set")
    return value


@pytest.fixture
def bot() -> Iterator[Conduit]:
    made = Conduit(given("URL"), given("LIVE_TOKEN"), timeout=60)
    yield made
    made.close()


@pytest.fixture
def outsider() -> Iterator[Conduit]:
    made = Conduit(given("URL"), given("LIVE_OUTSIDER_TOKEN").split()[0], timeout=60)
    yield made
    made.close()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def mover(shelf: Shelf) -> Iterator[Mover]:
    told = {"timeout": 60, "settle_seconds": 5}
    sink = open_sink(given("URL"), told, given("LIVE_TOKEN"), given("LIVE_OUTSIDER_TOKEN"))
    assert isinstance(sink, ManiphestSink)
    sink.lend(shelf)
    made = Mover(sink, Told())
    sink.check(made.decisions)
    yield made
    sink.close()


def whole(shelf: Shelf, sizes: tuple[int, ...], *, private: bool) -> Issue:
    """A bug with a picture that no comment shows, and files of these sizes beside its comment."""
    number = next(_numbers)
    draw = random.Random(number)
    held = [shelf.file(PICTURE, "shot.png")]
    held += [shelf.file(draw.randbytes(size), f"ä {size}.bin") for size in sizes]
    attachments = tuple(
        attached(number, 100 + n, file, comment=1 if n else None) for n, file in enumerate(held)
    )
    said = (comment(number, 1, "see"),)
    return bug(number, private=private, comments=said, attachments=attachments)


def hash_of(client: Conduit, phid: str) -> str:
    told = client.read("file.download", phid=phid)
    return hashlib.sha256(base64.b64decode(told)).hexdigest()


def test_public_files_arrive_small_middling_and_large(
    mover: Mover, shelf: Shelf, bot: Conduit, outsider: Conduit
) -> None:
    issue = whole(shelf, (5, 1_000_000, 3 * MIB, 12 * MIB + 5), private=False)
    steps = [step.kind for step in mover.move(issue)]
    assert steps.count("file.upload") == 3
    assert steps.count("file.allocate") == steps.count("file.contents") == 2
    for one in issue.attachments:
        assert one.file is not None
        assert hash_of(outsider, mover.places.refs[one.key][1].id) == one.file.sha256
    known = mover.own(issue)
    seen = mover.sink.read(known)
    assert seen.objects.keys() == known.keys()
    bare = {of: at for of, at in known.items() if at[0] not in ("file", "contents")}
    found = mover.sink.read(bare).ours
    assert found == {of: at for of, (_, at) in known.items() if of not in bare}


def test_the_texts_show_them(mover: Mover, shelf: Shelf, outsider: Conduit) -> None:
    issue = whole(shelf, (5,), private=False)
    mover.move(issue)
    seen = mover.sink.read(mover.own(issue)).objects
    picture, file = (mover.places.refs[one.key][1] for one in issue.attachments)
    described = str(seen[issue.key].fields["description"])
    said = str(seen[issue.comments[0].key].fields["text"])
    html = outsider.read("remarkup.process", context="maniphest", contents=[described, said])
    shown, listed = html[0]["content"], html[1]["content"]
    assert f"/{picture.number}" in shown  # a link to its page
    assert "<img" in shown
    assert "phabricator-remarkup-embed-layout" in listed
    assert file.id in listed
    assert "{F" not in shown + listed


def test_private_files_are_for_their_readers_alone(
    mover: Mover, shelf: Shelf, bot: Conduit, outsider: Conduit
) -> None:
    member = Conduit(given("URL"), given("LIVE_MEMBER_TOKEN"), timeout=60)
    policy = closed_project(
        bot, f"readers {next(_numbers)}", [one.read("user.whoami")["phid"] for one in (bot, member)]
    )
    mover.decisions.shown_to = Audience(name="few", groups=(policy,))
    issue = whole(shelf, (5, 12 * MIB), private=True)
    mover.move(issue)
    for one in issue.attachments:
        assert one.file is not None
        at = mover.places.refs[one.key][1]
        assert hash_of(member, at.id) == one.file.sha256
        assert not outsider.read("file.search", constraints={"phids": [at.id]})["data"]
    member.close()
    assert not mover.sink.readable_by_outsider(mover.own(issue), thorough=True)


def test_what_was_sent_is_found_and_not_what_was_there(mover: Mover, shelf: Shelf) -> None:
    issue = whole(shelf, (5, 9 * MIB), private=False)
    twin = msgspec.structs.replace(issue, attachments=issue.attachments)
    for step in mover.steps(issue):
        if not step.kind.startswith("file."):
            continue
        closed = mover.close(step, twin)
        mark = mover.sink.mark(closed)
        assert mover.sink.find(closed, mark) is None
        receipt = mover.sink.send(closed)
        assert mover.sink.find(closed, mark) == receipt
        mover.note(closed, receipt)
