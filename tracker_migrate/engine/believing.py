"""How much may be gone at the source before a person has to look.

A login that has lost its rights, or a project that is called otherwise by now, looks as if all
issues had vanished, a few in each round of the daemon. So what went in one run is counted, and what
went within a day.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from tracker_migrate.errors import Brake
from tracker_migrate.workspace.archive import Archive

#: a run, or a day, that misses more than this part of what it looked for is not believed
_PART = 0.2
_FEW = 10
_DAY = timedelta(days=1)


class Lately(msgspec.Struct, frozen=True):
    """How many issues went, and when."""

    at: datetime
    many: int


class Believing:
    """Of one pull. accept: somebody said that all of it is meant."""

    def __init__(self, archive: Archive, *, accept: bool) -> None:
        self._archive = archive
        self._accept = accept

    def must(self, lost: int, of: int) -> None:
        """Believe that so many are gone, of so many that were looked for. Raises Brake if that is
        too much."""
        if self._accept:
            self._archive.set_lately("")
            return
        if not lost:
            return
        before = self._before()
        known = self._archive.known_count()
        if lost > max(_FEW, of * _PART):
            raise Brake(_said(f"{lost} of {of} issues are"))
        if lost + sum(one.many for one in before) > max(_FEW, known * _PART):
            gone = lost + sum(one.many for one in before)
            raise Brake(_said(f"{gone} of {known} issues have come, within a day, to be"))
        self._keep([*before, Lately(datetime.now(UTC), lost)])

    def _before(self) -> list[Lately]:
        held = self._archive.lately()
        since = datetime.now(UTC) - _DAY
        found = msgspec.json.decode(held, type=list[Lately]) if held else []
        return [one for one in found if one.at > since]

    def _keep(self, found: list[Lately]) -> None:
        self._archive.set_lately(msgspec.json.encode(found).decode())


def _said(what: str) -> str:
    return (
        f"{what} not to be seen at the source any more, or were moved to where nothing is read: if "
        "that is meant, run tracker-migrate pull --full --accept; if not, look at the source and "
        "its login"
    )
