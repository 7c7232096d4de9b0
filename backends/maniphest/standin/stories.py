"""feed.query: what happened on the server, as stories; background workers write them."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.maniphest.standin import params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.names import by_phid

_LARGEST = 500


def query(call: Call) -> Any:
    """The newest stories about what the caller can see, by their PHIDs; none without daemons."""
    limit = min(params.integer("limit", call.get("limit") or 100, call.strict), _LARGEST)
    if not call.site.daemons:
        return []
    sql = "SELECT max(id), grp, object, author, max(created) FROM xaction_task GROUP BY grp"
    rows = call.site.store.rows(f"{sql} ORDER BY max(id) DESC", [])
    seen = [row for row in rows if by_phid(call, row[2]) is not None]
    return {f"PHID-STRY-{row[1][:20]}": _story(*row) for row in seen[:limit]} or []


def _story(number: int, group: str, of: str, author: str, created: int) -> dict[str, Any]:
    return {
        "class": "PhabricatorApplicationTransactionFeedStory",
        "epoch": created,
        "authorPHID": author,
        "chronologicalKey": str((created << 32) + number),
        "data": {"objectPHID": of, "transactionPHIDs": {}},
    }
