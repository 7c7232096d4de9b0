"""Closing, narrowing and opening at a real StoryBoard, and what its outsiders see of it.

    TRACKER_MIGRATE_STORYBOARD_URL, TRACKER_MIGRATE_STORYBOARD_LIVE_TOKEN (a superuser's),
    TRACKER_MIGRATE_STORYBOARD_LIVE_OUTSIDER_TOKEN (of an account that may be made a reader)

It writes there: give it a server that nobody needs.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tracker_migrate.backends.storyboard import open_sink
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import Gone, Refused
from tracker_migrate.interfaces import (
    CLOSED,
    Audience,
    ClosedAction,
    ClosedStep,
    Receipt,
    RemoteRef,
    Sink,
)
from tracker_migrate.model import Key

pytestmark = pytest.mark.live
NAME = "TRACKER_MIGRATE_STORYBOARD"
PUBLIC = Audience(name="public")


def word(number: object) -> str:
    """A word that only one story holds."""
    return f"quixotic{number}"


class Server:
    """A real StoryBoard, seen by the importer, by an outsider and by nobody."""

    def __init__(self, url: str, token: str, outsider: str) -> None:
        self.url = url
        self.token = token
        self.outsider = outsider
        self.api: Api = open_sink(url, {}, token)._site.api  # type: ignore[attr-defined]
        self.theirs = Api(self.api.base, outsider)
        self.nobody = Api(self.api.base, None)
        self.reader = str(self.theirs.get("/users/self")["id"])

    def readers(self, story: str) -> set[str]:
        """Who can read a story."""
        found = set()
        for name in ("api", "theirs", "nobody"):
            try:
                getattr(self, name).get(f"/stories/{story}")
                found.add(name)
            except Gone:
                pass
        return found


@pytest.fixture(scope="module")
def server() -> Server:
    if f"{NAME}_URL" not in os.environ:
        pytest.skip(f"{NAME}_URL names no real server")
    tokens = [os.environ.get(f"{NAME}_LIVE_{one}", "") for one in ("TOKEN", "OUTSIDER_TOKEN")]
    if not all(tokens):
        pytest.skip(f"{NAME}_LIVE_TOKEN and {NAME}_LIVE_OUTSIDER_TOKEN are needed")
    return Server(os.environ[f"{NAME}_URL"], *tokens)


@pytest.fixture
def sink(server: Server) -> Iterator[Sink]:
    options = {"settle_seconds": 1, "leaky_search": "accept"}
    made = open_sink(server.url, options, server.token, server.outsider)
    yield made
    made.close()


Make = Callable[[Audience], tuple[Key, RemoteRef]]


@pytest.fixture
def make(sink: Sink) -> Make:
    def make(audience: Audience) -> tuple[Key, RemoteRef]:
        number = sink.claim("story", 1).first
        key = Key(f"launchpad:bug:{number}")
        home = f"https://bugs.launchpad.net/bugs/{number}"
        fields = {
            "title": f"A {word(number)} title",
            "description": f"*[LP #{number}]({home})*\n\nA {word(number)} text.",
            **sink.planner.access("story", audience),
        }
        made = ClosedAction(
            op="create",
            key=key,
            kind="story",
            fields=fields,
            number=number,
            audience=audience.name,
            marker=home,
        )
        return key, sent(sink, made).refs[key]

    return make


def sent(sink: Sink, action: ClosedAction) -> Receipt:
    kind = f"{action.kind}.{action.op}"
    step = ClosedStep(kind=kind, issue=action.key, actions=(action,))
    receipt = sink.send(step)
    assert sink.find(step, {}) is not None
    return receipt


def shown_to(sink: Sink, audience: Audience, key: Key, at: RemoteRef, **more: Any) -> None:
    fields = {**sink.planner.access("story", audience), **more}
    action = ClosedAction(
        op="update", key=key, kind="story", fields=fields, at=at, audience=audience.name
    )
    sent(sink, action)


def policy(server: Server) -> Audience:
    return Audience(name="security", users=(server.reader,))


@pytest.mark.parametrize("first", ["public", "policy", "closed"])
def test_every_change_of_readers_is_at_once_and_whole(
    server: Server, sink: Sink, make: Make, first: str
) -> None:
    audiences = {"public": PUBLIC, "policy": policy(server), "closed": CLOSED}
    who = {"public": {"api", "theirs", "nobody"}, "policy": {"api", "theirs"}, "closed": {"api"}}
    key, at = make(audiences[first])
    assert server.readers(at.id) == who[first]
    for name in ("closed", "policy", "closed", "public", "closed", "policy", "public", "policy"):
        shown_to(sink, audiences[name], key, at)
        assert server.readers(at.id) == who[name]
        assert (key in sink.readable_by_outsider({key: ("story", at)})) is (name != "closed")


def test_team_is_closed_out_as_well(server: Server, sink: Sink, make: Make) -> None:
    team = str(server.api.write("POST", "/teams", {"name": f"team-{time.time_ns()}"})["id"])
    server.api.write("PUT", f"/teams/{team}/users/{server.reader}")
    assert sink.members([team]) == {team: frozenset({server.reader})}
    key, at = make(Audience(name="security", groups=(team,)))
    assert server.readers(at.id) == {"api", "theirs"}
    shown_to(sink, CLOSED, key, at)
    assert server.readers(at.id) == {"api"}


def test_open_story_names_nobody_who_read_it_before(server: Server, sink: Sink, make: Make) -> None:
    key, at = make(policy(server))
    shown_to(sink, PUBLIC, key, at)
    row = server.nobody.get(f"/stories/{at.id}")
    assert [str(one["id"]) for one in row["users"]] == [sink.importer]


def test_story_that_a_person_opened_gets_nothing_private(
    server: Server, sink: Sink, make: Make
) -> None:
    key, at = make(policy(server))
    server.theirs.write("PUT", f"/stories/{at.id}", {"private": False})
    comment = ClosedAction(
        op="create",
        key=Key(f"launchpad:comment:{at.id}/1"),
        kind="comment",
        fields={"story_id": at.id, "content": "private"},
        number=sink.claim("comment", 1).first,
        audience="security",
    )
    with pytest.raises(Refused):
        sent(sink, comment)
    assert server.nobody.get(f"/stories/{at.id}/comments") == []
    shown_to(sink, CLOSED, key, at)


def test_no_list_shows_a_closed_story(server: Server, sink: Sink, make: Make) -> None:
    _key, at = make(CLOSED)
    project = (server.api.get("/projects", {"limit": 1}) or [{"id": _project(server)}])[0]["id"]
    task = {"title": f"A {word(at.id)} task", "story_id": int(at.id), "project_id": project}
    server.api.write("POST", "/tasks", task)
    server.api.write("POST", f"/stories/{at.id}/comments", {"content": word(at.id)})
    open_one = server.api.write("POST", "/stories", {"title": "Everybody may read this"})["id"]
    for api in (server.theirs, server.nobody):
        for path in ("/stories", "/tasks", "/events", "/worklists", "/boards", "/due_dates"):
            assert word(at.id) not in json.dumps(api.get(path)), path
        assert api.get("/stories/search", {"q": word(at.id)}) == []
        assert api.get(f"/stories/{open_one}")


def test_search_is_known_to_leak_or_not(server: Server, sink: Sink, make: Make) -> None:
    """Private issues are refused exactly where a filter that fits nothing shows them to all."""
    key, at = make(CLOSED)
    asked: dict[str, Any] = {"q": word(at.id), "creator_id": 2_147_483_647}
    leaks = bool(server.nobody.get("/stories/search", asked))
    careful = open_sink(server.url, {}, server.token)
    action = ClosedAction(
        op="update", key=key, kind="story", fields={"title": "A private title"}, at=at, audience="x"
    )
    step = ClosedStep(kind="story.update", issue=key, actions=(action,))
    if leaks:
        with pytest.raises(Refused, match="leaky_search"):
            careful.send(step)
        assert sink.readable_by_outsider({key: ("story", at)}) == []
        assert sink.readable_by_outsider({key: ("story", at)}, thorough=True) == [key]
    else:
        careful.send(step)


def _project(server: Server) -> int:
    return int(server.api.write("POST", "/projects", {"name": f"live-{time.time_ns()}"})["id"])
