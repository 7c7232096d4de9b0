"""The Maniphest sink keeps the laws, with a marker field and without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.wire import SETTLES, WireUnderTest
from tests.text.remarkup_reader import read
from tracker_migrate.backends.maniphest import open_sink
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.standin import Config, ManiphestStandIn, token_of
from tracker_migrate.interfaces import Account, Audience, ClosedAction, ClosedStep, RemoteRef, Sink
from tracker_migrate.testing.conformance import NotShown, SinkConformance
from tracker_migrate.testing.conformance.once import OnceChecks
from tracker_migrate.testing.conformance.ours import OursChecks
from tracker_migrate.testing.loopback import Fault, serving
from tracker_migrate.testing.samples import SERVER_WORD

SMALL_PIECES = Config(storage_limit=600_000, chunk=600_000)


class ManiphestUnderTest(WireUnderTest):
    """A stand-in, with its people; a project that alice and the importer are in."""

    #: one that goes in one request; and one in two pieces, at a server that has such small ones
    files = (50, 1_100_000)

    def __init__(self, standin: ManiphestStandIn, **options: Any) -> None:
        super().__init__(standin)
        self.options = options
        self._phids = {
            name: str(self.sql("SELECT phid FROM user WHERE username = ?", name)[0][0])
            for name in ("importbot", "alice", "bob")
        }
        self.account = Account(id=self._phids["bob"], name="bob")
        inside = [self._phids["importbot"], self._phids["alice"]]
        made = self._edit("importbot", "project.edit", None, name="few", join="no-one",
                          edit=inside[0], **{"members.add": inside})  # fmt: skip
        self.policy = Audience(name="few", groups=(made,))

    def open(self, *, token: str | None = None, address: str | None = None) -> Sink:
        options = {**self.options, "settle_seconds": SETTLES, "timeout": 5, "patience": 1.0}
        at = address or self.standin.url
        return open_sink(at, options, token or token_of("importbot"), token_of("carol"))

    def reads(self, text: str) -> tuple[str, list[str]]:
        page = read(text)
        return page.text, [address for address, _label in page.links] + page.live

    def rows(self, text: str, given: tuple[Any, ...]) -> Any:
        return self.standin.store.rows(text, given)

    def strike(self, word: str) -> None:
        if word == "expired":
            self._refused("ERR-INVALID-AUTH", f"API token has an invalid length. {SERVER_WORD}")
        else:
            super().strike(word)

    def refuse(self, words: str) -> None:
        self._refused("ERR-CONDUIT-CORE", f"Validation errors:\n  - Task priority {words}")

    def _refused(self, code: str, info: str) -> None:
        body = json.dumps({"result": None, "error_code": code, "error_info": info})
        headers = {"Content-Type": "application/json"}
        self._add(Fault("status", status=200, text=body, headers=headers, writes=True))

    def standing(self, step: ClosedStep) -> int:
        return max(self._standing(action) for action in step.actions)

    def _standing(self, action: ClosedAction) -> int:
        like = f"%[[{action.marker} |%"
        match action.kind:
            case "task" | "subtask":
                return self.count("SELECT count(*) FROM task WHERE description LIKE ?", like)
            case "comment":
                sql = "SELECT count(*) FROM xaction_task WHERE comment LIKE ?"
                return self.count(sql, like)
            case "file":
                name = action.fields["name"]
                return self.count("SELECT count(*) FROM file WHERE name = ?", name)
            case "contents":
                sql = "SELECT coalesce(sum(length(data)), 0) FROM chunk WHERE file = ?"
                return int(self.count(sql, action.fields["file"]) == action.fields["size"])
            case "project" | "milestone":
                name = action.fields["name"]
                return self.count("SELECT count(*) FROM project WHERE name = ?", name)
            case _:
                return 1  # edges are a set

    def stranger(self, step: ClosedStep) -> None:
        (action,) = step.actions
        if action.kind in ("file", "contents"):
            raise NotShown("a file has no marker that a stranger could put into another")
        fields = {name: action.fields[name] for name in ("title", "description")}
        self._edit("bob", "maniphest.edit", None, **fields, **{"custom.migrate.url": action.marker})

    def edit(self, kind: str, at: RemoteRef) -> str:
        self._edit("alice", "maniphest.edit", at.id, title="A person's title")
        return "title"

    def expose(self, kind: str, at: RemoteRef) -> None:
        if kind in ("file", "contents"):
            self.standin.store.run("UPDATE file SET view = 'public' WHERE phid = ?", [at.id])
        else:
            self._edit("importbot", "maniphest.edit", at.id, view="public")

    def open_to_all(self, kind: str, at: RemoteRef) -> bool:
        if kind in ("file", "contents"):
            shown = self.sql("SELECT view FROM file WHERE phid = ?", at.id)
            return bool(shown[0][0] in ("public", "users"))
        sql = "SELECT view FROM task WHERE phid = ?"
        found = self.sql(sql, at.id) or self.sql(
            "SELECT view FROM task WHERE phid = (SELECT object FROM xaction_task WHERE "
            "? IN (phid, comment_phid) LIMIT 1)", at.id
        )  # fmt: skip
        return bool(found[0][0] in ("public", "users"))

    def _edit(self, who: str, method: str, at: str | None, **said: Any) -> str:
        client = Conduit(self.standin.url, token_of(who), timeout=5)
        where = {} if at is None else {"objectIdentifier": at}
        sent = [{"type": kind, "value": value} for kind, value in said.items()]
        try:
            made = client.write(method, transactions=sent, **where)
        finally:
            client.close()
        return str(made["object"]["phid"])


class TestManiphest(SinkConformance):
    @pytest.fixture
    def target(self) -> Iterator[ManiphestUnderTest]:
        standin = ManiphestStandIn(config=SMALL_PIECES)
        with serving(standin):
            yield ManiphestUnderTest(standin)


class TestManiphestInParallel(OnceChecks, OursChecks):
    @pytest.fixture
    def target(self) -> Iterator[ManiphestUnderTest]:
        standin = ManiphestStandIn(config=SMALL_PIECES)
        with serving(standin):
            yield ManiphestUnderTest(standin, order="parallel")
