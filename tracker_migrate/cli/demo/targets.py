"""What the demo prepares at each target: people, a policy for what is private, an outsider."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from tracker_migrate.cli.demo.servers import Server


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A target that is ready to be written to.

    sink: the name of its tracker. token, outsider: of the importer, and of somebody who must see
    nothing private. reader: the account of the project's owner, who may read what is private.
    policy: the row of privacy.toml. options: of migration.toml.
    """

    sink: str
    url: str
    token: str
    outsider: str
    reader: str
    policy: dict[str, Any]
    options: dict[str, Any]


def storyboard(server: Server) -> Prepared:
    """StoryBoard: the importer is a superuser. User 3 is the owner of the project at Launchpad, and
    reads what that one may; user 2 reads nothing private."""
    return Prepared(
        sink="storyboard",
        url=server.url,
        token="token-of-super",
        outsider="token-of-normal",
        reader="3",
        policy={"users": "readers", "without": "all"},
        options={"settle_seconds": 2.0, "numbers": "keep"},
    )


def maniphest(server: Server) -> Prepared:
    """Maniphest: the importer is a bot, and a member of the project that reads what is private; so
    is alice, who is the owner of the project at Launchpad."""
    token = _token("importbot")
    security = _conduit(
        server, token, "project.edit", {"transactions": [{"type": "name", "value": "security"}]}
    )["object"]["phid"]
    me = _conduit(server, token, "user.whoami", {})["phid"]
    reader = _conduit(server, _token("alice"), "user.whoami", {})["phid"]
    members = {"type": "members.add", "value": [me, reader]}
    # nobody can join by themselves, and only members edit it
    closed = [{"type": "join", "value": "no-one"}, {"type": "edit", "value": security}]
    for edits in ([members], closed):
        edit = {"objectIdentifier": security, "transactions": edits}
        _conduit(server, token, "project.edit", edit)
    return Prepared(
        sink="maniphest",
        url=server.url,
        token=token,
        outsider=_token("carol"),
        reader=reader,
        policy={"groups": [security], "without": "all"},
        options={"settle_seconds": 2.0},
    )


PREPARE: dict[str, Callable[[Server], Prepared]] = {
    "storyboard": storyboard,
    "maniphest": maniphest,
}


def edit_by_a_person(server: Server, number: str, title: str) -> None:
    """Somebody changes the title of an issue at the target."""
    if server.tracker == "storyboard":
        headers = {"Authorization": "Bearer token-of-normal", "Content-Type": "application/json"}
        body = json.dumps({"title": title})
        server.ask("PUT", f"/v1/stories/{number}", data=body, headers=headers).raise_for_status()
        return
    change = {"transactions": [{"type": "title", "value": title}], "objectIdentifier": number}
    _conduit(server, _token("alice"), "maniphest.edit", change)


def text_of(server: Server, number: str) -> tuple[str, str, list[str]]:
    """Title, text and comments of an issue, as they are at the target now."""
    if server.tracker == "storyboard":
        story = server.ask("GET", f"/v1/stories/{number}").json()
        comments = server.ask("GET", f"/v1/stories/{number}/comments").json()
        said = [one["content"] for one in sorted(comments, key=lambda one: int(one["id"]))]
        return story["title"], story["description"], said
    ids = {"constraints": {"ids": [int(number.removeprefix("T"))]}}
    task = _conduit(server, _token("alice"), "maniphest.search", ids)["data"][0]
    about = {"objectIdentifier": task["phid"], "limit": 100}
    rows = _conduit(server, _token("alice"), "transaction.search", about)["data"]
    said = [row["comments"][0]["content"]["raw"] for row in reversed(rows) if row["comments"]]
    return task["fields"]["name"], task["fields"]["description"]["raw"], said


def _token(username: str) -> str:
    return f"api-{username}-".ljust(32, "x")[:32]


def _conduit(server: Server, token: str, method: str, params: dict[str, Any]) -> Any:
    held = json.dumps({**params, "__conduit__": {"token": token}})
    form = {"params": held, "output": "json", "__conduit__": "1"}
    answer = server.ask("POST", f"/api/{method}", data=form).json()
    if answer["error_code"]:
        raise ValueError(f"{method}: {answer['error_code']}")
    return answer["result"]
