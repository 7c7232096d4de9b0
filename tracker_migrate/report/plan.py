"""A plan as one page: what would be written and why, what would be lost, who is left without an
account, how long it takes. Each figure opens the issues behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from tracker_migrate.engine.overview import WITHHELD, Overview, State
from tracker_migrate.engine.some import NAMED, Some
from tracker_migrate.report.pages import fitting, render
from tracker_migrate.report.plan_page import PAGE
from tracker_migrate.report.plots import Point, Series, Stack, columns, count, curve, hours, share

OUTCOMES = tuple(Series(name, name) for name in ("native", "text", "lost"))
_OPS = ("create", "update", "unchanged", "stuck", "refuse")
_OF_OP = {
    "create": ("of which something is new", "create"),
    "update": ("changed only", "update"),
    "unchanged": ("as they were written", "unchanged"),
    "stuck": ("stuck: what changed, the target can't change", "warn"),
    "refuse": ("for the reasons below", "refuse"),
}
_SHADES = 4
#: where a plot of the people says how far that many accounts go
_FAR = 0.8


class FieldFate(msgspec.Struct, kw_only=True):
    """What becomes of a field: the issues by outcome, and why it is lost where it is."""

    name: str
    native: Some = msgspec.field(default_factory=Some)
    text: Some = msgspec.field(default_factory=Some)
    lost: Some = msgspec.field(default_factory=Some)
    reasons: list[tuple[str, Some]] = msgspec.field(default_factory=list)


class Legend(msgspec.Struct, frozen=True):
    """A state as a plot shows it: states that are rare are one. years: by year."""

    series: Series
    all: Some
    years: dict[str, Some]


def page(found: Overview) -> str:
    """The page. Every text is escaped."""
    legends = list(_legends(found))
    fates = sorted(_fields(found), key=lambda one: (-one.lost.issues, one.name))
    values = {
        "it": found,
        "plan": found.planned,
        "ops": [(op, *_OF_OP[op], found.ops[op]) for op in _OPS if op in found.ops],
        "kinds": _kinds(found),
        "reasons": sorted(found.reasons.items(), key=lambda one: (one[0][0], -one[1].issues)),
        "lost": [one for one in fates if one.lost.issues],
        "kept": sorted((one for one in fates if not one.lost.issues), key=lambda one: one.name),
        "places": [(one, _places(found, one.name)) for one in OUTCOMES],
        "years": _plot_of_years(found, legends),
        "legends": legends,
        "people": _plot_of_people(found),
        "covered": _covered(found),
        "requests": _requests(found),
        "share": _share_of_field,
        "bar": _bar,
        "hours": hours,
        "outcomes": OUTCOMES,
    }
    return fitting(lambda most: render(PAGE, most=most, **values))


# -- what is lost ---------------------------------------------------------------------------------


def _fields(found: Overview) -> Iterable[FieldFate]:
    fields: dict[str, FieldFate] = {}
    for (name, outcome), some in found.fields.items():
        setattr(fields.setdefault(name, FieldFate(name=name)), outcome, some)
    for fate, some in found.fates.items():
        if fate.outcome == "lost":
            fields[f"{fate.entity}.{fate.field}"].reasons.append((fate.reason, some))
    for one in fields.values():
        one.reasons.sort(key=lambda reason: -reason[1].issues)
    return fields.values()


def _places(found: Overview, outcome: str) -> int:
    return sum(some.places for fate, some in found.fates.items() if fate.outcome == outcome)


def _share_of_field(one: FieldFate) -> str:
    return share((of, getattr(one, of.name).places) for of in OUTCOMES)


def _bar(value: float, of: float, css: str, name: str) -> str:
    return share([(Series(name, css), value)], of)


# -- issues by state and year ---------------------------------------------------------------------


def _legends(found: Overview) -> Iterator[Legend]:
    """The states, those with something left to do first; of each sort the most frequent have a
    shade of their own, the others share one."""
    sums: Counter[State] = Counter()
    for states in found.years.values():
        sums.update({state: some.issues for state, some in states.items()})
    ordered = [state for state, _ in sums.most_common() if state.name != WITHHELD]
    for complete, css in ((False, "open"), (True, "closed")):
        of = [state for state in ordered if state.complete == complete]
        single = of if len(of) <= _SHADES else of[: _SHADES - 1]
        for shade, state in enumerate(single, 1):
            yield _legend(found, state.name, f"{css}-{shade}", [state])
        if others := of[len(single) :]:
            yield _legend(found, f"other {css} states", f"{css}-{_SHADES}", others)
    if any(state.name == WITHHELD for state in sums):
        withheld = [state for state in sums if state.name == WITHHELD]
        yield _legend(found, WITHHELD, "unchanged", withheld)


def _legend(found: Overview, name: str, css: str, states: list[State]) -> Legend:
    legend = Legend(Series(name, css), Some(), {})
    for year, held in found.years.items():
        for state in states:
            if state in held:
                _join(legend.all, held[state])
                _join(legend.years.setdefault(year, Some()), held[state])
    return legend


def _plot_of_years(found: Overview, legends: list[Legend]) -> str:
    stacks = [
        Stack(year, tuple(one.years[year].issues if year in one.years else 0 for one in legends))
        for year in _every_year(found)
    ]
    told = ", ".join(f"{count(one.all.issues)} {one.series.name}" for one in legends)
    about = f"Issues by the year in which they were filed, stacked by state. In all: {told}."
    return columns(
        "Issues by year and state", about, stacks, [one.series for one in legends], "issues"
    )


def _every_year(found: Overview) -> list[str]:
    """The years from the first to the last, those without an issue, too."""
    known = [int(year) for year in found.years if year.isdigit()]
    years = [str(year) for year in range(min(known), max(known) + 1)] if known else []
    return ["?", *years] if "?" in found.years else years


def _join(some: Some, other: Some) -> None:
    """Add issues to some others; none is among both."""
    some.issues += other.issues
    some.places += other.places
    some.named = [*some.named, *other.named][:NAMED]


# -- people ---------------------------------------------------------------------------------------


def _covered(found: Overview) -> float:
    """The part of all mentions that have an account, or are a bot's."""
    have = found.mapped + found.bots
    return found.coverage[have - 1] if have else 0.0


