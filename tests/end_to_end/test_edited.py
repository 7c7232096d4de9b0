"""A comment that is edited while it is on its way: what was sent had been read before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.test_recorded_projects import agrees, reader_of
from tests.end_to_end.world import TARGETS

both = pytest.mark.parametrize("target", TARGETS)
_LATER = "It was something else altogether."


def _edit(marked: MarkedWorld, bug: int, index: int, when: datetime, text: str = _LATER) -> None:
    marked.project.change_comment(bug, index, content=text, date_last_edited=when.isoformat())


def _comments(marked: MarkedWorld, target: str) -> list[str]:
    found = reader_of(marked.here, target).by_permalink().values()
    return [str(text) for issues in found for one in issues for text in one["comments"]]


def _settled(marked: MarkedWorld, target: str) -> Any:
    marked.here.pull(full=True)
    marked.here.apply(target)
    again = marked.here.apply(target)
    agrees(marked.here.verify(target))
    return again


@both
def test_an_edit_between_reading_and_sending_is_told(target: str, marked: MarkedWorld) -> None:
    bug = marked.project.bug(comments=2)
    marked.here.pull()
    _edit(marked, bug, 1, datetime.now(UTC) - timedelta(seconds=5))
    marked.here.apply(target)
    assert not any(_LATER in one for one in _comments(marked, target))
    assert _settled(marked, target).steps == 0
    assert sum(_LATER in one for one in _comments(marked, target)) == 1


@both
def test_an_edit_by_a_clock_that_is_behind_is_told(target: str, marked: MarkedWorld) -> None:
    bug = marked.project.bug(comments=2)
    marked.here.pull()
    marked.here.apply(target)
    _edit(marked, bug, 2, datetime.now(UTC) - timedelta(hours=3))
    assert _settled(marked, target).steps == 0
    assert sum(_LATER in one for one in _comments(marked, target)) == 1


@both
def test_what_was_copied_as_it_was_edited_is_not_told_again(
    target: str, marked: MarkedWorld
) -> None:
    bug = marked.project.bug(comments=2)
    _edit(marked, bug, 1, datetime.now(UTC) - timedelta(minutes=1))
    marked.here.pull()
    marked.here.apply(target)
    assert _settled(marked, target).steps == 0
    assert sum(_LATER in one for one in _comments(marked, target)) == 1
