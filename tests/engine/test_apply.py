"""Writing everything, once: what a run leaves alone, what it sets aside, how a crash ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.plan import Plan
from tracker_migrate.errors import Brake, Retriable, Unreachable
from tracker_migrate.model import Access, Comment, Issue
from tracker_migrate.testing.memory import Fault, MemoryServer, Numbers, blueprint, bug
from tracker_migrate.testing.memory_source import PROJECT
from tracker_migrate.workspace import Workspace


class Crash(BaseException):
    """The process ends here: nobody catches this."""


def edited(issue: Issue, index: int, text: str) -> Issue:
    """The issue with another text in one of its comments."""
    comments = [
        msgspec.structs.replace(one, text=text) if one.index == index else one
        for one in issue.comments
    ]
    return msgspec.structs.replace(issue, comments=tuple(comments))


def writes(world: World) -> int:
    """How many requests the server carried out."""
    return world.server.writes.total()


def blow_up(*_: Any) -> Any:
    raise AssertionError("nothing is new, and something was sent")


def test_what_a_bug_waits_for_may_come_to_move_later(world: World) -> None:
    """As if the source had failed for that one alone."""
    world.keep(bug(2, "waits", blocked_by=(1,)))
    world.apply()
    assert world.card(2).fields["blockers"] == []
    world.keep(bug(1, "comes later"))
    world.apply()
    assert world.card(2).fields["blockers"] == [str(world.card(1).number)]
    before = writes(world)
    world.apply()
    assert writes(world) == before


def test_everything_is_there_and_agrees(world: World) -> None:
    world.keep(bug(1, "one", "see #2"), bug(2, "a", "b", "c", "d", blocked_by=(1,)))
    world.keep(blueprint("engine"))
    applied = world.apply()
    assert (applied.created, applied.aside, applied.refused) == (10, 0, 0)
    assert world.notes(2) == ["a", "b", "c", "d"]
    assert world.card(2).fields["blockers"] == [str(world.card(1).number)]
    assert world.notes(1)[1] == f"see #2 <memory://target/card/{world.card(2).number}>"
    assert len(world.server.all("project")) == 1
    assert world.verify().agrees


def test_references_in_a_circle_are_all_known_in_the_end(world: World) -> None:
    world.keep(bug(1, description="see #2"), bug(2, description="see #3"), bug(3, "see #1"))
    world.keep(bug(4, description="see #99"))
    world.apply()
    for number, to in ((1, 2), (2, 3)):
        text = world.card(number).fields["text"]
        assert text.endswith(f"see #{to} <memory://target/card/{world.card(to).number}>")
    assert world.card(4).fields["text"].endswith("see #99 <https://source.example/bug/99>")


def test_a_second_run_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.keep(bug(1, "one", description="see #2"), bug(2, "two", blocked_by=(1,)))
    world.apply()
    monkeypatch.setattr(world.sink, "send", blow_up)
    again = world.apply()
    assert (again.steps, again.created, again.updated, again.unchanged) == (0, 0, 0, 2)
    world.keep(bug(1, "one", description="see #2"))  # read again, the same
    assert world.apply().steps == 0


def test_a_change_is_sent_and_nothing_else(world: World) -> None:
    world.keep(bug(1, "one"), bug(2, "two"))
    world.apply()
    before = writes(world)
    world.keep(bug(2, "two", "three", title="Worse"))
    applied = world.apply()
    assert (applied.created, applied.updated) == (1, 1)
    assert writes(world) == before + 2
    assert world.card(2).fields["title"] == "Worse"
    assert world.notes(2) == ["two", "three"]
    assert world.verify().agrees


def test_a_comment_that_can_not_be_edited_is_told_and_left(
    workspace: Workspace, numbers: Numbers
) -> None:
    world = World(workspace, MemoryServer(), numbers)
    issue = bug(1, "one", "two")
    world.keep(issue)
    world.apply()
    world.keep(edited(issue, 2, "TWO"))
    applied = world.apply()
    can = numbers == "ours"
    assert (applied.updated, applied.stuck) == ((1, 0) if can else (0, 1))
    assert world.notes(1) == ["one", "TWO" if can else "two"]
    assert world.state(1) == "done"


def test_closing_goes_first_and_opening_last(world: World) -> None:
    world.workspace.mappings.joinpath("privacy.toml").write_text(
        '[information_type]\n"Private Security" = "security"\n'
        "[policies.security.there]\nusers = [7]\nalso = [7]\n"
    )
    shut: dict[str, Any] = {"private": True, "information_type": "Private Security"}
    shut["access"] = Access()
    world.keep(bug(1))
    world.apply()
    seen: list[tuple[str, str]] = []

    def watch(_name: str, moment: str) -> None:
        if moment == "after":
            fields = world.card(1).fields
            seen.append((fields["audience"], fields["title"]))

    world.server.on_request = watch
    world.keep(bug(1, title="Secret", **shut))
    world.apply()
    assert seen == [("security", "Bug 1"), ("security", "Secret")]
    seen.clear()
    world.keep(bug(1, title="Open"))
    world.apply()
    assert seen == [("security", "Open"), ("public", "Open")]
    seen.clear()
    assert world.apply().steps == 0
    assert world.verify().exposed == []


def test_a_private_issue_without_a_policy_is_refused_and_not_sent(world: World) -> None:
    world.keep(bug(1, private=True, information_type="Proprietary"), bug(2))
    applied = world.apply()
    assert (applied.refused, world.state(1)) == (1, "refused")
    assert world.cards(1) == []
    assert len(world.cards(2)) == 1


def test_a_persons_edit_is_kept_and_noted(world: World) -> None:
    world.keep(bug(1, description="old"))
    world.apply()
    card = world.card(1)
    world.server.edit("card", card.number, title="A better title")
    world.keep(bug(1, title="Worse", description="new"))
    applied = world.apply()
    assert (applied.kept, applied.updated) == (1, 1)
    assert card.fields["title"] == "A better title"
    assert card.fields["text"].endswith("new")
    assert [(key, field) for key, field, _ in world.ledger.conflicts()] == [(bug_key(1), "title")]
    assert world.apply().steps == 0
    assert [(d.key, d.field) for d in world.verify().differs] == [(bug_key(1), "title")]


def test_an_edit_that_is_all_there_was_to_send_is_kept_too(world: World) -> None:
    world.keep(bug(1))
    world.apply()
    world.server.edit("card", world.card(1).number, title="A better title")
    world.keep(bug(1, title="Worse"))
    assert (world.apply().kept, world.apply().kept) == (1, 0)
    assert world.card(1).fields["title"] == "A better title"


def test_a_change_that_was_declined_and_taken_back_is_written_when_it_comes_again(
    world: World,
) -> None:
    world.keep(bug(1))
    world.apply()
    number = world.card(1).number
    world.server.edit("card", number, title="A better title")
    world.keep(bug(1, title="Worse"))
    assert world.apply().kept == 1
    world.keep(bug(1))
    world.apply()
    world.server.edit("card", number, title=bug(1).title)
    world.keep(bug(1, title="Worse"))
    world.apply()
    assert world.card(1).fields["title"] == "Worse"
    assert world.verify().agrees
    assert world.apply().steps == 0


def test_where_a_person_and_the_source_agree_there_is_no_conflict(world: World) -> None:
    """What the person makes of it after that is an edit of what is wanted, and is kept and told."""
    world.keep(bug(1))
    world.apply()
    card = world.card(1)
    world.server.edit("card", card.number, title="A better title")
    world.keep(bug(1, title="A better title", description="new"))
    before = world.server.writes.total()
    applied = world.apply()
    assert (applied.kept, applied.updated) == (0, 1)
    assert world.server.writes.total() == before + 1, "the other field"
    assert world.ledger.conflicts() == []
    assert world.verify().agrees
    world.server.edit("card", card.number, title=bug(1).title)
    assert world.apply().steps == 0
    assert card.fields["title"] == bug(1).title
    assert [(d.key, d.field) for d in world.verify().differs] == [(bug_key(1), "title")]
    world.keep(bug(1, title="Worse"))
    assert world.apply().kept == 1


def test_an_issue_removed_at_the_target_is_not_made_again(world: World) -> None:
    world.keep(bug(1, "one"), bug(2))
    world.apply()
    world.server.remove("card", world.card(1).number)
    world.keep(bug(1, "one", title="Worse"), bug(2, title="Worse"))
    world.apply()
    assert world.cards(1) == []
    assert world.card(2).fields["title"] == "Worse"
    assert world.state(1) == "aside"
    world.apply()
    assert world.cards(1) == []


def test_nothing_is_added_to_an_issue_that_was_removed_at_the_target(world: World) -> None:
    world.keep(bug(1, "a"))
    world.apply()
    world.server.remove("card", world.card(1).number)
    world.keep(bug(1, "a", "b", title="Worse"))
    world.apply()
    writes = world.server.writes.total()
    world.apply()
    assert world.state(1) == "aside"
    assert world.server.writes.total() == writes


def test_a_note_removed_at_the_target_is_not_made_again(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "ours")
    issue = bug(1, "one", "two")
    world.keep(issue)
    world.apply()
    world.server.remove("note", world.server.all("note")[0].number)
    world.keep(edited(issue, 1, "ONE"))
    world.apply()
    world.keep(edited(issue, 1, "ONE!"))
    assert world.apply().gone == 1
    assert world.notes(1) == ["two"]


def test_an_issue_that_is_refused_is_set_aside_and_the_others_go_on(world: World) -> None:
    world.sink.connections = 1
    world.server.faults.append(Fault(do="refuse", request="card.create"))
    world.keep(bug(1, "one"), bug(2, "two"), bug(3))
    applied = world.apply()
    assert applied.aside == 1
    assert [world.state(n) for n in (1, 2, 3)] == ["aside", "done", "done"]
    verdict = world.ledger.verdict(bug_key(1))
    assert verdict is not None
    assert (verdict.attempts, verdict.reason) == (
        1,
        "card.create: the server will not do it",
    )
    assert world.apply().aside == 0, "the next run tries it again"
    assert world.notes(1) == ["one"]
    assert world.verify().agrees


def test_an_issue_that_fails_in_its_comments_keeps_what_it_has(world: World) -> None:
    name = "note.create" if world.numbers == "ours" else "fill"
    world.server.faults.append(Fault(do="refuse", request=name))
    world.keep(bug(1, "one", "two"))
    assert world.apply().aside == 1
    world.apply()
    assert world.notes(1) == ["one", "two"]
    assert len(world.cards(1)) == 1
    assert world.verify().agrees


def test_a_server_that_is_away_stops_the_run_and_the_next_goes_on(world: World) -> None:
    world.sink.connections = 1
    world.server.faults.append(Fault(do="down", request="card.create", skip=1))
    world.keep(bug(1, "one"), bug(2, "two"), bug(3))
    with pytest.raises(Unreachable):
        world.apply()
    assert len(world.server.all("card")) == 1
    world.apply()
    assert [world.state(n) for n in (1, 2, 3)] == ["done"] * 3
    assert len(world.server.all("card")) == 3
    assert world.verify().agrees


@pytest.mark.parametrize("do", ["lose", "drop", "late", "retry"])
def test_a_bad_line_doubles_nothing_and_loses_nothing(world: World, do: Any) -> None:
    world.sink.settle_seconds = 0.05
    for name in world.sink.planner.steps:
        world.server.faults.append(Fault(do=do, request=name, seconds=0.02))
    world.keep(bug(1, "one", description="see #2"), bug(2, "two", "three", "four", "five"))
    world.apply()
    world.keep(bug(2, "two", "three", "four", "five", title="Worse"))
    world.apply()
    assert all(
        fault.times == 0 or fault.request.endswith("update") for fault in world.server.faults
    )
    assert [len(world.cards(n)) for n in (1, 2)] == [1, 1]
    assert world.notes(1) == ["one"]
    assert world.notes(2) == ["two", "three", "four", "five"]
    assert world.card(2).fields["title"] == "Worse"
    assert world.verify().agrees
    assert world.ledger.open_intents() == []


def test_a_server_that_never_answers_does_not_keep_us_for_ever(world: World) -> None:
    world.server.faults.append(Fault(do="drop", request="card.create", times=1000))
    world.keep(bug(1))
    world.apply()
    assert world.state(1) == "aside"
    assert world.cards(1) == []
    assert world.server.requests["card.create"] < 20


def test_a_stranger_gets_to_keep_the_number(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "ours", connections=1)
    world.server.faults.append(Fault(do="stranger", request="card.create"))
    world.keep(bug(1, "one"), bug(2))
    world.apply()
    assert world.notes(1) == ["one"]
    strangers = [one for one in world.server.all("card") if one.author == "somebody"]
    assert [one.fields for one in strangers] == [{}]
    assert world.verify().agrees


def test_a_kept_number_that_is_a_strangers_sets_the_issue_aside(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "ours", keep=True)
    world.server.faults.append(Fault(do="stranger", request="card.create", times=100))
    world.keep(bug(1))
    world.apply()
    assert world.state(1) == "aside"
    assert world.cards(1) == []


def test_kept_numbers_are_kept(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "ours", keep=True)
    world.keep(bug(17, "one"), bug(4))
    world.apply()
    assert (world.card(17).number, world.card(4).number) == (17, 4)


def test_a_shared_object_is_made_once_for_all(world: World) -> None:
    world.sink.connections = 8
    world.keep(*(bug(n) for n in range(1, 30)))
    world.apply()
    assert len(world.server.all("project")) == 1


def test_a_shared_object_in_doubt_is_made_once_too(world: World) -> None:
    world.sink.settle_seconds = 0.1
    world.server.faults.append(Fault(do="late", request="project.create", seconds=0.05))
    world.keep(*(bug(n) for n in range(1, 6)))
    world.apply()
    assert len(world.server.all("project")) == 1
    assert len(world.server.all("card")) == 5
    assert world.verify().agrees


def test_where_the_server_chooses_numbers_follow_the_source(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "theirs")
    world.keep(*(bug(n) for n in (30, 4, 111, 5)))
    world.apply()
    assert [one.marker.rsplit("/", 1)[1] for one in world.server.all("card")] == [
        "4",
        "5",
        "30",
        "111",
    ]


def test_only_and_limit_leave_the_rest_for_later(world: World) -> None:
    world.keep(bug(1), bug(2), bug(3), bug(4))
    world.apply(only=Only("bug:3"))
    assert [len(world.cards(n)) for n in (1, 2, 3, 4)] == [0, 0, 1, 0]
    world.apply(limit=2)
    assert [len(world.cards(n)) for n in (1, 2, 3, 4)] == [1, 1, 1, 0]
    world.apply()
    assert len(world.cards(4)) == 1


def test_what_is_not_in_the_plan_is_not_written(world: World) -> None:
    world.keep(bug(1))
    lines: list[Any] = []
    Plan(world.target()).run(each=lines.append)
    expected = frozenset(line.digest for line in lines)
    world.keep(bug(1, title="Changed since"))
    with pytest.raises(Brake, match="not in the plan"):
        Apply(world.target(), expected=expected).run()
    assert world.cards(1) == []
    world.keep(bug(1))
    Apply(world.target(), expected=expected).run()
    assert world.card(1).fields["title"] == "Bug 1"


def test_planning_writes_nothing_and_foresees_what_apply_does(world: World) -> None:
    world.keep(bug(1, "one", "two"), bug(2, blocked_by=(1,)))
    planned = Plan(world.target()).run()
    assert (writes(world), planned.writes) == (0, 5)
    assert dict(planned.create) == {"project": 1, "card": 2, "note": 2}
    assert world.apply().created == planned.writes
    assert Plan(world.target()).run().writes == 0


def test_another_workspace_joins_what_is_there_and_doubles_nothing(
    make: Callable[..., Workspace], database: str | None, numbers: Numbers
) -> None:
    if database is not None:
        pytest.skip("two workspaces would share this one database")
    server = MemoryServer()
    first, second = World(make("a"), server, numbers), World(make("b"), server, numbers)
    first.keep(bug(1, "one"))
    first.apply()
    server.add("card", author="somebody", marker="https://source.example/bug/2", title="forged")
    second.keep(bug(1, "one", "two", title="Worse"), bug(2))
    assert second.apply().joined == 1
    assert second.card(1).fields["title"] == "Bug 1", "it is the other one's to change"
    assert second.notes(1) == ["one", "two"]
    assert sorted(one.author for one in second.cards(2)) == ["importer", "somebody"]
    assert second.apply().steps == 0


# -- crashes --------------------------------------------------------------------------------------


def crash_at(world: World, request: str, moment: str) -> None:
    """Have the process end before or after the server carries out a request, the next time."""
    armed = [True]

    def hook(name: str, when: str) -> None:
        if (name, when) == (request, moment) and armed:
            armed.clear()
            raise Crash

    world.server.on_request = hook


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_kind_of_step_is_found_by_the_next_run(world: World, moment: str) -> None:
    issues = [bug(1, "a", description="see #2"), bug(2, "a", "b", "c", "d")]
    for step in world.sink.planner.steps:
        issues = [msgspec.structs.replace(one, title=f"{one.title}!") for one in issues]
        if "update" not in step:  # an issue that is new, so that there is something to create
            number = 10 + len(issues)
            issues.append(bug(number, "x", tasks=(_task_of(f"p{number}"),)))
        world.keep(*issues)
        crash_at(world, step, moment)
        if step == "note.update":
            issues[0] = edited(issues[0], 1, "A")
            world.keep(issues[0])
        with pytest.raises(Crash):
            world.apply()
        assert world.ledger.open_intents() != []
        world.apply()
        assert world.ledger.open_intents() == []
        assert world.verify().agrees, step
    assert len(world.server.all("card")) == len(issues)
    assert world.notes(2) == ["a", "b", "c", "d"]


def _task_of(project: str) -> Any:
    task = bug(1).tasks[0]
    key = type(PROJECT)(f"memory:project:{project}")
    return msgspec.structs.replace(task, project=key, target=key, target_name=project)


def blind(world: World, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Have the next look at the server fail."""
    find, left = world.sink.find, [error]

    def look(*given: Any) -> Any:
        if left:
            raise left.pop()
        return find(*given)

    monkeypatch.setattr(world.sink, "find", look)


