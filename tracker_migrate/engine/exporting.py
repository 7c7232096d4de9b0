"""Writing an archive as files: to study it elsewhere, to keep it, to move from it without a
network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tracker_migrate import __version__
from tracker_migrate.archived import (
    ABOUT,
    ENTITIES,
    FORMAT,
    ISSUES,
    About,
    Kept,
    Named,
    file_of,
)
from tracker_migrate.digest import digest
from tracker_migrate.engine import public, tables
from tracker_migrate.engine.following import read_as
from tracker_migrate.errors import WorkspaceError
from tracker_migrate.model import Attachment, Issue, parts
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.outfolder import OutFolder
from tracker_migrate.workspace.packing import stamp

_NAMED = ("project", "series", "milestone")


def export_archive(
    workspace: Workspace, folder: Path, *, private: bool = False, files: bool = False
) -> About:
    """Write what a workspace has read into a new folder, for the source `archive:FOLDER`.

    private: also what not everybody may read; all is its owner's alone then. files: also the bytes
    of attachments. What it is is written last: where that stands, all is there. Raises UsageError
    if the folder is not empty, WorkspaceError if it can't be written, or is to be private and
    others may look into it.
    """
    try:
        out = OutFolder(folder, private=private)
        count, tracker = _issues(workspace, out, files)
        _entities(workspace, out)
        said = _about(workspace, private, files, count, tracker)
        text = json.dumps(msgspec.to_builtins(said), indent=2, ensure_ascii=False)
        with out.open(folder / ABOUT) as file:
            file.write(f"{text}\n".encode())
    except OSError as error:
        raise WorkspaceError(f"can't write into {folder}: {error.strerror}") from None
    return said


def _issues(workspace: Workspace, out: OutFolder, files: bool) -> tuple[int, str]:
    """How many issues were written, and whose keys they have."""
    count, tracker = 0, ""
    with out.open(out.path / ISSUES) as file:
        for issue in public.issues(workspace.archive, private=out.private):
            for one in issue.attachments if files else ():
                _bytes(workspace, out, one)
            kept = issue if files else _without_files(issue)
            file.write(msgspec.json.encode(Kept(issue=kept, stamp=digest(kept))) + b"\n")
            count, tracker = count + 1, parts(issue.key)[0]
    return count, tracker or workspace.settings.source.specs[0].partition(":")[0]


def _without_files(issue: Issue) -> Issue:
    bare = tuple(msgspec.structs.replace(one, file=None) for one in issue.attachments)
    return msgspec.structs.replace(issue, attachments=bare)


def _bytes(workspace: Workspace, out: OutFolder, one: Attachment) -> None:
    if one.file is None or one.file.state != "held":
        return
    at = file_of(out.path, one.file.sha256)
    if not at.exists():
        with workspace.files.open(one.file.sha256) as held, out.open(at) as file:
            shutil.copyfileobj(held, file)


def _entities(workspace: Workspace, out: OutFolder) -> None:
    with out.open(out.path / ENTITIES) as file:
        for one in _named(workspace, out.private):
            file.write(msgspec.json.encode(one) + b"\n")


def _named(workspace: Workspace, private: bool) -> Iterator[Named]:
    archive = workspace.archive
    for one in public.people(archive, private=private):
        yield Named(kind="person", value=msgspec.to_builtins(one))
    closed = {one.key for one in archive.entities("project") if one.private and not private}
    for kind in _NAMED:
        for value in archive.entities(kind):
            if not {value.key, getattr(value, "project", None)} & closed:
                yield Named(kind=kind, value=msgspec.to_builtins(value))  # type: ignore[arg-type]


def _about(workspace: Workspace, private: bool, files: bool, issues: int, tracker: str) -> About:
    specs = list(workspace.settings.source.specs)
    read = workspace.archive.cursor(read_as(specs, workspace.archive))
    return About(
        format=FORMAT,
        made_by=f"tracker-migrate {__version__}",
        tracker=tracker,
        source=specs,
        viewer=workspace.archive.viewer,
        as_of=None if read is None else stamp(read),
        digest=tables.digest(workspace),
        private=private,
        files=files,
        issues=issues,
    )
