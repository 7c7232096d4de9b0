"""Sends recorded requests to a stand-in, in order, over HTTP, with the recording's clock."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.backends.storyboard.standin_compare import Answer, Window, differences
from tests.backends.storyboard.standin_recordings import Exchange, Scenario, scenarios
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.backends.storyboard.standin.personas import EXPIRED_TOKEN
from tracker_migrate.testing.loopback import Fault, serving

#: when the server's users and their tokens were made
SEEDED = datetime(2026, 11, 22, 13, 34, 46, tzinfo=UTC)
TOKENS = {
    "<token:super>": "token-of-super",
    "<token:normal>": "token-of-normal",
    "<token:other>": "token-of-other",
    "<token:expired>": EXPIRED_TOKEN,
    "<token:bad>": "a-token-that-nobody-gave",
}

#: a race's loser gets its answer by the fault that stands for the race
FAULTS = {
    "UPDATE projects SET": "deadlock",
    "UPDATE stories SET": "deadlock_story",
    "Database in dead lock": "deadlock_400",
    "Database object 'StoryTag'": "stranger_tag",
}

#: parallel requests that the server took in another order than it answered; their ids tell
ORDER = {
    "deadlocks": {
        "one story, round 1": (64, 69, 65, 66, 67, 68),
        "one story, round 2": (71, 70, 75, 72, 73, 74),
        "comments on one story": (76, 77, 78, 81, 79, 80),
    }
}

_CROSSED = "parallel comments: their ids and their events' ids were given out in different orders"
_BEFORE = "parallel tags: the answer shows the story without what the others were adding"
#: sent, for what follows needs them, and not compared
UNCOMPARED = {
    **{f"deadlocks/{n}": _CROSSED for n in (76, 77, 79, 81)},
    **{f"deadlocks/{n}": _BEFORE for n in (83, 84, 85, 86, 87)},
    "deadlocks/95": "the timeline of those races: crossed ids, and four edits from one old status",
}


@dataclass
class Outcome:
    """A recorded exchange and what the stand-in made of it."""

    recorded: Exchange
    ours: Answer
    window: Window

    @property
    def differences(self) -> list[str]:
        """Where the two differ."""
        return differences(self.recorded, self.ours, self.window)


class Player:
    """A stand-in, a connection to it, and a clock that the recording sets."""

    def __init__(self, standin: StoryBoardStandIn) -> None:
        self.standin = standin
        self.time = SEEDED
        self.tokens = dict(TOKENS)
        standin.clock = lambda: self.time
        standin.settings.editable_comments = True
        standin.settings.leaky_search = True
        split = urlsplit(standin.url)
        self._connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=20)

    def clean(self) -> None:
        """A server as each scenario found it."""
        self.time = SEEDED
        self.tokens = dict(TOKENS)
        self.standin.store.empty()
        self.standin.seed()
        self.standin.faults.clear()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def send(self, exchange: Exchange) -> Answer:
        """One request, its headers and no others."""
        self.time = exchange.at or self.time
        body = self._said(exchange)
        connection = self._connection
        connection.putrequest(exchange.method, exchange.path, True, True)
        for name, value in self._headers(exchange).items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        response = connection.getresponse()
        headers = {name.title(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        headers = dict(exchange.headers)
        if exchange.who is not None and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer <token:{exchange.who}>"
        if "Authorization" in headers:
            headers["Authorization"] = self._named(headers["Authorization"])
        headers["Host"] = "storyboard.example"
        return headers

    def _named(self, text: str) -> str:
        for name, token in self.tokens.items():
            text = text.replace(name, token)
        return text

    def _said(self, exchange: Exchange) -> bytes | None:
        body = exchange.bytes
        if body is None or b"<token:" not in body:
            return body
        chosen = body.decode().partition("<token:")[2].partition(">")[0]
        self.tokens.setdefault(f"<token:{chosen}>", f"chosen-{chosen}")
        return self._named(body.decode()).encode()


@contextmanager
def player() -> Iterator[Player]:
    """A player with a server of its own."""
    standin = StoryBoardStandIn()
    with serving(standin):
        made = Player(standin)
        yield made
        made.close()


def _fault(exchange: Exchange) -> Fault | None:
    if exchange.group is None or exchange.status == 200:
        return None
    text = exchange.answer["faultstring"]
    found = next((do for mark, do in FAULTS.items() if mark in text), None)
    if found is None or (found == "stranger_tag" and exchange.method == "POST"):
        return None
    return Fault(do=found)


def _in_order(scenario: Scenario) -> list[Exchange]:
    """The exchanges as the server took them: by answer, but for the groups of the table."""
    moved = ORDER.get(scenario.name, {})
    by_number = {int(one.name.rpartition("/")[2]): one for one in scenario.exchanges}
    result, done = [], set()
    for one in scenario.exchanges:
        if one.group not in moved:
            result.append(one)
        elif one.group not in done:
            done.add(one.group)
            result.extend(by_number[number] for number in moved[one.group])
    return result


def replay(player: Player, scenario: Scenario) -> list[Outcome]:
    """A whole scenario against a clean server."""
    player.clean()
    window = Window(scenario.start, scenario.end, player.tokens)
    outcomes = []
    for one in _in_order(scenario):
        fault = _fault(one)
        if fault is not None:
            player.standin.faults.append(fault)
        outcomes.append(Outcome(one, player.send(one), window))
        outcomes[-1].differences  # noqa: B018  learns the tokens that the answer shows
    return outcomes


def replay_all() -> dict[str, list[Outcome]]:
    """Every scenario, by name."""
    with player() as one:
        return {scenario.name: replay(one, scenario) for scenario in scenarios()}
