"""What the commands print and end with when all is well."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.conftest import Cli, Servers
from tracker_migrate import errors
from tracker_migrate.cli.commands import EPILOG
from tracker_migrate.cli.commands import cli as group
from tracker_migrate.workspace import settings

NAMES = sorted(group.commands)
ROOT = Path(__file__).parents[2]


def options_of(name: str) -> set[str]:
    """The option words of a command; of a group, those that all of its commands have."""
    parts = commands_of(group.commands[name])
    return set.intersection(*({word for one in part.params for word in one.opts} for part in parts))


def commands_of(command: click.Command) -> list[click.Command]:
    """A command; of a group, all that are in it, however deep."""
    if not isinstance(command, click.Group):
        return [command]
    return [part for one in command.commands.values() for part in commands_of(one)]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_with_an_example_that_is_understood(cli: Cli, name: str) -> None:
    told = cli(name, "--help")
    assert told.status == 0
    assert "Example: tracker-migrate" in " ".join(told.out.split())
    document = group.commands[name].help or ""
    examples = re.findall(r"`tracker-migrate ([^`]+)`", document)
    assert examples
    for example in examples:
        words = example.split()
        assert words[0] == name
        context = click.Context(group, info_name="tracker-migrate")
        group.commands[name].make_context(name, words[1:], parent=context)


def test_help_names_every_command_and_every_exit_status(cli: Cli) -> None:
    told = " ".join(cli("--help").out.split())
    for name in NAMES:
        assert f" {name} " in told
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    for kind in kinds:
        if issubclass(kind, errors.MigrateError):
            assert re.search(rf"\b{kind.exit_status} [a-z]", EPILOG)


def test_the_version_is_told(cli: Cli) -> None:
    assert re.search(r"\d+\.\d+\.\d+", cli("--version").out)


def test_every_command_with_a_result_has_json() -> None:
    assert [name for name in NAMES if "--json" not in options_of(name)] == ["completion", "demo"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "elsewhere", "--offline", "--from", "launchpad:gadget"),
        ("pull", "-n"),
        ("pull",),
        ("plan",),
        ("plan", "-T", "old", "-o", "x.plan"),
        ("apply", "-n"),
        ("apply",),
        ("verify",),
        ("verify", "--sample", "3"),
        ("run", "-n"),
        ("run",),
        ("status",),
        ("status", "--refused"),
        ("sync", "--once"),
    ],
    ids=" ".join,
)
def test_json_is_one_document_and_nothing_else(
    cli: Cli, workspace: Path, arguments: tuple[str, ...]
) -> None:
    told = cli(*arguments, "--json")
    assert told.status in (0, 4)
    assert isinstance(json.loads(told.out), dict)


def test_a_whole_run_in_json_names_its_four_parts(cli: Cli, workspace: Path) -> None:
    told: dict[str, Any] = json.loads(cli("run", "--json").out)
    assert sorted(told) == ["apply", "plan", "pull", "verify"]
    for part in ("apply", "plan", "verify"):
        assert sorted(told[part]) == ["new", "old"]
    assert all(one["agrees"] for one in told["verify"].values())


@pytest.mark.parametrize("command", ["pull", "plan", "apply", "verify", "run", "status"])
def test_without_a_terminal_lines_are_plain(cli: Cli, workspace: Path, command: str) -> None:
    told = cli(command)
    assert told.out
    for text in (told.out, told.err):
        assert "\x1b" not in text
        assert "\r" not in text


def test_quiet_says_nothing_but_results(cli: Cli, workspace: Path) -> None:
    for command in ("pull", "plan", "apply", "verify"):
        told = cli(command, "-q")
        assert told.err == ""
        assert told.out


def test_verbose_names_every_object_and_no_text(cli: Cli, workspace: Path) -> None:
    told = cli("apply", "-T", "new", "-v")
    assert "launchpad:bug:" in told.err


def test_a_plan_says_with_its_status_whether_there_is_something_to_write(
    cli: Cli, workspace: Path
) -> None:
    assert cli("plan", "-T", "new", "--exit-code").status == 4
    assert cli("apply", "-T", "new").status == 0
    assert cli("plan", "-T", "new", "--exit-code").status == 0


def test_verify_ends_with_4_before_everything_is_written(cli: Cli, workspace: Path) -> None:
    told = cli("verify", "-T", "new", "--json")
    assert told.status == 4
    assert json.loads(told.out)["new"]["pending"]
    assert cli("apply", "-T", "new").status == 0
    assert cli("verify", "-T", "new").status == 0


def test_what_is_refused_ends_with_3_and_is_named(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner"
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", login)
    (workspace / "migration.toml").write_text(standins.settings(source="private = true"))
    assert cli("pull", "--full").status == 0
    assert cli("apply", "-T", "new").status == 3
    assert cli("status", "--check").status == 3
    told = cli("status", "--refused", "-T", "new")
    assert told.status == 0
    assert re.search(r"refused launchpad:bug:\d+: .*privacy.toml names no policy", told.out)


def test_a_second_run_writes_nothing(cli: Cli, workspace: Path, standins: Servers) -> None:
    assert cli("run").status == 0
    before = standins.storyboard.writes, standins.maniphest.writes
    assert cli("run").status == 0
    assert (standins.storyboard.writes, standins.maniphest.writes) == before


def test_a_dry_run_writes_nothing(cli: Cli, workspace: Path, standins: Servers) -> None:
    before = standins.storyboard.writes, standins.maniphest.writes
    for command in (("apply",), ("run",), ("sync", "--once")):
        assert cli(*command, "-n").status == 0
    assert (standins.storyboard.writes, standins.maniphest.writes) == before


def test_what_init_makes_can_be_used_at_once(
    cli: Cli, workspace: Path, standins: Servers, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    targets = (
        f"new=storyboard:{standins.storyboard.url}",
        f"old=maniphest:{standins.maniphest.url}",
    )
    told = cli(
        "init",
        folder,
        "--from",
        "launchpad:gadget",
        *(word for one in targets for word in ("--to", one)),
        "--address",
        standins.launchpad.url,
    )
    assert told.status == 0
    assert "TRACKER_MIGRATE_NEW_TOKEN" not in told.out, "it is used already"
    assert (folder / "state").stat().st_mode & 0o077 == 0
    assert cli("pull", "-C", folder, "--limit", "2").status == 0
    assert cli("plan", "-C", folder).status == 0
    assert "/state/" in (folder / ".gitignore").read_text()


def test_what_the_new_settings_offer_in_comments_is_taken(cli: Cli, tmp_path: Path) -> None:
    """Whoever takes the # away gets a setting, and no mistake."""
    made = tmp_path / "fresh"
    targets = ("new=storyboard:https://s.example.org/api", "old=maniphest:https://p.example.org")
    words = [word for one in targets for word in ("--to", one)]
    assert cli("init", made, "--offline", "--from", "launchpad:gadget", *words).status == 0
    path = made / "migration.toml"
    text, offered = re.subn(r"^# (?=\[|\w+ = )", "", path.read_text(), flags=re.MULTILINE)
    assert offered >= 12
    path.write_text(text)
    loaded = settings.load(made, backends=True)
    assert loaded.targets["new"]["files"]["folder"] == "/srv/files"
    assert loaded.source.attachments is True
