"""`python -m benchmarks.four FOLDER`: a pull of the workspace that reads of each bug what perceval
and the plain loops read: the bug, its messages, attachments and history. Its task is the one that
the search has brought. All else is the product's: listing, connections, archive, people.

Prints what it took, as JSON: `bugs`, `seconds` and `cpu` without the start of Python, `peak_mb`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from tracker_migrate.backends.launchpad import listing, reading
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.gathering import Gathered
from tracker_migrate.backends.launchpad.wire import Entry
from tracker_migrate.backends.launchpad.wire_bug import Parts
from tracker_migrate.engine import jobs
from tracker_migrate.engine.pull import Pull
from tracker_migrate.workspace import Workspace

_LISTED: dict[int, Entry] = {}
_number = listing._number


def _remembered(row: Entry) -> int:
    number = _number(row)
    _LISTED.setdefault(number, row)
    return number


def _parts(
    client: Client, path: str, gathered: Gathered, hint: reading.Hint, also: reading.Also
) -> Parts:
    parts = Parts(tasks=[_LISTED.pop(gathered.first.value["id"])])
    for name in ("messages", "attachments", "activity"):
        setattr(parts, name, gathered.rows(client, path, name))
    return parts


def main() -> None:
    """Pull, and say what it took."""
    listing._number = _remembered
    reading._parts = _parts
    began, cpu = time.monotonic(), time.process_time()
    with Workspace(Path(sys.argv[1])) as workspace:
        connections = workspace.settings.source.connections
        with jobs.reading(workspace) as source:
            Pull(source, workspace.archive, "four", connections=connections).run(blueprints=False)
        bugs = workspace.archive.count()
    told = {"bugs": bugs, "seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**told, "peak_mb": peak}))


if __name__ == "__main__":
    main()
