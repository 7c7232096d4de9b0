"""Of each kind of change that was made at a real Launchpad: how it is seen at a target.

What a target makes impossible has its own form: a comment that was hidden or deleted shuts its
issue. What is no reason to write (`PASSING`), and what no issue tells (`UNTOLD`), is seen nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.end_to_end.arrived import There

Seen = Callable[[Mapping[str, There]], bool]
BUG, OTHER, OLD, NEW = "742", "743", "bp-old", "bp-renamed"


def _of(name: str, seen: Callable[[There], bool]) -> Seen:
    return lambda there: name in there and seen(there[name])


def bug(seen: Callable[[There], bool]) -> Seen:
    """Something of the bug that changes."""
    return _of(BUG, seen)


def says(what: str, of: str = BUG) -> Seen:
    """Its text has these words."""
    return _of(of, lambda one: one.says(what))


def says_no(what: str, of: str = BUG) -> Seen:
    """Its text has these words no more."""
    return _of(of, lambda one: not one.says(what))


def said(what: str) -> Seen:
    """One of its comments has these words."""
    return bug(lambda one: one.said(what))


HERE, THERE = "lab-moving", "lab-moving2"
CHANGES: Mapping[str, Seen] = {
    "comment": said("a new comment"),
    "edit description": says("Edited description"),
    "edit title": bug(lambda one: one.title == "The bug that changes, new title"),
    "tag added": bug(lambda one: "two" in one.words.split() or one.says("one, two")),
    "tag removed": bug(lambda one: "one" not in one.words.split() and not one.says("one, two")),
    "status": says("Confirmed"),
    "status closed": bug(lambda one: not {"merged", "resolved"}.isdisjoint(one.at(HERE))),
    "status reopened": bug(lambda one: set(one.at(HERE)) == {"open"}),
    "importance": bug(lambda one: "high" in one.words.split()),
    "assignee": bug(lambda one: one.owners == 1),
    "assignee removed": bug(lambda one: one.owners == 0),
    "milestone": says("1.0"),
    "add task": bug(lambda one: "open" in one.at(THERE)),
    "status of the second task": says("Triaged"),
    "delete task": bug(lambda one: "open" in one.at(HERE) and "open" not in one.at(THERE)),
    "attach": bug(lambda one: one.says("the log") and one.said("file attached")),
    "retitle attachment": says("the log, retitled"),
    "attachment becomes a patch": says("patch yes"),
    "remove attachment": says_no("the log, retitled"),
    "hide comment": bug(lambda one: one.shut),
    "show comment again": bug(lambda one: not one.shut),
    "edit comment": said("comment 3, edited"),
    "edit comment 0": said("Original description, edited as a comment"),
    "delete comment": bug(lambda one: one.shut),
    "make private": bug(lambda one: one.shut),
    "comment while private": bug(lambda one: one.shut and one.said("written while private")),
    "make public": bug(lambda one: not one.shut),
    "becomes a duplicate of the other bug": says("uplicate of"),
    "comment on the duplicate": said("comment on the duplicate"),
    "un-duplicate": says_no("uplicate of"),
    "the other bug becomes its duplicate": says("uplicate of", OTHER),
    "the other bug is no duplicate any more": says_no("uplicate of", OTHER),
    "subscribe": says("lab-subscriber"),
    "unsubscribe": says_no("lab-subscriber"),
    "CVE linked": says("1999-2345"),
    "CVE unlinked": says_no("1999-2345"),
    "bug watch added": says("4242"),
    "lock": says("heated"),
    "unlock": says_no("heated"),
    "nominated for a series": says("ominat"),
    "task moved to another project": bug(
        lambda one: one.says("Moved away to") and set(one.at(HERE)) == {"invalid"}
    ),
    "task moved back": bug(lambda one: not one.says("Moved away to") and "open" in one.at(HERE)),
    "new blueprint": lambda there: "bp-new" in there,
    "blueprint whiteboard": says("notes on the whiteboard", OLD),
    "blueprint work items": says("write it", OLD),
    "one work item done": _of(OLD, lambda one: any(how == "merged" for _at, how in one.tasks)
                              or any(how == "resolved" for _at, how in one.tasks)),
    "blueprint priority": _of(OLD, lambda one: "high" in one.words.split()),
    "blueprint started": says("Started", OLD),
    "bug linked to blueprint": says("bp-old"),
    "bug unlinked from blueprint": says_no("bp-old"),
    "blueprint renamed": lambda there: "bp-renamed" in there and OLD not in there,
    "blueprint implemented": says("Implemented", NEW),
    "milestone set again": says("1.0"),
    "milestone renamed": says("1.0-renamed"),
    "person renamed": _of(OTHER, lambda one: one.says("lab-writer-renamed") and one.owners == 1),
    "person renamed back": _of(
        OTHER, lambda one: not one.says("lab-writer-renamed") and one.owners == 1
    ),
    "person display name": says("Another Display Name", OTHER),
    "project renamed": says("lab-moving-renamed"),
    "project renamed back": says_no("lab-moving-renamed"),
}  # fmt: skip
#: counts that stand in a text, are written with it, and are no reason to write it
PASSING = {"affects me too"}
#: what no text of an issue tells
UNTOLD = {
    "start: nothing changed", "milestone closed (is_active false)", "project display name",
    "end: everything read once more",
}  # fmt: skip
#: what leaves things as they were before
AGAIN = {"milestone set again"}
