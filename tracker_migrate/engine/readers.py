"""Who reads what is private at a target, and who no more: what people have to decide on before
anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from tracker_migrate.engine.target import Target
from tracker_migrate.model import Issue, Key, name_of

#: why somebody who may read an issue at the source does not at the target
NO_ACCOUNT, WITHOUT, NOT_LET_IN = "no account", "goes without", "not let in"


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or a team, who may read private issues at the source and not at the target.

    why: `no account` (to be decided), `goes without` (decided), `not let in` (has an account that
    the policy does not name). issues: how many.
    """

    reader: Key
    why: str
    issues: int


class ReadersReport(msgspec.Struct, kw_only=True):
    """All private issues of the archive, and their readers. writable: issues that may be written.
    refused: reason → how many. asked: whether the target was asked whom its groups let in.
    less: by issue, who no longer reads it; only if it was asked for."""

    private: int = 0
    writable: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    readers: list[Reader] = msgspec.field(default_factory=list)
    asked: bool = False
    less: dict[Key, list[str]] = msgspec.field(default_factory=dict)

    @property
    def undecided(self) -> int:
        """How many readers somebody has to decide on."""
        return sum(one.why == NO_ACCOUNT for one in self.readers)


def readers(target: Target, *, ask: bool, by_issue: bool = False) -> ReadersReport:
    """Go over the private issues. ask: whether to ask the target about its groups."""
    if ask:
        target.learn()
    report = ReadersReport(asked=ask)
    counts: Counter[tuple[Key, str]] = Counter()
    for issue in _private(target):
        found = target.decisions.readers(issue)
        refused = target.planner.refusal(issue, target.decisions)
        report.private += 1
        report.writable += refused is None
        if refused is not None:
            report.refused[refused] += 1
        for one in found.less:
            counts[one, _why(target, one, one in found.undecided)] += 1
        if by_issue and found.less:
            report.less[issue.key] = [name_of(one) for one in found.less]
    report.readers = [
        Reader(reader=one, why=why, issues=n) for (one, why), n in counts.most_common()
    ]
    return report


def _private(target: Target) -> Iterator[Issue]:
    for key in target.archive.private_keys():
        issue = target.archive.issue(key)
        if issue is not None:
            yield issue


def _why(target: Target, reader: Key, undecided: bool) -> str:
    if undecided:
        return NO_ACCOUNT
    return NOT_LET_IN if target.decisions.account(reader) is not None else WITHOUT
