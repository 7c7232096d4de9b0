"""Accounting: what became of every object of the source, to the last one.

Objects are issues, tasks, work items, comments and attachments. Each is *found* (at the target as
an object of its own, or within the text of its issue), *refused* (must not or could not be written:
the reason is given), or *lost* (the target or this version can't hold it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator

import msgspec

from tracker_migrate.model import Attachment, Comment, Issue, Key
from tracker_migrate.text.attached import why_not
from tracker_migrate.text.folding import same_words


class Fate(msgspec.Struct, frozen=True):
    """What became of one object. outcome: found, refused, lost, or missing (it should be there)."""

    key: Key
    kind: str
    outcome: str
    reason: str = ""


class Account(msgspec.Struct, kw_only=True):
    """Fates added up. reasons: (outcome, kind, reason) → how many, for what was not found."""

    objects: int = 0
    found: int = 0
    refused: int = 0
    lost: int = 0
    missing: int = 0
    reasons: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)

    def add(self, fate: Fate) -> None:
        """Count one fate."""
        self.objects += 1
        setattr(self, fate.outcome, getattr(self, fate.outcome) + 1)
        if fate.outcome != "found":
            self.reasons[fate.outcome, fate.kind, fate.reason] += 1


def fates(
    issue: Issue, refusal: str | None, wanted: Container[Key], there: Container[Key]
) -> Iterator[Fate]:
    """The fate of an issue and its parts.

    refusal: why the whole issue is not at the target, or None. wanted: keys that the planner gives
    an object of their own. there: keys that the target was seen to hold.
    """
    for key, kind in _objects(issue):
        if refusal is not None:
            yield Fate(key, kind, "refused", refusal)
        elif key in wanted:
            outcome = "found" if key in there else "missing"
            yield Fate(key, kind, outcome, "" if key in there else "not at the target")
        else:
            yield _without_own(issue, key, kind, issue.key in there)


def _objects(issue: Issue) -> Iterator[tuple[Key, str]]:
    yield issue.key, issue.kind
    yield from ((task.key, "task") for task in issue.tasks)
    yield from ((item.key, "work item") for item in issue.work_items)
    yield from ((comment.key, "comment") for comment in issue.comments)
    yield from ((attachment.key, "attachment") for attachment in issue.attachments)


def _without_own(issue: Issue, key: Key, kind: str, issue_there: bool) -> Fate:
    """The fate of a part that has no object of its own at the target."""
    if not issue_there:
        return Fate(key, kind, "missing", "its issue is not at the target")
    if kind == "comment":
        return _comment(issue, next(one for one in issue.comments if one.key == key))
    if kind == "attachment":
        return _attachment(next(one for one in issue.attachments if one.key == key))
    return Fate(key, kind, "found")


def _attachment(one: Attachment) -> Fate:
    if one.url is not None:
        return Fate(one.key, "attachment", "found")  # it is an address, and that is in the text
    reason = why_not(one.file) or ("its bytes were not asked for" if one.file is None else "")
    reason = reason or "the target takes none of its bytes"
    return Fate(one.key, "attachment", "lost", f"{reason}; its title and address are there")


def _comment(issue: Issue, comment: Comment) -> Fate:
    if comment.withheld:
        return Fate(comment.key, "comment", "refused", "hidden at the source: stays there")
    if comment.deleted:
        return Fate(comment.key, "comment", "refused", "deleted at the source: its text is gone")
    if comment.index == 0 and same_words(comment.text, issue.description):
        return Fate(comment.key, "comment", "found")  # it is the description, word for word
    if not comment.text.strip():
        return Fate(comment.key, "comment", "lost", "empty: nothing that a reader could see")
    return Fate(comment.key, "comment", "missing", "the planner gives it no place")
