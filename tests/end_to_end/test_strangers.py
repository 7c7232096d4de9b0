"""Somebody was here first: he holds our number, or shows our marker and our words. Nothing private
is written into what is his, nor shown to him."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.marks import found_in
from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.world import conduit_token
from tracker_migrate.backends.maniphest.guard import Guard
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.engine.filters import Only
from tracker_migrate.model import Key
from tracker_migrate.testing.loopback import Fault
from tracker_migrate.workspace import Workspace

#: he is user 2 at StoryBoard, alice at Maniphest; the importer is user 1
STRANGER = "token-of-normal"


def ask(marked: MarkedWorld, method: str, path: str, body: Any, token: str = STRANGER) -> Any:
    """A request at StoryBoard."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    address = f"{marked.here.storyboard.url}/v1/{path}"
    answer = requests.request(method, address, data=json.dumps(body), headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def alice(marked: MarkedWorld) -> ManiphestReader:
    """The stranger at Maniphest."""
    return ManiphestReader(marked.here.maniphest.url, conduit_token("alice"))


def forged(marked: MarkedWorld, target: str) -> tuple[str, str, int]:
    """The title and the text that we would write of a coming private bug, as far as a stranger can
    know: a public one of ours, with another number; and the number."""
    public = marked.project.bug()
    secret = marked.project.bug("Private", comments=2, targets=("gadget", "gadget/1.x"))
    marked.here.pull()
    marked.here.apply(target, only=only(public))
    with getattr(marked.here, target).lock:
        table = "story" if target == "storyboard" else "task"
        sql = f"SELECT title, description FROM {table} WHERE description LIKE '%{public}%'"
        title, text = getattr(marked.here, target).store.db.execute(sql).fetchone()
    return title, text.replace(str(public), str(secret)), secret


def only(bug: int) -> Only:
    """A filter that takes one bug."""
    return Only(f"bug:{bug}")


def run(marked: MarkedWorld, target: str) -> None:
    """Write everything, twice, while the spy looks."""
    for _ in range(2):
        with marked.spies[target].watching():
            marked.here.apply(target)
    marked.spies[target].found_nothing()


def numbers_kept(marked: MarkedWorld) -> None:
    """A story gets its bug's number."""
    marked.here.options["storyboard"]["numbers"] = "keep"
    marked.here.write_settings()


def story_of_his(marked: MarkedWorld, number: int) -> str:
    """All that stands on a story and below it."""
    store = marked.here.storyboard.store
    with marked.here.storyboard.lock:
        rows = [
            *store.all("SELECT title, description FROM story WHERE id = ?", (number,)),
            *store.all("SELECT title, link FROM task WHERE story_id = ?", (number,)),
            *store.all("SELECT content, id FROM comment WHERE story_id = ?", (number,)),
        ]
    return "\n".join(str(tuple(row)) for row in rows)


def is_clean(marked: MarkedWorld, text: str) -> None:
    """No private word stands in it."""
    assert text
    assert not found_in(text) & marked.secret


# -- StoryBoard -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="public"),
        pytest.param({"private": True, "users": [{"id": 2}, {"id": 1}], "teams": []}, id="with-us"),
        pytest.param({"private": True, "users": [{"id": 2}], "teams": []}, id="without-us"),
    ],
)
@pytest.mark.parametrize("copied", [False, True], ids=["his-words", "our-words"])
def test_the_number_of_a_private_bug_is_a_strangers(
    body: dict[str, Any], copied: bool, marked: MarkedWorld
) -> None:
    numbers_kept(marked)
    title, text, secret = forged(marked, "storyboard")
    said = {"title": title, "description": text} if copied else {"title": "Mine alone"}
    ask(marked, "POST", "stories", {"id": secret, **said, **body})
    before = story_of_his(marked, secret)
    run(marked, "storyboard")
    assert story_of_his(marked, secret) == before
    with Workspace(marked.here.folder) as workspace:
        verdict = workspace.ledger("storyboard").verdict(Key(f"launchpad:bug:{secret}"))
    assert verdict is not None
    assert verdict.state in ("aside", "refused")


@pytest.mark.parametrize("path", ["/v1/stories", "/v1/tasks", "/comments"])
@pytest.mark.parametrize("numbers", ["block", "keep"])
def test_a_stranger_takes_the_number_of_a_request_that_is_on_its_way(
    path: str, numbers: str, marked: MarkedWorld
) -> None:
    marked.here.options["storyboard"]["numbers"] = numbers
    marked.here.write_settings()
    _title, _text, secret = forged(marked, "storyboard")
    fault = Fault(do="stranger", method="POST", path=path, times=2)
    marked.here.storyboard.faults.append(fault)
    run(marked, "storyboard")
    assert fault.times < 2
    with marked.here.storyboard.lock:
        rows = marked.here.storyboard.store.all("SELECT id FROM story WHERE creator_id <> 1")
    for row in rows:
        is_clean(marked, story_of_his(marked, row[0]))
    assert secret


