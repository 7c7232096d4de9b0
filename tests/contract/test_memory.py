"""The memory sink keeps the laws, in both of its modes; so does the memory source."""

from __future__ import annotations

import pytest

from tests.contract.memory import MemoryUnderTest
from tests.contract.memory_source import MemorySourceUnderTest
from tracker_migrate.testing.conformance import SourceConformance
from tracker_migrate.testing.conformance.once import OnceChecks
from tracker_migrate.testing.conformance.ours import OursChecks
from tracker_migrate.testing.conformance.sink import SinkConformance


class TestMemory(SinkConformance):
    @pytest.fixture(params=["ours", "theirs"])
    def target(self, request: pytest.FixtureRequest) -> MemoryUnderTest:
        return MemoryUnderTest(request.param)


class TestMemoryThatKeepsNumbers(OnceChecks, OursChecks):
    @pytest.fixture
    def target(self) -> MemoryUnderTest:
        return MemoryUnderTest("ours", keep=True)


class TestMemorySource(SourceConformance):
    @pytest.fixture
    def origin(self) -> MemorySourceUnderTest:
        return MemorySourceUnderTest()
