"""Whatever happens, and in whatever order: once the faults stop, all is as it should be. And the
machine can turn red: a fault that is planted into the engine is found.

`make state-machine` lets it run at length.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable

import pytest

from tests.state_machine import budget
from tests.state_machine.machine import TALLY
from tests.state_machine.oracle import Allowed, Note, Oracle, Standing
from tests.state_machine.plants import PLANTS, Patch
from tests.state_machine.standin_stage import StandInStage
from tests.state_machine.truth import EMBARGOED, PRIVATE, Bug, Said, Truth
from tests.state_machine.worlds import WORLDS
from tracker_migrate.testing.loopback import Fault

#: how many steps each world makes in a run of all tests: 10,000 together
STEPS = {"memory, ours": 4200, "memory, theirs": 4200, "storyboard": 800, "maniphest": 800}


#: the same in each run, so that what is found is a change's; `make state-machine` draws new ones
SEED = int(os.environ.get("TRACKER_MIGRATE_MACHINE_SEED", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_nothing_is_doubled_or_lost_or_overwritten_whatever_happens(world: str) -> None:
    began, machine, before = time.monotonic(), WORLDS[world], TALLY.steps[world]
    found = budget.rounds(machine, SEED, STEPS[world], 1200.0)
    again = f"`python -m tests.state_machine {machine.__name__} SEED` goes through a seed again"
    sys.stdout.write(f"seed={SEED}\n{budget.summary(found, began)}\n")
    assert not found, "\n".join([*(one.found for one in found), again])
    done = TALLY.steps[world] - before
    assert done >= STEPS[world], f"{done} steps alone in {time.monotonic() - began:.0f} s"


def test_all_worlds_together_make_ten_thousand_steps() -> None:
    assert sum(STEPS.values()) >= 10_000
    assert STEPS.keys() == WORLDS.keys()


# -- it can turn red ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS, ids=lambda one: one.__name__)
def test_a_planted_fault_is_found(
    plant: Callable[[Patch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, law = PLANTS[plant]
    machine = next(one for one in WORLDS.values() if one.__name__ == name)
    plant(monkeypatch)
    until, draw = time.monotonic() + 400, random.Random(plant.__name__)
    told = ""
    while law not in told and time.monotonic() < until:
        try:
            budget.once(machine, draw.randrange(10**9), small=False)
        except Exception as error:  # noqa: BLE001  the finding itself
            told = "\n".join([str(error), *getattr(error, "__notes__", ())])
    assert law in told, "the machine did not find it"


# -- what it found once ---------------------------------------------------------------------------


@pytest.mark.parametrize("world", WORLDS)
def test_a_person_may_set_a_state_and_set_it_back(world: str) -> None:
    """At Maniphest who closes a task that nobody owns becomes its owner, and stays it."""
    state = WORLDS[world]()
    state.begin(connections=1, bugs=1)
    state.synchronise(full=True)
    state.somebody_edits(pick=0, name="done")
    state.somebody_edits(pick=0, name="done")
    state.teardown()


@pytest.mark.parametrize("world", ["memory, ours", "memory, theirs"])
def test_a_person_may_set_a_state_back_before_our_change_is_settled(world: str) -> None:
    """By value that is no edit: it is what the ledger says was sent last."""
    for moments in range(13, 21):  # around the request that writes
        state = WORLDS[world]()
        state.begin(connections=1, bugs=1)
        state.synchronise(full=True)
        state.finish(pick=0)
        state.pull(full=False)
        state.killed(moments=moments, pulls=False)
        state.somebody_edits(pick=0, name="done")
        state.teardown()


@pytest.mark.parametrize("world", ["memory, ours", "memory, theirs"])
def test_a_person_may_do_first_what_the_source_does_and_take_it_back(world: str) -> None:
    """The source's change is there then: what he sets back is an edit, and is told."""
    state = WORLDS[world]()
    state.begin(connections=1, bugs=1)
    state.synchronise(full=True)
    state.somebody_edits(pick=0, name="done")
    state.finish(pick=0)
    state.synchronise(full=False)
    state.somebody_edits(pick=0, name="done")
    assert state.truth.edits == {(1, "done"): "False"}
    state.teardown()


