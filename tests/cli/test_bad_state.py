"""A workspace whose state is newer, damaged, open to others, in use, or has no room left."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.conftest import Cli, Servers, ended, started, until
from tracker_migrate.cli.run import run
from tracker_migrate.workspace import Workspace

COMMANDS = ("pull", "plan", "apply", "verify", "status")


@contextmanager
def opened(workspace: Path) -> Iterator[sqlite3.Connection]:
    """The database, by another program."""
    connection = sqlite3.connect(workspace / "state" / "workspace.db")
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_workspace_of_a_newer_version_is_not_touched(
    cli: Cli, workspace: Path, command: str
) -> None:
    with opened(workspace) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = cli(command)
    assert ended.status == 1
    assert "made by a newer tracker-migrate; install that version" in ended.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("how", ["overwritten", "cut", "torn", "emptied of tables"])
def test_a_damaged_database_is_told(cli: Cli, workspace: Path, command: str, how: str) -> None:
    path = workspace / "state" / "workspace.db"
    for rest in path.parent.glob("workspace.db-*"):
        rest.unlink()
    held = path.read_bytes()
    match how:
        case "overwritten":
            path.write_bytes(b"this is no database at all" * 1000)
        case "cut":
            path.write_bytes(held[: len(held) // 3 // 4096 * 4096])
        case "torn":
            path.write_bytes(held[:4096] + os.urandom(len(held) - 4096))
        case _:
            with opened(workspace) as database:
                names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                for (name,) in names.fetchall():
                    if name != "alembic_version" and not name.startswith("sqlite_"):
                        database.execute(f'DROP TABLE "{name}"')
    ended = cli(command)
    assert ended.status == 1
    assert "restore it from a copy, or begin a new workspace" in ended.err


def test_state_that_others_may_read_is_refused(cli: Cli, workspace: Path) -> None:
    state = workspace / "state"
    for mode in (0o755, 0o710, 0o707):
        state.chmod(mode)
        ended = cli("plan")
        assert ended.status == 1
        assert f"others may read {state}: chmod go= {state}" in ended.err
    state.chmod(0o700)
    assert cli("plan").status == 0


def test_a_state_folder_that_is_a_file(cli: Cli, workspace: Path) -> None:
    (workspace / "state").rename(workspace / "elsewhere")
    (workspace / "state").touch()
    ended = cli("plan")
    assert ended.status == 1
    assert str(workspace / "state") in ended.err


@pytest.mark.parametrize("command", ["pull", "apply", "run"])
def test_two_at_once_are_not_allowed(cli: Cli, workspace: Path, command: str) -> None:
    with Workspace(workspace) as held, held.coordinating():
        ended = cli(command)
    assert ended.status == 5
    assert f"process {os.getpid()}" in ended.err
    assert "wait for it to end" in ended.err


@pytest.mark.parametrize("command", ["plan", "status", "verify"])
def test_reading_goes_on_beside_another_run(cli: Cli, workspace: Path, command: str) -> None:
    with Workspace(workspace) as held, held.coordinating():
        assert cli(command).status in (0, 4)


def test_a_process_that_is_at_work_keeps_others_out(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    standins.launchpad.latency = 0.05
    process = started(workspace, "pull", "--full")
    try:
        lock = workspace / "state" / "lock"
        until(lambda: f"process {process.pid} " in lock.read_text())
        assert cli("pull").status == 5
    finally:
        standins.launchpad.latency = 0.0
        assert ended(process).status == 0
    assert cli("pull").status == 0


# -- no room --------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_the_next_run_goes_on(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    def small(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    # the pool's own class: engines are made inside the command
    sa.event.listen(sa.pool.Pool, "connect", small)
    try:
        told = cli("apply", "-T", "old")
    finally:
        sa.event.remove(sa.pool.Pool, "connect", small)
    assert told.status == 1
    assert "the disk is full: free some room and run the same command again" in told.err
    assert cli("apply", "-T", "old").status == 0
    assert cli("verify", "-T", "old").status == 0


_LIMITED = """
import resource, sys
from tracker_migrate.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
main(sys.argv[2:])
"""


def test_a_disk_that_takes_no_more_bytes_is_told(
    workspace: Path, standins: Servers, tmp_path: Path
) -> None:
    size = (workspace / "state" / "workspace.db").stat().st_size
    command = [sys.executable, "-c", _LIMITED, str(size + 40_000), "apply", "-T", "new"]
    process = subprocess.Popen(
        command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    told = ended(process)
    assert told.status == 1
    assert "disk" in told.err
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert run(["apply", "-T", "new", "-q"]) == 0


# -- a database server ----------------------------------------------------------------------------


@pytest.mark.parametrize("port", [1])
def test_a_database_server_that_is_not_there(
    cli: Cli, workspace: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"postgresql+psycopg://me:hunter2@127.0.0.1:{port}/move"
    monkeypatch.setenv("TRACKER_MIGRATE_DATABASE", address)
    ended = cli("status")
    assert ended.status == 6
    assert "TRACKER_MIGRATE_DATABASE" in ended.err


@pytest.mark.parametrize("address", ["nonsense", "oracle://x/y", "postgresql+nodriver://h/x"])
def test_a_database_address_that_is_none(
    cli: Cli, workspace: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_DATABASE", address)
    ended = cli("status")
    assert ended.status == 2


def test_output_that_nobody_reads_is_no_failure(workspace: Path) -> None:
    command = f"{sys.executable} -m tracker_migrate plan | true"
    found = subprocess.run(
        ["/bin/sh", "-c", command], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in found.stderr
    assert "BrokenPipe" not in found.stderr
