"""For those who write a source or a sink: the suites that it must pass, and what they are made of.

    from tracker_migrate.testing import SinkConformance, SinkUnderTest

conformance: the suites (they need pytest and hypothesis: `pip install tracker-migrate[testing]`).
memory: a source and a sink without a wire. loopback: what a stand-in is built on. proxy: stands
before any HTTP server, and misbehaves. faults: the words for how. samples, strategies: issues.
Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_migrate.testing.conformance import (
        Decided,
        LawBroken,
        NotShown,
        PlannerConformance,
        PlannerUnderTest,
        SinkConformance,
        SinkUnderTest,
        SourceConformance,
        SourceUnderTest,
    )

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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("tracker_migrate.testing.conformance"), name)
