"""The suites can fail: whoever breaks a law is told which one, by the check that is about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.broken_others import PLANNERS, SOURCES
from tests.contract.broken_sinks import SINKS
from tests.contract.memory import MemoryUnderTest
from tests.contract.memory_source import MemorySourceUnderTest
from tests.contract.test_planners import FEW, planned
from tracker_migrate.testing.conformance import (
    LawBroken,
    PlannerConformance,
    SinkConformance,
    SourceConformance,
)
from tracker_migrate.testing.samples import Names


def red(suite: type[Any], check: str, folder: Path, **given: Any) -> LawBroken:
    """Run one check directly; what it says of the law that is broken."""
    method = getattr(suite(), check)
    if "tmp_path" in inspect.signature(method).parameters:
        given["tmp_path"] = folder
    with pytest.raises(LawBroken) as caught:
        method(**given)
    return caught.value


def reads_well(told: LawBroken) -> None:
    """The law, what was seen, what was expected, what to do: a line each."""
    lines = str(told).splitlines()
    assert lines[0].startswith(f"{told.law}: ")
    assert [line.split(":")[0].strip() for line in lines[1:4]] == ["seen", "expected", "to do"]
    assert all(len(line) < 400 for line in lines)


def name(of: Any) -> str:
    return of.__name__ if isinstance(of, type) else str(of)


@pytest.mark.parametrize(("sink", "numbers", "check"), SINKS, ids=name)
def test_a_broken_sink_is_caught(
    sink: Callable[..., Any], numbers: Any, check: str, tmp_path: Path
) -> None:
    reads_well(red(SinkConformance, check, tmp_path, target=MemoryUnderTest(numbers, sink)))


@pytest.mark.parametrize(("planner", "check"), PLANNERS, ids=name)
def test_a_broken_planner_is_caught(planner: Any, check: str, tmp_path: Path) -> None:
    reads_well(red(PlannerConformance, check, tmp_path, planned=planned(planner(), Names(), FEW)))


@pytest.mark.parametrize(("source", "check"), SOURCES, ids=name)
def test_a_broken_source_is_caught(source: Any, check: str, tmp_path: Path) -> None:
    reads_well(red(SourceConformance, check, tmp_path, origin=MemorySourceUnderTest(source)))


def test_most_checks_are_known_to_fail() -> None:
    """A check that no mutant turns red may be one that can't."""
    suites = {
        SinkConformance: {check for _, _, check in SINKS},
        PlannerConformance: {check for _, check in PLANNERS},
        SourceConformance: {check for _, check in SOURCES},
    }
    for suite, caught in suites.items():
        checks = {one for one in dir(suite) if one.startswith("test_")}
        assert caught <= checks
        assert len(caught) / len(checks) > 0.6, sorted(checks - caught)
