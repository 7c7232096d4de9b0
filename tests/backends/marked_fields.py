"""An issue each of whose fields holds a word of its own, made from the model's own types: a field
that the model gains is in it at once."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tracker_migrate import model
from tracker_migrate.interfaces import Place, Ref, Text, Wanted
from tracker_migrate.model import Issue, Key, Milestone, Person, Project, Series
from tracker_migrate.testing.conformance.decided import Decided

STRUCTS: dict[str, type[msgspec.Struct]] = {
    "bug": Issue,
    "blueprint": Issue,
    "person": Person,
    "project": Project,
    "series": Series,
    "milestone": Milestone,
    **{
        entity: typing.get_args(typing.get_type_hints(Issue, vars(model))[field])[0]
        for field, entity in model.PARTS.items()
    },
}
ISSUE = Key("launchpad:bug:7")
PROJECT, SERIES = Key("launchpad:project:markproject"), Key("launchpad:series:markproject/mark1")
MILESTONE = Key("launchpad:milestone:markproject/+milestone/markmilestonename")
AUTHOR = Key("launchpad:person:markpersonname")
_BEGAN = datetime(2001, 1, 1, 1, 1, 1, tzinfo=UTC)
#: what a field must be for the issue to make sense
_FIXED: dict[str, Any] = {
    "bug.key": ISSUE,
    "bug.kind": "bug",
    "bug.name": "7",
    "bug.private": False,
    "bug.access": None,
    "task.key": Key("launchpad:task:7@markproject/mark1"),
    "task.target": SERIES,
    "task.project": PROJECT,
    "task.series": SERIES,
    "task.status": "Fix Released",
    "task.importance": "Wishlist",
    "task.milestone": MILESTONE,
    "work_item.key": Key("launchpad:workitem:7/a"),
    "work_item.status": "DONE",
    "work_item.milestone": MILESTONE,
    "comment.key": Key("launchpad:comment:7/83"),
    "comment.index": 83,
    "comment.withheld": None,
    "comment.deleted": None,
    "attachment.key": Key("launchpad:attachment:7/1"),
    "attachment.comment": 83,
    "attachment.file": None,
    "relation.kind": "bug",
    "relation.to": Key("launchpad:bug:93217"),
    "person.key": AUTHOR,
    "person.name": "markpersonname",
    "person.state": "active",
    "person.private": False,
    "milestone.key": MILESTONE,
    "milestone.name": "markmilestonename",
    "milestone.project": PROJECT,
    "milestone.active": True,
}


class Marks:
    """Makes structs whose fields say what they are. made: (entity, field) → its value."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], Any] = {}
        self._dates = 0

    def struct(self, entity: str, **fixed: Any) -> Any:
        """One, all of its fields filled."""
        hints = typing.get_type_hints(STRUCTS[entity], vars(model))
        values = {}
        for field in STRUCTS[entity].__struct_fields__:
            name = f"{entity}.{field}"
            if field in fixed or name in _FIXED:
                values[field] = fixed[field] if field in fixed else _FIXED[name]
            elif field not in model.PARTS:
                values[field] = self._value(entity, field, hints[field])
            if field in values:
                self.made[entity, field] = values[field]
        return STRUCTS[entity](**values)

    def _value(self, entity: str, field: str, hint: Any) -> Any:
        word = f"mark{entity}{field}".replace("_", "")
        inner = typing.get_args(hint)
        if type(None) in inner:
            return self._value(entity, field, inner[0])
        if hint is model.Key:
            return AUTHOR if field in _PEOPLE else Key(f"launchpad:project:{word}")
        if typing.get_origin(hint) is dict:
            return {f"{field}x": self._value(entity, f"{field}x", inner[1])}
        if typing.get_origin(hint) is tuple:
            return (word,)
        if hint is datetime:
            self._dates += 1
            return _BEGAN + timedelta(days=self._dates)
        if hint is bool:
            return True
        assert hint in (str, Any), f"{entity}.{field}: {hint} has no mark: say one in _FIXED"
        return f"https://mark.example/{word}" if field in _ADDRESSES else word


_PEOPLE = {"author", "assignee", "person", "by"}
_ADDRESSES = {"home", "url", "data"}


class MarkedDecisions(Decided):
    """Decisions of the kit, and people and milestones that are marked."""

    def __init__(self, marks: Marks, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._people = {AUTHOR: marks.struct("person")}
        self._milestones = {MILESTONE: marks.struct("milestone")}
        marks.struct("project", key=PROJECT, name="markproject", kind="project")
        marks.struct("series", key=SERIES, name="mark1", project=PROJECT)

    def person(self, person: Key) -> Person | None:
        """The one."""
        return self._people.get(person)

    def milestone(self, milestone: Key) -> Milestone | None:
        """The one."""
        return self._milestones.get(milestone)

    def place(self, target: Key) -> Place:
        """The project, and its series as a branch."""
        return Place(name="markproject", branch="mark1" if target == SERIES else None)


def said(wanted: list[Wanted]) -> str:
    """Every text that is wanted, with what its references lead to."""
    return "\n".join(
        "".join(_piece(part) for part in value.parts)
        for one in wanted
        for value in one.fields.values()
        if isinstance(value, Text)
    )


def _piece(part: Any) -> str:
    if isinstance(part, Ref):
        return f"{part.label} {part.to} {part.home}"
    return part if isinstance(part, str) else str(part.text)


def fields(wanted: list[Wanted]) -> str:
    """Every field that is no text, as one."""
    return "\n".join(_held(wanted))


def _held(wanted: list[Wanted]) -> Iterator[str]:
    for one in wanted:
        yield str(one.key)
        for value in one.fields.values():
            yield said([one]) if isinstance(value, Text) else str(value)
