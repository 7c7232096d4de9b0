"""What becomes of the bytes of an issue's attachments: asked by the planner, by the texts that name
them, and by the losses. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from tracker_migrate.backends.storyboard.options import Files, files_of
from tracker_migrate.interfaces import IMPORTER, Audience, Decisions, Ref
from tracker_migrate.model import Attachment, File, Issue, Key, kind_of, parts
from tracker_migrate.text.attached import why_not
from tracker_migrate.text.blocks import Line, Url

#: where a file is: for everybody; for who gets at the private store; nowhere, for there is none;
#: nowhere, for its issue is closed for all but the importer
PUBLIC, PRIVATE, WITHHELD, CLOSED = "public", "private", "withheld", "closed"
#: of these, those where it is to be had
SHOWN = (PUBLIC, PRIVATE)

#: why bytes are not moved that the archive has: for who reads the text, and for who plans
NO_FOLDER = (
    "",
    "StoryBoard has no attachments: name a folder and its address in [targets.NAME.files]",
)
NO_PRIVATE = (
    "not moved: it is private, and stays at {source}",
    "it is private, and [targets.NAME.files] names no private_folder",
)
HIDDEN = "its issue is closed for all but the importer"
TOO_MUCH = (
    "not moved: the files here are larger together than was allowed",
    "the issue's files are larger together than files.per_issue",
)


class Fate(msgspec.Struct, frozen=True):
    """Of one attachment. where: one of `SHOWN`, if the texts lead to its file. note: what they say
    of it else ("" for nothing: there is only the address at the source). reason: why its bytes are
    lost, or ""."""

    where: str = ""
    note: str = ""
    reason: str = ""


def place(audience: Audience, files: Files | None) -> str:
    """Where the files of an issue belong that an audience may read."""
    if audience.name == "public":
        return PUBLIC
    if audience.name == IMPORTER:
        return CLOSED
    return PRIVATE if files is not None and files.private_folder is not None else WITHHELD


def fates(issue: Issue, decisions: Decisions) -> dict[Key, Fate]:
    """What becomes of each attachment whose bytes were asked for, in their order. What stands there
    stays there, though less may be moved by now, or the archive has lost it."""
    files = files_of(decisions.options)
    where = place(decisions.audience(issue), files)
    told, reason = where, ""
    if where == CLOSED:  # its comments can't be edited, and may be shown again
        told, reason = _when_open(issue, files), HIDDEN
    left = files.per_issue if files is not None else 0
    found: dict[Key, Fate] = {}
    for one in issue.attachments:
        if one.file is None:
            continue
        lost = _lost(one.file, files, told, left)
        stays = one.file.state != "withheld" and files is not None and told in SHOWN
        if lost is None or (stays and one.key in standing(issue, decisions)):
            left -= one.file.size
            found[one.key] = Fate(told, reason=reason)
        else:
            note = lost[0].format(source=parts(issue.key)[0].capitalize())
            found[one.key] = Fate(note=note, reason=lost[1])
    return found


def standing(issue: Issue, decisions: Decisions) -> frozenset[Key]:
    """The attachments of an issue that stand at the target, or stood."""
    return frozenset(of for of in decisions.standing(issue.key) if kind_of(of) == "attachment")


def _when_open(issue: Issue, files: Files | None) -> str:
    """Where the files of an issue are that is closed for now: as far as the issue itself tells."""
    if not issue.private:
        return PUBLIC
    return PRIVATE if files is not None and files.private_folder is not None else WITHHELD


def _lost(file: File, files: Files | None, where: str, left: int) -> tuple[str, str] | None:
    if file.state != "held":
        why = why_not(file)
        return f"not moved: {why}", why
    if files is None:
        return NO_FOLDER
    if where not in SHOWN:
        return NO_PRIVATE
    return TOO_MUCH if file.size > left else None


def written(issue: Issue, decisions: Decisions) -> dict[Key, tuple[str, dict[str, Any]]]:
    """The attachments that have a file at the target, or had one: address at the source, and
    fields. What is not to be seen any more, or was taken away at the source, has to go."""
    files = files_of(decisions.options)
    if files is None:
        return {}
    where = place(decisions.audience(issue), files)
    told, stood = fates(issue, decisions), standing(issue, decisions)
    found: dict[Key, tuple[str, dict[str, Any]]] = {}
    for one in issue.attachments:
        fate = told.get(one.key, Fate())
        if one.file is not None and fate.where and (where in SHOWN or one.key in stood):
            found[one.key] = one.home, _fields(one.file, where)
    away = where if where not in SHOWN else WITHHELD
    return found | {of: ("", {"where": away}) for of in sorted(stood - found.keys())}


def _fields(file: File, where: str) -> dict[str, Any]:
    if file.state != "held":
        return {"where": where}
    return {
        "name": file.name,
        "type": file.type,
        "size": file.size,
        "sha256": file.sha256,
        "where": where,
    }


def line(one: Attachment, fate: Fate | None, source: str) -> Line:
    """What a text says of an attachment's file: where it is, or why it is not, and its address at
    the source. Nothing, if that address is all there is."""
    if fate is None or not (fate.where or fate.note):
        return ()
    if not fate.where:
        return (Url(one.home, one.title), f" ({fate.note})")
    size = f"{in_words(one.file.size)}; " if one.file and one.file.state == "held" else ""
    apart = "for those who get at private files; " if fate.where == PRIVATE else ""
    ref = Ref(to=one.key, label=one.title, home=one.home)
    return (ref, f" ({size}{apart}", Url(one.home, f"at {source}"), ")")


def in_words(size: int) -> str:
    """So many bytes, for people."""
    for unit, many in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= many:
            return f"{size / many:.1f} {unit}"
    return f"{size} bytes"
