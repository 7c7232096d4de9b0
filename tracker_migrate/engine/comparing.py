"""What has changed between two archives: of two dates, of two viewers, or from one tool to another.

Both are walked in the same order; only issues whose digests differ are loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from tracker_migrate.model import PARTS, Issue, Key
from tracker_migrate.workspace.archive import Archive, position


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that is not the same in both. what: `new` (in the second alone), `gone` (in the
    first alone), or `changed`. fields: names of the issue's own fields that differ. parts: of each
    kind of part that differs (`comments`, `tasks` …), how many are new, gone and changed."""

    key: Key
    what: Literal["new", "gone", "changed"]
    fields: tuple[str, ...] = ()
    parts: dict[str, tuple[int, int, int]] = {}


def compare(before: Archive, after: Archive) -> Iterator[Difference]:
    """Every issue that differs, in order of key; memory does not grow with the archives."""
    one, other = before.digests(), after.digests()
    was, now = next(one, None), next(other, None)
    while was is not None or now is not None:
        if now is None or (was is not None and position(was[0]) < position(now[0])):
            assert was is not None
            yield Difference(key=was[0], what="gone")
            was = next(one, None)
        elif was is None or position(now[0]) < position(was[0]):
            yield Difference(key=now[0], what="new")
            now = next(other, None)
        else:
            if was[1] != now[1] and (found := _difference(was[0], before, after)) is not None:
                yield found
            was, now = next(one, None), next(other, None)


def _difference(key: Key, before: Archive, after: Archive) -> Difference | None:
    """How an issue differs; None if it only reads otherwise, as it is shown here."""
    was, now = before.issue(key), after.issue(key)
    if was is None or now is None or was == now:
        return None
    own = (name for name in Issue.__struct_fields__ if name not in PARTS)
    fields = tuple(name for name in own if getattr(was, name) != getattr(now, name))
    counted = {name: _parts(getattr(was, name), getattr(now, name)) for name in PARTS}
    parts = {name: counts for name, counts in counted.items() if any(counts)}
    return Difference(key=key, what="changed", fields=fields, parts=parts)


def _parts(
    was: tuple[msgspec.Struct, ...], now: tuple[msgspec.Struct, ...]
) -> tuple[int, int, int]:
    """New, gone, changed. Parts without a key are the same or others."""
    before, after = ({_name(one): one for one in held} for held in (was, now))
    both = before.keys() & after.keys()
    return (
        len(after.keys() - both),
        len(before.keys() - both),
        sum(before[name] != after[name] for name in both),
    )


def _name(part: msgspec.Struct) -> object:
    return getattr(part, "key", None) or msgspec.json.encode(part)
