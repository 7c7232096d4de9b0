"""What is private stays private: closed at once and truly, and written into nothing but ours."""

from __future__ import annotations

import json
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
from tests.backends.storyboard.example import Decided, Run, bug, only, rich_bug
from tracker_migrate.backends.storyboard import open_sink
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import Doubtful, Gone, Refused, Taken
from tracker_migrate.interfaces import CLOSED, Audience, ClosedStep, Sink, Wanted
from tracker_migrate.model import Issue
from tracker_migrate.testing.loopback import Fault, StandIn

PUBLIC = Audience(name="public")
WORDS = ("never gets up", "stuck in BUILD", "I see it too")


def access_step(run: Run, issue: Issue, audience: Audience) -> ClosedStep:
    """What sets nothing but who may read a story."""
    fields = run.sink.planner.access("story", audience)
    wanted = Wanted(
        key=issue.key, kind="story", issue=issue.key, fields=fields, audience=audience.name
    )
    return run.update(wanted, *fields)


def story_of(run: Run, issue: Issue) -> str:
    return run.refs[issue.key][1].id


def readers(server: StandIn, story: str) -> set[str]:
    """Who of the three users, and nobody, can read a story."""
    tokens = {"us": servers.SUPER, "normal": servers.NORMAL, "other": servers.OTHER, "nobody": None}
    found = set()
    for name, token in tokens.items():
        try:
            Api(f"{server.url}/v1", token).get(f"/stories/{story}")
            found.add(name)
        except Gone:
            pass
    return found


@pytest.fixture
def team(us: Api) -> str:
    """A team with user 2 in it."""
    team = us.write("POST", "/teams", {"name": f"team-{next(servers.fresh)}"})["id"]
    us.write("PUT", f"/teams/{team}/users/2")
    return str(team)


# -- closing and opening ------------------------------------------------------------------------


def test_access_is_what_the_story_wants_and_no_more(sink: Sink, closed: Run) -> None:
    planner = sink.planner
    for audience in (PUBLIC, SECRET, Audience(name="x", users=("10", "9"), groups=("4",))):
        closed.decisions.readers = audience
        made = planner.wanted(private(bug()), closed.decisions)
        story = next(one for one in made if one.kind == "story")
        assert planner.access("story", audience).items() <= story.fields.items()
    assert planner.access("story", CLOSED) == {"private": True, "users": [], "teams": []}
    for kind, what in planner.kinds.items():
        assert bool(planner.access(kind, CLOSED)) is (what.private == "own")


def test_every_change_of_readers_removes_those_who_are_not_named(
    server: StandIn, sink: Sink, run: Run, team: str
) -> None:
    issue = renumbered(bug())
    run.write(issue)
    both = Audience(name="security", users=("3",), groups=(team,))
    everybody = {"us", "normal", "other", "nobody"}
    for audience, who in (
        (CLOSED, {"us"}),
        (both, {"us", "normal", "other"}),
        (CLOSED, {"us"}),
        (PUBLIC, everybody),
        (both, {"us", "normal", "other"}),
        (SECRET, {"us", "other"}),
        (PUBLIC, everybody),
        (CLOSED, {"us"}),
    ):
        step = access_step(run, issue, audience)
        assert sink.find(step, {}) is None
        run.send(step)
        assert sink.find(step, {}) is not None
        assert readers(server, story_of(run, issue)) == who


def test_readers_of_before_do_not_come_back_with_a_flag(
    server: StandIn, closed: Run, stranger: Api
) -> None:
    """StoryBoard keeps the list while a story is open, and brings it back."""
    issue = private(renumbered(bug()))
    closed.write(issue)
    story = story_of(closed, issue)
    closed.send(access_step(closed, issue, PUBLIC))
    closed.send(access_step(closed, issue, CLOSED))
    assert readers(server, story) == {"us"}
    closed.send(access_step(closed, issue, PUBLIC))
    with pytest.raises(Gone):  # who is not on the kept list can't close it
        stranger.write("PUT", f"/stories/{story}", {"private": True})
    assert readers(server, story) == {"us", "normal", "other", "nobody"}


def test_story_that_the_kept_list_does_not_let_us_close_is_told(
    sink: Sink, closed: Run, stranger: Api
) -> None:
    issue = private(renumbered(bug()))
    closed.write(issue)
    story = story_of(closed, issue)
    stranger.write("PUT", f"/stories/{story}", {"users": [{"id": 3}], "teams": []})
    stranger.write("PUT", f"/stories/{story}", {"private": False})
    with pytest.raises(Refused, match="on that list"):
        sink.send(access_step(closed, issue, CLOSED))
    stranger.write("PUT", f"/stories/{story}", {"private": True})
    with pytest.raises(Gone):
        sink.send(access_step(closed, issue, CLOSED))


