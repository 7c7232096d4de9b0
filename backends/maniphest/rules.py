"""What can become of each field at Maniphest, said beforehand: `balance.losses` in words. What is
said here of an issue's fields is held against what that says of every issue that the tests have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracker_migrate.backends.maniphest import files, texts
from tracker_migrate.backends.maniphest.losses import LOSSES
from tracker_migrate.interfaces import Rule
from tracker_migrate.text.attached import EMPTY, WHY
from tracker_migrate.text.told import TOLD, rules_of

_MOVED = "if its project is moved"
_OWNER = (
    "as the owner, of somebody who has an account and, of a closed task, is among its readers; in "
    "task_mode = one of the first open task alone"
)
_ITEM = "as a subtask; in a checklist it is a line of text"
_AIM = (
    "as a milestone of its project, if it is active (or the settings want all) and no other task "
    "of this one aims at another"
)
#: native of some, and text of the others: when
SOMETIMES: Mapping[str, str] = {
    **dict.fromkeys(("bug.title", "blueprint.title"), "with up to 255 characters; cut above that"),
    **dict.fromkeys(("bug.tags", "blueprint.tags"), "if each of them becomes a project"),
    **dict.fromkeys(("task.status", "task.importance", "task.complete"), _MOVED),
    "task.project": f"{_MOVED}, as a project of its name, if it can be one's",
    "task.target": "if it is a project, or becomes a subproject",
    "task.series": "as a subproject, for what the tables call a branch",
    "task.assignee": _OWNER,
    "task.milestone": _AIM,
    "work_item.status": _ITEM,
    "work_item.complete": _ITEM,
    "work_item.title": f"{_ITEM}, and where it is too long",
    "work_item.assignee": f"{_OWNER}; {_ITEM}",
    "work_item.milestone": f"{_AIM}; {_ITEM}",
    "relation.to": "what a blueprint depends on, if it comes too, and they go in no circle",
    "project.name": "as the project's name, or what the tables say",
    "series.name": "as a part of the subproject's name, where it is one",
    "milestone.name": _AIM,
}


def rules(entity: str, field: str) -> tuple[Rule, ...]:
    """See `interfaces.HasRules`."""
    return rules_of(_RULES, entity, field)


def _own() -> Iterator[tuple[str, tuple[Rule, ...]]]:
    for name, (outcome, note) in LOSSES.items():
        yield name, (Rule(outcome=outcome, note=note),)
    for name, when in SOMETIMES.items():
        told = rules_of({}, *name.split(".", 1))
        yield name, (Rule(outcome="native", note=when), *told)
    yield from ((f"comment.{field}", tuple(_comment(field))) for field in TOLD["comment"])
    why = (files.IN_SPACE, files.CLOSED_ISSUE, EMPTY, *WHY.values())
    lost = (Rule(outcome="lost", note=reason) for reason in why)
    yield "attachment.file", (Rule(outcome="native", note="as a file, with its policy"), *lost)


def _comment(field: str) -> Iterator[Rule]:
    if f"comment.{field}" in LOSSES:
        yield Rule(outcome="native")
    yield from (one for one in rules_of({}, "comment", field) if one.outcome != "lost")
    reasons = [texts.HIDDEN, texts.DELETED, texts.EMPTY, texts.SAME]
    if field in ("deleted", "withheld"):
        reasons = [texts.HIDDEN, texts.DELETED] if field == "deleted" else [texts.HIDDEN]
    elif field in ("text", "author", "created", "subject"):
        reasons.remove(texts.SAME)
    yield from (Rule(outcome="lost", note=reason) for reason in reasons)


_RULES: Mapping[str, tuple[Rule, ...]] = dict(_own())
