"""A tracker that lives in memory: a server, a source, a sink with its planner.

They know no real tracker, and are whole implementations of `interfaces.Source`, `Planner` and
`Sink`: the engine's tests run on them, and an author of a plug-in may, too.

    server = MemoryServer()
    server.faults.append(Fault(do="lose", request="card.create"))
    sink = MemorySink(server, "theirs")
"""

from tracker_migrate.testing.memory_planner import MemoryPlanner, Numbers
from tracker_migrate.testing.memory_server import Clock, Fault, MemoryServer, Record, Write
from tracker_migrate.testing.memory_sink import MemorySink
from tracker_migrate.testing.memory_source import (
    MemorySource,
    attachment,
    blueprint,
    bug,
    home,
    key_at,
)

__all__ = [
    "Clock",
    "Fault",
    "MemoryPlanner",
    "MemoryServer",
    "MemorySink",
    "MemorySource",
    "Numbers",
    "Record",
    "Write",
    "attachment",
    "blueprint",
    "bug",
    "home",
    "key_at",
]
