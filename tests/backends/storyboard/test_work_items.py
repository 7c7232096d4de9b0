"""A blueprint's work items become tasks of its story, and what a task can't hold stays readable."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from tests.backends.storyboard.example import PERSON, Decided, Run, bug, task
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Pointer, Ref, Sink, Text, Wanted
from tracker_migrate.model import Issue, Key, WorkItem, key, present_fields

PLANNER = StoryBoardPlanner()
NAME = "nova/+spec/foo"
HOME = f"https://blueprints.launchpad.net/{NAME}"
NOBODY = Key("launchpad:person:nobody")


def item(title: str, status: str = "TODO", **changes: Any) -> WorkItem:
    mark = f"{abs(hash(title)) % 16**12:012x}"
    held: dict[str, Any] = {
        "key": key("launchpad", "workitem", f"{NAME}@{mark}"),
        "title": title,
        "home": f"{HOME}#workitem-{mark}",
        "status": status,
        "complete": status == "DONE",
    }
    return WorkItem(**(held | changes))


def blueprint(*items: WorkItem, **changes: Any) -> Issue:
    one = task(
        key=Key(f"launchpad:task:{NAME}@nova"),
        home=HOME,
        status="Unknown",
        importance="High",
        complete=False,
    )
    held: dict[str, Any] = {
        "key": Key(f"launchpad:blueprint:{NAME}"),
        "kind": "blueprint",
        "name": NAME,
        "home": HOME,
        "tags": (),
        "comments": (),
        "tasks": (one,),
        "work_items": items,
        "extra": {"definition_status": "Approved"},
    }
    return bug(**(held | changes))


MILESTONE = Key("launchpad:milestone:nova/+milestone/12.0.0")
WRITE = item("write it down", "DONE", assignee=PERSON, milestone=MILESTONE)
TEST = item("test", "BLOCKED", assignee=NOBODY, milestone=MILESTONE)
WHOLE = blueprint(WRITE, TEST)


def wanted(issue: Issue, decisions: Decided | None = None) -> dict[Key, Wanted]:
    return {one.key: one for one in PLANNER.wanted(issue, decisions or Decided())}


def flat(text: Text) -> str:
    return "".join(
        part.label if isinstance(part, Ref) else part if isinstance(part, str) else part.text
        for part in text.parts
    )


def test_a_work_item_is_a_task_of_the_blueprints_story() -> None:
    made = wanted(WHOLE)
    assert Counter(one.kind for one in made.values())["task"] == 3
    one = made[WRITE.key]
    assert one.fields["title"] == "write it down"
    assert one.fields["status"] == "merged"
    assert one.fields["priority"] == "high"
    assert one.fields["assignee_id"] == "2"
    assert one.fields["story_id"] == Pointer(to=WHOLE.key)
    assert one.fields["project_id"] == made[WHOLE.tasks[0].key].fields["project_id"]
    assert one.fields["milestone_id"] == Pointer(to=Key("storyboard:milestone:nova@master@12.0.0"))
    assert one.marker == one.fields["link"] == WRITE.home


def test_an_item_that_is_not_done_has_no_milestone_for_storyboard_allows_none() -> None:
    assert wanted(WHOLE)[TEST.key].fields["milestone_id"] is None


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("TODO", "todo"),
        ("DONE", "merged"),
        ("POSTPONED", "invalid"),
        ("INPROGRESS", "inprogress"),
        ("BLOCKED", "todo"),
    ],
)
def test_a_state_becomes_what_its_own_table_says(status: str, becomes: str) -> None:
    one = item("x y z", status)
    assert wanted(blueprint(one))[one.key].fields["status"] == becomes


def test_a_word_that_storyboard_has_not_is_a_mistake_in_the_table() -> None:
    class Odd(Decided):
        def state(self, table: str, word: str) -> str:
            return "odd" if table == "work_item" else super().state(table, word)

    with pytest.raises(UsageError, match=r"\[storyboard.work_item\]"):
        wanted(WHOLE, Odd())


@pytest.mark.parametrize(
    ("title", "becomes"),
    [("CI.", "CI."), ("QA", f"QA (LP blueprint {NAME})"), ("x" * 300, "x" * 254 + "…")],
)
def test_a_title_fits_a_task(title: str, becomes: str) -> None:
    one = item(title)
    assert wanted(blueprint(one))[one.key].fields["title"] == becomes


def test_what_a_task_can_not_hold_stands_in_the_story() -> None:
    long = item("y " * 150)
    told = flat(wanted(blueprint(WRITE, TEST, long))[WHOLE.key].fields["description"])
    assert "| Work item | Status | Assignee | Milestone |" in told
    (row,) = [line for line in told.split("\n") if line.startswith("| test ")]
    assert row == "| test | BLOCKED | nobody | 12.0.0 |"
    assert long.title in told


def test_another_state_is_an_update_of_that_task_alone() -> None:
    before, after = (
        wanted(WHOLE),
        wanted(blueprint(WRITE, msgspec.structs.replace(TEST, status="DONE"))),
    )
    assert before.keys() <= after.keys()
    changed = {of for of in before if before[of].fields != after[of].fields}
    assert changed == {TEST.key, WHOLE.key}


def test_losses_add_up_and_say_which_is_native() -> None:
    issue = blueprint(WRITE, TEST, item("z" * 300))
    found = {(one.field, one.outcome): one.count for one in PLANNER.losses(issue, Decided())
             if one.entity == "work_item"}  # fmt: skip
    assert found["status", "native"] == found["home", "native"] == 3
    assert (found["title", "native"], found["title", "text"]) == (2, 1)
    assert (found["assignee", "native"], found["assignee", "text"]) == (1, 1)
    assert (found["milestone", "native"], found["milestone", "text"]) == (1, 1)
    sums: Counter[tuple[str, str]] = Counter()
    for loss in PLANNER.losses(issue, Decided()):
        sums[loss.entity, loss.field] += loss.count
    assert sums == Counter(present_fields(issue))


def test_work_items_are_read_back_and_known_again_without_a_ledger(sink: Sink, run: Run) -> None:
    run.write(WHOLE)
    seen = sink.read(run.issue_refs())
    for of in (WRITE.key, TEST.key):
        fields = seen.objects[of].fields
        assert {name: fields[name] for name in run.sent[of]} == run.sent[of]
    assert (seen.ours, seen.doubled, seen.foreign) == ({}, (), 0)
    story = run.refs[WHOLE.key]
    alone = sink.read({WHOLE.key: story})
    assert {WRITE.key, TEST.key} <= alone.ours.keys()
    assert alone.ours[TEST.key] == run.refs[TEST.key][1]


def test_a_blueprint_with_work_items_is_looked_up_by_its_own_task(sink: Sink, run: Run) -> None:
    run.write(WHOLE)
    found = sink.lookup(list(wanted(WHOLE).values()))
    assert found[WHOLE.key] == run.refs[WHOLE.key][1]
    assert found[TEST.key] == run.refs[TEST.key][1]
