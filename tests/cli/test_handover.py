"""`sync --final` and `handover`, from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.end_to_end import handing
from tests.end_to_end.handing import Begin, Home, Writes
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.marks import found_in


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarkedWorld]:
    """A project that stands at both targets; each test brings it back to how it was."""
    with (
        pytest.MonkeyPatch.context() as patch,
        handing.moved(tmp_path_factory.mktemp("cutover") / "ws", patch) as made,
    ):
        yield made


@pytest.fixture
def told(
    moved: MarkedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MarkedWorld]:
    """Inside its folder."""
    begin = Begin(moved, tmp_path / "begin")
    monkeypatch.chdir(moved.here.folder)
    yield moved
    moved.here.private = True
    begin.again()


def test_the_last_difference_says_go_and_what_comes_next(told: MarkedWorld, cli: Cli) -> None:
    told.project.comment(502)
    ended = cli("sync", "--final")
    assert ended.status == 0, ended.out
    assert "every issue read anew" in ended.out
    assert "GO: tracker-migrate handover -n" in ended.out
    document = json.loads(cli("sync", "--final", "--quick", "--json").out)
    assert (document["go"], document["whole"]) == (True, False)
    assert "hidden" in document["unseen"]


def test_what_stops_a_move_is_said_with_the_command_to_run(told: MarkedWorld, cli: Cli) -> None:
    told.project.bug("Embargoed")  # privacy.toml has no row for it
    ended = cli("sync", "--final")
    assert ended.status == 3, ended.out
    assert "NO-GO" in ended.out
    assert "stops it: 1 issues are refused" in ended.out


def test_a_target_that_lost_something_is_no_move_yet(told: MarkedWorld, cli: Cli) -> None:
    with told.here.storyboard.lock:
        told.here.storyboard.store.db.execute("DELETE FROM task")
    ended = cli("sync", "--final", "-T", "storyboard")
    assert ended.status == 4
    assert "tracker-migrate verify -T storyboard" in ended.out


def test_the_last_difference_is_whole(told: MarkedWorld, cli: Cli) -> None:
    assert cli("sync", "--quick").status == 2
    assert cli("sync", "--final", "--only", "bug:1").status == 2
    assert cli("sync", "--final", "-n").status == 2


def test_it_says_first_whom_it_mails_and_says_nothing(
    told: MarkedWorld, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, before = Writes(monkeypatch), Home(told).all()
    ended = cli("handover", "-n")
    assert ended.status == 0
    assert "4 bugs, 1 of them not public" in ended.out
    assert "4 comments, 4 tags, 5 statuses" in ended.out
    assert "left out: closed, or a duplicate" in ended.out
    assert "left out: blueprints" in ended.out
    about = json.loads(cli("handover", "-n", "--json").out)
    assert about["people"] >= 1
    assert about["mails"] >= about["people"]
    assert "gadget" in about["beside"]
    assert json.loads(cli("handover", "-n", "--all", "--json").out)["issues"] > 4
    assert writes.sent == []
    assert Home(told).all() == before


def test_it_asks_and_nobody_is_mailed_without_an_answer(
    told: MarkedWorld, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = Writes(monkeypatch)
    unasked = cli("handover")
    assert (unasked.status, unasked.out) == (2, "")
    assert "-y" in unasked.err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: "n")
    refused = cli("handover")
    assert refused.status == 130
    assert "mails to" in refused.err
    assert writes.sent == []


def test_it_says_what_it_did_and_status_what_came_since(told: MarkedWorld, cli: Cli) -> None:
    secret = tuple(told.secret)
    done = cli("handover", "-y", private=secret)
    assert done.status == 0
    assert "said: 4 bugs" in done.out
    again = cli("handover", "-y")
    assert "4 on which all was said already" in again.out
    told.project.comment(502)
    told.here.pull(full=True)
    standing = cli("status", private=secret)
    assert "handover: people are sent to storyboard" in standing.out
    assert "1 issues have news since" in standing.out
    found = json.loads(cli("status", "--json").out)["handover"]
    assert (found["said"], found["reported"]) == (4, 1)
    assert not found_in(done.out + standing.out) & told.secret
    back = cli("handover", "--undo", "-y", private=secret)
    assert "taken back: 4 bugs" in back.out


def test_a_tag_that_launchpad_can_not_have_is_a_mistake(told: MarkedWorld, cli: Cli) -> None:
    handing.write_settings(told.here, tag="Moved!", status="Gone")
    ended = cli("handover", "-y")
    assert ended.status == 2
    assert "handover.tag" in ended.err
    assert "handover.status" in ended.err


def test_without_a_login_it_says_which_one_it_needs(
    told: MarkedWorld, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKER_MIGRATE_LAUNCHPAD")
    told.here.private = False
    handing.write_settings(told.here)
    ended = cli("handover", "-y")
    assert ended.status == 7
    assert "tracker-migrate login launchpad" in ended.err


def test_with_several_targets_one_is_named(told: MarkedWorld, cli: Cli) -> None:
    handing.write_settings(told.here, target="")
    assert cli("handover", "-n").status == 2
    assert cli("handover", "-n", "-T", "maniphest").status == 0


@pytest.mark.parametrize(
    ("comment", "said"),
    [("it has moved", "{address}"), ("{address} {title}", "may name"), ("{address", "brace")],
)
def test_a_template_that_is_none_is_a_mistake(
    comment: str, said: str, told: MarkedWorld, cli: Cli
) -> None:
    handing.write_settings(told.here, comment=comment)
    ended = cli("status")
    assert ended.status == 2
    assert "handover.comment" in ended.err
    assert said in ended.err
