"""StoryBoard as a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_migrate.interfaces import Planner, Sink

#: the version of `interfaces` that this is written for
INTERFACE = 1


def open_sink(
    address: str,
    options: Mapping[str, Any],
    token: str | None,
    outsider_token: str | None = None,
) -> Sink:
    """A sink for the StoryBoard whose API is at `address`. Asks the server nothing yet.

    Raises UsageError that names every wrong setting.
    """
    from tracker_migrate.backends.storyboard.options import read_options
    from tracker_migrate.backends.storyboard.sink import StoryBoardSink

    return StoryBoardSink(address, read_options(options), token, outsider_token)


def open_planner(options: Mapping[str, Any]) -> Planner:
    """The planner alone: no server is needed. Raises UsageError that names every wrong setting."""
    from tracker_migrate.backends.storyboard.options import read_options
    from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner

    return StoryBoardPlanner(read_options(options).files)
