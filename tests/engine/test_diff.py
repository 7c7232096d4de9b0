"""The difference between what is wanted and what the ledger says is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from tests.engine.world import bug_key
from tracker_migrate.digest import digests
from tracker_migrate.engine.diff import Difference, diff, open_digest
from tracker_migrate.interfaces import Kind, Pointer, Ref, RemoteRef, Text, Wanted
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held

KINDS = {
    "project": Kind(name="project", phase=0),
    "card": Kind(name="card"),
    "note": Kind(name="note", phase=2, editable=False),
}
AT = RemoteRef(id="1")


class Known:
    """A lookup that knows some keys."""

    def __init__(self, *keys: Key) -> None:
        self._keys = keys

    def where(self, to: Key) -> RemoteRef | None:
        return RemoteRef(id="9") if to in self._keys else None


def wanted(kind: str = "card", **fields: Any) -> Wanted:
    return Wanted(key=bug_key(1), kind=kind, issue=bug_key(1), fields=fields or {"title": "Bug"})


def held(one: Wanted, state: str = "there", waits: Iterable[Key] = ()) -> Held:
    """What the ledger would hold had it been written as it is wanted."""
    return Held(
        key=one.key,
        kind=one.kind,
        issue=one.issue,
        at=AT,
        digest=open_digest(one),
        fields={name: (mark, "sent") for name, mark in digests(one.fields).items()},
        open=tuple(waits),
        audience=one.audience,
        state=state,
    )


def compare(one: Wanted, there: Held | None, *known: Key) -> Difference:
    return diff([one], {there.key: there} if there else {}, KINDS, Known(*known))


def see(number: int) -> Text:
    return Text(parts=("see ", Ref(to=bug_key(number), label="#2", home="h")))


def test_what_is_not_there_is_created_with_all_its_fields() -> None:
    (action,) = compare(wanted(title="Bug", text="x"), None).actions
    assert (action.op, action.fields, action.at) == ("create", ("title", "text"), None)


def test_what_is_as_it_is_wanted_is_left_alone() -> None:
    found = compare(wanted(), held(wanted()))
    assert (found.actions, found.unchanged) == ((), 1)


def test_only_the_field_that_changed_is_sent() -> None:
    before = wanted(title="Bug", text="same")
    (action,) = compare(wanted(title="Worse", text="same"), held(before)).actions
    assert (action.op, action.fields, action.at) == ("update", ("title",), AT)


def test_a_field_that_is_new_is_sent() -> None:
    (action,) = compare(wanted(title="Bug", tags=["ui"]), held(wanted(title="Bug"))).actions
    assert action.fields == ("tags",)


def test_a_changed_note_that_can_not_be_edited_is_stuck_and_said() -> None:
    found = compare(wanted("note", text="new"), held(wanted("note", text="old")))
    assert found.actions == ()
    ((key, reason),) = found.stuck
    assert key == bug_key(1)
    assert "note can't be edited" in reason


def test_what_was_removed_at_the_target_is_not_made_again() -> None:
    found = compare(wanted(title="new"), held(wanted(title="old"), state="gone"))
    assert (found.actions, found.gone) == ((), (bug_key(1),))


def test_what_another_migration_wrote_is_left_as_it_is() -> None:
    found = compare(wanted(title="new"), held(wanted(title="old"), state="joined"))
    assert (found.actions, found.unchanged) == ((), 1)


def test_a_shared_object_is_left_to_its_owners() -> None:
    found = compare(wanted("project", name="new"), held(wanted("project", name="old")))
    assert (found.actions, found.unchanged) == ((), 1)


@pytest.mark.parametrize(
    "value", [see(2), Pointer(to=bug_key(2), required=False), (Pointer(to=bug_key(2)),)]
)
def test_a_reference_that_came_to_be_known_is_sent_and_nothing_else(value: Any) -> None:
    one = wanted(title="Bug", link=value, text=see(3))
    there = held(one, waits=[bug_key(2), bug_key(3)])
    assert compare(one, there).actions == ()
    (action,) = compare(one, there, bug_key(2)).actions
    assert (action.op, action.fields) == ("update", ("link",))


def test_a_changed_field_with_a_known_reference_is_sent_once() -> None:
    there = held(wanted(text=see(2)), waits=[bug_key(2)])
    one = wanted(text=Text(parts=("look at ", *see(2).refs)))
    (action,) = compare(one, there, bug_key(2)).actions
    assert action.fields == ("text",)


def test_a_note_that_can_not_be_edited_does_not_get_its_reference_later() -> None:
    one = wanted("note", text=see(2))
    found = compare(one, held(one, waits=[bug_key(2)]), bug_key(2))
    assert found.actions == ()
    assert len(found.stuck) == 1


def test_what_is_wanted_no_more_is_named_unless_it_is_shared() -> None:
    card, project = held(wanted()), held(wanted("project"))
    project = msgspec.structs.replace(project, key=bug_key(7))
    found = diff([], {card.key: card, project.key: project}, KINDS, Known())
    assert found.left == (bug_key(1),)


def test_the_audience_is_part_of_what_unchanged_means() -> None:
    shut = msgspec.structs.replace(wanted(), audience="security")
    assert open_digest(shut) != open_digest(wanted())
