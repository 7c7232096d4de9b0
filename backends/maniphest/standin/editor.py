"""The engine of edits: transactions are expanded, merged, checked, applied, kept, mirrored.

The order of the steps is the server's own; what a refused call burns or leaves rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tracker_migrate.backends.maniphest.standin.edges import INVERSE, MIRRORED, Edge
from tracker_migrate.backends.maniphest.standin.errors import ConduitError, validation
from tracker_migrate.backends.maniphest.standin.people import User
from tracker_migrate.backends.maniphest.standin.policy import Guarded, Right
from tracker_migrate.backends.maniphest.standin.projects import Project
from tracker_migrate.backends.maniphest.standin.site import Site
from tracker_migrate.backends.maniphest.standin.store import kind_of
from tracker_migrate.backends.maniphest.standin.tasks import Task
from tracker_migrate.backends.maniphest.standin.xactions import Xaction, new_group

#: an edit of these needs no right at all
NO_SPACE = (
    "You can not shift this object in the selected space, because the space does not exist or you "
    "do not have access to it."
)
ARCHIVED_SPACE = (
    "You can not shift this object into the selected space, because the space is archived. Objects "
    "can not be created inside (or moved into) archived spaces."
)
FREE = frozenset({"create", "comment", "file", "mfa", "unblock"})
FREE_EDGES = frozenset({Edge.MENTION, Edge.MENTIONED_IN})


class Editor:
    """Applies transactions to one object. Subclasses say what is special about tasks, projects."""

    kind = ""

    def __init__(self, site: Site, actor: User, target: Task | Project) -> None:
        self.site = site
        self.actor = actor
        self.target = target
        self.is_new = not target.id
        self.group = new_group()
        self.wanted: list[Xaction] = []
        self.subscribers: list[str] = []
        if not self.is_new:
            self.subscribers = site.edges.of(target.phid, Edge.SUBSCRIBER)

    def apply(self, wanted: list[Xaction]) -> list[Xaction]:
        """Do it all; the transactions that were kept. Call it inside `store.atomic()`."""
        self.wanted = [replace(xaction, new=_copy(xaction.new)) for xaction in wanted]
        xactions = combine(self.support(self.expand(wanted)))
        errors = self.validate(xactions)
        if errors:
            raise validation(errors)
        for xaction in xactions:
            self.adjust(xaction)
        self.check_rights(xactions, asked=bool(wanted))
        xactions = [xaction for xaction in xactions if self.has_effect(xaction)]
        # comments come last, after what was done
        xactions.sort(key=lambda xaction: xaction.type == "comment")
        for xaction in xactions:
            self.change(xaction)
        self.save()
        self.site.logs[self.kind].write(xactions, self.target.phid, self.actor.phid, self.group)
        for xaction in xactions:
            self.follow(xaction)
        self.finish(xactions)
        self.mirror(xactions)
        return xactions

    # -- what a subclass says ---------------------------------------------------------------

    def expand(self, xactions: list[Xaction]) -> list[Xaction]:
        """Add what the transactions imply."""
        return xactions

    def support(self, xactions: list[Xaction]) -> list[Xaction]:
        """Add what the texts in them imply."""
        return xactions

    def validate(self, xactions: list[Xaction]) -> list[str]:
        """What is wrong with the values."""
        return []

    def old_value(self, xaction: Xaction) -> Any:
        """What the object has now."""
        raise NotImplementedError

    def change(self, xaction: Xaction) -> None:
        """Set the object's own fields."""
        raise NotImplementedError

    def save(self) -> None:
        """Store the object."""
        raise NotImplementedError

    def finish(self, xactions: list[Xaction]) -> None:
        """What is left to do when all is stored."""

    # -- shared steps -----------------------------------------------------------------------

    def adjust(self, xaction: Xaction) -> None:
        """Work out the old and the new value."""
        xaction.old = self.old_value(xaction)
        if xaction.type == "edge":
            for phids in xaction.new.values():
                _check_destinations(phids, xaction.edge)
            xaction.new = self.resolve_conflicts(xaction, merged_list(xaction.old, xaction.new))
        elif xaction.type == "subscribers":
            xaction.new = merged_list(xaction.old, xaction.new)

    def resolve_conflicts(self, xaction: Xaction, phids: list[str]) -> list[str]:
        """A chance to drop what cannot stand beside another."""
        return phids

    def has_effect(self, xaction: Xaction) -> bool:
        """Whether anything would change."""
        if xaction.type == "comment":
            return bool(xaction.comment and xaction.comment.strip())
        if xaction.type == "edge":
            return set(xaction.old) != set(xaction.new)
        return xaction.type == "create" or bool(xaction.old != xaction.new)

    def check_rights(self, xactions: list[Xaction], asked: bool) -> None:
        """ConduitError if the actor may not do this; a new object is nobody's yet."""
        if self.is_new:
            return
        needed: set[Right] = {right for each in xactions if (right := self.right_for(each))}
        if not xactions and not asked:
            needed = {"edit"}
        for right in sorted(needed, reverse=True):
            self.site.policies.require(self.actor, self.target, right)

    def right_for(self, xaction: Xaction) -> Right | None:
        """Which right a transaction needs."""
        if xaction.type == "subscribers":
            return self._right_to_subscribe(xaction)
        if xaction.type == "edge" and xaction.edge in FREE_EDGES:
            return None
        return None if xaction.type in FREE else "edit"

    def _right_to_subscribe(self, xaction: Xaction) -> Right | None:
        added, removed = xaction.changes()
        if any(phid != self.actor.phid for phid in removed):
            return "edit"
        if all(phid == self.actor.phid for phid in added):
            return None
        can_edit = self.site.policies.can(self.actor, self.target, "edit")
        return "edit" if can_edit else "view"

    def follow(self, xaction: Xaction) -> None:
        """Write the edges that a transaction tells of."""
        edges, phid = self.site.edges, self.target.phid
        if xaction.type == "edge":
            added, removed = xaction.changes()
            kind = xaction.edge
            edges.save(phid, [(kind, dst) for dst in removed], [(kind, dst) for dst in added])
        elif xaction.type == "subscribers":
            self._subscribe(xaction)

    def _subscribe(self, xaction: Xaction) -> None:
        added, removed = xaction.changes()
        gone = [(Edge.UNSUBSCRIBER, dst) for dst in added]
        gone += [(Edge.SUBSCRIBER, dst) for dst in removed]
        come = [(Edge.SUBSCRIBER, dst) for dst in added]
        come += [(Edge.UNSUBSCRIBER, dst) for dst in removed]
        self.site.edges.save(self.target.phid, gone, come)

    def mirror(self, xactions: Iterable[Xaction]) -> None:
        """Tell the other ends of edges, as far as the actor can see them."""
        for xaction in xactions:
            if xaction.type == "edge" and xaction.edge in MIRRORED:
                added, removed = xaction.changes()
                for node in self._nodes([*added, *removed]):
                    self._mirror_at(node, xaction.edge, node.phid in added)

    def _nodes(self, phids: list[str]) -> list[Task | Project]:
        site = self.site
        marks = ",".join("?" * len(phids))
        tasks = site.tasks.load(f"phid IN ({marks})", phids)
        projects = site.projects.load(f"phid IN ({marks})", phids)
        can = site.policies
        return [*can.visible(self.actor, tasks), *can.visible(self.actor, projects)]

    def _mirror_at(self, node: Task | Project, edge: Edge, added: bool) -> None:
        here = [self.target.phid]
        old, new = ([], here) if added else (here, [])
        xaction = Xaction("edge", new, old, edge=INVERSE[edge])
        kind = kind_of(node.phid)
        self.site.logs[kind].write([xaction], node.phid, self.actor.phid, self.group)
        (self.site.tasks if kind == "TASK" else self.site.projects).touch(node.phid)

    # -- policies and Spaces ----------------------------------------------------------------

    def policy_errors(self, xactions: list[Xaction], right: Right, future: Guarded) -> list[str]:
        """What speaks against a policy that shuts its own author out."""
        policies, actor = self.site.policies, self.actor
        coming = self.coming_subscribers()
        given = [each.new for each in xactions if each.type == right]
        errors = [
            f"The {right} policy of this object would no longer allow you to {right} the object."
            for policy in given
            if not policies.can(actor, future, right, policy, coming)
        ]
        if self.is_new and not given and not policies.can(actor, future, right, None, coming):
            errors.append(
                f"The selected {right} policy excludes you. Choose a {right} policy which allows "
                f"you to {right} the object."
            )
        return errors

    def coming_subscribers(self) -> list[str] | None:
        """Who will be subscribed, if the call itself says so.

        That its author is subscribed without a word does not count (069-policy-subscribers).
        """
        for xaction in reversed(self.wanted):
            if xaction.type == "subscribers":
                return merged_list(self.subscribers, xaction.new)
        return None

    def space_errors(self, xactions: list[Xaction]) -> list[str]:
        """What speaks against a Space."""
        given = [each for each in xactions if each.type == "space"]
        return [error for each in given if (error := self._space_error(each))]

    def _space_error(self, xaction: Xaction) -> str:
        space = self.site.spaces.by_phid(xaction.new)
        if space is None or not self.site.policies.in_space(self.actor, space.phid):
            return NO_SPACE
        if space.archived and self.target.space != space.phid:
            return ARCHIVED_SPACE
        return ""


