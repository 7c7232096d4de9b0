"""Things that a source knows by their names alone, and that stay what they are when renamed.

Launchpad's blueprints have no number: after a rename the old address is gone, without a word of
where it went (facts 7). But nobody changes when a blueprint was made, or who made it. So one that
was never met, and that was made when one was that is not to be seen any more, is that one under a
new name: it keeps its key, and what stands of it at the targets is changed, not made again. Where
more than one could be meant, it is a new one.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import Any

import msgspec

from tracker_migrate.abilities import ListsChanges
from tracker_migrate.engine.rekeying import rekeyed
from tracker_migrate.errors import Gone, ObjectError
from tracker_migrate.interfaces import Entity, Listed, Reading, Source
from tracker_migrate.model import PARTS, Issue, Key, Relation, key, kind_of, name_of, parts
from tracker_migrate.workspace.names import Names

_KIND = "blueprint"


class Renames:
    """A source's listing and reading, by the keys that things were given first."""

    def __init__(self, source: Source, names: Names) -> None:
        self._source = source
        self._names = names
        self._guard = threading.Lock()
        self._made: dict[datetime, list[Key]] | None = None
        self._came_as: dict[Key, Key] = {}

    def listing(
        self, since: datetime | None, newest: int | None = None, *, brief: bool = False
    ) -> Iterator[Listed]:
        """See `interfaces.Source`. What has the name that another thing had is listed as another
        thing; if that can't be told now, the next listing tells. brief: see
        `abilities.ListsChanges`."""
        for one in self._listed(since, newest, brief):
            known = self._names.first(one.key)
            current = self._names.now(known) == one.key
            first = known if current else self._under_an_old_name(one.key, known)
            if first is not None:
                yield msgspec.structs.replace(one, key=first)

    def _listed(self, since: datetime | None, newest: int | None, brief: bool) -> Iterator[Listed]:
        if brief and since is not None and isinstance(self._source, ListsChanges):
            return self._source.changes(since)
        return self._source.listing(since, newest)

    def as_named_now(self, issue: Issue) -> Issue:
        """An issue as the source would name it, and what it is in, now."""
        if not self._names.moved:
            return issue
        return rekeyed(issue, parts(issue.key)[0], self._names.now)

    def entity(self, entity: Entity) -> Entity:
        """What issues live in, by the keys that it was given first."""
        of = entity.value.key
        if not self._names.moved or kind_of(of) == "person":
            return entity
        return msgspec.structs.replace(
            entity, value=rekeyed(entity.value, parts(of)[0], self._names.first)
        )

    def project(self, of: Key) -> Entity:
        """See `interfaces.Source`."""
        return self.entity(self._source.project(self._names.now(of)))

    def met(self, of: Key) -> Issue | None:
        """An issue as it was read last, by whomever, be it gone since."""
        return self._names.met(of)

    def as_read(self, listed: Iterable[Key]) -> set[Key]:
        """These, which were listed and read, by the keys under which they came."""
        return {self._came_as.get(one, one) for one in listed}

    def read(self, of: Key, known: str = "") -> Reading | None:
        """See `interfaces.Source`. The issue comes under the key that it was given first, which
        need not be the one that was asked for."""
        if kind_of(of) != _KIND:
            return self._with_first_names(self._source.read(of, known))
        name = self._names.now(of)
        if self._names.first(name) != of:
            raise Gone("its name is another's by now")
        reading = self._source.read(name, known)
        if reading is None:
            return None
        first = self._known_as(of, name, reading.issue)
        if first != of:
            self._came_as[of] = first
        issue = _under(reading.issue, first, self._names)
        return self._with_first_names(msgspec.structs.replace(reading, issue=issue))

    # -- who is who -------------------------------------------------------------------------------

    def _known_as(self, of: Key, name: Key, issue: Issue) -> Key:
        """The key of what was read under a name."""
        with self._guard:
            met = self._names.met(of)
            if met is None:
                return self._one_that_vanished(name, issue) or of
            if _same(met, issue):
                return of
            return self._another(name)

    def _one_that_vanished(self, name: Key, issue: Issue) -> Key | None:
        """The one thing that this must have been before, by another name."""
        if issue.created is None:
            return None
        alike = [one for one in self._candidates(issue) if self._vanished(one)]
        if len(alike) != 1:
            return None
        self._names.put(name, alike[0])
        return alike[0]

    def _candidates(self, issue: Issue) -> list[Key]:
        """What was made at the same time, by the same person where the time alone is no proof: a
        person can be renamed, too, and dates of imports have no fractions of a second."""
        if self._made is None:
            self._made = defaultdict(list)
            for met in self._names.all_met(_KIND, self._source.viewer):
                if met.created is not None:
                    self._made[met.created].append(met.key)
        assert issue.created is not None
        found = [self._names.met(one) for one in self._made.get(issue.created, ())]
        return [
            met.key
            for met in found
            if met is not None
            and met.key != issue.key
            and (issue.created.microsecond or met.author == issue.author)
        ]

    def _vanished(self, of: Key) -> bool:
        """Whether a thing is not to be seen under the last name that we know. Raises ObjectError if
        the source does not say."""
        name = self._names.now(of)
        if self._names.first(name) != of:
            return True
        try:
            reading = self._source.read(name)
        except Gone:
            return True
        met = self._names.met(of)
        return reading is None or met is None or not _same(met, reading.issue)

    def _under_an_old_name(self, name: Key, had: Key) -> Key | None:
        """The key of what has a name now that something had before: that itself, if it took its old
        name back. None if the source does not say."""
        try:
            reading = self._source.read(name)
        except ObjectError:
            return None
        with self._guard:
            met = self._names.met(had)
            if reading is not None and met is not None and _same(met, reading.issue):
                self._names.put(name, had)
                return had
            return self._another(name)

    def _another(self, name: Key) -> Key:
        """A new key, for what has the name of something else."""
        tracker, kind, path = parts(name)
        for number in count(2):
            made = key(tracker, kind, f"{path}~{number}")
            if not self._names.is_taken(made):
                self._names.put(name, made)
                return made
        raise AssertionError

    # -- under the first names --------------------------------------------------------------------

    def _with_first_names(self, reading: Reading | None) -> Reading | None:
        """What the issue names, by the keys that it was given first."""
        if reading is None:
            return None
        issue = reading.issue
        if self._names.moved:
            issue = rekeyed(issue, parts(issue.key)[0], self._names.first)
        relations = tuple(map(self._relation, issue.relations))
        issue = msgspec.structs.replace(issue, relations=relations)
        return msgspec.structs.replace(reading, issue=issue)

    def _relation(self, one: Relation) -> Relation:
        to = self._names.first(one.to) if one.to is not None else None
        return one if to == one.to else msgspec.structs.replace(one, to=to)


def _same(one: Issue, other: Issue) -> bool:
    """Whether two readings may be of the same thing: nothing changes when it was made."""
    return one.created == other.created or one.created is None or other.created is None


def _under(issue: Issue, first: Key, names: Names) -> Issue:
    """An issue under its first key, and its parts, whose keys begin with the issue's name. The one
    task of a thing that was moved to another project is still that task."""
    met = names.met(first)
    changes: dict[str, object] = {}
    if first != issue.key:
        changes = {"key": first}
        for name in PARTS:
            held = getattr(issue, name)
            if held and hasattr(held[0], "key"):
                changes[name] = tuple(_part_under(one, issue.key, first) for one in held)
    made = msgspec.structs.replace(issue, **changes)
    if met is not None and len(met.tasks) == len(made.tasks) == 1:
        task = msgspec.structs.replace(made.tasks[0], key=met.tasks[0].key)
        made = msgspec.structs.replace(made, tasks=(task,))
    return made


def _part_under(part: Any, issue: Key, first: Key) -> Any:
    tracker, kind, name = parts(part.key)
    rest = name.removeprefix(name_of(issue))
    return msgspec.structs.replace(part, key=key(tracker, kind, f"{name_of(first)}{rest}"))
