"""Both texts of a difference that `verify` found: what we wrote, and what stands there.

The ledger keeps digests of what was sent, and no text: ours is made again from the archive. If it
has not the digest of what was sent, the source or a table has changed since, and that is said.
Texts are kept of public issues alone, that are open at the target, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from tracker_migrate.digest import short
from tracker_migrate.engine.authored import as_it_stands
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.interfaces import Action, Audience, Observed, Step, Wanted
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.ledger import Held

#: of so many differences both texts are kept: they are in memory, and on one page
MANY = 300
#: characters of each that are kept
LONGEST = 20_000
_PUBLIC = Audience(name="public")


class Both(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a public object in two texts. ours: None if it can't be made again. as_sent:
    whether ours is what was sent, and not what would be sent by now. policy: what is done about
    it, if it is known as somebody's edit (`workspace.policies`). home: the issue's address at the
    source; place: where the object is at the target, for people; url: its address there. cut:
    whether they are longer than what is kept."""

    key: Key
    field: str
    ours: str | None
    theirs: str
    as_sent: bool = True
    policy: str = ""
    home: str = ""
    place: str = ""
    url: str = ""
    cut: bool = False


class Differing:
    """Makes the texts for one target's differences, the first `MANY` of them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._closer: Closer | None = None
        self._policies = {(one.key, one.field): one.policy for one in target.ledger.met.all()}
        self.found: list[Both] = []

    def may_tell(
        self, issue: Issue, held: Mapping[Key, Held], seen: Mapping[Key, Observed]
    ) -> bool:
        """Whether everybody may read an issue, at the source and at the target: nothing of it has
        readers of its own, nor was closed there by anybody else."""
        target = self._target
        if issue.private or target.decisions.audience(issue).name != "public":
            return False
        if any(one.audience != "public" for one in held.values()):
            return False
        return not any(self._was_closed(held[key], one) for key, one in seen.items() if key in held)

    def _was_closed(self, held: Held, seen: Observed) -> bool:
        """Whether the fields that say who reads an object are neither those of a public one, nor
        those that we sent."""
        planner = self._target.planner
        if planner.kinds[held.kind].private != "own":
            return False
        opened = planner.access(held.kind, _PUBLIC)
        return any(
            seen.fields[name] != value
            and short(seen.fields[name]) != held.fields.get(name, ("", ""))[1]
            for name, value in opened.items()
            if name in seen.fields
        )

    def add(self, issue: Issue, held: Held, seen: Observed, fields: list[str]) -> None:
        """Keep both texts of these fields of an object."""
        if len(self.found) >= MANY:
            return
        ours = self._ours(issue, held, fields)
        for name in fields:
            mine, theirs = ours.get(name), _text(seen.fields[name])
            told = None if mine is None else _text(mine)
            self.found.append(
                Both(
                    key=held.key,
                    field=name,
                    ours=told if told is None else told[:LONGEST],
                    theirs=theirs[:LONGEST],
                    as_sent=mine is not None and short(mine) == held.fields[name][1],
                    policy=self._policies.get((held.key, name), ""),
                    home=issue.home,
                    place=f"{held.kind} {held.at.number or held.at.id}",
                    url=held.at.url,
                    cut=max(len(theirs), len(told or "")) > LONGEST,
                )
            )

    def _ours(self, issue: Issue, held: Held, fields: list[str]) -> dict[str, Any]:
        """The fields as they would be sent, as far as that can be said."""
        target, found = self._target, {}
        try:
            wanted = self._wanted(issue, held)
        except (ObjectError, UsageError):
            return {}
        if wanted is None:
            return {}
        for name in set(fields) & wanted.fields.keys():
            action = Action(op="update", wanted=wanted, fields=(name,), at=held.at)
            step = Step(kind=f"{wanted.kind}.update", actions=(action,))
            if self._closer is None:
                link, seal = target.sink.link, target.seals.of
                self._closer = Closer(target.places, link, target.moves, seal)
            try:
                closed = self._closer.step(step, issue.key, {}).actions[0]
            except ObjectError:  # what it hangs on is not there
                continue
            found[name] = closed.fields[name]
        return found

    def _wanted(self, issue: Issue, held: Held) -> Wanted | None:
        target = self._target
        for one in target.planner.wanted(issue, target.decisions):
            if one.key == held.key:
                return as_it_stands(one, held)
        return None


def _text(value: Any) -> str:
    """A field's value as a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
