"""What the sink promises: each object once, only into what is ours, closed from the start."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.backends.storyboard import servers
from tests.backends.storyboard.acts import (
    ME,
    SECRET,
    number_of,
    private,
    renumbered,
    sent_until,
)
from tests.backends.storyboard.example import (
    BUG,
    Decided,
    Run,
    bug,
    comment,
    of_kind,
    only,
    rich_bug,
    task,
)
from tracker_migrate.backends.storyboard import open_sink
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.finding import PLACEHOLDER
from tracker_migrate.backends.storyboard.numbers import Numbers
from tracker_migrate.backends.storyboard.sink import StoryBoardSink
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    Refused,
    Retriable,
    Taken,
    UsageError,
    WrongTracker,
)
from tracker_migrate.interfaces import (
    Audience,
    Block,
    ClosedStep,
    Place,
    Ref,
    RemoteRef,
    Sink,
    Wanted,
)
from tracker_migrate.model import Issue, Key
from tracker_migrate.testing.loopback import Fault, Reply, Request, StandIn, serving

# -- opening ------------------------------------------------------------------------------------


def test_check_says_what_the_server_is_and_who_we_are(sink: Sink) -> None:
    facts = sink.check(Decided())
    assert facts["tracker"].startswith("StoryBoard")
    assert "user 1" in facts["account"]
    assert facts["superuser"] == "yes"


def test_all_mistakes_in_the_settings_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        open_sink("http://127.0.0.1", {"timeout": -1, "numbers": "mine", "colour": "red"}, "t")
    for path in ("options.timeout", "options.numbers", "options.colour"):
        assert path in str(caught.value)


@pytest.mark.parametrize("token", [None, "no-such-token"])
def test_wrong_token_needs_a_login(server: StandIn, token: str | None) -> None:
    with pytest.raises(LoginNeeded):
        open_sink(server.url, {}, token).check(Decided())


class Elsewhere(StandIn):
    """Some other server."""

    def __init__(self, reply: Callable[[Request], Reply]) -> None:
        super().__init__()
        self._reply = reply

    def answer(self, request: Request) -> Reply:
        return self._reply(request)


@pytest.mark.parametrize(
    "reply",
    [
        Reply.of_json({"error": "no such method"}, 404),
        Reply.of_json([{"id": 1}]),
        Reply.of_json({"version": "1"}),
        Reply(302, b"", {"Location": "http://127.0.0.1/login"}),
    ],
)
def test_other_server_is_no_storyboard(reply: Reply) -> None:
    with serving(Elsewhere(lambda _request: reply)) as url, pytest.raises(WrongTracker):
        open_sink(url, {}, "t").check(Decided())


# -- a whole issue ------------------------------------------------------------------------------


@pytest.mark.parametrize("issue", [bug(), rich_bug()])
def test_what_was_written_is_read_back_field_by_field(sink: Sink, run: Run, issue: Issue) -> None:
    run.write(renumbered(issue))
    seen = sink.read(run.issue_refs())
    assert seen.objects.keys() == run.issue_refs().keys()
    for key, observed in seen.objects.items():
        sent = run.sent[key]
        assert {name: observed.fields[name] for name in sent} == sent
    assert (seen.ours, seen.doubled, seen.foreign) == ({}, (), 0)


def test_texts_with_odd_characters_survive(sink: Sink, run: Run) -> None:
    odd = "emoji 😀, é, \u0007, tab\t."
    issue = renumbered(bug(description=odd, comments=(comment(1, odd),)))
    run.write(issue)
    seen = sink.read(run.issue_refs())
    assert "😀, é" in seen.objects[issue.key].fields["description"]


def test_second_run_makes_no_shared_object_twice(server: StandIn, sink: Sink, run: Run) -> None:
    run.write(renumbered(rich_bug()))
    again = Run(sink, run.decisions)
    for step in again.steps(renumbered(rich_bug())):
        if step.kind == "story.create":
            break
        before = server.writes
        receipt = again.send(step)
        assert server.writes == before
        assert receipt.refs[step.actions[0].key] == run.refs[step.actions[0].key][1]


def test_comment_is_known_by_its_own_id_and_not_by_its_events(run: Run, us: Api) -> None:
    issue = renumbered(bug())
    run.write(issue)
    at = next(at for kind, at in run.refs.values() if kind == "comment")
    story = run.refs[issue.key][1].id
    assert us.get(f"/stories/{story}/comments/{at.id}")["content"].startswith("*[LP #")
    assert at.url.endswith(f"/#!/story/{story}#comment-{at.id}")


def test_projects_are_not_made_if_the_settings_say_so(server: StandIn) -> None:
    sink = open_sink(server.url, {"create_projects": False}, servers.SUPER)
    run = Run(sink, Decided())
    run.decisions.places["nova"] = msgspec.structs.replace(
        run.decisions.place(Key("launchpad:project:nova")), name=f"new{next(servers.fresh)}"
    )
    before = server.writes
    with pytest.raises(Refused, match="create_projects"):
        run.write(bug())
    assert server.writes == before


def test_account_without_rights_is_told_what_to_do(server: StandIn) -> None:
    run = Run(open_sink(server.url, {}, servers.NORMAL), Decided())
    run.decisions.places["nova"] = msgspec.structs.replace(
        run.decisions.place(Key("launchpad:project:nova")), name=f"new{next(servers.fresh)}"
    )
    with pytest.raises(UsageError, match="superuser"):
        run.write(bug())


# -- once ---------------------------------------------------------------------------------------

WRITES = ["story.create", "task.create", "tagging.create", "comment.create"]


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("do", ["lose", "truncate", "mangle"])
def test_lost_reply_is_settled_by_looking(
    server: StandIn, sink: Sink, run: Run, kind: str, do: str
) -> None:
    issue = renumbered(bug())
    step = sent_until(run, issue, kind)
    server.faults.append(Fault(do=do, method="PUT" if kind.startswith("tag") else "POST"))
    with pytest.raises(Doubtful):
        sink.send(step)
    before = server.writes
    found = sink.find(step, sink.mark(step))
    assert found is not None
    assert server.writes == before
    assert found.refs == sink.send(step).refs
    run.send(step)
    seen = sink.read(run.issue_refs())
    assert (seen.doubled, seen.foreign, seen.ours) == ((), 0, {})


@pytest.mark.parametrize("kind", WRITES)
def test_write_that_never_arrived_is_not_found(
    server: StandIn, sink: Sink, run: Run, kind: str
) -> None:
    step = sent_until(run, renumbered(bug()), kind)
    server.faults.append(Fault(do="reset"))
    with pytest.raises(Doubtful):
        sink.send(step)
    assert sink.find(step, {}) is None
    assert sink.resend_safe(step) == (kind != "tagging.create")  # two at once leave it twice
    assert sink.send(step).refs


def test_create_without_a_chosen_number_is_not_safe_to_send_again(sink: Sink, run: Run) -> None:
    step = sent_until(run, renumbered(bug()), "story.create")
    assert sink.resend_safe(step)
    assert not sink.resend_safe(only(step, number=None))


def test_deadlock_is_retriable_and_the_resend_writes_once(
    server: StandIn, sink: Sink, run: Run
) -> None:
    step = sent_until(run, renumbered(bug()), "task.create")
    words = "(pymysql.err.OperationalError) (1213, 'Deadlock found when trying to get lock')"
    body = json.dumps({"faultcode": "Server", "faultstring": words})
    headers = {"Content-Type": "application/json"}
    server.faults.append(Fault(do="status", status=500, text=body, headers=headers))
    with pytest.raises(Retriable):
        sink.send(step)
    run.send(step)


def test_tasks_share_the_lanes_of_their_project_and_their_story(sink: Sink, run: Run) -> None:
    steps = []
    for step in run.steps(renumbered(rich_bug())):
        run.send(step)
        steps.append(step)
    one, two = (step for step in steps if step.kind == "task.create")
    assert sink.lanes(one) == sink.lanes(two)
    assert {lane.split(":")[0] for lane in sink.lanes(one)} == {"project", "story"}
    assert sink.lanes(of_kind(steps, "tag.create")) != sink.lanes(one)


# -- only what is ours --------------------------------------------------------------------------


def test_strangers_story_under_our_number_is_taken(sink: Sink, run: Run, stranger: Api) -> None:
    step = sent_until(run, renumbered(bug()), "story.create")
    fields = step.actions[0].fields
    copy = {name: fields[name] for name in ("title", "description", "created_at")}
    stranger.write("POST", "/stories", {"id": number_of(step), **copy})
    with pytest.raises(Taken):
        sink.send(step)
    with pytest.raises(Taken):
        sink.find(step, {})


def test_strangers_private_story_under_our_number_is_taken(
    sink: Sink, run: Run, stranger: Api
) -> None:
    step = sent_until(run, renumbered(bug()), "story.create")
    body = {"id": number_of(step), "title": "A stranger's", "private": True, "users": [{"id": 3}]}
    stranger.write("POST", "/stories", body)
    with pytest.raises(Taken):
        sink.send(step)


def test_strangers_task_under_our_number_is_taken(sink: Sink, run: Run, stranger: Api) -> None:
    step = sent_until(run, renumbered(bug()), "task.create")
    fields = step.actions[0].fields
    body = {
        "id": number_of(step),
        "title": "A stranger's",
        "link": fields["link"],
        "story_id": int(fields["story_id"]),
        "project_id": int(fields["project_id"]),
    }
    stranger.write("POST", "/tasks", body)
    with pytest.raises(Taken):
        sink.send(step)
    with pytest.raises(Taken):
        sink.find(step, {})


def test_strangers_comment_under_our_number_is_taken(sink: Sink, run: Run, stranger: Api) -> None:
    step = sent_until(run, renumbered(bug()), "comment.create")
    fields = step.actions[0].fields
    body = {"id": number_of(step), "content": fields["content"]}
    stranger.write("POST", f"/stories/{fields['story_id']}/comments", body)
    with pytest.raises(Taken):
        sink.send(step)
    with pytest.raises(Taken):
        sink.find(step, {})


def test_comment_number_in_use_on_another_story_is_taken(
    sink: Sink, run: Run, stranger: Api
) -> None:
    step = sent_until(run, renumbered(bug()), "comment.create")
    other = stranger.write("POST", "/stories", {"title": "Another story"})["id"]
    stranger.write("POST", f"/stories/{other}/comments", {"id": number_of(step), "content": "x"})
    with pytest.raises(Taken):
        sink.send(step)


def test_our_own_story_of_another_bug_is_taken(sink: Sink, run: Run) -> None:
    first, second = renumbered(bug()), renumbered(bug())
    run.write(first)
    step = sent_until(run, second, "story.create")
    taken = only(step, number=int(run.refs[first.key][1].id))
    with pytest.raises(Taken):
        sink.send(taken)
    with pytest.raises(Taken):
        sink.find(taken, {})


# -- closed from the start ------------------------------------------------------------------------


def test_private_issue_is_read_by_its_readers_alone(
    sink: Sink, closed: Run, stranger: Api, server: StandIn
) -> None:
    issue = private(renumbered(rich_bug()))
    closed.write(issue)
    story = closed.refs[issue.key][1]
    assert stranger.get(f"/stories/{story.id}")["private"] is True  # user 3 is a reader
    with pytest.raises(Gone):
        Api(f"{server.url}/v1", servers.NORMAL).get(f"/stories/{story.id}")
    assert sink.readable_by_outsider(closed.issue_refs()) == []
    seen = sink.read(closed.issue_refs())
    assert seen.objects[issue.key].fields["users"] == ["3"]
    assert {name: seen.objects[issue.key].fields[name] for name in closed.sent[issue.key]} == (
        closed.sent[issue.key]
    )


def test_importer_who_is_a_reader_is_compared_as_accepted(sink: Sink, closed: Run) -> None:
    closed.decisions.readers = Audience(name="security", users=("3", ME))
    issue = private(renumbered(bug()))
    closed.write(issue)
    seen = sink.read(closed.issue_refs()).objects[issue.key]
    assert seen.fields["users"] == closed.sent[issue.key]["users"] == ["3"]


@pytest.mark.parametrize(
    "readers",
    [
        Audience(name="security", users=("3", "999999")),
        Audience(name="security", users=("3",), groups=("999999",)),
    ],
)
def test_private_create_with_an_unknown_reader_is_refused_before_it_is_sent(
    server: StandIn, sink: Sink, closed: Run, readers: Audience
) -> None:
    closed.decisions.readers = readers
    step = sent_until(closed, private(renumbered(bug())), "story.create")
    before = server.writes
    with pytest.raises(Refused):
        sink.send(step)
    assert server.writes == before


def test_story_that_a_failed_create_left_behind_gets_its_readers(
    sink: Sink, closed: Run, us: Api, stranger: Api
) -> None:
    step = sent_until(closed, private(renumbered(bug())), "story.create")
    fields = step.actions[0].fields
    body = {
        "id": number_of(step),
        "title": fields["title"],
        "description": fields["description"],
        "private": True,
        "users": [{"id": 1}, {"id": 999999}, {"id": 3}],
    }
    with pytest.raises(Doubtful):
        us.write("POST", "/stories", body)
    assert sink.find(step, {}) is None
    assert sink.send(step).refs
    assert stranger.get(f"/stories/{number_of(step)}")["private"] is True
    assert sink.find(step, {}) is not None


def test_number_of_a_deleted_private_story_is_taken(sink: Sink, closed: Run, us: Api) -> None:
    """Its permission row outlives it, and refuses another private story under the number."""
    step = sent_until(closed, private(renumbered(bug())), "story.create")
    closed.send(step)
    us.write("DELETE", f"/stories/{number_of(step)}")
    with pytest.raises(Taken):
        sink.send(step)


def test_nothing_private_is_added_to_a_story_that_was_opened(
    server: StandIn, sink: Sink, closed: Run, stranger: Api
) -> None:
    step = sent_until(closed, private(renumbered(bug())), "comment.create")
    fresh = open_sink(server.url, {}, servers.SUPER)  # it has not looked at the story yet
    stranger.write("PUT", f"/stories/{step.actions[0].fields['story_id']}", {"private": False})
    before = server.writes
    with pytest.raises(Refused, match="open"):
        fresh.send(step)
    assert server.writes == before


def test_outsider_who_can_read_is_told(server: StandIn, sink: Sink, run: Run) -> None:
    issue = renumbered(bug())
    run.write(issue)
    seen = set(sink.readable_by_outsider(run.issue_refs()))
    assert issue.key in seen
    assert {key for key, (kind, _) in run.refs.items() if kind in ("task", "comment")} <= seen


def test_outsider_of_the_settings_is_asked_too(server: StandIn, closed: Run) -> None:
    issue = private(renumbered(bug()))
    closed.write(issue)
    story = {issue.key: closed.refs[issue.key]}
    watched = open_sink(server.url, {}, servers.SUPER, f"{servers.NORMAL} {servers.OTHER}")
    assert watched.readable_by_outsider(story) == [issue.key]


def test_public_story_can_be_closed_and_opened_again(sink: Sink, run: Run) -> None:
    issue = renumbered(bug())
    run.write(issue)
    run.decisions.readers = SECRET
    for wish in (private(issue), issue):
        made = {one.key: one for one in sink.planner.wanted(wish, run.decisions)}
        step = run.update(made[issue.key], "private", "users", "teams")
        assert sink.find(step, {}) is None
        run.send(step)
        assert sink.find(step, {}) is not None
        fields = sink.read(run.issue_refs()).objects[issue.key].fields
        assert fields["private"] is wish.private
        assert fields["users"] == (["3"] if wish.private else [])


# -- tags ---------------------------------------------------------------------------------------


def tags_of(us: Api, step: ClosedStep) -> set[str]:
    story = step.actions[0].fields["story_id"]
    return {row["name"] for row in us.get(f"/stories/{story}/tags")}


def test_tag_that_is_on_the_story_already_does_not_stop_the_others(
    sink: Sink, run: Run, us: Api, stranger: Api
) -> None:
    step = sent_until(run, renumbered(bug(tags=("compute", "api"))), "tagging.create")
    stranger.write("PUT", f"/tags/{step.actions[0].fields['story_id']}", ["api"])
    receipt = sink.send(step)
    assert tags_of(us, step) == {"api", "compute"}
    assert receipt.stored[step.actions[0].key] == {"tags": ["api", "compute"]}


def test_only_tags_that_we_have_set_are_taken_away(
    sink: Sink, run: Run, us: Api, stranger: Api
) -> None:
    issue = renumbered(bug(tags=("compute", "api")))
    run.write(issue)
    story = run.refs[issue.key][1].id
    stranger.write("PUT", f"/tags/{story}", ["theirs"])
    made = list(sink.planner.wanted(bug(key=issue.key, tags=("api", "new")), run.decisions))
    wish = next(one for one in made if one.kind == "tagging")
    step = run.update(msgspec.structs.replace(wish, key=_tagging(run)), "tags")
    receipt = sink.send(step)
    names = {row["name"] for row in us.get(f"/stories/{story}/tags")}
    assert names == {"api", "new", "theirs"}
    assert receipt.stored[_tagging(run)]["tags"] == ["api", "new", "theirs"]


def _tagging(run: Run) -> Key:
    return next(key for key, (kind, _at) in run.refs.items() if kind == "tagging")


def test_tags_that_the_server_folds_are_compared_as_it_stores_them(
    sink: Sink, run: Run, us: Api
) -> None:
    name = f"Tag{next(servers.fresh)}"
    us.write("POST", "/tags", {"tag_name": name})
    issue = renumbered(bug(tags=(name.lower(),)))
    run.write(issue)
    seen = sink.read(run.issue_refs()).objects[_tagging(run)]
    assert seen.fields["tags"] == run.sent[_tagging(run)]["tags"] == [name.lower()]


# -- updates ------------------------------------------------------------------------------------


def test_update_sends_the_fields_that_it_names(sink: Sink, run: Run) -> None:
    issue = renumbered(bug())
    run.write(issue)
    changed = msgspec.structs.replace(
        issue, title="Another title", tasks=(msgspec.structs.replace(issue.tasks[0], **LATER),)
    )
    made = {one.key: one for one in sink.planner.wanted(changed, run.decisions)}
    for key, names in ((issue.key, ("title",)), (issue.tasks[0].key, ("status", "priority"))):
        step = run.update(made[key], *names)
        assert sink.find(step, {}) is None
        run.send(step)
        assert sink.find(step, {}) is not None
    seen = sink.read(run.issue_refs()).objects
    assert seen[issue.key].fields["title"] == "Another title"
    assert seen[issue.tasks[0].key].fields["status"] == "inprogress"


LATER = {"status": "In Progress", "importance": "Wishlist"}


def test_task_moves_to_a_branch_of_another_project(sink: Sink, run: Run) -> None:
    """A PUT that names both sets the other project's master."""
    issue = renumbered(bug())
    run.write(issue)
    run.decisions.places["nova"] = Place(name="elsewhere-else", branch="kilo")
    (key,) = (key for key in run.refs if ":task:" in key)
    for step in run.steps(msgspec.structs.replace(issue)):
        run.send(step)
    made = next(one for one in sink.planner.wanted(issue, run.decisions) if one.key == key)
    run.send(run.update(made, "project_id", "branch_id"))
    seen = sink.read(run.issue_refs()).objects[key].fields
    assert {name: seen[name] for name in run.sent[key]} == run.sent[key]


