"""Projects, subprojects, milestones and their hashtags: how they are kept and shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker_migrate.backends.maniphest.standin.config import COLORS, ICONS
from tracker_migrate.backends.maniphest.standin.store import Store, fold, insertion

COLUMNS = (
    *("id", "phid", "name", "slug", "icon", "color", "description", "parent", "milestone"),
    *("depth", "subtype", "space", "created", "modified", "view", "edit", "joins", "author"),
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM project"
_STORED = (*COLUMNS, "fold")
_UPDATE = f"UPDATE project SET {', '.join(f'{name} = ?' for name in _STORED[1:])} WHERE id = ?"
#: control characters, blanks, brackets, quotes and signs that a hashtag cannot have
_BANNED = re.compile(r"""[\x00-\x19#%&+=? \\<>{}\[\]'"`~!@$^*,:;(|)_]+""")
_WORDS = re.compile(r"[\s\[\]()-]+")


@dataclass(slots=True)
class Project:
    """One project; `id` 0 is one that is not stored yet. A milestone has a number."""

    id: int
    phid: str
    name: str
    slug: str | None
    icon: str
    color: str
    description: str | None
    parent: str | None
    milestone: int | None
    depth: int
    subtype: str
    space: str | None
    created: int
    modified: int
    view: str
    edit: str
    joins: str
    author: str

    @property
    def keeper(self) -> str | None:
        """Nobody is above its policies."""
        return None

    @property
    def maker(self) -> str | None:
        """Who made it."""
        return self.author

    @property
    def label(self) -> str:
        """Its name."""
        return self.name

    @property
    def noun(self) -> str:
        """What it is."""
        return "Project"


class Projects:
    """All projects."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def blank(self, author: str) -> Project:
        """A project to be made."""
        policies = ("users", "users", "users")
        return Project(
            *(0, "", "", None, "project", "blue", None, None, None, 0, "default", None, 0, 0),
            *policies,
            author,
        )

    def load(self, where: str, args: Sequence[Any] = ()) -> list[Project]:
        """Projects, by name."""
        sql = f"{SELECT} WHERE {where} ORDER BY fold, id"
        return [Project(*row) for row in self.store.rows(sql, args)]

    def by_id(self, number: int) -> Project | None:
        """The project of this number."""
        return next(iter(self.load("id = ?", [number])), None)

    def by_phid(self, phid: str) -> Project | None:
        """The project of this name."""
        return next(iter(self.load("phid = ?", [phid])), None)

    def by_slug(self, text: str) -> str | None:
        """The PHID of the project with this hashtag, today's or an old one."""
        found: str | None = self.store.value(
            "SELECT project FROM slug WHERE slug = ?", [slug_of(text)]
        )
        return found

    def save(self, project: Project) -> None:
        """Store it."""
        now = self.store.now()
        project.modified = now
        if project.id:
            self.store.run(_UPDATE, [*_values(project)[1:], project.id])
            return
        project.id, project.phid = self.store.take("project"), self.store.phid("PROJ")
        project.created = now
        self.store.run(insertion("project", _STORED), _values(project))

    def touch(self, phid: str) -> None:
        """Something about this project changed elsewhere."""
        self.store.run("UPDATE project SET modified = ? WHERE phid = ?", [self.store.now(), phid])

    def add_slug(self, project: str, text: str) -> None:
        """Give it a hashtag; one that somebody has stays theirs."""
        sql = "INSERT OR IGNORE INTO slug VALUES (?, ?)"
        self.store.run(sql, [slug_of(text), project])

    def slugs(self, project: Project) -> list[str]:
        """Its hashtags but the first."""
        sql = "SELECT slug FROM slug WHERE project = ? AND slug IS NOT ? ORDER BY slug"
        return self.store.column(sql, [project.phid, project.slug])

    def ancestors(self, project: Project) -> list[Project]:
        """The projects above it, the nearest first."""
        above = []
        parent = project.parent and self.by_phid(project.parent)
        while parent:
            above.append(parent)
            parent = parent.parent and self.by_phid(parent.parent)
        return above

    def below(self, phid: str) -> list[str]:
        """A project and all that lie below it."""
        sql = (
            "WITH RECURSIVE tree (phid) AS (SELECT ? UNION SELECT project.phid FROM project "
            "JOIN tree ON project.parent = tree.phid) SELECT phid FROM tree"
        )
        return self.store.column(sql, [phid])

    def words(self, project: Project) -> set[str]:
        """What a search by name finds it under: also old names, and a milestone's parent's."""
        named = [project, *self.ancestors(project)[:1]] if project.milestone else [project]
        texts = [each.name for each in named]
        for each in named:
            sql = "SELECT slug FROM slug WHERE project = ?"
            texts += self.store.column(sql, [each.phid])
        return {fold(word) for text in texts for word in _WORDS.split(text) if word}

    def fields(self, project: Project) -> dict[str, Any]:
        """The `fields` of a project; a milestone wears its parent's colour and policies."""
        parent = self.by_phid(project.parent) if project.parent else None
        looks = parent if parent is not None and project.milestone is not None else project
        icon = "milestone" if project.milestone is not None else project.icon
        return {
            "name": project.name,
            "slug": project.slug,
            "subtype": project.subtype,
            "milestone": project.milestone,
            "depth": project.depth,
            "parent": reference(parent) if parent else None,
            "icon": {"key": icon, "name": ICONS[icon][0], "icon": ICONS[icon][1]},
            "color": {"key": looks.color, "name": COLORS[looks.color]},
            "status": "active",
            "spacePHID": project.space,
            "dateCreated": project.created,
            "dateModified": project.modified,
            "policy": {"view": looks.view, "edit": looks.edit, "join": looks.joins},
            "description": project.description,
        }


def reference(project: Project) -> dict[str, Any]:
    """How a project is named inside another."""
    return {"id": project.id, "phid": project.phid, "name": project.name}


def slug_of(text: str) -> str:
    """The hashtag of a name: `c++` and `C` share one (projects-milestones-slugs, exchange 7)."""
    slug = _BANNED.sub("_", text.replace("/", " ").lower())
    if slug != "_":
        slug = slug.strip("_")
    return {".": "dot", "..": "dotdot"}.get(slug, slug)


def query_words(text: str) -> list[str]:
    """The words of a search by name."""
    return [fold(word) for word in _WORDS.split(text) if word]


def _values(project: Project) -> list[Any]:
    return [*(getattr(project, name) for name in COLUMNS), fold(project.name)]
