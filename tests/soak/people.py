"""People at a target: they edit what is ours, and say something; and what is seen there, by bug.

How a target is looked at is the state machine's business: these are its eyes and hands, without
its clock and its workspace.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from tests.state_machine.maniphest_stage import ManiphestStage
from tests.state_machine.oracle import Standing
from tests.state_machine.standin_stage import of_home
from tests.state_machine.storyboard_stage import StoryBoardStage
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn

#: what is above it is the text as people wrote it; below it stands what the target has no field for
_DETAILS = re.compile(r"^=+ Launchpad details =+$|^#+ Launchpad details$", re.MULTILINE)
_TAGS = re.compile(r"\*\*Tags\*\*: (.*)")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\\\\]")
#: a subtask is a task of the bug
_SUBTASK = re.compile(r"\| LP #\d+ task ")


def _cut(there: Standing) -> Standing:
    """The text alone: the history below it names the older ones, too."""
    text = _INVISIBLE.sub("", there.text)
    tags = _TAGS.search(text)
    there.named = set(re.split(r"[,\s]+", tags[1].strip())) if tags else set()
    there.text = _DETAILS.split(text)[0]
    return there


class Board(StoryBoardStage):
    """StoryBoard."""

    def __init__(self, standin: StoryBoardStandIn) -> None:
        self.standin = standin
        self._theirs = []

    def _standing(self, row: Any) -> Standing:
        there = _cut(super()._standing(row))
        if not there.open:
            there.named = there.named or {"?"}  # somebody may have written over the text
        return there


class Desk(ManiphestStage):
    """Maniphest. Some tags are projects there, the others stand in the text."""

    def __init__(self, standin: ManiphestStandIn, tags: Collection[str]) -> None:
        self.standin, self._all_tags = standin, set(tags)
        self._theirs = []

    def _tasks(self, number: int) -> list[Any]:
        return [one for one in super()._tasks(number) if not _is_subtask(one)]

    def stands(self) -> Mapping[int, list[Standing]]:
        found: dict[int, list[Standing]] = {}
        with self.standin.lock:
            sql = "SELECT * FROM task WHERE author=? ORDER BY id"
            for row in self.standin.store.rows(sql, [self._me]):
                of = of_home(row["description"])
                if of is not None and not _is_subtask(row):
                    found.setdefault(of[0], []).append(self._standing(row))
        return found

    def _standing(self, row: Any) -> Standing:
        there = _cut(super()._standing(row))
        names = "SELECT name FROM edge JOIN project ON phid=dst WHERE src=?"
        projects = set(self.standin.store.column(names, [row["phid"]]))
        there.tags = there.named | self._all_tags & projects
        there.named = there.named or {"?"}  # somebody may have written over the text
        return there


def _is_subtask(row: Any) -> bool:
    return _SUBTASK.search(row["description"].partition("\n")[0]) is not None
