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


def check_address(address: str) -> None:
    """Raise UsageError unless this may be the address of a server."""
    from tracker_migrate.checked import web_address
    from tracker_migrate.errors import UsageError

    try:
        web_address(address)
    except ValueError as error:
        raise UsageError(f"{error} (that of its API)") from None


def plain_address(address: str) -> str:
    """One spelling of an address: the API's version goes without saying."""
    return address.removesuffix("/v1")


def open_planner(options: Mapping[str, Any]) -> Planner:
    """The planner alone: no server is needed. Raises UsageError that names every wrong setting."""
    from tracker_migrate.backends.storyboard.options import read_options
    from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner

    return StoryBoardPlanner(read_options(options).files)
