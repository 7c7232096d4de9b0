"""Closing: references get their values at the last moment, and what fell back is remembered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.test_diff import Known
from tests.engine.world import bug_key
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.diff import open_digest
from tracker_migrate.errors import Refused
from tracker_migrate.interfaces import (
    Action,
    ClosedAction,
    Pointer,
    Ref,
    RemoteRef,
    Step,
    Text,
    Wanted,
)
from tracker_migrate.model import Key

TWO, THREE = bug_key(2), bug_key(3)


def link(ref: Ref, at: RemoteRef | None) -> str:
    return f"[{ref.label}]({at.id if at else ref.home})"


def close(
    fields: dict[str, Any],
    known: tuple[Key, ...] = (),
    moves: tuple[Key, ...] = (TWO, THREE),
    sent: tuple[str, ...] | None = None,
    number: int | None = None,
) -> ClosedAction:
    """Close one action; sent: its fields, if not all."""
    one = Wanted(key=bug_key(1), kind="card", issue=bug_key(1), fields=fields, marker="home")
    action = Action(
        op="create" if sent is None else "update", wanted=one, fields=sent or tuple(fields)
    )
    closer = Closer(Known(*known), link, moves.__contains__, "sealed {}".format)
    numbers = {} if number is None else {one.key: number}
    step = closer.step(Step(kind="card.create", actions=(action,)), one.issue, numbers)
    assert (step.kind, step.issue) == ("card.create", bug_key(1))
    assert step.actions[0].digest == open_digest(one)
    return step.actions[0]


def see(to: Key) -> Text:
    return Text(parts=("see ", Ref(to=to, label="#", home="home"), "."))


def test_a_known_reference_becomes_a_link_to_the_target() -> None:
    closed = close({"text": see(TWO)}, known=(TWO,))
    assert closed.fields == {"text": "see [#](9)."}
    assert closed.open == ()


def test_an_unknown_reference_stands_as_its_home_and_is_looked_at_again() -> None:
    closed = close({"text": see(TWO)})
    assert closed.fields == {"text": "see [#](home)."}
    assert closed.open == (TWO,)


def test_a_reference_to_what_never_comes_is_not_waited_for() -> None:
    assert close({"text": see(TWO)}, moves=()).open == ()


def test_a_pointer_becomes_an_id() -> None:
    assert close({"card": Pointer(to=TWO)}, known=(TWO,)).fields == {"card": "9"}


def test_what_hangs_on_something_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match=r"hangs on memory:bug:2"):
        close({"card": Pointer(to=TWO)})


def test_a_fallen_back_pointer_is_none_and_tried_again_later() -> None:
    closed = close({"parent": Pointer(to=TWO, required=False)})
    assert (closed.fields, closed.open) == ({"parent": None}, (TWO,))
    closed = close({"parent": Pointer(to=TWO, required=False)}, moves=())
    assert (closed.fields, closed.open) == ({"parent": None}, ())


def test_pointers_that_are_not_known_yet_leave_no_hole_in_a_list() -> None:
    some = (Pointer(to=TWO, required=False), Pointer(to=THREE, required=False))
    closed = close({"blockers": some}, known=(THREE,))
    assert (closed.fields, closed.open) == ({"blockers": ["9"]}, (TWO,))


def test_values_pass_as_they_are() -> None:
    fields = {"title": "T", "count": 0, "none": None, "tags": ["a", None], "map": {"a": [1]}}
    assert close(fields).fields == fields


def test_an_update_of_one_field_does_not_forget_what_another_waits_for() -> None:
    fields = {"title": "new", "text": see(TWO), "parent": Pointer(to=THREE, required=False)}
    closed = close(fields, sent=("title",))
    assert closed.fields == {"title": "new"}
    assert set(closed.open) == {TWO, THREE}
    assert set(closed.opens) == {"title", "text", "parent"}


def test_a_chosen_number_goes_along() -> None:
    assert close({"title": "T"}, number=17).number == 17
    assert close({"title": "T"}).number is None


def test_the_digest_knows_no_remote_id() -> None:
    assert close({"text": see(TWO)}).digest == close({"text": see(TWO)}, known=(TWO,)).digest
