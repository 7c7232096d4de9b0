"""How long the real servers take to answer, as measured once on two shared cores, the client on the
same machine; and how many requests they work at side by side.

Launchpad: one application process; milliseconds of each kind of request on one connection. It gave
53 to 63 requests a second with any number of connections. StoryBoard (gunicorn, two processes) and
Phorge: what they gave a second to four clients, who were no slower together than eight; as if two
worked side by side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from tracker_migrate.testing.loopback import Request

_LAUNCHPAD = {
    "bug_tasks": 0.025,
    "messages": 0.020,
    "activity": 0.019,
    "subscriptions": 0.017,
    "attachments": 0.014,
    "bug_watches": 0.013,
}
#: requests a second, by kind
_STORYBOARD = {
    "POST stories": 67,
    "POST comments": 91,
    "POST tasks": 29,
    "PUT tags": 12,
    "GET comments": 19,
}
_CONDUIT = {"user.whoami": 112, "maniphest.search": 56}
#: what a task's creation or a change takes, and each comment that comes along
_EDIT, _COMMENT = 2 / 38, 0.004


@dataclass(frozen=True)
class Service:
    """workers: how many requests are worked at at once. seconds: what one takes, by itself."""

    workers: int
    seconds: Callable[[Request, str], float]


def _launchpad(request: Request, label: str) -> float:
    if "searchTasks" in label:
        return 0.450
    if re.fullmatch(r"GET bugs/N", label):
        return 0.028
    return _LAUNCHPAD.get(label.rpartition("/")[2], 0.020)


def _storyboard(request: Request, label: str) -> float:
    *_, before, word = request.path.rstrip("/").split("/")
    if word.isdigit():
        word = before if request.method == "PUT" else "one"
    return 2 / _STORYBOARD.get(f"{request.method} {word}", 35)


def _maniphest(request: Request, label: str) -> float:
    method = request.path.rpartition("/")[2]
    if method != "maniphest.edit":
        return 2 / _CONDUIT.get(method, 56)
    form = parse_qs(request.body.decode("utf-8", "replace"))
    done = json.loads(form["params"][0]).get("transactions") or ()
    return _EDIT + _COMMENT * len([one for one in done if one.get("type") == "comment"])


OF = {
    "launchpad": Service(1, _launchpad),
    "storyboard": Service(2, _storyboard),
    "maniphest": Service(2, _maniphest),
}