def test_comment_can_not_be_edited_where_the_server_forbids_it(sink: Sink, run: Run) -> None:
    issue = renumbered(bug())
    run.write(issue)
    made = next(one for one in sink.planner.wanted(issue, run.decisions) if one.kind == "comment")
    assert sink.planner.kinds["comment"].editable is False
    step = only(run.update(made, "content"), fields={"content": "edited"})
    with pytest.raises(Refused):
        sink.send(step)


def test_update_of_what_is_gone_says_so(sink: Sink, run: Run, us: Api) -> None:
    issue = renumbered(bug())
    run.write(issue)
    us.write("DELETE", f"/stories/{run.refs[issue.key][1].id}")
    made = next(
        iter(one for one in sink.planner.wanted(issue, run.decisions) if one.kind == "story")
    )
    with pytest.raises(Gone):
        sink.send(run.update(made, "title"))
    with pytest.raises(Gone):
        sink.read(run.issue_refs())


def test_text_over_the_limit_is_refused_before_it_is_sent(
    server: StandIn, sink: Sink, run: Run
) -> None:
    step = sent_until(run, renumbered(bug()), "comment.create")
    fields = step.actions[0].fields | {"content": "é" * 7_500_001}
    before = server.writes
    with pytest.raises(Refused):
        sink.send(only(step, fields=fields))
    assert server.writes == before


