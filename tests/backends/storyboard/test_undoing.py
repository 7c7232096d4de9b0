"""Taking back at StoryBoard: what goes, what stays, whose work is seen, and what no reply tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.backends.storyboard import servers
from tests.backends.storyboard.acts import ME, SECRET, private, renumbered
from tests.backends.storyboard.example import Decided, Run, bug
from tracker_migrate.abilities import Back, Part, TakesBack
from tracker_migrate.backends.storyboard import open_sink
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.undoing import LISTED, UNKNOWN, freeing
from tracker_migrate.errors import Doubtful, Gone, Refused, UsageError
from tracker_migrate.interfaces import ClosedAction, ClosedStep, Sink
from tracker_migrate.model import Issue, Key, name_of
from tracker_migrate.testing.loopback import Fault, StandIn


def written(run: Run, issue: Issue) -> Issue:
    """The issue, at the target."""
    for step in run.steps(issue):
        run.send(step)
    return issue


def parts(run: Run, issue: Issue) -> dict[Key, Part]:
    """What a ledger would name of an issue."""
    own = run.issue_refs()
    return {of: Part(kind=kind, at=at) for of, (kind, at) in own.items()}


def back(run: Run) -> TakesBack:
    assert isinstance(run.sink, TakesBack)
    return run.sink


def deletion(run: Run, issue: Issue) -> ClosedStep:
    """The step that takes a story back."""
    (story,) = (b for b in back(run).backs(parts(run, issue), run.decisions) if b.op == "delete")
    at = run.refs[story.key][1]
    action = ClosedAction(
        op="delete", key=story.key, kind="story", fields={}, at=at, holds=story.takes
    )
    return ClosedStep(kind="story.delete", issue=issue.key, actions=(action,))


def story_of(run: Run, issue: Issue) -> str:
    return run.refs[issue.key][1].id


@pytest.fixture
def issue() -> Issue:
    return renumbered(bug())


def test_a_story_goes_with_all_that_stands_on_it(run: Run, us: Api, issue: Issue) -> None:
    written(run, issue)
    assert back(run).worked_on(issue.key, parts(run, issue)) == ""
    (story,) = back(run).backs(parts(run, issue), run.decisions)
    assert story == Back(key=issue.key, op="delete", takes=story.takes)
    assert {issue.key, *story.takes} == parts(run, issue).keys()
    step = deletion(run, issue)
    assert run.sink.find(step, {}) is None
    run.sink.send(step)
    assert run.sink.find(step, {}) is not None
    with pytest.raises(Gone):
        us.get(f"/stories/{story_of(run, issue)}")
    assert us.get("/tasks", {"story_id": story_of(run, issue)}) == []


# -- whose work it is -----------------------------------------------------------------------------


def comments(stranger: Api, story: str, _task: str) -> None:
    stranger.write("POST", f"/stories/{story}/comments", {"content": "Me, too"})


def edits(stranger: Api, story: str, _task: str) -> None:
    stranger.write("PUT", f"/stories/{story}", {"title": "Better words"})


def moves(stranger: Api, _story: str, task: str) -> None:
    stranger.write("PUT", f"/tasks/{task}", {"status": "review"})


def tags(stranger: Api, story: str, _task: str) -> None:
    stranger.write("PUT", f"/tags/{story}", [f"theirs-{story}"])


def adds_a_task(stranger: Api, story: str, task: str) -> None:
    project = stranger.get(f"/tasks/{task}")["project_id"]
    body = {"title": "My own part", "story_id": int(story), "project_id": project}
    stranger.write("POST", "/tasks", body)


@pytest.mark.parametrize("act", [comments, edits, moves, tags, adds_a_task])
def test_what_others_did_is_in_its_history(
    run: Run, stranger: Api, issue: Issue, act: Callable[[Api, str, str], None]
) -> None:
    written(run, issue)
    task = next(at.id for kind, at in run.refs.values() if kind == "task")
    act(stranger, story_of(run, issue), task)
    said = back(run).worked_on(issue.key, parts(run, issue))
    assert "its history names other people" in said
    assert "Better" not in said


def test_what_others_put_on_their_lists_is_seen(run: Run, stranger: Api, issue: Issue) -> None:
    """It leaves no row in the timeline, and would lead to whatever gets the number next."""
    written(run, issue)
    worklist = stranger.write("POST", "/worklists", {"title": "Mine"})["id"]
    item = {"item_id": int(story_of(run, issue)), "item_type": "story", "list_position": 0}
    stranger.write("POST", f"/worklists/{worklist}/items", item)
    assert back(run).worked_on(issue.key, parts(run, issue)) == LISTED


def test_a_task_with_a_date_of_somebodys_is_seen(run: Run, stranger: Api, issue: Issue) -> None:
    written(run, issue)
    body: dict[str, Any] = {"name": "Ready", "date": "2031-01-01T00:00:00+00:00"}
    date = stranger.write("POST", "/due_dates", body)["id"]
    task = next(at.id for kind, at in run.refs.values() if kind == "task")
    stranger.write("PUT", f"/due_dates/{date}", {"tasks": [{"id": int(task)}], "stories": []})
    assert back(run).worked_on(issue.key, parts(run, issue)) == LISTED


def test_what_our_account_made_and_nobody_knows_is_not_ours(
    run: Run, us: Api, issue: Issue
) -> None:
    written(run, issue)
    us.write("POST", f"/stories/{story_of(run, issue)}/comments", {"content": "By hand"})
    assert back(run).worked_on(issue.key, parts(run, issue)) == UNKNOWN


def test_an_author_whom_we_wrote_as_is_no_stranger_and_what_he_does_later_is_his(
    run: Run, stranger: Api, us: Api, issue: Issue
) -> None:
    written(run, issue)
    me = str(stranger.get("/users/self")["id"])
    story = story_of(run, issue)
    event = stranger.write("POST", f"/stories/{story}/comments", {"content": "As the author"})
    known = parts(run, issue)
    at = next(iter(known.values())).at
    known[Key("launchpad:comment:1/9")] = Part(
        kind="comment", at=type(at)(id=str(event["comment_id"])), by=me
    )
    assert back(run).worked_on(issue.key, known) == ""
    stranger.write("PUT", f"/stories/{story}", {"title": "Better words"})
    assert "its history names other people" in back(run).worked_on(issue.key, known)


def test_the_row_of_a_storys_tags_may_have_its_authors_name(
    run: Run, stranger: Api, issue: Issue
) -> None:
    """`backdate` gives it that; the tags themselves are compared with what was sent."""
    written(run, issue)
    stranger.write("PUT", f"/tags/{story_of(run, issue)}", [f"theirs-{story_of(run, issue)}"])
    known = parts(run, issue)
    assert "its history names other people" in back(run).worked_on(issue.key, known)
    me = str(stranger.get("/users/self")["id"])
    known[issue.key] = Part(kind="story", at=known[issue.key].at, by=me)
    assert back(run).worked_on(issue.key, known) == ""


def test_a_story_of_a_strangers_under_our_number_is_not_deleted(
    run: Run, stranger: Api, us: Api, issue: Issue
) -> None:
    written(run, issue)
    story = story_of(run, issue)
    step = deletion(run, issue)
    us.write("DELETE", f"/stories/{story}")
    stranger.write("POST", "/stories", {"id": int(story), "title": "A stranger's story"})
    assert "by somebody else" in back(run).worked_on(issue.key, parts(run, issue))
    with pytest.raises(Refused):
        run.sink.send(step)
    assert us.get(f"/stories/{story}")["title"] == "A stranger's story"
    assert run.sink.find(step, {}) is not None, "ours is not there any more"


# -- what no reply tells --------------------------------------------------------------------------


def test_who_is_no_reader_any_more_deletes_nothing_and_says_so(
    closed: Run, stranger: Api, us: Api, issue: Issue
) -> None:
    """StoryBoard answers 204 to the DELETE of somebody who may not read, and does nothing."""
    issue = written(closed, private(issue))
    step = deletion(closed, issue)
    story = story_of(closed, issue)
    us.write("PUT", f"/stories/{story}", {"users": [{"id": 3}]})
    with pytest.raises(Gone):
        back(closed).worked_on(issue.key, parts(closed, issue))
    with pytest.raises(Gone):
        closed.sink.send(step)
    assert us.write("DELETE", f"/stories/{story}") is None
    assert stranger.get(f"/stories/{story}")["private"] is True


def test_who_is_no_superuser_is_told(server: StandIn, run: Run, issue: Issue) -> None:
    written(run, issue)
    step = deletion(run, issue)
    sink = open_sink(server.url, servers.OPTIONS, servers.NORMAL)
    me = str(Api(f"{server.url}/v1", servers.SUPER).get("/users/self")["id"])
    theirs = ClosedStep(
        kind=step.kind,
        issue=step.issue,
        actions=(ClosedAction(op="delete", key=issue.key, kind="story", fields={},
                              at=step.actions[0].at, by=me),),
    )  # fmt: skip
    with pytest.raises(UsageError, match="superuser"):
        sink.send(theirs)
    sink.close()


def test_a_lost_reply_is_settled_by_looking(server: StandIn, run: Run, issue: Issue) -> None:
    written(run, issue)
    step = deletion(run, issue)
    server.faults.append(Fault(do="lose", method="DELETE"))
    with pytest.raises(Doubtful):
        run.sink.send(step)
    assert run.sink.find(step, {}) is not None
    assert not run.sink.resend_safe(step)


def test_a_story_with_a_tag_twice_can_not_be_deleted_before_its_database_is_mended(
    server: StandIn, run: Run, issue: Issue
) -> None:
    if servers.REAL:
        pytest.skip("what is planted here is planted in the stand-in")
    server.faults.append(Fault(do="tag_twice", method="PUT", path="/tags/"))
    written(run, issue)
    step = deletion(run, issue)
    with pytest.raises(Refused, match=r"a tag of that story twice: .* story_storytags"):
        run.sink.send(step)
    assert run.sink.find(step, {}) is None
    assert run.sink.read(run.issue_refs()).doubled == ()


# -- numbers that are spent -----------------------------------------------------------------------


def test_a_private_storys_number_is_spent_where_it_may_be_any(closed: Run, issue: Issue) -> None:
    issue = written(closed, private(issue))
    closed.sink.send(deletion(closed, issue))
    assert back(closed).advice(()) == []
    fresh = Run(closed.sink, Decided(me=ME))
    fresh.decisions.readers = closed.decisions.readers
    written(fresh, issue)
    assert story_of(fresh, issue) != story_of(closed, issue)


def test_where_it_has_to_be_the_bugs_the_cure_is_told(server: StandIn, issue: Issue) -> None:
    options = {**servers.OPTIONS, "numbers": "keep", "above": 1_900_000_000}
    sink = open_sink(server.url, options, servers.SUPER)
    number = name_of(issue.key)
    for shut in (False, True, False):  # public, then private; then nothing private any more
        run = Run(sink, Decided(me=ME))
        run.decisions.readers = SECRET
        written(run, private(issue) if shut else issue)
        assert story_of(run, issue) == number
        sink.send(deletion(run, issue))
    assert back(run).advice(())[1:] == freeing([int(number)])
    run = Run(sink, Decided(me=ME))
    run.decisions.readers = SECRET
    with pytest.raises(
        Refused, match=f"DELETE FROM permissions WHERE name = 'view_story_{number}'"
    ):
        written(run, private(issue))
    sink.close()


def test_takes_back_is_what_it_is(sink: Sink) -> None:
    assert isinstance(sink, TakesBack)


def test_what_follows_a_number_leads_to_whatever_gets_it_next(
    stranger: Api, us: Api, issue: Issue
) -> None:
    """Why a number is not given a second time, unless it has to be a bug's."""
    number = int(name_of(issue.key))
    story = {"id": number, "title": "The first one"}
    us.write("POST", "/stories", story)
    worklist = stranger.write("POST", "/worklists", {"title": "Mine"})["id"]
    item = {"item_id": number, "item_type": "story", "list_position": 0}
    stranger.write("POST", f"/worklists/{worklist}/items", item)
    stranger.write("POST", "/subscriptions", {"target_type": "story", "target_id": number})
    us.write("DELETE", f"/stories/{number}")
    assert stranger.get(f"/worklists/{worklist}/items") == []
    us.write("POST", "/stories", {**story, "title": "Another one"})
    assert [row["item_id"] for row in stranger.get(f"/worklists/{worklist}/items")] == [number]
    me = stranger.get("/users/self")["id"]
    followed = stranger.get("/subscriptions", {"user_id": me, "target_type": "story"})
    assert number in [row["target_id"] for row in followed]
