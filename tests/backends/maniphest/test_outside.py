"""What outsiders can read, and that each way of reading it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.backends.maniphest.closed import closed_project, edited, order, phid, project
from tests.backends.maniphest.conftest import Opener
from tests.backends.maniphest.helpers import Mover, Told, bug, comment, depends_on, task
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.outside import WITHHELD
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.interfaces import Audience
from tracker_migrate.model import Key, key
from tracker_migrate.testing.loopback import Fault, Reply, Request

AsUser = Callable[[str], Conduit]
FULL = bug(
    4711,
    private=True,
    title="an embargoed word",
    tasks=(task(4711, "nova"), task(4711, "glance")),
    comments=(comment(4711, 1, "another embargoed word"),),
    relations=(depends_on(3),),
)


@pytest.fixture
def bot(as_user: AsUser) -> Conduit:
    return as_user("importbot")


@pytest.fixture
def moved(opened: Opener, bot: Conduit) -> Mover:
    """A private bug that alice may read, looked at by bob and carol."""
    mover = Mover(opened(outsider="bob carol"), Told())
    mover.decisions.moving = {key("launchpad", "bug", 3)}
    mover.move(bug(3))
    members = [phid(bot, "importbot"), phid(bot, "alice")]
    mover.decisions.shown_to = Audience(
        name="security", groups=(closed_project(bot, "sec", members),)
    )
    mover.move(FULL)
    return mover


def leaks(mover: Mover, **more: Any) -> set[Key]:
    return set(mover.sink.readable_by_outsider(mover.own(FULL), **more))


def asked(server: ManiphestStandIn) -> list[str]:
    """Everything that is sent from now on, as it goes over the wire."""
    sent: list[str] = []
    server.on_request = lambda one: sent.append(f"{one.path} {one.query} {one.body.decode()}")
    return sent


@pytest.mark.parametrize("thorough", [False, True])
def test_nothing_of_a_closed_bug_is_readable(
    moved: Mover, server: ManiphestStandIn, thorough: bool
) -> None:
    order(server, "daemons", run=True)
    assert {kind for kind, _ in moved.own(FULL).values()} == {
        "task", "subtask", "comment", "relations"
    }  # fmt: skip
    assert leaks(moved, thorough=thorough) == set()


def test_an_answer_that_is_swallowed_on_its_way_is_none(
    moved: Mover, server: ManiphestStandIn, as_user: AsUser
) -> None:
    """As at nginx and PHP as they are shipped: 502 for all that is hidden, again and again."""
    server.config = replace(server.config, swallows=True)
    assert leaks(moved) == set()
    edited(as_user("alice"), 3, view="users")
    assert leaks(moved) == {FULL.tasks[0].key}


def test_what_one_of_the_outsiders_reads_is_told_whole(moved: Mover, as_user: AsUser) -> None:
    """Carol, the second of them, is let in: an owner sees a task whatever its policy says."""
    alice = as_user("alice")
    edited(alice, 2, owner=phid(alice, "carol"))
    own = moved.own(FULL)
    whole = {one for one, (kind, _) in own.items() if kind != "subtask"}
    assert leaks(moved) == whole


def test_a_subtask_alone_is_told(moved: Mover, as_user: AsUser) -> None:
    edited(as_user("alice"), 3, view="users")
    assert leaks(moved) == {FULL.tasks[0].key}


@pytest.mark.parametrize("method", ["maniphest.search", "phid.query", "phid.lookup"])
def test_each_way_of_asking_is_looked_at(
    moved: Mover, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """A server that is right in all other answers, and tells in this one."""
    at = moved.own(FULL)[FULL.key][1]
    real = Conduit.read

    def read(self: Conduit, name: str, **params: Any) -> Any:
        if name != method:
            return real(self, name, **params)
        row = {"phid": at.id, "id": 2}
        return {"data": [row]} if name == "maniphest.search" else {"x": row}

    monkeypatch.setattr(Conduit, "read", read)
    assert FULL.key in leaks(moved)


@pytest.mark.parametrize("method", ["transaction.search", "edge.search"])
def test_the_history_and_the_edges_of_each_task_are_looked_at(
    moved: Mover, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    real = Conduit.read

    def read(self: Conduit, name: str, **params: Any) -> Any:
        if name == method and ("objectIdentifier" in params or "sourcePHIDs" in params):
            return {"data": [], "cursor": {"after": None}}
        return real(self, name, **params)

    monkeypatch.setattr(Conduit, "read", read)
    assert FULL.key in leaks(moved, thorough=method == "edge.search")


@pytest.mark.parametrize("way", ["feed.query", "query", "list", "objectType"])
def test_lists_feeds_and_the_search_are_looked_at_when_it_is_thorough(
    moved: Mover, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    at = moved.own(FULL)[FULL.key][1]
    real = Conduit.read

    def read(self: Conduit, name: str, **params: Any) -> Any:
        constraints = params.get("constraints", {})
        hit = {
            "feed.query": name == "feed.query",
            "query": "query" in constraints,
            "list": name == "maniphest.search" and not constraints,
            "objectType": "objectType" in params and not constraints,
        }[way]
        if not hit:
            return real(self, name, **params)
        if name == "feed.query":
            return {"PHID-STRY-x": {"data": {"objectPHID": at.id}}}
        return {"data": [{"phid": at.id, "objectPHID": at.id}], "cursor": {"after": None}}

    monkeypatch.setattr(Conduit, "read", read)
    assert leaks(moved) == set()
    assert FULL.key in leaks(moved, thorough=True)


def test_a_comment_that_can_be_read_by_its_own_name_is_told(
    moved: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = moved.own(FULL)[FULL.comments[0].key][1]
    real = Conduit.read

    def read(self: Conduit, name: str, **params: Any) -> Any:
        if said.id in params.get("constraints", {}).get("phids", ()):
            words = [{"content": {"raw": "words"}}]
            row = {"phid": said.id, "objectPHID": "PHID-TASK-other", "comments": words}
            return {"data": [row], "cursor": {"after": None}}
        return real(self, name, **params)

    monkeypatch.setattr(Conduit, "read", read)
    assert leaks(moved) == {FULL.comments[0].key}


def test_a_comment_that_was_removed_is_not_readable_and_one_that_was_edited_is(
    moved: Mover, server: ManiphestStandIn, as_user: AsUser
) -> None:
    edited(as_user("alice"), 2, view="users")
    said = moved.own(FULL)[FULL.comments[0].key][1]
    order(server, "comment", phid=said.id, by="alice", text="")
    assert FULL.comments[0].key in leaks(moved)  # its first version still stands
    order(server, "comment", phid=said.id, by="admin")
    assert FULL.key in leaks(moved)
    assert FULL.comments[0].key not in leaks(moved, thorough=True)


# -- nobody at all --------------------------------------------------------------------------------


def shows(server: ManiphestStandIn, path: str, text: str) -> None:
    server.faults.append(Fault("status", path=path, status=200, text=text))


@pytest.mark.parametrize(("title", "seen"), [("⚓ T2 words", True), ("You Shall Not Pass", False)])
def test_a_page_that_shows_the_task_to_nobody_at_all_is_seen(
    moved: Mover, server: ManiphestStandIn, title: str, seen: bool
) -> None:
    shows(server, "/T2", f"<html><title>{title}</title></html>")
    assert (FULL.key in leaks(moved)) is seen


def test_a_comment_on_a_shown_page_is_looked_at_by_itself(
    moved: Mover, server: ManiphestStandIn
) -> None:
    shows(server, "/T2", "<title>T2 words</title>")
    shows(server, "/transactions/raw/", "<title>Raw Comment</title>")
    assert FULL.comments[0].key in leaks(moved)
    shows(server, "/T2", "<title>T2 words</title>")
    shows(server, "/transactions/raw/", "<title>Bad Request</title>")
    assert FULL.comments[0].key not in leaks(moved)


@pytest.mark.parametrize("path", ["/maniphest/query/all/", "/feed/"])
def test_lists_for_nobody_are_looked_at(moved: Mover, server: ManiphestStandIn, path: str) -> None:
    shows(server, path, '<a href="/T3" class="x">T3</a> <a href="/T22">T22</a>')
    assert leaks(moved, thorough=True) == {FULL.tasks[0].key}


def test_conduit_without_a_token_is_looked_at(moved: Mover, server: ManiphestStandIn) -> None:
    """It is a GET, so that nobody's token can be in it."""
    answer = '{"result":{"data":[{"id":3,"type":"TASK","phid":"x"}]}}'
    real = server.answer

    def open_to_all(request: Request) -> Reply:
        reply = real(request)
        if request.method == "GET" and request.path.startswith("/api/maniphest.search"):
            return Reply(200, answer.encode())
        return reply

    server.answer = open_to_all  # type: ignore[method-assign]
    assert leaks(moved) == {FULL.tasks[0].key}


