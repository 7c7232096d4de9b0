"""Secrets and state at rest: for their owner alone; and no token in anything that is printed."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import os
import stat
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SECRETS, Cli, Servers
from tests.end_to_end.world import conduit_token
from tracker_migrate import retries
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.cli.run import run
from tracker_migrate.engine import jobs
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import MigrateError
from tracker_migrate.testing.loopback import Fault
from tracker_migrate.workspace import Workspace, secrets

#: tokens that stand in nothing else, so that each place that holds one is found
LOGIN = {"consumer": "lab-client", "token": "TOKEN-of-gadget-owner",
         "secret": "SECRET-of-gadget-owner"}  # fmt: skip
HELD = {"launchpad": [LOGIN["secret"]], "new": ["token-of-super", "token-of-normal"],
        "old": [conduit_token("importbot"), conduit_token("carol")]}  # fmt: skip


# -- at rest ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    """What new files are not given."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_all_that_is_made_in_state_is_its_owners_alone_whatever_the_umask(
    standins: Servers, tmp_path: Path, mask: int
) -> None:
    (tmp_path / "migration.toml").write_text(standins.settings())
    seen: set[str] = set()
    with umask(mask), Workspace(tmp_path) as workspace, workspace.coordinating():
        assert jobs.pull(workspace).new
        for path in (tmp_path / "state", *(tmp_path / "state").rglob("*")):
            seen.add(path.name)
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
    assert {"state", "workspace.db", "workspace.db-wal", "workspace.db-shm", "lock"} <= seen


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
@pytest.mark.parametrize(
    "file", ["workspace.db", "workspace.db-wal", "lock", "credentials/new-token", "credentials"]
)
def test_a_file_of_the_state_that_others_may_read_is_refused_with_the_cure(
    cli: Cli, workspace: Path, file: str, mode: int
) -> None:
    state = workspace / "state"
    (state / "credentials").mkdir(mode=0o700, exist_ok=True)
    path = state / file
    if not path.exists():
        path.touch()
    path.chmod(mode | 0o100 if path.is_dir() else mode)
    for command in ("status", "plan", "apply"):
        ended = cli(command)
        assert ended.status == 1
        assert f"others may read {path}: chmod -R go= {state}" in ended.err
    subprocess.run(["chmod", "-R", "go=", state], check=True)
    assert cli("status").status == 0


def test_a_database_elsewhere_is_its_owners_alone(
    cli: Cli, workspace: Path, tmp_path: Path
) -> None:
    place = tmp_path / "elsewhere.db"
    with (workspace / "migration.toml").open("a") as file:
        file.write(f'[database]\nurl = "sqlite:///{place}"\n')
    with umask(0):
        assert cli("status").status == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.chmod(0o644)
    ended = cli("status")
    assert ended.status == 1
    assert f"others may read {place}: chmod go= {place}" in ended.err


def test_state_may_be_a_link_to_a_folder_of_ones_own(
    cli: Cli, workspace: Path, tmp_path: Path
) -> None:
    (workspace / "state").rename(tmp_path / "big-disk")
    (workspace / "state").symlink_to(tmp_path / "big-disk")
    assert cli("status").status == 0
    (tmp_path / "big-disk").chmod(0o750)
    ended = cli("status")
    assert ended.status == 1
    assert "others may read" in ended.err


