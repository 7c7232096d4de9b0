"""How fast `backdate` sets authors and dates of comments in a Phorge's databases, on a MariaDB of
its own."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from tests.backdate.phorge import (
    ADA,
    BEN,
    COMMENT,
    IMPORTER,
    NOW,
    Phorge,
    php,
    stamps,
    task_of,
    told,
    xcmt,
)
from tests.mariadb import program, running
from tracker_migrate.abilities import Stamp
from tracker_migrate.digest import short

#: comments of a task, tasks of a batch: about as many objects as `batch` has by default
_EACH, _BATCH = 10, 180
_PAGE = 500
#: the rest of each comment's text
_MORE = "\n\n" + "The scheduler does not start after the upgrade, see the log. " * 8
_ROW: dict[str, Any] = {
    "authorPHID": IMPORTER.encode(),
    "viewPolicy": b"public",
    "editPolicy": IMPORTER.encode(),
    "dateCreated": NOW,
    "dateModified": NOW,
}
_XACTION = {"contentSource": '{"source":"conduit","params":[]}', "oldValue": "null"}
#: types of the rows that make a task, as the sink makes one
_MADE = ("core:create", "title", "description", "status", "priority", "core:customfield")


def backdate_maniphest(comments: int) -> dict[str, float]:
    """Rows a second: changed, and only looked at. None without a MariaDB."""
    server = program()
    if server is None:
        return {}
    names = [f"n{number}" for number in range(comments // _EACH)]
    with running(server) as mariadb:
        phorge = Phorge(mariadb)
        _fill(phorge, names)
        rows, took = _timed(phorge, names)
        again, looked = _timed(phorge, names)
        assert not again, again
    return {
        "backdate_maniphest_comments": float(len(names) * _EACH),
        "backdate_maniphest_seconds": took,
        "backdate_maniphest_rows_per_s": rows / took,
        "backdate_maniphest_unchanged_objects_per_s": len(names) * (_EACH + 1) / looked,
    }


def _fill(phorge: Phorge, names: list[str]) -> None:
    """Tasks as an import leaves them, with as many comments each; the text of each is usual."""
    for start in range(0, len(names), _PAGE):
        chunk = names[start : start + _PAGE]
        with phorge.engine.begin() as database:
            for table, rows in _rows(chunk):
                database.execute(phorge.table(table).insert(), rows)


def _rows(names: list[str]) -> list[tuple[str, list[dict[str, Any]]]]:
    said = [(name, f"{name}-c{at}", f"{name} {at}") for name in names for at in range(_EACH)]
    comments = [_comment(phid, what) for _, phid, what in said]
    timeline = [row for name in names for row in _made(name)]
    timeline += [_shown(name, phid) for name, phid, _ in said]
    return [
        ("maniphest_task", [_task(name) for name in names]),
        ("maniphest_transaction", timeline),
        (COMMENT, comments),
    ]


def _task(name: str) -> dict[str, Any]:
    words = {"status": "open", "priority": 50, "subpriority": 0, "subtype": "default"}
    texts = {"title": "It breaks", "description": told(name), "properties": "[]"}
    return {**_ROW, **words, **texts, "phid": task_of(name).encode(), "mailKey": b"k" * 20}


def _made(name: str) -> list[dict[str, Any]]:
    metadata = f'{{"core.create":true,"core.groupID":"{name}"}}'
    same = {**_ROW, **_XACTION, "objectPHID": task_of(name).encode(), "commentVersion": 0}
    same |= {"metadata": metadata, "commentPHID": None}
    return [
        {
            **same,
            "phid": f"{name}-{kind}".encode(),
            "transactionType": kind,
            "newValue": php(told(name)) if kind == "description" else '"x"',
        }
        for kind in _MADE
    ]


def _shown(name: str, phid: str) -> dict[str, Any]:
    kind = {"transactionType": "core:comment", "newValue": "null", "metadata": "{}"}
    named = {"phid": phid.encode(), "objectPHID": task_of(name).encode()}
    return {
        **_ROW,
        **_XACTION,
        **kind,
        **named,
        "commentPHID": xcmt(phid).encode(),
        "commentVersion": 1,
    }


def _comment(phid: str, what: str) -> dict[str, Any]:
    named = {"phid": xcmt(phid).encode(), "transactionPHID": phid.encode(), "commentVersion": 1}
    source = {"contentSource": _XACTION["contentSource"], "isDeleted": 0}
    return {**_ROW, **named, **source, "content": told(what) + _MORE}


def _timed(phorge: Phorge, names: list[str]) -> tuple[int, float]:
    """How many rows were changed, and seconds: of the databases' part, and of comparing."""
    changed, seconds = 0, 0.0
    for start in range(0, len(names), _BATCH):
        batch = [one for name in names[start : start + _BATCH] for one in _stamps(name)]
        begun = time.perf_counter()
        changed += sum(phorge.backdate(batch).rows.values())
        seconds += time.perf_counter() - begun
    return changed, seconds


def _stamps(name: str) -> list[Stamp]:
    return [_long(one) for one in stamps(name, comments=_EACH, by=ADA, others=BEN)]


def _long(stamp: Stamp) -> Stamp:
    if stamp.kind != "comment":
        return stamp
    new, old = (values["text"] + _MORE for values in (stamp.fields, stamp.before))
    was = {"text": short(old)}
    return msgspec.structs.replace(stamp, fields={"text": new}, before={"text": old}, was=was)
