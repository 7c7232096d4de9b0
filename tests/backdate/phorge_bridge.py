"""The Maniphest stand-in's data in a MariaDB while something works on it there.

The stand-in keeps its data in SQLite, as its wire shows it. It is copied into tables made from the
list of the real ones, in the form that those have (PHP's JSON, a row for each version of a
comment), and back: rows that changed there, that were added, and those that went.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tests.mariadb import Server
from tracker_migrate.backends.maniphest import tables
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn

#: types as transaction.search names them → as the table has them; others have one name
_TYPES = {
    "create": "core:create",
    "comment": "core:comment",
    "owner": "reassign",
    "subscribers": "core:subscribers",
    "projects": "core:edge",
    "dependsOn": "core:edge",
    "dependedOnBy": "core:edge",
    None: "core:edge",
}
_SOURCE = '{"source":"conduit","params":[]}'
_numbers = itertools.count(1)
Rows = dict[str, dict[Any, dict[str, Any]]]


@contextmanager
def mirrored(standin: ManiphestStandIn, server: Server) -> Iterator[tuple[str, str]]:
    """The address of a database, and what the names of all of them begin with: they hold what the
    stand-in holds. What is different there in the end, the stand-in shows."""
    namespace = f"phorge{next(_numbers)}"
    for app in tables.USED:
        server.database(f"{namespace}_{app}")
    address = server.address(f"{namespace}_maniphest")
    engine = sa.create_engine(address)
    metadata = tables.metadata(f"{namespace}_")
    metadata.create_all(engine)
    before = _of_standin(standin)
    with engine.begin() as database:
        for name, rows in before.items():
            if rows:
                table = metadata.tables[f"{namespace}_{name}"]
                database.execute(table.insert(), list(rows.values()))
    try:
        yield address, namespace
    finally:
        with engine.connect() as database:
            after = {name: _read(database, metadata, namespace, name) for name in before}
        engine.dispose()
        with standin.lock, standin.store.atomic():
            _back(standin, before, after)


# -- there ----------------------------------------------------------------------------------------


def _of_standin(standin: ManiphestStandIn) -> Rows:
    store = standin.store

    def held(sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in store.rows(sql)]

    making = store.rows("SELECT object, grp FROM xaction_task WHERE type = 'create'")
    made = {tuple(row) for row in making}  # its parents' rows are in the same group, and no making
    rows = held("SELECT * FROM xaction_task")
    versions = held("SELECT * FROM version ORDER BY version")
    last = {row["xaction"]: row for row in versions}
    return {
        "maniphest.maniphest_task": {row["phid"]: _task(row) for row in held("SELECT * FROM task")},
        "maniphest.maniphest_transaction": {
            row["phid"]: _transaction(
                row, (row["object"], row["grp"]) in made, last.get(row["phid"])
            )
            for row in rows
        },
        "maniphest.maniphest_transaction_comment": {
            one["phid"].decode(): one
            for one in (
                *(_first(row) for row in rows if row["comment"] is not None),
                *map(_version, versions),
            )
        },
        "maniphest.edge": _edges(standin, "TASK"),
        "user.edge": _edges(standin, "USER"),
        "file.file": {row["phid"]: _file(row) for row in held("SELECT * FROM file")},
        "file.file_attachment": {
            (row["object"], row["file"]): _attachment(number, row)
            for number, row in enumerate(held("SELECT * FROM attachment"), 1)
        },
    }


def _dates(created: int, modified: int | None = None) -> dict[str, int]:
    return {"dateCreated": created, "dateModified": created if modified is None else modified}


def _task(row: Mapping[str, Any]) -> dict[str, Any]:
    same = {name: row[name] for name in ("id", "status", "priority", "title", "description")}
    phids = {"phid": "phid", "authorPHID": "author", "ownerPHID": "owner", "spacePHID": "space"}
    phids |= {"viewPolicy": "view", "editPolicy": "edit", "closerPHID": "closer"}
    return {
        **same,
        **{name: _phid(row[held]) for name, held in phids.items()},
        **_dates(row["created"], row["modified"]),
        "mailKey": b"k" * 20,
        "subpriority": 0.0,
        "properties": "[]",
        "points": row["points"],
        "subtype": row["subtype"],
        "closedEpoch": row["closed"],
    }


def _transaction(
    row: Mapping[str, Any], made: bool, last: Mapping[str, Any] | None
) -> dict[str, Any]:
    fields = json.loads(row["fields"])
    old, new = fields.get("old"), fields.get("new")
    if row["type"] == "subscribers":
        told = fields["operations"]
        old = [one["phid"] for one in told if one["operation"] == "remove"]
        new = [one["phid"] for one in told if one["operation"] == "add"]
    create = {"core.create": True} if made else {}
    metadata = {**create, "core.groupID": row["grp"]}
    author = _phid(row["author"])
    newest = row["comment_phid"] if last is None else last["phid"]
    version = 1 if last is None else last["version"]
    return {
        "id": row["id"],
        "phid": _phid(row["phid"]),
        "authorPHID": author,
        "objectPHID": _phid(row["object"]),
        "viewPolicy": b"public",
        "editPolicy": author,
        "commentPHID": _phid(newest),
        "commentVersion": version if row["comment"] is not None else 0,
        "transactionType": _TYPES.get(row["type"], row["type"]),
        "oldValue": _json(old),
        "newValue": _json(new),
        "contentSource": _SOURCE,
        "metadata": json.dumps(metadata, separators=(",", ":")),
        **_dates(row["created"]),
    }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def _first(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"xaction": row["phid"], "id": row["comment_id"], "phid": row["comment_phid"]}
    rest = {name: row[name] for name in ("author", "created")}
    return _version({**shown, **rest, "version": 1, "removed": 0, "text": row["comment"]})


def _version(row: Mapping[str, Any]) -> dict[str, Any]:
    author = _phid(row["author"])
    return {
        "id": row["id"],
        "phid": _phid(row["phid"]),
        "transactionPHID": _phid(row["xaction"]),
        "authorPHID": author,
        "viewPolicy": b"public",
        "editPolicy": author,
        "commentVersion": row["version"],
        "content": row["text"],
        "contentSource": _SOURCE,
        "isDeleted": 2 if row["removed"] else 0,
        **_dates(row["created"]),
    }


def _edges(standin: ManiphestStandIn, kind: str) -> dict[Any, dict[str, Any]]:
    rows = standin.store.rows("SELECT * FROM edge WHERE src LIKE ?", [f"PHID-{kind}-%"])
    return {
        (row["src"], row["type"], row["dst"]): {
            "src": _phid(row["src"]),
            "type": row["type"],
            "dst": _phid(row["dst"]),
            "dateCreated": row["created"],
            "seq": row["seq"],
        }
        for row in rows
    }


def _file(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "phid": _phid(row["phid"]),
        "name": row["name"],
        "mimeType": row["mime"],
        "byteSize": row["size"],
        **dict.fromkeys(("storageEngine", "storageFormat", "storageHandle"), "blob"),
        **_dates(row["created"], row["modified"]),
        "authorPHID": _phid(row["author"]),
        "secretKey": (row["secret"] or "").ljust(20, "x")[:20].encode(),
        "metadata": "{}",
        "mailKey": b"m" * 20,
        "viewPolicy": _phid(row["view"]),
    }


def _attachment(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        "objectPHID": _phid(row["object"]),
        "filePHID": _phid(row["file"]),
        "attachmentMode": "reference",
        **_dates(0),
    }


def _phid(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


# -- and back -------------------------------------------------------------------------------------


def _read(
    database: sa.Connection, metadata: sa.MetaData, namespace: str, name: str
) -> dict[Any, dict[str, Any]]:
    found = database.execute(sa.select(metadata.tables[f"{namespace}_{name}"])).mappings().all()
    return {_key(row): row for row in map(dict, found)}


def _key(row: Mapping[str, Any]) -> Any:
    names = ("src", "type", "dst") if "src" in row else ("objectPHID", "filePHID")
    if "phid" in row:
        return row["phid"].decode()
    return tuple(row[one] if isinstance(row[one], int) else row[one].decode() for one in names)


def _back(standin: ManiphestStandIn, before: Rows, after: Rows) -> None:
    for phid, new in _changed(before, after, "maniphest.maniphest_task"):
        values = {"author": "authorPHID", "created": "dateCreated", "modified": "dateModified"}
        values |= {"closer": "closerPHID", "closed": "closedEpoch", "description": "description"}
        _update(standin, "task", phid, {name: new[held] for name, held in values.items()})
    for phid, new in _changed(before, after, "maniphest.maniphest_transaction"):
        told = {"author": new["authorPHID"], "created": new["dateCreated"]}
        if new["transactionType"] == "description":
            told["fields"] = f'{{"old": {new["oldValue"]}, "new": {new["newValue"]}}}'
        _update(standin, "xaction_task", phid, told)
    for name, table in (("maniphest.maniphest_transaction", "xaction_task"),):
        for phid in before[name].keys() - after[name].keys():
            standin.store.run(f"DELETE FROM {table} WHERE phid = ?", [phid])
    _comments_back(standin, before, after)
    for name in ("maniphest.edge", "user.edge"):
        for edge in before[name].keys() - after[name].keys():
            standin.store.run("DELETE FROM edge WHERE src = ? AND type = ? AND dst = ?", edge)
    for phid, new in _changed(before, after, "file.file"):
        values = {"view": new["viewPolicy"], "secret": new["secretKey"]}
        _update(standin, "file", phid, values)


def _comments_back(standin: ManiphestStandIn, before: Rows, after: Rows) -> None:
    name = "maniphest.maniphest_transaction_comment"
    for _, new in _changed(before, after, name):
        phid, text = new["transactionPHID"].decode(), new["content"]
        if new["commentVersion"] == 1:
            _update(standin, "xaction_task", phid, {"comment": text})
            continue
        sql = "UPDATE version SET text = ? WHERE xaction = ? AND version = ?"
        standin.store.run(sql, [text, phid, new["commentVersion"]])
    for phid in after[name].keys() - before[name].keys():
        new = after[name][phid]
        row = {"xaction": new["transactionPHID"].decode(), "version": new["commentVersion"]}
        row |= {"id": standin.store.take("comment"), "phid": phid, "text": new["content"]}
        row |= {"author": new["authorPHID"].decode(), "created": new["dateCreated"]}
        standin.store.insert("version", {**row, "removed": int(new["isDeleted"] == 2)})


def _changed(before: Rows, after: Rows, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for phid, old in before[name].items():
        new = after[name].get(phid)
        if new is not None and any(new[column] != one for column, one in old.items()):
            yield phid, new


def _update(standin: ManiphestStandIn, table: str, phid: str, values: dict[str, Any]) -> None:
    sets = ", ".join(f"{name} = ?" for name in values)
    plain = [one.decode() if isinstance(one, bytes) else one for one in values.values()]
    standin.store.run(f"UPDATE {table} SET {sets} WHERE phid = ?", [*plain, phid])
