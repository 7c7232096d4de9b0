"""What each target makes impossible, from what its planner says of its objects and fields."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_migrate import registry
from tracker_migrate.interfaces import Kind, Planner
from tracker_migrate.report.losses import rows

_HEAD = """\
# What a target makes impossible

Made from what the planners say of their objects and fields, with default settings. What becomes of
a change all the same: [keeping up to date](../sync.md). What is done about something private that
can't be taken back: [private stays private](../privacy.md). What administrators can do that no API
can: [dates and authors by SQL](../backdate.md). What `undo` can take back:
[taking back](../undo.md).
"""
_FIELDS = """\
Fields of an issue, and of what belongs to it, that no field of an object ever holds; those of
`extra` ([all fields](losses-{sink}.md)) and what is only about a person, a project or a series are
left out.
"""
_NOT_OF_ISSUES = ("person", "project", "series", "milestone")


def page(source: str, sinks: tuple[str, ...]) -> Iterator[str]:
    """The page's lines."""
    yield _HEAD
    for sink in sinks:
        planner = registry.planner(sink, {})
        yield from (f"## {sink}", "", "| object | changed later | readers | its number |")
        yield "|---|---|---|---|"
        for name, kind in planner.kinds.items():
            yield f"| {name} | {_changed(kind)} | {_readers(kind)} | {_number(kind)} |"
        yield from ("", _FIELDS.format(sink=sink), "| field | instead | where, or why not |")
        yield from ("|---|---|---|", *_fields(source, sink, planner), "")


def _changed(kind: Kind) -> str:
    if kind.phase == 0:
        return "no: it is made once, and then its people's"
    if kind.editable:
        return "yes"
    return "no: a change is `stuck`" + ", or told once more beside it" * (kind.name == "comment")


def _readers(kind: Kind) -> str:
    if kind.private == "own":
        return "set on it, and changed when the source changes"
    if kind.private == "follows":
        return (
            "everybody: its name is no secret" if kind.phase == 0 else "whoever may read its issue"
        )
    if kind.phase == 0:
        return "everybody: its name is no secret"
    return "set when it is made, and never again: EXPOSED if its issue becomes private"


def _number(kind: Kind) -> str:
    if kind.within:
        return "none: it is part of its issue's object"
    return "chosen by us" if kind.chosen else "chosen by the target, or its name"


def _fields(source: str, sink: str, planner: Planner) -> Iterator[str]:
    names = dict.fromkeys(name for row in rows(source, sink) for name in row.becomes)
    for name in sorted(names):
        entity, _, field = name.partition(".")
        if entity in _NOT_OF_ISSUES or field.startswith("extra."):
            continue
        rules = planner.rules(entity, field)  # type: ignore[attr-defined]
        if all(rule.outcome != "native" for rule in rules):
            words = dict.fromkeys(rule.outcome for rule in rules)
            notes = dict.fromkeys(rule.note for rule in rules if rule.note)
            yield f"| `{name}` | {' or '.join(words)} | {'; '.join(notes)} |"
