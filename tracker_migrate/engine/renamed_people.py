"""People who are called otherwise by now: by another display name, or by another name.

A display name is just read again. A name is what a person is known by, and the old one leads
nowhere: the account that was made in the same instant as one that is not to be seen any more is
that one. What is decided of somebody by the old name (people.csv) is so of the new one.
"""

from __future__ import annotations

import threading
from datetime import datetime

from tracker_migrate.errors import ObjectError
from tracker_migrate.interfaces import Entity, Source
from tracker_migrate.model import Key, Person
from tracker_migrate.workspace.archive import Archive
from tracker_migrate.workspace.names import Names

#: so many who were made in the same instant are looked for
_ALIKE = 5


class RenamedPeople:
    """Reads people into the archive, for one pull, from several threads."""

    def __init__(self, source: Source, archive: Archive, names: Names) -> None:
        self._source = source
        self._archive = archive
        self._names = names
        self._guard = threading.Lock()
        self._made: dict[datetime, list[Key]] | None = None

    def read(self, key: Key) -> bool:
        """Read somebody; whether a text says something else of them by now. Raises ObjectError."""
        known = self._archive.person(key)
        entity = self._source.person(key)
        who = entity.value
        assert isinstance(who, Person)
        if known is None:
            self._follow(who)
        elif who.state == "missing" and known.state != "missing" and not who.private:
            return False  # renamed: issues that are not read again yet go on to say who it was
        return self._archive.put_entity(entity).result() and known is not None

    def _follow(self, who: Person) -> None:
        """Somebody whom nobody has met: is it one whom we know by another name? Where the instant
        has no fractions of a second, it proves nothing."""
        if who.created is None or not who.created.microsecond:
            return
        with self._guard:
            alike = [one for one in self._made_at(who.created) if one != who.key]
        gone = [one for one in alike[:_ALIKE] if self._is_missing(one)]
        if len(gone) == 1:
            self._names.put(who.key, self._names.first(gone[0]))

    def _made_at(self, when: datetime) -> list[Key]:
        if self._made is None:
            self._made = {}
            for one in self._archive.entities("person"):
                if one.created is not None:
                    self._made.setdefault(one.created, []).append(one.key)
        return self._made.get(when, [])

    def _is_missing(self, key: Key) -> bool:
        try:
            entity: Entity = self._source.person(key)
        except ObjectError:
            return False
        return isinstance(entity.value, Person) and entity.value.state == "missing"
