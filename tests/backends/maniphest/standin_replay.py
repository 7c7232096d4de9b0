"""Sends recorded requests to a stand-in over HTTP and compares its answers with the recorded."""

from __future__ import annotations

import http.client
import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.backends.maniphest.standin_compare import Binding, differences
from tests.backends.maniphest.standin_recordings import (
    Exchange,
    Scenario,
    scenario,
    token,
    with_tokens,
)
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.testing.loopback import serving

FORM = "application/x-www-form-urlencoded"
_FROZEN = "an old method that the server has frozen; the product never asks it"
#: recorded exchanges that are not compared, by method, with the reason
LEFT_OUT_METHODS = {
    "maniphest.createtask": _FROZEN,
    "maniphest.update": _FROZEN,
    "maniphest.info": _FROZEN,
    "maniphest.query": _FROZEN,
    "maniphest.gettasktransactions": _FROZEN,
}
#: the same by scenario and number
LEFT_OUT = {
    ("errors", 59): "output=human is answered with a page for browsers; the product asks for json",
}
#: numbers that the recorded server gave to what nobody asked for: (scenario, exchange) -> counters
UNRECORDED_NUMBERS = {
    ("files", 38): {"file": 14},  # four numbers went between two uploads; ours gave one
}
OFF_API = "done on the recorded server itself; here by a control call"
_RULES = re.compile(r"rules (\[.*\])")


@dataclass
class Result:
    """What came of one exchange: `left_out` says why it was not compared."""

    exchange: Exchange
    recorded: Any = None
    ours: Any = None
    problems: list[str] = field(default_factory=list)
    left_out: str | None = None


@dataclass
class Replayed:
    """What came of a scenario."""

    name: str
    results: list[Result]
    binding: Binding

    @property
    def problems(self) -> list[str]:
        """All differences, each with its place."""
        return [
            f"{result.exchange.where} [{result.exchange.number}] {result.exchange.method}: {text}"
            for result in self.results
            for text in result.problems
        ]

    @property
    def compared(self) -> list[Result]:
        """The exchanges that were compared."""
        return [result for result in self.results if result.left_out is None]


class Player:
    """Plays exchanges against one stand-in, keeping its clock and the names of new objects."""

    def __init__(self, standin: ManiphestStandIn, callers: list[str]) -> None:
        self.standin = standin
        self.callers = callers
        self.binding = Binding()
        self.names: dict[str, deque[str]] = {}
        address = urlsplit(standin.url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port)
        standin.store.naming = self._name

    def _name(self, kind: str) -> str:
        names = self.names.get(kind)
        return names.popleft() if names else ""

    def play(self, exchange: Exchange) -> Result:
        """Send one, compare the answer."""
        self.names = new_names(exchange)
        status, headers, body = self.send(exchange)
        result = Result(exchange)
        if status != exchange.status:
            result.problems.append(f"recorded status {exchange.status}, ours {status}")
        if exchange.text is not None:
            result.problems += [] if body.decode() == exchange.text else ["another text"]
            return result
        result.ours = json.loads(body)
        result.recorded = json.loads(with_tokens(json.dumps(exchange.answer), self.callers))
        result.problems += differences(exchange.method, result.recorded, result.ours, self.binding)
        result.problems += _header_problems(exchange.headers, headers)
        return result

    def send(self, exchange: Exchange) -> tuple[int, dict[str, str], bytes]:
        """The request as it was, with our tokens and names."""
        body, kind = self._body(exchange)
        verb = exchange.request.get("method") or "POST"
        target = f"/api/{exchange.method}"
        if verb == "GET":
            target, body = f"{target}?{quote(body, safe='=&%+[]')}", ""
        headers = {"Content-Type": kind} if kind else {}
        self.connection.request(verb, target, body.encode() if body else b"", headers)
        response = self.connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()

    def _body(self, exchange: Exchange) -> tuple[str, str | None]:
        request = exchange.request
        if "raw" in request:
            return with_tokens(request["raw"], self.callers), request.get("content_type")
        own = token(exchange.caller)
        if "form" in request:
            fields = {**request["form"], **({"api.token": own} if own else {})}
            return urlencode({key: self._ours(value) for key, value in fields.items()}), FORM
        params = dict(request.get("params") or {})
        if own:
            params["__conduit__"] = {"token": own}
        packed = self._ours(json.dumps(params))
        return urlencode({"params": packed, "output": "json", "__conduit__": "1"}), FORM

    def _ours(self, text: str) -> str:
        return self.binding.translate(text)

    def control(self, name: str, value: Any) -> Any:
        """A steering call."""
        self.connection.request("POST", f"/__standin__/{name}", json.dumps(value).encode())
        return json.loads(self.connection.getresponse().read())


def _header_problems(recorded: dict[str, str], ours: dict[str, str]) -> list[str]:
    wanted = ("Content-Type", "X-Conduit-Capabilities")
    return [
        f"header {name}: recorded {recorded.get(name)}, ours {ours.get(name)}"
        for name in wanted
        if recorded.get(name) != ours.get(name)
    ]


def new_names(exchange: Exchange) -> dict[str, deque[str]]:
    """The names that the recorded server gave in this exchange, by kind.

    The stand-in is told to give the same: the order of equals in a list rests on them.
    """
    answer = exchange.answer or {}
    result = answer.get("result") if isinstance(answer, dict) else None
    names: dict[str, deque[str]] = {}
    for phid in _made(exchange, result):
        names.setdefault(phid.split("-")[1], deque()).append(phid)
    return names


