"""Values that StoryBoard takes: titles, names of projects, branches and milestones, tags.

All limits are checked on our side: StoryBoard's schema refuses without saying why (facts 1 and 8).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

TITLE_MIN, TITLE_MAX = 5, 255
TASK_TITLE_MIN = 3
NAME_MIN, NAME_MAX = 3, 100
TAG_MAX = 50

_NAME = re.compile(r"[a-zA-Z0-9]+([_\-./]?[a-zA-Z0-9]+)*")
_FOREIGN = re.compile(r"[^a-zA-Z0-9_\-./]+")
_RUN = re.compile(r"[_\-./]*([_\-./])")
_SURROGATE = re.compile("[\ud800-\udfff]")


def sound(text: str) -> str:
    """A text without halves of surrogate pairs, which StoryBoard refuses; all else it keeps."""
    return _SURROGATE.sub("\ufffd", text)


def title(text: str, label: str, least: int = TITLE_MIN) -> str:
    """A title of `least` to 255 characters. Short ones get the origin's label, long ones are
    cut."""
    text = sound(text).strip()
    if len(text) < least:
        text = f"{text} ({label})" if text else label
    return text if len(text) <= TITLE_MAX else text[: TITLE_MAX - 1] + "…"


def is_cut(text: str) -> bool:
    """Whether a title is too long, so that it has to stand in full in the text."""
    return len(sound(text).strip()) > TITLE_MAX


def project_name(name: str) -> str:
    """A project's name in StoryBoard's grammar.

    A name that has to be changed gets six hexadecimal digits of its hash, so that two projects
    never become one without anybody having said so. A source package `ubuntu/+source/x` becomes
    `ubuntu/source/x`, which no other thing of Launchpad is called.
    """
    name = name.replace("/+source/", "/source/")
    if NAME_MIN <= len(name) <= NAME_MAX and _NAME.fullmatch(name):
        return name
    folded = _RUN.sub(r"\1", _FOREIGN.sub("-", name)).strip("_-./") or "project"
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{folded[: NAME_MAX - 7].rstrip('_-./')}-{mark}"


def branch_name(name: str) -> str:
    """A branch's name of 3 to 100 characters; a short one is led by `series/`."""
    name = sound(name)
    return (name if len(name) >= NAME_MIN else f"series/{name}")[:NAME_MAX]


def fits_milestone(name: str) -> bool:
    """Whether a milestone can have this name (`1` and `b2` can't)."""
    return NAME_MIN <= len(name) <= NAME_MAX


def tag_name(name: str) -> str | None:
    """A tag as it is written: without blanks around it, in lower case, for StoryBoard's collation
    takes `TagA` and `taga ` for one tag (facts 5). None if it is empty or too long."""
    name = sound(name).strip().lower()
    return name if 0 < len(name) <= TAG_MAX else None


def same_tag(name: str) -> str:
    """What two names have in common that StoryBoard takes for one tag: no case, no accents, no
    blanks at the end; and all emoji are one (facts 13)."""
    plain = unicodedata.normalize("NFKD", name.rstrip().lower())
    kept = (char for char in plain if not unicodedata.combining(char))
    return "".join("\U0001f600" if ord(char) > 0xFFFF else char for char in kept)


def folded(text: str) -> str:
    """A text with its white space folded: to tell whether two are the same to a reader."""
    return " ".join(text.split())