def test_a_reader_may_make_a_task_of_his_own_in_our_story() -> None:
    """It is no double of ours, though it takes the number of one."""
    state = WORLDS["storyboard"]()
    state.begin(connections=1, bugs=1)
    state.synchronise(full=True)
    state.file(info=PRIVATE, comments=0, refers=0)
    state.truth.taken = True
    assert isinstance(state.stage, StandInStage)
    state.stage.standin.faults.append(Fault(do="stranger", method="POST", path="/tasks"))
    state.synchronise(full=True)
    state.teardown()


@pytest.mark.parametrize("world", ["storyboard", "maniphest"])
def test_the_text_as_it_was_filed_is_shown_beside_the_present_one(world: str) -> None:
    """Launchpad keeps it as the first message: what opens the bug opens that."""
    state = WORLDS[world]()
    state.begin(connections=1, bugs=1)
    state.file(info=EMBARGOED, comments=0, refers=0)
    state.rewrite(pick=1, title=False, text=True, moves=False)
    state.turn(pick=1, info="Public")
    state.teardown()


@pytest.mark.parametrize("world", ["memory, theirs", "maniphest"])
def test_what_comes_back_after_an_edit_is_open_again(world: str) -> None:
    """What was said before the edit was there for everybody: it keeps nothing closed."""
    state = WORLDS[world]()
    state.begin(connections=1, bugs=2)
    state.synchronise(full=True)
    state.edit_comment(pick=1, which=0)
    state.vanish(pick=1)
    state.synchronise(full=True)
    state.come_back(pick=0)
    state.teardown()


def test_more_may_be_gone_than_is_believed_unasked() -> None:
    state = WORLDS["memory, ours"]()
    state.begin(connections=1, bugs=3)
    state.synchronise(full=True)
    for _ in range(12):
        state.vanish(pick=0)
        state.synchronise(full=True)
        state.come_back(pick=0)
        state.synchronise(full=True)
    state.vanish(pick=0)
    state.teardown()


def test_what_somebody_said_on_one_of_two_that_stand_there_is_kept() -> None:
    """A proxy delivered a request twice, and he spoke on the one that the ledger does not know."""
    state = WORLDS["maniphest"]()
    state.begin(connections=1, bugs=1)
    assert isinstance(state.stage, StandInStage)
    state.truth.doubled = True
    state.pull(full=True)
    fault = Fault(do="double", path="maniphest.edit", body="Lamp")
    state.stage.standin.faults.append(fault)
    state.apply(retry=False)
    assert len(state.stage.stands()[1]) == 2
    state.somebody_comments(pick=0)
    state.teardown()


def test_tags_that_come_late_do_not_join_those_that_came_after_them() -> None:
    """A list of tags has no number by which a second one is refused: both are there then."""
    state = WORLDS["storyboard"]()
    state.begin(connections=1, bugs=1)
    assert isinstance(state.stage, StandInStage)
    state.tag(pick=0, tag="api")
    state.pull(full=True)
    for do in ("late", "expired"):
        fault = Fault(do=do, method="PUT", path="/tags/")
        state.stage.standin.faults.append(fault)
    state.apply(retry=False)
    state.tag(pick=0, tag="api")
    state.tag(pick=0, tag="ui")
    state.teardown()


def test_what_was_edited_while_it_was_private_stays_closed() -> None:
    """Launchpad tells that a comment was edited, and when."""
    state = WORLDS["storyboard"]()
    state.begin(connections=1, bugs=1)
    state.file(info=PRIVATE, comments=1, refers=0)
    state.synchronise(full=True)
    state.edit_comment(pick=1, which=0)
    state.turn(pick=1, info="Public")
    state.teardown()


def test_tags_of_a_private_bug_do_not_go_into_a_text_that_is_somebodys() -> None:
    """Where they are told in the text alone, they are told nowhere then."""
    state = WORLDS["storyboard"]()
    state.begin(connections=1, bugs=1)
    state.synchronise(full=True)
    state.somebody_edits(pick=0, name="text")
    state.turn(pick=0, info=PRIVATE)
    state.tag(pick=0, tag="api")
    state.teardown()


# -- the oracle -----------------------------------------------------------------------------------

_TEXT, _NOTES = "zq2qz", [Note("zq3qz", 1), Note("zq4qz", 2)]


