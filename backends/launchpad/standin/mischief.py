"""The stand-in's own ways to misbehave, both seen on the real server.

`shift`: while a client pages through a search, something moves, so that the next page leaves a row
out or shows one twice. `slow_commit`: a write gets its date at once and becomes visible later,
when a newer date of another bug may have been seen (wire/slow-commit.jsonl).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tracker_migrate.backends.launchpad.standin.search import search_tasks
from tracker_migrate.testing.loopback import Reply, Request

if TYPE_CHECKING:
    from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn

_MOVER = "shifted-away"


class SlowCommit:
    """Holds writes back until they are released, or `seconds` have gone by."""

    def __init__(self) -> None:
        self.seconds = 10.0
        self._event = threading.Event()

    def release(self) -> None:
        """Let all held writes be committed."""
        event, self._event = self._event, threading.Event()
        event.set()

    def wait(self) -> None:
        """Wait for the release."""
        self._event.wait(self.seconds)


def slow_commit(standin: LaunchpadStandIn, request: Request) -> Reply:
    """Do a write under the date of now, but later."""
    date = standin.now()
    standin.slow.wait()
    with standin.lock, standin.dated(date):
        return standin.answer(request)


def shift(standin: LaunchpadStandIn, request: Request) -> None:
    """Move the first row of the search that is being paged; then the page is answered.

    Ordered by date_last_updated, the row's bug is touched and goes to the other end. Otherwise
    its task moves to another project, as nothing else moves rows of a search of everything.
    """
    with standin.lock:
        ctx = standin.context(request)
        path = request.path.partition("/devel/")[2]
        target = standin.store.item(path)
        if target is None:
            return
        first = search_tasks(ctx, target).fetch(1, 0)
        if not first:
            return
        number, order = first[0].bug or 0, ctx.values("order_by")
        if any(name.endswith("date_last_updated") for name in order):
            _touch(standin, number)
        else:
            standin.store.db.execute(
                "UPDATE task SET target=?, pillar=? WHERE bug=? AND target=?",
                (_MOVER, _MOVER, number, path),
            )


def _touch(standin: LaunchpadStandIn, number: int) -> None:
    bug = standin.store.bug(number)
    if bug is not None:
        standin.store.put_bug(number, {**bug.data, "date_last_updated": standin.now()})
