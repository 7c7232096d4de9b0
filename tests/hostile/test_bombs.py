"""Replies that are made to cost memory or time, or that are none: read in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.exits import ROOT
from tests.hostile.badness import BAD, WORDS, Bytes
from tests.hostile.servers import Stranger, byte_by_byte
from tracker_migrate.testing.loopback import Request

TRACKERS = ("launchpad", "storyboard", "maniphest")
#: MB that a bad reply may cost: an answer's bound, and what else goes on
MOST = 100
#: of those that are nothing but slow, or that a proxy may send one day: asked for again
_PASSING = {"dripping-body", "dripping-header"}


def wire(request: Request) -> Bytes:
    """The bad reply that a request names."""
    asked = request.target + "&" + unquote_plus(request.body.decode())
    return next(BAD[name]() for name in sorted(BAD, key=len, reverse=True) if name in asked)


def limited() -> None:
    """Far more than it should take, and far less than it could."""
    resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))


@pytest.fixture(scope="module", params=TRACKERS)
def told(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """What a child process says of each bad reply to one tracker's client."""
    with byte_by_byte(Stranger(), wire) as url:
        command = [sys.executable, "-m", "tests.hostile.child", request.param, url, *BAD]
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=ROOT,
            preexec_fn=limited,
        )
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    return {row["name"]: row for row in rows}


@pytest.mark.slow
def test_every_bad_reply_ends_in_an_error_of_ours_or_is_understood(
    told: dict[str, dict[str, Any]],
) -> None:
    assert told.keys() == BAD.keys()
    escaped = {name: row["said"] for name, row in told.items() if "ESCAPED" in row["said"][0]}
    assert not escaped


@pytest.mark.slow
def test_no_bad_reply_takes_more_memory_than_an_answer_may(told: dict[str, dict[str, Any]]) -> None:
    first = next(iter(told.values()))["before"]
    assert {
        name: row["peak"] - first for name, row in told.items() if row["peak"] - first > MOST
    } == {}


@pytest.mark.slow
def test_no_bad_reply_takes_long(told: dict[str, dict[str, Any]]) -> None:
    assert {name: row["took"] for name, row in told.items() if row["took"] > 20} == {}


@pytest.mark.slow
def test_no_word_of_a_server_is_in_a_message(told: dict[str, dict[str, Any]]) -> None:
    said = " ".join(row["said"][1] for row in told.values())
    assert WORDS not in said
    assert "zap" not in said.lower()
