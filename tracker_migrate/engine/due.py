"""Whether a target will have everything by a deadline: GO, with how much time is left over, or
NO-GO, with what stops it.

How long it takes is said by the requests that are left, each at its measured cost
(`interfaces.Outlook`), and by how much slower or faster this workspace's own last runs were than
those costs. Without a run to measure by, the costs alone say it; without costs, the requests a
second. The target is asked one thing: whether it answers, and takes the login.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec

from tracker_migrate.engine.costs import Costs
from tracker_migrate.engine.plan import Item, Plan, Planned
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import MigrateError, UsageError
from tracker_migrate.model import Key
from tracker_migrate.workspace.worked import Pace, Worked

#: fewer requests, or seconds of work, say nothing of how fast it goes
_ENOUGH, _LONG_ENOUGH = 50, 2.0
_PAGE = 200
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


class Left(msgspec.Struct, kw_only=True):
    """What is left to write. requests: by kind. seconds: what they take; None if nothing says it.
    by: what that follows from: `measured` (runs of this workspace), `costs` (of small servers), or
    `nothing` (is known). rate: requests a second, as measured. planned: the plan that it follows
    from. refused, stuck: the issues and objects that are, with the reason."""

    requests: dict[str, int]
    seconds: float | None
    by: str
    rate: float | None
    planned: Planned
    refused: list[Item] = msgspec.field(default_factory=list)
    stuck: list[Item] = msgspec.field(default_factory=list)


class Due(msgspec.Struct, kw_only=True):
    """The answer for one target. stops: why it will not be done, whatever the time is. stays: how
    many issues somebody has decided to leave at the source."""

    go: bool
    deadline: datetime
    now: datetime
    left: Left
    stops: list[str] = msgspec.field(default_factory=list)
    stays: int = 0

    @property
    def slack(self) -> float | None:
        """Seconds that are left over at the deadline; below nought if there are too few."""
        if self.left.seconds is None:
            return None
        return (self.deadline - self.now).total_seconds() - self.left.seconds


def left(target: Target) -> Left:
    """What is left to write at a target. Asks no server."""
    plan = Plan(target, losses=False, marked=False)
    told: dict[str, list[Item]] = {"refuse": [], "stuck": []}
    planned = plan.run(each=lambda item: told[item.op].append(item) if item.op in told else None)
    seconds, by, rate = _time(target, planned, Worked(target.workspace.engine, target.name).pace())
    return Left(
        requests=planned.requests,
        seconds=seconds,
        by=by,
        rate=rate,
        planned=planned,
        refused=told["refuse"],
        stuck=told["stuck"],
    )


def due(target: Target, deadline: datetime, rest: Left, *, ask: bool = True) -> Due:
    """Whether everything that is in the archive will be at a target by then. ask: whether the
    target is asked if it answers."""
    stays = _stays(target, [item.issue for item in rest.refused])
    stops = _stops(target, rest.planned, stays, ask=ask)
    found = Due(
        go=False,
        deadline=deadline,
        now=datetime.now(UTC),
        left=rest,
        stops=stops,
        stays=stays.total(),
    )
    found.go = not stops and found.slack is not None and found.slack >= 0
    return found


def _time(target: Target, planned: Planned, pace: Pace) -> tuple[float | None, str, float | None]:
    """Seconds for what is left, what that follows from, and the measured rate."""
    modelled = None if planned.seconds is None else sum(planned.seconds.values())
    left = sum(planned.requests.values())
    if pace.count < _ENOUGH or pace.seconds < _LONG_ENOUGH:
        if modelled is None:
            return (0.0, "nothing", None) if not left else (None, "nothing", None)
        return modelled, "costs", None
    rate = pace.count / pace.seconds
    costs = Costs(target.planner)
    costs.requests.update(pace.requests)
    costs.actions.update(pace.actions)
    if not modelled or not costs.seconds:
        return left / rate, "measured", rate
    return modelled * pace.seconds / costs.seconds, "measured", rate


def _stays(target: Target, refused: list[Key]) -> Counter[str]:
    """Of the refused issues those that stay at the source because somebody has decided so: none of
    their projects moves. By the reason that is given."""
    found: Counter[str] = Counter()
    for page in pages(iter(refused), _PAGE):
        for key, issue in target.archive.some(page).items():
            places = [target.decisions.place(task.target) for task in issue.tasks]
            if places and not any(place.move for place in places):
                found[target.planner.refusal(issue, target.decisions) or str(key)] += 1
    return found


def _stops(target: Target, planned: Planned, stays: Counter[str], *, ask: bool) -> list[str]:
    """Why it will not all be there, whatever the time."""
    archive, name = target.archive, target.name
    found = []
    if not archive.count():
        found.append("nothing was read yet: tracker-migrate pull")
    if unread := len(archive.unread()):
        found.append(f"{unread} issues could not be read: tracker-migrate status --refused")
    for reason, count in (planned.refuse - stays).most_common():
        found.append(f"{count} issues are refused: {reason}")
    for state, what in (
        ("exposed", "issues are EXPOSED: something of them can't be taken back"),
        ("aside", "issues failed and were set aside: tracker-migrate apply --retry"),
    ):
        if count := target.ledger.states().get(state, 0):
            found.append(f"{count} {what}")
    if target.workspace.secret(f"{name}-token") is None:
        found.append(f"there is no login: tracker-migrate login {name}")
    elif ask:
        found += _asked(target)
    return found


def _asked(target: Target) -> list[str]:
    """What the target says to whether a run could begin."""
    try:
        target.sink.check(target.decisions)
    except MigrateError as error:
        return str(error).splitlines()
    return []


def read_deadline(text: str, now: datetime) -> datetime:
    """A moment: `2026-12-01`, `2026-12-01T18:00+01:00` (without a zone: this machine's), or a time
    from now on: `36h`, `90min`, `2d`. Raises UsageError."""
    bare = text.strip().lower()
    digits = bare.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = bare[len(digits) :].strip()
    try:
        if unit in _UNITS and digits:
            return now + timedelta(seconds=float(digits) * _UNITS[unit])
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--deadline {text}: write a moment (2026-12-01T18:00) or a time from now (36h, 2d)"
        ) from None
