"""What becomes of issues that not everybody may read: privacy.toml.

[information_type]
"Private" = "refuse"             # the default for every type without a row
"Private Security" = "security"  # the name of a policy
"Proprietary" = "stay"           # left at the source on purpose

[policies.security.old]          # the policy at the target named "old"
users = [17, 23]
groups = [4]
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from tracker_migrate.interfaces import Audience
from tracker_migrate.mappings.table import Mistakes, did_you_mean, known_target, toml

PUBLIC = Audience(name="public")
_SECTIONS = ("information_type", "policies")


class Privacy:
    """The rows of one target. Closed by default: what no row names is refused."""

    def __init__(self, actions: dict[str, str], policies: dict[str, Audience]) -> None:
        self.actions = actions
        self.policies = policies

    def audience(self, information_type: str) -> Audience:
        """Who may read an issue that is not public."""
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
        for one in at if isinstance(at, dict) else ():
            known_target(f"{path.name}: [policies.{name}.{one}]", one, targets, mistakes)
    known = {"refuse", "stay", *policies}
    actions = {}
    for kind, action in _section(held, "information_type").items():
        if action in known:
            actions[kind] = action
        else:
            hint = did_you_mean(str(action), known)
            mistakes.add(path.name, f'[information_type] "{kind}": no policy "{action}"{hint}')
    return Privacy(actions, _policies(policies, target, path.name, mistakes))


def _section(held: dict[str, Any], name: str) -> dict[str, Any]:
    section = held.get(name)
    return section if isinstance(section, dict) else {}


def _policies(
    held: dict[str, Any], target: str, place: str, mistakes: Mistakes
) -> dict[str, Audience]:
    policies = {}
    for name, targets in held.items():
        if not isinstance(targets, dict):
            mistakes.add(place, f"[policies.{name}] needs a section for each target")
            continue
        if target not in targets:
            continue
        readers = _readers(targets[target])
        if readers is None:
            what = f"[policies.{name}.{target}] needs users = […] or groups = […], and no more"
            mistakes.add(place, what)
            continue
        policies[name] = Audience(name=name, users=readers[0], groups=readers[1])
    return policies


def _readers(one: Any) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The users and groups of a policy; None if it does not name any, or something else."""
    if not isinstance(one, dict) or not one or not one.keys() <= {"users", "groups"}:
        return None
    held = [one.get("users", []), one.get("groups", [])]
    if not all(isinstance(names, list) for names in held) or not held[0] + held[1]:
        return None
    if not all(type(name) in (int, str) and name != "" for names in held for name in names):
        return None
    return tuple(map(str, held[0])), tuple(map(str, held[1]))
