"""Launchpad's plain text → blocks: prose with its line breaks, code, quotes, lists, references."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from tracker_migrate.backends.launchpad.prose import Finder
from tracker_migrate.backends.launchpad.structure import structured
from tracker_migrate.model import Key
from tracker_migrate.text.blocks import Block
from tracker_migrate.text.characters import visible

#: a text that names more bugs than this was pasted by a machine: it stays plain
MOST_REFERENCES = 30


def blocks(text: str, web_root: str, issue: Key | None = None) -> tuple[Block, ...]:
    """A text of Launchpad as blocks.

    web_root: where its people see it, `https://launchpad.net`. issue: the bug that the text belongs
    to; only then `comment #4` is a reference. In doubt a part is Code, where nothing is changed.
    Control characters become visible ones (`tracker_migrate.text.characters`). Linear in the text.
    """
    shown = visible(text)
    finder = Finder(web_root, issue)
    found = structured(shown, finder.line)
    if finder.references > MOST_REFERENCES:
        found = structured(shown, Finder(web_root, issue, references=False).line)
    return found


@lru_cache(maxsize=64)
def web_root(home: str) -> str:
    """Where Launchpad's people read, by an issue's web address: of
    `https://bugs.launchpad.net/bugs/1` it is `https://launchpad.net`."""
    at = urlsplit(home)
    host = at.netloc
    for front in ("bugs.", "blueprints."):
        host = host.removeprefix(front)
    return f"{at.scheme}://{host}"
