"""What happens while the spy looks: first copies, changes at the source, people at the target.

Each scene takes the world and a target; the spy looks after each write, and at all in the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import requests

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.world import conduit_token
from tracker_migrate.model import Key
from tracker_migrate.testing.loopback import Request
from tracker_migrate.workspace import Workspace

Scene = Callable[[MarkedWorld, str], None]


def file_few(marked: MarkedWorld) -> dict[str, int]:
    """Few bugs, by what is special about each."""
    project = marked.project
    first = project.bug(hidden=1, deleted=1, files=1, address=True)
    plan = project.blueprint("Proprietary", bugs=[first])
    project.blueprint(needs=[plan], bugs=[first])
    project.link_branches(first)
    return {
        "public": first,
        "duplicate": project.bug("Private", same_as=first, readers=[project.half]),
        "assigned": project.bug("Private", assignee=project.half),
        "security": project.bug("Private Security", targets=("gadget", "gadget/1.x")),
        "team's": project.bug(assignee=project.secret_team, readers=[project.secret_team]),
        "project's": project.bug("Private", targets=("gadget", project.secret_project)),
    }


def write(marked: MarkedWorld, target: str) -> None:
    """Pull everything, and write it while the spy looks."""
    marked.here.pull(full=True)
    with marked.spies[target].watching():
        marked.here.apply(target)


def first_copy(marked: MarkedWorld, target: str) -> None:
    """Everything is written for the first time."""
    file_few(marked)
    write(marked, target)


def turned_private(marked: MarkedWorld, target: str) -> None:
    """A public bug becomes private, and something private is said on it."""
    bug = marked.project.bug(comments=1)
    write(marked, target)
    marked.before = {name: marked.readable(name) for name in marked.spies[target].outsiders}
    marked.project.turn(bug, "Private")
    marked.project.comment(bug)
    with marked.as_before():
        write(marked, target)
    marked.spies[target].look()


def turned_back(marked: MarkedWorld, target: str) -> None:
    """A private bug is public when it is read, and private again when it is written."""
    bug = marked.project.bug("Private", comments=1)
    write(marked, target)
    marked.project.turn(bug, "Public")
    marked.here.pull(full=True)
    marked.project.turn(bug, "Private")
    with marked.spies[target].watching():
        marked.here.apply(target)


def opened_by_somebody(marked: MarkedWorld, target: str) -> None:
    """Who may read a private bug opens it at the target; then something private is said on it."""
    bug = marked.project.bug("Private Security", comments=1)
    write(marked, target)
    with Workspace(marked.here.folder) as workspace:
        at = workspace.ledger(target).where(Key(f"launchpad:bug:{bug}"))
    assert at is not None
    if target == "storyboard":
        headers = {"Authorization": "Bearer token-of-other", "Content-Type": "application/json"}
        address = f"{marked.here.storyboard.url}/v1/stories/{at.id}"
        body = json.dumps({"private": False})
        requests.put(address, data=body, headers=headers, timeout=60).raise_for_status()
    else:
        opens = [{"type": "view", "value": "users"}]
        bob = ManiphestReader(marked.here.maniphest.url, conduit_token("bob"))
        bob.call("maniphest.edit", objectIdentifier=at.id, transactions=opens)
    marked.opened = marked.marks.of(issues=[bug])
    marked.project.comment(bug)
    write(marked, target)


def comment_hidden(marked: MarkedWorld, target: str) -> None:
    """A comment is hidden at the source after it was copied."""
    bug = marked.project.bug(comments=2)
    write(marked, target)
    said = marked.project.store.message(bug, 1)
    assert said is not None
    marked.project.change_comment(bug, 1, visible=False)
    marked.before = {name: marked.readable(name) for name in marked.spies[target].outsiders}
    marked.withdraw(str(said.get("content")), withdrawn=True)
    with marked.as_before():
        write(marked, target)
    marked.spies[target].look()


def hidden_by_hand(marked: MarkedWorld, target: str) -> None:
    """Somebody hides a bug before it was ever written."""
    bug = marked.project.bug(comments=1)
    marked.here.pull()
    with Workspace(marked.here.folder) as workspace:
        workspace.hidden(target).add([Key(f"launchpad:bug:{bug}")])
    marked.hidden.add(bug)
    write(marked, target)


def gone(marked: MarkedWorld, target: str) -> None:
    """A bug is not there any more."""
    bug = marked.project.bug(comments=1)
    write(marked, target)
    marked.before = {name: marked.readable(name) for name in marked.spies[target].outsiders}
    marked.project.drop(bug)
    with marked.as_before():
        write(marked, target)
    marked.spies[target].look()


def group_grew(marked: MarkedWorld, target: str) -> None:
    """Somebody is taken into the group of a policy, who may not read the bugs at the source."""
    assert target == "maniphest"
    marked.project.bug("Private", comments=1)
    call = ManiphestReader(marked.here.maniphest.url, conduit_token("importbot")).call
    alice = marked.here.maniphest.site.people.by_names(["alice"])[0].phid
    grows = [{"type": "members.add", "value": [alice]}]
    call("project.edit", objectIdentifier="#few", transactions=grows)
    marked.spies[target].outsiders["alice"] = conduit_token("alice")
    marked.spies[target].seen["alice"] = set()
    write(marked, target)


def leaky_search(marked: MarkedWorld, target: str) -> None:
    """The server's search shows private stories to whoever asks in a certain way."""
    assert target == "storyboard"
    marked.here.storyboard.control("settings", _settings(leaky_search=True))
    marked.project.bug("Private", comments=1)
    write(marked, target)


def _settings(**given: bool) -> Request:
    return Request("POST", "", "", (), {}, json.dumps(given).encode())


BOTH = ("storyboard", "maniphest")
SCENES: Mapping[Scene, tuple[str, ...]] = {
    first_copy: BOTH,
    turned_private: BOTH,
    turned_back: BOTH,
    opened_by_somebody: BOTH,
    comment_hidden: BOTH,
    hidden_by_hand: BOTH,
    gone: BOTH,
    group_grew: ("maniphest",),
    leaky_search: ("storyboard",),
}
