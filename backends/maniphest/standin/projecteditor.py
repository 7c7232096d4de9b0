"""What is special about editing a project: hashtags, parents, milestones, members."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.maniphest.standin.config import COLORS, ICONS
from tracker_migrate.backends.maniphest.standin.edges import Edge
from tracker_migrate.backends.maniphest.standin.editor import Editor
from tracker_migrate.backends.maniphest.standin.errors import php_fault
from tracker_migrate.backends.maniphest.standin.people import User
from tracker_migrate.backends.maniphest.standin.policy import Right
from tracker_migrate.backends.maniphest.standin.projects import Project, slug_of
from tracker_migrate.backends.maniphest.standin.site import Site
from tracker_migrate.backends.maniphest.standin.xactions import Xaction

LONGEST_NAME = 128
_BOTH = (
    "When creating a project, specify a maximum of one parent project or milestone project. "
    "A project can not be both a subproject and a milestone."
)
_FIELDS = frozenset({"name", "icon", "color", "subtype", "space"})
_POLICIES = {"view": "view", "edit": "edit", "join": "joins"}


class ProjectEditor(Editor):
    """Applies transactions to one project."""

    kind = "PROJ"

    def __init__(self, site: Site, actor: User, project: Project) -> None:
        super().__init__(site, actor, project)
        self.project = project
        self.is_milestone = project.milestone is not None

    def expand(self, xactions: list[Xaction]) -> list[Xaction]:
        """Note whether this makes a milestone: other rules hold for its name."""
        for xaction in xactions:
            if xaction.type == "milestone" and xaction.new:
                self.is_milestone = True
                if self.site.projects.by_phid(xaction.new) is None:
                    raise php_fault("Call to a member function getMemberPHIDs() on null")
        return xactions

    # -- what is refused --------------------------------------------------------------------

    def validate(self, xactions: list[Xaction]) -> list[str]:
        """What is wrong, in the order of the server's own types."""
        return [
            *self.space_errors(xactions),
            *self._choice_errors(xactions, "color", COLORS),
            *self._choice_errors(xactions, "icon", ICONS),
            *self._parent_errors(xactions, "milestone"),
            *self._name_errors(xactions),
            *self._parent_errors(xactions, "parent"),
            *self._slug_errors(xactions),
            *self.policy_errors(xactions, "view", self.project),
            *self.policy_errors(xactions, "edit", self.project),
            *([_BOTH] if self._has_two_parents(xactions) else []),
        ]

    def _has_two_parents(self, xactions: list[Xaction]) -> bool:
        return sum(each.type in ("parent", "milestone") and bool(each.new) for each in xactions) > 1

    def _choice_errors(self, xactions: list[Xaction], kind: str, known: Any) -> list[str]:
        wrong = [each.new for each in xactions if each.type == kind and each.new not in known]
        return [f'Value for "project:{kind}" is invalid: "{value}".' for value in wrong[:1]]

    def _parent_errors(self, xactions: list[Xaction], kind: str) -> list[str]:
        given = [each.new for each in xactions if each.type == kind and each.new]
        if not given:
            return []
        if not self.is_new:
            return [
                (
                    "You can only set a parent or milestone project when creating a project for "
                    "the first time."
                )
            ]
        parent = self.site.projects.by_phid(given[-1])
        if parent is None or not self.site.policies.can(self.actor, parent, "edit"):
            return [
                (
                    f'Parent or milestone project PHID ("{given[-1]}") must be the PHID of a '
                    "valid, visible project which you have permission to edit."
                )
            ]
        if parent.milestone is not None:
            return [
                (
                    f'Parent or milestone project PHID ("{given[-1]}") must not be a milestone. '
                    "Milestones may not have subprojects or milestones."
                )
            ]
        return []

    def _name_errors(self, xactions: list[Xaction]) -> list[str]:
        names = [each.new for each in xactions if each.type == "name"]
        if not (names[-1] if names else self.project.name) and (names or self.is_new):
            return ["Projects must have a name."]
        too_long = any(len(name.strip().encode()) > LONGEST_NAME for name in names)
        errors = ["Project names must not be longer than 128 characters."] if too_long else []
        if self.is_milestone or not names:
            return errors
        return [*errors, *self._hashtag_errors(names[-1].strip())]

    def _hashtag_errors(self, name: str) -> list[str]:
        slug = slug_of(name)
        if slug == "_":
            return ["Project names must contain at least one letter or number."]
        # an invisible project's name is taken too (projects-milestones-slugs, exchange 68)
        if self.site.projects.by_slug(name) in (None, self.project.phid):
            return []
        return [
            (
                f'Project name generates the same hashtag ("#{slug}") as another existing project. '
                "Choose a unique name."
            )
        ]

    def _slug_errors(self, xactions: list[Xaction]) -> list[str]:
        given = [text for each in xactions if each.type == "slugs" for text in each.new]
        taken: dict[str, list[str]] = {}
        for text in given:
            holder = self.site.projects.by_slug(text)
            if holder is not None and holder != self.project.phid:
                taken.setdefault(holder, []).append(slug_of(text))
        return [_taken(slugs) for slugs in taken.values()]

    def right_for(self, xaction: Xaction) -> Right | None:
        """Anyone may leave a project, and join one whose policy lets them."""
        if xaction.type == "edge" and xaction.edge is Edge.MEMBER:
            added, removed = xaction.changes()
            me = [self.actor.phid]
            if removed == me and not added:
                return None
            joins = self.project.joins
            if added == me and not removed and self.site.policies.satisfies(self.actor, joins):
                return None
        return super().right_for(xaction)

    # -- what changes -----------------------------------------------------------------------

    def adjust(self, xaction: Xaction) -> None:
        """Names are trimmed, hashtags brought into their form."""
        if xaction.type == "name":
            xaction.new = xaction.new.strip()
        elif xaction.type == "slugs":
            xaction.new = list(dict.fromkeys(slug_of(text) for text in xaction.new))
        super().adjust(xaction)

    def old_value(self, xaction: Xaction) -> Any:
        """What the project has now."""
        project = self.project
        match xaction.type:
            case "name" | "view" | "edit" | "join" | "space" if self.is_new:
                return None
            case "slugs":
                return [] if self.is_new else self.site.projects.slugs(project)
            case "edge":
                return [] if self.is_new else self.site.edges.of(project.phid, xaction.edge)
            case "customfield":
                return project.description
        if xaction.type in _POLICIES:
            return getattr(project, _POLICIES[xaction.type])
        return getattr(project, xaction.type) if xaction.type in _FIELDS else None

    def change(self, xaction: Xaction) -> None:
        """Set the project's fields."""
        project = self.project
        if xaction.type in _POLICIES:
            setattr(project, _POLICIES[xaction.type], xaction.new)
        elif xaction.type in ("parent", "milestone"):
            self._hang_below(xaction)
        elif xaction.type == "customfield":
            project.description = xaction.new
        elif xaction.type in _FIELDS:
            setattr(project, xaction.type, xaction.new)
        if xaction.type == "name" and not self.is_milestone:
            project.slug = slug_of(xaction.new)

    def _hang_below(self, xaction: Xaction) -> None:
        parent = self.site.projects.by_phid(xaction.new)
        if parent is None:
            return
        project = self.project
        project.parent, project.depth = parent.phid, parent.depth + 1
        if xaction.type == "milestone":
            sql = "SELECT coalesce(max(milestone), 0) + 1 FROM project WHERE parent = ?"
            project.milestone = self.site.store.value(sql, [parent.phid])
            project.view, project.edit, project.joins = parent.view, parent.edit, parent.joins

    def save(self) -> None:
        """Store the project."""
        self.site.projects.save(self.project)

    def follow(self, xaction: Xaction) -> None:
        """Hashtags live in a table of their own; the old name's stays (exchange 40)."""
        projects, phid = self.site.projects, self.project.phid
        if xaction.type == "name" and not self.is_milestone:
            if xaction.old is not None:
                projects.add_slug(phid, xaction.old)
            projects.add_slug(phid, xaction.new)
        elif xaction.type == "slugs":
            self._change_slugs(xaction)
        else:
            super().follow(xaction)
            if xaction.type == "edge" and xaction.edge is Edge.MEMBER:
                self._show_faces(xaction.changes()[0])

    def _change_slugs(self, xaction: Xaction) -> None:
        added, removed = xaction.changes()
        for slug in added:
            self.site.projects.add_slug(self.project.phid, slug)
        for slug in removed:
            sql = "DELETE FROM slug WHERE slug = ? AND project = ?"
            self.site.store.run(sql, [slug, self.project.phid])

    def _show_faces(self, members: list[str]) -> None:
        # new members' pictures are made, and take file numbers (files, exchange 4)
        for phid in members:
            user = self.site.people.by_phid(phid)
            if user is not None:
                self.site.people.picture(user)

    def finish(self, xactions: list[Xaction]) -> None:
        """The first subproject inherits its parent's own members."""
        project = self.project
        if not project.parent or project.milestone is not None or not self.is_new:
            return
        if self.site.policies.subprojects(project.parent) == [project.phid]:
            members = self.site.edges.of(project.parent, Edge.MEMBER)
            adds = [(Edge.MEMBER, member) for member in members]
            self.site.edges.save(project.phid, (), adds)


def _taken(slugs: list[str]) -> str:
    if len(slugs) == 1:
        return f'Project hashtag "{slugs[0]}" is already used by another project.'
    return f"Project hashtags are already used by other projects: {', '.join(slugs)}."