# -- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["story", "task", "comment"])
def test_claimed_numbers_are_given_to_nobody_else(
    sink: Sink, run: Run, us: Api, stranger: Api, kind: str
) -> None:
    run.write(renumbered(bug()))
    block = sink.claim(kind, 10)
    assert block.last - block.first == 9
    story = stranger.write("POST", "/stories", {"title": "A stranger's"})["id"]
    project = us.get("/projects", {"limit": 1})[0]["id"]
    taken = {
        "story": lambda: story,
        "task": lambda: stranger.write(
            "POST", "/tasks", {"title": "theirs", "story_id": story, "project_id": project}
        )["id"],
        "comment": lambda: stranger.write("POST", f"/stories/{story}/comments", {"content": "x"})[
            "comment_id"
        ],
    }
    assert taken[kind]() > block.last


def test_two_claims_do_not_overlap(sink: Sink) -> None:
    one, two = sink.claim("story", 5), sink.claim("story", 5)
    assert one.last < two.first


@pytest.mark.parametrize("kind", ["story", "task", "comment"])
@pytest.mark.parametrize("few", [True, False], ids=["few", "many"])
def test_two_processes_that_look_before_either_has_claimed_get_other_numbers(
    server: StandIn, sink: Sink, run: Run, monkeypatch: pytest.MonkeyPatch, kind: str, few: bool
) -> None:
    """The other one looks where the counter stands and claims after we have looked."""
    run.write(renumbered(bug()))
    other, real = open_sink(server.url, {}, servers.SUPER), Numbers._block
    blocks: list[Block] = []
    assert isinstance(other, StoryBoardSink)

    def slow(self: Numbers, *given: Any) -> Block:
        if self is not other._numbers and not blocks:
            blocks.append(other.claim(kind, 3 if few else 30))
        return real(self, *given)

    monkeypatch.setattr(Numbers, "_block", slow)
    mine = sink.claim(kind, 10)
    theirs = blocks[0]
    assert mine.first > theirs.last or mine.last < theirs.first
    assert mine.last - mine.first == 9


