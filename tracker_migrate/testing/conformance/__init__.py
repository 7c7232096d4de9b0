"""The suites that a planner, a sink and a source must pass; see `docs/plugins.md`.

Subclass one in a test module of your own, and give it its fixture:

    PlannerConformance   planned: PlannerUnderTest(planner, decisions)
    SinkConformance      target: a SinkUnderTest of yours
    SourceConformance    origin: a SourceUnderTest of yours

They run the very engine that the command line runs, so they stand above it.
"""

from tracker_migrate.testing.conformance.decided import Decided
from tracker_migrate.testing.conformance.laws import LawBroken
from tracker_migrate.testing.conformance.origin import SourceUnderTest
from tracker_migrate.testing.conformance.planner import PlannerConformance, PlannerUnderTest
from tracker_migrate.testing.conformance.sink import SinkConformance
from tracker_migrate.testing.conformance.source import SourceConformance
from tracker_migrate.testing.conformance.target import NotShown, SinkUnderTest

__all__ = [
    "Decided",
    "LawBroken",
    "NotShown",
    "PlannerConformance",
    "PlannerUnderTest",
    "SinkConformance",
    "SinkUnderTest",
    "SourceConformance",
    "SourceUnderTest",
]
