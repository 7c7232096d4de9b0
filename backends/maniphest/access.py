"""Who may read and edit a task: the policy, Space and owner that an audience becomes."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.interfaces import IMPORTER, Audience

#: policies that somebody draws up: the members of a project, or the rules of a custom policy
POLICIES = ("PHID-PROJ-", "PHID-PLCY-")
_SPACE = "PHID-SPCE-"
#: what says who may read; the owner goes with it, for an owner reads whatever the policy says
GUARDS = frozenset({"view", "edit", "space"})
ACCESS = GUARDS | {"owner"}

#: policies that let in whoever has an account, or a job that has nothing to do with the bug
_WIDE = {
    "public": "everybody",
    "users": "every account of the server",
    "admin": "every administrator of the server",
}


def refusal(audience: Audience) -> str | None:
    """Why nothing can be written for this audience, or None.

    A task has one policy. What is private needs one whose members can be looked at, or that
    somebody drew up for it; a Space narrows it, and is not enough alone: a task that somebody
    moves out of it would be open.
    """
    if audience.refused:
        return audience.refused
    if audience.name in ("public", IMPORTER):
        return None
    wrong = _wrong(audience.groups, audience.space)
    return f"policy {audience.name!r} {wrong}" if wrong else None


def _wrong(groups: tuple[str, ...], space: str) -> str:
    if not groups:
        return 'names no project or custom policy: add groups = ["PHID-PROJ-…"], or "PHID-PLCY-…"'
    if len(groups) > 1:
        return "names several groups, and a task has one policy: make a custom policy of them"
    if groups[0] in _WIDE:
        return (
            f"would let in {_WIDE[groups[0]]} ({groups[0]!r}): name a project, or a custom policy"
        )
    if not groups[0].startswith(POLICIES):
        return "names something that is no project or policy PHID"
    return "names a Space that is no PHID" if space and not space.startswith(_SPACE) else ""


def access(audience: Audience, options: Options) -> dict[str, Any]:
    """The fields of a task or subtask that say who may read it.

    What is closed for all stays in the Space that it is in: a Space only narrows. `space` "" is the
    importer's own, where everything stands that names none; it has to be said, for else a task that
    is opened would stay in the Space of its policy.

    `IMPORTER` stands for the importing account's own PHID, which only the sink knows. The owner is
    among the fields where nobody may be it: an owner sees and edits a task whatever its policy says
    (facts 4), so what is closed for all must not keep one. For any other audience the owner is the
    issue's own, and `fields.owner` lets in only whom the audience names.
    """
    if audience.name == IMPORTER:
        return {"view": IMPORTER, "edit": IMPORTER, "owner": None}
    view, edit = _policies(audience, options)
    return {"view": view, "edit": edit, "space": audience.space}


def _policies(audience: Audience, options: Options) -> tuple[str, str]:
    """A closed issue has one policy for both: who sees it may work on it."""
    if audience.name == "public":
        return options.public_view, options.public_edit
    return audience.groups[0], audience.groups[0]
