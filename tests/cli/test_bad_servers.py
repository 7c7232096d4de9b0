"""Servers that are not there, are something else, or do not take the login."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Servers, texts
from tests.end_to_end.world import conduit_token
from tracker_migrate import circuit, hosts, http
from tracker_migrate.testing.loopback import Fault

TRACKERS = ("launchpad", "storyboard", "maniphest")
#: the command that asks a tracker first
ASKS = {
    "launchpad": ("pull",),
    "storyboard": ("apply", "-T", "new"),
    "maniphest": ("apply", "-T", "old"),
}
_JSON = {"Content-Type": "application/json"}
VARIABLE = {
    "launchpad": "TRACKER_MIGRATE_LAUNCHPAD",
    "storyboard": "TRACKER_MIGRATE_NEW_TOKEN",
    "maniphest": "TRACKER_MIGRATE_OLD_TOKEN",
}


def point(workspace: Path, standins: Servers, tracker: str, address: str) -> None:
    """Have a tracker be looked for somewhere else."""
    text = standins.settings().replace(getattr(standins, tracker).url, address)
    (workspace / "migration.toml").write_text(text)


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes no connection and does not refuse it either: a full backlog."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(0)
        address = held.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        yield f"http://127.0.0.1:{address[1]}"
        for filler in fillers:
            filler.close()


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the patience with servers that were never there."""
    assert hosts.FIRST_PATIENCE <= 20
    monkeypatch.setattr(hosts, "FIRST_PATIENCE", hosts.FIRST_PATIENCE / 10)


