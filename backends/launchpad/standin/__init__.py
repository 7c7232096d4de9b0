"""The Launchpad stand-in: a small local server that speaks the web service's wire."""

from __future__ import annotations

from collections.abc import Sequence

from tracker_migrate.backends.launchpad.standin.dump import load_dump
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.load import load_project, load_spec, load_wire
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.testing.loopback import arguments, run_alone

__all__ = [
    "LaunchpadStandIn",
    "generate",
    "load_dump",
    "load_project",
    "load_spec",
    "load_wire",
    "main",
]


def main(argv: Sequence[str] | None = None) -> None:
    """Run a stand-in alone."""
    given = arguments(argv, "a small Launchpad")
    standin = LaunchpadStandIn(given.data)
    for spec in given.load:
        load_spec(standin, spec)
    run_alone(standin, given.port)
