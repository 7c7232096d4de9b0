"""What can go wrong on the way to a far end: one word for each, whatever the far end is.

`FAULTS` says of every word what the far end did, and what came back. A far end that is to be struck
makes of a word what it has for it: `loopback.struck` for whatever speaks HTTP (a stand-in, or a
real server behind `proxy.FaultyProxy`), `memory_server.struck` for the memory server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Done = Literal["once", "twice", "late", "not"]


class Meaning(NamedTuple):
    """done: how often the far end carries the request out; `late`: after the client has gone.
    told: what comes back, for people."""

    done: Done
    told: str


FAULTS: Mapping[str, Meaning] = {
    "lose": Meaning("once", "the connection closes without a reply"),
    "truncate": Meaning("once", "half of the reply arrives, then the connection closes"),
    "mangle": Meaning("once", "a whole reply whose body was cut"),
    "slow": Meaning("once", "the reply comes late, but within the time-out"),
    "double": Meaning("twice", "a proxy delivered the request twice; the second reply"),
    "late": Meaning("late", "the connection closes at once, the work is done afterwards"),
    "drop": Meaning("not", "the connection closes without a reply"),
    "reset": Meaning("not", "the connection is reset"),
    "busy": Meaning("not", "429 with Retry-After"),
    "unavailable": Meaning("not", "503 with Retry-After, a proxy's page"),
    "gateway": Meaning("not", "502, a proxy's page"),
    "html": Meaning("not", "200 with a page of somebody else's"),
    "expired": Meaning("not", "401: the token ran out"),
    "down": Meaning("not", "nobody answers, several times"),
}
