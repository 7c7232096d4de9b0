"""What an archive is as files: written by `export archive`, read by the source `archive:FOLDER`.

archive.json      what it is: of when, of which source, read as whom; and a mark of its content
issues.jsonl      an issue each line, as `tracker_migrate.model` has it
entities.jsonl    people, projects, series and milestones
files/ab/cdef…    attachments, by their sha256
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import msgspec

from tracker_migrate.errors import UsageError
from tracker_migrate.model import Issue, Milestone, Person, Project, Series
from tracker_migrate.typed import ready

#: the version of what is said above
FORMAT = 1
ABOUT, ISSUES, ENTITIES, FILES = "archive.json", "issues.jsonl", "entities.jsonl", "files"

_KINDS: dict[str, Any] = {
    "person": Person,
    "project": Project,
    "series": Series,
    "milestone": Milestone,
}


class About(msgspec.Struct, frozen=True, kw_only=True):
    """archive.json. tracker: whose keys these are. as_of: up to when the source was read, ISO 8601;
    None if it never was to its end. digest: a sha256 of all issues. private: whether it holds what
    not everybody may read; files: whether bytes of attachments."""

    format: int
    made_by: str
    tracker: str
    source: list[str]
    viewer: str
    as_of: str | None
    digest: str
    private: bool
    files: bool
    issues: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A line of issues.jsonl. stamp: changes with the issue."""

    issue: Issue
    stamp: str


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A line of entities.jsonl. kind: `person`, `project`, `series`, `milestone`."""

    kind: Literal["person", "project", "series", "milestone"]
    value: dict[str, Any]

    def entity(self) -> Person | Project | Series | Milestone:
        """What it is. Raises ValueError if it is none."""
        return msgspec.convert(self.value, _KINDS[self.kind])  # type: ignore[no-any-return]


def file_of(folder: Path, sha256: str) -> Path:
    """Where an attachment's bytes are. sha256: in hexadecimal; anything else is no path."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise UsageError(f"{folder}: an attachment has no sha256, but another word")
    return folder / FILES / sha256[:2] / sha256[2:]


def about(folder: Path) -> About:
    """What an archive says of itself. Raises UsageError if there is none, or one of another
    format."""
    path = folder / ABOUT
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{folder} holds no archive (there is no {ABOUT}): write one with tracker-migrate "
            "export archive"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{path} is damaged: write the archive again") from None
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise UsageError(
            f"{folder}: was written in another format than {FORMAT}: use the tracker-migrate that "
            "wrote it, or write it again"
        )
    try:
        return msgspec.convert(held, About)
    except msgspec.ValidationError:
        raise UsageError(f"{path} is damaged: write the archive again") from None


ready(About, Kept, Named)
