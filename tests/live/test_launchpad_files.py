"""Attachments' bytes from a real Launchpad and its librarian, where the address of one is given.

Variables: see test_real_launchpad.py; a bug is filed in the last project. What is restricted has
https and a host of its own for each file:

    TRACKER_MIGRATE_LAUNCHPAD_LIVE_CA   a file with the authority that signed the librarian's
                                        certificate, or `public`
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests.backends.launchpad.live import Login, Server, given, workspace
from tracker_migrate import streams
from tracker_migrate.backends.launchpad.client import api_root
from tracker_migrate.backends.launchpad.login import Signer
from tracker_migrate.engine import jobs
from tracker_migrate.errors import Gone, NotPublic
from tracker_migrate.interfaces import GivesFiles, Source
from tracker_migrate.model import Attachment, Key

pytestmark = pytest.mark.live

LONG = bytes(range(256)) * 8_000  # what a Launchpad for developers takes: 2 MB
FILES = {
    "log.txt": b"hello\n",
    "журнал é 😀 %2f ~+.txt": b"named",
    "build.txt.gz": b"\x1f\x8b and no more of it",
    "x.html": b"<script>1</script>",
    "long.bin": LONG,
}


class Came(NamedTuple):
    """What a download said, and the hash of what came."""

    name: str
    type: str
    size: int | None
    start: int
    sha256: str


@pytest.fixture(scope="module")
def server() -> Server:
    return Server()


@pytest.fixture(scope="module")
def owner(server: Server) -> Login:
    return server.login("OWNER")


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the librarian's certificate."""
    authority = given("LIVE_CA")
    if authority != "public":
        monkeypatch.setattr(streams, "DEFAULT_CA_BUNDLE_PATH", authority)


@pytest.fixture
def bug(server: Server, owner: Login) -> str:
    return server.new_bug(owner, server.projects[-1], "files")


def attach(server: Server, owner: Login, bug: str, name: str, content: bytes, kind: str) -> None:
    address = f"{api_root(server.url)}/bugs/{bug}"
    form = {"ws.op": "addAttachment", "comment": "see", "filename": name, "description": name}
    answer = requests.post(
        address,
        data={**form, "is_patch": "false", "content_type": kind},
        files={"data": ("f", content, kind)},
        headers=Signer(owner, address).headers(),
        timeout=60,
    )
    assert answer.status_code == 201, answer.text


def attachments(source: Source, bug: str) -> dict[str, Attachment]:
    reading = source.read(Key(f"launchpad:bug:{bug}"))
    assert reading is not None
    return {one.title: one for one in reading.issue.attachments}


def came(source: Source, one: Attachment, start: int = 0) -> Came:
    assert isinstance(source, GivesFiles)
    done = hashlib.sha256()
    with source.download(one, start) as got:
        for part in got.parts:
            done.update(part)
        return Came(got.name, got.type, got.size, got.start, done.hexdigest())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_files_come_as_they_were_sent(server: Server, owner: Login, bug: str) -> None:
    for name, content in FILES.items():
        attach(server, owner, bug, name, content, "text/x-log")
    source = server.source(None)
    held = attachments(source, bug)
    assert held.keys() == FILES.keys()
    for name, content in FILES.items():
        packed = name.endswith(".gz")
        kind = "application/gzip" if packed else "text/x-log"
        said = Came(name, kind, len(content), 0, sha256(content))
        assert came(source, held[name]) == said
        assert came(source, held[name], 3) == said, "it knows no ranges"


def test_a_restricted_file_comes_with_its_token_to_whom_it_may(
    server: Server,
    owner: Login,
    bug: str,
    trusting: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("a secret log.txt", "long.bin"):
        attach(server, owner, bug, name, FILES.get(name, b"hello\n"), "text/plain")
    nobodys, careful = server.source(None), server.source(owner, private=False)
    seen = attachments(nobodys, bug)["a secret log.txt"]
    server.change(owner, bug, "transitionToInformationType", information_type="Private")
    source = server.source(owner)
    held = attachments(source, bug)
    said = came(source, held["a secret log.txt"])
    assert said == ("a secret log.txt", "text/plain", 6, 0, sha256(b"hello\n"))
    assert came(source, held["long.bin"]).sha256 == sha256(LONG)
    with pytest.raises(Gone):
        came(nobodys, seen)
    with pytest.raises(NotPublic):
        came(careful, seen)
    assert "token=" not in caplog.text
    assert "secret" not in caplog.text
    server.change(owner, bug, "transitionToInformationType", information_type="Public")
    assert came(nobodys, seen).sha256 == sha256(b"hello\n")


def test_what_has_no_bytes_is_gone(server: Server, owner: Login, bug: str) -> None:
    form = {"url": "https://example.com/y.png", "comment": "there", "description": "an address"}
    server.change(owner, bug, "addAttachment", is_patch="false", **form)
    attach(server, owner, bug, "..", b"x", "text/plain")
    attach(server, owner, bug, "log.txt", b"x", "text/plain")
    source = server.source(None)
    held = attachments(source, bug)
    assert held["an address"].data is None
    removed = held["log.txt"].data or ""
    server.post(owner, removed.partition("/devel/")[2].removesuffix("/data"),
                **{"ws.op": "removeFromBug"})  # fmt: skip
    for one in held.values():
        with pytest.raises(Gone):
            came(source, one)


def test_a_pull_keeps_the_bytes_of_private_bugs_and_of_public_ones(
    server: Server,
    owner: Login,
    bug: str,
    trusting: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attach(server, owner, bug, "long.bin", LONG, "application/octet-stream")
    key, project = Key(f"launchpad:bug:{bug}"), server.projects[-1]
    for kind in ("Public", "Private"):
        server.change(owner, bug, "transitionToInformationType", information_type=kind)
        folder = tmp_path / kind
        with workspace(server, folder, owner, monkeypatch, project, files=True) as opened:
            assert jobs.pull(opened).unread == 0
            found = opened.archive.issue(key)
            assert found is not None
            file = found.attachments[0].file
            assert file is not None
            assert (file.state, file.name, file.sha256) == ("held", "long.bin", sha256(LONG))
            held = list(folder.rglob(file.sha256))
            assert [one.read_bytes() for one in held] == [LONG]
            said = [one.body for one in opened.archive.replies(key)]
            assert not [body for body in said if b"token=" in body]
