"""Texts over StoryBoard's limit, as the planner wants them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.backends.storyboard.example import BUG, Decided, bug, comment
from tests.end_to_end.reader import missing_words
from tests.text.samples import closed
from tracker_migrate.backends.storyboard import origins, wire
from tracker_migrate.backends.storyboard.options import TEXT_LIMIT, read_options
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Audience, Wanted
from tracker_migrate.model import Issue, Key, present_fields
from tracker_migrate.text import commonmark
from tracker_migrate.text.continued import SMALLEST, part_home, part_key

PLANNER = StoryBoardPlanner()
WORDS = "\n".join(f"line {n} of what was said" for n in range(1500))


def wanted(issue: Issue, **options: Any) -> list[Wanted]:
    decisions = Decided()
    decisions.options = {"text_limit": SMALLEST, **options}
    decisions.readers = Audience(name="few", users=("7",))
    made = PLANNER.wanted(issue, decisions)
    return [one for one in made if one.kind in ("story", "comment")]


def long_bug() -> Issue:
    said = (comment(1, WORDS), comment(2))
    return bug(description=WORDS, comments=said, private=True, information_type="Private")


def text(one: Wanted) -> str:
    return closed(one.fields.get("content") or one.fields["description"], commonmark.link)


def test_parts_follow_what_they_are_part_of() -> None:
    made = wanted(long_bug())
    keys = [one.key for one in made]
    said, last = (Key(f"launchpad:comment:1316547/{index}") for index in (1, 2))
    assert [one for one in keys if ":part:" not in one] == [BUG, said, last]
    at = keys.index(said)
    parts = [[part_key(BUG, n) for n in range(2, at + 1)]]
    parts += [[part_key(said, n) for n in range(2, len(keys) - at)]]
    assert min(map(len, parts)) >= 3
    assert keys == [BUG, *parts[0], said, *parts[1], last]
    assert {one.audience for one in made} == {"few"}
    assert {one.issue for one in made} == {BUG}


def test_parts_have_a_permalink_and_a_label_of_their_own_and_the_date_of_the_whole() -> None:
    issue = long_bug()
    homes = {issue.key: issue.home} | {one.key: one.home for one in issue.comments}
    for one in wanted(issue):
        assert origins.key_of(text(one)) == one.key
        assert origins.is_of(text(one), one.key, one.marker)
        whole = "comment:1316547/1" if "comment:1316547/1" in one.key else "bug:1316547"
        if ":part:" in one.key:
            number = int(one.key.rpartition("/")[2])
            assert one.marker == part_home(homes[Key(f"launchpad:{whole}")], number)
            assert one.fields["created_at"] == wire.moment(issue.created)


def test_no_text_is_over_the_limit_and_no_word_is_missing() -> None:
    made = wanted(long_bug())
    assert all(wire.size(text(one)) <= SMALLEST for one in made)
    together = "\n".join(text(one) for one in made if one.kind == "story" or ":bug:" in one.key)
    assert missing_words(WORDS, together) == []


def test_losses_add_up_whatever_is_cut() -> None:
    decisions = Decided()
    decisions.options = {"text_limit": SMALLEST}
    sums: Counter[tuple[str, str]] = Counter()
    for loss in PLANNER.losses(long_bug(), decisions):
        sums[loss.entity, loss.field] += loss.count
    assert sums == Counter(present_fields(long_bug()))


def test_most_texts_are_one_by_default() -> None:
    said = WORDS * 130
    assert len(wanted(bug(description=said, comments=()), text_limit=TEXT_LIMIT)) == 1
    assert len(wanted(bug(description=said * 2, comments=()), text_limit=TEXT_LIMIT)) == 2


@pytest.mark.parametrize("limit", [9_999, 15_000_000, "much"])
def test_a_limit_that_no_text_can_keep_is_a_mistake(limit: object) -> None:
    with pytest.raises(UsageError, match=r"options\.text_limit"):
        read_options({"text_limit": limit})
