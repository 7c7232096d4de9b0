"""What was recorded of the real Launchpad, as a list of things to ask again."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
RECORDINGS = (ROOT / "../shared/recordings/launchpad").resolve()
HOST = "http://api.launchpad.test:8085"
WEB = "http://{site}launchpad.test:8085"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings of the real Launchpad are not beside this"
)

PROJECTS = ("debian", "evolution", "firefox", "jokosher", "lab-alpha", "launchpad", "mozilla",
            "redfish", "thunderbird", "tomcat", "ubuntu")  # fmt: skip
PARTS = ("lab-bulk",)  # recorded in part: 15 of 700 bugs
WIRES = ("nova-sample", "lab-bulk", "lab-private", "activity-pages")

#: fields of a wire recording that hold a header of the answer
_SAID = {
    "type": "Content-Type",
    "content_length": "Content-Length",
    "last_modified": "Last-Modified",
}


@dataclass(frozen=True)
class Asked:
    """One recorded exchange: what was asked by whom, what came back."""

    name: str  # of the recording
    url: str
    status: int
    body: Any = None  # JSON, or a text
    viewer: str = "anonymous"
    method: str = "GET"
    location: str | None = None
    sent: Any = None  # a form or a JSON object
    files: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    date: str = ""
    said: dict[str, str] = field(default_factory=dict)  # recorded headers of the answer


def wire_file(name: str) -> Path:
    """The file of a wire recording."""
    return RECORDINGS / "wire" / f"{name}.jsonl.gz"


def wire(name: str) -> Iterator[Asked]:
    """The exchanges of a wire recording, in order."""
    with gzip.open(wire_file(name), "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            viewer = record.get("viewer", "anonymous")
            said = {_SAID[field]: text for field, text in record.items() if field in _SAID and text}
            yield Asked(f"wire/{name}", record["url"], record["status"], parsed(record["body"]),
                        viewer, location=record.get("location"), said=said)  # fmt: skip


def project(name: str) -> Iterator[Asked]:
    """The replies of a project folder."""
    folder = RECORDINGS / "projects" / name
    for url, status, file in json.loads((folder / "INDEX.json").read_text()):
        body = parsed((folder / file).read_text(encoding="utf-8"))
        yield Asked(f"projects/{name}", url, status, body)


def exchanges() -> Iterator[Asked]:
    """The single exchanges, each a file."""
    for file in sorted((RECORDINGS / "exchanges").glob("*.json")):
        record = json.loads(file.read_text())
        if isinstance(record, dict) and "response" in record:
            yield _exchange(file.stem, record)


def _exchange(name: str, record: dict[str, Any]) -> Asked:
    request, response = record["request"], record["response"]
    return Asked(
        name, request["url"], response["status"], response["body"], str(record.get("user")),
        request["method"], response["headers"].get("Location"), request["body"],
        headers=request["headers"],
    )  # fmt: skip


def changes() -> list[dict[str, Any]]:
    """The 64 changes; line 0 is the set-up."""
    lines = (RECORDINGS / "wire" / "changes.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def exchange_of(name: str, record: dict[str, Any]) -> Asked:
    """An exchange of changes.jsonl or of a set-up file."""
    return Asked(
        name, record["url"], record["status"], parsed(record["body"]), record["viewer"],
        record["method"], record["headers"].get("Location"),
        record.get("request_form") or record.get("request_json"),
        record.get("request_files") or {}, record.get("request_headers") or {},
        record["headers"]["Date"],
    )  # fmt: skip


def parsed(text: Any) -> Any:
    """A body as JSON if it is JSON."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
