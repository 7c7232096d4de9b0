"""What is done about a field that both sides changed: `[targets.NAME.conflicts]`.

By the names that the target's planner has for its fields. Who may read is no matter of these: see
docs/conflicts.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

import msgspec

from tracker_migrate.abilities import KeepsBoth
from tracker_migrate.interfaces import CLOSED, Audience, Planner

Choice = Literal["target", "source", "both"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
#: how each is called where it is told
WORDS: Mapping[Choice, str] = {
    "target": "target wins",
    "source": "source wins",
    "both": "both kept",
}
#: of who may read: no setting changes that
ACCESS = "stays as closed as it is"
DEFAULT = "default"


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """default: of every field that `fields` does not name."""

    default: Choice = "target"
    fields: Mapping[str, Choice] = {}

    def of(self, field: str) -> Choice:
        """What is done about a field."""
        return self.fields.get(field, self.default)

    def told(self, field: str) -> str:
        """The same, in words."""
        return WORDS[self.of(field)]


def policies_of(target: Mapping[str, Any]) -> Policies:
    """Those of a target's settings, which were checked before."""
    given = dict(target.get("conflicts", {}))
    return Policies(default=given.pop(DEFAULT, "target"), fields=given)


def mistakes_in(given: Any, planner: Planner | None = None) -> Iterator[tuple[str, str]]:
    """What is wrong with a table of policies: the path within it ("" for the whole), and what to
    do. planner: the target's; without it no field is looked up."""
    if not isinstance(given, Mapping):
        yield "", 'must be a table: default = "target", title = "both"'
        return
    for name, choice in given.items():
        if choice not in CHOICES:
            yield name, f"must be one of {', '.join(CHOICES)}"
    if planner is None:
        return
    fields = _fields(planner)
    for name in given:
        if name != DEFAULT and name not in fields:
            yield name, _unknown(name, planner, sorted(fields))
    if not fields and any(choice not in ("target", DEFAULT) for choice in given.values()):
        yield "", f"the sink {planner.tracker} can keep no other value: leave the table out"


def access_of(planner: Planner, kind: str) -> frozenset[str]:
    """The fields of a kind that say who may read."""
    if planner.kinds[kind].private != "own":
        return frozenset()
    both = (planner.access(kind, one) for one in (Audience(name="public"), CLOSED))
    return frozenset(name for access in both for name in access)


def _fields(planner: Planner) -> frozenset[str]:
    if not isinstance(planner, KeepsBoth):
        return frozenset()
    return frozenset(name for kind in planner.fields.values() for name in kind)


def _unknown(name: str, planner: Planner, fields: list[str]) -> str:
    if any(name in access_of(planner, kind) for kind in planner.kinds):
        return "says who may read, which is no matter of policy (docs/conflicts.md): leave it out"
    return f"no field of {planner.tracker} is called so: choose of {', '.join(fields)}"
