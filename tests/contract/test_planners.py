"""The planners keep the laws of planners."""

from __future__ import annotations

import pytest

from tests.contract.wire import LAUNCHPAD
from tracker_migrate import registry
from tracker_migrate.interfaces import Account, Audience, Planner
from tracker_migrate.testing.conformance.decided import Decided, shipped_states
from tracker_migrate.testing.conformance.planner import PlannerConformance, PlannerUnderTest
from tracker_migrate.testing.memory import MemoryPlanner
from tracker_migrate.testing.samples import Names

SOMEBODY = Account(id="2", name="Jane Doe")
FEW = Audience(name="few", users=("7",))


def planned(planner: Planner, names: Names, policy: Audience) -> PlannerUnderTest:
    tables = shipped_states(planner.tracker)
    return PlannerUnderTest(planner, Decided(names, tables, policy, SOMEBODY))


class TestMemory(PlannerConformance):
    @pytest.fixture(params=["ours", "theirs"])
    def planned(self, request: pytest.FixtureRequest) -> PlannerUnderTest:
        return planned(MemoryPlanner(request.param), Names(), FEW)


FOLDER = {"folder": "/srv/files", "address": "https://files.example"}
CLOSED = {"private_folder": "/srv/closed", "private_address": "https://closed.example"}


class TestStoryBoard(PlannerConformance):
    @pytest.fixture(params=[{}, {"files": FOLDER}, {"files": {**FOLDER, **CLOSED}}])
    def planned(self, request: pytest.FixtureRequest) -> PlannerUnderTest:
        made = planned(registry.planner("storyboard", request.param), LAUNCHPAD, FEW)
        made.decisions.options = request.param
        return made


class TestManiphest(PlannerConformance):
    @pytest.fixture(params=["subtasks", "one"])
    def planned(self, request: pytest.FixtureRequest) -> PlannerUnderTest:
        policy = Audience(name="few", groups=("PHID-PROJ-aaaaaaaaaaaaaaaaaaaa",))
        made = planned(registry.planner("maniphest", {}), LAUNCHPAD, policy)
        made.decisions.options = {"task_mode": request.param}
        return made
