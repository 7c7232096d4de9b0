"""Attachments from Launchpad's librarian to Maniphest's files: whole, once, and as closed as their
bug."""

from __future__ import annotations

import base64
import hashlib
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.test_kill import Killer
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import conduit_token
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.engine import jobs
from tracker_migrate.testing.loopback import Fault, Request
from tracker_migrate.workspace import Workspace

MIB = 2**20
PATHS = "SELECT path FROM item WHERE kind = 'bug_attachment' AND path LIKE ?"
PIECE = 4 * MIB
FILES = "SELECT id, phid, name, size, view, chunked FROM file WHERE author = ? ORDER BY id"


def files(marked: MarkedWorld) -> list[Any]:
    standin = marked.here.maniphest
    me = standin.site.people.by_names(["importbot"])[0].phid
    with standin.lock:
        return [dict(row) for row in standin.store.rows(FILES, [me])]


def hash_of(marked: MarkedWorld, file: dict[str, Any]) -> str:
    """Of a file's bytes, piece by piece."""
    standin, done = marked.here.maniphest, hashlib.sha256()
    with standin.lock:
        if not file["chunked"]:
            done.update(standin.store.value("SELECT data FROM file WHERE id = ?", [file["id"]]))
            return done.hexdigest()
        sql = "SELECT data FROM chunk WHERE file = ? ORDER BY start"
        for row in standin.store.db.execute(sql, [file["phid"]]):
            done.update(row[0])
    return done.hexdigest()