def _made(exchange: Exchange, result: Any) -> Iterator[str]:
    params = exchange.request.get("params") or {}
    method = exchange.method or ""
    if method.endswith(".edit") and isinstance(result, dict):
        if not params.get("objectIdentifier"):
            yield result["object"]["phid"]
    elif method.endswith(".edit"):
        error = (exchange.answer or {}).get("error_info") or ""
        yield from re.findall(r"cycle=(PHID-TASK-\w+)", error)
    elif method == "maniphest.createtask" and isinstance(result, dict):
        yield result["phid"]
    elif method == "file.upload" and isinstance(result, str):
        yield result
    elif method == "file.allocate" and isinstance(result, dict) and result["filePHID"]:
        yield result["filePHID"]


# -- the clock ------------------------------------------------------------------------------


def clock(played: Scenario) -> list[int]:
    """The recorded server's time at each exchange, from the dates of what it made."""
    known = _known_dates(played)
    exact = [_exact(exchange, known) for exchange in played.exchanges]
    low, high = 0.0, 1.0
    for exchange, date in zip(played.exchanges, exact, strict=True):
        if date is not None:
            low = max(low, date - played.started - exchange.at[1])
            high = min(high, date + 1 - played.started - exchange.at[0])
    shift = played.started + (low + high) / 2
    times: list[int] = []
    for exchange, date in zip(played.exchanges, exact, strict=True):
        guess = int(shift + sum(exchange.at) / 2)
        times.append(max(date or guess, times[-1] if times else 0))
    return times


def _known_dates(played: Scenario) -> dict[str, int]:
    """When each named thing was made, as later answers tell."""
    known: dict[str, int] = {}
    for exchange in played.exchanges:
        result = exchange.answer.get("result") if isinstance(exchange.answer, dict) else None
        for item in result.get("data", []) if isinstance(result, dict) else []:
            date = item.get("dateCreated") or (item.get("fields") or {}).get("dateCreated")
            if date and "phid" in item:
                known[item["phid"]] = date
    return known


def _exact(exchange: Exchange, known: dict[str, int]) -> int | None:
    names = [name for kept in new_names(exchange).values() for name in kept]
    answer = exchange.answer if isinstance(exchange.answer, dict) else {}
    result = answer.get("result")
    if (exchange.method or "").endswith(".edit") and isinstance(result, dict):
        names += [each["phid"] for each in result["transactions"]]
    return next((known[name] for name in names if name in known), None)


# -- a whole scenario -----------------------------------------------------------------------


@contextmanager
def playing(played: Scenario) -> Iterator[Player]:
    """A fresh stand-in with the scenario's accounts, and a player for it."""
    standin = ManiphestStandIn(config=played.config())
    with serving(standin):
        player = Player(standin, list(played.state["users"]))
        yield player
        player.connection.close()
    standin.store.close()


@lru_cache(maxsize=32)
def replay(name: str) -> Replayed:
    """Play a scenario whole and in order; once in a process."""
    played = scenario(name)
    results = []
    with playing(played) as player:
        for exchange, now in zip(played.exchanges, clock(played), strict=True):
            player.standin.store.clock = partial(float, now)
            if (name, exchange.number) in UNRECORDED_NUMBERS:
                player.control("burn", UNRECORDED_NUMBERS[name, exchange.number])
            results.append(_play(player, exchange))
        return Replayed(name, results, player.binding)


def _play(player: Player, exchange: Exchange) -> Result:
    if exchange.method is None:
        _off_api(player, exchange)
        return Result(exchange, left_out=OFF_API)
    reason = LEFT_OUT.get((exchange.where, exchange.number)) or LEFT_OUT_METHODS.get(
        exchange.method
    )
    if reason is None:
        return player.play(exchange)
    player.names = new_names(exchange)
    _stand_for(player, exchange)
    return Result(exchange, left_out=reason)


def _off_api(player: Player, exchange: Exchange) -> None:
    """A custom policy or a Space, made by a control call."""
    order, phid = exchange.request["off_api"], exchange.answer
    found = _RULES.search(order)
    if found:
        player.control("policy", {"phid": phid, "rules": json.loads(found[1])})
        return
    default = "the default Space" in order
    project = next(iter(player.standin.store.column("SELECT phid FROM project WHERE name = 'sec'")))
    view = "users" if default else project
    player.control("space", {"phid": phid, "name": order, "view": view, "default": default})


def _stand_for(player: Player, exchange: Exchange) -> None:
    """What an old method wrote is written with maniphest.edit: later exchanges rest on it."""
    params = exchange.request.get("params") or {}
    title = {"type": "title", "value": params.get("title")}
    edit: dict[str, Any] = {"transactions": [title]}
    if exchange.method == "maniphest.update":
        edit["objectIdentifier"] = params["id"]
    elif exchange.method != "maniphest.createtask":
        return
    edit["__conduit__"] = {"token": token(exchange.caller)}
    body = urlencode({"params": json.dumps(edit)})
    player.connection.request("POST", "/api/maniphest.edit", body, {"Content-Type": FORM})
    player.connection.getresponse().read()
