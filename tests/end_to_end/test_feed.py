"""What people do at both targets while `sync` runs is known in the next round, and not done to
again; our own writes cost no look."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.world import (
    RECORDINGS,
    TARGETS,
    World,
    conduit_token,
    needs_shared,
    world,
)
from tracker_migrate.backends.launchpad.standin import load_project
from tracker_migrate.cli.run import run
from tracker_migrate.engine.clock import Clock
from tracker_migrate.engine.daemon import Round, rounds
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.ledger import Held

pytestmark = needs_shared


class Quick(Clock):
    """Time that passes as soon as somebody waits for it."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.passed += seconds
        return event.is_set()


class Daemon:
    """`sync`, round by round, over a world; restarted when it is asked to be."""

    def __init__(self, here: World, stack: ExitStack, targets: Sequence[str] = TARGETS) -> None:
        self.here = here
        self._targets = targets
        self._stack = stack
        self.start()

    def start(self) -> None:
        self.workspace = self._stack.enter_context(Workspace(self.here.folder))
        self.clock = Quick()
        self._rounds = rounds(self.workspace, self._targets, every=60, clock=self.clock)

    def stop(self) -> None:
        """As a SIGTERM would."""
        self._rounds.close()
        self.workspace.close()

    def round(self) -> Round:
        ended = next(self._rounds)
        assert ended.error == ""
        return ended

    def held(self, target: str, issue: Key, kind: str) -> list[Held]:
        """What stands of an issue, of a kind."""
        found = self.workspace.ledger(target).of_issue(issue).values()
        return [one for one in found if one.kind == kind]

    def edits(self, target: str) -> list[tuple[Key, str]]:
        """Whose edits are known."""
        return [(key, field) for key, field, _ in self.workspace.ledger(target).conflicts()]


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """One that has moved lab-alpha, and has found nothing more to do."""
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here, ExitStack() as stack:
        load_project(here.launchpad, RECORDINGS / "launchpad" / "projects" / "lab-alpha")
        made = Daemon(here, stack)
        first, second = made.round(), made.round()
        assert all(one.created for one in first.applied.values())
        for name, fed in second.fed.items():
            assert (fed.told > 0, fed.looked) == (True, 0), f"{name}: our own writes cost no look"
        made.round()
        yield made
        made.stop()


def story(here: World, number: str, method: str = "PUT", **body: Any) -> None:
    """A person's change of a story at StoryBoard."""
    ask(here, method, f"/v1/stories/{number}", body, "token-of-normal")


