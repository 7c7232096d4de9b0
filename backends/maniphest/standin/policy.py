"""Who may see and who may change an object: policies, Spaces, membership, and the refusals."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Literal, Protocol, TypeVar

from tracker_migrate.backends.maniphest.standin.edges import Edge, Edges
from tracker_migrate.backends.maniphest.standin.errors import ConduitError
from tracker_migrate.backends.maniphest.standin.people import People, User
from tracker_migrate.backends.maniphest.standin.store import Store, kind_of

Right = Literal["view", "edit"]
SUBSCRIBERS = "obj.subscriptions.subscribers"
AUTHOR = "obj.maniphest.author"
TASK_RULE = "The assignee of a task can always view and edit it."
FILE_RULE = (
    "The user who uploaded a file can always view and edit it. Files attached to objects are "
    "visible to users who can view those objects. Thumbnails are visible only to users who can "
    "view the original file."
)
OPAQUE_PROJECT = (
    "Members of a particular project can take this action. "
    "(You can not see this object, so the name of this project is restricted.)"
)
PLAIN_RULES = {
    "public": (
        "This object is public and can be viewed by anyone, even if they do not have an account "
        "on this server."
    ),
    "users": "Logged in users can take this action.",
    "admin": "Administrators can take this action.",
    "no-one": "By default, no one can take this action.",
    SUBSCRIBERS: "Subscribers can take this action.",
    AUTHOR: "The author of this object can take this action.",
}


class Guarded(Protocol):
    """What a policy protects."""

    @property
    def phid(self) -> str:
        """Its name."""

    @property
    def view(self) -> str:
        """Who may see it."""

    @property
    def edit(self) -> str:
        """Who may change it."""

    @property
    def space(self) -> str | None:
        """The Space it lies in."""

    @property
    def keeper(self) -> str | None:
        """Who may always see and change it: a task's owner, a file's author."""

    @property
    def maker(self) -> str | None:
        """Its author, for the policy that names them."""

    @property
    def label(self) -> str:
        """How a refusal names it to those who can see it."""

    @property
    def noun(self) -> str:
        """What a refusal calls it to those who cannot."""


T = TypeVar("T", bound=Guarded)


class Policies:
    """Answers whether a user has a right on an object."""

    def __init__(self, store: Store, people: People, edges: Edges) -> None:
        self.store = store
        self.people = people
        self.edges = edges

    def can(
        self,
        user: User,
        guarded: Guarded,
        right: Right,
        policy: str | None = None,
        subscribers: Collection[str] | None = None,
    ) -> bool:
        """Whether `user` has this right; `policy` and `subscribers` stand for what is to come."""
        if not self.in_space(user, guarded.space):
            return False
        if guarded.keeper == user.phid:
            return True
        wanted = policy or (guarded.view if right == "view" else guarded.edit)
        return self._allows(user, wanted, guarded, subscribers)

    def in_space(self, user: User, space: str | None) -> bool:
        """Whether the user sees what lies in this Space."""
        if space is None:
            return True
        view = self.store.value("SELECT view FROM space WHERE phid = ?", [space])
        return view is not None and self.satisfies(user, view)

    def satisfies(self, user: User, policy: str) -> bool:
        """Whether a policy that looks at no object lets the user in."""
        if policy in ("public", "users"):
            return True
        if policy == "admin":
            return bool(user.admin)
        match kind_of(policy):
            case "USER":
                return policy == user.phid
            case "PROJ":
                return self.is_member(user.phid, policy)
            case "PLCY":
                return self._custom(user, policy)
        return False

    def _allows(
        self, user: User, policy: str, guarded: Guarded, subscribers: Collection[str] | None
    ) -> bool:
        if policy == AUTHOR:
            return guarded.maker == user.phid
        if policy != SUBSCRIBERS:
            return self.satisfies(user, policy)
        if subscribers is not None:
            return user.phid in subscribers
        return self.edges.has(guarded.phid, Edge.SUBSCRIBER, user.phid)

    def _custom(self, user: User, policy: str) -> bool:
        stored = self.store.value("SELECT rules FROM policy WHERE phid = ?", [policy])
        if stored is None:
            return False
        rules = json.loads(stored)
        for rule in rules["rules"]:
            if self._applies(user, rule["rule"], rule.get("value") or []):
                return bool(rule["action"] == "allow")
        return bool(rules.get("default") == "allow")

    def _applies(self, user: User, rule: str, value: list[str]) -> bool:
        match rule:
            case "PhabricatorUsersPolicyRule":
                return user.phid in value
            case "PhabricatorProjectsPolicyRule":
                return any(self.is_member(user.phid, project) for project in value)
            case "PhabricatorAdministratorsPolicyRule":
                return bool(user.admin)
        return False

    # -- membership -------------------------------------------------------------------------

    def is_member(self, user: str, project: str) -> bool:
        """Whether somebody is a member of a project, a subproject of it, or its milestone."""
        return user in self.members(project)

    def members(self, project: str) -> list[str]:
        """The members: a milestone has its parent's, a parent those of all its subprojects."""
        sql = "SELECT parent FROM project WHERE phid = ? AND milestone IS NOT NULL"
        parent = self.store.value(sql, [project])
        if parent is not None:
            return self.members(parent)
        children = self.subprojects(project)
        if not children:
            return self.edges.of(project, Edge.MEMBER)
        return list(dict.fromkeys(member for child in children for member in self.members(child)))

    def subprojects(self, project: str) -> list[str]:
        """The projects right below this one that are no milestones."""
        sql = "SELECT phid FROM project WHERE parent = ? AND milestone IS NULL"
        return self.store.column(sql, [project])

    # -- refusals ---------------------------------------------------------------------------

    def require(self, user: User, guarded: Guarded, right: Right) -> None:
        """ConduitError, in the server's words, if the user has not this right."""
        if self.can(user, guarded, right):
            return
        if not self.in_space(user, guarded.space):
            raise ConduitError(
                f"[You Shall Not Pass: Unknown Object ({guarded.noun})] This object is in a space "
                "you do not have permission to access."
            )
        visible = right == "edit" and self.can(user, guarded, "view")
        name = guarded.label if visible else f"Restricted {guarded.noun}"
        policy = guarded.view if right == "view" else guarded.edit
        rules = [self._explain(policy, visible), *_special(guarded)]
        raise ConduitError(
            f"[You Shall Not Pass: {name}] (Can {right.capitalize()}) You do not have permission "
            f"to {right} this object. // {' '.join(rules)}"
        )

    def _explain(self, policy: str, visible: bool) -> str:
        if policy in PLAIN_RULES:
            return PLAIN_RULES[policy]
        match kind_of(policy):
            case "PROJ":
                name = self.store.value("SELECT name FROM project WHERE phid = ?", [policy])
                named = f'Members of the project "{name}" can take this action.'
                return named if visible and name is not None else OPAQUE_PROJECT
            case "USER":
                user = self.people.by_phid(policy)
                return f"{user.fullname if user else 'Unknown User'} can take this action."
            case "PLCY":
                return "This object has a custom policy controlling who can take this action."
        return f'This object has an unknown or invalid policy setting ("{policy}").'

    def visible(self, user: User, objects: Iterable[T]) -> list[T]:
        """Those that the user can see."""
        return [guarded for guarded in objects if self.can(user, guarded, "view")]


def _special(guarded: Guarded) -> list[str]:
    return {"TASK": [TASK_RULE], "FILE": [FILE_RULE]}.get(kind_of(guarded.phid), [])
