"""Every field that Launchpad exports has a row that says what it becomes, and no row says else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from tests.backends.launchpad.recorded import RECORDINGS, needs_recordings
from tests.backends.launchpad.test_wire import MAKERS, _other, _sample, _wadl
from tracker_migrate.backends.launchpad.exported import exported
from tracker_migrate.backends.launchpad.wire_becomes import BECOMES, ENTITY, KEPT
from tracker_migrate.interfaces import Exported
from tracker_migrate.model import (
    PARTS,
    Attachment,
    Change,
    Comment,
    Issue,
    Milestone,
    Person,
    Project,
    Relation,
    Series,
    Subscription,
    Task,
    WorkItem,
    holds,
)

_WADL = "{http://research.sun.com/wadl/2006/10}"
STRUCTS: dict[str, type[msgspec.Struct]] = {
    "bug": Issue,
    "blueprint": Issue,
    "task": Task,
    "work_item": WorkItem,
    "comment": Comment,
    "attachment": Attachment,
    "relation": Relation,
    "change": Change,
    "subscription": Subscription,
    "person": Person,
    "project": Project,
    "series": Series,
    "milestone": Milestone,
}


def rows() -> dict[str, list[Exported]]:
    """The rows of each type."""
    found: dict[str, list[Exported]] = defaultdict(list)
    for row in exported():
        found[row.entity].append(row)
    return found


def recorded_fields() -> dict[str, set[str]]:
    """The fields of each type in the recorded WADL."""
    root = ElementTree.parse(RECORDINGS / "wadl-devel.xml").getroot()
    return {
        one.attrib["id"].removesuffix("-full"): {
            each.attrib["name"] for each in one.findall(f"{_WADL}param")
        }
        for one in root.findall(f"{_WADL}representation")
        if one.get("id", "").endswith("-full")
    }


@needs_recordings
@pytest.mark.parametrize("entity", ENTITY)
def test_every_field_of_the_wadl_has_one_row(entity: str) -> None:
    """A field that is new: say in `wire_becomes`, `wire_lists` or `wire_fields` what it is."""
    named = Counter(row.field for row in rows()[entity])
    assert set(named) == recorded_fields()[entity]
    assert set(named.values()) == {1}


def test_every_row_says_what_the_field_is_or_why_it_is_left() -> None:
    for row in exported():
        assert bool(row.becomes) + bool(row.rows) + (not row.becomes and bool(row.reason)) == 1, row
        assert not row.rows or row.rows in ENTITY, row


def test_rows_name_only_what_the_model_has() -> None:
    for row in exported():
        for name in row.becomes:
            entity, _, field = name.partition(".")
            assert field.partition(".")[0] in STRUCTS[entity].__struct_fields__, (row.field, name)


def test_every_field_of_the_model_comes_from_somewhere() -> None:
    """A field that is new in the model: say in `wire_becomes` from which of Launchpad's it is, or
    in `exported.ADDED` what it comes from."""
    named = {name for row in exported() for name in row.becomes}
    plain = {".".join(name.split(".")[:2]) for name in named}
    model = {
        f"{entity}.{field}" for entity, struct in STRUCTS.items() for field in _own_fields(struct)
    }
    model -= {"blueprint.updated", "blueprint.tags"}  # a blueprint has neither at Launchpad
    assert model <= plain | EMPTY, model - plain - EMPTY


#: nothing of these is anything but what has a field of its own
EMPTY = {
    "attachment.extra",
    "change.extra",
    "subscription.extra",
    "work_item.extra",
    "bug.key",
    "bug.name",
}


#: what goes with a field, because a comment is deleted or hidden
TAKES_AWAY = {
    "message.date_deleted": {"comment.text"},
    "message.visible": {"comment.text", "comment.subject"},
}


def _own_fields(struct: type[msgspec.Struct]) -> Iterator[str]:
    for field in struct.__struct_fields__:
        if not (struct is Issue and field in PARTS):
            yield field


@needs_recordings
@pytest.mark.parametrize("entity", MAKERS)
def test_a_field_changes_what_its_row_says_and_nothing_else(entity: str) -> None:
    row = _sample(entity)
    before = told(MAKERS[entity](dict(row)))
    becomes = {one.field: set(one.becomes) for one in rows()[entity]}
    for field in _wadl()[entity]["fields"]:
        name = field["name"]
        if name in ("self_link", "resource_type_link"):
            continue
        after = told(MAKERS[entity]({**row, name: _other(entity, field, row.get(name))}))
        changed = {one for one in before.keys() | after.keys() if before[one] != after[one]}
        if name in BECOMES[entity] or name in KEPT[entity]:
            assert changed, name
            assert changed <= becomes[name] | TAKES_AWAY.get(f"{entity}.{name}", set()), name
        else:
            assert not changed, name


def told(made: Any) -> defaultdict[str, list[Any]]:
    """The values of each field of what was made, by `entity.field`."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    parts = [(made.kind if isinstance(made, Issue) else _name_of(made), made)]
    if isinstance(made, Issue):
        parts += [(of, one) for field, of in PARTS.items() for one in getattr(made, field)]
    for entity, one in parts:
        for field in _own_fields(type(one)):
            held = getattr(one, field)
            values = held if isinstance(held, dict) else {"": held}
            for name, value in values.items():
                if holds(value):
                    found[f"{entity}.{field}.{name}".rstrip(".")].append(value)
    return found


def _name_of(made: Any) -> str:
    return next(name for name, struct in STRUCTS.items() if struct is type(made))
