"""Texts over the limit of the web server before Phorge, as the planner wants them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backends.maniphest.helpers import Told, bug, by_kind, comment, task
from tests.end_to_end.reader import missing_words
from tests.text.samples import closed
from tracker_migrate.backends.maniphest.options import Options, checked
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.maniphest.reading import key_named
from tracker_migrate.backends.maniphest.wire import sent_bytes
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Action, Pointer, Wanted
from tracker_migrate.model import Issue, present_fields
from tracker_migrate.text import origin, remarkup
from tracker_migrate.text.continued import SMALLEST, part_key

WORDS = "\n".join(f"line {n} of what \u00fcber said" for n in range(1000))
PLANNER = ManiphestPlanner(Options(text_limit=SMALLEST))


def wanted(issue: Issue) -> list[Wanted]:
    told = Told(text_limit=SMALLEST)
    return [
        one for one in PLANNER.wanted(issue, told) if "task" in one.kind or one.kind == "comment"
    ]


def text(one: Wanted) -> str:
    return closed(one.fields.get("text") or one.fields["description"], remarkup.link)


def long_bug(**more: Any) -> Issue:
    return msgspec.structs.replace(
        bug(7, comments=(comment(7, 1, WORDS), comment(7, 2, "short")), **more), description=WORDS
    )


def test_parts_are_comments_of_the_issues_task_and_follow_their_whole() -> None:
    made = wanted(long_bug())
    wholes = [one.key for one in made if ":part:" not in one.key]
    issue = long_bug()
    assert wholes == [issue.key, *(one.key for one in issue.comments)]
    at = [one.key for one in made].index(issue.comments[0].key)
    assert [one.key for one in made[1:at]] == [part_key(issue.key, n) for n in range(2, at + 1)]
    after = made[at + 1 : -1]
    assert len(after) >= 3
    assert [one.key for one in after] == [
        part_key(issue.comments[0].key, n) for n in range(2, len(after) + 2)
    ]
    assert all(one.fields["task"] == Pointer(to=issue.key) for one in [*made[1:at], *after])
    assert len({one.marker for one in made}) == len(made)


def test_a_part_says_what_it_is_part_of() -> None:
    issue = long_bug()
    for one in wanted(issue):
        if one.kind == "comment":
            told = origin.parse(text(one))
            assert told is not None
            assert key_named(told.label, issue.key) == one.key
            assert told.permalink == one.marker


@given(st.text(st.characters() | st.sampled_from("\ud800\x00 ~%\U0001f600")))
def test_a_text_is_weighed_as_it_is_sent(text: str) -> None:
    assert sent_bytes(text) == len(quote_plus(json.dumps(text)[1:-1]))


def test_no_request_takes_more_text_than_it_may() -> None:
    made = wanted(long_bug())
    assert all(sent_bytes(text(one)) <= SMALLEST for one in made)
    actions = [Action(op="create", wanted=one, fields=tuple(one.fields)) for one in made]
    for step in PLANNER.compose(actions):
        assert sum(sent_bytes(text(one.wanted)) for one in step.actions) <= SMALLEST
    sent = [one.wanted.key for step in PLANNER.compose(actions) for one in step.actions]
    assert sent == [one.key for one in made]


def test_a_subtasks_text_goes_on_at_the_issues_task() -> None:
    long = task(7, "nova", status_explanation=WORDS)
    issue = bug(7, tasks=(long, task(7, "glance")))
    made = wanted(issue)
    (subtask,) = [one for one in by_kind(made, "subtask") if one.key == long.key]
    parts = [one for one in made if one.key.startswith("launchpad:part:task:")]
    assert len(parts) >= 3
    together = "\n".join(map(text, [subtask, *parts]))
    assert missing_words(WORDS, together) == []
    told = origin.parse(text(parts[0]))
    assert told is not None
    assert key_named(told.label, issue.key) == part_key(long.key, 2)


def test_losses_add_up_whatever_is_cut() -> None:
    sums: Counter[tuple[str, str]] = Counter()
    for loss in PLANNER.losses(long_bug(), Told(text_limit=SMALLEST)):
        sums[loss.entity, loss.field] += loss.count
    assert sums == Counter(present_fields(long_bug()))


@pytest.mark.parametrize("limit", [9_999, 40_000_000, "much"])
def test_a_limit_that_no_text_can_keep_is_a_mistake(limit: object) -> None:
    with pytest.raises(UsageError, match=r"options\.text_limit"):
        checked({"text_limit": limit})
