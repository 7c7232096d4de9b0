"""A comment's subject is shown where it says more than a title, and reads the same for ever."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tracker_migrate.model import Change, Comment, Issue, key
from tracker_migrate.text.subjects import telling


def issue(title: str, filed_as: str = "", *renames: tuple[str, str]) -> Issue:
    bug = key("launchpad", "bug", 1)
    first = Comment(key=key("launchpad", "comment", "1/0"), index=0, home="h", subject=filed_as)
    when = datetime(2015, 1, 1, tzinfo=UTC)
    history = tuple(Change(when=when, what="summary", old=old, new=new) for old, new in renames)
    return Issue(
        key=bug, kind="bug", name="1", title=title, home="h", comments=(first,), history=history
    )


@pytest.mark.parametrize(
    "subject", ["", "It is broken", "Re: It is broken", "RE: re:  It is\tbroken",
                "[Bug 1] Re: It is broken", "Re: [Bug 1] It is broken"],
)  # fmt: skip
def test_a_subject_that_repeats_the_title_says_nothing(subject: str) -> None:
    assert telling(issue("It is broken"), subject) == ""


def test_another_subject_is_shown() -> None:
    assert telling(issue("It is broken"), "a patch for trunk") == "a patch for trunk"


def test_a_renamed_issue_reads_as_before() -> None:
    before = issue("Old", "Old")
    after = issue("New", "Old", ("Old", "New"))
    for subject in ("Re: Old", "Old"):
        assert telling(before, subject) == telling(after, subject) == ""
    assert telling(after, "Re: New") == ""
