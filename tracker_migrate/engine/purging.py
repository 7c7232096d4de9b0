"""Forgetting what is private, once that harms nothing: all is closed that has to be, and no write
is in doubt."""

from __future__ import annotations

from collections.abc import Iterable

from tracker_migrate.engine.closing import Due
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Brake
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.purge import Purge, Purged
from tracker_migrate.workspace.scrubbing import check_room, scrub


def purge(workspace: Workspace, targets: Iterable[Target], *, dry_run: bool = False) -> Purged:
    """Remove private text from a workspace, and its bytes from the disk. dry_run: only count.

    Raises Brake if something has to be written first, Locked, WorkspaceError (no room). Whenever it
    is interrupted, running it again does what is left.
    """
    forgetting = Purge(workspace.engine)
    _check_settled(workspace, forgetting)
    for target in targets:
        _check_closed(target)
    if dry_run:
        purged = forgetting.run(dry_run=True)
        purged.files = len(_needless(workspace, forgetting))
        return purged
    check_room(workspace.engine)
    purged = forgetting.run()
    purged.files = workspace.files.drop(_needless(workspace, forgetting))
    workspace.files.drop_partial()
    _drop_pages(workspace)
    scrub(workspace.engine)  # also if nothing was found: an earlier run may have been interrupted
    return purged


def _drop_pages(workspace: Workspace) -> None:
    """The pages of `verify` show texts of what was public when they were made; the next verify
    makes them again."""
    for page in (workspace.folder / "reports").glob("*/verify.html"):
        page.unlink(missing_ok=True)


def _needless(workspace: Workspace, forgetting: Purge) -> list[str]:
    """The files of no issue that stays: also those that an earlier run left."""
    stay = forgetting.files_that_stay()
    return [sha256 for sha256 in workspace.files.hashes() if sha256 not in stay]


def _check_settled(workspace: Workspace, forgetting: Purge) -> None:
    for name, count in sorted(forgetting.in_doubt().items()):
        known = name in workspace.settings.targets
        put_back = "" if known else "it is in migration.toml no more: put it back, and "
        raise Brake(
            f"{name}: {count} writes of private issues are in doubt, and their text is needed to "
            f"look for them: {put_back}run tracker-migrate apply -T {name} first"
        )


def _check_closed(target: Target) -> None:
    """What is forgotten is never closed later."""
    waiting = sum(1 for _ in Due(target).issues())
    if waiting:
        raise Brake(
            f"{target.name}: {waiting} issues stand open to more people than may read them now: "
            f"run tracker-migrate apply -T {target.name} first"
        )
