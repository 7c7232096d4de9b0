"""Made-up projects."""

from __future__ import annotations

from .server import LaunchpadStandIn


def generate_from_spec(standin: LaunchpadStandIn, spec: str) -> None:
    """Not yet."""
    raise NotImplementedError
