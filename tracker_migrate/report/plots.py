"""Plots as inline SVG: no script, no other file; light, dark, printed, and on a telephone.

Each plot is drawn twice, wide and narrow, so that its letters keep their size; the style of
`report.pages` shows the one that fits. Colours are classes of that style, never values, so that a
plot follows the page. Each says what it shows in its title and description, for who can't see it,
and every mark says its own value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from markupsafe import Markup, escape

#: width of the two drawings, in pixels
WIDE, NARROW = 760, 340
_HEIGHT = 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 26, 24
#: what a label below the axis needs, in pixels; a column is no wider than this
_LABEL, _COLUMN = 34, 44
_STEPS = 5


class Series(msgspec.Struct, frozen=True):
    """One kind of mark: what it is called, and the class that has its colour."""

    name: str
    css: str


class Stack(msgspec.Struct, frozen=True):
    """One column: its label, and a value for each series, from the base up."""

    label: str
    parts: tuple[float, ...]


class Point(msgspec.Struct, frozen=True):
    """A place on a curve. label: what stands beside it, if anything does."""

    x: float
    y: float
    label: str = ""


def columns(
    title: str, about: str, stacks: Sequence[Stack], series: Sequence[Series], over: str
) -> Markup:
    """Columns of stacked values. over: what the values count (`issues`), above their axis."""
    return _figure(title, about, lambda width: _columns(stacks, series, over, width))


def curve(title: str, about: str, points: Sequence[Point], x: str, y: str) -> Markup:
    """A line that begins at nought and rises to 1 at most, y being parts of a whole; a mark where a
    point has a label. x, y: what the axes count."""
    return _figure(title, about, lambda width: _curve(points, x, y, width))


def share(parts: Iterable[tuple[Series, float]], of: float | None = None) -> Markup:
    """One bar, as wide as its place: the parts of a whole. of: the whole, if the parts do not make
    it up. The text beside it has to tell the same: it is no more than a look at it."""
    held = list(parts)
    whole = of if of is not None else sum(value for _, value in held)
    marks, at = [], 0.0
    for one, value in held:
        wide = 100 * value / whole if whole else 0.0
        told = f"{one.name}: {count(value)}"
        marks.append(_rect(one.css, (at, 0, wide, 10), told) if wide else "")
        at += wide
    return _safe(
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="100" height="10"/>{"".join(marks)}</svg>'
    )


def count(value: float) -> str:
    """A number for people: narrow spaces between thousands, two figures behind the point at
    most."""
    if float(value).is_integer():
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:,.2f}".rstrip("0").rstrip(".").replace(",", "\u202f")


def hours(seconds: float | None) -> str:
    """A time for people, of two figures."""
    if seconds is None:
        return "not known"
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    if 0 < seconds < 0.5:
        return "< 1 s"
    return f"{seconds:.0f} s"


def ticks(most: float) -> list[float]:
    """Whole round values from 0 to at least `most`, five steps at most."""
    step = next(
        size * 10**power
        for power in range(16)
        for size in (1, 2, 5)
        if size * 10**power * _STEPS >= most
    )
    return [float(step * n) for n in range(max(1, int(-(-most // step))) + 1)]


# -- inside ---------------------------------------------------------------------------------------


def _figure(title: str, about: str, draw: Callable[[int], Iterable[str]]) -> Markup:
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    both = (("wide", WIDE), ("narrow", NARROW))
    drawn = [
        f'<div class="{size}-plot"><svg viewBox="0 0 {width} {_HEIGHT}" width="{width}" '
        f'height="{_HEIGHT}" role="img" aria-labelledby="{name}-{size}-t {name}-{size}-d">'
        f'<title id="{name}-{size}-t">{escape(title)}</title>'
        f'<desc id="{name}-{size}-d">{escape(about)}</desc>{"".join(draw(width))}</svg></div>'
        for size, width in both
    ]
    return _safe(f'<div class="plot">{"".join(drawn)}</div>')


def _columns(
    stacks: Sequence[Stack], series: Sequence[Series], over: str, width: int
) -> Iterator[str]:
    marks = ticks(max((sum(one.parts) for one in stacks), default=0))
    yield from _axis(marks, over, width, count)
    room = (width - _LEFT - _RIGHT) / max(len(stacks), 1)
    wide = min(room * 0.76, _COLUMN)
    every = max(1, -(-_LABEL // max(int(room), 1)))
    for place, stack in enumerate(stacks):
        middle = _LEFT + room * (place + 0.5)
        yield from _stack(stack, series, middle - wide / 2, wide, marks[-1])
        if (len(stacks) - 1 - place) % every == 0:  # the last one always has its label
            yield _text(stack.label, middle, _HEIGHT - 7, "middle")


def _stack(
    stack: Stack, series: Sequence[Series], left: float, wide: float, most: float
) -> Iterator[str]:
    base = 0.0
    for one, value in zip(series, stack.parts, strict=True):
        if value:
            top = _y((base + value) / most)
            told = f"{stack.label}, {one.name}: {count(value)}"
            yield _rect(one.css, (left, top, wide, _y(base / most) - top), told)
        base += value


def _curve(points: Sequence[Point], x: str, y: str, width: int) -> Iterator[str]:
    yield from _axis([0, 0.25, 0.5, 0.75, 1], y, width, lambda value: f"{value:.0%}")
    most = max((one.x for one in points), default=1) or 1
    across = width - _LEFT - _RIGHT

    def at(point: Point) -> tuple[float, float]:
        return _LEFT + across * point.x / most, _y(point.y)

    line = " ".join(f"{_n(left)},{_n(top)}" for left, top in map(at, [Point(0, 0), *points]))
    end = f"{_n(_LEFT + across)},{_n(_y(0))}"
    yield f'<polygon class="area" points="{line} {end}"/><polyline class="line" points="{line}"/>'
    yield _text("0", _LEFT, _HEIGHT - 7, "middle")
    yield _text(f"{count(most)} {x}", width - _RIGHT, _HEIGHT - 7, "end")
    for one in (point for point in points if point.label):
        left, top = at(one)
        yield f'<circle class="dot" cx="{_n(left)}" cy="{_n(top)}" r="4"/>'
        far = left > width * 0.6
        beside = (left - 4, "end") if far else (left + 8, "start")
        yield _text(one.label, beside[0], top + 16, beside[1], "told")


def _axis(
    marks: Sequence[float], over: str, width: int, say: Callable[[float], str]
) -> Iterator[str]:
    yield _text(over, 0, 11, "start")
    for value in marks:
        top = _y(value / marks[-1])
        css = "base" if not value else "grid"
        yield f'<line class="{css}" x1="{_LEFT}" x2="{width}" y1="{_n(top)}" y2="{_n(top)}"/>'
        yield _text(say(value), _LEFT - 6, top + 4, "end")


def _y(part: float) -> float:
    return _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)


def _rect(css: str, box: tuple[float, float, float, float], told: str) -> str:
    left, top, wide, high = map(_n, box)
    return (
        f'<rect class="{escape(css)}" x="{left}" y="{top}" width="{wide}" height="{high}">'
        f"<title>{escape(told)}</title></rect>"
    )


def _text(text: str, x: float, y: float, anchor: str, css: str = "") -> str:
    of = f' class="{css}"' if css else ""
    place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"'
    return f"<text{of} {place}>{escape(text)}</text>"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _safe(drawn: str) -> Markup:
    """What was put together here, of escaped pieces."""
    return Markup(drawn)
