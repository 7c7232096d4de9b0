"""What tags become: tags.csv, one row for a tag (at one target, or at all).

tag,target,becomes,note
low-hanging-fruit,,good-first-bug,
in-stable-icehouse,,,dropped: named in the text alone
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tracker_migrate.mappings.table import Mistakes, Once, known_target, rows

COLUMNS = ("tag", "target", "becomes", "note")


def load(
    path: Path, target: str, mistakes: Mistakes, targets: Collection[str] | None = None
) -> dict[str, str | None]:
    """Tags with a row, by their name at the source; None: only named in the text. A row for this
    target outdoes one for every target. targets: all that there are."""
    general: dict[str, str | None] = {}
    own: dict[str, str | None] = {}
    once = Once(mistakes)
    for place, row in rows(path, COLUMNS, ("tag",), mistakes):
        known_target(place, row["target"], targets, mistakes)
        if once.is_new(place, row["tag"], row["target"]) and row["target"] in ("", target):
            (own if row["target"] else general)[row["tag"]] = row["becomes"] or None
    return general | own
