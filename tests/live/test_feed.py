"""What people do at a real server while `sync` runs is known in the next round: see real_world.py.

Of a task that is destroyed there, and of a comment that is edited on its page, Conduit knows
nothing to ask for; these two want Maniphest's database, too: see real_move.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.end_to_end.conflict_bench import There
from tests.end_to_end.test_feed import Daemon
from tests.end_to_end.world import TARGETS
from tests.live.real_move import database
from tests.live.real_world import Live, live_world
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held

pytestmark = pytest.mark.live


class Watching:
    """`sync` at a real server, and the people there."""

    def __init__(self, live: Live, daemon: Daemon, bugs: list[int], asked: Counter[str]) -> None:
        self.live, self.daemon, self.bugs, self.asked = live, daemon, bugs, asked
        self.at: There = live.at
        self.name: str = live.at.name

    def round(self) -> Any:
        """The next one; what it learnt of people."""
        return self.daemon.round().fed[self.name]

    def costs(self, done: Callable[[], Any]) -> int:
        """How many requests the target had meanwhile."""
        host = urlsplit(self.at.url).netloc
        before = self.asked[host]
        done()
        return self.asked[host] - before

    def one(self, bug: int, kind: str) -> Held:
        """Some object of a bug."""
        return self.daemon.held(self.name, Key(f"launchpad:bug:{bug}"), kind)[0]

    def news(self, bug: int, **fields: Any) -> None:
        """A bug is changed at the source, just now: it is listed by the next round."""
        changed = datetime.now(UTC).isoformat()
        self.live.project.change(bug, **fields, date_last_updated=changed)

    def open_bug(self) -> int:
        """A bug that is not closed at the source."""
        return next(one for one in self.bugs if one % 2 == 0)  # see marked_bugs

    def edits(self) -> set[tuple[Key, str]]:
        """Whose edits are known."""
        return set(self.daemon.edits(self.name))

    def is_removed(self, bug: int) -> bool:
        """Whether a bug is set aside because somebody has removed it."""
        verdict = self.daemon.workspace.ledger(self.name).verdict(Key(f"launchpad:bug:{bug}"))
        return verdict is not None and "removed it" in verdict.reason

    def writes_nothing(self) -> None:
        """Two rounds more that have nothing to do."""
        for _ in range(2):
            ended = self.daemon.round()
            assert (ended.applied[self.name].created, ended.applied[self.name].updated) == (0, 0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The requests that each host has had from this process."""
    counted: Counter[str] = Counter()
    real = HTTPAdapter.send

    def send(self: HTTPAdapter, request: requests.PreparedRequest, *given: Any, **how: Any) -> Any:
        counted[urlsplit(request.url or "").netloc] += 1
        return real(self, request, *given, **how)

    monkeypatch.setattr(HTTPAdapter, "send", send)
    return counted


@pytest.fixture(params=TARGETS)
def watching(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: Counter[str],
) -> Iterator[Watching]:
    """Six bugs were moved, and `sync` has found nothing more to do."""
    with live_world(request.param, tmp_path / "ws", monkeypatch) as live, ExitStack() as stack:
        bugs = [live.bug() for _ in range(6)]
        made = Watching(live, Daemon(live.here, stack, (request.param,)), bugs, asked)
        first, second = made.round(), made.round()
        assert (first.looked, second.looked) == (0, 0), "our own writes cost no look"
        yield made
        made.daemon.stop()


EDITS: dict[str, list[tuple[str, str, Any]]] = {
    "storyboard": [
        ("story", "title", "What a person calls it"),
        ("story", "description", "What a person makes of it"),
        ("task", "status", "review"),
        ("task", "title", "Something else"),
        ("task", "priority", "low"),
        ("task", "assignee_id", 2),
    ],
    "maniphest": [
        ("task", "title", "What a person calls it"),
        ("task", "description", "What a person makes of it"),
        ("task", "priority", "unbreak"),
        ("subtask", "title", "Something else"),
        ("subtask", "status", "wontfix"),
        ("task", "owner", "alice"),
    ],
}


