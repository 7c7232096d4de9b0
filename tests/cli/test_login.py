"""`login`, and what `status` says of what it kept."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

from tests.cli.conftest import Cli, Ended, Servers, check, ended, started
from tests.end_to_end.world import conduit_token
from tracker_migrate.backends.launchpad import login as launchpad_login
from tracker_migrate.backends.storyboard.standin.personas import EXPIRED_TOKEN
from tracker_migrate.cli.login import Terminal
from tracker_migrate.cli.run import run
from tracker_migrate.errors import WorkspaceError
from tracker_migrate.testing.loopback import Fault
from tracker_migrate.workspace import secrets

BOT = conduit_token("importbot")
#: a target, what its right token is, and what the login then says
TARGETS = [
    ("new", "token-of-super", "Lab Superuser (1)", "read and write as a superuser"),
    ("new", "token-of-normal", "Lab Normal (2)", "read and write; no superuser"),
    ("old", BOT, "importbot (PHID-USER-", "read and write as a bot"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for seconds."""
    monkeypatch.setattr(launchpad_login, "EVERY", 0.05)


@pytest.fixture
def bare(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace without any login."""
    monkeypatch.delenv("TRACKER_MIGRATE_NEW_TOKEN")
    monkeypatch.delenv("TRACKER_MIGRATE_OLD_TOKEN")
    return workspace


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What stands on the standard input."""

    def said(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    said("")
    return said


def credentials(workspace: Path) -> Path:
    """Where logins are kept."""
    return workspace / "state" / "credentials"


def everything_in(workspace: Path) -> dict[str, bytes]:
    """Every file of the credentials."""
    if not credentials(workspace).is_dir():
        return {}
    return {path.name: path.read_bytes() for path in credentials(workspace).iterdir()}


# -- targets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "token", "whose", "may"), TARGETS)
def test_a_token_is_proven_kept_for_its_owner_alone_and_told_of(
    cli: Cli, bare: Path, say: Any, target: str, token: str, whose: str, may: str
) -> None:
    say(f"{token}\n")
    before = os.umask(0)
    try:
        done = cli("login", target)
    finally:
        os.umask(before)
    assert done.status == 0
    assert whose in done.out
    assert f"it may {may}" in done.out
    place = credentials(bare) / f"{target}-token"
    assert f"kept in the file {place}" in done.out
    assert place.read_text() == f"{token}\n"
    for path in (bare / "state").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert sorted(everything_in(bare)) == [place.name, f"{place.name}.facts.json"]
    told = cli("status")
    assert f"login: {whose}" in told.out
    assert may in told.out
    assert f"from the file {place}" in told.out
    assert cli("verify", "-T", target).status in (0, 4)


@pytest.mark.parametrize("target", ["new", "old"])
def test_who_has_no_login_is_told_how_to_get_one(cli: Cli, bare: Path, target: str) -> None:
    done = cli("verify", "-T", target)
    assert done.status == 7
    assert f"tracker-migrate login {target}" in done.err
    assert f"TRACKER_MIGRATE_{target.upper()}_TOKEN" in done.err
    assert f"  login: none (tracker-migrate login {target})" in cli("status").out


def test_where_a_token_is_made_is_shown(cli: Cli, bare: Path, standins: Servers, say: Any) -> None:
    say("x")
    web = standins.storyboard.url.removesuffix("/api")
    assert f"{web}/#!/profile/tokens" in cli("login", "new").err
    say("x")
    assert f"{standins.maniphest.url}/settings/panel/apitokens/" in cli("login", "old").err


@pytest.mark.parametrize(
    ("target", "token", "status", "said"),
    [
        ("new", "token-of-nobody", 7, "does not take the token"),
        ("new", EXPIRED_TOKEN, 7, "does not take the token"),
        ("old", "api-wrong", 7, "missing, wrong or not allowed"),
        ("old", "x" * 32, 7, "missing, wrong or not allowed"),
        ("new", "", 2, "no StoryBoard token was given"),
        ("old", " \n", 2, "no Conduit API token was given"),
        ("new", "two words", 2, "holds a blank"),
        ("new", "tökén", 2, "what no token has"),
    ],
)
def test_a_wrong_token_is_told_and_not_kept(
    cli: Cli, bare: Path, say: Any, target: str, token: str, status: int, said: str
) -> None:
    say(token)
    done = cli("login", target)
    assert (done.status, done.out) == (status, "")
    assert said in done.err
    assert not token.strip() or token.strip() not in done.err
    assert not everything_in(bare)


def test_a_wrong_token_leaves_the_one_that_was_there(cli: Cli, bare: Path, say: Any) -> None:
    say("token-of-super")
    assert cli("login", "new").status == 0
    before = everything_in(bare)
    say("token-of-nobody")
    assert cli("login", "new").status == 7
    assert everything_in(bare) == before


@pytest.mark.parametrize(
    ("target", "fault", "status"),
    [
        ("new", Fault("status", status=503, times=99), 6),
        ("new", Fault("reset", times=99), 6),
        ("new", Fault("html", times=99), 6),
        ("new", Fault("status", status=404, times=99), 2),
        ("old", Fault("html", times=99), 2),
        ("old", Fault("status", status=404, times=99), 2),
        ("old", Fault("reset", times=99), 6),
    ],
)
def test_a_server_that_is_none_or_not_there_is_told_in_a_line(
    cli: Cli, bare: Path, standins: Servers, say: Any, target: str, fault: Fault, status: int
) -> None:
    standin = standins.storyboard if target == "new" else standins.maniphest
    standin.faults.append(Fault(**vars(fault)))  # a copy: it counts itself down
    say("token-of-super" if target == "new" else BOT)
    done = cli("login", target)
    assert (done.status, done.out) == (status, "")
    assert len([line for line in done.err.splitlines() if line.startswith("error: ")]) == 1
    assert not everything_in(bare)


def test_the_wrong_tracker_at_the_address_is_told(
    cli: Cli, bare: Path, standins: Servers, say: Any
) -> None:
    text = (bare / "migration.toml").read_text()
    text = text.replace(
        f"maniphest:{standins.maniphest.url}", f"maniphest:{standins.launchpad.url}"
    )
    text = text.replace(
        f"storyboard:{standins.storyboard.url}", f"storyboard:{standins.maniphest.url}"
    )
    (bare / "migration.toml").write_text(text)
    for target, token in (("old", BOT), ("new", "token-of-super")):
        say(token)
        assert cli("login", target).status == 2


@pytest.mark.parametrize("target", ["new", "old"])
def test_a_read_only_login_of_a_target_is_a_mistake(
    cli: Cli, bare: Path, say: Any, target: str
) -> None:
    say("token-of-super")
    done = cli("login", target, "--read-only")
    assert done.status == 2
    assert "has no read-only tokens" in done.err
    assert not everything_in(bare)


@pytest.mark.parametrize(("name", "target"), [("storyboard", "new"), ("maniphest", "old")])
def test_a_trackers_name_means_its_one_target(
    cli: Cli, bare: Path, say: Any, name: str, target: str
) -> None:
    say("token-of-super" if target == "new" else BOT)
    assert cli("login", name).status == 0
    assert f"{target}-token" in everything_in(bare)


def test_a_name_that_means_none_or_several_is_told_with_the_choices(
    cli: Cli, bare: Path, standins: Servers, say: Any
) -> None:
    done = cli("login", "nwe")
    assert done.status == 2
    assert 'did you mean "new"? (there are: launchpad, new, old)' in done.err
    with (bare / "migration.toml").open("a") as file:
        file.write(f'[targets.third]\nsink = "storyboard:{standins.storyboard.url}"\n')
    done = cli("login", "storyboard")
    assert done.status == 2
    assert "name one of new, third" in done.err
    assert cli("login", "launchpad", "--outsider").status == 2


def test_a_dry_run_tries_the_token_and_keeps_nothing(cli: Cli, bare: Path, say: Any) -> None:
    say("token-of-super")
    done = cli("login", "new", "-n")
    assert done.status == 0
    assert "Lab Superuser" in done.out
    assert not everything_in(bare)


def test_json_is_one_document(cli: Cli, bare: Path, say: Any) -> None:
    say("token-of-super")
    done = cli("login", "new", "--json")
    found = json.loads(done.out)
    assert (found["tracker"], found["account"], found["hidden_by"]) == ("storyboard", "1", None)
    assert found["kept"]["at"] == str(credentials(bare) / "new-token")


# -- when it ends ----------------------------------------------------------------------------------


def test_the_end_of_a_storyboard_token_is_looked_up(cli: Cli, bare: Path, say: Any) -> None:
    say("token-of-super")
    found = json.loads(cli("login", "new", "--json").out)
    ends = datetime.fromisoformat(found["ends"]) - datetime.now(UTC)
    assert timedelta(days=3649) < ends < timedelta(days=3651)
    say(BOT)
    assert json.loads(cli("login", "old", "--json").out)["ends"] == "never"


@pytest.mark.parametrize(
    ("seconds", "said", "status"),
    [
        (-5, "it has ended", 3),
        (3600, "it ends in 0 days", 0),
        (13.5 * 86400, "it ends in 13 days", 0),
        (15 * 86400, "", 0),
    ],
)
def test_a_login_that_ends_soon_is_warned_of(
    cli: Cli, bare: Path, say: Any, seconds: float, said: str, status: int
) -> None:
    say("token-of-super")
    assert cli("login", "new").status == 0
    facts = credentials(bare) / "new-token.facts.json"
    held = json.loads(facts.read_text())
    held["tokens"][0]["ends"] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    facts.write_text(json.dumps(held))
    before = cli("status", "-T", "old", "--check").status
    told = cli("status", "--check")
    assert ("warning" in told.out) == bool(said)
    assert said in told.out
    if said:
        assert "tracker-migrate login new" in told.out
    assert told.status == max(before, status)
    assert json.loads(cli("status", "--json").out)["targets"]["new"]["login"]["usable"] == (
        status == 0
    )


# -- outsiders -------------------------------------------------------------------------------------


def test_several_outsiders_stand_beside_each_other_each_with_its_facts(
    cli: Cli, bare: Path, say: Any
) -> None:
    for token in ("token-of-normal", "token-of-other", "token-of-normal"):
        say(token)
        assert cli("login", "new", "--outsider").status == 0
    place = credentials(bare) / "new-outsider-token"
    assert place.read_text().split() == ["token-of-other", "token-of-normal"]
    told = cli("status").out
    assert "outsider: Lab Other (3)" in told
    assert "outsider: Lab Normal (2)" in told
    found = json.loads(cli("status", "--json").out)["targets"]["new"]["outsiders"]
    assert [one["account"] for one in found] == ["3", "2"]


@pytest.mark.parametrize("token", ["token-of-super", "another-of-super"])
def test_an_outsider_is_not_the_importer(
    cli: Cli, bare: Path, standins: Servers, say: Any, token: str
) -> None:
    if token != "token-of-super":
        requests.post(
            f"{standins.storyboard.url}/v1/users/1/tokens",
            json={"user_id": 1, "expires_in": 3600, "access_token": token},
            headers={"Authorization": "Bearer token-of-super", "Accept": "application/json"},
            timeout=10,
        )
    say("token-of-super")
    assert cli("login", "new").status == 0
    say(token)
    done = cli("login", "new", "--outsider")
    assert done.status == 2
    assert "an outsider is somebody else" in done.err
    assert "new-outsider-token" not in everything_in(bare)


# -- Launchpad -------------------------------------------------------------------------------------


def approve(standins: Servers, level: str) -> Any:
    """Somebody approves as soon as it is waited for."""

    def pause(_self: Any, seconds: float) -> None:
        rows = standins.launchpad.store.rows(
            "SELECT key FROM token WHERE request=1 ORDER BY rowid DESC LIMIT 1"
        )
        page = f"{standins.launchpad.url}/+authorize-token?oauth_token={rows[0][0]}"
        form = {"person": "gadget-owner", f"field.actions.{level}": "x"}
        requests.post(page, data=form, timeout=10)

    return pause


@pytest.mark.parametrize(("private", "level"), [(True, "READ_PRIVATE"), (False, "READ_PUBLIC")])
def test_launchpads_login_reads_what_the_settings_want(
    cli: Cli,
    bare: Path,
    standins: Servers,
    monkeypatch: pytest.MonkeyPatch,
    private: bool,
    level: str,
) -> None:
    monkeypatch.setattr("tracker_migrate.cli.login.Terminal.pause", approve(standins, level))
    (bare / "migration.toml").write_text(
        standins.settings(source=f"private = {str(private).lower()}")
    )
    done = cli("login", "launchpad", "--read-only")
    assert done.status == 0
    assert "+authorize-token?oauth_token=" in done.err
    assert f"allow_permission={level}\n" in done.err
    assert "logged in to launchpad as gadget-owner: it may read" in done.out
    secret = (credentials(bare) / "launchpad").read_text().split()[2]
    assert secret not in done.out + done.err
    told = cli("status")
    assert "login: gadget-owner; may read" in told.out
    assert "ends: never" in told.out
    assert secret not in told.out
    assert cli("pull").status == 0
    assert ("as gadget-owner" in cli("status").out) or not private


def test_a_login_that_does_not_read_what_the_settings_want_by_now_is_told(
    cli: Cli, bare: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = approve(standins, "READ_PUBLIC")
    monkeypatch.setattr("tracker_migrate.cli.login.Terminal.pause", pause)
    assert cli("login", "launchpad", "--read-only").status == 0
    assert "warning" not in cli("status").out
    (bare / "migration.toml").write_text(standins.settings(source="private = true"))
    told = cli("status", "--check")
    assert told.status == 3
    assert "warning: it does not read what is private" in told.out


def test_launchpads_login_that_is_declined_leaves_what_was_there(
    cli: Cli, bare: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials(bare).mkdir(mode=0o700)
    place = credentials(bare) / "launchpad"
    place.touch(mode=0o600)
    place.write_text("a b c\n")
    pause = approve(standins, "UNAUTHORIZED")
    monkeypatch.setattr("tracker_migrate.cli.login.Terminal.pause", pause)
    done = cli("login", "launchpad")
    assert done.status == 7
    assert "declined" in done.err
    assert everything_in(bare) == {"launchpad": b"a b c\n"}


def test_launchpads_login_needs_no_terminal_and_does_not_wait_for_ever(
    cli: Cli, bare: Path, say: Any
) -> None:
    done = cli("login", "launchpad", "--timeout", "0.2")
    assert done.status == 7
    assert "nobody approved the login" in done.err
    assert not everything_in(bare)


# -- where it is read from -------------------------------------------------------------------------


def test_a_variable_that_hides_a_login_is_told(
    cli: Cli, workspace: Path, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_TOKEN", "token-of-other")
    say("token-of-super")
    done = cli("login", "new")
    assert done.status == 0
    assert "but the variable TRACKER_MIGRATE_NEW_TOKEN comes first" in done.err
    told = cli("status").out
    unknown = "login: there is one, of which nothing is known; from the variable "
    assert f"{unknown}TRACKER_MIGRATE_NEW_TOKEN" in told
    assert f"which hides the file {credentials(workspace) / 'new-token'}" in told
    assert "token-of-other" not in told
    found = json.loads(cli("status", "--json").out)["targets"]["new"]["login"]
    assert found["known"] is False
    assert "account" not in found


def test_what_was_known_of_another_token_is_not_told_of_this_one(
    cli: Cli, bare: Path, say: Any
) -> None:
    say("token-of-super")
    assert cli("login", "new").status == 0
    (credentials(bare) / "new-token").write_text("token-of-normal\n")
    told = cli("status").out
    assert "Lab Superuser" not in told
    assert "of which nothing is known; from the file" in told


@pytest.mark.parametrize("name", ["new-token", "launchpad"])
def test_a_systemd_credential_comes_before_the_file(
    cli: Cli, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    given = tmp_path / "given"
    given.mkdir(mode=0o700)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    place = given / f"tracker-migrate-{name}"
    place.touch(mode=0o600)
    place.write_text("one two three")
    assert f"from the systemd credential {place}" in cli("status").out
    assert secrets.secret(bare, name) == "one two three"


@pytest.mark.parametrize(
    ("owner", "mode", "taken"),
    [
        (0, 0o100440, True),  # systemd 254 and newer: root's, our user is in its access list
        (0, 0o100400, True),
        (0, 0o100444, False),
        (4_000_000, 0o100400, False),
    ],
)
def test_a_systemd_credential_may_be_roots_if_it_is_not_everybodys(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: int, mode: int, taken: bool
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    place = tmp_path / "tracker-migrate-new-token"
    place.write_text("token-of-super")
    as_it_is = Path.stat

    def lent(self: Path, **how: bool) -> os.stat_result:
        found = as_it_is(self, **how)
        return os.stat_result((mode, *found[1:4], owner, *found[5:])) if self == place else found

    monkeypatch.setattr(Path, "stat", lent)
    if taken:
        assert secrets.secret(bare, "new-token") == "token-of-super"
        return
    with pytest.raises(WorkspaceError, match=r"others may read|belongs to another user"):
        secrets.secret(bare, "new-token")


@pytest.mark.parametrize(
    ("what", "said"), [("wide", "others may read"), ("empty", "nothing in it")]
)
def test_status_tells_of_a_login_that_can_not_be_used(
    cli: Cli, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, said: str
) -> None:
    given = tmp_path / "given"
    given.mkdir(mode=0o700)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    place = given / "tracker-migrate-new-token"
    place.touch(mode=0o600)
    if what == "wide":
        place.write_text("token-of-super")
        place.chmod(0o644)
    told = cli("status", "--check")
    assert told.status == 3
    assert "login: not usable" in told.out
    assert said in told.out


def test_an_outsiders_name_that_is_an_address_is_hidden(
    cli: Cli, bare: Path, standins: Servers, say: Any
) -> None:
    standins.storyboard.store.run("UPDATE user SET full_name = 'jane@example.org' WHERE id = 3", ())
    try:
        say("token-of-other")
        done = cli("login", "new")
    finally:
        standins.storyboard.store.run("UPDATE user SET full_name = 'Lab Other' WHERE id = 3", ())
    assert "<email address hidden> (3)" in done.out
    assert not any(b"jane@" in held for held in everything_in(bare).values())


# -- the keyring -----------------------------------------------------------------------------------


class _Keyring(ModuleType):
    """A keyring in memory."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.held: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.error: Exception | None = None

    def get_password(self, service: str, name: str) -> str | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.held.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        if self.error is not None:
            raise self.error
        self.held[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        del self.held[service, name]


class NoKeyringError(RuntimeError):
    """As the package says it."""


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> _Keyring:
    """A machine with a keyring."""
    made = _Keyring()
    monkeypatch.setitem(sys.modules, "keyring", made)
    return made


def test_the_keyring_keeps_a_login_and_is_asked_for_no_other(
    cli: Cli, bare: Path, say: Any, keyring: _Keyring
) -> None:
    assert cli("status").status == 0
    assert not keyring.asked
    say(BOT)
    assert cli("login", "old").status == 0
    say(BOT)
    done = cli("login", "old", "--keyring")
    assert done.status == 0
    assert "kept in the keyring old-token of" in done.out
    assert list(keyring.held.values()) == [BOT]
    assert list(everything_in(bare)) == ["old-token.facts.json"]
    assert secrets.secret(bare, "old-token") == BOT
    assert "importbot" in cli("status").out
    assert cli("verify", "-T", "old").status in (0, 4)
    say(BOT)
    assert cli("login", "old").status == 0
    assert not keyring.held
    assert "old-token" in everything_in(bare)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoKeyringError(BOT), "no keyring that can be used"),
        (RuntimeError(BOT), "the keyring failed (RuntimeError)"),
    ],
)
def test_a_keyring_that_fails_is_told_in_a_line(
    cli: Cli, bare: Path, say: Any, keyring: _Keyring, error: Exception, said: str
) -> None:
    keyring.error = error
    say(BOT)
    done = cli("login", "old", "--keyring")
    assert done.status == 1
    assert said in done.err
    assert not everything_in(bare)


def test_a_keyring_that_keeps_nothing_is_noticed(
    cli: Cli, bare: Path, say: Any, keyring: _Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "set_password", lambda *_words: None)
    say(BOT)
    done = cli("login", "old", "--keyring")
    assert done.status == 1
    assert "does not give back what it was given" in done.err
    assert not everything_in(bare)


def test_without_the_package_it_is_said_before_anything_is_asked(
    cli: Cli, bare: Path, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    done = cli("login", "old", "--keyring")
    assert done.status == 2
    assert "pip install 'tracker-migrate[keyring]'" in done.err
    assert "Conduit API token" not in done.err


# -- whole or not at all ---------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_is_interrupted_leaves_the_old_login_whole(
    bare: Path,
    say: Any,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    error: type[BaseException],
) -> None:
    say("token-of-super")
    assert run(["login", "new", "-q"]) == 0
    before = everything_in(bare)
    assert before["new-token"] == b"token-of-super\n"

    def broken(*_arguments: Any) -> None:
        raise error(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os if call == "fsync" else Path, call, broken)
        say("token-of-normal")
        assert run(["login", "new", "-q"]) == (130 if error is KeyboardInterrupt else 1)
    assert everything_in(bare) == before
    say("token-of-normal")
    assert run(["login", "new", "-q"]) == 0


def test_ctrl_c_while_waiting_leaves_nothing(bare: Path, standins: Servers) -> None:
    process = started(bare, "login", "launchpad")
    assert process.stderr is not None
    while "+authorize-token" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.status == 130
    assert not everything_in(bare)


def test_a_token_can_be_piped_in(bare: Path, standins: Servers) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tracker_migrate", "login", "new"],
        input="token-of-super\n", cwd=bare, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Lab Superuser" in done.stdout
    check(Ended(done.returncode, done.stdout, done.stderr))


def test_enter_ends_the_waiting_and_a_terminal_that_is_gone_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        os.write(master, b"\n")
        begun = time.monotonic()
        Terminal().pause(30.0)
        assert time.monotonic() - begun < 10.0
        os.write(master, b"\x04")  # end of file
        begun = time.monotonic()
        Terminal().pause(0.2)
        assert time.monotonic() - begun >= 0.2
    os.close(master)


def test_a_terminal_does_not_show_what_is_pasted(bare: Path, standins: Servers) -> None:
    pty = pytest.importorskip("pty")
    command = [sys.executable, "-m", "tracker_migrate", "login", "new", "-C", str(bare)]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    shown = b""
    while b"StoryBoard token:" not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, b"token-of-super\n")
    try:
        while part := os.read(terminal, 4096):
            shown += part
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"Lab Superuser" in shown
    assert b"token-of-super" not in shown
