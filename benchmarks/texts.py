"""How fast texts become the target's markup, and whether any shape of text takes more than its
length says."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from tracker_migrate.backends.launchpad.text import blocks
from tracker_migrate.interfaces import Text
from tracker_migrate.model import Key
from tracker_migrate.text import commonmark, remarkup

T = TypeVar("T")
ROOT = "https://launchpad.net"
BUG = Key("launchpad:bug:1")
#: bytes of the texts that the rate is measured on, and of the smaller of two of a shape
CORPUS, SMALL = 4_000_000, 250_000
_GROWS = 4

_PROSE = (
    "After the upgrade the scheduler does not start, see bug 1316547 and comment #4 of it.\n"
    "Steps: * install it * run `make check` _twice_ @reporter #nova <b>bold</b> T12 {F3}\n"
    "https://bugs.launchpad.net/nova/+bug/1316547 says the same (LP: #1316548).\n\n"
)
_LOG = "2014-05-06 07:08:09.123 4711 ERROR nova.compute.manager [req-0a1b] Traceback follows\n"
_QUOTE = "> > somebody said that it works for them\n> and somebody else that it does not\n"
_COMMIT = "    Closes-Bug: #1316547\n    Change-Id: I91b0f0a52b5ce8654702510eed76d5dea8cc8fe4\n\n"
_LIST = " * one\n * two, with a longer line that goes on for a while\n - three\n1. four\n"
#: about as often as in the sample of real bugs
_MIX = (_PROSE, _PROSE, _LOG * 8, _LOG, _QUOTE, _COMMIT, _LIST)
#: what a writer that looks back, or tries every ending, chokes on
SHAPES: Mapping[str, str] = {
    "one_long_line": "word ",
    "backticks": "`",
    "quotes_in_quotes": ">",
    "stars": "*",
    "brackets": "[",
    "at_signs": "@a",
    "bug_numbers": "bug 1 ",
    "addresses": "http://a.b/",
    "blank_lines": "\n",
    "log": _LOG,
    "list": " * a\n",
    "pipes": "|",
    "control_characters": "\x01",
}
_WRITERS: Mapping[str, Callable[..., Text]] = {
    "commonmark": commonmark.write,
    "remarkup": remarkup.write,
}


def texts(_bugs: int = 0) -> dict[str, float]:
    """MB a second of reading and of each writer; the worst ratio of four times the text's time to
    four times its time (1 is linear), over all shapes."""
    figures = _rates()
    growth = {name: _growth(shape) for name, shape in SHAPES.items()}
    worst = max(growth, key=lambda name: growth[name])
    figures |= {f"growth_{name}": ratio for name, ratio in growth.items()}
    figures["growth_worst"] = growth[worst]
    return figures


def _rates() -> dict[str, float]:
    drawn = random.Random(7)
    corpus: list[str] = []
    size = 0
    while size < CORPUS:
        text = "".join(drawn.choice(_MIX) for _ in range(drawn.randint(1, 30)))
        corpus.append(text)
        size += len(text)
    megabytes = size / 1e6
    seconds, read = _timed(lambda: [blocks(text, ROOT, BUG) for text in corpus])
    figures = {"read_mb_per_s": megabytes / seconds}
    for name, write in _WRITERS.items():
        seconds, _ = _timed(lambda write=write: [write(one) for one in read])  # type: ignore[misc]
        figures[f"{name}_mb_per_s"] = megabytes / seconds
    return figures


def _growth(shape: str) -> float:
    """How much longer than four times as long four times as much of it takes."""
    small, large = (shape * (size // len(shape)) for size in (SMALL, SMALL * _GROWS))
    return min(_whole(large) / _whole(small) for _ in range(2)) / _GROWS


def _whole(text: str) -> float:
    def both() -> None:
        read = blocks(text, ROOT, BUG)
        for write in _WRITERS.values():
            write(read)

    return _timed(both)[0]


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.process_time()
    found = work()
    return time.process_time() - began, found
