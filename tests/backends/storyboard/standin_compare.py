"""A recorded answer against the stand-in's: what must be equal, and the table of what is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.backends.storyboard.standin_recordings import Exchange

#: everything that is not compared letter by letter, and why
NORMALISED = {
    "dates of now": "a moment of the recording is met within a second, in the same form (with or "
    "without a fraction): the server took some milliseconds, we set the clock to the middle",
    "tokens": "the server draws them; each must stand for the same person all the way",
    "event_info": "JSON in a text: compared as data, the order of its keys is the server's whim",
    "datetime(...) in errors": "the SQL parameters echo the moment to the microsecond",
    "parameters of errors": "a dict of the server's, in an order that changes by process: sorted",
    "statement of a failed look-up": "a naive updated_since echoes 3 kB of SELECT; its beginning "
    "is compared",
    "choices of a refusal": "a set of the server's, in an order that changes by process: sorted",
    "long session's tokens": "the single exchanges show REDACTED for a token",
}

HEADERS = ("Content-Type", "X-Total", "X-Limit", "X-Marker", "X-Offset", "Allow")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")
NOW = re.compile(r"datetime\.datetime\(2026, [^)]*\)")
CLOSE = timedelta(seconds=1)


@dataclass
class Answer:
    """What came back from the stand-in."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Window:
    """What is known while comparing: when the recording was made, which token is whose."""

    start: datetime
    end: datetime
    tokens: dict[str, str] = field(default_factory=dict)


def differences(recorded: Exchange, ours: Answer, window: Window) -> list[str]:
    """Where the stand-in's answer is not the recorded one; empty if it is."""
    return list(_differences(recorded, ours, window))


def _differences(recorded: Exchange, ours: Answer, window: Window) -> Iterator[str]:
    if recorded.status != ours.status:
        yield f"status: {recorded.status} != {ours.status}"
    for name in HEADERS:
        told, got = recorded.answer_headers.get(name), ours.headers.get(name)
        if told != got:
            yield f"{name}: {told!r} != {got!r}"
    yield from _body(recorded.answer, ours, window)


def _body(answer: Any, ours: Answer, window: Window) -> Iterator[str]:
    if answer in (None, "", b"") and not isinstance(answer, (list, dict)):
        if ours.body:
            yield f"body: nothing != {ours.body[:80]!r}"
    elif isinstance(answer, bytes):
        told, got = _marked_dates(answer.decode()), _marked_dates(ours.body.decode())
        if told != got:
            yield f"text: {told!r} != {got!r}"
    else:
        try:
            data = json.loads(ours.body)
        except ValueError:
            yield f"body: no JSON: {ours.body[:80]!r}"
            return
        yield from _value("", answer, data, window)


def _marked_dates(text: str) -> str:
    return DATE.sub("<date>", text)


def _value(path: str, told: Any, got: Any, window: Window) -> Iterator[str]:
    if isinstance(told, dict) and isinstance(got, dict):
        for name in sorted({*told, *got}):
            if name in told and name in got:
                yield from _value(f"{path}/{name}", told[name], got[name], window)
            else:
                yield f"{path}/{name}: only {'recorded' if name in told else 'ours'}"
    elif isinstance(told, list) and isinstance(got, list):
        if len(told) != len(got):
            yield f"{path}: {len(told)} items != {len(got)}"
        for at, (one, other) in enumerate(zip(told, got, strict=False)):
            yield from _value(f"{path}/{at}", one, other, window)
    elif not _same(path, told, got, window):
        yield f"{path}: {told!r} != {got!r}"


def _same(path: str, told: Any, got: Any, window: Window) -> bool:
    if type(told) is not type(got):
        return False
    if not isinstance(told, str):
        return bool(told == got)
    if told == "REDACTED":
        return path.endswith("/access_token")
    if told.startswith("<token:"):
        return bool(window.tokens.setdefault(told, got) == got)
    if path.endswith("/event_info"):
        return _same_json(told, got)
    if DATE.fullmatch(told):
        return _same_date(told, got, window)
    return settled(told) == settled(got)


def _same_json(told: str, got: str) -> bool:
    try:
        return bool(json.loads(told) == json.loads(got))
    except ValueError:
        return False


def _same_date(told: str, got: str, window: Window) -> bool:
    if told == got:
        return True
    if not DATE.fullmatch(got) or ("." in told) != ("." in got):
        return False
    moment = datetime.fromisoformat(told)
    in_window = window.start <= moment <= window.end
    return in_window and abs(moment - datetime.fromisoformat(got)) <= CLOSE


def settled(text: str) -> str:
    """An error's text without what changes from one time to the next."""
    text = NOW.sub("<now>", text)
    start, mark, _ = text.partition("[SQL: SELECT story_summary.id AS ")
    if mark:
        return start + mark
    start, mark, choices = text.partition("Value should be one of: ")
    if mark:
        return start + mark + ", ".join(sorted(choices.split(", ")))
    start, mark, parameters = text.partition("[parameters: ")
    return start + mark + ", ".join(sorted(re.split(r", |[\[\]{}]", parameters)))
