"""A replay that cannot fail is worth nothing: one value changed in a recording must be noticed."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.backends.launchpad.standin_compare import FIELDS
from tests.backends.launchpad.standin_recordings import Asked, needs_recordings
from tests.backends.launchpad.standin_replay import Asker, asked_of, loaded, reason_to_leave_out

pytestmark = needs_recordings

SOURCES = ("projects/lab-alpha", "projects/ubuntu", "wire/lab-private", "wire/nova-sample")
EACH = 75


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a body has values; what is normalised is no place."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in FIELDS:
                yield from places(one, (*path, key))
    elif isinstance(value, list):
        yield path
        for index, one in enumerate(value):
            yield from places(one, (*path, index))
    else:
        yield path


def changed(value: Any, chance: random.Random) -> Any:
    """Another value of the same make."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[:-1] if value else ["more"]
    if isinstance(value, str) and len(value) > 3:
        at = chance.randrange(len(value))
        return value[:at] + ("y" if value[at] != "y" else "x") + value[at + 1 :]
    return f"not {value!r}"


def mutated(body: Any, chance: random.Random) -> Any:
    """The body with one value changed."""
    body = copy.deepcopy(body)
    path = chance.choice(list(places(body)))
    if not path:
        return changed(body, chance)
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = changed(holder[path[-1]], chance)
    return body


def sample(source: str, chance: random.Random) -> list[Asked]:
    asked = [one for one in asked_of(source) if reason_to_leave_out(one) is None]
    return chance.choices([one for one in asked if one.status == 200], k=EACH)


@pytest.mark.parametrize("source", SOURCES)
def test_each_changed_value_is_noticed(source: str) -> None:
    chance = random.Random(f"mutations of {source}")
    with loaded(source) as asker:
        missed = [one.url for one in sample(source, chance) if not is_noticed(asker, one, chance)]
    assert missed == []


def test_each_changed_header_of_a_file_is_noticed() -> None:
    with loaded("wire/lab-private") as asker:
        files = [one for one in asked_of("wire/lab-private") if "Last-Modified" in one.said]
        assert len(files) > 10
        for one in files[:12]:
            reply = asker.send(one)
            assert asker.compare(one, reply) == []
            for name, text in one.said.items():
                other = dataclasses.replace(one, said={**one.said, name: f"{text}0"})
                assert asker.compare(other, reply) != []


def is_noticed(asker: Asker, asked: Asked, chance: random.Random) -> bool:
    reply = asker.send(asked)
    if asker.compare(asked, reply):
        return False  # the unchanged recording has to be equal
    other = copy.copy(asked)
    object.__setattr__(other, "body", mutated(asked.body, chance))
    return bool(asker.compare(other, reply))


def test_there_are_enough_mutations() -> None:
    assert EACH * len(SOURCES) >= 200