@pytest.mark.parametrize("whose", ["the folder", "the link"])
def test_state_that_leads_to_somebody_elses_folder_is_refused(
    cli: Cli, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    there, link = tmp_path / "theirs", workspace / "state"
    link.rename(there)
    link.symlink_to(there)
    other = there if whose == "the folder" else link
    _belongs_to_somebody_else(other, monkeypatch)
    ended = cli("status")
    assert ended.status == 1
    assert f"{link} belongs to another user" in ended.err


def test_a_credential_of_somebody_else_is_refused(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workspace / "state" / "credentials" / "new-token"
    place.parent.mkdir(mode=0o700)
    place.touch(mode=0o600)
    _belongs_to_somebody_else(place, monkeypatch)
    ended = cli("status")
    assert ended.status == 1
    assert f"{place} belongs to another user" in ended.err


def _belongs_to_somebody_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a path look as if another user owned it; no test can give files away without root."""
    real, inode = os.stat, path.lstat().st_ino

    def told(at: Any, **how: Any) -> os.stat_result:
        held = real(at, **how)
        if held.st_ino != inode:
            return held
        return os.stat_result([*held[:4], held.st_uid + 1, *held[5:10]])

    monkeypatch.setattr(os, "stat", told)
    monkeypatch.setattr(Path, "lstat", lambda self: told(self, follow_symlinks=False))


def test_login_refuses_to_put_a_token_where_others_look(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workspace / "state" / "credentials"
    place.mkdir(mode=0o755)
    place.chmod(0o755)
    monkeypatch.setattr(sys, "stdin", io.StringIO("token-of-super"))
    assert cli("login", "new").status == 1
    assert not list(place.iterdir())


# -- what is printed -------------------------------------------------------------------------------

#: what has no words of its own: plain values and their containers hold what they are given
_PLAIN = (str, bytes, bytearray, int, float, dict, list, tuple, set, frozenset, type(None))
_CODE = (types.ModuleType, types.FunctionType, types.CodeType, type, types.FrameType)


def reachable(root: object) -> Iterator[object]:
    """Every object that hangs together with this one, through attributes and containers. Of code
    not the globals, by which everything is reached."""
    seen, waiting = {id(root)}, [root]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, types.FunctionType):
            parts: list[Any] = [cell.cell_contents for cell in one.__closure__ or ()]
        elif isinstance(one, _CODE):
            continue
        else:
            parts = gc.get_referents(one)
        if isinstance(one, threading.local):
            parts.append(one.__dict__)
        for part in parts:
            if id(part) not in seen:
                seen.add(id(part))
                waiting.append(part)


def spoken(root: object) -> Iterator[str]:
    """What every object that is reachable says of itself."""
    for one in list(reachable(root)):
        if isinstance(one, (*_PLAIN, *_CODE)):
            continue
        yield repr(one)
        yield str(one)


@pytest.fixture
def logged_in(
    workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """A workspace with every login that there is, all in use."""
    with standins.launchpad.lock:
        seed_token(standins.launchpad.store, "~gadget-owner", *LOGIN.values())
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", " ".join(LOGIN.values()))
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_OUTSIDER_TOKEN", "token-of-normal")
    monkeypatch.setenv("TRACKER_MIGRATE_OLD_OUTSIDER_TOKEN", conduit_token("carol"))
    (workspace / "migration.toml").write_text(standins.settings(source="private = true"))
    with Workspace(workspace) as held:
        yield held


@contextlib.contextmanager
def used_source(workspace: Workspace) -> Iterator[Any]:
    """A source that has asked its server."""
    source = jobs.open_source(workspace)
    source.check()
    next(iter(source.listing(None)))
    yield source
    source.close()


@contextlib.contextmanager
def used_target(workspace: Workspace, name: str) -> Iterator[Any]:
    """A target's sink that has asked its server, as itself."""
    target = Target(workspace, name)
    target.sink.check(target.decisions)
    yield target.sink
    target.close()


_OPEN: dict[str, Callable[[Workspace], contextlib.AbstractContextManager[Any]]] = {
    "launchpad": used_source,
    "new": lambda workspace: used_target(workspace, "new"),
    "old": lambda workspace: used_target(workspace, "old"),
}


@pytest.mark.parametrize("name", _OPEN)
def test_no_object_of_an_open_tracker_speaks_of_its_token(logged_in: Workspace, name: str) -> None:
    with _OPEN[name](logged_in) as opened:
        there = "".join(one for one in reachable(opened) if isinstance(one, str))
        for token in HELD[name]:
            assert token in there, "the walk does not reach where it is kept"
        for text in spoken(opened):
            assert not any(token in text for token in (*SECRETS, *HELD[name])), text[:60]


@pytest.mark.parametrize("name", _OPEN)
@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=401, text="who?", times=99),
        Fault("status", status=400, text="{}", times=99),
        Fault("status", status=302, headers={"Location": "http://127.0.0.1:9/"}, times=99),
        Fault("html", times=99),
        Fault("truncate", times=99),
        Fault("reset", times=99),
    ],
)
def test_no_failure_speaks_of_a_token_nor_does_what_led_to_it(
    logged_in: Workspace,
    standins: Servers,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: Fault,
) -> None:
    standin: Any = {"new": standins.storyboard, "old": standins.maniphest}.get(
        name, standins.launchpad
    )
    standin.faults.append(Fault(**vars(fault)))
    monkeypatch.setattr(retries, "_LONGEST_WAIT", 0.0)
    with pytest.raises(MigrateError) as caught, _OPEN[name](logged_in):
        pass
    errors: list[BaseException] = [caught.value]
    for error in errors:  # it grows
        errors += [one for one in (error.__cause__, error.__context__) if one is not None]
        said = f"{error} {error!r} {error.args}"
        assert not any(token in said for token in (*SECRETS, *HELD[name])), type(error)


@pytest.mark.parametrize("name", ["new", "old", "launchpad"])
def test_a_trace_and_the_fullest_log_hold_no_token(
    logged_in: Workspace,
    standins: Servers,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_TRACE", "1")
    monkeypatch.setattr(retries, "_LONGEST_WAIT", 0.0)
    caplog.set_level(logging.DEBUG)
    for logger in list(logging.Logger.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger)  # given back when the test ends
    words = ["pull", "--full"] if name == "launchpad" else ["apply", "-T", name, "--limit", "3"]
    assert run([*words, "-v", "--json"]) in (0, 3)
    standin: Any = {"new": standins.storyboard, "old": standins.maniphest}.get(
        name, standins.launchpad
    )
    standin.faults.append(Fault("status", status=401, times=99))
    run([*words, "-v", "--json"])
    out, err = capfd.readouterr()
    assert caplog.text
    for token in (*SECRETS, *HELD[name]):
        assert token not in out + err + caplog.text


def test_no_token_reaches_a_file_outside_the_credentials(cli: Cli, logged_in: Workspace) -> None:
    for command in ("pull", "plan", "apply", "verify", "status"):
        assert cli(command).status in (0, 3, 4)
    for path in logged_in.folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            for token in {*SECRETS, *(one for some in HELD.values() for one in some)}:
                assert token.encode() not in held, path


def test_what_is_read_of_secrets_says_where_not_what(workspace: Path) -> None:
    (place,) = secrets.places(workspace, "new-token")
    assert str(place) == "the variable TRACKER_MIGRATE_NEW_TOKEN"
    assert "token-of-super" not in repr(place)
