"""Recorded replies of a real Launchpad, given back by what a client takes for a reader."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from requests.structures import CaseInsensitiveDict

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "recordings" / "launchpad"
ADDRESS = "http://api.launchpad.test:8085"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="../shared/recordings is not there"
)


def reply(
    status: int = 200, body: str | bytes = b"", headers: Mapping[str, str] | None = None
) -> requests.Response:
    """An answer as a reader gives it."""
    made = requests.Response()
    made.status_code = status
    made._content = body.encode() if isinstance(body, str) else body
    made.encoding = "utf-8"
    given = {"Content-Type": "application/json", "Date": "Sun, 22 Nov 2026 16:00:00 GMT"}
    made.headers = CaseInsensitiveDict({**given, **(headers or {})})
    return made


def place(url: str) -> str:
    """An address without its host and page size, with its arguments in order."""
    split = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(split.query) if name != "ws.size"]
    return f"{split.path}?{urlencode(sorted(kept))}" if kept else split.path


class Replies:
    """A reader that has all its answers ready, and counts what it is asked."""

    def __init__(self, answers: Mapping[str, requests.Response | str]) -> None:
        self.answers = dict(answers)
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        self.asked[place(url)] += 1
        self.headers.append(dict(headers or {}))
        held = self.answers.get(place(url))
        if held is None:
            return reply(404, "Object: <...>", {"Content-Type": "text/plain"})
        return reply(200, held) if isinstance(held, str) else held

    def close(self) -> None:
        pass


def lines(name: str) -> Iterator[dict[str, Any]]:
    """The records of a wire file."""
    with gzip.open(RECORDINGS / "wire" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


@cache
def wire(name: str) -> dict[str, dict[str, requests.Response | str]]:
    """The answers of a wire file, by viewer."""
    held: dict[str, dict[str, requests.Response | str]] = {}
    for one in lines(name):
        answers = held.setdefault(one.get("viewer") or "anonymous", {})
        plain = one["status"] != 200
        answers[place(one["url"])] = reply(one["status"], one["body"]) if plain else one["body"]
    return held


@cache
def project(name: str) -> dict[str, requests.Response | str]:
    """The answers of a recorded project."""
    folder = RECORDINGS / "projects" / name
    held: dict[str, requests.Response | str] = {}
    for url, status, file in json.loads((folder / "INDEX.json").read_text()):
        if status == 200 and file.endswith(".json"):
            held[place(url)] = (folder / file).read_text(encoding="utf-8")
    return held


def project_names() -> list[str]:
    """The recorded projects."""
    if not RECORDINGS.is_dir():
        return []
    return sorted(one.name for one in (RECORDINGS / "projects").iterdir())


def bugs(answers: Mapping[str, requests.Response | str]) -> list[str]:
    """The numbers of the bugs that were read whole."""
    paths = (path for path, body in answers.items() if isinstance(body, str))
    return sorted({path.split("/")[3] for path in paths if path.endswith("/bug_tasks")}, key=int)


def exchange(name: str) -> requests.Response:
    """The answer of a single recorded exchange."""
    held = json.loads((RECORDINGS / "exchanges" / f"{name}.json").read_text())["response"]
    body = held["body"] if isinstance(held["body"], str) else json.dumps(held["body"])
    return reply(held["status"], body, held["headers"])
