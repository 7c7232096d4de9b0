"""What a target makes of every field that a source exports: native, text, or lost, and why.

No workspace is asked, and no issue: it is what is known beforehand. What becomes of the fields of
the issues in a workspace is counted by `plan`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from tracker_migrate import registry
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Exported, HasRules, Rule

#: the last group of rows: what is in the model, and no field of the source's
ADDED = "added"
_ORDER = ("native", "text", "lost")
_READ = "each row is a {}, which has a table of its own"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one field. outcomes: all that can, the best first; none for a list that is
    read. becomes: the model's fields. rules: of each of those, with its name; notes are when, where
    or why. why: of a field that leaves no trace in the model, or is not one of the source's."""

    entity: str
    field: str
    outcomes: tuple[str, ...]
    becomes: tuple[str, ...] = ()
    rules: tuple[tuple[str, Rule], ...] = ()
    why: str = ""

    def notes(self) -> Iterator[str]:
        """When each outcome comes to be, where the text stands, or why it is lost; each once."""
        if self.why:
            yield self.why
        told: dict[tuple[str, str], None] = dict.fromkeys(
            (rule.outcome, rule.note) for _, rule in self.rules if rule.note
        )
        for outcome, note in sorted(told, key=lambda one: _ORDER.index(one[0])):
            yield f"{outcome}: {note}" if len(self.outcomes) > 1 else note


def rows(source: str, sink: str) -> list[Row]:
    """A row for each field that a source exports, in its order, at one sink.

    Raises UsageError for a source or sink that does not say so much, or that is none; KeyError, if
    the sink's rules have not heard of a field.
    """
    planner = registry.planner(sink, {})
    if not isinstance(planner, HasRules):
        raise UsageError(f"{sink}: its planner does not say beforehand what becomes of a field")
    return [_row(one, planner) for one in registry.exported(source)]


def _row(one: Exported, planner: HasRules) -> Row:
    if one.rows:
        return Row(entity=one.entity, field=one.field, outcomes=(), why=_READ.format(one.rows))
    rules = tuple(
        (name, rule) for name in one.becomes for rule in planner.rules(*name.split(".", 1))
    )
    held = {rule.outcome for _, rule in rules} or {"lost"}
    return Row(
        entity=one.entity,
        field=one.field,
        outcomes=tuple(word for word in _ORDER if word in held),
        becomes=one.becomes,
        rules=rules,
        why=one.reason,
    )


def document(found: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as JSON values."""
    return [
        {
            "entity": row.entity,
            "field": row.field,
            "becomes": list(row.becomes),
            "outcomes": list(row.outcomes),
            "notes": list(row.notes()),
        }
        for row in found
    ]


def lines(source: str, sink: str, found: Sequence[Row]) -> Iterator[str]:
    """The rows for a terminal."""
    yield f"{source} → {sink}: {_counted(found)}"
    for entity, group in groupby(found, key=lambda row: row.entity):
        held = list(group)
        yield ""
        yield f"{entity}: {_counted(held)}"
        for row in held:
            told = " or ".join(row.outcomes) or "read"
            yield f"  {row.field:40} {told:21} {'; '.join(row.notes())}".rstrip()


def markdown(source: str, sink: str, found: Sequence[Row]) -> Iterator[str]:
    """The rows as a page."""
    yield f"# What becomes of {source.capitalize()}'s fields at {sink.capitalize()}"
    yield ""
    yield f"Made by `tracker-migrate losses --as {sink} --markdown`. {_HEAD}"
    yield ""
    yield f"All together: {_counted(found)}."
    for entity, group in groupby(found, key=lambda row: row.entity):
        held = list(group)
        yield ""
        yield f"## {'Of no field of the source' if entity == ADDED else f'`{entity}`'}"
        yield ""
        yield "| Field | In the model | Becomes | |"
        yield "|---|---|---|---|"
        yield from map(_markdown_row, held)


_HEAD = (
    "*Native*: a field of the target's. *Text*: readable in the description or a comment. *Lost*: "
    "neither, and why. Where several are named, it depends on the issue and on the tables; `plan` "
    "counts what became of each."
)


def _markdown_row(row: Row) -> str:
    model = ", ".join(f"`{name}`" for name in row.becomes)
    cells = (f"`{row.field}`", model, " or ".join(row.outcomes), "; ".join(row.notes()))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _counted(found: Sequence[Row]) -> str:
    """How many fields have which outcomes."""
    counts = Counter(" or ".join(row.outcomes) or "lists that are read" for row in found)
    said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items(), key=_place))
    return f"{len(found)} fields: {said}"


def _place(counted: tuple[str, int]) -> int:
    words = counted[0].split(" or ")
    return sum(1 << _ORDER.index(word) for word in words) if words[0] in _ORDER else 99
