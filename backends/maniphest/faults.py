"""What an error reply of Conduit means: its code and text reduced to one of our own errors.

The server's text may hold private words (a title, the name of a hidden project), so none of it is
passed on: each known class has a sentence of ours (facts/maniphest.md, 0, 1, 12, 14).
"""

from __future__ import annotations

import re

from tracker_migrate.errors import Doubtful, Gone, LoginNeeded, MigrateError, Refused, Retriable


class SlugTaken(Refused):
    """A project of this hashtag exists already, maybe one that we may not see."""


class UnknownConstraint(Refused):
    """A search was asked for by a field that can't be searched by."""


class UnknownType(Refused):
    """An edit named a transaction type that the server does not know; `types` are those it does."""

    def __init__(self, message: str, types: frozenset[str]) -> None:
        super().__init__(message)
        self.types = types


class NoChunks(Refused):
    """The file is in one piece."""


class ChunkThere(Refused):
    """The server has this piece of a file already."""


class Invalid(Refused):
    """An edit was looked at and refused before anything was written; `wrong` are the parts of it
    that the server named: `title`, `view`, `edit`, `space`."""

    def __init__(self, message: str, wrong: frozenset[str]) -> None:
        super().__init__(message)
        self.wrong = wrong


_LOGIN = frozenset({"ERR-INVALID-AUTH", "ERR-INVALID-SESSION"})
_NO_LOGIN = re.compile(r"not permitted to use the API|account is (?:disabled|not)", re.I)
#: faults of the database or of PHP: may strike after the commit (recording
#: 121-crash-between-commit-and-index)
_BROKEN = re.compile(r"^#\d{4}\b|MySQL|MariaDB|deadlock|Lock wait timeout|AphrontQuery", re.I)
_GONE = re.compile(
    r"You Shall Not Pass|No object exists with|^Monogram |Restricted Maniphest Task|^No such file"
)

_UNKNOWN_TYPE = "Maniphest refuses it: it does not know a field (was the marker field renamed?)"
_MEMBER = "make it a member of the project that the audience names"
#: pattern in the server's text → the sentence of ours. Seen to be told before anything is written
_REASONS = (
    (r"title cannot exceed", "the title is too long"),
    (r"must have a title", "the title is blank"),
    (
        r"view policy of this object would no longer",
        f"the importer is not among those who may read it: {_MEMBER}",
    ),
    (
        r"edit policy of this object would no longer",
        f"the importer is not among those who may edit it: {_MEMBER}",
    ),
    (r"Task priority", "the server has no such priority: correct the table `importance`"),
    (
        r"User \"|unknown user|not a valid user",
        "the owner is no account of this server: correct the table of people",
    ),
    (r"No configured storage engine|too large for any", "no storage of the server takes the file"),
    (r"storage engine", "the server has no place for files"),
    (r"Chunk (?:start|end) byte|file data chunks? in byte range", "it has other pieces of a file"),
    (r"Project names? must not be longer", "the project's name is longer than 128 characters"),
    (r"Project", "the project's name, parent or hashtag is not taken"),
    (r"space", "the Space does not exist, is archived, or is closed to the importer"),
    (r"Graph cycle detected", "its subtasks would form a circle"),
    (r"Edges? ", "a project, subscriber or task that it names does not exist"),
    (r"Exception when processing transaction", "a value has the wrong type"),
    (r"non-utf8", "a text is not UTF-8"),
    (r"Maximum page size|Minimum page size", "the page size is out of range"),
    (r"Error while reading|Invalid parameter|Cursor ", "a parameter is wrong"),
    (
        r"does not exist|does not define these parameters",
        "the server is too old: it lacks a method or parameter",
    ),
)


_INVALID = "Validation errors:"
#: what a list of validation errors says of each part of a task
_PARTS = {
    "title": r"must have a title|title cannot exceed",
    "view": r"view policy (?:of this object would no longer|excludes you)",
    "edit": r"edit policy (?:of this object would no longer|excludes you)",
    "space": r"selected space|choose a space",
}


def fault(code: str, info: str, *, write: bool) -> MigrateError:
    """The error of ours for an error reply; `write` says whether the request could change anything.

    A write's fault that is not known to be told beforehand is Doubtful: an error reply does not
    prove that nothing was written.
    """
    if code in _LOGIN or _NO_LOGIN.search(info):
        return LoginNeeded("the Conduit token is missing, wrong or not allowed: make a new one")
    if code == "Error" or _BROKEN.search(info):
        what = "the server failed inside (database or PHP)"
        return Doubtful(what) if write else Retriable(what)
    if code == "ERR-INVALID-CONSTRAINT":
        return UnknownConstraint("the server can't search by this field")
    if "does not have chunks" in info:
        return NoChunks("the file is in one piece")
    if "Chunk has already been uploaded" in info:
        return ChunkThere("the server has this piece of the file already")
    if "generates the same hashtag" in info or "is already used by another project" in info:
        return SlugTaken("a project of this hashtag exists already")
    if code in ("ERR-INVALID-OBJECT-PHID", "ERR-BAD-SOURCEPHIDS") or _GONE.search(info):
        return Gone("the object is gone, or closed to the importer")
    if "has invalid type" in info:
        listed = info.partition("Valid types are:")[2]
        return UnknownType(_UNKNOWN_TYPE, frozenset(re.findall(r"[\w.:-]*\w", listed)))
    return _refused(code, info, write)


def _refused(code: str, info: str, write: bool) -> MigrateError:
    for pattern, sentence in _REASONS:
        if re.search(pattern, info):
            wrong = frozenset(name for name, said in _PARTS.items() if re.search(said, info))
            said = f"Maniphest refuses it: {sentence}"
            return Invalid(said, wrong) if info.startswith(_INVALID) else Refused(said)
    if info.startswith(_INVALID) or code != "ERR-CONDUIT-CORE" or not write:
        known = code if re.fullmatch(r"ERR-[A-Z-]{3,40}", code) else "an unknown code"
        return Refused(f"Maniphest refuses it ({known})")
    return Doubtful("the server tells of an error that is not known to leave nothing behind")