def ask(here: World, method: str, path: str, body: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{here.storyboard.url}{path}"
    answer = requests.request(method, url, json=body, headers=headers, timeout=60)
    assert answer.status_code in (200, 204), answer.text


def task(here: World, phid: str, user: str = "alice", **fields: Any) -> None:
    """A person's change of a task at Maniphest."""
    reader = ManiphestReader(here.maniphest.url, conduit_token(user))
    said = [{"type": name, "value": value} for name, value in fields.items()]
    reader.call("maniphest.edit", objectIdentifier=phid, transactions=said)


def now(here: World, phid: str) -> dict[str, Any]:
    """A task's fields at Maniphest."""
    reader = ManiphestReader(here.maniphest.url, conduit_token("importbot"))
    found: Mapping[str, Any] = reader.call("maniphest.search", constraints={"phids": [phid]})
    return dict(found["data"][0]["fields"])


def bug(daemon: Daemon, target: str, kind: str) -> tuple[Key, Held]:
    """Some bug with an object of a kind."""
    ledger = daemon.workspace.ledger(target)
    for issue in ledger.issues():
        for one in ledger.of_issue(issue).values():
            if one.kind == kind and ":bug:" in issue:
                return issue, one
    raise AssertionError(f"no bug has a {kind}")


def status(daemon: Daemon, capfd: pytest.CaptureFixture[str], target: str) -> Any:
    """`status --json` of a target."""
    capfd.readouterr()
    run(["status", "-C", str(daemon.here.folder), "--json"])
    return json.loads(capfd.readouterr().out)["targets"][target]


def edit_story(here: World, at: str) -> str:
    story(here, at, title="What a person calls it")
    return "title"


def describe_story(here: World, at: str) -> str:
    story(here, at, description="What a person makes of it")
    return "description"


def close_task(here: World, at: str) -> str:
    ask(here, "PUT", f"/v1/tasks/{at}", {"status": "review"}, "token-of-normal")
    return "status"


def rename_task(here: World, at: str) -> str:
    ask(here, "PUT", f"/v1/tasks/{at}", {"title": "Something else"}, "token-of-normal")
    return "title"


def retitle(here: World, at: str) -> str:
    task(here, at, title="What a person calls it")
    return "title"


def describe(here: World, at: str) -> str:
    task(here, at, description="What a person makes of it")
    return "description"


def raise_priority(here: World, at: str) -> str:
    task(here, at, priority="unbreak")
    return "priority"


EDITS: list[tuple[str, str, Callable[[World, str], str]]] = [
    ("storyboard", "story", edit_story),
    ("storyboard", "story", describe_story),
    ("storyboard", "task", close_task),
    ("storyboard", "task", rename_task),
    ("maniphest", "task", retitle),
    ("maniphest", "task", describe),
    ("maniphest", "task", raise_priority),
    ("maniphest", "subtask", retitle),
]


def test_each_edit_of_a_person_is_known_in_the_next_round_and_shown(
    daemon: Daemon, capfd: pytest.CaptureFixture[str]
) -> None:
    for target, kind, edit in EDITS:
        _issue, held = bug(daemon, target, kind)
        before = set(daemon.edits(target))
        writes = daemon.here.writes(target)
        field = edit(daemon.here, held.at.id)
        fed = daemon.round().fed[target]
        assert (held.key, field) in daemon.edits(target), (target, kind, edit.__name__)
        assert (fed.looked, fed.edited) == (1, 1)
        assert set(daemon.edits(target)) - before == {(held.key, field)}
        assert daemon.here.writes(target) - writes <= 1, "nobody writes but the person"
    for target in TARGETS:
        shown = status(daemon, capfd, target)
        assert shown["kept"] == len(daemon.edits(target))


def test_what_a_person_takes_back_is_forgotten(daemon: Daemon) -> None:
    _issue, held = bug(daemon, "maniphest", "task")
    title = now(daemon.here, held.at.id)["name"]
    retitle(daemon.here, held.at.id)
    daemon.round()
    assert daemon.edits("maniphest") == [(held.key, "title")]
    task(daemon.here, held.at.id, title=title)
    assert daemon.round().fed["maniphest"].reverted == 1
    assert daemon.edits("maniphest") == []


def test_an_edit_while_the_daemon_was_away_is_known_when_it_comes_back(daemon: Daemon) -> None:
    _issue, held = bug(daemon, "storyboard", "story")
    daemon.stop()
    edit_story(daemon.here, held.at.id)
    daemon.start()
    daemon.round()
    assert daemon.edits("storyboard") == [(held.key, "title")]


def test_an_edit_in_the_midst_of_many_others_is_found(daemon: Daemon) -> None:
    """More than a page of what strangers did comes after it."""
    _issue, held = bug(daemon, "maniphest", "task")
    _issue, other = bug(daemon, "storyboard", "story")
    retitle(daemon.here, held.at.id)
    edit_story(daemon.here, other.at.id)
    stranger = ManiphestReader(daemon.here.maniphest.url, conduit_token("bob"))
    many = [{"type": "comment", "value": f"comment {n}"} for n in range(640)]
    title = [{"type": "title", "value": "A stranger's"}]
    stranger.call("maniphest.edit", transactions=[*title, *many])
    ask(daemon.here, "POST", "/v1/stories", {"title": "A stranger's"}, "token-of-other")
    for n in range(130):
        path = f"/v1/stories/{other.at.id}/comments"
        ask(daemon.here, "POST", path, {"content": f"comment {n}"}, "token-of-other")
    fed = daemon.round().fed
    assert (fed["maniphest"].looked, fed["storyboard"].looked) == (1, 1)
    assert daemon.edits("maniphest") == [(held.key, "title")]
    assert daemon.edits("storyboard") == [(other.key, "title")]


def test_a_story_that_is_deleted_is_noticed_in_the_next_round(daemon: Daemon) -> None:
    """StoryBoard says nothing of it, but its timeline is shorter than it was."""
    issue, held = bug(daemon, "storyboard", "story")
    ask(daemon.here, "DELETE", f"/v1/stories/{held.at.id}", None, "token-of-super")
    writes = daemon.here.writes("storyboard")
    assert daemon.round().fed["storyboard"].gone == 1
    verdict = daemon.workspace.ledger("storyboard").verdict(issue)
    assert verdict is not None
    assert "removed it" in verdict.reason
    daemon.round()
    assert daemon.here.writes("storyboard") == writes


def test_a_task_that_is_closed_to_us_is_noticed_when_issues_are_counted(daemon: Daemon) -> None:
    issue, held = bug(daemon, "maniphest", "task")
    reader = ManiphestReader(daemon.here.maniphest.url, conduit_token("alice"))
    task(daemon.here, held.at.id, view=reader.call("user.whoami")["phid"])
    assert daemon.round().fed["maniphest"].gone == 0, "nothing tells of it"
    daemon.clock.passed += 25 * 3600
    assert daemon.round().fed["maniphest"].gone == 1
    verdict = daemon.workspace.ledger("maniphest").verdict(issue)
    assert verdict is not None
    assert "removed it" in verdict.reason
