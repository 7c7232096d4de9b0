"""`ADDRESS PROJECT COUNT`: the loop that users of launchpadlib write. Prints JSON: `bugs`,
`seconds`, `cpu`, `peak_mb`, without the start of Python and the login."""

import json
import resource
import sys
import tempfile
import time
from itertools import islice
from typing import Any

from launchpadlib.launchpad import Launchpad
from lazr.restfulclient.errors import ClientError

STATUSES = [
    "New", "Incomplete", "Opinion", "Invalid", "Won't Fix", "Expired", "Confirmed", "Triaged",
    "In Progress", "Fix Committed", "Fix Released",
]  # fmt: skip


def main() -> None:
    address, project, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with tempfile.TemporaryDirectory() as cache:
        launchpad = Launchpad.login_anonymously(
            "benchmark", service_root=f"{address}/", launchpadlib_dir=cache, version="devel"
        )
        began, cpu = time.monotonic(), time.process_time()
        found = launchpad.projects[project].searchTasks(
            status=STATUSES, omit_duplicates=False, order_by="id"
        )
        bugs = [_bug(task) for task in islice(found, count)]
        told = {"bugs": len(bugs), "seconds": time.monotonic() - began}
        told["cpu"] = time.process_time() - cpu
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


def _bug(task: Any) -> dict[str, Any]:
    bug = task.bug
    return {
        "task": (task.status, task.importance, task.assignee and _name(task.assignee)),
        "bug": (bug.id, bug.title, bug.description, bug.tags, _name(bug.owner)),
        "messages": [(_name(one.owner), one.content) for one in bug.messages],
        "attachments": [(one.title, one.type) for one in bug.attachments],
        "activity": [
            (one.whatchanged, one.oldvalue, one.newvalue, _name(one.person)) for one in bug.activity
        ],
    }


def _name(person: Any) -> str:
    """What somebody is called; who is suspended is not to be read."""
    try:
        return str(person.display_name)
    except ClientError:
        return ""


if __name__ == "__main__":
    main()
