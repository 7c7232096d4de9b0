"""What a move to StoryBoard would be like: what each request takes, and what kept people away.

The costs are the requests per second that a real server answered four clients (tasks: one at a
time, as they are written). The complaints are those that OpenStack's teams wrote down when they
tried it, 2015 to 2023, and each says how many issues of a project it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tracker_migrate.backends.storyboard import shape
from tracker_migrate.interfaces import Blocker, Cost, Decisions
from tracker_migrate.model import Issue

COSTS: Mapping[str, Cost] = MappingProxyType(
    {
        "project.create": Cost(seconds=1 / 60),
        "branch.create": Cost(seconds=1 / 60),
        "milestone.create": Cost(seconds=1 / 60),
        "tag.create": Cost(seconds=1 / 60),
        "story.create": Cost(seconds=1 / 67),
        "task.create": Cost(seconds=1 / 19),
        "tagging.create": Cost(seconds=1 / 12),
        "comment.create": Cost(seconds=1 / 91),
    }
)

#: who hears of a move, and what an administrator can do about it
MAIL = (
    "with enable_notifications on, every row that is made mails the subscribers of its project:"
    " have it off in storyboard.conf for as long as the move takes"
)

BLOCKERS: tuple[Blocker, ...] = (
    Blocker(
        name="access",
        said="No access rights that would do for security bugs.",
        answer="A private issue becomes a private story whose readers are named one by one, in the"
        " request that makes it; where the server's search would show it, it is refused.",
        state="lifted",
    ),
    Blocker(
        name="attachments",
        said="No attachments, which kept several projects from moving.",
        answer="Files go to a folder that a web server of yours gives out (setting `files`);"
        " without one they are links to where they are now.",
        state="partly",
    ),
    Blocker(
        name="importance",
        said="No priorities that a project can plan by.",
        answer="Each task has one of three priorities; the importance stands in the text as well.",
        state="partly",
    ),
    Blocker(
        name="statuses",
        said="A task has five states only.",
        answer="states.toml says which becomes which; the status stands in the text as well.",
        state="partly",
    ),
    Blocker(
        name="planning",
        said="Milestones and series are lost.",
        answer="A series is a branch of the task, a milestone one of that branch's.",
        state="lifted",
    ),
    Blocker(
        name="tags",
        said="A tag is one for all projects.",
        answer="tags.csv renames a tag, or keeps it as a word in the text.",
        state="lifted",
    ),
    Blocker(
        name="blueprints",
        said="Blueprints are not moved.",
        answer="Each becomes a story, with its task, links, whiteboard and dependencies.",
        state="lifted",
    ),
    Blocker(
        name="duplicates",
        said="The import died of duplicates.",
        answer="A duplicate is a story of its own that leads to the other one, both ways.",
        state="lifted",
    ),
    Blocker(
        name="several-projects",
        said="Bugs over several projects keep all of them out until the last is ready.",
        answer="Each project moves when projects.csv says so; tasks of the others are named in the"
        " text, and made once theirs moves.",
        state="lifted",
    ),
    Blocker(
        name="logs",
        said="Logs are mangled by Markdown.",
        answer="What looks like a log, a traceback or a listing is fenced.",
        state="lifted",
    ),
    Blocker(
        name="forward-links",
        said="The old bugs stay open, and lead nowhere.",
        answer="`handover` says at each open bug where it is now, and may close it; `export"
        " redirects` writes the map from the old addresses to the new ones.",
        state="lifted",
    ),
    Blocker(
        name="login",
        said="The provider of identities has to come first.",
        answer="Nobody has to log in first: `map create people` makes accounts that wait for their"
        ' owners, `authors = "tokens"` writes in their names, and `backdate` gives people what is'
        " theirs whenever they come. Who they are, the provider says as ever.",
        state="partly",
    ),
    Blocker(
        name="speed",
        said="It is slow to use with many stories.",
        answer="What is moved does not change that: lists take seconds at 50,000 stories.",
        state="outside",
    ),
)

_LOG = re.compile(r"Traceback \(most recent|^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|^\s+at \S+\(", re.M)


def touched(issue: Issue, decisions: Decisions) -> Iterator[str]:
    """The names of the complaints that an issue has to do with."""
    projects = {task.project for task in issue.tasks}
    places = {decisions.place(task.target).move for task in issue.tasks}
    ways = {
        "access": issue.private,
        "attachments": bool(issue.attachments),
        "importance": any(task.importance not in ("", "Undecided") for task in issue.tasks),
        "statuses": any(_coarser(task.status) for task in issue.tasks),
        "planning": any(task.milestone or task.series for task in issue.tasks),
        "tags": bool(issue.tags) and bool(shape.tags(issue, decisions)),
        "blueprints": issue.kind == "blueprint",
        "duplicates": any(one.kind in ("duplicate_of", "duplicate") for one in issue.relations),
        "several-projects": len(projects) > 1 or False in places,
        "logs": any(_LOG.search(text) for text in _texts(issue)),
        "forward-links": True,
    }
    return (name for name, holds in ways.items() if holds)


def _coarser(status: str) -> bool:
    """Whether StoryBoard's word says less: only a few mean just what it means."""
    return status not in ("New", "In Progress", "Fix Committed", "Invalid")


def _texts(issue: Issue) -> Iterator[str]:
    yield issue.description
    yield from (comment.text for comment in issue.comments)
