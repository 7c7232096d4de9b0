"""The spy at Maniphest: every Conduit method that reads, and the pages, for every object."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from tests.end_to_end.leaks import Question, Spy
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.maniphest.standin.edges import PUBLIC
from tracker_migrate.backends.maniphest.standin.methods import METHODS
from tracker_migrate.backends.maniphest.standin.wire import decode
from tracker_migrate.testing.loopback import Reply, Request

READS = frozenset(name for name, method in METHODS.items() if not method.writes)
_ALL = {"limit": 100}
_ATTACHED = {"columns": True, "subscribers": True, "projects": True}
_PLAIN = ("conduit.getcapabilities", "conduit.ping", "maniphest.querystatuses", "user.whoami",
          "maniphest.priority.search", "maniphest.status.search", "project.column.search",
          "diffusion.repository.search", "conduit.query")  # fmt: skip
_EDGES = [name for name, edge in PUBLIC.items() if edge is not None]


class ManiphestSpy(Spy):
    """Reads Maniphest. Its feed and search are filled, as where background workers run."""

    standin: ManiphestStandIn

    def to_ask(self) -> frozenset[str]:
        """Every method that reads, and a task's page."""
        return READS | {"page"}

    def lists(self, token: str | None) -> Iterator[Question]:
        """Searches, the feed, and what happened to all tasks and projects."""
        self.standin.site.daemons = True
        for order in ("newest", "updated"):
            yield _call("maniphest.search", token, order=order, attachments=_ATTACHED, **_ALL)
        yield _call("maniphest.search", token, constraints={"query": "zq"}, **_ALL)
        for kind in ("TASK", "PROJ"):
            yield _call("transaction.search", token, objectType=kind, limit=1000)
        yield _call("project.search", token, attachments={"members": True}, **_ALL)
        for view in ("data", "text"):
            yield _call("feed.query", token, view=view, limit=500)
        yield _call("file.search", token, **_ALL)
        yield _call("user.search", token, **_ALL)

    def everything(self, token: str | None) -> Iterator[Question]:
        """Every object by number, by name, by PHID, and all that joins it to others."""
        for name in _PLAIN:
            yield _call(name, token)
        yield _call("user.find", token, aliases=["alice"])
        yield _call("user.query", token, **_ALL)
        tasks = self._column("SELECT id FROM task")
        yield _call("phid.lookup", token, names=[f"T{number}" for number in tasks])
        for number in tasks:
            yield from self._task(number, token)
        for phid in self._column("SELECT phid FROM project"):
            yield _call("transaction.search", token, objectIdentifier=phid, **_ALL)
            yield _call("phid.query", token, phids=[phid])
        for file in [*self._column("SELECT phid FROM file"), "PHID-FILE-none"]:
            yield from self._file(file, token)
        for phid in self._column("SELECT phid FROM xaction_task"):
            yield _call("phid.query", token, phids=[phid])

    def about(self, write: Request, reply: Reply, token: str | None) -> Iterator[Question]:
        """The task that was written to, or the file."""
        result, params = json.loads(reply.body).get("result"), decode(write).params
        if "/file." in write.path:
            file = result if isinstance(result, str) else (result or params).get("filePHID")
            yield from self._file(str(file), token)
            return
        touched = (result or {}).get("object", {}).get("phid") or params.get("objectIdentifier")
        for number in self._column("SELECT id FROM task WHERE phid = ?", str(touched)):
            yield from self._task(number, token)

    def told(self, question: Question, reply: Reply) -> bytes:
        """A file's bytes come packed."""
        if question.name != "file.download" or reply.status != 200:
            return reply.body
        return base64.b64decode(json.loads(reply.body)["result"] or "")

    def _file(self, phid: str, token: str | None) -> Iterator[Question]:
        for method, name in (("info", "phid"), ("download", "phid"), ("querychunks", "filePHID")):
            yield _call(f"file.{method}", token, **{name: phid})
        for number in self._column("SELECT id FROM file WHERE phid = ?", phid):
            yield _call("phid.lookup", token, names=[f"F{number}"])
        yield _call("phid.query", token, phids=[phid])

    def _task(self, number: int, token: str | None) -> Iterator[Question]:
        (phid,) = self._column("SELECT phid FROM task WHERE id = ?", number)
        yield _call("maniphest.search", token, constraints={"ids": [number]}, attachments=_ATTACHED)
        yield _call("maniphest.search", token, constraints={"phids": [phid]})
        yield _call("phid.lookup", token, names=[f"T{number}"])
        yield _call("phid.query", token, phids=[phid])
        for name in (phid, f"T{number}"):
            yield _call("transaction.search", token, objectIdentifier=name, limit=1000)
        yield _call("edge.search", token, sourcePHIDs=[phid], types=_EDGES)
        yield Question("page", Request("GET", f"/T{number}", f"/T{number}", (), {}, b""))

    def more(self, question: Question, reply: Reply) -> Question | None:
        """The next page of a list."""
        if question.name == "page":
            return None
        result = json.loads(reply.body)["result"]
        after = result.get("cursor", {}).get("after") if isinstance(result, dict) else None
        if after is None:
            return None
        wire = decode(question.request)
        return _call(wire.method, wire.token, **{**wire.params, "after": after})

    def _column(self, sql: str, *args: Any) -> list[Any]:
        with self.standin.lock:
            return self.standin.store.column(sql, args)


def _call(method: str, token: str | None, **params: Any) -> Question:
    held = {**params, "__conduit__": {"token": token}} if token else params
    body = urlencode({"params": json.dumps(held), "output": "json", "__conduit__": "1"})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    path = f"/api/{method}"
    return Question(method, Request("POST", path, path, (), headers, body.encode()))
