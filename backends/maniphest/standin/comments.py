"""Comments as transaction.search tells them: what was edited keeps all versions, what was removed
none. Only the web pages can do either (facts 2); here an order stands for them."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.maniphest.standin.store import Store


def versions(
    store: Store, xaction: str, author: str, created: int, number: int, phid: str, text: str
) -> list[dict[str, Any]]:
    """All versions of a comment, the newest first. xaction: its transaction; the rest: its first
    version."""
    columns = "version, id, phid, author, created, removed, text"
    sql = f"SELECT {columns} FROM version WHERE xaction = ? ORDER BY version DESC"
    rows = [*store.rows(sql, [xaction]), (1, number, phid, author, created, 0, text)]
    # the removal of a comment takes the words out of every version, and marks only its own
    blank = bool(rows[0][5])
    return [_told(*row, blank=blank) for row in rows]


def _told(
    version: int,
    number: int,
    phid: str,
    author: str,
    created: int,
    removed: int,
    text: str,
    *,
    blank: bool,
) -> dict[str, Any]:
    return {
        "id": number,
        "phid": phid,
        "version": version,
        "authorPHID": author,
        "dateCreated": created,
        "dateModified": created,
        "removed": bool(removed),
        "content": {"raw": "" if blank else text},
    }


def change(store: Store, xaction: str, author: str, text: str | None) -> None:
    """Somebody edits the comment of a transaction, or removes it (`text` None)."""
    last = store.value("SELECT max(version) FROM version WHERE xaction = ?", [xaction]) or 1
    row = {
        "xaction": xaction,
        "version": last + 1,
        "id": store.take("comment"),
        "phid": store.phid("XCMT"),
        "author": author,
        "created": store.now(),
        "removed": int(text is None),
        "text": text or "",
    }
    store.insert("version", row)
