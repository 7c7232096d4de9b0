"""What the shipped tables make of Launchpad's words, written down a second time."""

from __future__ import annotations

_TODO = ("New", "Confirmed", "Triaged", "Incomplete", "Deferred", "Unknown")

STATUS = {
    "storyboard": {
        **dict.fromkeys(_TODO, "todo"),
        "In Progress": "inprogress",
        "Fix Committed": "merged",
        "Fix Released": "merged",
        **dict.fromkeys(
            ("Opinion", "Invalid", "Does Not Exist", "Won't Fix", "Expired"), "invalid"
        ),
    },
    "maniphest": {
        **dict.fromkeys((*_TODO, "In Progress", "Fix Committed"), "open"),
        "Fix Released": "resolved",
        **dict.fromkeys(("Opinion", "Invalid", "Does Not Exist"), "invalid"),
        **dict.fromkeys(("Won't Fix", "Expired"), "wontfix"),
    },
}
IMPORTANCE: dict[str, dict[str, object]] = {
    "storyboard": {
        **dict.fromkeys(("Critical", "High", "Essential"), "high"),
        **dict.fromkeys(("Medium", "Undecided", "Unknown", "Undefined"), "medium"),
        **dict.fromkeys(("Low", "Wishlist", "Not"), "low"),
    },
    "maniphest": {
        **dict.fromkeys(("Critical", "Essential"), 100),
        "High": 80,
        "Medium": 50,
        **dict.fromkeys(("Undecided", "Unknown", "Undefined"), 90),
        "Low": 25,
        **dict.fromkeys(("Wishlist", "Not"), 0),
    },
}
#: Maniphest's priorities, the highest first; what nobody has judged comes last
HIGHEST = (100, 80, 50, 25, 0, 90)

_DONE = {"storyboard": "merged", "maniphest": "resolved"}
_WORK = {"storyboard": "inprogress", "maniphest": "open"}
_REVIEW = {"storyboard": "review", "maniphest": "open"}
_OPEN = {"storyboard": "todo", "maniphest": "open"}


def of_blueprint(target: str, definition: str, delivery: str, complete: bool) -> str:
    """The status of a blueprint's task."""
    if definition in ("Obsolete", "Superseded"):
        return "invalid"
    if delivery == "Implemented" or (delivery == "Informational" and complete):
        return _DONE[target]
    if delivery in ("Started", "Slow progress", "Good progress", "Beta Available"):
        return _WORK[target]
    if delivery in ("Needs Code Review", "Deployment"):
        return _REVIEW[target]
    return _OPEN[target]


def place(path: str) -> tuple[str, str | None]:
    """(project, series) that a task's target becomes; a package goes by its own name."""
    if "/+source/" in path:
        where, package = path.split("/+source/")
        return package, where.partition("/")[2] or None
    project, _, series = path.partition("/")
    return project, series or None