def test_open_story_does_not_tell_who_read_it_before(closed: Run, stranger: Api) -> None:
    issue = private(renumbered(bug()))
    closed.write(issue)
    closed.send(access_step(closed, issue, PUBLIC))
    row = stranger.get(f"/stories/{story_of(closed, issue)}")
    assert [str(one["id"]) for one in row["users"]] == [ME]
    assert row["teams"] == []


@pytest.mark.parametrize(
    "reply",
    [
        {"id": 9, "private": False, "users": [{"id": 1}], "teams": []},
        {"id": 9, "private": True, "users": [{"id": 1}, {"id": 2}], "teams": []},
        {"id": 9, "private": True, "users": [{"id": 1}], "teams": [{"id": 4}]},
        {"id": 9},
    ],
)
def test_reply_that_names_other_readers_is_no_success(
    server: StandIn, sink: Sink, run: Run, reply: dict[str, Any]
) -> None:
    issue = renumbered(bug())
    run.write(issue)
    step = access_step(run, issue, CLOSED)
    headers = {"Content-Type": "application/json"}
    server.faults.append(
        Fault(do="status", status=200, text=json.dumps(reply), headers=headers, method="PUT")
    )
    with pytest.raises(Refused, match="readers"):
        sink.send(step)


def test_private_create_is_looked_at_before_it_counts(
    server: StandIn, sink: Sink, closed: Run
) -> None:
    step = sent_until(closed, private(renumbered(bug())), "story.create")
    made = json.dumps({"id": number_of(step), "private": True})
    headers = {"Content-Type": "application/json"}
    server.faults.append(
        Fault(do="status", status=200, text=made, headers=headers, method="POST", path="/stories")
    )
    with pytest.raises(Doubtful, match="readers"):
        sink.send(step)
    assert sink.find(step, {}) is None
    assert sink.send(step).refs


def test_story_that_can_not_be_closed_is_told(sink: Sink, run: Run, us: Api) -> None:
    """A private story had its number before, and its permission row is still there."""
    issue = renumbered(bug())
    step = sent_until(run, issue, "story.create")
    number = number_of(step)
    body = {"id": number, "title": "An earlier one", "private": True, "users": [{"id": 1}]}
    us.write("POST", "/stories", body)
    us.write("DELETE", f"/stories/{number}")
    run.send(step)
    with pytest.raises(Refused, match="permission row"):
        sink.send(access_step(run, issue, CLOSED))


def test_importer_and_members_are_named_by_id(sink: Sink, team: str) -> None:
    assert sink.importer == ME
    assert sink.members([team, "999999", "a-name"]) == {
        team: frozenset({"2"}),
        "999999": None,
        "a-name": None,
    }


# -- the search that shows all ------------------------------------------------------------------


@pytest.fixture
def leaky(server: StandIn) -> StandIn:
    if not servers.REAL:
        server.settings.leaky_search = True  # type: ignore[attr-defined]
    return server


def test_nothing_private_is_sent_where_the_search_shows_it_to_all(leaky: StandIn) -> None:
    run = Run(open_sink(leaky.url, {}, servers.SUPER), Decided(me=ME))
    run.decisions.readers = SECRET
    issue = private(renumbered(rich_bug()))
    with pytest.raises(Refused, match="leaky_search"):
        run.write(issue)
    nobody = Api(f"{leaky.url}/v1", None)
    assert not nobody.get("/stories/search", {"q": issue.name, "creator_id": 2**31 - 1})
    run.write(renumbered(bug()))


def test_what_is_open_is_closed_all_the_same(leaky: StandIn) -> None:
    run = Run(open_sink(leaky.url, {}, servers.SUPER), Decided(me=ME))
    issue = renumbered(bug())
    run.write(issue)
    run.send(access_step(run, issue, CLOSED))
    assert readers(leaky, story_of(run, issue)) == {"us"}


def test_search_that_leaks_can_be_accepted(leaky: StandIn) -> None:
    run = Run(open_sink(leaky.url, {"leaky_search": "accept"}, servers.SUPER), Decided(me=ME))
    run.decisions.readers = SECRET
    issue = private(renumbered(bug()))
    run.write(issue)
    nobody = Api(f"{leaky.url}/v1", None)
    assert nobody.get("/stories/search", {"q": issue.name, "creator_id": 2**31 - 1})


def test_search_that_is_blocked_shows_nothing(leaky: StandIn) -> None:
    leaky.faults += [
        Fault(do="status", status=403, text="<html>no</html>", path="/stories/search")
        for _ in range(3)
    ]
    run = Run(open_sink(leaky.url, {}, servers.SUPER), Decided(me=ME))
    run.decisions.readers = SECRET
    run.write(private(renumbered(bug())))


