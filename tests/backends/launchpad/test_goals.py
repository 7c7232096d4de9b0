"""A blueprint does not say which series it is a goal of: its series are asked, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.backends.launchpad.recorded import RECORDINGS
from tests.backends.launchpad.test_source import source
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.backends.launchpad.standin.load import load_project
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.errors import Unreachable
from tracker_migrate.interfaces import Reading
from tracker_migrate.model import Key, Relation
from tracker_migrate.testing.loopback import serving

SPEC_A = Key("launchpad:blueprint:lab-alpha/+spec/spec-a")
SPEC_B = Key("launchpad:blueprint:lab-alpha/+spec/spec-b")


@pytest.fixture
def server() -> Iterator[LaunchpadStandIn]:
    """lab-alpha, where spec-a is a goal of trunk (recording coll-lab-alpha-trunk-...)."""
    if not RECORDINGS.is_dir():
        pytest.skip("../shared/recordings is not there")
    made = LaunchpadStandIn()
    load_project(made, RECORDINGS / "projects" / "lab-alpha")
    aim(made, "lab-alpha/trunk")
    with serving(made):
        yield made


def opened(server: LaunchpadStandIn) -> LaunchpadSource:
    made = source(server, "lab-alpha")
    assert isinstance(made, LaunchpadSource)
    return made


def aim(server: LaunchpadStandIn, series: str) -> None:
    """Make spec-a a goal of a series, and of no other."""
    with server.lock, server.store.transaction():
        server.store.db.execute("DELETE FROM relation WHERE name = 'goal'")
        server.store.relate("goal", series, "lab-alpha/+spec/spec-a")


def goals(source: LaunchpadSource, of: Key) -> list[Relation]:
    read = source.read(of)
    assert isinstance(read, Reading)
    return [one for one in read.issue.relations if one.kind == "goal"]


def asked(server: LaunchpadStandIn) -> int:
    return sum(server.requests.values())


def test_a_goal_names_its_series(server: LaunchpadStandIn) -> None:
    made = opened(server)
    (goal,) = goals(made, SPEC_A)
    assert (goal.label, goal.to) == ("lab-alpha/trunk", "launchpad:series:lab-alpha/trunk")
    assert goal.url.endswith("/lab-alpha/trunk")
    assert goals(made, SPEC_B) == []


def test_each_series_is_asked_once_in_a_pull(server: LaunchpadStandIn) -> None:
    made = opened(server)
    server.requests.clear()
    goals(made, SPEC_A)
    assert asked(server) == 4 + 3  # the list of series, and each of two
    goals(made, SPEC_B)
    assert asked(server) == 4 + 3 + 4
    aim(server, "lab-alpha/stable")
    made.check()  # the next pull begins
    assert [one.label for one in goals(made, SPEC_A)] == ["lab-alpha/stable"]


@pytest.mark.parametrize("silent", ["trunk/all_specifications", "lab-alpha/series"])
def test_a_list_that_says_nothing_stops_no_blueprint(
    silent: str, server: LaunchpadStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opened(server)
    answer = server.answer

    def odd(request: Any) -> Any:
        if silent in request.path:
            return type(answer(request))(404, b"", {"Content-Type": "text/plain"})
        return answer(request)

    monkeypatch.setattr(server, "answer", odd)
    assert goals(made, SPEC_A) == []


def test_a_server_that_is_down_is_no_missing_goal(
    server: LaunchpadStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opened(server)

    def down(*_given: Any, **_how: Any) -> Any:
        raise Unreachable("not now")

    monkeypatch.setattr(made._goals, "_read", down)
    with pytest.raises(Unreachable):
        made.read(SPEC_A)
