"""What a client asks first: statuses, priorities, what the server can, which methods it has."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.config import (
    PRIORITIES,
    SPECIAL_STATUSES,
    STATUSES,
    is_closed,
)


def ping(_: Call) -> str:
    """conduit.ping: the name of the machine."""
    return "standin"


def capabilities(_: Call) -> dict[str, Any]:
    """conduit.getcapabilities."""
    return {
        "authentication": ["token", "asymmetric", "session", "sessionless"],
        "signatures": ["consign"],
        "input": ["json", "urlencoded"],
        "output": ["json", "human"],
    }


def statuses(_: Call) -> dict[str, Any]:
    """maniphest.status.search."""
    return {"data": [_status(value) for value in STATUSES]}


def _status(value: str) -> dict[str, Any]:
    status = {"name": STATUSES[value], "value": value, "closed": is_closed(value)}
    special = SPECIAL_STATUSES.get(value)
    return {**status, "special": special} if special else status


def old_statuses(_: Call) -> dict[str, Any]:
    """maniphest.querystatuses; PHP keeps the keys of the filtered list, so it is a map."""
    names = list(STATUSES)
    return {
        "defaultStatus": "open",
        "defaultClosedStatus": "resolved",
        "duplicateStatus": "duplicate",
        "openStatuses": ["open"],
        "closedStatuses": {str(index): name for index, name in enumerate(names) if is_closed(name)},
        "allStatuses": names,
        "statusMap": dict(STATUSES),
    }


def priorities(_: Call) -> dict[str, Any]:
    """maniphest.priority.search."""
    return {
        "data": [
            {
                "name": priority.name,
                "keywords": list(priority.keywords),
                "short": priority.short,
                "color": priority.color,
                "value": priority.value,
            }
            for priority in PRIORITIES
        ]
    }


def nothing_found(call: Call) -> dict[str, Any]:
    """A search in an application that is empty here."""
    return {
        "data": [],
        "maps": {},
        "query": {"queryKey": None},
        "cursor": {"limit": call.get("limit", 100), "after": None, "before": None, "order": None},
    }
