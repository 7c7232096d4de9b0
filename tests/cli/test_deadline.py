"""`status --deadline`: GO with how much time is left over, or NO-GO with what stops it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OWNER, Cli, Servers, texts
from tracker_migrate.engine.due import read_deadline
from tracker_migrate.errors import UsageError
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.worked import Worked

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def answer(cli: Cli, deadline: str, target: str = "new") -> dict[str, Any]:
    """The answer for a target, with the exit status."""
    ended = cli("status", "-T", target, "--deadline", deadline, "--json")
    held: dict[str, Any] = json.loads(ended.out)["targets"][target]["due"]
    return {**held, "status": ended.status}


def test_with_time_enough_it_is_a_go_with_slack(cli: Cli, workspace: Path) -> None:
    seen = answer(cli, "36h")
    assert seen["status"] == 0
    assert seen["go"]
    assert seen["by"] == "costs"  # nothing was written yet that could be measured
    assert seen["requests"]["story.create"] == 21
    assert 0 < seen["seconds"] < 600
    assert seen["slack"] == pytest.approx(36 * 3600 - seen["seconds"], abs=600)
    told = cli("status", "-T", "new", "--deadline", "36h")
    assert "new: GO for " in told.out
    assert re.search(r"3[56] h.* of slack", told.out)
    assert "requests are left: " in told.out


def test_too_late_is_a_no_go(cli: Cli, workspace: Path) -> None:
    seen = answer(cli, "1s")
    assert (seen["status"], seen["go"]) == (4, False)
    assert seen["slack"] < 0
    assert "too late" in cli("status", "-T", "new", "--deadline", "1s").out


def test_what_runs_of_this_workspace_took_is_what_counts(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    standins.storyboard.latency = 0.12
    assert cli("apply", "-T", "new", "--limit", "12").status == 0
    standins.storyboard.latency = 0.0
    with Workspace(workspace) as held:
        pace = Worked(held.engine, "new").pace()
        (run,) = Worked(held.engine, "new").runs()
    assert pace.count == run.done > 50
    assert pace.seconds <= (run.ended - run.began).total_seconds() + 1
    seen = answer(cli, "36h")
    assert seen["by"] == "measured"
    assert seen["rate"] == pytest.approx(pace.count / pace.seconds)
    left = sum(seen["requests"].values())
    assert left / seen["rate"] / 5 < seen["seconds"] < left / seen["rate"] * 5


def test_when_all_is_written_nothing_is_left(cli: Cli, workspace: Path) -> None:
    assert cli("apply", "-T", "new").status == 0
    seen = answer(cli, "1m")
    assert seen["go"]
    assert seen["requests"] == {}
    assert seen["seconds"] == 0
    assert "nothing is left to write" in cli("status", "-T", "new", "--deadline", "1m").out


def _no_login(_workspace: Path, _standins: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACKER_MIGRATE_NEW_TOKEN")


def _wrong_login(_workspace: Path, _standins: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_TOKEN", "nobody-knows-it")


def _wrong_word(workspace: Path, _standins: Servers, _monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "mappings" / "states.toml").write_text('[storyboard.status]\nNew = "shelved"\n')


def _refused(workspace: Path, _standins: Servers, _monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace(workspace) as held:
        issue = next(iter(held.archive.issues()))
        held.archive.set_unread(issue.key, "the server said nothing that could be understood")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_login, "there is no login: tracker-migrate login new"),
        (_wrong_login, "token"),
        (_wrong_word, "shelved"),
        (_refused, "1 issues could not be read"),
    ],
)
def test_what_stops_a_run_is_a_no_go_however_much_time_there_is(
    cli: Cli,
    workspace: Path,
    standins: Servers,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, Servers, pytest.MonkeyPatch], None],
    said: str,
) -> None:
    spoil(workspace, standins, monkeypatch)
    seen = answer(cli, "100d")
    assert (seen["status"], seen["go"]) == (4, False)
    assert said in "\n".join(seen["stops"])
    assert f"stops it: {seen['stops'][0][:20]}" in cli(
        "status", "-T", "new", "--deadline", "100d"
    ).out  # fmt: skip


def test_a_server_that_is_down_is_a_no_go(cli: Cli, workspace: Path, standins: Servers) -> None:
    settings = workspace / "migration.toml"
    head = "[targets.new]"
    settings.write_text(settings.read_text().replace(head, f"{head}\npatience = 0"))
    with standins.storyboard.down():
        seen = answer(cli, "100d")
    assert not seen["go"]
    assert seen["stops"]


def test_what_was_decided_to_stay_stops_nothing(cli: Cli, workspace: Path) -> None:
    rows = "source,target,place,branch,move,note\ngadget,new,,,no,\n"
    (workspace / "mappings" / "projects.csv").write_text(rows)
    seen = answer(cli, "36h")
    assert seen["stays"] > 10
    assert not [line for line in seen["stops"] if "refused" in line]


def test_what_is_refused_stops_it(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    (workspace / "migration.toml").write_text(standins.settings(source="private = true"))
    assert cli("pull", "--full").status == 0
    seen = answer(cli, "36h")
    assert not seen["go"]
    assert "privacy.toml names no policy" in "\n".join(seen["stops"])
    page = workspace / "standing.html"
    assert cli("status", "-T", "new", "--deadline", "36h", "--html", page).status == 4
    text = page.read_text(encoding="utf-8")
    assert "NO-GO for" in text
    assert "it is in time, but will not all be there" in text
    for private in texts(workspace):
        assert private not in text


def test_the_page_shows_where_every_target_stands(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    rows = "source,target,place,branch,move,note\ngadget,old,<b>bold</b>,,no,\n"
    (workspace / "mappings" / "projects.csv").write_text(rows)
    assert cli("apply", "-T", "new").status == 0
    page = workspace / "standing.html"
    told = cli("status", "--html", page)
    assert told.status == 0
    assert f"look at: {page}" in told.out
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<b>bold" not in text
    assert "Last runs" in text
    assert "nothing is left to write" in text.lower()
    assert "What waits for a person" in text  # of the other target
    assert "GO for" not in text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("90 min", 5400), ("36h", 129600), ("2d", 172800)]
)
def test_a_deadline_may_be_a_time_from_now(text: str, seconds: int) -> None:
    assert read_deadline(text, NOW) == NOW + timedelta(seconds=seconds)


def test_a_deadline_may_be_a_moment() -> None:
    assert read_deadline("2026-12-01T18:00+01:00", NOW) == datetime(2026, 12, 1, 17, tzinfo=UTC)
    here = datetime(2026, 12, 1).astimezone()
    assert read_deadline("2026-12-01", NOW) == here


@pytest.mark.parametrize("text", ["soon", "", "h", "12", "9" * 400 + "d", "2026-13-01"])
def test_any_other_deadline_is_a_mistake(text: str) -> None:
    with pytest.raises(UsageError, match="--deadline"):
        read_deadline(text, NOW)
