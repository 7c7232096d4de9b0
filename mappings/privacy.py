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

from pathlib import Path
from typing import Any

from tracker_migrate.interfaces import Audience
from tracker_migrate.mappings.table import Mistakes, did_you_mean, toml

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


def load(path: Path, target: str, mistakes: Mistakes) -> Privacy:
    """The rows of a target; without the file, everything that is not public is refused."""
    held = toml(path, mistakes)
    for name in held:
        if name not in _SECTIONS:
            mistakes.add(path.name, f"unknown section [{name}]{did_you_mean(name, _SECTIONS)}")
    policies = _policies(held.get("policies", {}), target, path.name, mistakes)
    known = {"refuse", "stay", *held.get("policies", {})}
    actions = {}
    for kind, action in held.get("information_type", {}).items():
        if action in known:
            actions[kind] = action
        else:
            hint = did_you_mean(str(action), known)
            mistakes.add(path.name, f'[information_type] "{kind}": no policy "{action}"{hint}')
    return Privacy(actions, policies)


def _policies(
    held: dict[str, Any], target: str, place: str, mistakes: Mistakes
) -> dict[str, Audience]:
    policies = {}
    for name, targets in held.items():
        one = targets.get(target) if isinstance(targets, dict) else None
        if one is None:
            continue
        users, groups = one.get("users", []), one.get("groups", [])
        if not isinstance(users, list) or not isinstance(groups, list) or not users + groups:
            mistakes.add(place, f"[policies.{name}.{target}] needs users = […] or groups = […]")
            continue
        policies[name] = Audience(
            name=name, users=tuple(map(str, users)), groups=tuple(map(str, groups))
        )
    return policies
