"""The jobs of a cut-over: the last difference, and telling the source. See `engine.jobs`.

Each takes an open workspace in which nobody else is at work, and raises the errors of
`tracker_migrate.errors`; none prints.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import msgspec

from tracker_migrate.abilities import Announcer, TellsPeople
from tracker_migrate.engine import jobs
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.due import due, left
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.handover import HandedOver, Handover
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.known_as import ByFirstNames
from tracker_migrate.engine.mailing import Mailing, mailing
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.verify import Verified
from tracker_migrate.errors import UsageError
from tracker_migrate.model import Key
from tracker_migrate.waiting import heard_by
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.handing import HandoverSettings

# -- the last difference --------------------------------------------------------------------------


class Last(msgspec.Struct, kw_only=True):
    """How one target stands after the last difference. differs: it does not hold what was read, and
    that is no edit of somebody's that was kept. stops: why it is no move yet, each with the command
    to run. stays: so many issues stay at the source, as somebody has decided."""

    applied: Applied
    verified: Verified
    differs: bool = False
    stops: list[str] = msgspec.field(default_factory=list)
    stays: int = 0


class Final(msgspec.Struct, kw_only=True):
    """The last difference. whole: every issue was read anew; else `unseen` says what may be
    missing."""

    pulled: Pulled
    whole: bool
    targets: dict[str, Last] = msgspec.field(default_factory=dict)
    unseen: str = ""

    @property
    def differs(self) -> bool:
        """Whether a target does not hold what was read."""
        return any(one.differs for one in self.targets.values())

    @property
    def go(self) -> bool:
        """Whether people can be sent to the targets."""
        return not any(one.stops for one in self.targets.values())


UNSEEN = (
    "--quick: not read anew was what nothing tells of since the last sweep: tasks that were added "
    "or removed, comments that were hidden, edited or deleted, CVEs and blueprints that were "
    "unlinked, people who were renamed"
)


def final(
    workspace: Workspace,
    targets: Sequence[str],
    listen: Listen = silent,
    *,
    quick: bool = False,
) -> Final:
    """Read everything anew, write what is missing at each target, and read each target back.
    quick: read what changed, and no more than that."""
    pulled = jobs.pull_for(workspace, targets, listen, full=not quick)
    found = Final(pulled=pulled, whole=pulled.full, unseen="" if pulled.full else UNSEEN)
    for name in targets:
        applied = jobs.apply(workspace, name, listen, retry=True)
        verified = jobs.verify(workspace, name, listen)
        found.targets[name] = _last(workspace, name, applied, verified)
    return found


def _last(workspace: Workspace, name: str, applied: Applied, verified: Verified) -> Last:
    names = jobs.naming(workspace)
    with closing(Target(workspace, name)) as target:
        target.learn()  # whom a group there lets in may be why an issue is refused
        answer = due(target, datetime.now(UTC), left(target), ask=False)
        doubts = len(target.ledger.open_intents())
        kept = {(names.key(key), field) for key, field, _ in target.ledger.conflicts()}
    stops = [names.text(line) for line in answer.stops]
    if doubts:
        stops.append(f"{doubts} writes are in doubt: tracker-migrate apply -T {name}")
    differs = not _but_for(verified, kept).agrees
    if differs:
        stops.append(f"it does not hold what was read: tracker-migrate verify -T {name}")
    return Last(
        applied=applied, verified=verified, differs=differs, stops=stops, stays=answer.stays
    )


def _but_for(verified: Verified, kept: Collection[tuple[Key, str]]) -> Verified:
    """What was seen, but for people's edits that are kept: they are meant."""
    found = [one for one in verified.differs if (one.key, one.field) not in kept]
    return msgspec.structs.replace(verified, differs=found)


# -- telling the source ---------------------------------------------------------------------------


def handover_target(workspace: Workspace, named: str | None) -> str:
    """The target whose addresses people are given. Raises UsageError if that is not said."""
    wanted = named or workspace.settings.handover.target or None
    if wanted is not None:
        return workspace.targets(wanted)[0]
    names = workspace.targets()
    if len(names) != 1:
        known = ", ".join(names) or "none yet"
        raise UsageError(
            f"whose addresses people are to be given is not said: name the target with -T, or as "
            f"handover.target in migration.toml (known: {known})"
        )
    return names[0]


def handover_mailing(
    workspace: Workspace,
    name: str,
    *,
    only: Only | None = None,
    every: bool = False,
) -> tuple[Mailing, HandedOver]:
    """What a handover is about to say, who will hear it, and what it leaves out. Says nothing."""
    with _handing(workspace, name, silent, every) as (job, announcer, settings):
        announcer.who()
        archive, names = workspace.archive, jobs.naming(workspace)
        found = mailing(job.due(only), settings, archive, announcer, names)
        return found, job.done


def handover(
    workspace: Workspace,
    name: str,
    listen: Listen = silent,
    *,
    only: Only | None = None,
    every: bool = False,
) -> HandedOver:
    """Say at the source where the issues of a target are. every: closed ones and duplicates, too,
    whatever the settings say."""
    names = jobs.naming(workspace)
    with heard_by(listen), _handing(workspace, name, names.heard_by(listen), every) as (job, _, __):
        return _as_told(workspace, job.run(only))


def handover_undo(
    workspace: Workspace,
    name: str,
    listen: Listen = silent,
    *,
    only: Only | None = None,
    dry_run: bool = False,
) -> HandedOver:
    """Take back what a handover said. dry_run: only say what would be; asks no server."""
    names = jobs.naming(workspace)
    with heard_by(listen), _handing(workspace, name, names.heard_by(listen), False) as (job, _, __):
        return _as_told(workspace, job.undo(only, dry_run=dry_run))


def _as_told(workspace: Workspace, done: HandedOver) -> HandedOver:
    names = jobs.naming(workspace)
    done.refused = {names.key(key): names.text(why) for key, why in done.refused.items()}
    done.left = {names.key(key): names.text(why) for key, why in done.left.items()}
    return done


@contextmanager
def _handing(
    workspace: Workspace, name: str, listen: Listen, every: bool
) -> Iterator[tuple[Handover, Announcer, HandoverSettings]]:
    settings = workspace.settings.handover
    if every:
        settings = settings.model_copy(update={"which": "all"})
    with jobs.reading(workspace) as source, closing(Target(workspace, name)) as target:
        if not isinstance(source, TellsPeople):
            raise UsageError(f"nothing can be said at {source.tracker}")
        announcer = ByFirstNames(source.announcer(), workspace.archive.names())
        yield Handover(target, announcer, settings, listen), announcer, settings
