"""Tasks counted by project, series, milestone and status: as they should be at a target, and as
they were read back there. It holds a row for each that differs, however many tasks there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import CountsTasks, Observed, Standing
from tracker_migrate.model import Issue, Key

#: stands for the project of what not everybody may read: its series or milestone may tell of it
WITHHELD = "(not public)"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks stand so. source: by what the source says, through the tables. target: by what
    was read there."""

    project: str
    series: str
    milestone: str
    status: str
    source: int
    target: int


class Counted(msgspec.Struct, kw_only=True):
    """What was counted. rows: sorted; of private issues only the status is told. differ: how many
    tasks are counted otherwise at one end. possible: whether the sink can count at all."""

    rows: list[Row] = msgspec.field(default_factory=list)
    differ: int = 0
    possible: bool = False

    @property
    def source(self) -> int:
        """How many tasks should be there."""
        return sum(row.source for row in self.rows)

    @property
    def target(self) -> int:
        """How many are."""
        return sum(row.target for row in self.rows)


class Tally:
    """Counts for one target."""

    def __init__(self, target: Target) -> None:
        self._decisions = target.decisions
        self._sink = target.sink if isinstance(target.sink, CountsTasks) else None
        self._source: Counter[tuple[bool, Standing]] = Counter()
        self._target: Counter[tuple[bool, Standing]] = Counter()

    def add(self, issue: Issue, seen: Mapping[Key, Observed], *, private: bool) -> None:
        """Count the tasks of an issue that is to be there. seen: what was read of it. Raises what
        `CountsTasks` does."""
        if self._sink is None:
            return
        due = dict(self._sink.due(issue, self._decisions))
        self._source.update((private, standing) for standing in due.values())
        found = self._sink.standings(due, seen)
        self._target.update((private, standing) for _, standing in found)

    def counted(self) -> Counted:
        """All that was counted so far."""
        both = self._source.keys() | self._target.keys()
        off = [self._source[at] - self._target[at] for at in both]
        differ = max(sum(one for one in off if one > 0), -sum(one for one in off if one < 0))
        source, target = _told(self._source), _told(self._target)
        rows = [
            Row(**msgspec.structs.asdict(at), source=source[at], target=target[at])
            for at in sorted(source.keys() | target.keys(), key=msgspec.structs.astuple)
        ]
        return Counted(rows=rows, differ=differ, possible=self._sink is not None)


def _told(counts: Counter[tuple[bool, Standing]]) -> Counter[Standing]:
    """The counts as others may see them."""
    told: Counter[Standing] = Counter()
    for (private, at), count in counts.items():
        told[Standing(project=WITHHELD, status=at.status) if private else at] += count
    return told
