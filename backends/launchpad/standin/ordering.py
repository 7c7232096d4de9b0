"""order_by of searchTasks, and the trap in it: two orders have no tie-breaker.

Fact: by date_last_updated or datecreated alone, rows of the same date come in another order on
another page, so that a walk by offset sees some twice and others never (698 distinct of 700).
"""

from __future__ import annotations

from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.wadl_options import STATUSES

_IMPORTANCE_ORDER = ("Undecided", "Wishlist", "Low", "Medium", "High", "Critical", "Unknown")


def _case(column: str, words: tuple[str, ...]) -> str:
    whens = " ".join(
        "WHEN '{}' THEN {}".format(word.replace("'", "''"), n) for n, word in enumerate(words)
    )
    return f"CASE {column} {whens} END"


_KEYS = {
    "id": "t.bug",
    "task": "t.id",
    "importance": _case("t.importance", _IMPORTANCE_ORDER),
    "status": _case("t.status", STATUSES),
    "assignee": "t.assignee",
    "targetname": "t.name",
    "information_type": "b.info",
    "title": "b.title",
    "milestone": "t.milestone",
    "milestone_name": "t.milestone",
    "dateassigned": "t.assigned",
    "datecreated": "t.created",
    "date_last_updated": "b.updated",
    "date_closed": "t.closed",
    "number_of_duplicates": "b.duplicates",
    "message_count": "b.messages",
    "users_affected_count": "b.affected",
    "heat": "b.heat",
    "latest_patch_uploaded": "b.patch",
    "reporter": "b.owner",
    "tag": "(SELECT min(tag) FROM tag WHERE tag.bug=b.id)",
}
_UNAMBIGUOUS = ("id", "task")
_UNTIED = ("date_last_updated", "datecreated")


def order_sql(names: list[str], offset: int, number: str = "t.bug") -> str:
    """The ORDER BY of a page that starts at `offset`; `number` is the column of bug numbers."""
    names = names or ["-importance"]
    plain = [name.removeprefix("-") for name in names]
    for name in plain:
        if name not in _KEYS:
            raise Refusal(400, f"order_by: Unrecognized order_by: {[name]!r}")
    keys = {**_KEYS, "id": number}
    parts = [keys[p] + (" DESC" if n != p else "") for n, p in zip(names, plain, strict=True)]
    if any(name in _UNAMBIGUOUS for name in plain):
        return ", ".join(parts)
    if any(name in _UNTIED for name in plain):
        return ", ".join([*parts, f"(t.bug * 7919 + {offset} * 104729) % 10007"])
    return ", ".join([*parts, "t.bug"])
