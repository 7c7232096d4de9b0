"""The suite of a sink, whole."""

from __future__ import annotations

from tracker_migrate.testing.conformance.back import BackChecks
from tracker_migrate.testing.conformance.closed import ClosedChecks
from tracker_migrate.testing.conformance.fed import FedChecks
from tracker_migrate.testing.conformance.moved import MovedChecks
from tracker_migrate.testing.conformance.once import OnceChecks
from tracker_migrate.testing.conformance.ours import OursChecks
from tracker_migrate.testing.conformance.told import ToldChecks


class SinkConformance(
    ToldChecks, OnceChecks, OursChecks, ClosedChecks, MovedChecks, BackChecks, FedChecks
):
    """All that a sink must keep. Subclass it, and give a fixture `target`:

    class TestMine(SinkConformance):
        @pytest.fixture
        def target(self):
            with my_server() as server:
                yield MineUnderTest(server)
    """