def test_place_holders_are_seen_by_nobody(server: StandIn, sink: Sink, run: Run) -> None:
    run.write(renumbered(bug()))
    sink.claim("story", 5)
    rows = Api(f"{server.url}/v1", servers.NORMAL).get("/stories", {"title": PLACEHOLDER})
    assert rows == []


def test_claim_survives_a_lost_reply(server: StandIn, sink: Sink) -> None:
    server.faults.append(Fault(do="lose", method="POST", path="/stories"))
    block = sink.claim("story", 5)
    assert block.last - block.first == 4


def test_server_that_ignores_ids_is_found_out_before_anything_is_written() -> None:
    rows = iter(range(1, 99))

    def reply(request: Request) -> Reply:
        if request.path.endswith("/events"):
            return Reply.of_json([])
        if request.method == "GET":
            return Reply.of_json({"id": 1, "full_name": "x", "is_superuser": True})
        return Reply.of_json({"id": next(rows), "created_at": "2026-01-01T00:00:00+00:00"})

    with serving(Elsewhere(reply)) as url, pytest.raises(WrongTracker, match="honour"):
        open_sink(url, {}, "t").claim("story", 5)


def test_kept_numbers_are_the_bugs_and_all_else_is_above_them(server: StandIn, us: Api) -> None:
    top = max((row["id"] for row in us.get("/stories")), default=0)
    options = {"numbers": "keep", "above": top + 1000}
    sink = open_sink(server.url, options, servers.SUPER)
    run = Run(sink, Decided(me=ME))
    raw = msgspec.json.encode(bug()).replace(b"1316547", str(top + 7).encode())
    issue = msgspec.json.decode(raw, type=Issue)
    run.write(issue)
    assert run.refs[issue.key][1].id == str(top + 7)
    assert sink.claim("story", 3).first > top + 1000
    with pytest.raises(UsageError, match=r"options\.above"):
        sink.number(msgspec.structs.replace(wishes(sink, run, issue)[0], key=_bug(top + 1001)))
    wish = [
        one
        for one in sink.planner.wanted(issue, run.decisions)
        if sink.planner.kinds[one.kind].phase != 0
    ]
    assert dict(sink.lookup(wish)) == {key: at for key, (_kind, at) in run.issue_refs().items()}