def test_what_a_crash_left_in_doubt_waits_for_the_settle_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(workspace, MemoryServer(), "theirs", settle_seconds=0.4)
    world.server.faults.append(Fault(do="late", request="card.create", seconds=0.25))
    blind(world, monkeypatch, Crash())
    world.keep(bug(1, "one"))
    with pytest.raises(Crash):
        world.apply()
    assert world.cards(1) == []
    world.apply()
    assert world.server.requests["card.create"] == 1
    assert len(world.cards(1)) == 1
    assert world.verify().agrees


def test_nothing_is_sent_of_an_issue_that_can_not_be_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sink.connections = 1
    world.keep(bug(1, "one"), bug(2, "two"))
    crash_at(world, "card.create", "after")
    with pytest.raises(Crash):
        world.apply()
    with monkeypatch.context() as patch:
        blind(world, patch, Retriable("no answer"))
        world.apply()
    assert [world.state(1), world.state(2)] == ["aside", "done"]
    assert world.server.requests["card.create"] == 2
    assert world.notes(1) == []
    world.apply()
    assert [world.state(1), world.state(2)] == ["done", "done"]
    assert [len(world.cards(n)) for n in (1, 2)] == [1, 1]
    assert world.verify().agrees


def test_a_stranger_may_take_the_number_while_we_are_down(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "ours", connections=1)
    world.keep(bug(1, "one"), bug(2))
    crash_at(world, "card.create", "before")
    with pytest.raises(Crash):
        world.apply()
    (intent,) = [one for one in world.ledger.open_intents() if one.step.kind == "card.create"]
    number = intent.step.actions[0].number
    assert number is not None
    world.server.add("card", author="somebody", number_wanted=number)
    taken = world.server.all("card")[-1]
    world.server._records["card", number] = msgspec.structs.replace(taken, number=number)
    world.apply()
    assert world.notes(1) == ["one"]
    assert [world.state(1), world.state(2)] == ["done", "done"]


