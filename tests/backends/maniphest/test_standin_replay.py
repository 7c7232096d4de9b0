"""The stand-in answers as the real server did, and a wrong answer would be noticed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.backends.maniphest.standin_compare import Path, differences, rule_for
from tests.backends.maniphest.standin_recordings import available, scenario_names
from tests.backends.maniphest.standin_replay import Replayed, Result, replay
from tests.backends.maniphest.standin_singles import play_singles
from tests.backends.maniphest.standin_summary import replay_summary
from tracker_migrate.backends.maniphest.standin.methods import METHODS

pytestmark = pytest.mark.skipif(
    not available(), reason="the recordings of the real server are not beside the project"
)
NAMES = scenario_names() if available() else []
MUTATIONS_EACH = 24  # of each scenario


@pytest.mark.parametrize("name", NAMES)
def test_scenario_is_answered_as_recorded(name: str) -> None:
    assert replay(name).problems == []


def test_single_exchanges_are_answered_as_recorded() -> None:
    assert play_singles().problems == []


def test_numbers_do_not_shrink() -> None:
    summary = replay_summary()
    assert summary["scenarios"] == summary["scenarios matching"] >= 18
    for kind, least in (("scenario exchanges", 1040), ("single exchanges", 125)):
        assert summary[kind]["matching"] == summary[kind]["compared"] >= least


def test_only_what_the_product_never_asks_is_left_out() -> None:
    """Every method of the stand-in is compared wherever it was recorded as a Conduit answer."""
    left_out = [result for each in _all() for result in each.results if result.left_out]
    asked = [each for each in left_out if each.exchange.method in METHODS]
    reasons = {each.left_out for each in asked}
    assert len(asked) == 5  # a page for browsers, two written with SQL, two of the web server
    assert len(reasons) == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_recording_is_noticed(name: str) -> None:
    played = replay(name)
    chance = random.Random(name)
    results = [each for each in played.compared if isinstance(each.recorded, dict)]
    for _ in range(MUTATIONS_EACH):
        result = chance.choice(results)
        path = chance.choice(_paths(result))
        wrong = _changed(result.recorded, path)
        found = list(differences(result.exchange.method, wrong, result.ours, played.binding))
        assert found, f"{name} [{result.exchange.number}]: a change at {path} went unseen"


def test_enough_mutations_are_drawn() -> None:
    assert MUTATIONS_EACH * len(NAMES) >= 200


def test_a_missing_and_a_surplus_item_are_noticed() -> None:
    played = replay("newest-first-paging")
    result = next(each for each in played.compared if (each.recorded["result"] or {}).get("data"))
    answer, data = result.recorded, result.recorded["result"]["data"]
    for items in (data[1:], [*data, data[-1]], data[::-1]):
        wrong = {**answer, "result": {**answer["result"], "data": items}}
        assert list(differences(result.exchange.method, wrong, result.ours, played.binding))


# -- changing one thing ---------------------------------------------------------------------


def _all() -> list[Replayed]:
    return [*(replay(name) for name in NAMES), play_singles()]


def _paths(result: Result) -> list[Path]:
    """The leaves of an answer that the table of normalised things does not cover."""
    method = result.exchange.method
    return [
        path
        for path, value, around in _leaves((), result.recorded, {})
        if rule_for(method, path, value, around) is None and _is_ours(method, path)
    ]


def _is_ours(method: str | None, path: Path) -> bool:
    # conduit.query tells of applications that the stand-in does not have
    return method != "conduit.query" or len(path) < 2 or path[1] in METHODS


def _leaves(
    path: Path, value: Any, around: dict[str, Any]
) -> Iterator[tuple[Path, Any, dict[str, Any]]]:
    if isinstance(value, dict) and value:
        around = value if "type" in value and "fields" in value else around
        for key, item in value.items():
            yield from _leaves((*path, key), item, around)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves((*path, index), item, around)
    else:
        yield path, value, around


def _changed(value: Any, path: Path) -> Any:
    """The value with another one at the end of the path."""
    if not path:
        return _another(value)
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = _changed(value[path[0]], path[1:])
    return copy


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case None:
            return 0
        case list():
            return ["x"]
    return {"x": 1}