def test_kept_numbers_are_looked_up_side_by_side(server: StandIn, us: Api) -> None:
    top = max((row["id"] for row in us.get("/stories")), default=0)
    options = {"numbers": "keep", "above": top + 1000, "connections": 2}
    sink = open_sink(server.url, options, servers.SUPER)
    keys = [_bug(top + number) for number in range(1, 5)]
    wanted = [
        Wanted(key=one, kind="story", issue=one, fields={}, marker="http://lp.test/1")
        for one in keys
    ]
    meeting = threading.Barrier(2)

    def meet(request: Request) -> None:
        if request.path.startswith("/v1/stories/"):
            meeting.wait(30)

    server.on_request = meet
    try:
        assert sink.lookup(wanted) == {}
    finally:
        server.on_request = None
    assert not meeting.broken


def _bug(number: int) -> Key:
    return Key(f"launchpad:bug:{number}")


# -- reading back -------------------------------------------------------------------------------


def test_what_others_added_is_counted_and_not_ours(sink: Sink, run: Run, stranger: Api) -> None:
    issue = renumbered(bug())
    run.write(issue)
    story = run.refs[issue.key][1].id
    sent = next(fields for key, fields in run.sent.items() if ":comment:" in key)
    stranger.write("POST", f"/stories/{story}/comments", {"content": sent["content"]})
    seen = sink.read(run.issue_refs())
    assert (seen.foreign, seen.ours, seen.doubled) == (1, {}, ())


