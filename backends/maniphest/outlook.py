"""What a move to Maniphest would be like: what each request takes, and what kept people away.

The costs are the calls per second that a real server answered (creates one after another, as they
are sent by default; fills four at a time). The complaints are those that OpenStack's teams wrote
down when they looked at it, 2015 and 2016, and each says how many issues of a project it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tracker_migrate.interfaces import Blocker, Cost, Decisions
from tracker_migrate.model import Issue

_CREATE = Cost(seconds=1 / 19)
COSTS: Mapping[str, Cost] = MappingProxyType(
    {
        "project.create": Cost(seconds=1 / 25),
        "milestone.create": Cost(seconds=1 / 25),
        # a request to send it and one for its number; pieces of 4 MiB went at 20 MB a second
        "file.upload": Cost(seconds=1 / 20),
        "file.allocate": Cost(seconds=1 / 20),
        "file.contents": Cost(seconds=0.5),
        "task.create": _CREATE,
        "subtask.create": _CREATE,
        # 1 comment a call: 39 calls a second; 20: 17.5
        "fill": Cost(seconds=0.024, action=0.0016),
        "follow": Cost(seconds=1 / 25),
    }
)

#: who hears of a move, and what an administrator can do about it
MAIL = (
    "every write queues mail and notifications for owners and subscribers, and nothing in Conduit"
    " keeps it from that: have the daemons stopped (bin/phd stop) for as long as the move takes,"
    " then the queue emptied (bin/worker cancel --active --class"
    " PhabricatorApplicationTransactionPublishWorker), the daemons started, and the search filled"
    " (bin/search index --type TASK)"
)

BLOCKERS: tuple[Blocker, ...] = (
    Blocker(
        name="several-tasks",
        said="A task over several projects or branches can't be done in one and open in another.",
        answer="A bug with several tasks becomes a task with a subtask for each, which have states,"
        " owners and projects of their own. While the source goes on, the parent closes with the"
        " last of them; once people close subtasks here, nobody closes it for them yet.",
        state="partly",
    ),
    Blocker(
        name="branches",
        said="It knows no branches.",
        answer="A series becomes a project of its own below the project's.",
        state="lifted",
    ),
    Blocker(
        name="groups",
        said="Projects have nothing to do with one another.",
        answer="projects.csv says what each becomes, several may become one; a group is not made"
        " their parent.",
        state="partly",
    ),
    Blocker(
        name="authors",
        said="Conduit is half an interface: authors and dates can't be set.",
        answer="`backdate` sets both in its database, or prints the SQL for an administrator. Until"
        " then each text begins with a line that says who wrote it and when, and where it was.",
        state="partly",
    ),
    Blocker(
        name="reviews",
        said="Gerrit's links and changes of state get lost.",
        answer="`export redirects -f gerrit` writes the rule that leads old numbers to new tasks;"
        " Gerrit's own plug-in then sets states.",
        state="lifted",
    ),
    Blocker(
        name="access",
        said="Private bugs need policies.",
        answer="privacy.toml says which policy; it is set in the call that makes the task, or the"
        " bug is refused.",
        state="lifted",
    ),
    Blocker(
        name="checking",
        said="Whether all arrived can be seen by hand only.",
        answer="`verify` reads everything back, and compares it field by field.",
        state="lifted",
    ),
    Blocker(
        name="again",
        said="Each new rule means a changed script and another run.",
        answer="Rules are tables; a second run changes what they changed, and nothing twice.",
        state="lifted",
    ),
    Blocker(
        name="edits",
        said="A comment can't be changed by anybody but its author, in the pages.",
        answer="A comment that is edited at the source after it was moved stays as it was, and"
        " `status` names it.",
        state="open",
    ),
    Blocker(
        name="login",
        said="No OpenID.",
        answer="Accounts are yours to make; people.csv says who is who, and may grow later:"
        " `backdate` then gives people what is theirs.",
        state="outside",
    ),
    Blocker(
        name="upstream",
        said="All in one, in PHP, with makers of strong opinions.",
        answer="Phorge is its living continuation; what is moved does not change that.",
        state="outside",
    ),
)

_REVIEW = re.compile(r"Closes-Bug|Partial-Bug|Related-Bug|Change-Id:|https?://review\.", re.I)


def touched(issue: Issue, decisions: Decisions) -> Iterator[str]:
    """The names of the complaints that an issue has to do with."""
    ways = {
        "several-tasks": len(issue.tasks) > 1,
        "branches": any(task.series for task in issue.tasks),
        "groups": len({task.project for task in issue.tasks}) > 1,
        "authors": True,
        "checking": True,
        "again": True,
        "reviews": any(_REVIEW.search(comment.text) for comment in issue.comments),
        "access": issue.private,
        "edits": any(comment.edited for comment in issue.comments),
    }
    return (name for name, holds in ways.items() if holds)
