"""What a move would be like, before anybody decides on one: for each tracker, what it would hold of
the issues natively, as text, and not at all; what was said to keep people from it, and how many
issues that is about; what is left for people to do; how many requests it takes, and how long.

Only planners are asked: no target is there. Memory grows with the number of different fields,
reasons and projects, not with that of the issues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from tracker_migrate.engine.costs import Costs, outlook
from tracker_migrate.engine.estimates import METHOD, Estimate, of_part, of_sum
from tracker_migrate.engine.people import Mentions, Weight
from tracker_migrate.engine.some import Some
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError
from tracker_migrate.interfaces import Action, Blocker, Planner
from tracker_migrate.model import Issue, Key, name_of
from tracker_migrate.workspace.archive import Archive

#: so many people are named, those who are on the most issues
_PEOPLE = 50


class Fate(msgspec.Struct, kw_only=True):
    """What becomes of a field, in these issues: `native`, `text`, or `lost` with the reason."""

    entity: str
    field: str
    outcome: Literal["native", "text", "lost"]
    reason: str
    some: Some


class Hindrance(msgspec.Struct, kw_only=True):
    """A complaint, and the issues that it is about."""

    blocker: Blocker
    some: Some


class Column(msgspec.Struct, kw_only=True):
    """One tracker. moved: issues that would be there. refused: by reason. fates: field by field.
    objects, requests: by kind. seconds: what the requests take, as far as it was measured; None if
    the tracker does not say. whole_…: of a sample, what it is about for all issues."""

    sink: str
    moved: int = 0
    refused: dict[str, Some] = msgspec.field(default_factory=dict)
    fates: list[Fate] = msgspec.field(default_factory=list)
    objects: dict[str, int] = msgspec.field(default_factory=dict)
    requests: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: float | None = None
    whole_moved: Estimate | None = None
    whole_requests: Estimate | None = None
    whole_seconds: Estimate | None = None
    hindrances: list[Hindrance] = msgspec.field(default_factory=list)

    def outcomes(self) -> dict[str, int]:
        """In how many places the issues are native, text, lost."""
        sums = dict.fromkeys(("native", "text", "lost"), 0)
        for fate in self.fates:
            sums[fate.outcome] += fate.some.places
        return sums


class Pair(msgspec.Struct, kw_only=True):
    """Two projects that have open issues in common: none should move without the other."""

    one: str
    other: str
    some: Some


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """For a table over many projects. n: issues of the project of whose field that becomes, among
    those that were looked at. about, low, high: how many that is of all."""

    project: str
    sink: str
    field: str
    outcome: str
    n: int
    about: int
    low: int
    high: int


class Evaluation(msgspec.Struct, kw_only=True):
    """The whole. listed: how many issues the source names; issues: how many of them were looked at.
    waves: projects that belong together, the largest first. unread: issues that could not be read.
    persons: how many people are named; mentions: how often, once an issue. method: how the
    intervals were found, if there are any."""

    specs: list[str]
    viewer: str = ""
    listed: int = 0
    issues: int = 0
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    private: int = 0
    comments: int = 0
    years: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    columns: list[Column] = msgspec.field(default_factory=list)
    people: list[Weight] = msgspec.field(default_factory=list)
    persons: int = 0
    mentions: int = 0
    unread: int = 0
    projects: dict[str, int] = msgspec.field(default_factory=dict)
    pairs: list[Pair] = msgspec.field(default_factory=list)
    waves: list[list[str]] = msgspec.field(default_factory=list)
    rows: list[Row] = msgspec.field(default_factory=list)
    method: str = ""


def evaluate(
    archive: Archive, targets: Sequence[Target], specs: Sequence[str], listed: int
) -> Evaluation:
    """Look at every issue of an archive, for each target. listed: how many issues there are, if
    the archive holds a sample of them. Raises UsageError if a table lacks a row."""
    common = _Common(archive)
    judges = [_Judge(target) for target in targets]
    for issue in archive.issues():
        common.add(issue)
        for judge in judges:
            judge.add(issue)
    found = common.result()
    found.specs, found.viewer = list(specs), archive.viewer
    found.listed = max(listed, found.issues)
    found.unread = len(archive.unread())
    found.columns = [judge.result(found.issues, found.listed) for judge in judges]
    sizes = found.issues, found.listed
    found.rows = [row for judge in judges for row in judge.rows(*sizes)]
    found.method = METHOD if found.issues < found.listed else ""
    return found


class _Judge:
    """One target's column, issue by issue."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._planner: Planner = target.planner
        self._column = Column(sink=target.spec.partition(":")[0])
        self._fates: dict[tuple[str, str, str, str], Some] = {}
        self._rows: Counter[tuple[str, str, str]] = Counter()
        self._shared: set[Key] = set()
        self._objects: Counter[str] = Counter()
        self._costs = Costs(target.planner)
        self._touched: dict[str, Some] = {}

    def add(self, issue: Issue) -> None:
        """Look at one issue. One that can't be rendered is refused, with the reason."""
        try:
            refused = self._planner.refusal(issue, self._target.decisions)
            if refused is None:
                self._count_requests(issue)
                self._count_fates(issue)
        except ObjectError as error:
            refused = str(error)
        if refused is None:
            self._column.moved += 1
        else:
            self._column.refused.setdefault(refused, Some()).add(issue)
        self._count_touched(issue)

    def _count_fates(self, issue: Issue) -> None:
        projects = _projects(issue, self._target.archive)
        for loss in self._planner.losses(issue, self._target.decisions):
            at = loss.entity, loss.field, loss.outcome, loss.reason
            self._fates.setdefault(at, Some()).add(issue, loss.count)
            for project in projects:
                self._rows[project, f"{loss.entity}.{loss.field}", loss.outcome] += 1

    def _count_requests(self, issue: Issue) -> None:
        actions = []
        for one in self._planner.wanted(issue, self._target.decisions):
            if self._planner.kinds[one.kind].phase == 0:
                if one.key in self._shared:
                    continue
                self._shared.add(one.key)
            self._objects[one.kind] += 1
            actions.append(Action(op="create", wanted=one, fields=tuple(one.fields)))
        self._costs.add(actions)

    def _count_touched(self, issue: Issue) -> None:
        told = outlook(self._planner)
        for name in told.touched(issue, self._target.decisions) if told else ():
            self._touched.setdefault(name, Some()).add(issue)

    def rows(self, issues: int, listed: int) -> Iterator[Row]:
        """The column by project. issues, listed: see `Evaluation`."""
        for (project, field, outcome), n in sorted(self._rows.items()):
            all_ = msgspec.structs.asdict(of_part(n, issues, listed))
            sink = self._column.sink
            yield Row(project=project, sink=sink, field=field, outcome=outcome, n=n, **all_)

    def result(self, issues: int, listed: int) -> Column:
        """The column, once all issues were looked at. issues, listed: see `Evaluation`."""
        column, told = self._column, outlook(self._planner)
        column.fates = [
            Fate(entity=entity, field=field, outcome=outcome, reason=reason, some=some)  # type: ignore[arg-type]
            for (entity, field, outcome, reason), some in sorted(self._fates.items())
        ]
        column.objects, column.requests = dict(self._objects), dict(self._costs.requests)
        column.seconds = self._costs.seconds
        if told is not None:
            column.hindrances = [
                Hindrance(blocker=one, some=self._touched.get(one.name, Some()))
                for one in told.blockers
            ]
        if 0 < issues < listed:
            self._estimate(issues, listed)
        return column

    def _estimate(self, issues: int, listed: int) -> None:
        """Say what the figures are about for all issues."""
        column, costs = self._column, self._costs
        column.whole_moved = of_part(column.moved, issues, listed)
        asked = sum(column.requests.values())
        column.whole_requests = of_sum(asked, costs.squares[0], issues, listed)
        if column.seconds is not None:
            column.whole_seconds = of_sum(column.seconds, costs.squares[1], issues, listed)
        found = [one.some for one in column.fates] + [one.some for one in column.hindrances]
        for some in (*found, *column.refused.values()):
            some.whole = of_part(some.issues, issues, listed)