# -- names ----------------------------------------------------------------------------------------


def test_a_withheld_tag_in_a_project_of_ours_is_told(moved: Mover, bot: Conduit) -> None:
    assert leaks(moved, withheld=["embargoed tag"]) == set()
    project(bot, "Embargoed  TAG")
    assert leaks(moved, withheld=["embargoed tag"]) == {WITHHELD}
    assert leaks(moved, withheld=["other"]) == leaks(moved) == set()


def test_a_project_that_other_people_made_is_no_leak_of_ours(moved: Mover, as_user: AsUser) -> None:
    project(as_user("alice"), "security")
    assert leaks(moved, withheld=["security"]) == set()


def test_no_private_word_is_sent_to_find_out(moved: Mover, server: ManiphestStandIn) -> None:
    """A blueprint's name is one. A bug is looked for by its number."""
    sent = asked(server)
    named = key("launchpad", "blueprint", "nova/+spec/embargoed-thing")
    refs = {**moved.own(FULL), named: moved.own(FULL)[FULL.key]}
    moved.sink.readable_by_outsider(refs, withheld=["embargoed"], thorough=True)
    assert len(sent) > 20
    assert not [one for one in sent if "embargoed" in one or "stuck" in one]
    looked = [one for one in map(unquote_plus, sent) if '"query"' in one]
    assert len(looked) == 2
    assert all('"query": "\\"4711\\""' in one for one in looked)


@pytest.fixture(autouse=True)
def _no_leftover_faults(server: ManiphestStandIn) -> Iterator[None]:
    """A fault that struck nobody would make a test pass that proves nothing."""
    yield
    assert [fault for fault in server.faults if 0 < fault.times < 50] == []
