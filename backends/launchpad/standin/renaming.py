"""A rename: every stored path that is, or starts with, the old one becomes the new one.

Facts: the old address is 404 afterwards, without a redirect; links elsewhere follow at once.
"""

from __future__ import annotations

import json
from typing import Any

from tracker_migrate.backends.launchpad.standin.store import Store

#: columns that hold paths
_PATHS = {
    "bug": ("owner", "home"), "task": ("target", "pillar", "assignee", "milestone", "owner"),
    "message": ("owner",), "item": ("path", "parent"), "relation": ("source", "target"),
    "policy": ("pillar", "person"), "access": ("person",), "token": ("person",),
}  # fmt: skip
_DATA = ("bug", "task", "message", "activity", "item")


def rename(store: Store, old: str, new: str) -> None:
    """Rename a person, a project, a blueprint or a milestone everywhere."""
    for table, columns in _PATHS.items():
        for column in columns:
            store.db.execute(
                f"UPDATE {table} SET {column}=? || substr({column}, ?) "
                f"WHERE {column}=? OR {column} LIKE ?",
                (new, len(old) + 1, old, f"{_escaped(old)}/%"),
            )
    if old.startswith("~"):
        _rename_subscriptions(store, old[1:], new[1:])
    for table in _DATA:
        _rename_in_data(store, table, old, new)
    _rename_task_names(store, old, new)


def _escaped(path: str) -> str:
    return path.replace("%", "").replace("_", "_")


def _rename_subscriptions(store: Store, old: str, new: str) -> None:
    mark = "/+subscription/"
    store.db.execute(
        "UPDATE item SET path='bugs/'||bug||? WHERE kind='bug_subscription' AND path LIKE ?",
        (f"{mark}{new}", f"bugs/%{mark}{old}"),
    )


def _rename_in_data(store: Store, table: str, old: str, new: str) -> None:
    rows = store.rows(f"SELECT rowid, data FROM {table} WHERE data LIKE ?", f'%"{old}%')
    for row, text in rows:
        data = {name: _renamed(name, value, old, new) for name, value in json.loads(text).items()}
        changed = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        store.db.execute(f"UPDATE {table} SET data=? WHERE rowid=?", (changed, row))


def _renamed(name: str, value: Any, old: str, new: str) -> Any:
    if isinstance(value, list) and name == "affected":
        return [_renamed("_link", one, old, new) for one in value]
    if not name.endswith("_link") or not isinstance(value, str):
        return value
    if value == old or value.startswith(f"{old}/"):
        return new + value[len(old) :]
    return value


def _rename_task_names(store: Store, old: str, new: str) -> None:
    """A task's bug_target_name is the target's path, for projects and their series."""
    store.db.execute(
        "UPDATE task SET name=target, data=json_set(data, '$.bug_target_name', target) "
        "WHERE pillar=? AND name LIKE ?", (new, f"{old}%"),
    )  # fmt: skip
