"""project.search, and project.column.search, which finds no workboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.standin import params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.listing import (
    Column,
    Constraint,
    Filter,
    Listing,
    Orders,
    fulltext,
    ids,
    phids,
    truth,
    words,
)
from tracker_migrate.backends.maniphest.standin.projects import (
    SELECT,
    Project,
    query_words,
    reference,
    slug_of,
)

_ORDERS = Orders(
    query="PhabricatorProjectQuery",
    columns={
        "id": Column("project.id"),
        "name": Column("project.fold", rising=True),
        "milestoneNumber": Column("coalesce(project.milestone, 0)"),
        "status": Column("0"),
    },
    builtin={"name": ["name"], "newest": ["id"], "oldest": ["-id"], "relevance": ["name"]},
    default=["name"],
    # the server takes names for unique: of two milestones of one name at a page's end, one is lost
    unique=("id", "name"),
)


class ProjectList(Listing):
    """Projects."""

    table = "project"
    select = SELECT
    kind = "PROJ"
    attachments = ("members", "watchers", "ancestors")
    saved: Mapping[str, str] = {"all": "1", "active": "1"}

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self.asked_slugs: list[str] = []

    def constraints(self) -> Mapping[str, Constraint]:
        """In the server's order."""
        return {**_CONSTRAINTS, "slugs": self._by_slugs}

    def orders(self) -> Orders:
        """By name, or by number."""
        return _ORDERS

    def revive(self, row: Sequence[Any]) -> Project:
        """A project."""
        return Project(*row)

    def visible(self, thing: Project) -> bool:
        """Members see their project whatever its policy."""
        return visible(self.call, thing)

    def fields(self, thing: Project) -> dict[str, Any]:
        """Its fields."""
        return self.site.projects.fields(thing)

    def attachment(self, name: str, thing: Project) -> Any:
        """Members, watchers (nobody watches), ancestors."""
        if name == "members":
            found = self.site.policies.members(thing.phid)
            return {"members": [{"phid": phid} for phid in found]}
        if name == "watchers":
            return {"watchers": []}
        above = self.site.projects.ancestors(thing)
        return {"ancestors": [reference(project) for project in above]}

    def maps(self) -> dict[str, Any]:
        """Which hashtag led where."""
        found = {}
        for text in self.asked_slugs:
            phid = self.site.projects.by_slug(text)
            project = self.site.projects.by_phid(phid) if phid else None
            if project is not None and self.visible(project):
                found[text] = {"slug": slug_of(text), "projectPHID": phid}
        return {"slugMap": found}

    def _by_slugs(self, call: Call, filtered: Filter, name: str, value: Any) -> None:
        self.asked_slugs = params.strings(name, value)
        if self.asked_slugs:
            slugs = [slug_of(text) for text in self.asked_slugs]
            marks = ",".join("?" * len(slugs))
            filtered.add(f"phid IN (SELECT project FROM slug WHERE slug IN ({marks}))", *slugs)


def search(call: Call) -> dict[str, Any]:
    """project.search."""
    return ProjectList(call).run()


def visible(call: Call, project: Project) -> bool:
    """Whether the caller sees a project: by its policy, or as its member."""
    policies = call.site.policies
    if policies.can(call.user, project, "view"):
        return True
    return policies.is_member(call.user.phid, project.phid)


def _by_name(call: Call, filtered: Filter, name: str, value: Any) -> None:
    """Each word must begin a word of the name, of an old name, or of a milestone's parent."""
    wanted = query_words(params.string(name, value))
    if not wanted:
        return
    found = [
        project.id
        for project in call.site.projects.load("1")
        if all(_begins_any(word, call.site.projects.words(project)) for word in wanted)
    ]
    filtered.among("project.id", found)


def _begins_any(word: str, texts: set[str]) -> bool:
    return any(text.startswith(word) for text in texts)


def _by_members(call: Call, filtered: Filter, name: str, value: Any) -> None:
    people = call.site.people.resolve(params.strings(name, value))
    projects = call.site.projects.load("1") if people else []
    for person in people:
        mine = [each.id for each in projects if call.site.policies.is_member(person, each.phid)]
        filtered.among("project.id", mine)


def _below(deep: bool) -> Constraint:
    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        given = params.strings(name, params.nonempty(name, params.array(name, value)))
        if not deep:
            filtered.among("project.parent", given)
            return
        trees = [call.site.projects.below(phid)[1:] for phid in given]
        filtered.among("project.phid", [phid for tree in trees for phid in tree])

    return narrow


def _depth(sign: str) -> Constraint:
    def narrow(call: Call, filtered: Filter, name: str, value: Any) -> None:
        filtered.add(f"project.depth {sign} ?", params.integer(name, value, call.strict))

    return narrow


def _status(call: Call, filtered: Filter, name: str, value: Any) -> None:
    if params.string(name, value) == "archived":
        filtered.nothing()


def _nobody(call: Call, filtered: Filter, name: str, value: Any) -> None:
    if params.strings(name, value):
        filtered.nothing()


_CONSTRAINTS: Mapping[str, Constraint] = {
    "ids": ids("project.id"),
    "phids": phids("project.phid"),
    "name": _by_name,
    "members": _by_members,
    "watchers": _nobody,
    "status": _status,
    "isMilestone": truth("project.milestone IS NOT NULL"),
    "isRoot": truth("project.parent IS NULL"),
    "minDepth": _depth(">="),
    "maxDepth": _depth("<="),
    "subtypes": words("project.subtype"),
    "icons": words("project.icon"),
    "colors": words("project.color"),
    "parents": _below(deep=False),
    "ancestors": _below(deep=True),
    "query": fulltext,
    "spaces": words("project.space"),
}
