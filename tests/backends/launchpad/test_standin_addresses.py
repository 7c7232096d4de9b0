"""What anonymous callers see of texts with addresses in them, as recorded of both readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.backends.launchpad.standin_recordings import RECORDINGS, needs_recordings, wire
from tracker_migrate.backends.launchpad.standin.view import View

pytestmark = needs_recordings

ANONYMOUS = View("http://api/devel/", "http://web")


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a body with where they are."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key != "http_etag" and not key.endswith("_link"):
                yield from texts(one, f"{path}.{key}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from texts(one, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def pairs() -> Iterator[tuple[str, str, str]]:
    """Where a text is, what a logged-in reader got, what an anonymous one got."""
    logged_in = {one.url: one.body for one in wire("nova-sample-logged-in")}
    anonymous = {one.url: one.body for one in wire("nova-sample") if one.url in logged_in}
    file = RECORDINGS / "wire" / "email-addresses.jsonl"
    by_viewer: dict[str, dict[str, Any]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record.get("status") == 200 and record.get("method", "GET") == "GET":
            body = json.loads(record["body"])
            by_viewer.setdefault(record["viewer"], {})[record["url"]] = body
    nobody = by_viewer.pop("anonymous", {})
    for known, unknown in ((logged_in, anonymous), *((v, nobody) for v in by_viewer.values())):
        for url in known.keys() & unknown.keys():
            hidden = dict(texts(unknown[url]))
            for path, text in texts(known[url]):
                if path in hidden:
                    yield f"{url}{path}", text, hidden[path]


def test_every_text_is_hidden_as_the_real_server_hid_it() -> None:
    found = list(pairs())
    wrong = [where for where, known, hidden in found if ANONYMOUS.text(known) != hidden]
    assert wrong == []
    assert sum(known != hidden for _, known, hidden in found) > 20
