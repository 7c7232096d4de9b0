"""What an object of ours says of where it came from: permalinks and keys, read back.

A story and a comment say it in their first line; a task, which has no text, in its link.
"""

from __future__ import annotations

import re
from typing import Any

from tracker_migrate.model import Key, key, kind_of, name_of
from tracker_migrate.text import folded, origin
from tracker_migrate.text.continued import part_key, whole_label
from tracker_migrate.text.notes import bare_label, noted

_LABEL = re.compile(
    r"LP (?:#(?P<bug>\d+)|blueprint (?P<blueprint>\S+))(?: comment (?P<comment>\d+))?"
)
_TASK = re.compile(r"https?://[^/]+/(?P<target>.+)/\+bug/(?P<bug>\d+)")
_SPEC = re.compile(r"https?://[^/]+/.+/\+spec/[^/#]+")
#: a link with its seal; the source's own addresses end in `#workitem-…` at most
_SEALED = re.compile(r"(?P<home>.+)[#&]sealed-(?P<seal>[0-9a-f]{8,64})")
_ITEM = re.compile(r"(?P<whole>.+)#workitem-(?P<mark>[0-9a-f]{12})")


def written(permalink: str) -> str:
    """A permalink as it stands in a line of origin, where some characters are encoded."""
    line = origin.commonmark_line(origin.Origin(label="LP", permalink=permalink))
    found = origin.parse(line)
    return found.permalink if found is not None else permalink


def permalink_of(text: Any) -> str | None:
    """The permalink that a text's first line names."""
    found = origin.parse(text) if isinstance(text, str) else None
    return found.permalink if found is not None else None


def is_of(text: Any, of: Key, permalink: str) -> bool:
    """Whether a text's first line names this object. Its label counts as well as its permalink:
    the addresses of a bug's comments change with the project that the bug is filed against."""
    found = permalink_of(text)
    return found is not None and (found in (permalink, written(permalink)) or key_of(text) == of)


def key_of(text: Any) -> Key | None:
    """The key of the issue or comment, or of the part of one, that a text's first line names."""
    found = origin.parse(text) if isinstance(text, str) else None
    return _told(found) if found is not None else None


def keys_of(text: Any, issue: Key | None = None) -> list[Key]:
    """The keys of all comments that stand in one, that of its first line first. issue: on whose
    story: what stands there of a blueprint is of that one, whatever its name was then."""
    found = folded.origins(text) if isinstance(text, str) else ()
    return [named for named in (_told(one, issue) for one in found) if named is not None]


def _told(found: origin.Origin, issue: Key | None = None) -> Key | None:
    label, part = whole_label(found.label)
    whole = _named(bare_label(label))
    if issue is not None and whole is not None and kind_of(whole) == kind_of(issue) == "blueprint":
        whole = issue
    if whole is not None and (note := noted(label, whole)) is not None:
        return note
    return part_key(whole, part) if whole is not None and part else whole


def _named(label: str) -> Key | None:
    match = _LABEL.fullmatch(label)
    if match is None:
        return None
    kind = "bug" if match["bug"] else "blueprint"
    name = match["bug"] or match["blueprint"]
    if match["comment"] is not None:
        return key("launchpad", "comment", f"{name}/{match['comment']}")
    return key("launchpad", kind, name)


def joint(link: str) -> str:
    """What stands between a link and its seal."""
    return f"{'&' if '#' in link else '#'}sealed-"


def unsealed(link: Any) -> tuple[str, str]:
    """A task's link without its seal, and the seal, right or wrong; "" for what is not there."""
    match = _SEALED.fullmatch(link) if isinstance(link, str) else None
    return (match["home"], match["seal"]) if match else (str(link or ""), "")


def task_key(link: Any, issue: Key | None) -> Key | None:
    """The key of the task of an issue that a link names: `.../nova/kilo/+bug/1` of bug 1 is
    `1@nova/kilo`. A blueprint's one task has the blueprint's own address, of today or of an earlier
    day, for it can be renamed; a work item that and a mark."""
    if not isinstance(link, str) or issue is None:
        return None
    match = _TASK.fullmatch(link)
    if kind_of(issue) == "bug" and match is not None and match["bug"] == name_of(issue):
        return key("launchpad", "task", f"{match['bug']}@{match['target']}")
    item = _ITEM.fullmatch(link)
    whole = item["whole"] if item is not None else link
    is_spec = kind_of(issue) == "blueprint"
    if not (whole.endswith("/" + name_of(issue)) or (is_spec and _SPEC.fullmatch(whole))):
        return None
    if item is not None:
        return key("launchpad", "workitem", f"{name_of(issue)}@{item['mark']}")
    if is_spec:
        return key("launchpad", "task", f"{name_of(issue)}@{name_of(issue).split('/')[0]}")
    return None