def _truth() -> Truth:
    truth = Truth()
    comments = [Said(1, ["zq3qz"]), Said(2, ["zq4qz"])]
    truth.bugs[1] = Bug(1, ["zq1qz"], [_TEXT], tags={"ui"}, comments=comments)
    return truth


def _right(**more: object) -> Standing:
    given: dict[str, object] = {"done": False, "tags": {"ui"}, "notes": _NOTES, **more}
    return Standing(**{"title": "zq1qz", "text": _TEXT, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("here", "kind"),
    [
        ([_right()], None),
        ([], "losses"),
        ([_right(), _right()], "doubles"),
        ([_right(title="zq9qz")], "losses"),
        ([_right(text="")], "losses"),
        ([_right(tags=set())], "losses"),
        ([_right(notes=_NOTES[:1])], "losses"),
        ([_right(notes=[*_NOTES, _NOTES[0]])], "doubles"),
        ([_right(notes=_NOTES[::-1])], "losses"),
        ([_right(open=False, shut=True)], "losses"),
        ([_right(tasks=2)], "doubles"),
    ],
)
def test_the_oracle_names_every_difference(here: list[Standing], kind: str | None) -> None:
    found = {one.kind for one in Oracle(_truth(), Allowed(comment_edits=True)).findings({1: here})}
    assert found == ({kind} if kind else set())


@pytest.mark.parametrize(
    ("told", "worked", "private", "kind"),
    [
        (1, True, False, None),
        (0, True, False, "doubles"),
        (1, False, False, "doubles"),
        (1, True, True, "leaks"),
    ],
)
def test_a_double_that_people_work_on_may_stay_if_it_is_told_and_not_open_to_others(
    told: int, worked: bool, private: bool, kind: str | None
) -> None:
    truth = _truth()
    copy = _right(notes=[*_NOTES, Note("px7xp", ours=False)] if worked else _NOTES)
    real = _right()
    truth.remarks = {1: ["px7xp"]} if worked else {}
    if private:
        truth.bugs[1].info, real.open = PRIVATE, False
    oracle = Oracle(truth, Allowed(comment_edits=True), {1: told})
    assert {one.kind for one in oracle.findings({1: [real, copy]})} == ({kind} if kind else set())


@pytest.mark.parametrize(
    ("there", "unsure", "named"), [(2, True, set()), (1, True, {1}), (1, False, {1})]
)
def test_a_comment_that_was_removed_before_the_ledger_knew_it_may_be_there_again(
    there: int, unsure: bool, named: set[int]
) -> None:
    """The disk was full when its result was to be noted: nothing is missing then."""
    truth = _truth()
    truth.removed_comments = {(1, 2)}
    truth.unsure_comments = {(1, 2)} if unsure else set()
    oracle = Oracle(truth, Allowed(comment_edits=True))
    assert oracle.named({1: [_right(notes=_NOTES[:there])]}) == named


def test_an_edited_comment_keeps_nothing_closed_that_everybody_could_read_there() -> None:
    truth = _truth()
    truth.heard()
    truth.bugs[1].comments[0].texts.append("zq6qz")
    closed = {1: [_right(open=False)]}
    oracle = Oracle(truth, Allowed(comment_edits=True))
    assert not [*oracle.findings(closed)], "nobody can say what was read where"
    truth.shown = {"zq3qz"}
    assert [one.kind for one in oracle.findings(closed)] == ["losses"]


def test_the_oracle_sees_what_is_open_and_what_people_did() -> None:
    truth = _truth()
    oracle = Oracle(truth, Allowed(comment_edits=False))
    truth.bugs[1].info = PRIVATE
    assert [one.kind for one in oracle.findings({1: [_right()]})] == ["leaks"]
    truth.bugs[1].info = "Public"
    truth.edits[1, "title"] = "px5xp"
    assert [one.kind for one in oracle.findings({1: [_right()]})] == ["overwritten"]
    assert [*oracle.findings({1: [_right(title="px5xp")]})] == []
    truth.bugs[1].comments[0].texts.append("zq6qz")
    (found,) = oracle.findings({1: [_right(title="px5xp")]})
    assert "comment 1" in found.what
    assert [
        *Oracle(truth, Allowed(comment_edits=True)).findings({1: [_right(title="px5xp")]})
    ] == []
