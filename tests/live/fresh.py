"""Numbers for what a test brings to a server that keeps what earlier ones have brought."""

from __future__ import annotations

import time


def first() -> int:
    """The first of a test's own numbers of bugs: none of them, and so no permalink, came before.

    A hundred for each second: whoever makes fewer bugs a second than that never meets the next
    test's.
    """
    return time.time_ns() // 10**7 % 10**9
