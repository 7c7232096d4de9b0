"""Plots and pages: well made, for every reader, with nothing unescaped."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tracker_migrate.report import pages
from tracker_migrate.report.plots import (
    Point,
    Series,
    Stack,
    columns,
    count,
    curve,
    hours,
    share,
    ticks,
)

SERIES = [Series("open", "open-1"), Series("closed <b>", "closed-1")]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(plot: str) -> list[ElementTree.Element]:
    """The drawings of a plot, parsed as strictly as XML is."""
    text = f'<div xmlns="http://www.w3.org/2000/svg">{plot}</div>'
    return list(ElementTree.fromstring(text).iter(f"{SVG}svg"))


def stacks(count: int) -> list[Stack]:
    return [Stack(str(2000 + n), (float(n), float(count - n))) for n in range(count)]


@pytest.mark.parametrize("many", [0, 1, 3, 40])
def test_columns_are_drawn_wide_and_narrow_within_their_frame(many: int) -> None:
    for svg in drawn(columns("By year", "what it is", stacks(many), SERIES, "issues")):
        width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
        for box in svg.iter(f"{SVG}rect"):
            at = {name: float(box.attrib[name]) for name in ("x", "y", "width", "height")}
            assert at["x"] >= 0
            assert at["x"] + at["width"] <= width
            assert at["y"] >= 0
            assert at["y"] + at["height"] <= height
            assert min(at["width"], at["height"]) >= 0


def test_a_plot_says_what_it_shows_to_who_can_not_see_it() -> None:
    for svg in drawn(columns("By year", "so many of each", stacks(3), SERIES, "issues")):
        named = svg.attrib["aria-labelledby"].split()
        told = {one.attrib.get("id"): one.text for one in svg.iter()}
        assert [told[name] for name in named] == ["By year", "so many of each"]
        assert "2001, open: 1" in [one.text for one in svg.iter(f"{SVG}title")]


def test_two_drawings_share_no_id() -> None:
    both = columns("A", "b", stacks(2), SERIES, "n") + curve("B", "c", [Point(1, 1)], "x", "y")
    ids = re.findall(r'id="([^"]+)"', both)
    assert len(ids) == len(set(ids)) == 8


def test_nothing_comes_through_unescaped() -> None:
    bad = "<script>&\"'"
    plot = columns(bad, bad, [Stack(bad, (1.0, 2.0))], [Series(bad, bad), SERIES[1]], bad)
    plot += curve(bad, bad, [Point(1, 0.5, bad)], bad, bad) + share([(Series(bad, bad), 1)])
    assert "<script" not in plot
    assert drawn(plot)


def test_parts_of_a_share_fill_it() -> None:
    boxes = re.findall(
        r'x="([\d.]+)"[^>]* width="([\d.]+)"', share(zip(SERIES, (1, 3), strict=True))
    )
    assert [(float(x), float(w)) for x, w in boxes] == [(0, 25), (25, 75)]
    assert share([(SERIES[0], 0)]).count("<rect") == 1


@pytest.mark.parametrize("most", [0, 1, 3, 7, 60, 61, 999, 12345])
def test_an_axis_has_few_round_steps_and_room_for_all(most: int) -> None:
    found = ticks(most)
    assert found[0] == 0
    assert found[-1] >= most
    assert len(found) <= 6
    assert all(step == int(step) for step in found)


def test_numbers_are_for_people() -> None:
    assert [count(n) for n in (0, 1234, 1234567, 0.5)] == [
        "0",
        "1\u202f234",
        "1\u202f234\u202f567",
        "0.5",
    ]
    assert [hours(n) for n in (0, 0.2, 40, 600)] == ["0 s", "< 1 s", "40 s", "10.0 min"]


def test_a_page_that_would_be_too_large_names_fewer_issues() -> None:
    seen: list[int] = []

    def made(most: int) -> str:
        seen.append(most)
        return "x" * most * 20_000

    assert len(pages.fitting(made)) <= pages.LARGEST
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < seen[0]


def test_a_page_asks_for_nothing_and_escapes_all() -> None:
    template = '{% extends "page" %}{% block name %}{{ name }}{% endblock %}'
    page = pages.render(template, name="<script>alert(1)</script>")
    assert "<script" not in page
    assert not re.search(r"<(link|img|iframe|object)\b|@import|url\(", page)
