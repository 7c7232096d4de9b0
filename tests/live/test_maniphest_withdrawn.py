"""What `backdate` takes back on a real Phorge: a comment's words, and a file's address.

It wants what real_move.py says.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from typing import Any

import pytest
import requests

from tests.live.real_move import database
from tracker_migrate.abilities import Stamp
from tracker_migrate.backends.maniphest import tables
from tracker_migrate.backends.maniphest.backdate import ManiphestBackdater
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

pytestmark = pytest.mark.live
_URL, _DATABASE = "TRACKER_MIGRATE_MANIPHEST_URL", "TRACKER_MIGRATE_MANIPHEST_LIVE_DATABASE"
ISSUE = Key("launchpad:bug:1")


class Phorge:
    """Conduit, and the databases behind it."""

    def __init__(self) -> None:
        self.engine = database("maniphest")
        self.importer = str(self.ask("user.whoami")["phid"])
        self.backdater = ManiphestBackdater(self.importer)

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a method of Conduit."""
        token = os.environ["TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN"]
        known = json.dumps({**params, "__conduit__": {"token": token}})
        form = {"params": known, "output": "json", "__conduit__": "1"}
        address = f"{os.environ[_URL].rstrip('/')}/api/{method}"
        answer = requests.post(address, data=form, timeout=60).json()
        assert answer["error_code"] is None, answer
        return answer["result"]

    def edit(self, at: str | None, *sent: tuple[str, Any]) -> str:
        """Change a task, or make one; its PHID."""
        where = {} if at is None else {"objectIdentifier": at}
        told = [{"type": kind, "value": value} for kind, value in sent]
        return str(self.ask("maniphest.edit", transactions=told, **where)["object"]["phid"])

    def withdraw(self, kind: str, phid: str, **fields: str) -> dict[str, int]:
        """Take something back; how many rows of each table were changed."""
        key, at = Key(f"launchpad:{kind}:1/1"), RemoteRef(id=phid)
        stamp = Stamp(key=key, kind=kind, issue=ISSUE, at=at, withdraw=True, fields=fields)
        with self.engine.begin() as database:
            assert list(self.backdater.check(database)) == []
            done = self.backdater.changes(database, [stamp])
        assert [one.gone for one in done.stamped] == [True]
        return done.rows

    def holds(self, word: str) -> bool:
        """Whether a word stands anywhere in the tables that are known."""
        with self.engine.connect() as database:
            for table in tables.metadata("phabricator_").sorted_tables:
                for column in table.columns:
                    if "TEXT" in str(column.type) or "BLOB" in str(column.type):
                        sql = f"SELECT 1 FROM {table.fullname} WHERE LOCATE(%s, {column.name})"
                        if database.exec_driver_sql(f"{sql} LIMIT 1", (word,)).first():
                            return True
        return False


@pytest.fixture
def phorge() -> Phorge:
    for name in (_URL, _DATABASE):
        if name not in os.environ:
            pytest.skip(f"{name} names no real server")
    return Phorge()


def test_a_comments_words_are_nowhere_any_more(phorge: Phorge) -> None:
    word = f"w{secrets.token_hex(8)}"
    task = phorge.edit(None, ("title", "live"), ("subscribers.remove", [phorge.importer]))
    phorge.edit(task, ("comment", f"the {word} of it"), ("comment", "this stays"))
    rows = phorge.ask("transaction.search", objectIdentifier=task)["data"]
    (said,) = [one for one in rows if word in json.dumps(one["comments"])]
    assert phorge.holds(word)
    assert phorge.withdraw("comment", said["phid"])
    assert not phorge.holds(word)
    rows = phorge.ask("transaction.search", objectIdentifier=task)["data"]
    (gone,) = [one for one in rows if one["phid"] == said["phid"]]
    assert [one["removed"] for one in gone["comments"]] == [True, False]
    assert {one["content"]["raw"] for one in gone["comments"]} == {""}
    assert "this stays" in json.dumps(rows)
    assert phorge.withdraw("comment", said["phid"]) == {}


def test_a_files_address_opens_it_no_more(phorge: Phorge) -> None:
    data = base64.b64encode(b"not for everybody").decode()
    phid = phorge.ask("file.upload", name="live.txt", data_base64=data, viewPolicy="users")
    search = {"constraints": {"phids": [phid]}}
    (row,) = phorge.ask("file.search", **search)["data"]
    address = row["fields"]["dataURI"]
    assert requests.get(address, timeout=60).content == b"not for everybody"
    assert phorge.withdraw("file", phid, view="importer")
    assert requests.get(address, timeout=60).status_code == 404
    (row,) = phorge.ask("file.search", **search)["data"]
    assert row["fields"]["policy"]["view"] == phorge.importer
    assert phorge.ask("file.download", phid=phid) == data
    assert phorge.withdraw("file", phid, view="importer") == {}
