"""The JSON of Launchpad's web service: decoding it, what its links name, what must not leave.

Links become keys by their path below the API's root, so that it does not matter under which address
a Launchpad is reached.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from tracker_migrate.backends.launchpad.wire_fields import MODELLED, passed_over
from tracker_migrate.model import Key, key

TRACKER = "launchpad"
REDACTED = "tag:launchpad.net:2008:redacted"
PUBLIC = frozenset({"Public", "Public Security"})
MENDED = "Some characters could not be read, and stand as U+FFFD."

#: an object as it came
Entry = dict[str, Any]

_PASSED_OVER = {entity: passed_over(entity) for entity in MODELLED}
_T = TypeVar("_T")
_NOTHING: tuple[Any, ...] = ("", REDACTED, [], {})
#: Launchpad's own names are ASCII, and its links are encoded; the longest known has 137 characters
_PATH = re.compile(r"[!-~]{1,400}")


def encode(value: Any) -> bytes:
    """JSON of a value."""
    return msgspec.json.encode(value)


def sound(made: _T) -> _T:
    """The same object of the model, if all its fields have the types that they are said to have:
    what was put together from a server's words need not. Raises ValueError."""
    try:
        msgspec.json.decode(encode(made), type=type(made))
    except (msgspec.MsgspecError, OverflowError):
        raise ValueError("a field of the wrong type") from None
    return made


def has_rows(value: Entry) -> bool:
    """Whether the rows of a reply, if it has some, are objects."""
    rows = value.get("entries")
    return rows is None or (isinstance(rows, list) and all(isinstance(row, dict) for row in rows))


def is_page(value: Entry) -> bool:
    """Whether a reply with such rows is a page of a collection."""
    counts = (value.get("start"), value.get("total_size", 0))
    links = (value.get("next_collection_link"), value.get("total_size_link"))
    return (
        isinstance(value.get("entries"), list)
        and all(type(one) is int and 0 <= one < 2**53 for one in counts)
        and all(one is None or isinstance(one, str) for one in links)
    )


# -- what must not leave ------------------------------------------------------------------------


def withhold(value: Entry, *, private: bool) -> int:
    """Take out of a decoded reply what must stay at the source; says how many objects it touched.

    Hidden comments come with their whole text to everybody (facts 4): text and subject are taken
    out. So are texts of deleted comments, should one come. Unless `private`, private objects are
    taken out of collections altogether (a public bug's private duplicates, facts 12).
    """
    rows = value.get("entries")
    if rows is None:
        return _silence(value)
    count = sum(_silence(row) for row in rows)
    return count if private else count + leave_out_private(value)


def leave_out_private(page: Entry) -> int:
    """Take the objects that are not public out of a page; says how many there were."""
    rows = page["entries"]
    page["entries"] = [row for row in rows if not is_private(row)]
    return len(rows) - len(page["entries"])


def _silence(row: Entry) -> int:
    if row.get("visible", True) is not True:
        row["content"] = row["subject"] = ""
        return 1
    if row.get("content") and row.get("date_deleted"):
        row["content"] = ""
        return 1
    return 0


def is_public(row: Entry) -> bool:
    """Whether an object says in so many words that everybody may read it."""
    kind = row.get("information_type")
    return row.get("private", False) is False and isinstance(kind, str) and kind in PUBLIC


def is_private(row: Entry) -> bool:
    """Whether an object says of itself that not everybody may read it; what it says in a way that
    we do not know is taken for that."""
    kind = row.get("information_type", "Public")
    said = row.get("private")
    open_ = said is False or said is None or said == REDACTED
    return not open_ or not isinstance(kind, str) or (kind not in PUBLIC and kind != REDACTED)


# -- links and fields ---------------------------------------------------------------------------


def below(link: str) -> str:
    """The path of a link below the API's root: `bugs/16`, `~jdoe`, `nova/kilo`. It becomes a key,
    which databases, tables and terminals have to bear. Raises ValueError."""
    rest = link.partition("/devel/")[2]
    if not _PATH.fullmatch(rest):
        raise ValueError("a link that is none of the web service's")
    return rest


def given(value: Any) -> Any:
    """A field's value, None if it is redacted."""
    return None if value == REDACTED else value


def text(value: Any) -> str:
    """A field's text, empty if there is none or it is redacted. Raises TypeError."""
    if value is None or value == REDACTED:
        return ""
    if not isinstance(value, str):
        raise TypeError("a text that is none")
    return value


def date(value: str | None) -> datetime | None:
    """A field's date and time in UTC, None if there is none or it is redacted. Raises ValueError,
    TypeError."""
    if value is None or value == REDACTED:
        return None
    when = datetime.fromisoformat(value)
    try:
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date before all dates") from None


def bug_key(number: int | str) -> Key:
    """The key of a bug."""
    return Key(f"{TRACKER}:bug:{number}")


def person_key(link: str | None) -> Key | None:
    """The key of a person or team that a field links to."""
    if link is None or link == REDACTED:
        return None
    return Key(f"{TRACKER}:person:{below(link).removeprefix('~')}")


def milestone_key(link: str | None) -> Key | None:
    """The key of a milestone that a field links to."""
    return None if link is None or link == REDACTED else key(TRACKER, "milestone", below(link))


def place_keys(path: str) -> tuple[Key, Key, Key | None]:
    """(target, project, series) of what a task is about, by its path.

    `ubuntu/hoary/+source/x` is about the package `ubuntu/+source/x` in the series `ubuntu/hoary`.
    """
    parts = path.split("/")
    if len(parts) == 4 and parts[2].startswith("+"):
        package = key(TRACKER, "project", "/".join([parts[0], *parts[2:]]))
        series = key(TRACKER, "series", "/".join(parts[:2]))
        return key(TRACKER, "project", path), package, series
    if len(parts) == 2:
        series = key(TRACKER, "series", path)
        return series, key(TRACKER, "project", parts[0]), series
    project = key(TRACKER, "project", path)
    return project, project, None


_KINDS = (
    (re.compile(r"~[^/]+"), "person"),
    (re.compile(r"bugs/\d+"), "bug"),
    (re.compile(r".+/\+spec/[^/]+"), "blueprint"),
    (re.compile(r".+/\+milestone/[^/]+"), "milestone"),
    (re.compile(r"[^/+~]+(/\+source/[^/]+)?"), "project"),
    (re.compile(r"(?!bugs/)[^/+~]+/[^/+~]+"), "series"),
)


def named(link: str) -> str:
    """The key of what a link leads to, or the link itself if that has no key."""
    path = link.partition("/devel/")[2]
    for pattern, kind in _KINDS:
        if pattern.fullmatch(path):
            name = path.rpartition("/")[2] if kind == "bug" else path.removeprefix("~")
            return key(TRACKER, kind, name)
    return link


def extra(entity: str, row: Entry) -> dict[str, Any]:
    """The fields of an object that the model has none for, under Launchpad's own names.

    Links are keys where there is one. Empty and redacted fields are left out; so is what
    `NOT_MODELLED` names. A field that nobody has heard of yet is kept.
    """
    passed = _PASSED_OVER[entity]
    held = {}
    for name, value in row.items():
        if name in passed or value is None or value in _NOTHING:
            continue
        if not name.endswith("_link"):
            held[name] = value
        elif not name.endswith("_collection_link"):
            held[name] = named(value)
    return held