def _copy(value: Any) -> Any:
    """Lists of operations are merged in place later: keep what was asked."""
    return dict(value) if isinstance(value, dict) else value


def combine(xactions: list[Xaction]) -> list[Xaction]:
    """Merge transactions on one list into the first of them."""
    result: list[Xaction] = []
    lists: dict[tuple[str, int], Xaction] = {}
    for xaction in xactions:
        key = (xaction.type, xaction.edge)
        if xaction.type not in ("subscribers", "edge"):
            result.append(xaction)
        elif key in lists:
            _merge(lists[key], xaction)
        else:
            lists[key] = xaction
            result.append(xaction)
    return result


def _merge(first: Xaction, other: Xaction) -> None:
    for sign, phids in other.new.items():
        known = first.new.get(sign, [])
        # the server puts later subscribers before earlier ones, but later edges after
        both = [*phids, *known] if first.type == "subscribers" else [*known, *phids]
        first.new[sign] = list(dict.fromkeys(both))


def merged_list(old: list[str], operations: dict[str, list[str]]) -> list[str]:
    """A list after '=' (set), '+' (add) and '-' (remove)."""
    wanted = operations.get("=")
    kept = old if wanted is None else [phid for phid in old if phid in wanted]
    result = dict.fromkeys([*kept, *(wanted or []), *operations.get("+", [])])
    for phid in operations.get("-", []):
        result.pop(phid, None)
    return list(result)


def _check_destinations(phids: list[str], edge: Edge) -> None:
    for phid in phids:
        if kind_of(phid) == "????":
            raise ConduitError(
                "Edge transactions must have destination PHIDs as in edge lists "
                f'(found key "{phid}" on transaction of type "{int(edge)}").'
            )
