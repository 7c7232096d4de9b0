"""What a reply of StoryBoard that is no success means: from its faultstring, never from its status.

A duplicate is 400, a deadlock 500 or 400, a lost database 400, a bad priority 500 (facts 1 and 13),
and the JSON schema's refusals come without any reason. Bodies of 400 and 500 echo what was
submitted, so that no word of one may get into a message: each is reduced to a class named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    MigrateError,
    Refused,
    Retriable,
    Taken,
    UsageError,
    WrongTracker,
)

#: MySQL's max_allowed_packet is 16 MB there: a text near it is what breaks the connection (facts 8)
NEAR_PACKET = 15_000_000

#: These stand at the head of a faultstring. They are not looked for inside of it, for what follows
#: may be the words of the very text that was sent.
_EXISTS = re.compile(r"Database object '(\w+)' with field value .*already exists", re.DOTALL)
_DEADLOCK = re.compile(r"Database in dead ?lock|\([\w.]*OperationalError\) \((1213|1205),")
_HAS_TAG = re.compile(r"The Story \d+ already has a tag")
_NO_DATABASE = re.compile(r"Connection to database failed")
_HALF_MADE = re.compile(r"'NoneType' object has no attribute 'permissions'")

#: what two PUTs of one tag at one moment leave, and no request mends (tried on a server)
_TWICE = "have its administrator remove all but one such row of the table story_storytags"

#: faultstrings of requests that no resend will help: part of it (lower case) → what to tell
_PERMANENT = (
    ("foreign key error", "it names a user, project or object that StoryBoard does not have"),
    ("milestones can only", "StoryBoard takes a milestone only on a merged task"),
    ("doesn't associate with project", "its branch belongs to another project"),
    ("must be restricted", "StoryBoard wants a restricted branch for a feature"),
    ("no users or teams", "a private story needs a reader"),
    ("data truncated", "it holds a word that StoryBoard's database does not know"),
    ("data too long", "a field is longer than StoryBoard's database takes"),
    ("out of range", "a number is larger than StoryBoard's database takes"),
    ("without timezone", "a date has no time zone"),
    ("can't flush none value", "a reader of it is unknown to StoryBoard"),
    ("expected to delete", "its database holds a tag of that story twice: " + _TWICE),
    ("encoding directive", "it holds half a surrogate pair"),
    ("invalid input for field", "a field has a value that StoryBoard does not take"),
    ("you can't", "StoryBoard does not let this field be set"),
    ("unknown argument", "StoryBoard does not know a field of it"),
)


class Exists(Taken):
    """The id or the name is in use: by ours or by a stranger's, which the sink has to find out.

    what: StoryBoard's name of the kind of object: `Story`, `StoryTag`, `Permission` …
    """

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class HalfMade(Doubtful):
    """A private create or update that names an unknown reader: 500, and yet the story may be there
    (scenario failed-private-create)."""


class HasTag(Retriable):
    """One of the tags is on the story already; nothing was written (scenario tag-rules)."""


def fault(
    status: int, headers: Mapping[str, str], body: bytes, *, host: str, size: int = 0
) -> MigrateError:
    """What a failed write means. size: of what was sent, in bytes.

    In: status, headers and body of the reply. Out: an error to raise; Doubtful if nothing is sure.
    """
    known = _json(headers, body)
    if known is None:
        return _unreadable(status, headers, host)
    words = str(known.get("faultstring") or known.get("message") or "").split("\n[SQL:")[0]
    return (
        _by_words(words, host, size)
        or _by_status(status, headers, host)
        or _permanent(words, status)
        or Doubtful(f"{host} failed ({status}) in a way that is not known")
    )


def read_fault(status: int, headers: Mapping[str, str], body: bytes, *, host: str) -> MigrateError:
    """What a failed read means: Retriable, unless asking again can't help."""
    known = _json(headers, body)
    words = str((known or {}).get("faultstring") or "").lower()
    if "_public_fields" in words or "list index out of range" in words:
        return Gone(f"{host} has no such object")  # how a missing user or comment is told
    if known is not None and status < 500 and status != 429 and "database" not in words:
        why = _by_status(status, headers, host)
        return why or Refused(f"{host} refuses a query ({status})")
    if 300 <= status < 400:
        return _unreadable(status, headers, host)
    if status in (403, 405, 410):  # a proxy that blocks this address
        return Refused(f"{host} refuses a query ({status})")
    if status == 404:
        return WrongTracker(f"{host} answers 404 as no StoryBoard does: is it the API's address?")
    return Retriable(f"{host} answers {status}", _after(headers))


def _json(headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
    if "json" not in headers.get("Content-Type", ""):
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _unreadable(status: int, headers: Mapping[str, str], host: str) -> MigrateError:
    """A proxy's page, or nothing: only those that surely stopped the request say so."""
    if 300 <= status < 400:
        return WrongTracker(f"{host} redirects: give the address of StoryBoard's API itself")
    if status == 413:
        return Refused(f"{host} does not take so large a request")
    if status == 429:
        return Retriable(f"{host} asks for patience", _after(headers))
    if status == 401:
        return _login(host)
    return Doubtful(f"{host} answers {status} without a readable body")


def _by_words(words: str, host: str, size: int) -> MigrateError | None:
    if found := _EXISTS.match(words):
        return Exists(f"{host} has one already", found[1])
    if _DEADLOCK.match(words):
        return Retriable(f"{host} had a deadlock and rolled back")
    if _HAS_TAG.match(words):
        return HasTag(f"{host} has one of the tags on the story already")
    if _NO_DATABASE.match(words):
        if size >= NEAR_PACKET:
            return Refused("the text is larger than StoryBoard's database takes (16 MB)")
        return Doubtful(f"{host} lost its database")
    if _HALF_MADE.match(words):
        return HalfMade(f"{host} does not know a reader, but may have kept the story")
    return None


def _permanent(words: str, status: int) -> MigrateError | None:
    lower = words.lower()
    for part, why in _PERMANENT:
        if part in lower:
            return Refused(why)
    if 400 <= status < 500:
        return Refused("StoryBoard does not take it: a length or a value is against its schema")
    return None


def _by_status(status: int, headers: Mapping[str, str], host: str) -> MigrateError | None:
    match status:
        case 401:
            return _login(host)
        case 403:
            return UsageError(
                f"{host} does not let this account do that: use the token of a superuser,"
                " or have an administrator make the projects, branches and milestones first"
            )
        case 404:
            return Gone(f"{host} has no such object, or does not show it to us")
        case 405:
            return Refused(f"{host} does not allow this change (comments can't be edited there)")
        case 429:
            return Retriable(f"{host} asks for patience", _after(headers))
    return None


def _login(host: str) -> LoginNeeded:
    return LoginNeeded(f"{host} does not take the token: make a new one in StoryBoard's profile")


def _after(headers: Mapping[str, str]) -> float | None:
    asked = headers.get("Retry-After", "")
    return float(asked[:9]) if asked.isascii() and asked.isdigit() else None
