"""Phorge's databases, made from the list of their columns, with an import in them and some people.

The rows are as a real server's Conduit leaves them: its JSON, its groups, its versions of comments.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tests.mariadb import Server
from tracker_migrate.abilities import Backdated, Stamp
from tracker_migrate.backends.maniphest import tables
from tracker_migrate.backends.maniphest.backdate import ManiphestBackdater
from tracker_migrate.digest import short
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

IMPORTER, ADA, BEN, CYD = (f"PHID-USER-{who * 5}" for who in ("robo", "ada0", "ben0", "cyd0"))
NOW = 1_795_000_000
THEN = datetime(2012, 3, 4, 5, 6, 7, tzinfo=UTC)
CLOSED = datetime(2012, 12, 4, 5, 6, 7, tzinfo=UTC)
LATER = datetime(2013, 3, 4, 5, 6, 7, tzinfo=UTC)
COMMENT = "maniphest_transaction_comment"
_SOURCE = '{"source":"conduit","params":[]}'
_numbers = itertools.count(1)


class Phorge:
    """One server's databases."""

    def __init__(self, server: Server) -> None:
        self.prefix = f"rows{next(_numbers)}_"
        for app in tables.USED:
            server.database(f"{self.prefix}{app}")
        address = server.address(f"{self.prefix}maniphest")
        self.engine = sa.create_engine(address, isolation_level="READ COMMITTED")
        self.metadata = tables.metadata(self.prefix)
        self.metadata.create_all(self.engine)
        self.backdater = ManiphestBackdater(IMPORTER, self.prefix)

    def table(self, name: str, app: str = "maniphest") -> sa.Table:
        """One of its tables."""
        return self.metadata.tables[f"{self.prefix}{app}.{name}"]

    def add(self, name: str, app: str = "maniphest", /, **values: Any) -> None:
        """A row; texts become bytes where a column holds bytes."""
        table = self.table(name, app)
        dates = {"dateCreated": NOW, "dateModified": NOW}
        known = {one.name for one in table.columns}
        row = {**{one: when for one, when in dates.items() if one in known}, **values}
        with self.engine.begin() as database:
            database.execute(table.insert().values(_bytes(table, row)))

    def xaction(self, task: str, phid: str, kind: str, author: str = IMPORTER, **more: Any) -> None:
        """A row of a task's timeline. group: of the request."""
        group = more.pop("group", phid)
        made = {"core.create": True} if more.pop("made", False) else {}
        metadata = json.dumps({**made, "core.groupID": group}, separators=(",", ":"))
        said = {name: php(more.pop(name, None)) for name in ("oldValue", "newValue")}
        row: dict[str, Any] = {
            "phid": phid,
            "objectPHID": task,
            "transactionType": kind,
            "authorPHID": author,
        }
        row |= {"viewPolicy": "public", "editPolicy": author, "contentSource": _SOURCE}
        row |= {"metadata": metadata, "commentVersion": 0, **said, **more}
        self.add("maniphest_transaction", **row)

    def comment(self, task: str, phid: str, text: str, author: str = IMPORTER) -> None:
        """A comment, as its row of the timeline and its first version."""
        self.xaction(task, phid, "core:comment", author, commentPHID=xcmt(phid), commentVersion=1)
        self.version(phid, 1, text, author)

    def version(self, phid: str, number: int, text: str, author: str, **more: Any) -> None:
        """One version of a comment, and what a page keeps of it."""
        row: dict[str, Any] = {
            "phid": xcmt(phid, number),
            "transactionPHID": phid,
            "authorPHID": author,
        }
        row |= {"viewPolicy": "public", "editPolicy": author, "commentVersion": number}
        row |= {"content": text, "contentSource": _SOURCE, "isDeleted": 0, **more}
        self.add(COMMENT, **row)
        kept = {"cacheKey": f"XCMT:{xcmt(phid, number)}@21@x", "cacheData": text.encode()}
        self.add("cache_markupcache", "cache", **kept, metadata="{}")

    def edited(self, phid: str, text: str, author: str) -> None:
        """Somebody edits a comment: a version more, which its row names."""
        self.version(phid, 2, text, author)
        newer = {"commentVersion": 2, "commentPHID": xcmt(phid, 2).encode()}
        newer |= {"editPolicy": author.encode(), "dateModified": NOW + 5}
        table = self.table("maniphest_transaction")
        with self.engine.begin() as database:
            database.execute(table.update().where(table.c.phid == phid.encode()).values(newer))

    def imported(self, name: str = "one", comments: int = 2, followed: bool = True) -> None:
        """A task that was made closed, and its comments."""
        task, group = task_of(name), f"group-{name}"
        row: dict[str, Any] = {
            "phid": task,
            "authorPHID": IMPORTER,
            "status": "resolved",
            "priority": 50,
        }
        row |= {"title": "It breaks", "description": told(name), "mailKey": b"k" * 20}
        row |= {"subpriority": 0, "viewPolicy": "users", "editPolicy": "users", "subtype": "d"}
        row |= {"properties": "[]", "closedEpoch": NOW, "closerPHID": IMPORTER}
        self.add("maniphest_task", **row)
        made: dict[str, Any] = {"made": True, "group": group}
        self.xaction(task, f"{name}-create", "core:create", **made)
        self.xaction(task, f"{name}-title", "title", oldValue="", newValue="It breaks", **made)
        description = {"oldValue": "", "newValue": told(name)}
        self.xaction(task, f"{name}-text", "description", **description, **made)
        self.xaction(task, f"{name}-end", "status", oldValue="open", newValue="resolved", **made)
        self.xaction(task, f"{name}-field", "core:customfield", newValue="http://home", **made)
        if followed:
            self._follow(task, name, made)
        for number in range(comments):
            self.comment(task, f"{name}-c{number}", told(f"{name} {number}"))
        self._indexed(task, name)

    def _follow(self, task: str, name: str, made: dict[str, Any]) -> None:
        both: dict[str, Any] = {"oldValue": [], "newValue": [CYD, IMPORTER]}
        self.xaction(task, f"{name}-follow", "core:subscribers", **both, **made)
        away: dict[str, Any] = {"oldValue": [IMPORTER, CYD], "newValue": [CYD]}
        self.xaction(task, f"{name}-away", "core:subscribers", **away)
        for who in (IMPORTER, CYD):
            self.add("edge", src=task, type=21, dst=who, seq=0)
            self.add("edge", "user", src=who, type=22, dst=task, seq=0)
        self.add("edge", src=task, type=23, dst=IMPORTER, seq=0)
        self.add("edge", src=task, type=41, dst="PHID-PROJ-nova", seq=0)

    def _indexed(self, task: str, name: str) -> None:
        dates = {"epochCreated": NOW, "epochModified": NOW}
        self.add("maniphest_task_fdocument", objectPHID=task, isClosed=0, **dates)
        number = len(self.rows("maniphest_task_fdocument"))
        self.index(number, name, ("titl", "full", "cmnt"))
        mail = {"parameters": "{}", "status": "queued", "relatedPHID": task}
        for who in (IMPORTER, CYD):
            self.add("metamta_mail", "metamta", phid=f"{name}{who}", actorPHID=who, **mail)

    def index(self, number: int, name: str, fields: Sequence[str]) -> None:
        """Fields of the search index, as `bin/search index` makes them."""
        for field in fields:
            same = dict.fromkeys(("rawCorpus", "normalCorpus", "termCorpus"), f"{field} {name}")
            self.add("maniphest_task_ffield", documentID=number, fieldKey=field, **same)

    def file(self, name: str, view: str = "users", author: str | None = IMPORTER) -> str:
        """A file; its PHID."""
        phid = f"PHID-FILE-{name}"
        row: dict[str, Any] = {"phid": phid, "name": name, "byteSize": 3, "metadata": "{}"}
        row |= dict.fromkeys(("storageEngine", "storageFormat", "storageHandle"), "blob")
        keys = {"secretKey": name.encode().ljust(20, b"s"), "mailKey": name.encode().ljust(20)}
        self.add("file", "file", **row, **keys, authorPHID=author, viewPolicy=view)
        return phid

    # -- what is done -----------------------------------------------------------------------------

    def backdate(self, stamps: Sequence[Stamp], *, write: bool = True) -> Backdated:
        """In one transaction."""
        with self.engine.begin() as database:
            return self.backdater.changes(database, stamps, write=write)

    def by_hand(self, stamps: Sequence[Stamp]) -> None:
        """As an administrator would, who is in no database: the statements as they are printed."""
        address = self.engine.url.set(database="")
        engine = sa.create_engine(address)
        with engine.begin() as database:
            for statement in self.backdater.statements(stamps):
                database.exec_driver_sql(statement.replace("%", "%%"))
        engine.dispose()

    def rows(self, name: str, app: str = "maniphest") -> list[dict[str, Any]]:
        """All rows of a table, in their order; PHIDs as texts."""
        table = self.table(name, app)
        with self.engine.connect() as database:
            by = [table.c.id] if "id" in table.c else list(table.primary_key.columns)
            found = database.execute(sa.select(table).order_by(*by)).mappings().all()
        return [{name: _plain(one) for name, one in row.items()} for row in found]

    def row(self, name: str, phid: str, app: str = "maniphest") -> dict[str, Any]:
        """One row, by its PHID."""
        (found,) = [row for row in self.rows(name, app) if row["phid"] == phid]
        return found

    def all(self) -> dict[str, list[dict[str, Any]]]:
        """Everything, but for the hour in which a comment was removed, and the number of that
        version: one that a dying transaction took is not given again."""
        found = {
            f"{app}.{name}": self.rows(name, app)
            for app, names in tables.USED.items()
            for name in names
        }
        for row in found[f"maniphest.{COMMENT}"]:
            if row["isDeleted"]:
                row["id"] = row["dateCreated"] = row["dateModified"] = 0
        return found


