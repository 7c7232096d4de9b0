"""What tags become: tags.csv, one row for a tag (at one target, or at all).

tag,target,becomes,note
low-hanging-fruit,,good-first-bug,
in-stable-icehouse,,,dropped: named in the text alone
"""

from __future__ import annotations

from pathlib import Path

from tracker_migrate.mappings.table import Mistakes, rows

COLUMNS = ("tag", "target", "becomes", "note")


def load(path: Path, target: str, mistakes: Mistakes) -> dict[str, str | None]:
    """Tags with a row, by their name at the source; None: only named in the text."""
    tags: dict[str, str | None] = {}
    for _place, row in rows(path, COLUMNS, ("tag",), mistakes):
        if row["target"] in ("", target):
            tags[row["tag"]] = row["becomes"] or None
    return tags
