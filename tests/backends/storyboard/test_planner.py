"""What the planner promises: what an issue becomes, and that nothing is dropped in silence."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.storyboard.example import (
    BUG,
    PERSON,
    WEB,
    WHEN,
    Decided,
    bug,
    rich_bug,
    task,
)
from tracker_migrate.backends.storyboard import fields
from tracker_migrate.backends.storyboard.planner import KINDS, STEPS, StoryBoardPlanner
from tracker_migrate.digest import digest
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Action, Audience, Planner, Pointer, Ref, Text, Wanted
from tracker_migrate.model import Access, Issue, Key, present_fields
from tracker_migrate.text import origin

PLANNER = StoryBoardPlanner()
SECRET = Audience(name="security", users=("30", "7"), groups=("4",))


def wanted(issue: Issue, decisions: Decided | None = None) -> dict[Key, Wanted]:
    return {one.key: one for one in PLANNER.wanted(issue, decisions or Decided())}


def story(issue: Issue, decisions: Decided | None = None) -> dict[str, Any]:
    return wanted(issue, decisions)[issue.key].fields


def flat(text: Text) -> str:
    return "".join(
        part.label if isinstance(part, Ref) else part if isinstance(part, str) else part.text
        for part in text.parts
    )


def test_planner_is_one_of_the_interface() -> None:
    assert isinstance(PLANNER, Planner)
    assert {step.split(".")[0] for step in STEPS} == set(KINDS)


def test_bug_becomes_a_story_with_task_tags_and_comments() -> None:
    kinds = Counter(one.kind for one in wanted(bug()).values())
    assert kinds == {"project": 1, "tag": 1, "story": 1, "task": 1, "tagging": 1, "comment": 1}


def test_objects_come_after_what_they_hang_on() -> None:
    seen: set[Key] = set()
    for one in PLANNER.wanted(rich_bug(), Decided()):
        needed = {value.to for value in one.fields.values() if isinstance(value, Pointer)}
        assert needed | set(one.after) <= seen
        seen.add(one.key)


def test_same_issue_gives_the_same_digest() -> None:
    one, two = wanted(rich_bug()), wanted(rich_bug())
    assert digest(list(one.values())) == digest(list(two.values()))


def test_dates_are_whole_seconds_with_a_zone() -> None:
    made = wanted(rich_bug())
    dates = {one.fields["created_at"] for one in made.values() if "created_at" in one.fields}
    assert dates == {"2014-05-06T07:08:09+00:00"}


def test_every_text_starts_with_a_line_of_origin_that_is_read_back() -> None:
    for one in wanted(rich_bug()).values():
        for value in one.fields.values():
            if isinstance(value, Text):
                found = origin.parse(flat(value))
                assert found is not None
                assert (found.permalink, found.author, found.when) == (
                    one.marker,
                    "Jane Doe",
                    WHEN.replace(microsecond=0),
                )


def test_description_holds_the_body_and_the_sources_own_words() -> None:
    text = flat(story(rich_bug())["description"])
    for word in ("It never gets up.", "Fix Released", "Triaged", "12.0.0", "elsewhere", "#7"):
        assert word in text


def test_duplicate_is_a_reference_that_can_be_closed_later() -> None:
    assert Key("launchpad:bug:7") in {ref.to for ref in story(rich_bug())["description"].refs}


@pytest.mark.parametrize(
    ("title", "becomes"),
    [
        ("Short", "Short"),
        ("abc", "abc (LP #1316547)"),
        ("", "LP #1316547"),
        ("x" * 255, "x" * 255),
        ("x" * 256, "x" * 254 + "…"),
        ("half \ud800 a pair", "half \ufffd a pair"),
    ],
)
def test_title_has_5_to_255_characters(title: str, becomes: str) -> None:
    assert story(bug(title=title))["title"] == becomes


def test_full_title_stands_at_the_head_of_the_text_if_it_was_cut() -> None:
    text = flat(story(bug(title="word " * 60))["description"])
    assert ("word " * 60).strip() in text.split("\n")[2]


def test_task_names_state_project_branch_milestone_and_assignee() -> None:
    made = wanted(rich_bug())
    first = made[Key("launchpad:task:1316547@nova")].fields
    assert first["status"] == "merged"
    assert first["priority"] == "high"
    assert first["link"] == f"{WEB}/nova/+bug/1316547"
    assert first["assignee_id"] == "2"
    assert first["milestone_id"] == Pointer(to=Key("storyboard:milestone:nova@master@12.0.0"))
    assert first["branch_id"] == Pointer(to=Key("storyboard:branch:nova@master"))
    series = made[Key("launchpad:task:1316547@nova/kilo")].fields
    assert series["branch_id"] == Pointer(to=Key("storyboard:branch:nova@kilo"))
    assert series["assignee_id"] is None
    assert series["milestone_id"] is None


def test_milestone_of_an_unmerged_task_stays_text() -> None:
    milestone = Key("launchpad:milestone:nova/+milestone/12.0.0")
    issue = bug(tasks=(task(milestone=milestone),))
    assert not any(one.kind == "milestone" for one in wanted(issue).values())
    assert "12.0.0" in flat(story(issue)["description"])


@pytest.mark.parametrize(("setting", "milestones"), [("active", 0), ("all", 1)])
def test_milestone_that_is_over_is_an_object_only_where_the_settings_want_all(
    setting: str, milestones: int
) -> None:
    told = Decided()
    told.over = True
    told.options = {"milestones": setting}
    made = wanted(rich_bug(), told)
    assert sum(one.kind == "milestone" for one in made.values()) == milestones
    assert bool(made[Key("launchpad:task:1316547@nova")].fields["milestone_id"]) == bool(milestones)


def test_task_that_is_not_to_be_moved_is_only_named() -> None:
    made = wanted(rich_bug())
    assert Key("launchpad:task:1316547@elsewhere") not in made
    assert Key("storyboard:project:elsewhere") not in made


def test_issue_without_a_task_to_move_is_refused() -> None:
    assert "project" in (PLANNER.refusal(bug(tasks=(task("elsewhere"),)), Decided()) or "")
    assert PLANNER.refusal(bug(), Decided()) is None


def test_unknown_word_of_a_table_is_told_with_the_words_that_are_known() -> None:
    decisions = Decided()
    decisions.STATES = {**Decided.STATES, "importance": {"High": "urgent"}}  # type: ignore[misc]
    with pytest.raises(UsageError, match="high, low, medium"):
        wanted(bug(), decisions)


# -- comments -----------------------------------------------------------------------------------


def comments(issue: Issue) -> list[int]:
    made = wanted(issue).values()
    return [int(one.key.rpartition("/")[2]) for one in made if one.kind == "comment"]


def test_hidden_deleted_and_empty_comments_are_not_written() -> None:
    assert comments(rich_bug()) == [1, 5, 6]


def test_empty_comment_with_a_file_names_the_file() -> None:
    text = flat(wanted(rich_bug())[Key("launchpad:comment:1316547/5")].fields["content"])
    assert "a log" in text


def test_first_message_is_written_only_if_it_is_not_the_description() -> None:
    assert comments(bug()) == [1]
    assert comments(bug(description="Edited since.")) == [0, 1]


def test_subject_and_edit_of_a_comment_are_readable() -> None:
    text = flat(wanted(rich_bug())[Key("launchpad:comment:1316547/6")].fields["content"])
    assert "Another thing" in text
    assert "2014-05-06 07:08:09 UTC" in text
    usual = flat(wanted(rich_bug())[Key("launchpad:comment:1316547/1")].fields["content"])
    assert "Subject" not in usual


# -- privacy ------------------------------------------------------------------------------------


def private(**changes: Any) -> tuple[Issue, Decided]:
    decisions = Decided()
    decisions.readers = SECRET
    return rich_bug(private=True, information_type="Private Security", **changes), decisions


def test_public_story_names_no_readers() -> None:
    made = story(bug())
    assert (made["private"], made["users"], made["teams"]) == (False, [], [])


def test_private_story_names_its_readers_and_all_its_parts_the_audience() -> None:
    issue, decisions = private()
    made = wanted(issue, decisions)
    assert made[BUG].fields["users"] == ["7", "30"]
    assert made[BUG].fields["teams"] == ["4"]
    assert made[BUG].fields["private"] is True
    parts = [one for one in made.values() if KINDS[one.kind].phase != 0]
    assert {one.audience for one in parts} == {"security"}


def test_tag_of_a_private_issue_alone_is_never_made() -> None:
    issue, decisions = private()
    made = wanted(issue, decisions)
    assert Key("storyboard:tag:compute") in made
    assert Key("storyboard:tag:secret-tag") not in made
    assert made[Key("launchpad:tagging:1316547")].fields["tags"] == ["compute"]
    assert "secret-tag" in flat(made[BUG].fields["description"])


def test_refused_audience_is_the_reason_for_the_refusal() -> None:
    issue, decisions = private()
    decisions.readers = Audience(name="refuse", refused="no policy for it")
    assert PLANNER.refusal(issue, decisions) == "no policy for it"


def test_reader_that_is_no_id_is_refused_before_anything_is_sent() -> None:
    issue, decisions = private()
    decisions.readers = Audience(name="security", users=("jane",))
    assert "jane" in (PLANNER.refusal(issue, decisions) or "")


def test_closing_is_sent_first_and_opening_last() -> None:
    issue, decisions = private()
    closed, opened = wanted(issue, decisions), wanted(rich_bug())
    for made, first in ((closed, True), (opened, False)):
        actions = [
            Action(op="update", wanted=one, fields=tuple(one.fields))
            for one in made.values()
            if KINDS[one.kind].phase != 0
        ]
        steps = [step.kind for step in PLANNER.compose(list(reversed(actions)))]
        assert steps.index("story.update") == (0 if first else len(steps) - 1)


# -- tags and names -----------------------------------------------------------------------------


def test_tags_are_folded_as_storyboard_folds_them() -> None:
    made = wanted(bug(tags=("TagA", "taga ", "b")))
    assert made[Key("launchpad:tagging:1316547")].fields["tags"] == ["b", "taga"]
    assert Key("storyboard:tag:taga") in made


def test_tag_that_is_too_long_stays_text() -> None:
    long = "t" * 51
    made = wanted(bug(tags=(long,)))
    assert made[Key("launchpad:tagging:1316547")].fields["tags"] == []
    assert long in flat(made[BUG].fields["description"])


@pytest.mark.parametrize(("one", "other"), [("TagA", "taga"), ("trail", "trail "), ("é", "e")])
def test_what_storyboard_takes_for_one_tag(one: str, other: str) -> None:
    assert fields.same_tag(one) == fields.same_tag(other)
    assert fields.same_tag("ß") != fields.same_tag("ss")


NAME = r"^[a-zA-Z0-9]+([_\-\./]?[a-zA-Z0-9]+)*$"


@pytest.mark.parametrize("name", ["nova", "openstack/nova", "python-novaclient", "a_b.c"])
def test_name_that_storyboard_takes_is_kept(name: str) -> None:
    assert fields.project_name(name) == name


def test_source_package_keeps_a_readable_name() -> None:
    assert fields.project_name("ubuntu/+source/firefox") == "ubuntu/source/firefox"


@given(st.text(max_size=130), st.text(max_size=130))
def test_folded_names_fit_the_grammar_and_do_not_collide(one: str, other: str) -> None:
    import re

    made = fields.project_name(one)
    assert re.match(NAME, made)
    assert 3 <= len(made) <= 100
    if one != other:
        assert made != fields.project_name(other) or "/+source/" in one + other


def test_names_that_differ_only_in_foreign_characters_stay_apart() -> None:
    made = {fields.project_name(name) for name in ("g++", "g--", "g~~", "g", "g-b")}
    assert len(made) == 5


# -- blueprints ---------------------------------------------------------------------------------


def blueprint(
    status: str, definition: str = "Approved", complete: bool = False, private: bool = False
) -> Issue:
    name = "nova/+spec/foo"
    one = task(
        key=Key(f"launchpad:task:{name}@nova"),
        home="https://blueprints.launchpad.net/nova/+spec/foo",
        status=status,
        importance="Undefined",
        complete=complete,
    )
    return bug(
        key=Key(f"launchpad:blueprint:{name}"),
        kind="blueprint",
        name=name,
        tags=(),
        comments=(),
        tasks=(one,),
        extra={"definition_status": definition},
        private=private,
    )


@pytest.mark.parametrize(
    ("status", "definition", "complete", "becomes"),
    [
        ("Implemented", "Approved", True, "merged"),
        ("Implemented", "Obsolete", True, "invalid"),
        ("Informational", "Approved", True, "merged"),
        ("Informational", "Approved", False, "todo"),
    ],
)
def test_blueprint_is_no_bug_and_has_its_own_table(
    status: str, definition: str, complete: bool, becomes: str
) -> None:
    issue = blueprint(status, definition, complete)
    made = wanted(issue)
    assert made[issue.key].fields["is_bug"] is False
    assert made[issue.tasks[0].key].fields["status"] == becomes


# -- losses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "issue", [bug(), rich_bug(), private()[0], blueprint("Implemented"), bug(description="new")]
)
def test_losses_add_up_to_all_that_is_filled(issue: Issue) -> None:
    decisions = Decided()
    decisions.readers = SECRET
    sums: Counter[tuple[str, str]] = Counter()
    for loss in PLANNER.losses(issue, decisions):
        sums[loss.entity, loss.field] += loss.count
        assert (loss.outcome == "lost") == bool(loss.reason)
    assert sums == Counter(present_fields(issue))


@pytest.mark.parametrize("issue", [private()[0], blueprint("Implemented", private=True)])
def test_who_may_read_is_native(issue: Issue) -> None:
    held = msgspec.structs.replace(issue, access=Access(people=(PERSON,)))
    found = [one for one in PLANNER.losses(held, private()[1]) if one.field == "access"]
    assert [(one.entity, one.outcome) for one in found] == [(issue.kind, "native")]


def test_what_depends_on_the_tables_is_counted_part_by_part() -> None:
    found = {
        (loss.field, loss.outcome): loss.count
        for loss in PLANNER.losses(rich_bug(), Decided())
        if loss.entity == "task"
    }
    assert found["assignee", "native"] == found["assignee", "text"] == 1
    assert found["milestone", "native"] == found["series", "native"] == 1
    assert (found["status", "native"], found["status", "text"]) == (2, 1)


def test_losses_that_say_text_are_readable_in_a_text() -> None:
    issue = rich_bug(extra={"heat": 6, "odd_field": "odd value"})
    everything = "\n".join(
        flat(value)
        for one in wanted(issue).values()
        for value in one.fields.values()
        if isinstance(value, Text)
    )
    for word in ("odd value", "date triaged", "Jane Doe", "nobody", "New", "elsewhere", "Public"):
        assert word in everything