def test_objects_of_ours_that_the_ledger_lost_are_named(sink: Sink, run: Run) -> None:
    issue = renumbered(bug())
    run.write(issue)
    refs = run.issue_refs()
    lost = {key: refs.pop(key)[1] for key in list(refs) if ":comment:" in key or ":task:" in key}
    seen = sink.read(refs)
    assert seen.ours == lost
    assert seen.foreign == 0


def test_what_stands_there_twice_is_told(sink: Sink, run: Run, us: Api) -> None:
    issue = renumbered(bug())
    run.write(issue)
    story = run.refs[issue.key][1].id
    key, sent = next((key, fields) for key, fields in run.sent.items() if ":comment:" in key)
    us.write("POST", f"/stories/{story}/comments", {"content": sent["content"]})
    assert sink.read(run.issue_refs()).doubled == (key,)


def test_object_that_is_gone_is_absent(sink: Sink, run: Run, us: Api) -> None:
    issue = renumbered(bug())
    run.write(issue)
    (key,) = (key for key in run.refs if ":task:" in key)
    us.write("DELETE", f"/tasks/{run.refs[key][1].id}")
    assert key not in sink.read(run.issue_refs()).objects


# -- a lost ledger ------------------------------------------------------------------------------


def wishes(sink: Sink, run: Run, issue: Issue) -> list[Any]:
    made = sink.planner.wanted(issue, run.decisions)
    return [one for one in made if sink.planner.kinds[one.kind].phase != 0]