class _Common:
    """What is the same whatever tracker it goes to."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._mentions = Mentions(archive)
        self._found = Evaluation(specs=[])
        self._kinds: Counter[str] = Counter()
        self._years: dict[str, Counter[str]] = {}
        self._projects: Counter[str] = Counter()
        self._pairs: dict[tuple[str, str], Some] = {}

    def add(self, issue: Issue) -> None:
        """Count one issue."""
        self._found.issues += 1
        self._found.private += issue.private
        self._found.comments += len(issue.comments)
        self._kinds[issue.kind] += 1
        state = "open" if any(not task.complete for task in issue.tasks) else "closed"
        year = str(issue.created.year) if issue.created else "?"
        self._years.setdefault(year, Counter())[state] += 1
        self._mentions.add(issue)
        projects = sorted(_projects(issue, self._archive))
        self._projects.update(projects)
        if state == "open":
            for one, other in combinations(projects, 2):
                self._pairs.setdefault((one, other), Some()).add(issue)

    def result(self) -> Evaluation:
        """All of it."""
        found = self._found
        found.kinds = dict(self._kinds)
        found.years = {year: dict(counts) for year, counts in sorted(self._years.items())}
        people = self._mentions.weights()
        found.persons, found.mentions = len(people), sum(one.issues for one in people)
        found.people = people[:_PEOPLE]
        found.projects = dict(self._projects.most_common())
        found.pairs = [
            Pair(one=one, other=other, some=some)
            for (one, other), some in sorted(
                self._pairs.items(), key=lambda pair: (-pair[1].issues, pair[0])
            )
        ]
        found.waves = _waves(self._projects, self._pairs)
        return found


def _waves(projects: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The projects in groups that have no open issue in common with one another."""
    of = {project: {project} for project in projects}
    for one, other in pairs:
        if of[one] is not of[other]:
            of[one] |= of[other]
            for project in of[other]:
                of[project] = of[one]
    groups = {id(group): sorted(group) for group in of.values()}
    return sorted(groups.values(), key=lambda group: (-len(group), group))


def _projects(issue: Issue, archive: Archive) -> set[str]:
    """The names of the projects that an issue is about, as they may be told."""
    return {_project(task.project, issue, archive) for task in issue.tasks}


def _project(key: Key, issue: Issue, archive: Archive) -> str:
    known = archive.project(key)
    private = issue.private if known is None else known.private
    return "(private)" if private else name_of(key)