# -- not there ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_refused_connection_is_told_within_seconds(
    cli: Cli, workspace: Path, standins: Servers, nobody: str, tracker: str
) -> None:
    point(workspace, standins, tracker, nobody)
    ended = cli(*ASKS[tracker])
    assert ended.status == 6
    assert "does not answer" in ended.err or "did not answer" in ended.err
    assert "it takes no connection" in ended.err


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_name_that_is_not_known_is_told(
    cli: Cli, workspace: Path, standins: Servers, tracker: str
) -> None:
    point(workspace, standins, tracker, "http://tracker.invalid")
    ended = cli(*ASKS[tracker])
    assert ended.status == 6
    assert "its name is not known" in ended.err


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_server_that_takes_no_connection_is_not_waited_for_as_for_an_answer(
    cli: Cli,
    workspace: Path,
    standins: Servers,
    silent: str,
    tracker: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert http.CONNECT <= 10
    monkeypatch.setattr(http, "CONNECT", 0.2)
    monkeypatch.setattr("tracker_migrate.backends.launchpad.reader.CONNECT", 0.2)
    point(workspace, standins, tracker, silent)
    ended = cli(*ASKS[tracker])
    assert ended.status == 6
    assert "no connection in time" in ended.err


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_server_that_never_answers_is_not_asked_again_for_long(
    cli: Cli, workspace: Path, standins: Servers, tracker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit, "SLOW", 0.3)
    monkeypatch.setattr(hosts, "FIRST_PATIENCE", 0.3)
    text = standins.settings(source="timeout = 0.4")
    text = text.replace("settle_seconds = 0.2", "settle_seconds = 0.2\ntimeout = 0.4")
    (workspace / "migration.toml").write_text(text)
    standin = getattr(standins, tracker)
    before = standin.requests.total()
    standin.faults.append(Fault(do="delay", seconds=1.0, times=99))
    ended = cli(*ASKS[tracker])
    assert ended.status == 6
    assert "no answer in time" in ended.err
    assert standin.requests.total() - before in (1, 2)  # six, were it not for the patience


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_server_that_is_down_is_told(
    cli: Cli, workspace: Path, standins: Servers, tracker: str
) -> None:
    standin = getattr(standins, tracker)
    standin.faults.append(Fault(do="status", status=503, times=99, text="<html>hunter2</html>"))
    ended = cli(*ASKS[tracker])
    assert ended.status == 6
    assert "503" in ended.err


# -- something else -------------------------------------------------------------------------------


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize("other", TRACKERS)
def test_another_tracker_is_told_apart(
    cli: Cli, workspace: Path, standins: Servers, tracker: str, other: str
) -> None:
    if tracker == other:
        return
    point(workspace, standins, tracker, getattr(standins, other).url)
    ended = cli(*ASKS[tracker])
    assert ended.status == 2
    assert "is no" in ended.err or "not as" in ended.err or "is this the address" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_web_page_is_no_tracker(
    cli: Cli, workspace: Path, standins: Servers, tracker: str
) -> None:
    getattr(standins, tracker).faults.append(Fault(do="html", times=99))
    ended = cli(*ASKS[tracker])
    assert ended.status == 2
    assert "address" in ended.err
    assert "It works!" not in ended.err


# -- the login ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tracker", ["storyboard", "maniphest"])
@pytest.mark.parametrize("token", ["", "wrong", "two words", "ünï", "line\nbreak"])
def test_a_token_that_is_missing_or_wrong_names_where_it_is_read_from(
    cli: Cli,
    workspace: Path,
    tracker: str,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE[tracker], token)
    ended = cli(*ASKS[tracker])
    assert ended.status == 7
    assert VARIABLE[tracker] in ended.err
    assert str(workspace / "state" / "credentials") in ended.err
    assert not token or token not in ended.err.replace("wrong,", "").replace("wrong or", "")


@pytest.mark.parametrize(
    "login",
    ["lab-client", "a b c", "lab-client TOKEN-of-gadget-owner hunter2", "lab-client x y z"],
)
def test_a_login_of_launchpad_that_is_wrong_names_where_it_is_read_from(
    cli: Cli, workspace: Path, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE["launchpad"], login)
    ended = cli("pull")
    assert ended.status == 7
    assert "TRACKER_MIGRATE_LAUNCHPAD" in ended.err
    assert str(workspace / "state" / "credentials" / "launchpad") in ended.err


def test_what_is_private_is_not_asked_for_without_a_login(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    (workspace / "migration.toml").write_text(standins.settings(source="private = true"))
    ended = cli("pull")
    assert ended.status == 7
    assert "source.private = true needs a login" in ended.err
    assert "TRACKER_MIGRATE_LAUNCHPAD" in ended.err


def test_a_token_that_ran_out_in_the_middle_is_told(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    text = '{"faultcode": "Client", "faultstring": "hunter2"}'
    fault = Fault(
        do="status", status=401, method="POST", skip=9, times=999, text=text, headers=_JSON
    )
    standins.storyboard.faults.append(fault)
    ended = cli("apply", "-T", "new")
    assert ended.status == 7
    assert "TRACKER_MIGRATE_NEW_TOKEN" in ended.err
    standins.storyboard.faults.clear()
    assert cli("apply", "-T", "new").status == 0


def test_a_token_is_read_from_a_file_that_is_its_owners_alone(
    cli: Cli, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE["maniphest"])
    place = workspace / "state" / "credentials" / "old-token"
    place.parent.mkdir(mode=0o700, exist_ok=True)
    place.write_text(conduit_token("importbot") + "\n")
    place.chmod(0o644)
    ended = cli("apply", "-T", "old")
    assert ended.status == 1
    assert f"others may read {place}: chmod -R go= {workspace / 'state'}" in ended.err
    place.chmod(0o600)
    assert cli("apply", "-T", "old", "--limit", "1").status == 0


# -- what is asked for ----------------------------------------------------------------------------


def test_all_projects_that_there_are_none_of_are_named(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    text = standins.settings().replace('"launchpad:gadget"', '"launchpad:gadge", "launchpad:zzz"')
    (workspace / "migration.toml").write_text(text)
    ended = cli("pull")
    assert ended.status == 2
    assert "launchpad:gadge: no such project" in ended.err
    assert "launchpad:zzz: no such project" in ended.err


def test_a_failure_shows_no_private_title(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        VARIABLE["launchpad"], "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner"
    )
    (workspace / "migration.toml").write_text(standins.settings(source="private = true"))
    policy = '[information_type]\n"Private Security" = "team"\n"Private" = "team"\n'
    (workspace / "mappings" / "privacy.toml").write_text(
        policy + "[policies.team.new]\nusers = [3]\n"
    )
    assert cli("pull", "--full").status == 0
    private = texts(workspace)
    assert private
    for title in private:
        fault = Fault(do="status", method="POST", body=json.dumps(title), status=400, times=99)
        fault.text, fault.headers = json.dumps({"faultstring": title}), _JSON
        standins.storyboard.faults.append(fault)
    ended = cli("apply", "-T", "new", "-v", private=private)
    assert ended.status == 3
    assert cli("status", "--refused", private=private).status == 0