def test_a_round_without_news_asks_a_target_once_or_twice(watching: Watching) -> None:
    for _ in range(2):
        assert watching.costs(watching.round) <= 2


def test_each_edit_of_a_person_is_known_in_the_next_round_and_no_other(watching: Watching) -> None:
    for bug, (kind, field, said) in zip(watching.bugs, EDITS[watching.name], strict=True):
        held = watching.one(bug, kind)
        before = watching.edits()
        value = watching.at.person(said) if field == "owner" else said
        watching.at.edit(kind, held.at.id, field, value)
        fed = watching.round()
        assert (fed.looked, fed.edited) == (1, 1), field
        assert watching.edits() - before == {(held.key, field)}
        assert watching.costs(watching.round) <= 2
    watching.writes_nothing()


def test_what_a_person_takes_back_is_forgotten(watching: Watching) -> None:
    kind, field, value = EDITS[watching.name][2]
    held = watching.one(watching.open_bug(), kind)
    was = {"storyboard": "todo", "maniphest": "high"}[watching.name]
    watching.at.edit(kind, held.at.id, field, value)
    assert watching.round().edited == 1
    watching.at.edit(kind, held.at.id, field, was)
    assert watching.round().reverted == 1
    assert watching.edits() == set()


def test_what_we_write_later_tells_nothing(watching: Watching) -> None:
    """Not even beside what a person did in the same round."""
    bug, other = watching.bugs[:2]
    watching.live.project.comment(bug)
    watching.news(bug, title="It is another lamp", tags=["new"])
    kind, field, value = EDITS[watching.name][0]
    held = watching.one(other, kind)
    assert watching.daemon.round().applied[watching.name].updated > 0
    watching.at.edit(kind, held.at.id, field, value)
    fed = watching.round()
    assert fed.told > 1
    assert (fed.looked, fed.edited) == (1, 1)
    assert watching.edits() == {(held.key, field)}


def test_comments_of_people_are_no_edits(watching: Watching) -> None:
    at = watching.one(watching.bugs[0], EDITS[watching.name][0][0]).at.id
    said = {"content": "Me, too"}
    if watching.name == "storyboard":
        watching.at.storyboard("POST", f"/stories/{at}/comments", said)
    else:
        words = [{"type": "comment", "value": "Me, too"}]
        watching.at.conduit("maniphest.edit", {"objectIdentifier": at, "transactions": words})
    fed = watching.round()
    assert (fed.looked, fed.edited) == (0, 0)
    watching.writes_nothing()


def test_what_is_gone_is_noticed_and_not_made_again(watching: Watching) -> None:
    """StoryBoard's timeline is shorter then; at Maniphest issues are counted once a day."""
    deleted, closed = watching.bugs[:2]
    if watching.name == "storyboard":
        one, other = (watching.one(bug, "story").at.id for bug in (deleted, closed))
        watching.at.storyboard("DELETE", f"/stories/{one}", None, "super", answers=False)
        assert watching.round().gone == 1
        theirs = watching.at.storyboard("GET", "/users/self", None)["id"]
        body = {"private": True, "users": [{"id": theirs}]}
        watching.at.storyboard("PUT", f"/stories/{other}", body, answers=False)
    else:
        one, other = (watching.one(bug, "task").at.id for bug in (deleted, closed))
        destroy(one)
        watching.at.edit("task", other, "view", watching.at.conduit("user.whoami", {})["phid"])
        assert watching.round().gone == 0, "nothing tells of it"
        watching.daemon.clock.passed += 25 * 3600
    assert watching.round().gone == (1 if watching.name == "storyboard" else 2)
    assert watching.is_removed(deleted)
    assert watching.is_removed(closed)
    for bug in (deleted, closed):
        watching.live.project.comment(bug)
        watching.news(bug)
    watching.writes_nothing()