@pytest.mark.parametrize("ours_too", [False, True], ids=["public", "with-us-as-reader"])
def test_our_story_is_deleted_and_a_stranger_takes_its_number(
    ours_too: bool, marked: MarkedWorld
) -> None:
    """He even copies what stood there, and makes us a reader. What is new goes nowhere."""
    title, text, secret = forged(marked, "storyboard")
    marked.here.apply("storyboard")
    with Workspace(marked.here.folder) as workspace:
        at = workspace.ledger("storyboard").where(Key(f"launchpad:bug:{secret}"))
    assert at is not None
    ask(marked, "DELETE", f"stories/{at.id}", None, "token-of-super")
    marked.here.storyboard.store.run("DELETE FROM permission")  # else the number is never free
    marked.here.storyboard.store.run("DELETE FROM story_permission")
    body = {"private": True, "users": [{"id": 2}, {"id": 1}], "teams": []} if ours_too else {}
    number = int(at.id)
    ask(marked, "POST", "stories", {"id": number, "title": title, "description": text, **body})
    marked.project.comment(secret)
    marked.here.pull(full=True)
    run(marked, "storyboard")
    is_clean(marked, story_of_his(marked, number))


# -- Maniphest ------------------------------------------------------------------------------------


def show_marker(marked: MarkedWorld, secret: int, title: str, text: str, view: str) -> str:
    """The stranger makes a task with our marker, our title and our words; its PHID."""
    with Workspace(marked.here.folder) as workspace:
        issue = workspace.archive.issue(Key(f"launchpad:bug:{secret}"))
    assert issue is not None
    said = {"title": title, "description": text, "view": view, "custom.migrate.url": issue.home}
    transactions = [{"type": what, "value": one} for what, one in said.items()]
    made = alice(marked).call("maniphest.edit", transactions=transactions)
    return str(made["object"]["phid"])


def task_of_his(marked: MarkedWorld, phid: str) -> str:
    """All that stands on a task, and all that happened to it."""
    store = marked.here.maniphest.store
    with marked.here.maniphest.lock:
        rows = store.rows("SELECT title, description, view FROM task WHERE phid = ?", [phid])
        rows += store.rows(
            "SELECT type, fields, comment FROM xaction_task WHERE object = ?", [phid]
        )
    return "\n".join(str(tuple(row)) for row in rows)


def before_the_run(marked: MarkedWorld) -> None:
    """Nothing goes wrong but that he was first."""


def reply_is_lost(marked: MarkedWorld) -> None:
    """The reply to the create is lost, so that it is looked for by its marker."""
    marked.here.maniphest.faults.append(Fault(do="lose", path="maniphest.edit"))


def never_written(marked: MarkedWorld) -> None:
    """The create never arrives, and only his is found."""
    marked.here.maniphest.faults.append(Fault(do="reset", path="maniphest.edit"))


def he_is_faster(marked: MarkedWorld) -> None:
    """He makes one more with our marker right before ours."""
    marked.here.maniphest.faults.append(Fault(do="stranger", path="maniphest.edit"))


@pytest.mark.parametrize("happens", [before_the_run, reply_is_lost, never_written, he_is_faster])
@pytest.mark.parametrize("view", ["users", "PHID-USER"])
def test_a_task_of_a_strangers_shows_our_marker(
    view: str, happens: Callable[[MarkedWorld], None], marked: MarkedWorld
) -> None:
    """Open to all, or to him and to whom he names."""
    title, text, secret = forged(marked, "maniphest")
    me = alice(marked).call("user.whoami")["phid"]
    his = show_marker(marked, secret, title, text, me if view == "PHID-USER" else view)
    before = task_of_his(marked, his)
    happens(marked)
    marked.spies["maniphest"].outsiders["alice"] = conduit_token("alice")
    marked.spies["maniphest"].seen["alice"] = set()
    run(marked, "maniphest")
    assert task_of_his(marked, his) == before
    with Workspace(marked.here.folder) as workspace:
        at = workspace.ledger("maniphest").where(Key(f"launchpad:bug:{secret}"))
    assert at is not None
    assert at.id != his


# -- and the tests can fail -----------------------------------------------------------------------


def test_a_story_that_is_taken_for_ours_is_seen(
    marked: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its words alone it would be ours."""
    monkeypatch.setattr(Site, "is_ours", lambda _self, _account: True)
    with pytest.raises(AssertionError):
        test_the_number_of_a_private_bug_is_a_strangers({}, True, marked)


def test_a_task_that_is_taken_for_ours_is_seen(
    marked: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its marker alone it would be ours; the look before a fill is taken away as well."""

    def sorted_(self: Finder, rows: Any, wanted: set[str]) -> dict[str, list[Any]]:
        return {mark: [row] for row in rows if (mark := self.marker(row)) in wanted}

    monkeypatch.setattr(Finder, "_sorted", sorted_)
    monkeypatch.setattr(Finder, "is_ours", lambda *_: True)
    monkeypatch.setattr(Finder, "signed", lambda *_: True)
    monkeypatch.setattr(Guard, "check", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_task_of_a_strangers_shows_our_marker("users", before_the_run, marked)
