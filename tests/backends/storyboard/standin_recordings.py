"""What was recorded from a real StoryBoard, read as exchanges; the folder may be absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / ".." / "shared" / "recordings" / "storyboard"
ABSENT = "the recordings of a real StoryBoard are not here (../shared/recordings/storyboard)"


def present() -> bool:
    """Whether there is anything to replay."""
    return (FOLDER / "scenarios").is_dir()


@dataclass(frozen=True)
class Exchange:
    """One request and its recorded answer; `body` and `answer` are bytes, JSON data or None."""

    name: str
    who: str | None
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    status: int
    answer: Any
    answer_headers: Mapping[str, str]
    at: datetime | None = None
    group: str | None = None

    @property
    def bytes(self) -> bytes | None:
        """The body as it is sent."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()


@dataclass(frozen=True)
class Scenario:
    """Ordered exchanges from a clean server; `start` and `end` bound its dates of "now"."""

    name: str
    exchanges: list[Exchange] = field(default_factory=list)
    start: datetime = datetime.min
    end: datetime = datetime.min


def long_text(value: Any) -> Any:
    """Put the long texts back that the recording keeps as `{"$long": ...}`."""
    if isinstance(value, list):
        return [long_text(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$long" not in value:
        return {name: long_text(one) for name, one in value.items()}
    said = value["$long"]
    text = str(said["unit"] * (said["chars"] // len(said["unit"]) + 1))[: said["chars"]]
    assert hashlib.sha256(text.encode()).hexdigest() == said["sha256"]
    return text


def _raw(request: Mapping[str, Any]) -> Any:
    if "raw" not in request:
        return long_text(request.get("body"))
    coding = "latin-1" if "raw_encoding" in request else "utf-8"
    return str(request["raw"]).encode(coding)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _zero(said: Mapping[str, Any]) -> datetime:
    """When the first request was sent, told by the first answer that shows a fraction."""
    for one in said["exchanges"]:
        created = _created(one["response"].get("body"))
        if created is not None:
            return created - timedelta(seconds=sum(one["at"]) / 2)
    return _instant(said["state"]["started"])


def _created(body: Any) -> datetime | None:
    text = body.get("created_at") if isinstance(body, dict) else None
    if not isinstance(text, str) or "." not in text or text < "2026":
        return None
    return _instant(text)


def _exchange(scenario: str, said: Mapping[str, Any], zero: datetime) -> Exchange:
    request, response = said["request"], said["response"]
    created = _created(response.get("body"))
    answer = response["text"].encode() if "text" in response else long_text(response.get("body"))
    return Exchange(
        name=f"{scenario}/{said['n']}",
        who=said["as"],
        method=request["method"],
        path=request["path"],
        headers=request["headers"],
        body=_raw(request),
        status=response["status"],
        answer=answer,
        answer_headers=response["headers"],
        at=created or zero + timedelta(seconds=sum(said["at"]) / 2),
        group=said.get("group"),
    )


def scenario(path: Path) -> Scenario:
    """One ordered recording."""
    said = json.loads(path.read_text("utf-8"))
    zero = _zero(said)
    exchanges = [_exchange(said["scenario"], one, zero) for one in said["exchanges"]]
    end = zero + timedelta(seconds=said["exchanges"][-1]["at"][1])
    return Scenario(
        said["scenario"], exchanges, zero - timedelta(seconds=2), end + timedelta(seconds=2)
    )


def scenarios() -> list[Scenario]:
    """All of them, by name."""
    return [scenario(path) for path in sorted((FOLDER / "scenarios").glob("*.json"))]


def single(name: str) -> Exchange:
    """One exchange of the long session."""
    said = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    request, response = said["request"], said["response"]
    headers = dict(response["headers"])
    kind, answer = headers.get("Content-Type") or "", response["body"]
    body = request["body"]
    return Exchange(
        name=name,
        who=request["as_user"],
        method=request["method"],
        path=request["path"],
        headers=request["headers"],
        body=body.encode() if isinstance(body, str) else body,
        status=response["status"],
        answer=answer.encode() if isinstance(answer, str) and "html" in kind else answer,
        answer_headers=headers,
        at=_created(answer) or _sent(headers.get("Date")),
    )


def _sent(date: str | None) -> datetime | None:
    if date is None:
        return None
    second = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    return second + timedelta(seconds=0.5)


def singles() -> list[Exchange]:
    """All single exchanges, in the order of the index."""
    index = json.loads((FOLDER / "index.json").read_text("utf-8"))
    return [single(one["name"]) for one in index]
