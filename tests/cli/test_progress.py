"""What is shown while a command works: on a wide and a narrow terminal, without colours, without a
terminal; and when it is interrupted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Servers
from tests.cli.terminal import watched
from tracker_migrate.cli.display import Display
from tracker_migrate.interfaces import Event
from tracker_migrate.testing.loopback import Fault

COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|9[0-7]|38|48|4[0-7])[;m]")


@pytest.fixture
def slow(standins: Servers) -> Servers:
    """A StoryBoard that takes its time, so that there is something to look at."""
    standins.storyboard.latency = 0.02
    return standins


def test_a_wide_terminal_shows_what_is_done_how_fast_and_how_long_it_takes(
    workspace: Path, slow: Servers
) -> None:
    seen = watched(workspace, "apply", "-T", "new")
    slow.storyboard.latency = 0.0
    assert seen.status == 0
    shown = "\n".join(seen.frames)
    assert re.search(r"new: writing +[━╸╺ ]+ +\d+/21", shown)
    assert re.search(r"\d+/(s|min)", shown)
    assert re.search(r"\d+ (s|min) left", shown)
    assert re.search(r"^\d+ requests", shown, re.MULTILINE)
    assert COLOUR.search(seen.raw)
    assert any("apply new: created" in line for line in seen.lines)


@pytest.mark.parametrize("columns", [40, 24])
def test_on_a_narrow_terminal_no_line_is_broken(
    workspace: Path, slow: Servers, columns: int
) -> None:
    seen = watched(workspace, "apply", "-T", "new", columns=columns)
    slow.storyboard.latency = 0.0
    assert seen.status == 0
    bars = [line for frame in seen.frames for line in frame.splitlines() if "writing" in line]
    assert bars
    assert max(map(len, bars)) <= columns
    assert any(re.search(r"\d+/\d+", line) for line in bars)
    assert "━" not in seen.raw


def test_without_colours_there_are_none(workspace: Path, slow: Servers) -> None:
    seen = watched(workspace, "apply", "-T", "new", env={"NO_COLOR": "1"})
    slow.storyboard.latency = 0.0
    assert "writing" in seen.raw
    assert not COLOUR.search(seen.raw)


def test_a_terminal_that_can_only_print_gets_plain_lines(workspace: Path) -> None:
    seen = watched(workspace, "apply", "-T", "new", env={"TERM": "dumb"})
    assert seen.status == 0
    assert "\x1b" not in seen.raw
    assert "apply new: created" in seen.raw


def test_ctrl_c_leaves_the_terminal_as_it_was_and_says_how_to_go_on(
    workspace: Path, slow: Servers
) -> None:
    before = slow.storyboard.requests.total()
    slow.storyboard.latency = 0.1
    seen = watched(
        workspace,
        "apply",
        "-T",
        "new",
        interrupt=lambda raw: "writing" in raw and slow.storyboard.requests.total() - before > 60,
    )
    slow.storyboard.latency = 0.0
    assert seen.status == 130
    left = [line.rstrip() for line in seen.lines if line.strip()]
    assert left[-1] == "stopped; nothing is lost: run the same command again to go on"
    assert "stopping when the requests under way are answered; Ctrl-C: at once" in left
    assert seen.raw.rindex("\x1b[?25h") > seen.raw.rindex("\x1b[?25l")  # the cursor is back
    assert "Traceback" not in seen.raw


def test_what_was_waited_for_stands_above_the_bars_and_is_counted(
    workspace: Path, slow: Servers
) -> None:
    slow.storyboard.faults.append(
        Fault(do="status", status=429, headers={"Retry-After": "2"}, skip=40)
    )
    seen = watched(workspace, "apply", "-T", "new")
    slow.storyboard.latency = 0.0
    assert seen.status == 0
    assert re.search(r"requests · \d+ waits", "\n".join(seen.frames))
    assert any("wants to be left alone" in line or "going on in" in line for line in seen.lines)


def test_without_a_terminal_a_line_says_rate_time_left_and_errors(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr("tracker_migrate.cli.display.time.monotonic", lambda: now[0])
    with Display() as display:
        for done in range(0, 60, 5):
            display(Event(name="issue", target="new", done=done, total=400))
            if done == 20:
                display(Event(name="aside", target="new", key="launchpad:bug:7", detail="a word"))
            now[0] += 2.5
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "new: writing 20 of 400 · 2/s · 3 min left"
    assert lines[1] == "set aside launchpad:bug:7: a word"
    assert lines[2] == "new: writing 40 of 400 · 2/s · 3 min left · 1 set aside"


def test_quiet_is_quiet(workspace: Path) -> None:
    seen = watched(workspace, "apply", "-T", "new", "-q")
    assert "writing" not in seen.raw
    assert "\x1b" not in seen.raw
