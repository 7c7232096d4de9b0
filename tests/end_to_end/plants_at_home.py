"""Leaks at home: in what is printed, logged, told or kept outside the state."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import requests

from tests.end_to_end.marks import found_in
from tests.end_to_end.plants_at_source import hidden_comments, returns
from tests.end_to_end.spy_workspace import Ears
from tests.end_to_end.world import TARGETS
from tracker_migrate.backends.launchpad import wire
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard import faults
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner
from tracker_migrate.cli.demo import pages
from tracker_migrate.engine import planfile
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.send import Sender
from tracker_migrate.errors import Refused
from tracker_migrate.interfaces import Event
from tracker_migrate.model import Issue
from tracker_migrate.report.bugs import Side
from tracker_migrate.testing.loopback import Fault
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.archive import Archive

Patch = pytest.MonkeyPatch


def migrate(ears: Ears) -> None:
    """Pull, plan into a file, write, say what was refused."""
    folder = ears.marked.here.folder
    ears.run("pull", "-v")
    ears.run("plan", "-T", "storyboard", "-o", str(folder / "plan.json"))
    ears.run("apply", "-v")
    ears.run("status", "--refused")


def listen(ears: Ears) -> None:
    """Hear all events of a first copy."""
    heard: list[Event] = []
    ears.marked.here.pull(listen=heard.append)
    for target in TARGETS:
        ears.marked.here.apply(target, heard.append)
    ears.is_public(found_in(msgspec.json.encode(heard)), "events")


def unpack(ears: Ears) -> None:
    """Look into the state after a pull."""
    ears.marked.here.pull()
    ears.stays_at_the_source()


def fail(ears: Ears) -> None:
    """The server refuses a story, and repeats what it was sent."""
    ears.run("pull")
    secret = next(iter(ears.marked.marks.of("title") & ears.marked.secret))
    text = f"can't take {secret}"
    ears.marked.here.storyboard.faults.append(
        Fault(do="status", path="/v1/stories", method="POST", status=400, text=text)
    )
    ears.run("apply", "-T", "storyboard", "-v")
    ears.run("status", "--refused")


class _Server:
    """As much of a demo's server as its page asks."""

    def __init__(self, ears: Ears, tracker: str) -> None:
        self.tracker = tracker
        self._url: str = getattr(ears.marked.here, tracker).url

    def ask(self, method: str, path: str, **more: Any) -> Any:
        return requests.request(method, f"{self._url}{path}", timeout=60, **more)


def draw_a_page(ears: Ears) -> None:
    """The page that the demo makes."""
    ears.marked.spread()
    servers: Any = {target: _Server(ears, target) for target in TARGETS}
    pages.write(ears.marked.here.folder / "page.html", ears.marked.here.folder, servers)
    ears.run("status")


class HomePlant(NamedTuple):
    """put: takes a guard away, or makes a mistake. scene: what is done and heard then."""

    name: str
    put: Callable[[Patch], None]
    scene: Callable[[Ears], None] = migrate


def _title(step: Any) -> str:
    return " ".join(str(action.fields.get("title", "")) for action in step.actions)


def event_with_a_title(patch: Patch) -> None:
    real = Sender.done

    def done(self: Sender, intent: int, step: Any, receipt: Any, how: str = "sent") -> None:
        real(self, intent, step, receipt, how)
        self._listen(Event(name=how, key=step.issue, detail=_title(step)))

    patch.setattr(Sender, "done", done)


def log_with_a_title(patch: Patch) -> None:
    real = Sender.done

    def done(self: Sender, intent: int, step: Any, *more: Any) -> None:
        logging.getLogger("tracker_migrate").info("sent %s", _title(step))
        real(self, intent, step, *more)

    patch.setattr(Sender, "done", done)


def refusal_with_a_title(patch: Patch) -> None:
    real = StoryBoardPlanner.refusal

    def refusal(self: StoryBoardPlanner, issue: Issue, decisions: Any) -> str | None:
        reason = real(self, issue, decisions)
        return reason and f"{issue.title}: {reason}"

    patch.setattr(StoryBoardPlanner, "refusal", refusal)


def plan_with_titles(patch: Patch) -> None:
    real = planfile.write_file

    def write_file(path: Path, head: Any, items: Any) -> None:
        real(path, head, items)
        with Workspace(path.parent) as workspace:
            titles = [issue.title for issue in workspace.archive.issues()]
        path.write_text(path.read_text() + "\n".join(titles))

    patch.setattr("tracker_migrate.engine.planning.write_file", write_file)


def blueprints_by_name(patch: Patch) -> None:
    patch.setattr(Naming, "text", lambda _self, text: text)


def cache_in_a_temporary_file(patch: Patch) -> None:
    real = Conduit.write

    def write(self: Conduit, method: str, **params: Any) -> Any:
        handle, name = tempfile.mkstemp()
        Path(name).write_bytes(msgspec.json.encode(params))
        open(handle).close()
        return real(self, method, **params)

    patch.setattr(Conduit, "write", write)


def error_with_the_servers_words(patch: Patch) -> None:
    def fault(status: int, headers: Any, body: bytes, **_more: Any) -> Refused:
        return Refused(body.decode())

    patch.setattr(faults, "fault", fault)


def all_on_the_page(patch: Patch) -> None:
    real = Archive.issues

    def issues(self: Archive) -> Any:
        return (msgspec.structs.replace(one, private=False) for one in real(self))

    def pairs(workspace: Workspace, servers: Any) -> Any:
        patch.setattr(Archive, "issues", issues)
        patch.setattr(pages, "_after", lambda *_: Side("", "", "", "", ()))
        return drawn(workspace, servers)

    drawn = pages._pairs
    patch.setattr(pages, "_pairs", pairs)


def hidden_in_replies(patch: Patch) -> None:
    patch.setattr(wire, "_silence", returns(0))


HOME_PLANTS: tuple[HomePlant, ...] = (
    HomePlant("event-with-a-title", event_with_a_title, listen),
    HomePlant("log-with-a-title", log_with_a_title),
    HomePlant("refusal-with-a-title", refusal_with_a_title),
    HomePlant("plan-with-titles", plan_with_titles),
    HomePlant("blueprint-by-its-name", blueprints_by_name),
    HomePlant("cache-in-a-temporary-file", cache_in_a_temporary_file),
    HomePlant("error-with-the-server's-words", error_with_the_servers_words, fail),
    HomePlant("page-with-a-private-bug", all_on_the_page, draw_a_page),
    HomePlant("hidden-in-replies", hidden_in_replies, unpack),
    HomePlant("hidden-in-the-model", hidden_comments, unpack),
)
