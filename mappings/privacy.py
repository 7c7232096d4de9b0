"""What becomes of issues that not everybody may read: privacy.toml.

[information_type]
"Private" = "refuse"             # the default for every type without a row
"Private Security" = "security"  # the name of a policy
"Proprietary" = "stay"           # left at the source on purpose

[policies.security.new]          # the policy at the target named "new"
users = "readers"                # each issue's own readers, as far as people.csv knows them; or ids
groups = [4]                     # teams; a project or custom policy of Maniphest's (its PHID)
also = [23]                      # accounts that may read there, though the source doesn't say so
without = ["jdoe"]               # readers that go without; or "all"

[policies.security.old]
groups = ["PHID-PLCY-…"]
space = "PHID-SPCE-…"            # a Space that it has to be in, besides
lets_in = ["PHID-USER-…"]        # whom these let in: of these two the server does not tell

[exposed]                        # what can't be taken back, and has been looked at
"launchpad:bug:12" = "accept"
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from tracker_migrate.interfaces import IMPORTER, Audience
from tracker_migrate.mappings.table import Mistakes, did_you_mean, known_target, toml
from tracker_migrate.model import Key

PUBLIC = Audience(name="public")
READERS, ALL = "readers", "all"
_SECTIONS = ("information_type", "policies", "exposed")
_LISTS = ("users", "groups", "also", "without", "lets_in")
_WORDS = {"users": READERS, "without": ALL}
_OURS = ("refuse", "stay", "public", IMPORTER)


class Policy(Audience, frozen=True, kw_only=True):
    """Who is let in at one target. own: each issue's own readers are. also: accounts that may read,
    though they are no readers at the source. without: names of readers that go without; everybody
    who has no account does, if `everybody`. lets_in: whom its groups and Space let in, where the
    server does not tell."""

    own: bool = False
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    everybody: bool = False
    lets_in: tuple[str, ...] = ()


class Privacy:
    """The rows of one target. Closed by default: what no row names is refused."""

    def __init__(
        self,
        actions: dict[str, str],
        policies: dict[str, Policy],
        accepted: frozenset[Key] = frozenset(),
    ) -> None:
        self.actions = actions
        self.policies = policies
        self.accepted = accepted

    def policy(self, information_type: str) -> Policy | Audience:
        """What a type of issues becomes: a policy, or an audience that is refused."""
        action = self.actions.get(information_type, "refuse")
        if action in self.policies:
            return self.policies[action]
        if action == "stay":
            return Audience(name="stay", refused=f"{information_type}: stays at the source")
        return Audience(
            name="refuse",
            refused=f"{information_type}: privacy.toml names no policy for it at this target",
        )


def load(
    path: Path, target: str, mistakes: Mistakes, targets: Collection[str] | None = None
) -> Privacy:
    """The rows of a target; without the file, everything that is not public is refused.
    targets: all that there are."""
    held = toml(path, mistakes)
    for name, section in held.items():
        if name not in _SECTIONS:
            mistakes.add(path.name, f"unknown section [{name}]{did_you_mean(name, _SECTIONS)}")
        elif not isinstance(section, dict):
            mistakes.add(path.name, f"{name} must be a section, [{name}]")
    policies = _section(held, "policies")
    for name, at in policies.items():
        if name in _OURS:
            mistakes.add(path.name, f'[policies.{name}]: "{name}" has a meaning; choose another')
        for one in at if isinstance(at, dict) else ():
            known_target(f"{path.name}: [policies.{name}.{one}]", one, targets, mistakes)
    known = {"refuse", "stay", *policies}
    actions = {}
    for kind, action in _section(held, "information_type").items():
        if not isinstance(action, str):
            mistakes.add(path.name, f'[information_type] "{kind}": must be one word in quotes')
        elif action in known:
            actions[kind] = action
        else:
            hint = did_you_mean(action, known)
            mistakes.add(path.name, f'[information_type] "{kind}": no policy "{action}"{hint}')
    found = _policies(policies, target, path.name, mistakes)
    return Privacy(actions, found, _accepted(_section(held, "exposed"), path.name, mistakes))


def _section(held: dict[str, Any], name: str) -> dict[str, Any]:
    section = held.get(name)
    return section if isinstance(section, dict) else {}


def _accepted(rows: dict[str, Any], place: str, mistakes: Mistakes) -> frozenset[Key]:
    for key, word in rows.items():
        if word != "accept":
            mistakes.add(place, f'[exposed] "{key}": can only be "accept"')
    return frozenset(map(Key, rows))


def _policies(
    held: dict[str, Any], target: str, place: str, mistakes: Mistakes
) -> dict[str, Policy]:
    policies = {}
    for name, targets in held.items():
        if not isinstance(targets, dict):
            mistakes.add(place, f"[policies.{name}] needs a section for each target")
        elif target in targets:
            wrong = _wrong(targets[target])
            if wrong:
                mistakes.add(place, f"[policies.{name}.{target}] {wrong}")
            else:
                policies[name] = _policy(name, targets[target])
    return policies


def _wrong(one: Any) -> str:
    """What is wrong with a policy's section, or nothing."""
    if not isinstance(one, dict) or not (one.get("users") or one.get("groups")):
        return 'needs users = […] or groups = […] (or users = "readers")'
    for name, value in one.items():
        if name == "space":
            if not isinstance(value, str) or not value:
                return 'space: write it as "PHID-SPCE-…"'
        elif name not in _LISTS:
            return f'can\'t have "{name}"{did_you_mean(name, (*_LISTS, "space"))}'
        elif not (value == _WORDS.get(name) or _is_list(value)):
            word = f', or "{_WORDS[name]}"' if name in _WORDS else ""
            return f"{name} must be a list{word}"
    return ""


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(
        type(one) in (int, str) and str(one).strip() for one in value
    )


def _policy(name: str, one: dict[str, Any]) -> Policy:
    def listed(at: str) -> tuple[str, ...]:
        return tuple(map(str, one[at])) if isinstance(one.get(at), list) else ()

    return Policy(
        name=name,
        users=listed("users"),
        groups=listed("groups"),
        space=one.get("space", ""),
        own=one.get("users") == READERS,
        also=listed("also"),
        without=listed("without"),
        everybody=one.get("without") == ALL,
        lets_in=listed("lets_in"),
    )


def closed_by(audience: Audience, reason: str) -> Audience:
    """The same audience, refused."""
    return msgspec.structs.replace(audience, refused=reason)