def attach(marked: MarkedWorld, size: int, info: str = "Public") -> tuple[int, str]:
    """A bug with a file of so many bytes; its number, and the hash of them."""
    bug = marked.project.bug(info, files=1)
    store, unit = marked.here.launchpad.store, f"{bug} and a piece of it. ".encode()
    (number,) = [
        int(str(row[0]))
        for row in store.db.execute(
            "SELECT value FROM meta WHERE key LIKE ?", [f"file:bugs/{bug}/%"]
        )
    ]
    keep_file(store, "core.bin", "application/octet-stream", unit, number, size=size)
    done, left = hashlib.sha256(), size
    whole = unit * (MIB // len(unit))
    while left > 0:
        done.update(whole[:left])
        left -= len(whole)
    return bug, done.hexdigest()


def moved(marked: MarkedWorld, **how: Any) -> Any:
    marked.here.pull(full=True)
    return marked.here.apply("maniphest", **how)


def writes_nothing(marked: MarkedWorld) -> None:
    before = marked.here.writes("maniphest")
    assert marked.here.apply("maniphest").steps == 0
    assert marked.here.writes("maniphest") == before


def described(marked: MarkedWorld) -> list[str]:
    return list(marked.here.maniphest.store.column("SELECT description FROM task ORDER BY id"))


def said(marked: MarkedWorld) -> str:
    sql = "SELECT comment FROM xaction_task WHERE comment IS NOT NULL"
    return "\n".join(marked.here.maniphest.store.column(sql))


# -- they arrive ------------------------------------------------------------------------------


def test_files_arrive_whole_and_once_with_the_policy_of_their_task(marked: MarkedWorld) -> None:
    _small, small_hash = attach(marked, 1000)
    _large, large_hash = attach(marked, 2 * PIECE + 5, "Private")
    moved(marked)
    sent = {hash_of(marked, one): one for one in files(marked)}  # of two issues, in any order
    assert len(files(marked)) == 2
    first, second = sent[small_hash], sent[large_hash]
    views = marked.here.maniphest.store.column("SELECT view FROM task ORDER BY id")
    assert [first["view"], second["view"]] == views
    assert first["view"] == "public"
    assert second["view"].startswith("PHID-PROJ-")
    for one in (first, second):
        assert f" {{F{one['id']}}}" in said(marked)
    seen = marked.here.verify("maniphest")
    agrees(seen)
    assert not [reason for reason in seen.account.reasons if reason[1] == "attachment"]
    writes_nothing(marked)


def test_files_that_were_not_asked_for_come_later(marked: MarkedWorld) -> None:
    """Comments that stand there can't show them, and need not: the description leads to them."""
    attach(marked, 1000)
    settings = marked.here.folder / "migration.toml"
    before = settings.read_text()
    settings.write_text(before.replace("[source]", "[source]\nattachments = false"))
    moved(marked)
    assert not files(marked)
    settings.write_text(before)
    applied = moved(marked)
    (file,) = files(marked)
    assert not applied.stuck
    assert f"/F{file['id']} |" in described(marked)[0]
    assert "{F" not in said(marked)
    agrees(marked.here.verify("maniphest"))
    writes_nothing(marked)


# -- faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["file.upload", "file.allocate", "file.uploadchunk"])
@pytest.mark.parametrize("fault", ["lose", "drop", "truncate", "late"])
def test_a_lost_reply_leaves_one_file_with_all_its_bytes(
    marked: MarkedWorld, method: str, fault: str
) -> None:
    _bug, hashed = attach(marked, 1000 if method == "file.upload" else 2 * PIECE + 5)
    standin = marked.here.maniphest
    standin.faults.append(Fault(fault, path=method, seconds=0.1))
    moved(marked)
    (file,) = files(marked)
    assert hash_of(marked, file) == hashed
    agrees(marked.here.verify("maniphest"))
    writes_nothing(marked)


def test_an_upload_that_is_delivered_twice_is_told_as_a_double(marked: MarkedWorld) -> None:
    attach(marked, 1000)
    marked.here.maniphest.faults.append(Fault("double", path="file.upload"))
    moved(marked)
    assert len(files(marked)) == 2
    (double,) = marked.here.apply("maniphest").doubles
    assert (double.kind, double.state) == ("file", "told")
    marked.here.maniphest.store.run("DELETE FROM file WHERE phid = ?", [double.at.id])
    assert not marked.here.apply("maniphest").doubles


def test_what_an_earlier_migration_brought_is_no_double(marked: MarkedWorld) -> None:
    """Another workspace, with the same account and the same files: a rehearsal, shortly before."""
    attach(marked, 1000)
    marked.here.pull(full=True)
    earlier(marked, archived(marked))
    marked.here.apply("maniphest")
    assert len(files(marked)) == 2
    assert marked.here.apply("maniphest").doubles == []


def test_only_the_same_bytes_are_a_double(marked: MarkedWorld) -> None:
    """Beside another workspace: files of one name and size are many (`ProcEnviron.txt`)."""
    attach(marked, 1000)
    moved(marked)
    one, other = archived(marked), bytes(1000)
    earlier(marked, other)
    assert marked.here.apply("maniphest").doubles == []
    earlier(marked, one)
    (double,) = marked.here.apply("maniphest").doubles
    assert double.at.number == f"F{files(marked)[-1]['id']}"


def archived(marked: MarkedWorld) -> bytes:
    """The bytes of the one file that was read."""
    with Workspace(marked.here.folder) as workspace:
        (issue,) = (one for one in workspace.archive.issues() if one.attachments)
        file = issue.attachments[0].file
        assert file is not None
        with workspace.files.open(file.sha256) as handle:
            return bytes(handle.read())


def earlier(marked: MarkedWorld, data: bytes) -> None:
    """Somebody else who works with the importing account uploads a file of that name."""
    client = Conduit(marked.here.maniphest.url, conduit_token("importbot"))
    told = base64.b64encode(data).decode()
    client.write("file.upload", name="core.bin", data_base64=told, viewPolicy="public")
    client.close()


def _killed_in_the_middle(marked: MarkedWorld, at: int) -> None:
    """A real process, killed when a piece is under way."""
    marked.here.pull(full=True)
    killer = Pieces(marked.here.maniphest, at)
    command = [sys.executable, "-m", "tracker_migrate", "apply", "-q", "-T", "maniphest"]
    killer.child = subprocess.Popen(
        [*command, "-C", str(marked.here.folder)], stdout=subprocess.DEVNULL
    )
    killer.child.communicate(timeout=300)
    marked.here.maniphest.on_request = None
    assert killer.child.returncode == -signal.SIGKILL


class Pieces(Killer):
    """Kills the child at its n-th piece, which is written."""

    def __init__(self, standin: Any, at: int) -> None:
        super().__init__(standin, at, after=True)

    def __call__(self, request: Request) -> None:
        if request.path.endswith("file.uploadchunk"):
            super().__call__(request)


def test_a_run_that_was_killed_goes_on_where_it_was(marked: MarkedWorld) -> None:
    _bug, hashed = attach(marked, 4 * PIECE + 5)
    _killed_in_the_middle(marked, 3)
    standin = marked.here.maniphest
    assert standin.store.value("SELECT count(*) FROM chunk") == 3
    standin.requests.clear()
    marked.here.apply("maniphest")
    assert standin.requests["write:file.uploadchunk"] == 2
    (file,) = files(marked)
    assert hash_of(marked, file) == hashed
    agrees(marked.here.verify("maniphest"))
    writes_nothing(marked)


@pytest.mark.slow
def test_200_mb_are_moved_with_memory_flat_and_go_on_after_a_kill(marked: MarkedWorld) -> None:
    """The peak of a run that sends them is that of one that sends a small file, and some pieces."""
    small, large = 1000, 200 * 10**6
    attach(marked, small)
    marked.here.pull(full=True)
    least = _peak(marked, "apply", "-T", "maniphest")
    _bug, hashed = attach(marked, large)
    read = _peak(marked, "pull")
    _killed_in_the_middle(marked, 20)
    most = _peak(marked, "apply", "-T", "maniphest")
    file = next(one for one in files(marked) if one["size"] == large)
    assert hash_of(marked, file) == hashed
    sys.stdout.write(f"peak: small {least:.0f} MB, pull {read:.0f} MB, apply {most:.0f} MB\n")
    assert read < least + 60
    assert most < least + 60


def _peak(marked: MarkedWorld, *command: str) -> float:
    """The most memory that a command held, in MB. Asked while it runs: what the system tells at the
    end counts ours, too, and we are the server that keeps the file."""
    words = [sys.executable, "-m", "tracker_migrate", *command, "-q", "-C", str(marked.here.folder)]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    peak = 0
    while child.poll() is None:
        with suppress(OSError):
            told = Path(f"/proc/{child.pid}/status").read_text()
            peak = max([peak, *map(int, re.findall(r"VmHWM:\s+(\d+)", told))])
        time.sleep(0.02)
    assert child.returncode in (0, 3)
    return peak / 1024


# -- who may read -----------------------------------------------------------------------------


def test_a_file_whose_bug_becomes_private_is_told_until_somebody_closes_it(
    marked: MarkedWorld,
) -> None:
    bug, _ = attach(marked, 1000)
    moved(marked)
    marked.project.turn(bug, "Private")
    assert moved(marked).exposed == 1
    seen = marked.here.verify("maniphest")
    assert not seen.agrees
    assert marked.here.maniphest.store.column("SELECT view FROM task") != ["public"]
    assert marked.here.apply("maniphest").exposed == 1
    policy = marked.here.maniphest.store.value("SELECT phid FROM project WHERE name = 'few'")
    marked.here.maniphest.store.run("UPDATE file SET view = ? WHERE name = 'core.bin'", [policy])
    assert marked.here.apply("maniphest").exposed == 0
    agrees(marked.here.verify("maniphest"))
    writes_nothing(marked)


def test_an_exposed_file_that_is_removed_is_no_longer_told(marked: MarkedWorld) -> None:
    bug, _ = attach(marked, 1000)
    moved(marked)
    marked.project.turn(bug, "Private")
    assert moved(marked).exposed == 1
    marked.here.maniphest.store.run("DELETE FROM file WHERE name = 'core.bin'")
    assert marked.here.apply("maniphest").exposed == 0
    assert len(files(marked)) == 0
    writes_nothing(marked)


@pytest.mark.parametrize("way", ["hidden", "removed"])
def test_a_file_that_goes_at_the_source_is_told_until_it_is_gone_here(
    marked: MarkedWorld, way: str
) -> None:
    bug, _ = attach(marked, 1000)
    moved(marked)
    store = marked.here.launchpad.store
    if way == "hidden":
        marked.project.change_comment(bug, 2, visible=False)
    else:
        (path,) = [row[0] for row in store.db.execute(PATHS, [f"bugs/{bug}/%"])]
        store.drop_item(path)
    assert moved(marked).exposed == 1
    for comment in marked.here.maniphest.store.column("SELECT phid FROM xaction_task"):
        marked.here.maniphest.store.run("DELETE FROM xaction_task WHERE phid = ?", [comment])
    assert marked.here.apply("maniphest").exposed == 1
    marked.here.maniphest.store.run("DELETE FROM file WHERE name = 'core.bin'")
    assert marked.here.apply("maniphest").exposed == 0


def test_a_file_whose_bug_becomes_public_stays_closed_and_is_told(marked: MarkedWorld) -> None:
    bug, _ = attach(marked, 1000, "Private")
    moved(marked)
    marked.project.turn(bug, "Public")
    applied = moved(marked)
    assert applied.stuck == 1
    (file,) = files(marked)
    assert file["view"] != "public"
    assert marked.here.maniphest.store.column("SELECT view FROM task") == ["public"]
    writes_nothing(marked)


# -- a lost ledger ----------------------------------------------------------------------------


def test_files_are_known_again_by_the_texts_that_show_them(marked: MarkedWorld) -> None:
    attach(marked, 1000)
    attach(marked, 2 * PIECE + 5)
    moved(marked)
    with Workspace(marked.here.folder) as workspace:
        ledger = workspace.ledger("maniphest")
        for issue in list(ledger.issues()):
            ledger.forget(ledger.of_issue(issue))
    with Workspace(marked.here.folder) as workspace, workspace.coordinating():
        adopted = jobs.adopt(workspace, "maniphest")
    assert not adopted.differs
    assert not adopted.unknown
    before = files(marked)
    writes_nothing(marked)
    assert files(marked) == before
    agrees(marked.here.verify("maniphest"))
