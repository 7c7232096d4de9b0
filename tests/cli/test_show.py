"""`show`: one bug, before it is moved; and nothing that is not so afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Servers
from tracker_migrate.workspace import Workspace


def numbers(standins: Servers) -> list[int]:
    """Public bugs of the source."""
    rows = standins.launchpad.store.db.execute("SELECT id, data FROM bug ORDER BY id")
    return [
        number
        for number, data in rows
        if json.loads(data).get("information_type", "Public") == "Public"
    ]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is no workspace."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_bug_is_shown_without_a_workspace_a_login_or_a_trace(
    standins: Servers, nowhere: Path, cli: Cli
) -> None:
    number = numbers(standins)[0]
    writes = standins.launchpad.writes
    told = cli("show", number, "--address", standins.launchpad.url)
    assert told.status == 0
    assert f"launchpad:bug:{number}" in told.out
    for name in ("storyboard", "maniphest"):
        assert f"as {name} ({name}:https://" in told.out
    for said in (
        "status ",
        "importance",
        "fields ",
        " native",
        "requests ",
        "new story",
        "new task",
    ):
        assert said in told.out, said
    assert standins.launchpad.writes == writes
    assert list(nowhere.iterdir()) == []


def test_one_tracker_is_enough(standins: Servers, nowhere: Path, cli: Cli) -> None:
    address = f"https://bugs.launchpad.net/gadget/+bug/{numbers(standins)[0]}"
    told = cli("show", address, "--as", "maniphest", "--address", standins.launchpad.url)
    assert "as maniphest" in told.out
    assert "as storyboard" not in told.out


def test_a_blueprint_is_shown_too(standins: Servers, nowhere: Path, cli: Cli) -> None:
    rows = standins.launchpad.store.db.execute("SELECT path FROM item WHERE kind='specification'")
    path = min(row[0] for row in rows)
    told = cli("show", path, "--as", "storyboard", "--address", standins.launchpad.url)
    assert told.status == 0
    assert f"new story launchpad:blueprint:{path}" in told.out


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["show", "x y"], 2, "write a bug's number, its address, or PROJECT/+spec/NAME"),
        (["show", "1", "--as", "jira"], 2, "none of the sinks (known: maniphest, storyboard)"),
        (["show", "1", "--from", "jira"], 2, "none of the sources"),
        (["show", "999999999"], 4, "not there, or not to be seen"),
    ],
)
def test_what_can_not_be_shown_is_told_with_the_reason(
    standins: Servers, nowhere: Path, cli: Cli, words: list[str], status: int, said: str
) -> None:
    told = cli(*words, "--address", standins.launchpad.url)
    assert told.status == status
    assert said in told.err


def test_a_workspace_shows_it_by_its_own_tables_and_asks_nobody(
    standins: Servers, workspace: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NEW", "OLD"):
        monkeypatch.delenv(f"TRACKER_MIGRATE_{name}_TOKEN")
    asked = [sum(one.requests.values()) for one in vars_of(standins)]
    states = '[storyboard.importance]\n"Wishlist" = "high"\n'
    (workspace / "mappings" / "states.toml").write_text(states)
    told = cli("show", numbers(standins)[0], "--json")
    found = json.loads(told.out)
    assert [one["target"] for one in found["targets"]] == ["new", "old"]
    assert [sum(one.requests.values()) for one in vars_of(standins)] == asked
    with Workspace(workspace) as held:
        assert held.ledger("new").states() == {}  # nothing was noted


def vars_of(standins: Servers) -> list[Any]:
    return [standins.launchpad, standins.storyboard, standins.maniphest]
