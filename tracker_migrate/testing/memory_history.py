"""What a memory server's history tells: what others did to an object, and which elements of its
lists are whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker_migrate.abilities import Between
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.testing.memory_server import MemoryServer, Record

#: lists that people add to: what is theirs stays. Who may read is set as it is wanted
SHARED = frozenset({"tags", "projects", "blockers"})


def between(
    server: MemoryServer, account: str, refs: Mapping[Key, tuple[str, RemoteRef]], row: int
) -> Sequence[Between]:
    """See `abilities.SeesBetween.between`. row: how many changes there were."""
    keys = {(kind, int(at.id)): of for of, (kind, at) in refs.items()}
    rows = [
        (keys[write.kind, write.number or 0], author, write)
        for author, write in server.history[row:]
        if write.op == "update" and (write.kind, write.number or 0) in keys
    ]
    return [
        Between(
            key=of,
            fields=dict(write.fields),
            over=any(key == of and by == account for key, by, _ in rows[at:]),
        )
        for at, (of, author, write) in enumerate(rows)
        if author != account
    ]


def merged(
    server: MemoryServer, account: str, record: Record, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of an update, with what others have added to the lists."""
    sent = dict(fields)
    for name in SHARED & fields.keys():
        first = _owners(server, record, name)
        theirs = [one for one in record.fields.get(name, ()) if first.get(str(one)) != account]
        sent[name] = [*fields[name], *(one for one in theirs if one not in fields[name])]
    return sent


def _owners(server: MemoryServer, record: Record, name: str) -> dict[str, str]:
    """Who wrote each element of a list first."""
    owners: dict[str, str] = {}
    for author, write in server.history:
        if (write.kind, write.number) == (record.kind, record.number):
            for one in write.fields.get(name, ()):
                owners.setdefault(str(one), author)
    return owners


def holds(server: MemoryServer, account: str, record: Record, fields: Mapping[str, Any]) -> bool:
    """Whether an object is as an update of these fields leaves it: its lists hold what was sent and
    what others have added, and nothing more. What we were to take away is not there then."""
    for name, value in merged(server, account, record, fields).items():
        there = record.fields.get(name)
        if name in SHARED and isinstance(there, list):
            if set(map(str, value)) != set(map(str, there)):
                return False
        elif name not in record.fields or there != value:
            return False
    return True
