"""What a memory server can keep of a field that both sides changed: see `abilities.KeepsBoth`.

Of a state it remembers what it was; of anything else nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from tracker_migrate.abilities import Field, Note
from tracker_migrate.interfaces import Pointer, Text, Wanted
from tracker_migrate.model import Issue
from tracker_migrate.testing.memory_source import home

_LIST = Field(holds="list", remembered=True)

FIELDS: Mapping[str, Mapping[str, Field]] = {
    "card": {
        "title": Field(),
        "text": Field(holds="text"),
        "tags": _LIST,
        "state": Field(remembered=True),
        "projects": _LIST,
        "blockers": _LIST,
    },
    "note": {"card": Field(holds="id"), "text": Field(holds="text")},
}


def note(note: Note, issue: Issue) -> Wanted:
    """A note on the issue's card; its last line is the value."""
    value = note.value.parts if isinstance(note.value, Text) else (str(note.value),)
    said = f"From {home(note.key)}\n\n{note.field} of {note.about.key}, by the {note.says}:\n\n"
    return Wanted(
        key=note.key,
        kind="note",
        issue=issue.key,
        fields={"card": Pointer(to=issue.key), "text": Text(parts=(said, *value))},
        audience=note.about.audience,
        marker=home(note.key),
    )
