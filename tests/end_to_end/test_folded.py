"""Runs of comments by bots, folded into one comment: at both targets, from the first run to a sync,
a kill, a lost ledger; and nothing that is written is ever written otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import snapshots
from tests.end_to_end.fuse import Crash, Fuse
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.snapshots import Snapshot
from tests.end_to_end.test_adopt import adopt, lose, writes_nothing
from tests.end_to_end.test_recorded_projects import agrees, reader_of
from tests.end_to_end.world import TARGETS
from tracker_migrate.backends.maniphest.standin import comments
from tracker_migrate.backends.storyboard.finding import PLACEHOLDER
from tracker_migrate.cli import output
from tracker_migrate.engine import jobs
from tracker_migrate.text import folded
from tracker_migrate.workspace import Workspace

both = pytest.mark.parametrize("target", TARGETS)


class Bots:
    """Two programs that say things on bugs of a marked project."""

    def __init__(self, marked: MarkedWorld) -> None:
        self._project = marked.project
        self._names = [marked.project.bot(name) for name in ("build-bot", "review-bot")]
        self._marked = marked

    def name_them(self, *, named: bool = True) -> None:
        """Say in people.csv what they are, or do not."""
        path = self._marked.here.folder / "mappings" / "people.csv"
        rows = [row for row in path.read_text().splitlines() if ",bot," not in row]
        rows += [f"{name[1:]},,,,bot,," for name in self._names if named]
        path.write_text("\n".join(rows) + "\n")

    def say(self, bug: int, times: int = 1, **more: Any) -> list[int]:
        """By turns; the indexes of what they said."""
        return [
            self._project.comment(bug, who=self._names[turn % 2], **more) for turn in range(times)
        ]


@pytest.fixture
def bots(marked: MarkedWorld) -> Bots:
    """They are named, and folded at both targets."""
    found = Bots(marked)
    found.name_them()
    setting(marked, "fold")
    return found


def setting(marked: MarkedWorld, value: str) -> None:
    """What becomes of runs, at both."""
    for target in TARGETS:
        marked.here.options[target] = {"settle_seconds": 0.05, "connections": 1, "bots": value}
    marked.here.write_settings()


def said(marked: MarkedWorld, target: str) -> list[list[list[str]]]:
    """The comments of each issue, in order: of each the indexes of what stands in it."""
    found = reader_of(marked.here, target).by_permalink().values()
    ours = [one for issues in found for one in issues if one["title"] != PLACEHOLDER]
    return [[_indexes(text) for text in one["comments"]] for one in ours]


def _indexes(text: str) -> list[str]:
    return [one.label.rpartition(" ")[2] for one in folded.origins(text)]


def everything(marked: MarkedWorld, target: str) -> list[Any]:
    """All that stands there."""
    return [one for one in snapshots.standing(marked, target) if one[0] != PLACEHOLDER]


def held(marked: MarkedWorld, target: str, bug: int) -> dict[str, str]:
    """What the ledger says: the index of each comment, and of the one that it stands in."""
    with Workspace(marked.here.folder) as workspace:
        rows = workspace.ledger(target).standing(f"launchpad:bug:{bug}")  # type: ignore[arg-type]
    names = {one: into for one, into in rows.items() if ":comment:" in one}
    return {one.rpartition("/")[2]: into.rpartition("/")[2] for one, into in names.items()}


def run(bots: Bots, marked: MarkedWorld) -> int:
    """A bug on which a person speaks between two runs; hidden and deleted ones break none."""
    bug = marked.project.bug(comments=1)
    bots.say(bug, 2)
    marked.project.comment(bug, visible=False)
    bots.say(bug)
    marked.project.comment(bug)
    bots.say(bug, 2)
    marked.project.comment(bug)
    bots.say(bug)
    return bug


@both
def test_runs_are_folded_and_all_agrees(target: str, marked: MarkedWorld, bots: Bots) -> None:
    bug = run(bots, marked)
    marked.here.pull()
    marked.here.apply(target)
    assert said(marked, target) == [[["1"], ["2", "3", "5"], ["6"], ["7", "8"], ["9"], ["10"]]]
    assert held(marked, target, bug)["5"] == "2"
    text = str(everything(marked, target))
    words = marked.marks.of("comment")
    assert words
    assert {word for word in words if text.count(word) == 1} == words
    account = marked.here.verify(target).account
    assert (account.lost, account.missing, account.refused) == (0, 0, 1)
    writes_nothing(marked.here, target)


@both
def test_plan_tells_how_many_are_folded_and_if_nobody_is_a_bot(
    target: str, marked: MarkedWorld, bots: Bots, capsys: pytest.CaptureFixture[str]
) -> None:
    run(bots, marked)
    marked.here.pull()
    for named, held, told in ((True, 3, "fold 3: "), (False, 0, "no row of mappings/people.csv")):
        bots.name_them(named=named)
        with Workspace(marked.here.folder) as workspace:
            planned = jobs.plan(workspace, target)
        assert (planned.held, planned.no_bots) == (held, not named)
        output.planned({target: planned}, as_json=False)
        assert told in capsys.readouterr().out


@both
def test_a_run_that_grows_is_not_written_again(
    target: str, marked: MarkedWorld, bots: Bots
) -> None:
    bug = marked.project.bug(comments=0)
    bots.say(bug, 2)
    ends = []
    for more in (0, 1, 3, 0):
        bots.say(bug, more)
        marked.here.pull(full=True)
        before = everything(marked, target)
        marked.here.apply(target)
        ends = said(marked, target)[0]
        kept = _comments(before)
        assert _comments(everything(marked, target))[: len(kept)] == kept
        writes_nothing(marked.here, target)
    assert ends == [["1", "2"], ["3"], ["4", "5", "6"]]


def _comments(standing: list[Any]) -> list[Any]:
    """The texts of the comments of the one issue, as a snapshot has them."""
    return [text for issue in standing for text in _texts(issue) if " comment " in text[:200]]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


@both
def test_turning_the_setting_changes_nothing_that_is_written(
    target: str, marked: MarkedWorld, bots: Bots
) -> None:
    bug = marked.project.bug(comments=0)
    ends = []
    for value in ("keep", "fold", "keep"):
        setting(marked, value)
        bots.say(bug, 2)
        marked.here.pull(full=True)
        marked.here.apply(target)
        ends = said(marked, target)[0]
        writes_nothing(marked.here, target)
    assert ends == [["1"], ["2"], ["3", "4"], ["5"], ["6"]]
    bots.name_them(named=False)  # and nobody is a bot any more
    writes_nothing(marked.here, target)


@both
def test_what_is_folded_is_adopted_from_nothing(
    target: str, marked: MarkedWorld, bots: Bots
) -> None:
    bug = run(bots, marked)
    marked.here.pull()
    marked.here.apply(target)
    bots.say(bug, 2)
    marked.here.pull(full=True)
    marked.here.apply(target)
    before, known = everything(marked, target), held(marked, target, bug)
    for value in ("fold", "keep"):
        lose(marked.here)
        setting(marked, value)
        found = adopt(marked.here, target)
        assert [*found.differs, *found.doubled, *found.gone, *found.unknown] == []
        assert found.left == 0
        assert found.added == found.objects
        writes_nothing(marked.here, target)
        assert everything(marked, target) == before
        assert held(marked, target, bug) == known


@both
def test_another_workspace_joins_what_was_folded(
    target: str, marked: MarkedWorld, bots: Bots
) -> None:
    bug = run(bots, marked)
    marked.here.pull()
    marked.here.apply(target)
    known = held(marked, target, bug)
    lose(marked.here)
    assert marked.here.apply(target).joined == 1
    assert held(marked, target, bug) == known
    bots.say(bug, 2)
    marked.here.pull(full=True)
    marked.here.apply(target)
    assert said(marked, target)[0][-2:] == [["10"], ["11", "12"]]
    writes_nothing(marked.here, target)


@pytest.mark.slow
@both
def test_a_kill_at_every_point_changes_nothing(
    target: str,
    marked: MarkedWorld,
    bots: Bots,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(bots, marked)
    marked.here.pull()
    begin, fuse = Snapshot(marked, target, tmp_path / "begin"), Fuse(monkeypatch)
    marked.here.apply(target)
    moments, end = fuse.moments, everything(marked, target)
    assert moments >= 6
    for moment in range(1, moments + 1):
        begin.restore()
        fuse.set(moment)
        with pytest.raises(Crash):
            marked.here.apply(target)
        fuse.set(None)
        marked.here.apply(target)
        assert everything(marked, target) == end, moment
        assert marked.here.apply(target).steps == 0, moment
        agrees(marked.here.verify(target))


@both
def test_a_run_on_a_private_bug_is_read_by_nobody_else(
    target: str, marked: MarkedWorld, bots: Bots
) -> None:
    bug = marked.project.bug("Private", comments=1)
    bots.say(bug, 3)
    public = marked.project.bug(comments=0)
    bots.say(public, 2)
    marked.here.pull()
    spy = marked.spies[target]
    with spy.watching():
        marked.here.apply(target)
    spy.look()
    spy.found_nothing()
    spy.saw("somebody", marked.marks.of("comment") & marked.readable("somebody"))
    assert sorted(said(marked, target)) == [[["1"], ["2", "3", "4"]], [["1", "2"]]]
    marked.project.turn(public, "Private")
    marked.here.pull(full=True)
    marked.here.apply(target)
    spy.look()
    spy.found_nothing()
    agrees(marked.here.verify(target))


def _hide(marked: MarkedWorld, bug: int, index: int) -> None:
    marked.project.change_comment(bug, index, visible=False)


def _edit(marked: MarkedWorld, bug: int, index: int, **more: Any) -> None:
    text = "It was something else altogether."
    marked.project.change_comment(bug, index, content=text, **more)


@both
def test_a_folded_comment_that_is_hidden_later_closes_its_issue(
    target: str, marked: MarkedWorld, bots: Bots
) -> None:
    bug = marked.project.bug(comments=0)
    bots.say(bug, 3)
    marked.here.pull()
    marked.here.apply(target)
    for index in (1, 2):  # the first of a run, and another one
        _hide(marked, bug, index)
        marked.here.pull(full=True)
        assert marked.here.apply(target).exposed == 1
        assert marked.here.verify(target).exposed
    _accept(marked, bug)
    marked.here.apply(target)
    assert said(marked, target) == [[["1", "2", "3"]]]
    assert marked.here.apply(target).steps == 0
    assert not marked.here.verify(target).missing


def _accept(marked: MarkedWorld, bug: int) -> None:
    path = marked.here.folder / "mappings" / "privacy.toml"
    path.write_text(f'{path.read_text()}\n[exposed]\n"launchpad:bug:{bug}" = "accept"\n')


def test_what_had_to_go_takes_the_others_with_it_only_for_a_while(
    marked: MarkedWorld, bots: Bots
) -> None:
    """Somebody removes the comment at Maniphest for one that was hidden: the others come anew."""
    bug = marked.project.bug(comments=0)
    bots.say(bug, 3)
    marked.here.pull()
    marked.here.apply("maniphest")
    _hide(marked, bug, 1)
    marked.here.pull(full=True)
    marked.here.apply("maniphest")
    with Workspace(marked.here.folder) as workspace:
        key: Any = f"launchpad:comment:{bug}/1"
        at = workspace.ledger("maniphest").held([key])[key].at
    standin = marked.here.maniphest
    with standin.lock:
        comments.change(standin.store, at.id, "PHID-USER-admin", None)
    marked.here.apply("maniphest")
    assert [one for one in said(marked, "maniphest")[0] if one] == [["2", "3"]]
    writes_nothing(marked.here, "maniphest")


@both
@pytest.mark.parametrize("index", [1, 2])
def test_a_folded_comment_that_is_edited_at_the_source_is_as_any_other(
    index: int, target: str, marked: MarkedWorld, bots: Bots
) -> None:
    bug = marked.project.bug(comments=0)
    bots.say(bug, 2)
    marked.here.pull()
    marked.here.apply(target)
    before = everything(marked, target)
    _edit(marked, bug, index)
    marked.here.pull(full=True)
    assert marked.here.apply(target).stuck == 1
    assert everything(marked, target) == before


@both
@pytest.mark.parametrize("index", [1, 2])
def test_what_was_edited_in_private_is_opened_in_no_run_as_it_was(
    index: int, target: str, marked: MarkedWorld, bots: Bots
) -> None:
    """Whichever of those that stand in one comment it was."""
    bug = marked.project.bug("Private", comments=0)
    bots.say(bug, 2)
    marked.here.pull()
    marked.here.apply(target)
    assert said(marked, target) == [[["1", "2"]]]
    _edit(marked, bug, index, date_last_edited="2021-03-04T05:06:07+00:00")
    marked.project.change(bug, information_type="Public")
    marked.here.pull(full=True)
    assert marked.here.apply(target).aside == 1
    with Workspace(marked.here.folder) as workspace:
        (verdict,) = workspace.ledger(target).in_state("aside")
    assert "1 of its comments" in verdict.reason
