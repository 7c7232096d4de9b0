"""A blueprint's work items become subtasks, or a checklist where the settings want one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from tests.backends.maniphest.helpers import MADE, WEB, Mover, Told, bug, by_kind, task
from tests.text.remarkup_reader import read
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.interfaces import Account, Audience, Pointer, Ref, Text, Wanted
from tracker_migrate.model import Issue, Key, Milestone, Person, WorkItem, key, present_fields

NAME = "nova/+spec/foo"
HOME = f"{WEB}/{NAME}"
JANE, NOBODY = key("launchpad", "person", "jane"), key("launchpad", "person", "nobody")
MILESTONE = key("launchpad", "milestone", "nova/+milestone/1.0")


def item(mark: str, title: str, status: str = "TODO", **changes: Any) -> WorkItem:
    held: dict[str, Any] = {
        "key": key("launchpad", "workitem", f"{NAME}@{mark * 12}"),
        "title": title,
        "home": f"{HOME}#workitem-{mark * 12}",
        "status": status,
        "complete": status == "DONE",
    }
    return WorkItem(**(held | changes))


def blueprint(*items: WorkItem, **changes: Any) -> Issue:
    one = task(7, "nova", key=key("launchpad", "task", f"{NAME}@nova"), home=HOME,
               status="Started", importance="High")  # fmt: skip
    held: dict[str, Any] = {
        "key": key("launchpad", "blueprint", NAME),
        "kind": "blueprint",
        "name": NAME,
        "title": "Do a foo",
        "home": HOME,
        "created": MADE,
        "tasks": (one,),
        "work_items": items,
        "extra": {"definition_status": "Approved"},
    }
    return bug(**(held | changes))


WRITE = item("a", "write @bob T1 a letter", "DONE", assignee=JANE)
TEST = item("b", "test", "BLOCKED", assignee=NOBODY, milestone=MILESTONE)
WHOLE = blueprint(WRITE, TEST)


def told(**options: Any) -> Told:
    made = Told(**options)
    made.accounts[JANE] = Account(id="PHID-USER-jane", name="jane")
    made.people[JANE] = Person(key=JANE, name="jane", display_name="Jane Doe", home=f"{WEB}/~jane")
    made.milestones[MILESTONE] = Milestone(
        key=MILESTONE, project=key("launchpad", "project", "nova"), name="1.0", title="", home=""
    )
    return made


def wanted(issue: Issue, decisions: Told | None = None) -> dict[Key, Wanted]:
    return {one.key: one for one in ManiphestPlanner().wanted(issue, decisions or told())}


def closed(text: Any) -> str:
    assert isinstance(text, Text)
    return "".join(
        f"<{one.to}>" if isinstance(one, Ref) else one if isinstance(one, str) else one.text
        for one in text.parts
    )


def outcomes(issue: Issue, decisions: Told) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    for loss in ManiphestPlanner().losses(issue, decisions):
        if loss.entity == "work_item":
            found[loss.field, loss.outcome] += loss.count
    return found


# -- subtasks -----------------------------------------------------------------------------------


def test_a_work_item_is_a_subtask_of_the_blueprints_task() -> None:
    made = wanted(WHOLE)
    one = made[WRITE.key]
    assert one.kind == "subtask"
    assert one.fields["title"] == "[foo] write @bob T1 a letter"
    assert (one.fields["status"], one.fields["priority"]) == ("resolved", "high")
    assert one.fields["owner"] == "PHID-USER-jane"
    assert one.fields["parent"] == Pointer(to=WHOLE.key)
    assert one.fields["projects"] == (Pointer(to=key("maniphest", "project", "nova")),)
    assert one.marker == WRITE.home
    assert len(by_kind(made.values(), "task")) == 1


def test_its_milestone_is_that_of_its_subtask_alone() -> None:
    made = wanted(WHOLE)
    aimed = (Pointer(to=key("maniphest", "milestone", "nova@1.0")),)
    assert made[TEST.key].fields["projects"] == aimed
    assert made[WHOLE.key].fields["projects"] != aimed
    assert key("maniphest", "milestone", "nova@1.0") in made


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("TODO", "open"),
        ("DONE", "resolved"),
        ("POSTPONED", "invalid"),
        ("INPROGRESS", "open"),
        ("BLOCKED", "open"),
    ],
)
def test_a_state_becomes_what_its_own_table_says(status: str, becomes: str) -> None:
    one = item("c", "x", status)
    made = wanted(blueprint(one))
    assert made[one.key].fields["status"] == becomes
    assert made[WHOLE.key].fields["status"] == "open"


def test_the_subtask_says_what_it_is_part_of_and_the_sources_own_words() -> None:
    said = closed(wanted(WHOLE)[TEST.key].fields["description"])
    assert said.startswith(f"//[[{TEST.home} | LP blueprint {NAME} work item bbbbbbbbbbbb]]//")
    assert f"Part of <{WHOLE.key}>" in said
    for words in ("**Status:** BLOCKED", "**Assigned to:** nobody", "**Milestone:** 1.0"):
        assert words.replace("**", "") in said.replace("**", "")
    assert "Importance" not in said
    assert "BLOCKED" not in closed(wanted(WHOLE)[WHOLE.key].fields["description"])


def test_a_subtask_of_a_private_blueprint_is_closed_as_its_task_is() -> None:
    decisions = told()
    decisions.shown_to = Audience(name="few", users=("PHID-USER-jane",), groups=("PHID-PROJ-x",))
    made = wanted(msgspec.structs.replace(WHOLE, private=True), decisions)
    for name in ("view", "edit"):
        assert made[WRITE.key].fields[name] == made[WHOLE.key].fields[name] == "PHID-PROJ-x"
    assert made[WRITE.key].fields["owner"] == "PHID-USER-jane"
    decisions.shown_to = Audience(name="few", groups=("PHID-PROJ-x",))
    made = wanted(msgspec.structs.replace(WHOLE, private=True), decisions)
    assert made[WRITE.key].fields["owner"] is None


def test_another_state_is_an_update_of_that_subtask_alone() -> None:
    done = msgspec.structs.replace(TEST, status="DONE", complete=True)
    before, after = wanted(WHOLE), wanted(blueprint(WRITE, done))
    assert before.keys() == after.keys()
    assert {of for of in before if before[of].fields != after[of].fields} == {TEST.key}


# -- a checklist --------------------------------------------------------------------------------


def test_a_checklist_ticks_what_is_done_and_says_the_rest_in_words() -> None:
    made = wanted(WHOLE, told(work_items="checklist"))
    assert not by_kind(made.values(), "subtask")
    said = closed(made[WHOLE.key].fields["description"])
    lines = said.split("\n")
    first = next(line for line in lines if "write" in line)
    assert first.startswith("- [x] ")
    assert "(DONE, assigned to [[" in first
    assert "Jane Doe" in first
    assert "- [ ] test (BLOCKED, assigned to nobody)" in lines
    assert lines.index("=== Work items ===") < lines.index("=== Work items for 1.0 ===")
    shown = read(said)
    assert "checkbox" in shown.live
    assert not [one for one in shown.live if "bob" in one or "T1" in one]


# -- nothing is dropped in silence --------------------------------------------------------------


@pytest.mark.parametrize("mode", ["subtasks", "checklist"])
def test_the_losses_add_up(mode: str) -> None:
    issue = blueprint(WRITE, TEST, item("d", "z" * 300))
    decisions = told(work_items=mode)
    sums: Counter[tuple[str, str]] = Counter()
    for loss in ManiphestPlanner().losses(issue, decisions):
        sums[loss.entity, loss.field] += loss.count
    assert sums == Counter(present_fields(issue))


def test_what_a_subtask_holds_is_native_and_what_a_checklist_says_is_text() -> None:
    issue = blueprint(WRITE, TEST, item("d", "z" * 300))
    found = outcomes(issue, told())
    assert found["status", "native"] == found["complete", "native"] == 3
    assert (found["title", "native"], found["title", "text"]) == (2, 1)
    assert (found["assignee", "native"], found["assignee", "text"]) == (1, 1)
    assert found["milestone", "native"] == 1
    assert {outcome for _, outcome in outcomes(issue, told(work_items="checklist"))} == {"text"}
    for decisions in (told(), told(work_items="checklist")):
        texts = "".join(
            closed(value)
            for one in wanted(issue, decisions).values()
            for value in one.fields.values()
            if isinstance(value, Text)
        )
        assert "z" * 300 in texts


# -- on a server --------------------------------------------------------------------------------


def test_subtasks_are_read_back_and_known_again_without_a_ledger(mover: Mover) -> None:
    mover.move(WHOLE)
    own = mover.own(WHOLE)
    seen = mover.sink.read(own)
    for of in (WRITE.key, TEST.key):
        sent = mover.places.fields[of]
        fields = seen.objects[of].fields
        assert {name: fields[name] for name in sent if name in fields} == {
            name: value for name, value in sent.items() if name in fields
        }
        assert fields["parent"] == own[WHOLE.key][1].id
    assert (seen.ours, seen.doubled, seen.foreign) == ({}, (), 0)
    alone = mover.sink.read({WHOLE.key: own[WHOLE.key]})
    assert alone.ours == {of: own[of][1] for of in (WRITE.key, TEST.key)}
