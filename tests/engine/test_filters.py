"""`--only`: which issues a command is about."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from tracker_migrate.engine.filters import Only
from tracker_migrate.errors import UsageError
from tracker_migrate.model import Issue
from tracker_migrate.testing.memory import blueprint, bug

TASK = bug(1).tasks[0]
CLOSED = msgspec.structs.replace(TASK, status="Fix Released", complete=True)
ISSUES = (
    bug(1, tags=("ui", "api")),
    bug(2, private=True),
    bug(3, tasks=(CLOSED,), updated=datetime(2021, 5, 1, tzinfo=UTC)),
    bug(4, tasks=(CLOSED, TASK)),
    bug(5, updated=None),
    blueprint("engine", tasks=(TASK,)),
)


def name(issue: Issue) -> str:
    return issue.name.removeprefix("rocket/+spec/")


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("bug:1, 3", "1 3"),
        ("blueprint:engine", "engine"),
        ("blueprint:", "engine"),
        ("blueprint:eng", ""),
        ("tag:ui", "1"),
        ("tag:u", ""),
        ("status:open", "1 2 4 5 engine"),
        ("status:closed", "3"),
        ("status:Fix Released", "3 4"),
        ("private", "2"),
        ("public", "1 3 4 5 engine"),
        ("since:2021-01-01", "3"),
        ("since:2021-04-30T23:00:00-02:00", ""),
        ("tag:ui | tag:api", "1"),
        ("bug:1,2|private", "2"),
        ("bug:1|private", ""),
    ],
)
def test_a_filter_takes(text: str, taken: str) -> None:
    only = Only(text)
    assert " ".join(name(issue) for issue in ISSUES if only.takes(issue)) == taken


def test_what_a_filter_takes_it_may_take() -> None:
    for text in ("bug:1,3", "tag:ui", "status:open", "bug:1|tag:ui"):
        only = Only(text)
        assert all(only.may_take(issue.key) for issue in ISSUES if only.takes(issue))


def test_bugs_by_number_need_not_be_read_to_be_left_out() -> None:
    assert not Only("bug:1|public").may_take(bug(2).key)
    assert not Only("bug:1").may_take(blueprint("a").key)


@pytest.mark.parametrize(
    "text",
    ["", "bugs:1", "bug:", "bug:x", "bug:1,,2", "since:", "since:soon", "status:", "tag:", "|"],
)
def test_what_is_not_understood_is_said_with_the_forms_or_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r'^--only "'):
        Only(text)


def test_a_word_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(UsageError, match='did you mean "status"'):
        Only("statsu:open")
    with pytest.raises(UsageError, match='did you mean "Fix Released"'):
        Only("status:Fix Relased")