def test_earlier_objects_of_ours_are_found_again(sink: Sink, run: Run) -> None:
    one, two = renumbered(rich_bug()), renumbered(bug())
    run.write(one)
    refs = run.issue_refs()
    found = sink.lookup([*wishes(sink, run, one), *wishes(sink, run, two)])
    assert dict(found) == {key: at for key, (_kind, at) in refs.items()}


def test_lookup_asks_for_tasks_once_and_not_for_each_issue(
    server: StandIn, sink: Sink, run: Run
) -> None:
    many = [renumbered(bug()) for _ in range(20)]
    wanted = [wish for issue in many for wish in wishes(sink, run, issue)]
    with server.lock:
        server.requests.clear()
    sink.lookup(wanted)
    sink.lookup(wanted)
    scans = sum(server.requests.values())
    assert scans < 20


def test_single_issues_are_found_without_a_scan(server: StandIn, sink: Sink, run: Run) -> None:
    issue = renumbered(bug())
    run.write(issue)
    found = sink.lookup(wishes(sink, run, issue))
    assert found.keys() == run.issue_refs().keys()


def test_look_alike_of_a_stranger_is_not_named(
    sink: Sink, run: Run, us: Api, stranger: Api
) -> None:
    run.write(renumbered(bug()))
    issue = renumbered(bug())
    step = sent_until(run, issue, "story.create")
    fields = step.actions[0].fields
    copy = {name: fields[name] for name in ("title", "description")}
    story = stranger.write("POST", "/stories", copy)["id"]
    project = us.get("/projects", {"limit": 1})[0]["id"]
    body = {"title": "look-alike", "link": issue.tasks[0].home, "story_id": story}
    stranger.write("POST", "/tasks", {**body, "project_id": project})
    assert sink.lookup(wishes(sink, run, issue)) == {}


