"""Where an issue was, and where it is now: for those who keep old addresses alive."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.model import Issue, Key, name_of
from tracker_migrate.workspace.names import Names

_PAGE = 500


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """One issue. old: its addresses at the source, its own first. new: the one at the target."""

    key: Key
    kind: str
    name: str
    old: tuple[str, ...]
    new: str


def redirects(target: Target, *, private: bool = False) -> Iterator[Redirect]:
    """The issues of the archive that stand at a target, in the archive's order.

    private: also those that not everybody may read, and names from when that was so. What is
    refused, gone at the target, or not written yet is not named. No server is asked. Raises
    UsageError if it has moved, and nobody has looked where to.
    """
    target.must_be_found()
    for page in pages(target.archive.issues(), _PAGE):
        held = target.ledger.held([issue.key for issue in page])
        for issue in page:
            at = held.get(issue.key)
            shown = private or not issue.private
            if shown and at is not None and at.state != "gone" and at.at.url:
                yield Redirect(
                    key=issue.key if private else target.names.told(issue.key),
                    kind=issue.kind,
                    name=issue.name,
                    old=(*addresses(issue), *_earlier(issue, target.names, private)),
                    new=at.at.url,
                )


def _earlier(issue: Issue, names: Names, private: bool) -> tuple[str, ...]:
    """The addresses that an issue had by other names: the source leads from none of them. private:
    also those that it had only while not everybody could read it."""
    known = (
        one for one in (issue.key, *names.of(issue.key)) if private or not names.is_secret(one)
    )
    paths = [name_of(one) for one in known]
    homes = (issue.home.removesuffix(issue.name) + path for path in paths if path != issue.name)
    return tuple(homes) if issue.home.endswith(f"/{issue.name}") else ()


def addresses(issue: Issue) -> tuple[str, ...]:
    """Every address that people know an issue by: its own, and that of each of its tasks."""
    return tuple(dict.fromkeys([issue.home, *(task.home for task in issue.tasks if task.home)]))
