"""Giving back what deletions have left free in the database."""

from __future__ import annotations

import msgspec

from tracker_migrate.engine.alarms import database_size
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.scrubbing import check_room, scrub, unused


class Compacted(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the database before and after; of one that is not on this machine, 0."""

    before: int
    after: int


def compact(workspace: Workspace, *, dry_run: bool = False) -> Compacted:
    """Rewrite the database without what is free in it. dry_run: only say how much that is. Nothing
    else may be at work in the workspace.

    Raises Locked if somebody reads it, WorkspaceError if there is no room.
    """
    before = database_size(workspace)
    if dry_run:
        return Compacted(before=before, after=before - unused(workspace.engine))
    check_room(workspace.engine)
    workspace.writer.flush()
    scrub(workspace.engine)
    return Compacted(before=before, after=database_size(workspace))
