"""A StoryBoard for the tests, that can be told to misbehave: the stand-in, or in front of a real
server (TRACKER_MIGRATE_STORYBOARD_URL, with the tokens below) something that hands on."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests

from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving

REAL = os.environ.get("TRACKER_MIGRATE_STORYBOARD_URL", "")
#: users 1, 2 and 3 of the server, of whom the first is a superuser
_NAMES = ("super", "normal", "other")
SUPER, NORMAL, OTHER = (f"{name}-token" if REAL else f"token-of-{name}" for name in _NAMES)
#: the real server's search shows what is private: only that is asked of it here that can be had
OPTIONS = {"settle_seconds": 0.1, "timeout": 20, **({"leaky_search": "accept"} if REAL else {})}

_KEPT = ("content-type", "x-limit", "x-total", "x-marker", "x-offset")
#: a number for each test's bug: a real server keeps what earlier runs made
fresh = itertools.count(int(time.time()) % 100_000_000 * 10)


class Handing(StandIn):
    """Hands every request on to a real server."""

    def __init__(self, address: str) -> None:
        super().__init__()
        split = urlsplit(address)
        self._root = f"{split.scheme}://{split.netloc}{split.path.rstrip('/').removesuffix('/v1')}"

    def answer(self, request: Request) -> Reply:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in ("authorization", "accept", "content-type")
        }
        url = f"{self._root}{request.target}"
        got = requests.request(
            request.method, url, headers=headers, data=request.body or None, timeout=60
        )
        kept = {name: value for name, value in got.headers.items() if name.lower() in _KEPT}
        return Reply(got.status_code, got.content, kept)


@contextmanager
def storyboard() -> Iterator[StandIn]:
    """A server that listens; its address is in `url`."""
    standin = Handing(REAL) if REAL else StoryBoardStandIn()
    with serving(standin):
        yield standin