def test_blueprint_is_found_again(sink: Sink, run: Run) -> None:
    name = f"nova/+spec/foo-{next(servers.fresh)}"
    home = f"https://blueprints.launchpad.net/{name}"
    one = task(
        key=Key(f"launchpad:task:{name}@nova"),
        home=home,
        status="Implemented",
        importance="Undefined",
    )
    issue = bug(
        key=Key(f"launchpad:blueprint:{name}"),
        kind="blueprint",
        name=name,
        home=home,
        tags=(),
        comments=(),
        tasks=(one,),
    )
    run.write(issue)
    refs = run.issue_refs()
    assert dict(sink.lookup(wishes(sink, run, issue))) == {k: at for k, (_, at) in refs.items()}
    lost = {one.key: refs.pop(one.key)[1]}
    assert sink.read(refs).ours == lost


# -- links --------------------------------------------------------------------------------------


def test_reference_is_a_link_to_the_story_or_to_its_home(sink: Sink) -> None:
    ref = Ref(to=BUG, label="bug [7]", home="https://bugs.launchpad.net/bugs/7")
    at = RemoteRef(id="7", number="7")
    assert sink.link(ref, at).endswith("/#!/story/7)")
    assert sink.link(ref, at).startswith("[bug ")
    assert "(https://bugs.launchpad.net/bugs/7)" in sink.link(ref, None)


def test_web_address_is_a_setting() -> None:
    sink = open_sink("https://api.example.org/api", {"web": "https://sb.example.org/"}, "t")
    ref = Ref(to=BUG, label="x", home="https://h.example.org")
    assert "https://sb.example.org/#!/story/7" in sink.link(ref, RemoteRef(id="7"))