def test_a_task_is_closed_with_the_last_of_its_subtasks_and_once(watching: Watching) -> None:
    if watching.name != "maniphest":
        pytest.skip("a story's state follows from its tasks")
    bug = watching.open_bug()
    held = Key(f"launchpad:bug:{bug}")
    below = watching.daemon.held("maniphest", held, "subtask")
    parent = watching.one(bug, "task").at.id
    watching.at.edit("subtask", below[0].at.id, "status", "resolved")
    assert watching.round().closed == 0
    watching.at.edit("subtask", below[1].at.id, "status", "resolved")
    assert watching.round().closed == 1
    (row,) = tasks(watching.at, parent)
    assert (row["fields"]["status"]["value"], row["fields"]["ownerPHID"]) == ("resolved", None)
    assert {key for key, _field in watching.edits()} == {one.key for one in below}
    watching.writes_nothing()
    watching.at.edit("task", parent, "status", "open")
    watching.at.edit("subtask", below[0].at.id, "status", "invalid")
    watching.writes_nothing()
    (row,) = tasks(watching.at, parent)
    assert row["fields"]["status"]["value"] == "open", "who opens it again has decided"


def test_a_comment_that_is_edited_at_the_source_is_told_in_a_new_one(watching: Watching) -> None:
    bug = watching.bugs[0]
    issue = watching.one(bug, EDITS[watching.name][0][0]).at.id
    edited = {"content": "It was the switch", "date_last_edited": datetime.now(UTC).isoformat()}
    watching.live.project.change_comment(bug, 1, **edited)
    watching.news(bug)
    watching.daemon.round()
    said = watching.at.said(issue)
    assert said.count("It was the switch") == 1
    assert "comment 1, edited" in said
    assert "Here it happens as well" in said, "the old one stays"
    watching.writes_nothing()
    assert watching.live.here.verify(watching.name).agrees


def test_a_comment_that_is_edited_at_the_target_is_found_by_verify(watching: Watching) -> None:
    held = watching.one(watching.bugs[0], "comment")
    story = watching.one(watching.bugs[0], EDITS[watching.name][0][0]).at.id
    if watching.name == "storyboard":
        pytest.skip("its administrator has to allow that")
    edit_comment(held.at.id, "By hand")
    assert watching.round().edited == 0, "no tracker tells of it"
    seen = watching.live.here.verify(watching.name)
    assert [one.key for one in seen.differs] == [held.key]
    watching.writes_nothing()
    assert "By hand" in watching.at.said(story)


# -- what Conduit can't do ------------------------------------------------------------------------


def tasks(at: There, phid: str) -> list[dict[str, Any]]:
    """A task as alice sees it."""
    found = at.conduit("maniphest.search", {"constraints": {"phids": [phid]}})
    return list(found["data"])


def destroy(phid: str) -> None:
    """What `bin/remove destroy` does to a task: it goes with its transactions and comments."""
    of = "(SELECT phid FROM maniphest_transaction WHERE objectPHID = %s)"
    with database("maniphest").begin() as there:
        there.exec_driver_sql(
            f"DELETE FROM maniphest_transaction_comment WHERE transactionPHID IN {of}", (phid,)
        )
        there.exec_driver_sql("DELETE FROM maniphest_transaction WHERE objectPHID = %s", (phid,))
        there.exec_driver_sql("DELETE FROM edge WHERE src = %s OR dst = %s", (phid, phid))
        there.exec_driver_sql("DELETE FROM maniphest_task WHERE phid = %s", (phid,))


def edit_comment(phid: str, text: str) -> None:
    """What *Edit Comment* on a task's page does: a version more of it."""
    new = f"PHID-XCMT-{phid[-20:]}"
    columns = "authorPHID, viewPolicy, editPolicy, contentSource, isDeleted, dateCreated"
    with database("maniphest").begin() as there:
        there.exec_driver_sql(
            f"INSERT INTO maniphest_transaction_comment ({columns}, phid, transactionPHID, "
            f"commentVersion, content, dateModified) SELECT {columns}, %s, transactionPHID, "
            "commentVersion + 1, %s, UNIX_TIMESTAMP() FROM maniphest_transaction_comment "
            "WHERE transactionPHID = %s ORDER BY commentVersion DESC LIMIT 1",
            (new, text, phid),
        )
        there.exec_driver_sql(
            "UPDATE maniphest_transaction SET commentPHID = %s, "
            "commentVersion = commentVersion + 1 WHERE phid = %s",
            (new, phid),
        )
