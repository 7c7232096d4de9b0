"""What becomes of attachments' bytes at Maniphest: files, and where the texts show them. Pure.

A file is uploaded in one request, or given a place and filled in pieces: then the pieces are an
object of their own (`contents`), so that a run which ends in the middle goes on where it was. No
method changes a file's policy (facts 13): it is made with that of its task, and never with a wider.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tracker_migrate.backends.maniphest import access
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.interfaces import IMPORTER, Audience, Decisions, Pointer, Ref, Wanted
from tracker_migrate.model import Attachment, File, Issue, Key, key
from tracker_migrate.text.attached import why_not
from tracker_migrate.text.blocks import Line, Url
from tracker_migrate.text.characters import visible

#: bytes of a file that goes in one request: what the database takes that a server begins with
SINGLE = 1_000_000
#: bytes of a file's name: the server has room for 255 characters (files, exchange 15)
LONGEST_NAME = 250

IN_SPACE = "a file at Maniphest can't stand in a Space"
CLOSED_ISSUE = "its issue is closed for all but the importer"


def why_lost(one: Attachment, issue: Issue, decisions: Decisions) -> str:
    """Why the bytes of an attachment don't come, or "": they do, or nobody asked for them."""
    if one.file is None or (reason := why_not(one.file)):
        return reason if one.file is not None else ""
    audience = decisions.audience(issue)
    if audience.space:
        return IN_SPACE
    if audience.name == IMPORTER and one.key not in decisions.standing(issue.key):
        return CLOSED_ISSUE  # what is uploaded now could never be opened again
    return ""


def carried(issue: Issue, decisions: Decisions) -> tuple[Attachment, ...]:
    """The attachments that become files."""
    return tuple(
        one
        for one in issue.attachments
        if one.file is not None and not why_lost(one, issue, decisions)
    )


def wanted(issue: Issue, decisions: Decisions, options: Options) -> Iterator[Wanted]:
    """The files of an issue, before anything that shows them."""
    audience = decisions.audience(issue)
    for one in carried(issue, decisions):
        assert one.file is not None
        yield Wanted(
            key=one.key,
            kind="file",
            issue=issue.key,
            fields=_fields(one, one.file, audience, options),
            audience=audience.name,
            marker=one.home,
        )


def contents(issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
    """The bytes of the large ones."""
    audience = decisions.audience(issue)
    for one in carried(issue, decisions):
        if one.file is None or one.file.size <= SINGLE:
            continue
        fields = {"file": Pointer(to=one.key), "size": one.file.size, "sha256": one.file.sha256}
        yield Wanted(
            key=contents_key(one.key),
            kind="contents",
            issue=issue.key,
            fields=fields,
            audience=audience.name,
        )


def contents_key(attachment: Key) -> Key:
    """The key of a large file's bytes."""
    return key("maniphest", "contents", attachment)


def _fields(one: Attachment, file: File, audience: Audience, options: Options) -> dict[str, Any]:
    return {
        "name": file_name(file.name or one.title),
        "size": file.size,
        "sha256": file.sha256,
        "view": access.access(audience, options)["view"],
    }


def file_name(name: str) -> str:
    """A file's name as the server keeps it: one line, and what it ends in where it must be cut."""
    shown = visible(" ".join(name.split())) or "unnamed"
    if len(shown.encode()) <= LONGEST_NAME:
        return shown
    stem, dot, ending = shown.rpartition(".")
    tail = f"{dot}{ending}" if stem and len(ending.encode()) <= 20 else ""
    head = (stem if tail else shown).encode()[: LONGEST_NAME - len(tail.encode())]
    return head.decode(errors="ignore").rstrip() + tail


# -- in texts -------------------------------------------------------------------------------------


def beside(one: Attachment, issue: Issue, decisions: Decisions) -> Line:
    """What follows an attachment's address in the comment that it came with: the file itself, shown
    if it is a picture; or why there is none. No reason to want another text: a comment can't be
    edited, and the bytes may come later, or may not have been asked for."""
    if one.file is None:
        return ()
    reason = why_lost(one, issue, decisions)
    return (_shown(one, f", not copied: {reason}" if reason else ""),)


def _shown(one: Attachment, otherwise: str = "") -> Ref:
    return Ref(to=one.key, label=otherwise, home=one.home, passing=True)


def entry(one: Attachment, issue: Issue, decisions: Decisions, *, shows: bool) -> Line:
    """What an attachment's entry in the description begins with: a link to its file. shows: no
    comment shows the file, so that it is shown here."""
    if one.file is None:
        return ()
    if reason := why_lost(one, issue, decisions):
        return (Url(one.home, one.title), f" (not copied: {reason})")
    ref = Ref(to=one.key, label=one.title, home=one.home)
    return (ref, *([_shown(one)] if shows else []), ", from ", Url(one.home))
