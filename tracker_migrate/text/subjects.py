"""Whether a comment's subject says more than the issue's title did when it was written."""

from __future__ import annotations

import re

from tracker_migrate.model import Issue

_REPLY = re.compile(r"^(?:(?:re|aw|fwd?)\s*:\s*|\[bug \d+\]\s*)+", re.IGNORECASE)


def telling(issue: Issue, subject: str) -> str:
    """The subject on one line, or "" if it only repeats a title that the issue has, or had.

    Earlier titles count, too: a comment must not read otherwise because the issue was renamed
    after it was written.
    """
    line = " ".join(subject.split())
    return "" if _REPLY.sub("", line) in _titles_of(issue) else line


#: the issue that was asked about last, for each comment of it asks again; and its titles
_last: tuple[Issue | None, set[str]] = (None, set())


def _titles_of(issue: Issue) -> set[str]:
    global _last  # noqa: PLW0603
    of, titles = _last
    if of is not issue:
        titles = _titles(issue)
        _last = issue, titles  # in one piece: several threads ask
    return titles


def _titles(issue: Issue) -> set[str]:
    titles = {"", issue.title}
    titles |= {comment.subject for comment in issue.comments if comment.index == 0}
    for change in issue.history:
        if change.what == "summary":
            titles |= {change.old or "", change.new or ""}
    return {_REPLY.sub("", " ".join(title.split())) for title in titles}