# -- strangers ----------------------------------------------------------------------------------

PARTS = ["task.create", "tagging.create", "comment.create"]


def has_our_words(server: StandIn, story: str | int) -> bool:
    """Whether anything of the issue stands on a story that user 3 can read."""
    theirs = Api(f"{server.url}/v1", servers.OTHER)
    rows = [theirs.get(f"/stories/{story}{path}") for path in ("", "/tasks", "/comments", "/tags")]
    text = json.dumps(rows)
    return any(word in text for word in (*WORDS, "compute"))


def take(number: int, stranger: Api, **more: Any) -> None:
    stranger.write("POST", "/stories", {"id": number, "title": "A stranger's story", **more})


@pytest.mark.parametrize("how", ["public", "private", "with us", "copy"])
@pytest.mark.parametrize("lost", [False, True])
def test_number_of_a_coming_private_story_that_a_stranger_holds(
    server: StandIn, sink: Sink, closed: Run, stranger: Api, how: str, lost: bool
) -> None:
    issue = private(renumbered(bug()))
    step = sent_until(closed, issue, "story.create")
    line = step.actions[0].fields["description"].split("\n")[0]
    more: dict[str, Any] = {"description": line} if how == "copy" else {}
    if how in ("private", "with us"):
        users = [{"id": 3}, {"id": 1}] if how == "with us" else [{"id": 3}]
        more |= {"private": True, "users": users}
    take(number_of(step), stranger, **more)
    if lost:
        server.faults.append(Fault(do="lose", method="POST", path="/stories"))
    with pytest.raises(Doubtful if lost else Taken):
        sink.send(step)
    if how != "private":
        with pytest.raises(Taken):
            sink.find(step, {})
    else:
        assert sink.find(step, {}) is None
    with pytest.raises(Taken):
        sink.send(step)
    assert not has_our_words(server, number_of(step))


@pytest.mark.parametrize("hidden", [False, True])
def test_kept_number_that_a_stranger_holds_gets_nothing_private(
    server: StandIn, us: Api, stranger: Api, hidden: bool
) -> None:
    top = max((row["id"] for row in us.get("/stories")), default=0)
    options = {**servers.OPTIONS, "numbers": "keep", "above": top + 1000}
    run = Run(open_sink(server.url, options, servers.SUPER), Decided(me=ME))
    run.decisions.readers = SECRET
    raw = msgspec.json.encode(private(bug())).replace(b"1316547", str(top + 7).encode())
    issue = msgspec.json.decode(raw, type=Issue)
    users = {"private": True, "users": [{"id": 3}]} if hidden else {}
    take(top + 7, stranger, description=f"*[LP #{top + 7}]({issue.home})*", **users)
    with pytest.raises(Taken):
        run.write(issue)
    assert not has_our_words(server, top + 7)
    wanted = run.sink.planner.wanted(issue, run.decisions)
    assert run.sink.lookup([one for one in wanted if one.issue == issue.key]) == {}


@pytest.mark.parametrize("kind", PARTS)
def test_nothing_private_is_added_to_a_strangers_story_in_the_place_of_ours(
    server: StandIn, sink: Sink, closed: Run, us: Api, stranger: Api, kind: str
) -> None:
    issue = private(renumbered(bug()))
    step = sent_until(closed, issue, kind)
    story = story_of(closed, issue)
    us.write("DELETE", f"/stories/{story}")
    take(int(story), stranger)
    for _ in range(2):
        with pytest.raises(Refused, match="somebody else"):
            sink.send(step)
    assert not has_our_words(server, story)


@pytest.mark.parametrize("kind", PARTS)
def test_nothing_private_is_added_to_a_strangers_private_story_that_we_may_read(
    server: StandIn, sink: Sink, closed: Run, stranger: Api, kind: str
) -> None:
    issue = private(renumbered(bug()))
    step = sent_until(closed, issue, kind)
    users = [{"id": 3}, {"id": 1}]
    body = {"title": "A stranger's story", "private": True, "users": users}
    story = stranger.write("POST", "/stories", body)["id"]
    fields = step.actions[0].fields | {"story_id": str(story)}
    with pytest.raises(Refused, match="somebody else"):
        sink.send(only(step, fields=fields))
    assert not has_our_words(server, story)


