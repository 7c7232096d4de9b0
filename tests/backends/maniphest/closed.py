"""What the tests of privacy ask the stand-in, and how they set it up."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import msgspec
import requests

from tests.backends.maniphest.helpers import Mover, Told
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.interfaces import Action, Audience, ClosedStep, Value
from tracker_migrate.model import Issue


def phid(client: Conduit, name: str) -> str:
    """Of an account."""
    found = client.read("user.search", constraints={"usernames": [name]})
    return str(found["data"][0]["phid"])


def rows(client: Conduit, **constraints: Any) -> list[dict[str, Any]]:
    """Tasks that somebody sees, the newest first."""
    attachments = {"projects": True, "subscribers": True}
    found = client.read("maniphest.search", constraints=constraints, attachments=attachments)
    assert isinstance(found["data"], list)
    return found["data"]


def project(client: Conduit, name: str, **more: Any) -> str:
    """A project as Phorge proposes it: all may join. more: transactions, `members_add` …"""
    said = {"name": name, **{kind.replace("_", "."): value for kind, value in more.items()}}
    sent = [{"type": kind, "value": value} for kind, value in said.items()]
    return str(client.write("project.edit", transactions=sent)["object"]["phid"])


def closed_project(client: Conduit, name: str, members: list[str]) -> str:
    """A project that nobody can join by themselves; the first member may edit it."""
    return project(client, name, members_add=members, join="no-one", edit=members[0])


def edited(client: Conduit, at: object, **said: Any) -> dict[str, Any]:
    """What somebody does to a task: `title`, `comment`, `view` …"""
    sent = [{"type": kind, "value": value} for kind, value in said.items()]
    where = {} if at is None else {"objectIdentifier": at}
    made = client.write("maniphest.edit", transactions=sent, **where)
    assert isinstance(made, dict)
    return made


def order(server: ManiphestStandIn, what: str, /, **given: Any) -> dict[str, Any]:
    """Tell the stand-in something that no method of Conduit can."""
    body = json.dumps(given)
    answer = requests.post(f"{server.url}/__standin__/{what}", data=body, timeout=5)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def ruled(told: Told, *policies: Audience) -> Told:
    """The same decisions, with policies in their tables."""
    held = {one.name: one for one in policies}
    states = SimpleNamespace(used=lambda table: {})
    privacy = SimpleNamespace(policies=held)
    told.tables = SimpleNamespace(states=states, privacy=privacy)  # type: ignore[attr-defined]
    return told


def access_steps(mover: Mover, issue: Issue, audience: Audience) -> list[ClosedStep]:
    """The steps that change who may read the task and its subtasks, and nothing else."""
    planner = mover.sink.planner
    actions = []
    for one in planner.wanted(issue, mover.decisions):
        if one.kind in ("task", "subtask"):
            fields: dict[str, Value] = planner.access(one.kind, audience)
            wanted = msgspec.structs.replace(one, fields=fields, after=(), audience=audience.name)
            at = mover.places.where(one.key)
            actions.append(Action(op="update", wanted=wanted, fields=tuple(fields), at=at))
    return [mover.close(step, issue) for step in planner.compose(actions)]


def set_access(mover: Mover, issue: Issue, audience: Audience) -> None:
    """Change who may read."""
    for step in access_steps(mover, issue, audience):
        mover.note(step, mover.sink.send(step))
