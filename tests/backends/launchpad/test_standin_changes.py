"""The 64 recorded kinds of change, in order: the same answers, and the same polls find them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.backends.launchpad.standin_recordings import (
    Asked,
    changes,
    exchange_of,
    needs_recordings,
)
from tests.backends.launchpad.standin_replay import Asker, loaded
from tests.backends.launchpad.standin_worlds import cve_and_tracker, give_tokens
from tests.backends.launchpad.standin_writes import clock_of, send_write

pytestmark = needs_recordings

#: dates from here on were written by the changes themselves
BEGIN = "2026-11-22T15:21"


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    with loaded("wire/lab-private") as asker:
        store = asker.standin.store
        for name, last in (("bug", 741), ("attachment", 13), ("watch", 23), ("nomination", 7)):
            store.set_meta(f"seq:{name}", str(last))
        cve_and_tracker(store)
        give_tokens(store, "lab-owner", "lab-writer", "lab-unrelated", "lab-subscriber", "name16")
        writer = store.item("~lab-writer")
        assert writer is not None  # an earlier recording had renamed the writer
        data = {**writer.data, "display_name": "Another Display Name"}
        store.put_item("person", "~lab-writer", data)
        yield asker


def test_every_exchange_of_every_change_is_answered_the_same(asker: Asker) -> None:
    wrong, asked = [], 0
    records = changes()
    etags: dict[str, str] = {}
    for record, after in zip(records, [*records[1:], records[-1]], strict=True):
        found_304 = None
        for index, one in enumerate(record["exchanges"]):
            exchange = exchange_of(f"change {record['n']}", one)
            if record["n"] == 0 or index < record["writes"]:
                set_clock(asker, record, after, exchange)
            if "If-None-Match" in exchange.headers:
                exchange.headers["If-None-Match"] = etags["before"]
                found_304 = send_write(asker, exchange).status_code == 304
                continue
            reply = send_write(asker, exchange)
            if exchange.url.endswith("/bugs/742") and exchange.viewer == "name16":
                etags["now"] = reply.headers.get("Etag", "")
            asked += 1
            found = asker.compare(exchange, reply, BEGIN)
            wrong += [f"{record['n']} {record['change']}: {exchange.url}: {found}"] if found else []
        if found_304 is not None:
            wanted = record["found_by"]["If-None-Match answered 304"]
            wrong += [] if found_304 is wanted else [f"{record['n']}: 304 is {found_304}"]
        if record["n"]:
            changed = etags["now"] != etags["before"]
            wanted = record["found_by"]["bug http_etag changed"]
            wrong += [] if changed is wanted else [f"{record['n']}: changed etag {changed}"]
        etags["before"] = etags.get("now") or etag(asker)
    assert wrong == []
    assert asked >= 630


def etag(asker: Asker) -> str:
    """The bug's ETag as name16 sees it."""
    bug = Asked("etag", "http://api.launchpad.test:8085/devel/bugs/742", 200, viewer="name16")
    return str(asker.send(bug).headers["Etag"])


def set_clock(asker: Asker, record: dict[str, Any], after: dict[str, Any], asked: Asked) -> None:
    """The cursor of the next change is the newest date that this one left behind."""
    if record["n"] == 0 or after["cursor"] != record["cursor"]:
        asker.standin.set_clock(datetime.fromisoformat(after["cursor"]))
    else:
        asker.standin.set_clock(clock_of(asked))