def _plot_of_people(found: Overview) -> str:
    have, covered = found.mapped + found.bots, _covered(found)
    far = next((n for n, part in enumerate(found.coverage, 1) if part >= _FAR), 0)
    labels = {far: f"{count(far)} accounts: {_FAR:.0%}"} if far > have else {}
    if have:
        labels[have] = f"now {count(have)}: {covered:.0%}"
    points = [
        Point(place, part, labels.get(place, ""))
        for place, part in enumerate(found.coverage, 1)
        if place in labels or place == len(found.coverage) or _is_worth_a_point(place, found)
    ]
    about = (
        f"{count(found.persons)} people are named {count(found.mentions)} times. The line says "
        f"which part of that has an account if the first so many have one: now {covered:.0%}."
    )
    return curve("What accounts for people cover", about, points, "people", "of all mentions")


def _is_worth_a_point(place: int, found: Overview) -> bool:
    """Every person in a short list, every so many in a long one: a line has no more pixels."""
    return place % max(1, len(found.coverage) // 400) == 0


# -- objects and requests -------------------------------------------------------------------------


def _kinds(found: Overview) -> list[tuple[str, int, int]]:
    """Kinds of objects, how many are created, how many changed; most first."""
    plan = found.planned
    names = {*plan.create, *plan.update}
    rows = [(name, plan.create[name], plan.update[name]) for name in names]
    return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))


def _requests(found: Overview) -> list[tuple[str, int, float | None]]:
    """Kinds of requests, how many, and their seconds; those that take longest first."""
    plan = found.planned
    rows = [
        (kind, n, plan.seconds.get(kind) if plan.seconds is not None else None)
        for kind, n in plan.requests.items()
    ]
    return sorted(rows, key=lambda row: (-(row[2] or 0), -row[1], row[0]))
