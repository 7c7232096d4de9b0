"""What a process holds: memory, open files; and how large its database is. Flat is: the last third
of the samples is higher than the first third by no more than `SLACK`. A database grows with what it
has to know of, and is measured by that; where nothing happens it does not grow (`AT_REST`)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import NamedTuple

#: the last third of the samples may be so many times the first third
SLACK = 1.1
#: what may be added to it in days in which all is read again, and nothing is new
AT_REST = 1.005
#: of fewer samples nothing is said: a process that is young takes what it needs for its life
ENOUGH = 30


class Sample(NamedTuple):
    """pid: of the process. rounds: how many it has ended. rss: bytes of memory. files: open
    descriptors. size: bytes of the database's pages, wherever they stand. wal: bytes of the file
    that it is written to first. things: what it has to know of: issues, comments, and what was
    done with them."""

    pid: int
    rounds: int
    rss: int
    files: int
    size: int
    wal: int
    things: int


def sample(pid: int, rounds: int, folder: Path, things: int) -> Sample:
    """How it is now."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    database = folder / "state" / "workspace.db"
    wal = database.with_name("workspace.db-wal")
    held = wal.stat().st_size if wal.exists() else 0
    memory = 1024 * int(found[1]) if found else 0
    return Sample(pid, rounds, memory, files, _pages(database), held, things)


def _pages(database: Path) -> int:
    """The files' sizes tell little: new pages stand in the one beside it for a while."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as held:
        pages, each = (
            held.execute(f"PRAGMA {it}").fetchone()[0] for it in ("page_count", "page_size")
        )
    return int(pages * each)


def growth(values: Sequence[float]) -> float:
    """The median of the last third by that of the first. values: three at least."""
    third = len(values) // 3
    return median(values[-third:]) / median(values[:third])


def longest(samples: Sequence[Sample]) -> list[Sample]:
    """Those of the process that lived longest, without its first rounds, in which it grows up."""
    lives: dict[int, list[Sample]] = {}
    for one in samples:
        lives.setdefault(one.pid, []).append(one)
    life = max(lives.values(), key=len, default=[])
    return life[min(5, len(life) // 4) :]