def test_update_is_not_written_into_a_strangers_story(
    server: StandIn, sink: Sink, closed: Run, us: Api, stranger: Api
) -> None:
    issue = private(renumbered(bug()))
    closed.write(issue)
    story = story_of(closed, issue)
    us.write("DELETE", f"/stories/{story}")
    take(int(story), stranger)
    made = {one.key: one for one in sink.planner.wanted(issue, closed.decisions)}
    with pytest.raises(Refused, match="somebody else"):
        sink.send(closed.update(made[issue.key], "title", "private", "users", "teams"))
    assert stranger.get(f"/stories/{story}")["private"] is False
    assert not has_our_words(server, story)


def test_strangers_private_story_in_the_place_of_ours_is_not_opened(
    sink: Sink, closed: Run, stranger: Api
) -> None:
    issue = private(renumbered(bug()))
    closed.write(issue)
    users = [{"id": 3}, {"id": 1}]
    body = {"title": "A stranger's story", "private": True, "users": users}
    story = stranger.write("POST", "/stories", body)["id"]
    kind, at = closed.refs[issue.key]
    closed.refs[issue.key] = (kind, msgspec.structs.replace(at, id=str(story)))
    with pytest.raises(Refused, match="somebody else"):
        sink.send(access_step(closed, issue, PUBLIC))
    assert stranger.get(f"/stories/{story}")["private"] is True


@pytest.mark.parametrize("kind", PARTS)
def test_nothing_private_is_added_right_after_somebody_opened_the_story(
    sink: Sink, closed: Run, stranger: Api, kind: str
) -> None:
    """The look at it is not remembered from the write before."""
    step = sent_until(closed, private(renumbered(bug())), kind)
    story = step.actions[0].fields["story_id"]
    stranger.write("PUT", f"/stories/{story}", {"private": False})
    with pytest.raises(Refused, match="open"):
        sink.send(step)
    part = {"task.create": "tasks", "tagging.create": "tags", "comment.create": "comments"}[kind]
    assert stranger.get(f"/stories/{story}/{part}") == []


def test_private_text_does_not_update_a_story_or_task_that_was_opened(
    sink: Sink, closed: Run, stranger: Api
) -> None:
    issue = private(renumbered(bug()))
    closed.write(issue)
    stranger.write("PUT", f"/stories/{story_of(closed, issue)}", {"private": False})
    made = {one.key: one for one in sink.planner.wanted(issue, closed.decisions)}
    for key, name in ((issue.key, "description"), (issue.tasks[0].key, "title")):
        with pytest.raises(Refused, match="open"):
            sink.send(closed.update(made[key], name))
    closed.send(closed.update(made[issue.key], "description", "private", "users", "teams"))


def test_task_that_a_reader_moved_away_gets_nothing_private(
    server: StandIn, sink: Sink, closed: Run, stranger: Api
) -> None:
    issue = private(renumbered(bug()))
    closed.write(issue)
    (task,) = (key for key in closed.refs if ":task:" in key)
    other = stranger.write("POST", "/stories", {"title": "A public story"})["id"]
    stranger.write("PUT", f"/tasks/{closed.refs[task][1].id}", {"story_id": other, "title": "none"})
    made = {one.key: one for one in sink.planner.wanted(issue, closed.decisions)}
    with pytest.raises(Refused, match="another story"):
        sink.send(closed.update(made[task], "title"))
    assert not has_our_words(server, other)


# -- a story that a failed create left behind ----------------------------------------------------


def half_made(step: ClosedStep, us: Api, **changes: Any) -> None:
    fields = step.actions[0].fields
    body = {
        "id": number_of(step),
        "title": fields["title"],
        "description": fields["description"],
        "private": True,
        "users": [{"id": 1}, {"id": 3}, {"id": 999_999}],
    }
    with pytest.raises(Doubtful):
        us.write("POST", "/stories", body | changes)


def test_half_made_story_that_is_to_be_closed_by_now_loses_its_readers(
    server: StandIn, sink: Sink, closed: Run, us: Api
) -> None:
    step = sent_until(closed, private(renumbered(bug())), "story.create")
    half_made(step, us)
    assert readers(server, str(number_of(step))) == {"us", "other"}
    fields = step.actions[0].fields | dict(sink.planner.access("story", CLOSED))
    shut = only(step, fields=fields, audience=CLOSED.name)
    assert sink.find(shut, {}) is None
    assert sink.send(shut).refs
    assert readers(server, str(number_of(step))) == {"us"}
    assert sink.find(shut, {}) is not None


def test_story_of_our_account_that_names_no_origin_is_left_alone(
    sink: Sink, closed: Run, us: Api
) -> None:
    step = sent_until(closed, private(renumbered(bug())), "story.create")
    us.write("POST", "/stories", {"id": number_of(step), "title": "Made by hand"})
    with pytest.raises(Taken):
        sink.send(step)
    row = us.get(f"/stories/{number_of(step)}")
    assert (row["private"], row["title"]) == (False, "Made by hand")
