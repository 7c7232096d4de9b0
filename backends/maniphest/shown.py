"""Which files our own texts show, read back: an attachment's permalink, and the number beside it.

Only the two places are read where no text of anybody's can stand: the lines under a comment's line
of origin, and the entries of the list of attachments at the end of a description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tracker_migrate.model import Key, key, parts

_NOTED = re.compile(r"\*\*(?:Patch|Attachment):\*\* (?:\[\[ (\S+) \||<(\S+?)>).* \{F(\d+)\}")
_LISTED = re.compile(r"- \[\[ \S+/F(\d+) \| .*?\]\](?: \{F\1\})?, from <(\S+?)>(?:,|$)", re.M)
_PERMALINK = re.compile(r"attachment/(?:\d+/)?(\d+)$")


def in_comment(text: str) -> Iterator[tuple[str, int]]:
    """(permalink, number of the file) of what a comment of ours shows."""
    lines = iter(text.split("\n"))
    next(lines)
    for line in lines:
        if line and not line.startswith("**"):
            return
        if found := _NOTED.fullmatch(line):
            yield found[1] or found[2], int(found[3])


def in_list(text: str) -> Iterator[tuple[str, int]]:
    """The same, of the list of attachments; the last one counts: it stands behind all else."""
    for found in _LISTED.finditer(text):
        yield found[2], int(found[1])


def attachment_key(permalink: str, issue: Key) -> Key | None:
    """The key of an issue's attachment, by its permalink."""
    tracker, _, name = parts(issue)
    found = _PERMALINK.search(permalink)
    return key(tracker, "attachment", f"{name}/{found[1]}") if found else None
