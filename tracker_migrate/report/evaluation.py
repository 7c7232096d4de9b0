"""`evaluate` as one page: no script, no other file, works offline. Each figure opens what is behind
it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import msgspec
from markupsafe import Markup

from tracker_migrate.engine.evaluate import Column, Evaluation, Fate, Row
from tracker_migrate.engine.some import Some
from tracker_migrate.report.evaluation_page import PAGE
from tracker_migrate.report.pages import fitting, render
from tracker_migrate.report.plots import Series, Stack, columns, count, hours, share

OUTCOMES = ("native", "text", "lost")
_STATES = {
    "lifted": "lifted",
    "partly": "partly lifted",
    "open": "still there",
    "outside": "not ours to lift",
}


def page(found: Evaluation) -> str:
    """The page. Every text is escaped."""
    values = {
        "it": found,
        "fields": list(fields(found)),
        "outcomes": OUTCOMES,
        "states": _STATES,
        "years": _plot_of_years(found),
        "hours": hours,
        "share": _share,
        "losses": losses,
    }
    return fitting(lambda most: render(PAGE, most=most, **values))


def fields(found: Evaluation) -> Iterator[tuple[str, list[dict[str, Some]]]]:
    """Each field with what becomes of it in each column, by outcome; what is lost comes first."""
    names = sorted({f"{fate.entity}.{fate.field}" for one in found.columns for fate in one.fates})
    rows = [(name, [_by_outcome(one, name) for one in found.columns]) for name in names]
    yield from sorted(rows, key=lambda row: (not any("lost" in one for one in row[1]), row[0]))


def _by_outcome(column: Column, name: str) -> dict[str, Some]:
    of: dict[str, Some] = {}
    for fate in column.fates:
        if f"{fate.entity}.{fate.field}" == name:
            some = of.setdefault(fate.outcome, Some())
            some.places += fate.some.places
            if fate.some.issues > some.issues:
                some.issues, some.whole = fate.some.issues, fate.some.whole
            some.named = some.named or fate.some.named
    return of


class Lost(msgspec.Struct, frozen=True):
    """What a tracker loses, for one reason: fields of an entity, and the issues that have them."""

    what: str
    reason: str
    some: Some


def losses(column: Column) -> list[Lost]:
    """What a column loses, by reason; what most issues lose is first."""
    by_reason: dict[tuple[str, str], list[Fate]] = {}
    for fate in column.fates:
        if fate.outcome == "lost":
            by_reason.setdefault((fate.entity, fate.reason), []).append(fate)
    found = []
    for (entity, reason), fates in by_reason.items():
        widest = max((fate.some for fate in fates), key=lambda some: some.issues)
        names = ", ".join(fate.field for fate in fates)
        found.append(Lost(f"{entity}: {names}", reason, widest))
    return sorted(found, key=lambda one: (-one.some.issues, one.what))


def _share(column: Column) -> Markup:
    return share((Series(name, name), count) for name, count in column.outcomes().items())


def _plot_of_years(found: Evaluation) -> Markup:
    """The issues by year: what is open stands on what is closed."""
    series = [Series("closed", "closed-1"), Series("open", "open-2")]
    stacks = [
        Stack(year, tuple(held.get(one.name, 0) for one in series))
        for year, held in found.years.items()
    ]
    sums = [sum(stack.parts[place] for stack in stacks) for place in (0, 1)]
    about = f"By the year in which they were filed: {count(sums[0])} closed, {count(sums[1])} open."
    return columns("Issues by year", about, stacks, series, "issues")


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The rows as lines of CSV, with a header; those of several projects can be joined."""
    yield "project,sink,field,outcome,n,about,low,high"
    for row in rows:
        line = io.StringIO()
        writer = csv.writer(line, lineterminator="")
        writer.writerow(msgspec.structs.astuple(row))
        yield line.getvalue()
