"""Offering lines of the TOML tables: comments that begin with `#?`, below the section that they
belong to; nothing else of a file changes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from tracker_migrate.mappings.sheet import OFFER


def words(text: str, sections: Mapping[str, Sequence[tuple[str, str, str]]]) -> tuple[str, int]:
    """A file's text with the words that it does not name yet offered, and how many those are.

    sections: by section (`storyboard.status`), (word, what it becomes, a remark).
    """
    lines, count = text.splitlines(keepends=True), 0
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for section, rows in sections.items():
        place = _place(lines, section)
        begin, end = place or (len(lines), len(lines))
        told = _words("".join(lines[begin:end]))
        fresh = [_line(*row) for row in rows if row[0] not in told]
        if fresh and place is None:
            fresh.insert(0, f"{OFFER} [{section}]\n")
        lines[end:end] = fresh
        count += len(fresh) - (bool(fresh) and place is None)
    return "".join(lines), count


def _place(lines: Sequence[str], section: str) -> tuple[int, int] | None:
    """From the line behind a section's heading, offered or not, to where a line can be added; None
    if there is no such section."""
    heading = re.compile(rf"\s*(?:{re.escape(OFFER)})?\s*\[{re.escape(section)}\]")
    begin = next((n for n, line in enumerate(lines, 1) if heading.match(line)), None)
    if begin is None:
        return None
    end = begin
    for place in range(begin, len(lines)):
        bare = lines[place].removeprefix(OFFER).strip()
        if bare.startswith("["):
            break
        if bare and not bare.startswith("#"):
            end = place + 1
    return begin, max(begin, end)


def _words(text: str) -> set[str]:
    """The words that the rows and offers of a section name."""
    found = re.findall(r'^(?:#\?)?\s*("(?:[^"\\]|\\.)*"|[\w-]+)\s*=', text, re.MULTILINE)
    return {json.loads(one) if one.startswith('"') else one for one in found}


def _line(word: str, becomes: str, remark: str) -> str:
    quoted = [json.dumps(one, ensure_ascii=False) for one in (word, becomes)]
    return f"{OFFER} {quoted[0]} = {quoted[1]}  # {remark}\n"
