"""Bugs that vanished from a source without a word: made private, moved, deleted. No date tells of
it, and to whoever may not read them they are not listed as private either; but their number does.

How many the source shows to everybody, less how many of those the archive holds, stays what it was
as long as only dates move: what is new is in both. Where it does not stay, the numbers of all are
listed, and those that are missing are looked at.
"""

from __future__ import annotations

from contextlib import suppress

from tracker_migrate.abilities import CountsPublic
from tracker_migrate.errors import ObjectError
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Key, kind_of
from tracker_migrate.workspace.archive import Archive


class Uncounted:
    """name: what the archive knows the source by."""

    def __init__(self, source: Source, archive: Archive, name: str) -> None:
        self._source = source if isinstance(source, CountsPublic) else None
        self._archive = archive
        self._name = name
        self._count: int | None = None

    def is_due(self, *, brief: bool) -> bool:
        """Whether to look in this pull. brief: it asks for no more than it has to."""
        return self._source is not None and not (brief and self._source.tells_closed)

    def look(self) -> tuple[list[Key], list[Key]]:
        """What the archive takes for public, and the source does not list to everybody; and what it
        does, and the archive lacks. One request a place if nothing has vanished, or appeared.
        Raises Unreachable, LoginNeeded."""
        if self._source is None or not self._counted():
            return [], []
        if self._archive.apart(self._name) == self._apart():
            return [], []
        listed = dict.fromkeys(self._source.public_bugs())
        known = {key for key in self._archive.issue_keys() if kind_of(key) == "bug"}
        vanished = known - listed.keys() - set(self._archive.private_keys())
        return sorted(vanished), [key for key in listed if key not in known]

    def settle(self, *, full: bool) -> None:
        """All that was missing was looked at, and what was new was read. full: everything was."""
        if self._count is not None or (full and self._counted()):
            self._archive.set_apart(self._name, self._apart())

    def _counted(self) -> bool:
        """Ask for the number; whether it is told: a large project may be too many to be counted."""
        with suppress(ObjectError):
            self._count = None if self._source is None else self._source.public_count()
        return self._count is not None

    def _apart(self) -> int:
        return (self._count or 0) - self._archive.public_count("bug")
