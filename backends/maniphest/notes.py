"""The fields that people may change at Maniphest after us, and the comment that keeps what one side
says of such a field. Pure.

A task's page tells of every change what was there before (tried on a server: `transaction.search`
gives old and new of a title, a description, a status, a priority, an owner; of projects and of
relations what came and what went).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tracker_migrate.abilities import Field, Note
from tracker_migrate.backends.maniphest import texts
from tracker_migrate.interfaces import Decisions, Pointer, Wanted
from tracker_migrate.model import Issue, Key, is_part, name_of
from tracker_migrate.text import notes, origin

_WORDS = Field(remembered=True)
_ID, _LIST = Field(holds="id", remembered=True), Field(holds="list", remembered=True)
_TASK = {
    "title": _WORDS,
    "description": Field(holds="text", remembered=True),
    "status": _WORDS,
    "priority": _WORDS,
    "owner": _ID,
    "projects": _LIST,
}

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "task": _TASK,
        "subtask": {**_TASK, "parent": _ID},
        "relations": {"task": _ID, "subtasks": _LIST},
    }
)


def note(note: Note, issue: Issue, decisions: Decisions) -> Wanted:
    """The comment on the issue's own task: all comments go there."""
    text = notes.text_of(
        note,
        issue,
        texts.label(issue),
        _about(issue, note.about.key),
        texts.MARKUP,
        origin.remarkup_line,
    )
    return Wanted(
        key=note.key,
        kind="comment",
        issue=issue.key,
        fields={"task": Pointer(to=issue.key), "text": text},
        after=note.about.after,
        audience=note.about.audience,
        marker=notes.note_home(issue.home, note.key),
    )


def _about(issue: Issue, of: Key) -> str:
    if not is_part(issue, of):
        return texts.label(issue)
    found = next((one for one in issue.tasks if one.key == of), None)
    return texts.task_label(issue, found) if found else f"work item {name_of(of)}"
