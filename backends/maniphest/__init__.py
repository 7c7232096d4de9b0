"""Maniphest, the bug tracker of Phorge and Phabricator, as a target."""

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
    """A sink for the server at an address, such as `https://phorge.example.org`.

    token: a Conduit API token of the importer. outsider_token: of somebody who may read nothing
    that is closed, to prove it; several are parted by white space. Nothing is asked of the server
    yet. Raises UsageError with all mistakes of the options, LoginNeeded without a token.
    """
    from tracker_migrate.backends.maniphest.client import Conduit
    from tracker_migrate.backends.maniphest.options import checked
    from tracker_migrate.backends.maniphest.sink import ManiphestSink
    from tracker_migrate.checked import web_address
    from tracker_migrate.errors import UsageError

    own = checked(options)
    try:
        base = web_address(address).rstrip("/").removesuffix("/api")
    except ValueError as error:
        raise UsageError(f"address: {error} (that of Phorge's pages)") from None

    def client(secret: str | None) -> Conduit:
        return Conduit(
            base,
            secret,
            timeout=own.timeout,
            connections=own.connections,
            per_second=own.per_second,
            patience=own.patience,
        )

    outsiders = [client(one) for one in (outsider_token or "").split()]
    return ManiphestSink(base, own, client(token), outsiders)


def check_address(address: str) -> None:
    """Raise UsageError unless this may be the address of a server."""
    from tracker_migrate.checked import web_address
    from tracker_migrate.errors import UsageError

    try:
        web_address(address)
    except ValueError as error:
        raise UsageError(f"{error} (that of Phorge's pages)") from None


def plain_address(address: str) -> str:
    """One spelling of an address: that of the API and that of the pages are one server's."""
    return address.removesuffix("/api")


def open_planner(options: Mapping[str, Any]) -> Planner:
    """The planner alone: no server is needed. Raises UsageError that names every wrong setting."""
    from tracker_migrate.backends.maniphest.options import checked
    from tracker_migrate.backends.maniphest.planner import ManiphestPlanner

    return ManiphestPlanner(checked(options))
