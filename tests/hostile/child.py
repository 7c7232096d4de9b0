"""In a process of its own: ask one tracker once for each bad reply, and say what memory it took.

`python -m tests.hostile.child TRACKER ADDRESS NAME...` prints a line for each: name, the kind of
the error, its message.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from tracker_migrate import bounded, hosts
from tracker_migrate.errors import MigrateError


def asker(tracker: str, address: str) -> Callable[[str], Any]:
    """What asks for one thing under a name."""
    if tracker == "launchpad":
        from tracker_migrate.backends.launchpad.client import Client

        client = Client(address, per_second=0, patience=0, pause=0, timeout=5)
        return lambda name: client.entry(f"bugs/1?{name}")
    if tracker == "storyboard":
        from tracker_migrate.backends.storyboard.client import Api

        api = Api(address, "token-of-super", timeout=5, attempts=2, backoff=0)
        return lambda name: api.get("/stories/1", {"name": name})
    from tracker_migrate.backends.maniphest.client import Conduit

    conduit = Conduit(address, "api-token", timeout=5, attempts=2, backoff=0)
    return lambda name: conduit.read("maniphest.search", name=name)


def peak() -> int:
    """MB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Ask for each."""
    tracker, address, *names = sys.argv[1:]
    bounded.LONGEST = 2.0
    asker(tracker, address)  # what is imported is no part of what an answer costs
    for name in names:
        hosts.forget()  # each begins with a server that is not known to be down
        ask = asker(tracker, address)
        before, began = peak(), time.monotonic()
        try:
            ask(name)
            said = ["accepted", ""]
        except MigrateError as error:
            said = [type(error).__name__, str(error)]
        except Exception as error:  # noqa: BLE001  this is what must not be
            said = ["ESCAPED " + type(error).__name__, str(error)]
        took = time.monotonic() - began
        told = {"name": name, "said": said, "before": before, "peak": peak(), "took": took}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
