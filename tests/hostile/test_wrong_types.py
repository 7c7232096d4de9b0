"""Each value of each kind of reply of each tracker, in turn of each wrong type: the outcome is an
error of ours, or a reading. A drawn sample; TRACKER_MIGRATE_HOSTILE=all tries them all."""

from __future__ import annotations

import os
import random
import time
from typing import Any, NamedTuple

import pytest

from tests.hostile.asking import TRACKERS, Asks
from tests.hostile.mangling import BAD, Mangler, Place
from tracker_migrate import hosts
from tracker_migrate.errors import MigrateError

ALL = os.environ.get("TRACKER_MIGRATE_HOSTILE") == "all"
SEED = int(os.environ.get("TRACKER_MIGRATE_SEED", time.time_ns() % 10**6))
SAMPLE = 250
#: seconds that one question may take, and requests that it may make
LONG, MANY = 30.0, 600
#: parts of the bad values: no message may hold one
_WORDS = ("zap", "\x1b", "\u202e", "elsewhere.example", "xxxxx")


class Case(NamedTuple):
    """One value spoilt, and a question that gets to see it."""

    place: Place
    bad: str
    ask: str

    def __str__(self) -> str:
        return f"{self.ask}: {self.place} is {self.bad}"


def drawn(mangler: Mangler, asks: Asks) -> list[Case]:
    """The cases, in an order that the seed decides."""
    needs: dict[str, list[str]] = {}
    for name, ask in asks.items():
        mangler.asked.clear()
        ask()
        for label in set(mangler.asked):
            needs.setdefault(label, []).append(name)
    cases = [
        Case(place, bad, name)
        for place in mangler.places()
        for bad in BAD
        for name in needs.get(place.label, ())
    ]
    random.Random(SEED).shuffle(cases)
    return cases if ALL else cases[:SAMPLE]


def outcome(mangler: Mangler, ask: Any, case: Case) -> str:
    """What is wrong with how one case ended; empty if nothing is."""
    hosts.forget()
    mangler.asked.clear()
    mangler.spoil(case.place, BAD[case.bad])
    began = time.monotonic()
    try:
        ask()
    except MigrateError as error:
        if any(word in str(error) for word in _WORDS):
            return f"{case}: a message tells what the server said"
    except Exception as error:  # noqa: BLE001  that there is none is what is tested
        return f"{case}: {type(error).__name__} {error}"
    finally:
        mangler.spoil(None)
    if time.monotonic() - began > LONG or len(mangler.asked) > MANY:
        return f"{case}: {len(mangler.asked)} requests"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_value_of_a_wrong_type_is_refused_or_read(
    tracker: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tracker_migrate.waiting.sleep", lambda _: None)
    with TRACKERS[tracker]() as (mangler, asks):
        cases = drawn(mangler, asks)
        wrong = [why for case in cases if (why := outcome(mangler, asks[case.ask], case))]
    capsys.readouterr()
    assert len(cases) >= SAMPLE
    assert not wrong, f"TRACKER_MIGRATE_SEED={SEED}: " + "\n".join(wrong[:20])


def test_the_mangler_spoils_what_it_says() -> None:
    with TRACKERS["launchpad"]() as (mangler, asks):
        mangler.spoil(Place("GET /devel/bugs/N", ()), BAD["list of lists"])
        with pytest.raises(MigrateError):
            asks["bug"]()
        assert mangler.struck
