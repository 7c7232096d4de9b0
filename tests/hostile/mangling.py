"""A stand-in whose replies can be spoiled at one place: in one kind of reply, one value of it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tracker_migrate.testing.loopback import Reply, Request, StandIn

#: takes a value away, instead of putting another in its place
NOTHING = object()
#: what stands in a value's place: every other type, and what is of the right type and wrong
BAD: dict[str, Any] = {
    "null": None,
    "true": True,
    "negative": -1,
    "huge": 10**30,
    "fraction": 1.5,
    "text": "zap",
    "control": "a\x1b]0;x\x07\u202e\nb\x00",
    "surrogate": "\ud800",
    "elsewhere": "https://elsewhere.example/devel/bugs/1",
    "long": "x" * 5000,
    "list": [],
    "list of lists": [[1]],
    "map": {},
    "missing": NOTHING,
}
At = tuple[str | int, ...]


class Place(NamedTuple):
    """A value in a kind of reply."""

    label: str
    at: At

    def __str__(self) -> str:
        return f"{self.label} $" + "".join(f"[{one!r}]" for one in self.at)


class Mangler:
    """In front of a stand-in in this process. `spoil` what is asked for from now on."""

    def __init__(self, standin: StandIn) -> None:
        self._real = standin.answer
        standin.answer = self._answer  # type: ignore[method-assign]
        self.seen: dict[str, Any] = {}
        self.asked: list[str] = []
        self.place: Place | None = None
        self.bad: Any = None
        self.struck = 0

    def spoil(self, place: Place | None, bad: Any = None) -> None:
        """Put a bad value in every reply of a kind; None: in none any more."""
        self.place, self.bad, self.struck = place, bad, 0

    def places(self) -> Iterator[Place]:
        """Every value of every kind of reply that was seen; of a list the first and the list."""
        for label, value in sorted(self.seen.items()):
            yield from (Place(label, at) for at in _paths(value))

    def _answer(self, request: Request) -> Reply:
        reply = self._real(request)
        value = _value(reply)
        if value is NOTHING:
            return reply
        label = kind_of(request)
        self.asked.append(label)
        held = self.seen.get(label)
        if held is None or len(reply.body) > len(json.dumps(held)):
            self.seen[label] = value
        if self.place is not None and self.place.label == label:
            spoilt = _put(value, self.place.at, self.bad)
            if spoilt is not NOTHING:
                self.struck += 1
                return Reply(reply.status, json.dumps(spoilt).encode(), reply.headers)
        return reply


def kind_of(request: Request) -> str:
    """What kind of request it is: numbers and names of people do not matter."""
    path = re.sub(r"~[^/]+", "~N", re.sub(r"\d+", "N", request.path))
    operation = request.arg("ws.op")
    return f"{request.method} {path}" + (f" {operation}" if operation else "")


def _value(reply: Reply) -> Any:
    kind = next((text for name, text in reply.headers.items() if name == "Content-Type"), "")
    if reply.status >= 400 or "json" not in kind or not reply.body:
        return NOTHING
    return json.loads(reply.body)


def _paths(value: Any, at: At = ()) -> Iterator[At]:
    yield at
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _paths(one, (*at, name))
    elif isinstance(value, list) and value:
        yield from _paths(max(value, key=lambda one: len(json.dumps(one))), (*at, 0))


def _put(value: Any, at: At, bad: Any) -> Any:
    """The value with a bad one inside; NOTHING if there is no such place."""
    if not at:
        return None if bad is NOTHING else bad
    made = copy.deepcopy(value)
    inside = made
    for name in at[:-1]:
        inside = _step(inside, name)
        if inside is NOTHING:
            return NOTHING
    if _step(inside, at[-1]) is NOTHING:
        return NOTHING
    if bad is NOTHING:
        del inside[at[-1]]
    else:
        inside[at[-1]] = bad
    return made


def _step(inside: Any, name: str | int) -> Any:
    known = isinstance(inside, dict) and name in inside
    return inside[name] if known or (isinstance(inside, list) and inside) else NOTHING
