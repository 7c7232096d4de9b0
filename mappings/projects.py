"""Where projects go: projects.csv, one row for a project, series or package of the source.

source,target,place,branch,move,note
nova,,compute,,yes,
nova/kilo,,compute,stable/kilo,yes,
ubuntu/+source/nova,,,,no,packagers stay at Launchpad
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tracker_migrate.interfaces import Place
from tracker_migrate.mappings.table import Mistakes, Once, known_target, rows
from tracker_migrate.model import Key, kind_of, name_of

COLUMNS = ("source", "target", "place", "branch", "move", "note")
_WORDS = {"yes": True, "": True, "no": False}


def load(
    path: Path, target: str, mistakes: Mistakes, targets: Collection[str] | None = None
) -> dict[str, Place]:
    """Places with a row, by the path at the source (`nova`, `nova/kilo`). A row for this target
    outdoes one for every target. targets: all that there are."""
    general: dict[str, Place] = {}
    own: dict[str, Place] = {}
    once = Once(mistakes)
    for place, row in rows(path, COLUMNS, ("source",), mistakes):
        known_target(place, row["target"], targets, mistakes)
        if row["move"] not in _WORDS:
            mistakes.add(place, f'"{row["move"]}" under move: write yes or no')
        elif once.is_new(place, row["source"], row["target"]) and row["target"] in ("", target):
            name = row["place"] or row["source"].split("/")[0]
            branch = row["branch"] or None
            made = Place(name=name, branch=branch, move=_WORDS[row["move"]])
            (own if row["target"] else general)[row["source"]] = made
    return general | own


def default(target: Key) -> Place:
    """Where something without a row goes: a project to its own name, a series to a branch of its
    project, a package to its own name."""
    path = name_of(target)
    if "/+source/" in path:
        where, package = path.split("/+source/", 1)
        _distribution, _, series = where.partition("/")
        return Place(name=package, branch=series or None)
    if kind_of(target) == "series":
        project, _, series = path.partition("/")
        return Place(name=project, branch=series)
    return Place(name=path)