# -- a slow disk ----------------------------------------------------------------------------------


def test_a_slow_disk_doubles_nothing(world: World) -> None:
    """A result on its way to the disk is known to whoever asks next."""

    def slow(moment: str) -> None:
        if moment == "before":
            time.sleep(0.03)

    world.workspace.writer.on_commit = slow
    world.keep(bug(1, "one"), bug(2, tasks=(_task_of("other"), *bug(2).tasks)))
    world.apply()
    world.workspace.writer.on_commit = None
    assert [len(world.cards(n)) for n in (1, 2)] == [1, 1]
    assert len(world.server.all("project")) == 2
    assert world.notes(1) == ["one"]


def test_a_doubt_that_was_settled_on_a_slow_disk_doubles_nothing(world: World) -> None:
    world.sink.settle_seconds = 0.05
    world.server.faults.append(Fault(do="late", request="card.create", seconds=0.02))
    world.workspace.writer.on_commit = lambda _moment: time.sleep(0.03)
    world.keep(bug(1, "one"))
    world.apply()
    world.workspace.writer.on_commit = None
    assert len(world.cards(1)) == 1
    assert world.notes(1) == ["one"]


def test_hidden_and_deleted_comments_never_reach_the_target(world: World) -> None:
    issue = bug(1, "seen")
    hidden = Comment(key=type(PROJECT)("memory:comment:1/9"), index=9, home="h", withheld="hidden")
    world.keep(msgspec.structs.replace(issue, comments=(*issue.comments, hidden)))
    world.apply()
    assert world.notes(1) == ["seen"]
    assert world.verify().account.refused == 1


def test_a_plan_covers_the_references_that_are_known_later(world: World) -> None:
    """Where the target chooses its numbers a text is sent again when they are known: that is no
    change of plan."""
    world.keep(bug(1, description="see #2"), bug(2, "after #3"), bug(3))
    lines: list[Any] = []
    Plan(world.target()).run(each=lines.append)
    expected = frozenset(line.digest for line in lines)
    applied = Apply(world.target(), expected=expected).run()
    assert applied.aside == 0
    assert "source.example/bug/2" not in world.card(1).fields["text"]
    world.keep(bug(1, description="see #2, and more"))
    with pytest.raises(Brake):
        Apply(world.target(), expected=expected).run()


def test_a_create_that_comes_after_its_resend_was_refused_gets_what_changed(
    workspace: Workspace,
) -> None:
    world = World(workspace, MemoryServer(), "ours")
    world.keep(bug(1))
    world.server.faults.append(Fault(do="late", request="card.create", seconds=0.2))
    world.server.faults.append(Fault(do="refuse", request="card.create"))
    assert world.apply().aside == 1
    time.sleep(0.3)
    world.keep(bug(1, title="Worse"))
    world.apply()
    world.apply()
    assert world.card(1).fields["title"] == "Worse"
