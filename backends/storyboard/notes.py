"""The fields that people may change at StoryBoard after us, and the comment that keeps what one
side says of such a field. Pure.

A story keeps nothing of what its title or description said; the timeline tells of a task what its
status, priority and assignee were, and of anything else no more than that it was changed (facts 3;
tried on a server: `story_details_changed` and `task_details_changed` hold the present title alone).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tracker_migrate.abilities import Field, Note
from tracker_migrate.backends.storyboard import texts
from tracker_migrate.interfaces import Decisions, Pointer, Wanted
from tracker_migrate.model import Issue
from tracker_migrate.text import notes, origin

_WORDS, _ID = Field(), Field(holds="id")

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "story": {
            "title": _WORDS,
            "description": Field(holds="text"),
            "is_bug": _WORDS,
            "created_at": _WORDS,
        },
        "task": {
            "title": _WORDS,
            "status": Field(remembered=True),
            "priority": Field(remembered=True),
            "link": _WORDS,
            "created_at": _WORDS,
            "story_id": _ID,
            "project_id": _ID,
            "branch_id": _ID,
            "milestone_id": _ID,
            "assignee_id": Field(holds="id", remembered=True),
        },
        "tagging": {"story_id": _ID, "tags": Field(holds="list", remembered=True)},
    }
)


def note(note: Note, issue: Issue, decisions: Decisions) -> Wanted:
    """The comment on the issue's story."""
    told = texts.called(issue)
    about = told if note.about.key == issue.key else texts.label(note.about.key)
    return Wanted(
        key=note.key,
        kind="comment",
        issue=issue.key,
        fields={
            "story_id": Pointer(to=issue.key),
            "content": notes.text_of(
                note, issue, told, about, texts.MARKUP, origin.commonmark_line
            ),
        },
        after=note.about.after,
        audience=note.about.audience,
        marker=notes.note_home(issue.home, note.key),
    )
