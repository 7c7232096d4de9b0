"""`python -m benchmarks.served TRACKER …`: a stand-in in a process of its own, which notes what it
is asked, and answers as late as it is told to.

Steered below `/__standin__/`: `POST served {"seconds", "as_measured"}` sets what each answer takes
longer (latency of the line: any number wait at once), and whether each takes what the real server
was measured to take (`benchmarks.service`: only so many are answered at once). `GET served` says
when the first request came, how many connections there were. `GET asked` gives all requests,
`DELETE asked` forgets them. Times are those of the machine's monotonic clock, in seconds.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from benchmarks import service
from tracker_migrate.testing.loopback import Reply, Request, StandIn, run_alone

Answer = Callable[[Request], Reply]


class _Named:
    """Names of objects that follow from the request that makes them, so that the same requests can
    be asked again, in another order too."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._given: Counter[str] = Counter()
        self._asked = threading.local()

    def answers(self, request: Request) -> None:
        """What this thread names from now on is made by that request."""
        self._asked.body = request.body

    def __call__(self, kind: str) -> str:
        body = getattr(self._asked, "body", b"")
        with self._guard:
            self._given[named(kind, body)] += 1
            return named(kind, body, self._given[named(kind, body)])


def named(kind: str, body: bytes, nth: int = 1) -> str:
    """The name of the nth object of a kind that a request makes."""
    return f"PHID-{kind}-{hashlib.sha256(body).hexdigest()[:16]}{nth:04}"


class Watch:
    """What one stand-in is asked, and how late it answers."""

    def __init__(self, tracker: str, standin: StandIn) -> None:
        self._standin = standin
        self._service = service.OF[tracker]
        self._steer = standin.control
        self._local = threading.local()
        self._guard = threading.Lock()
        self._seconds = 0.0
        self._crew: threading.Semaphore | None = None
        self._connections = 0
        self._asked: list[dict[str, Any]] = []
        self._named = _Named()
        if hasattr(getattr(standin, "store", None), "naming"):
            standin.store.naming = self._named  # type: ignore[attr-defined]
        for one in (standin, *standin.beside):
            self._stand_before(one)
        standin.control = self.control  # type: ignore[method-assign]

    def _stand_before(self, standin: StandIn) -> None:
        plain = standin.answer
        standin.answer = lambda request: self._answer(plain, standin, request)  # type: ignore[method-assign]

    def control(self, name: str, request: Request) -> Reply:
        """A steering call."""
        if name == "served" and request.method == "POST":
            self._set(**request.json())
            return Reply.of_json({})
        with self._guard:
            if name == "served":
                first = self._asked[0]["came"] if self._asked else 0.0
                return Reply.of_json({"first": first, "connections": self._connections})
            if name == "asked" and request.method == "DELETE":
                self._asked, self._connections, self._local = [], 0, threading.local()
                return Reply.of_json({})
            if name == "asked":
                return Reply.of_json(self._asked)
        return self._steer(name, request)

    def _set(self, seconds: float = 0.0, as_measured: bool = False) -> None:
        self._seconds = seconds
        self._crew = threading.Semaphore(self._service.workers) if as_measured else None

    def _answer(self, plain: Answer, standin: StandIn, request: Request) -> Reply:
        came = time.monotonic()
        self._note(standin, request, came)
        self._named.answers(request)
        if self._seconds:
            time.sleep(self._seconds)
        crew: AbstractContextManager[object] = self._crew or nullcontext()
        with crew:
            began = time.monotonic()
            reply = plain(request)
            if self._crew is not None:
                takes = self._service.seconds(request, standin.label(request))
                time.sleep(max(0.0, began + takes - time.monotonic()))
        return reply

    def _note(self, standin: StandIn, request: Request, came: float) -> None:
        with self._guard:
            if not hasattr(self._local, "number"):
                self._connections += 1
                self._local.number = self._connections
            self._asked.append(
                {
                    "came": came,
                    "connection": self._local.number,
                    "label": standin.label(request) if standin is self._standin else "file",
                    "method": request.method,
                    "target": request.target,
                    "address": standin.url,
                    "headers": dict(request.headers),
                    "body": request.body.decode("latin-1"),
                }
            )


def main() -> None:
    """Run it alone."""
    tracker, *arguments = sys.argv[1:]
    module = importlib.import_module(f"tracker_migrate.backends.{tracker}.standin")
    home: Any = sys.modules[module.main.__module__]

    def run(standin: StandIn, port: int) -> None:
        Watch(tracker, standin)
        run_alone(standin, port)

    home.run_alone = run
    module.main(arguments)


if __name__ == "__main__":
    main()
