"""What the planner wants at Maniphest, and what it says is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.backends.maniphest.helpers import (
    MADE,
    WEB,
    Told,
    attachment,
    bug,
    by_kind,
    comment,
    depends_on,
    duplicate_of,
    task,
)
from tracker_migrate.backends.maniphest import compose
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.maniphest.projects import possible, slug
from tracker_migrate.interfaces import (
    Account,
    Action,
    Audience,
    Place,
    Planner,
    Pointer,
    Ref,
    RemoteRef,
    Step,
    Text,
    Wanted,
)
from tracker_migrate.model import Issue, Key, Milestone, Person, key, present_fields

JANE = key("launchpad", "person", "jdoe")
SECRET = Audience(name="security", users=("PHID-USER-jane",), groups=("PHID-PROJ-sec",))


def wanted(issue: Issue, told: Told | None = None) -> list[Wanted]:
    return list(ManiphestPlanner().wanted(issue, told or Told()))


def the_task(issue: Issue, told: Told | None = None) -> Wanted:
    (one,) = by_kind(wanted(issue, told), "task")
    return one


def flat(text: Any) -> str:
    assert isinstance(text, Text)
    return "".join(
        f"<{part.to}>" if isinstance(part, Ref) else part if isinstance(part, str) else part.text
        for part in text.parts
    )


def projects(one: Wanted) -> list[str]:
    return [pointer.to for pointer in one.fields["projects"]]


def aimed(told: Told, project: str, name: str, active: bool = True) -> Key:
    made = key("launchpad", "milestone", f"{project}/+milestone/{name}")
    told.milestones[made] = Milestone(
        key=made,
        project=key("launchpad", "project", project),
        name=name,
        title=name,
        home=WEB,
        active=active,
    )
    return made


def test_it_is_a_planner() -> None:
    assert isinstance(ManiphestPlanner(), Planner)


def test_a_bug_becomes_one_task_and_its_comments() -> None:
    issue = bug(7, comments=(comment(7, 0, "first"), comment(7, 1, "second")))
    assert [one.kind for one in wanted(issue)] == ["project", "task", "comment", "comment"]
    one = the_task(issue)
    assert one.key == "launchpad:bug:7"
    assert one.marker == f"{WEB}/bugs/7"
    assert one.fields["title"] == "Instance 7 is stuck"
    assert one.fields["status"] == "open"
    assert one.fields["priority"] == "triage"
    assert projects(one) == ["maniphest:project:nova"]


def test_the_owner_is_said_even_if_there_is_none() -> None:
    assert the_task(bug()).fields["owner"] is None


def test_an_assignee_with_an_account_is_the_owner() -> None:
    told = Told()
    told.accounts[JANE] = Account(id="PHID-USER-jane", name="jane")
    issue = bug(tasks=(task(7, "nova", assignee=JANE),))
    assert the_task(issue, told).fields["owner"] == "PHID-USER-jane"


def test_an_owner_outside_of_the_audience_would_see_it_and_is_left_out() -> None:
    told = Told()
    told.accounts[JANE] = Account(id="PHID-USER-jane", name="jane")
    issue = bug(private=True, tasks=(task(7, "nova", assignee=JANE),))
    told.shown_to = SECRET
    assert the_task(issue, told).fields["owner"] == "PHID-USER-jane"
    told.shown_to = Audience(name="security", groups=("PHID-PROJ-sec",))
    assert the_task(issue, told).fields["owner"] is None
    assert "assignee" not in native(issue, told)


def test_a_private_bug_names_its_policy_twice() -> None:
    told = Told()
    told.shown_to = SECRET
    one = the_task(bug(private=True), told)
    assert (one.fields["view"], one.fields["edit"]) == ("PHID-PROJ-sec", "PHID-PROJ-sec")
    assert one.audience == "security"


@pytest.mark.parametrize(
    ("audience", "why"),
    [
        (Audience(name="refuse", refused="no policy"), "no policy"),
        (Audience(name="security", users=("PHID-USER-x",)), "names no project"),
        (Audience(name="security", groups=("17",)), "no project or policy PHID"),
    ],
)
def test_an_audience_without_a_policy_is_refused(audience: Audience, why: str) -> None:
    told = Told()
    told.shown_to = audience
    assert why in str(ManiphestPlanner().refusal(bug(private=True), told))


def test_a_bug_whose_projects_all_stay_is_refused() -> None:
    told = Told()
    told.places[key("launchpad", "project", "nova")] = Place(name="nova", move=False)
    assert ManiphestPlanner().refusal(bug(), told) == "none of its projects is moved"
    assert ManiphestPlanner().refusal(bug(), Told()) is None


# -- several tasks ------------------------------------------------------------------------------


def test_several_tasks_become_subtasks_of_one() -> None:
    issue = bug(7, tasks=(task(7, "nova", status="Fix Released"), task(7, "glance")))
    subtasks = by_kind(wanted(issue), "subtask")
    assert [one.fields["title"] for one in subtasks] == [
        "[nova] Instance 7 is stuck",
        "[glance] Instance 7 is stuck",
    ]
    assert all(one.fields["parent"] == Pointer(to=issue.key) for one in subtasks)
    assert [one.marker for one in subtasks] == [f"{WEB}/nova/+bug/7", f"{WEB}/glance/+bug/7"]
    assert [one.fields["status"] for one in subtasks] == ["resolved", "open"]


def test_the_parent_is_open_while_one_task_is() -> None:
    issue = bug(7, tasks=(task(7, "nova", status="Fix Released"), task(7, "glance")))
    assert the_task(issue).fields["status"] == "open"


def test_the_parent_closes_when_all_are_closed() -> None:
    closed = (task(7, "nova", status="Invalid"), task(7, "glance", status="Fix Released"))
    assert the_task(bug(7, tasks=closed)).fields["status"] == "resolved"


def test_the_parent_has_the_highest_importance() -> None:
    tasks = (task(7, "nova"), task(7, "glance", importance="High"))
    assert the_task(bug(7, tasks=tasks)).fields["priority"] == "high"


def test_a_task_of_a_project_that_stays_is_no_subtask() -> None:
    told = Told()
    told.places[key("launchpad", "project", "glance")] = Place(name="glance", move=False)
    issue = bug(7, tasks=(task(7, "nova"), task(7, "glance", status="Fix Released")))
    assert by_kind(wanted(issue, told), "subtask") == []
    assert the_task(issue, told).fields["status"] == "open"
    assert "glance" in flat(the_task(issue, told).fields["description"])


def test_in_the_mode_one_all_tasks_are_in_the_text() -> None:
    told = Told(task_mode="one")
    told.accounts[JANE] = Account(id="PHID-USER-jane", name="jane")
    tasks = (
        task(7, "nova", status="Fix Released"),
        task(7, "glance", assignee=JANE),
    )
    issue = bug(7, tasks=tasks)
    assert by_kind(wanted(issue, told), "subtask") == []
    assert the_task(issue, told).fields["owner"] == "PHID-USER-jane"
    assert "glance" in flat(the_task(issue, told).fields["description"])


# -- projects -----------------------------------------------------------------------------------


def test_a_milestone_stands_without_its_project() -> None:
    told = Told()
    issue = bug(7, tasks=(task(7, "nova", milestone=aimed(told, "nova", "1.0")),))
    assert projects(the_task(issue, told)) == ["maniphest:milestone:nova@1.0"]
    kinds = [(one.kind, one.key) for one in wanted(issue, told)][:2]
    assert kinds == [
        ("project", "maniphest:project:nova"),
        ("milestone", "maniphest:milestone:nova@1.0"),
    ]


def test_a_series_is_a_subproject_without_its_project() -> None:
    issue = bug(7, tasks=(task(7, "nova/kilo"),))
    assert projects(the_task(issue)) == ["maniphest:project:nova_kilo"]
    (sub,) = [one for one in wanted(issue) if one.key == "maniphest:project:nova_kilo"]
    assert sub.fields == {"name": "nova kilo", "parent": Pointer(to=Key("maniphest:project:nova"))}


def test_a_subproject_and_a_milestone_of_one_project_stay_together() -> None:
    told = Told()
    issue = bug(7, tasks=(task(7, "nova/kilo", milestone=aimed(told, "nova", "1.0")),))
    assert projects(the_task(issue, told)) == [
        "maniphest:milestone:nova@1.0",
        "maniphest:project:nova_kilo",
    ]


def test_two_milestones_of_one_project_stay_in_the_text() -> None:
    told = Told(task_mode="one")
    told.places[key("launchpad", "series", "nova/kilo")] = Place(name="nova")
    tasks = (
        task(7, "nova", milestone=aimed(told, "nova", "1.0")),
        task(7, "nova/kilo", milestone=aimed(told, "nova", "1.1")),
    )
    issue = bug(7, tasks=tasks)
    assert projects(the_task(issue, told)) == ["maniphest:project:nova"]
    assert "milestone" not in native(issue, told)


def test_a_milestone_that_is_over_stays_in_the_text() -> None:
    told = Told()
    over = aimed(told, "nova", "0.9", active=False)
    issue = bug(7, tasks=(task(7, "nova", milestone=over),))
    assert projects(the_task(issue, told)) == ["maniphest:project:nova"]
    assert "0.9" in flat(the_task(issue, told).fields["description"])


def test_a_milestone_that_is_over_is_an_object_where_the_settings_want_all() -> None:
    told = Told(milestones="all")
    over = aimed(told, "nova", "0.9", active=False)
    issue = bug(7, tasks=(task(7, "nova", milestone=over),))
    assert projects(the_task(issue, told)) == ["maniphest:milestone:nova@0.9"]
    assert "milestone" in native(issue, told)


def test_a_common_tag_is_a_project_and_a_rare_one_is_text() -> None:
    told = Told()
    told.uses = {"api": 10, "odd": 9}
    one = the_task(bug(tags=("api", "odd")), told)
    assert projects(one) == ["maniphest:project:nova", "maniphest:project:api"]
    assert "odd" in flat(one.fields["description"])


def test_a_tag_that_a_table_names_is_a_project_however_rare() -> None:
    told = Told(tag_projects=("odd",))
    told.tag_names = {"api": "API team", "no": None}
    told.uses = {"no": 99, "odd": 1}
    one = the_task(bug(tags=("api", "odd", "no")), told)
    assert projects(one)[1:] == ["maniphest:project:api_team", "maniphest:project:odd"]


def test_a_tag_that_no_public_issue_carries_becomes_public_only_by_a_row_of_the_tables() -> None:
    told = Told(tag_projects=("embargoed",))
    told.tag_names = {"decided": "Decided"}
    told.shown_to = SECRET
    one = the_task(bug(private=True, tags=("embargoed", "decided")), told)
    assert projects(one)[1:] == ["maniphest:project:decided"]


def test_a_tag_never_pushes_out_the_milestone_of_its_project() -> None:
    told = Told()
    told.uses = {"nova": 50}
    tasks = (task(7, "nova", milestone=aimed(told, "nova", "1.0")),)
    assert projects(the_task(bug(7, tasks=tasks, tags=("nova",)), told)) == [
        "maniphest:milestone:nova@1.0"
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("c++", "c"),
        ("C#", "c"),
        ("foo bar", "foo_bar"),
        ("foo-bar", "foo-bar"),
        ("Évolution (GNOME) & co/1.0", "évolution_gnome_co_1.0"),
        ("openstack/nova", "openstack_nova"),
        ("+++", "_"),
        (".", "dot"),
    ],
)
def test_names_that_collide_at_the_server_collide_here(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_names_that_the_server_refuses_make_no_project() -> None:
    assert not possible("+++")
    assert not possible("x" * 129)
    assert not possible("  ")
    assert not possible("line\nbreak")
    assert possible("nova")


# -- texts --------------------------------------------------------------------------------------


def test_the_first_line_says_where_it_came_from() -> None:
    told = Told()
    told.people[JANE] = Person(key=JANE, name="jdoe", display_name="Jane Doe", home=f"{WEB}/~jdoe")
    text = flat(the_task(bug(), told).fields["description"])
    first, blank, body = text.split("\n")[:3]
    assert f"{WEB}/bugs/7" in first
    assert "Jane Doe" in first
    assert "2014-05-06 07:08:09 UTC" in first
    assert blank == ""
    assert body == "It happens, number 7."


@pytest.mark.parametrize("private", [False, True])
def test_a_private_team_is_named_nowhere_for_a_task_keeps_its_old_texts(private: bool) -> None:
    told = Told()
    told.shown_to = SECRET if private else told.shown_to
    told.people[JANE] = Person(
        key=JANE, name="x", display_name="Secret Squad", home=WEB, private=True, is_team=True
    )
    issue = bug(private=private, tasks=(task(7, "nova", assignee=JANE), task(7, "glance")))
    tasks = [one for one in wanted(issue, told) if one.kind in ("task", "subtask")]
    first, *subtasks = [flat(one.fields["description"]) for one in tasks]
    assert len(subtasks) == 2
    assert "Secret Squad" not in first.split("\n")[0]
    assert "Secret Squad" not in "".join(subtasks)


def test_the_sources_own_words_stay_readable() -> None:
    text = flat(the_task(bug(tasks=(task(7, "nova", status="Triaged"),))).fields["description"])
    assert "Triaged" in text
    assert "Undecided" in text


def test_a_long_title_is_cut_and_stands_whole_in_the_text() -> None:
    long = "x" * 300
    one = the_task(bug(title=long))
    assert len(one.fields["title"]) == 255
    assert one.fields["title"].endswith("…")
    assert long in flat(one.fields["description"])


def test_a_title_of_255_characters_is_left_alone() -> None:
    assert the_task(bug(title="😀" * 255)).fields["title"] == "😀" * 255


def test_a_blank_title_gets_words() -> None:
    assert the_task(bug(title=" \n ")).fields["title"] == "(no title)"


def test_the_first_comment_is_written_only_if_it_differs() -> None:
    same = bug(7, comments=(comment(7, 0, "It  happens,\nnumber 7. "),))
    assert by_kind(wanted(same), "comment") == []
    other = bug(7, comments=(comment(7, 0, "It happened."),))
    assert len(by_kind(wanted(other), "comment")) == 1


def test_hidden_deleted_and_empty_comments_are_not_written() -> None:
    issue = bug(
        7,
        comments=(
            comment(7, 1, "", withheld="hidden"),
            comment(7, 2, "", deleted=MADE),
            comment(7, 3, " \n"),
            comment(7, 4, "said"),
        ),
    )
    assert [one.key for one in by_kind(wanted(issue), "comment")] == ["launchpad:comment:7/4"]


def test_an_empty_comment_with_a_file_names_the_file() -> None:
    issue = bug(7, comments=(comment(7, 1, ""),), attachments=(attachment(7, 1),))
    (one,) = by_kind(wanted(issue), "comment")
    assert "nova.log" in flat(one.fields["text"])


def test_a_comment_says_what_no_field_holds() -> None:
    issue = bug(
        7,
        comments=(
            comment(7, 1, "text", subject="Re: [Bug 7] Instance 7 is stuck"),
            comment(7, 2, "text", subject="Workaround", edited=MADE),
        ),
    )
    plain, noted = (flat(one.fields["text"]) for one in by_kind(wanted(issue), "comment"))
    assert "Subject" not in plain
    assert "Workaround" in noted
    assert "Edited" in noted


def test_a_duplicate_is_closed_and_names_its_master() -> None:
    issue = bug(7, relations=(duplicate_of(3),))
    one = the_task(issue)
    assert one.fields["status"] == "duplicate"
    refs = [part for part in one.fields["description"].parts if isinstance(part, Ref)]
    assert "launchpad:bug:3" in [ref.to for ref in refs]


def test_what_it_depends_on_becomes_an_edge_if_it_moves() -> None:
    told = Told()
    told.moving = {key("launchpad", "bug", 3)}
    issue = bug(7, relations=(depends_on(3), depends_on(4)))
    (one,) = by_kind(wanted(issue, told), "relations")
    assert [pointer.to for pointer in one.fields["subtasks"]] == ["launchpad:bug:3"]
    assert not one.fields["subtasks"][0].required


def test_what_waits_for_it_in_its_turn_is_told_in_the_text_alone() -> None:
    told = Told()
    told.moving = {key("launchpad", "bug", 3), key("launchpad", "bug", 4)}
    told.circles = {key("launchpad", "bug", 4)}
    issue = bug(7, relations=(depends_on(3), depends_on(4)))
    (one,) = by_kind(wanted(issue, told), "relations")
    assert [pointer.to for pointer in one.fields["subtasks"]] == ["launchpad:bug:3"]
    refs = [
        part for part in the_task(issue, told).fields["description"].parts if isinstance(part, Ref)
    ]
    assert "launchpad:bug:4" in [ref.to for ref in refs]
    native = [
        loss.count
        for loss in ManiphestPlanner().losses(issue, told)
        if loss.field == "to" and loss.outcome == "native"
    ]
    assert native == [1]


def test_an_obsolete_blueprint_is_invalid_whatever_was_done() -> None:
    issue = blueprint("Started", "Obsolete")
    assert the_task(issue).fields["status"] == "invalid"
    assert the_task(blueprint("Started", "Approved")).fields["status"] == "open"


def test_an_informational_blueprint_is_done_when_it_is_complete() -> None:
    assert the_task(blueprint("Informational", "Approved")).fields["status"] == "open"
    done = blueprint("Informational", "Approved", complete=True)
    assert the_task(done).fields["status"] == "resolved"


def blueprint(status: str, definition: str, **more: Any) -> Issue:
    one = task(7, "nova", status=status, importance="High", **more)
    return Issue(
        key=key("launchpad", "blueprint", "nova/+spec/foo"),
        kind="blueprint",
        name="nova/+spec/foo",
        title="Foo",
        home=f"{WEB}/nova/+spec/foo",
        tasks=(one,),
        extra={"definition_status": definition},
    )


# -- losses -------------------------------------------------------------------------------------


def native(issue: Issue, told: Told) -> set[str]:
    return {
        loss.field for loss in ManiphestPlanner().losses(issue, told) if loss.outcome == "native"
    }


def rich(told: Told) -> Issue:
    told.accounts[JANE] = Account(id="PHID-USER-jane", name="jane")
    told.uses = {"api": 12}
    told.moving = {key("launchpad", "bug", 3)}
    return bug(
        7,
        title="y" * 300,
        tags=("api", "rare"),
        tasks=(
            task(7, "nova", milestone=aimed(told, "nova", "1.0"), assignee=JANE),
            task(7, "nova/kilo", milestone=aimed(told, "nova", "0.9", active=False)),
            task(7, "glance", assignee=key("launchpad", "person", "nobody")),
        ),
        comments=(
            comment(7, 0, "It happens, number 7."),
            comment(7, 1, "text", subject="S", edited=MADE, extra={"x": 1}),
            comment(7, 2, "", withheld="hidden"),
            comment(7, 3, ""),
        ),
        relations=(depends_on(3), duplicate_of(9)),
        attachments=(attachment(7, 1),),
        extra={"heat": 12, "empty": None},
    )


@pytest.mark.parametrize("mode", ["subtasks", "one"])
def test_the_losses_add_up_to_all_that_is_there(mode: str) -> None:
    told = Told(task_mode=mode)
    for issue in (rich(told), bug(), blueprint("Started", "Approved")):
        sums: Counter[tuple[str, str]] = Counter()
        for loss in ManiphestPlanner().losses(issue, told):
            assert loss.count > 0
            assert loss.reason or loss.outcome != "lost"
            sums[loss.entity, loss.field] += loss.count
        assert sums == Counter(present_fields(issue))


def test_every_filled_field_that_is_text_can_be_read() -> None:
    """A spot check of law 3: each word of the source is in some text that is written."""
    told = Told()
    issue = rich(told)
    texts = " ".join(
        flat(value)
        for one in wanted(issue, told)
        for value in one.fields.values()
        if isinstance(value, Text)
    )
    for word in ("heat", "12", "rare", "0.9", "nova.log", "nobody", "Undecided", "y" * 300):
        assert word.lower() in texts.lower()


def test_a_field_is_native_where_it_fits_and_text_elsewhere() -> None:
    told = Told()
    outcomes = Counter[tuple[str, str]]()
    for loss in ManiphestPlanner().losses(rich(told), told):
        if loss.entity == "task":
            outcomes[loss.field, loss.outcome] += loss.count
    assert (outcomes["milestone", "native"], outcomes["milestone", "text"]) == (1, 1)
    assert (outcomes["assignee", "native"], outcomes["assignee", "text"]) == (1, 1)


# -- requests -----------------------------------------------------------------------------------


def creates(objects: list[Wanted]) -> list[Action]:
    return [Action(op="create", wanted=one, fields=tuple(one.fields)) for one in objects]


def update(one: Wanted, *fields: str) -> Action:
    return Action(op="update", wanted=one, fields=fields, at=RemoteRef(id="PHID-TASK-1"))


def composed(actions: list[Action]) -> list[Step]:
    return list(ManiphestPlanner().compose(actions))


def test_one_create_and_one_fill_for_a_bug() -> None:
    issue = bug(7, comments=tuple(comment(7, n, f"comment {n}") for n in range(1, 40)))
    steps = composed(creates(wanted(issue)))
    assert [step.kind for step in steps] == ["project.create", "task.create", "fill"]
    assert [step.phase for step in steps] == [0, 1, 2]
    keys = [action.wanted.key for action in steps[2].actions]
    assert keys == [f"launchpad:comment:7/{n}" for n in range(1, 40)]


def test_a_changed_description_goes_with_the_comments() -> None:
    issue = bug(7, comments=(comment(7, 1, "text"),))
    objects = wanted(issue)
    (fill,) = composed([update(objects[1], "description"), *creates(by_kind(objects, "comment"))])
    assert [action.op for action in fill.actions] == ["update", "create"]


def test_a_change_without_comments_is_an_update() -> None:
    (step,) = composed([update(the_task(bug()), "status")])
    assert step.kind == "task.update"


def test_closing_goes_first_and_alone() -> None:
    told = Told()
    told.shown_to = SECRET
    objects = wanted(bug(7, private=True, comments=(comment(7, 1, "private"),)), told)
    steps = composed(
        [update(objects[1], "view", "edit", "description"), *creates(by_kind(objects, "comment"))]
    )
    assert [step.kind for step in steps] == ["task.update", "fill"]
    assert steps[0].actions[0].fields == ("view", "edit")
    assert steps[0].phase == 0
    assert steps[1].actions[0].fields == ("description",)


def test_opening_goes_last() -> None:
    objects = wanted(bug(7, comments=(comment(7, 1, "text"),)))
    steps = composed(
        [update(objects[1], "view", "edit", "title"), *creates(by_kind(objects, "comment"))]
    )
    assert [step.kind for step in steps] == ["fill", "task.update"]
    assert steps[1].actions[0].fields == ("view", "edit")


def test_a_long_text_goes_alone_and_the_order_is_kept() -> None:
    texts = ("a", "b" * 3000, "c", "d")
    comments = tuple(comment(7, n + 1, text) for n, text in enumerate(texts))
    actions = creates(by_kind(wanted(bug(7, comments=comments)), "comment"))
    steps = list(compose.compose(actions, 2000))
    assert [len(step.actions) for step in steps] == [1, 1, 2]
    keys = [action.wanted.key for step in steps for action in step.actions]
    assert keys == [one.key for one in comments]


def test_a_fill_counts_bytes_as_they_are_sent() -> None:
    comments = tuple(comment(7, n, "漢" * 400) for n in range(1, 4))
    actions = creates(by_kind(wanted(bug(7, comments=comments)), "comment"))
    steps = list(compose.compose(actions, 6000))
    assert [len(step.actions) for step in steps] == [1, 1, 1]


def test_all_kinds_of_steps_are_listed() -> None:
    told = Told()
    told.moving = {key("launchpad", "bug", 3)}
    issue = bug(
        7,
        tasks=(task(7, "nova", milestone=aimed(told, "nova", "1.0")), task(7, "glance")),
        relations=(depends_on(3),),
    )
    kinds = {step.kind for step in composed(creates(wanted(issue, told)))}
    assert kinds <= set(ManiphestPlanner.steps)
    assert {one.kind for one in wanted(issue, told)} <= set(ManiphestPlanner.kinds)
