"""What has to be closed at several targets is closed at each that can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.arrived import there
from tests.end_to_end.marked_project import MarkedProject
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.cli.run import run
from tracker_migrate.engine import jobs
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.closing import Closing
from tracker_migrate.engine.daemon import rounds
from tracker_migrate.errors import Brake, LoginNeeded, Refused, Unreachable
from tracker_migrate.model import Key, key
from tracker_migrate.workspace import Workspace

_SAID = "12 of 14(.|\n)*storyboard: what has to be closed there is not"


class Pair:
    """Two targets with the same public bugs; the token of the first one can run out."""

    def __init__(self, here: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here, self.project = here, MarkedProject(here.launchpad, 0)
        self.bugs = [self.project.bug(), self.project.bug()]
        self._patch = monkeypatch
        here.pull()
        for target in TARGETS:
            here.apply(target)

    def token_ran_out(self) -> None:
        self._patch.setenv("TRACKER_MIGRATE_STORYBOARD_TOKEN", "a-token-that-ran-out")

    def token_is_renewed(self) -> None:
        self._patch.setenv("TRACKER_MIGRATE_STORYBOARD_TOKEN", "token-of-super")

    def shut(self, target: str) -> list[bool]:
        """Of each bug whether it is closed there."""
        found = there(self.here, target)
        return [found[str(bug)].shut for bug in self.bugs]

    def hide(self) -> int:
        return run(["hide", *map(str, self.bugs), "-C", str(self.here.folder)])


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        yield Pair(here, monkeypatch)


def bug_key(bug: int) -> Key:
    return key("launchpad", "bug", bug)


def test_hide_closes_at_the_target_that_can_be_reached_and_the_next_run_at_the_other(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.token_ran_out()
    assert pair.hide() == 7
    told = capsys.readouterr()
    assert "error: storyboard: " in told.err
    assert told.out.count("maniphest: launchpad:bug:") == 2
    assert pair.shut("storyboard") == [False, False]
    assert pair.shut("maniphest") == [True, True]
    pair.token_is_renewed()
    pair.here.apply("storyboard")
    assert pair.shut("storyboard") == [True, True]


def test_a_bug_that_can_not_be_closed_keeps_none_open_that_was_named_after_it(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    close = Closing.one

    def one(self: Closing, issue: Key) -> bool:
        if issue == bug_key(pair.bugs[0]):
            raise Refused("a field is missing")
        return close(self, issue)

    monkeypatch.setattr(Closing, "one", one)
    assert pair.hide() == 3
    told = capsys.readouterr().err.splitlines()
    first = bug_key(pair.bugs[0])
    assert told == [
        f"error: {target}: {first} is not closed yet: a field is missing" for target in TARGETS
    ]
    for target in TARGETS:
        assert pair.shut(target) == [False, True]


# -- a brake, and what ends the daemon -----------------------------------------------------------


def braked(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bug is known to be private, and much else is not to be seen."""
    with Workspace(pair.here.folder) as workspace:
        workspace.archive.set_gone(bug_key(pair.bugs[0]))

    def stop(*_: Any, **__: Any) -> None:
        raise Brake("12 of 14 issues are not to be seen")

    monkeypatch.setattr(jobs, "pull", stop)


def test_a_brake_closes_at_the_target_that_can_be_reached_and_stays_a_brake(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    braked(pair, monkeypatch)
    pair.token_ran_out()
    with Workspace(pair.here.folder) as workspace, workspace.coordinating():  # noqa: SIM117
        with pytest.raises(Brake, match=_SAID) as brake:
            jobs.pull_for(workspace, TARGETS)
    assert "storyboard-token" in str(brake.value)
    assert pair.shut("maniphest") == [True, False]


def test_a_server_that_is_away_does_not_make_the_daemon_forget_a_brake(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    braked(pair, monkeypatch)
    close = jobs.close

    def away(workspace: Workspace, target: str, *how: Any) -> Applied:
        if target == TARGETS[0]:
            raise Unreachable("the server is away")
        return close(workspace, target, *how)

    monkeypatch.setattr(jobs, "close", away)
    with Workspace(pair.here.folder) as workspace, pytest.raises(Brake, match="server is away"):
        list(rounds(workspace, TARGETS, once=True, signals=False))
    assert pair.shut("maniphest") == [True, False]


def test_a_token_that_ran_out_ends_the_daemon_when_the_other_target_is_closed(pair: Pair) -> None:
    pair.project.turn(pair.bugs[0], "Private")
    pair.token_ran_out()
    with Workspace(pair.here.folder) as workspace:
        workspace.archive.set_gone(bug_key(pair.bugs[0]))
        with pytest.raises(LoginNeeded):
            list(rounds(workspace, TARGETS, once=True, signals=False))
    assert pair.shut("maniphest") == [True, False]


def test_all_targets_are_closed_before_one_is_written_to(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply, seen = jobs.apply, []

    def applied(workspace: Workspace, name: str, *with_: Any, **how: Any) -> Applied:
        seen.append(pair.shut("maniphest"))
        return apply(workspace, name, *with_, **how)

    monkeypatch.setattr(jobs, "apply", applied)
    pair.project.turn(pair.bugs[0], "Private")
    pair.here.pull(full=True)
    assert run(["apply", "-q", "-C", str(pair.here.folder)]) == 0
    assert seen == [[True, False], [True, False]]
    assert pair.shut("storyboard") == [True, False]
