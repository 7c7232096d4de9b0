"""Leaks at the source: what it withholds, or names to few, is read as if it were everybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tracker_migrate.backends.launchpad import wire, wire_blueprint, wire_bug
from tracker_migrate.backends.launchpad.gathering import Gathered

Patch = pytest.MonkeyPatch


def returns(value: Any) -> Callable[..., Any]:
    """A function that always returns this."""
    return lambda *_given, **_named: value


def title_of_a_duplicate(patch: Patch) -> None:
    """A public bug names its duplicate by its title, also a private one's."""
    patch.setattr(wire, "leave_out_private", returns(0))
    patch.setattr("tracker_migrate.backends.launchpad.gathering.leave_out_private", returns(0))
    real = wire_bug._relations

    def relations(bug: Any, parts: Any, *more: Any) -> Any:
        found = [
            msgspec.structs.replace(
                wire_bug.to_bug("duplicate", row["id"], row["web_link"]), label=row["title"]
            )
            for row in parts.duplicates
        ]
        return (*real(bug, parts, *more), *found)

    patch.setattr(wire_bug, "_relations", relations)


def name_of_a_blueprint(patch: Patch) -> None:
    """A public blueprint names those that it depends on, also private ones."""
    patch.setattr(wire, "leave_out_private", returns(0))
    patch.setattr("tracker_migrate.backends.launchpad.gathering.leave_out_private", returns(0))
    real = wire_blueprint._relations

    def relations(spec: Any, links: Any) -> Any:
        return real({**spec, "information_type": "Proprietary"}, links)

    patch.setattr(wire_blueprint, "_relations", relations)


def name_of_a_branch(patch: Patch) -> None:
    """Branches are asked for with the login, and all that come are named."""
    real = Gathered.rows

    def rows(self: Gathered, *given: Any, **named: Any) -> Any:
        return real(self, *given, **{**named, "as_nobody": False})

    patch.setattr(Gathered, "rows", rows)


def hidden_comments(patch: Patch) -> None:
    """What Launchpad hides is taken as if everybody could read it."""
    patch.setattr(wire, "_silence", returns(0))
    real = wire_bug._comment

    def comment(number: str, index: int, row: Any) -> Any:
        return real(number, index, {**row, "visible": True, "date_deleted": None})

    patch.setattr(wire_bug, "_comment", comment)


def addresses(patch: Patch) -> None:
    """Addresses are left as they are in the archive, and in what is written."""
    patch.setattr("tracker_migrate.workspace.workspace.hide_in", lambda issue: issue)
    for place in ("engine.target", "text.fields", "text.redact"):
        patch.setattr(f"tracker_migrate.{place}.hide_addresses", str)
