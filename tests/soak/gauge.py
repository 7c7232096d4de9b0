"""What a process holds: memory, open files; and how large its database is. Flat is: the last third
of the samples is no higher than the first third, by no more than `SLACK`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

#: the last third of the samples may be so many times the first third
SLACK = 1.1


class Sample(NamedTuple):
    """pid: of the process. rounds: how many it has ended. rss: bytes of memory. files: open
    descriptors. size: bytes of the database. things: what it has to know of: issues, comments, and
    what was done with them."""

    pid: int
    rounds: int
    rss: int
    files: int
    size: int
    things: int


def sample(pid: int, rounds: int, folder: Path, things: int) -> Sample:
    """How it is now."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    size = sum(one.stat().st_size for one in (folder / "state").glob("workspace.db*"))
    return Sample(pid, rounds, 1024 * int(found[1]) if found else 0, files, size, things)


def growth(values: Sequence[float]) -> float:
    """The median of the last third by that of the first; 1.0 for too few values."""
    third = len(values) // 3
    return median(values[-third:]) / median(values[:third]) if third else 1.0


def longest(samples: Sequence[Sample]) -> list[Sample]:
    """Those of the process that lived longest, without its first rounds, in which it grows up."""
    lives: dict[int, list[Sample]] = {}
    for one in samples:
        lives.setdefault(one.pid, []).append(one)
    life = max(lives.values(), key=len, default=[])
    return life[min(5, len(life) // 4) :]
