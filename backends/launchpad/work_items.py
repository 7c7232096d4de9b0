"""A blueprint's work items, from the text that Launchpad gives out of them.

Launchpad keeps a row for each, and its API shows them as text alone (facts 7): blocks under `Work
items:` or `Work items for MILESTONE:`, of lines `[assignee] title: STATUS`. Its own editor takes
that text back in, and knows an item again by its title: the first of that title by the first, the
second by the second. So do we: what it is called is what it is.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tracker_migrate.backends.launchpad.wire import TRACKER
from tracker_migrate.model import Key, WorkItem, key
from tracker_migrate.text.redact import hide_addresses

#: the words of Launchpad's vocabulary
STATUSES = frozenset({"TODO", "DONE", "POSTPONED", "INPROGRESS", "BLOCKED"})
_DONE = "DONE"
_HEAD = "work items"
_NAME = re.compile(r"[a-z0-9][a-z0-9+.\-]{0,199}")
_MILESTONE = re.compile(r"[a-z0-9][a-z0-9+.\-]*", re.IGNORECASE)


class Line(NamedTuple):
    """What a line says. milestone, assignee: names."""

    title: str
    status: str
    assignee: str | None
    milestone: str | None


class Parsed(NamedTuple):
    """What a text says. rest: the whole text, if a line of it was not understood, else empty."""

    items: tuple[WorkItem, ...]
    rest: str


def parsed(text: str, path: str, target: str, home: str) -> Parsed:
    """The work items of a blueprint, in their order.

    path, target: the blueprint's and its project's below the API's root. home: its web page.
    """
    lines = list(_lines(text))
    told = [line for line in lines if line is not None]
    equals: Counter[str] = Counter()
    items = []
    for line in told:
        name = _folded(line.title)
        equals[name] += 1
        items.append(_item(line, _mark(name, equals[name]), path, target, home))
    return Parsed(tuple(items), "" if len(told) == len(lines) else text)


def _lines(text: str) -> Iterator[Line | None]:
    """What each line that is no heading says; None for one that says nothing we know."""
    milestone: str | None = None
    known = True
    for line in text.splitlines():
        if not line.strip():
            continue
        before, colon, after = line.rpartition(":")
        if colon and not after.strip() and before.lower().startswith(_HEAD):
            words = before[len(_HEAD) :].split()
            milestone = words[-1] if words else None
            known = milestone is None or bool(_MILESTONE.fullmatch(milestone))
            if not known:
                yield None
            continue
        yield _line(before, after, milestone) if colon and known else None


def _line(before: str, after: str, milestone: str | None) -> Line | None:
    """before, after: what stands on both sides of the last colon."""
    status = after.strip().upper()
    assignee: str | None = None
    title = before
    if before.startswith("["):
        assignee, closed, title = before[1:].partition("]")
        if not closed or not _NAME.fullmatch(assignee):
            return None
    title = title.strip()
    if not title or title.startswith("[") or status not in STATUSES:
        return None
    return Line(title, status, assignee, milestone)


def _item(line: Line, mark: str, path: str, target: str, home: str) -> WorkItem:
    return WorkItem(
        key=item_key(path, mark),
        title=line.title,
        home=f"{home}#workitem-{mark}",
        status=line.status,
        complete=line.status == _DONE,
        assignee=key(TRACKER, "person", line.assignee) if line.assignee else None,
        milestone=key(TRACKER, "milestone", f"{target}/+milestone/{line.milestone}")
        if line.milestone
        else None,
    )


def item_key(path: str, mark: str) -> Key:
    """The key of a work item of the blueprint at a path."""
    return key(TRACKER, "workitem", f"{path}@{mark}")


def _folded(title: str) -> str:
    """A title as far as it tells items apart. A reader who is not logged in gets it without the
    e-mail addresses in it (facts 12), and must not take it for another one."""
    return " ".join(hide_addresses(title).casefold().split())


def _mark(name: str, number: int) -> str:
    """Twelve hexadecimal digits of an item's name; number: which of those of one name it is."""
    said = f"{name}\n{number}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(said).hexdigest()[:12]