def _bytes(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    binary = {one.name for one in table.columns if "BINARY" in str(one.type)}
    return {
        name: one.encode() if name in binary and isinstance(one, str) else one
        for name, one in row.items()
    }


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def php(value: Any) -> str:
    """As PHP writes JSON."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def task_of(name: str) -> str:
    """A task's PHID."""
    return f"PHID-TASK-{name}"


def xcmt(phid: str, version: int = 1) -> str:
    """The PHID of a version of a comment."""
    return f"PHID-XCMT-{phid}-{version}"


def told(what: str) -> str:
    """A text as it is sent at first: who and when stand in it."""
    return f"//[[https://home/{what} | {what}]] · Ada's \\ \"O'Hara\", 2012//\n\nIt’s 100% 💥; --"


def carried(what: str) -> str:
    """The same where the target itself says who and when."""
    return f"//[[https://home/{what} | {what}]] · `0123456789ab`//\n\nIt’s 100% 💥; --"


def stamps(
    name: str = "one",
    comments: int = 2,
    by: str = ADA,
    was: str = "",
    others: str = BEN,
    were: str = "",
    closer: str = "",
    hidden: bool = False,
) -> list[Stamp]:
    """What is to be made of `imported`: the task by one, its comments by another. was, were: whose
    they are now. hidden: the comments are to go."""
    issue = Key(f"launchpad:bug:{name}")
    dates: dict[str, Any] = {"created": THEN, "changed": LATER, "closed": CLOSED, "closer": closer}
    made = [
        Stamp(
            key=issue,
            kind="task",
            issue=issue,
            at=RemoteRef(id=task_of(name)),
            was_by=was,
            by=by,
            **dates,
            **_texts("description", name, was, by),
        )
    ]
    for number in range(comments):
        text = {} if hidden else _texts("text", f"{name} {number}", were, others)
        made.append(
            Stamp(
                key=Key(f"launchpad:comment:{name}/{number}"),
                kind="comment",
                issue=issue,
                at=RemoteRef(id=f"{name}-c{number}"),
                was_by=were,
                by=were if hidden else others,
                created=LATER,
                withdraw=hidden,
                **text,
            )
        )
    return made


def _texts(field: str, what: str, was: str, by: str) -> dict[str, Any]:
    old, new = (carried(what) if one else told(what) for one in (was, by))
    if old == new:
        return {}
    return {"fields": {field: new}, "was": {field: short(old)}, "before": {field: old}}
