"""Where projects go: projects.csv, one row for a project, series or package of the source.

source,target,place,branch,move,note
nova,,compute,,yes,
nova/kilo,,compute,stable/kilo,yes,
ubuntu/+source/nova,,,,no,packagers stay at Launchpad
"""

from __future__ import annotations

from pathlib import Path

from tracker_migrate.interfaces import Place
from tracker_migrate.mappings.table import Mistakes, rows
from tracker_migrate.model import Key, kind_of, name_of

COLUMNS = ("source", "target", "place", "branch", "move", "note")
_WORDS = {"yes": True, "": True, "no": False}


def load(path: Path, target: str, mistakes: Mistakes) -> dict[str, Place]:
    """Places with a row, by the path at the source (`nova`, `nova/kilo`)."""
    places: dict[str, Place] = {}
    for place, row in rows(path, COLUMNS, ("source",), mistakes):
        if row["move"] not in _WORDS:
            mistakes.add(place, f'"{row["move"]}" under move: write yes or no')
        elif row["target"] in ("", target):
            name = row["place"] or row["source"].split("/")[0]
            branch = row["branch"] or None
            places[row["source"]] = Place(name=name, branch=branch, move=_WORDS[row["move"]])
    return places


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
