"""What can become of each field at StoryBoard, said beforehand: `losses` in words. What is said
here of an issue's fields is held against what `losses` says of every issue that the tests have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracker_migrate.backends.storyboard import attached
from tracker_migrate.backends.storyboard.losses import LOSSES, UNWRITTEN
from tracker_migrate.interfaces import Rule
from tracker_migrate.text.attached import WHY
from tracker_migrate.text.told import TOLD, rules_of

_MOVED = "if its project is moved"
_ACCOUNT = "of somebody who has an account"
_MERGED = (
    "of a task that is merged, for StoryBoard takes it on no other; if it is active (or the "
    "settings want all), and its name has 3 to 100 characters"
)


def rules(entity: str, field: str) -> tuple[Rule, ...]:
    """See `interfaces.HasRules`."""
    return rules_of(_RULES, entity, field)


def _native(note: str = "") -> Rule:
    return Rule(outcome="native", note=note)


def _either(name: str, note: str) -> tuple[Rule, ...]:
    """Native under a condition, else text."""
    return _native(note), *rules_of({}, *name.split(".", 1))


def _own() -> Iterator[tuple[str, tuple[Rule, ...]]]:
    for name in LOSSES:
        if name.startswith(("bug.", "blueprint.")):
            yield name, (_native(),)
        elif not name.startswith("comment."):
            yield name, _either(name, _MOVED)
    yield from ((f"{kind}.tags", _either(f"{kind}.tags", _TAGS)) for kind in ("bug", "blueprint"))
    yield "task.series", _either("task.series", "as the branch that the tables name for it")
    for entity in ("task", "work_item"):
        yield f"{entity}.assignee", _either(f"{entity}.assignee", f"{_ACCOUNT}, {_MOVED}")
        yield f"{entity}.milestone", _either(f"{entity}.milestone", _MERGED)
    for entity in ("bug", "blueprint", "task"):
        yield f"{entity}.author", _either(f"{entity}.author", _AUTHOR)
    title = f"{_MOVED}, and it has up to 255 characters"
    yield "work_item.title", _either("work_item.title", title)
    yield from ((f"comment.{field}", tuple(_comment(field))) for field in TOLD["comment"])
    yield "attachment.file", tuple(_file())
    yield "project.name", _either("project.name", "as the project's name, or what the tables say")
    yield "series.name", _either("series.name", "as the branch's name, where it is one")
    yield "milestone.name", _either("milestone.name", _MERGED)


_TAGS = "if each of them becomes a tag"
_AUTHOR = (
    'as its author, with authors = "tokens", if they have an account, no superuser\'s, and may read'
    " the issue there"
)


def _comment(field: str) -> Iterator[Rule]:
    if f"comment.{field}" in LOSSES:
        yield _native()
    elif field == "author":
        yield _native(_AUTHOR)
    yield from (one for one in rules_of({}, "comment", field) if one.outcome != "lost")
    for fate, reason in UNWRITTEN.items():
        if _loses(field, fate):
            yield Rule(outcome="lost", note=reason)


def _loses(field: str, fate: str) -> bool:
    """Whether a comment that is not written for this reason can have the field."""
    if field in ("deleted", "withheld"):
        return fate in ("hidden", field)
    return fate != "repeats" or field not in ("text", "created", "author")


def _file() -> Iterator[Rule]:
    yield _native("in the folder that the settings name")
    for reason in (attached.NO_FOLDER[1], attached.NO_PRIVATE[1], attached.TOO_MUCH[1]):
        yield Rule(outcome="lost", note=reason)
    for reason in (attached.HIDDEN, *WHY.values()):
        yield Rule(outcome="lost", note=reason)


_RULES: Mapping[str, tuple[Rule, ...]] = dict(_own())
