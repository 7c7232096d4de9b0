"""The jobs that a workspace does, each a function: what the command line and scripts call.

Each takes an open workspace, and a listener for events. Each raises the errors of
`tracker_migrate.errors`; none prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tracker_migrate import registry
from tracker_migrate.engine import following, planning
from tracker_migrate.engine.adopt import Adopt, Adopted
from tracker_migrate.engine.afterwards import reading_on
from tracker_migrate.engine.applied import Applied
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.backdate import Backdate, Backdating
from tracker_migrate.engine.closing import Due
from tracker_migrate.engine.coordinating import Coordinating
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.feed import Fed, Feed
from tracker_migrate.engine.files import Fetch
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.hiding import Hid
from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.keeper import Keeper
from tracker_migrate.engine.left import Undone
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.planfile import keep_to, read_file
from tracker_migrate.engine.pull import Pull
from tracker_migrate.engine.purging import purge as purge_
from tracker_migrate.engine.readers import ReadersReport
from tracker_migrate.engine.readers import readers as readers_
from tracker_migrate.engine.redirects import Redirect, redirects
from tracker_migrate.engine.sharing import shared_out
from tracker_migrate.engine.show import Shown, show
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.undo import Undo
from tracker_migrate.engine.verify import Verified, Verify, outsiders
from tracker_migrate.errors import (
    Brake,
    ClosingOnly,
    LoginNeeded,
    MigrateError,
    NotFound,
    UsageError,
    WrongTracker,
    together,
)
from tracker_migrate.interfaces import Loss, Source
from tracker_migrate.model import Issue, Key
from tracker_migrate.waiting import heard_by
from tracker_migrate.workspace import Workspace, granted
from tracker_migrate.workspace.purge import Purged
from tracker_migrate.workspace.secrets import login_command, secret_places
from tracker_migrate.workspace.settings import said_of

#: settings of `[source]` that the source itself need not know
_NOT_THE_SOURCES = {
    "specs",
    "overlap_minutes",
    "show_addresses",
    "attachments",
    "attachment_limit",
    "token_ends",
}
_CREDENTIALS = ("consumer", "token", "secret")


def open_source(workspace: Workspace) -> Source:
    """The workspace's source, logged in if there are credentials for it. Raises LoginNeeded if
    there are none, but what is private is to be read."""
    settings = workspace.settings.source
    tracker = settings.specs[0].partition(":")[0]
    credentials = _credentials(workspace, tracker)
    if credentials is None and settings.private and registry.needs_login(tracker):
        raise LoginNeeded(
            f"source.private = true needs a login of {tracker}: {_three_words(workspace, tracker)}"
        )
    if credentials is not None and settings.private:
        _must_read_private(workspace, tracker, credentials)
    options = settings.model_dump(exclude=_NOT_THE_SOURCES, exclude_none=True)
    if not settings.also:
        del options["also"]  # not every source has something to choose from
    options["state_dir"] = str(workspace.state)
    names = workspace.archive.names()
    specs = [following.spec_now(spec, names) for spec in settings.specs]
    return registry.open_source(specs, options, credentials)


def _credentials(workspace: Workspace, tracker: str) -> dict[str, str] | None:
    """consumer, token and secret in one text, separated by blanks or line ends."""
    held = workspace.secret(tracker)
    if held is None:
        return None
    words = held.split()
    if len(words) != len(_CREDENTIALS):
        raise LoginNeeded(
            f"the login of {tracker} has {len(words)} words: {_three_words(workspace, tracker)}"
        )
    return dict(zip(_CREDENTIALS, words, strict=True))


def _must_read_private(workspace: Workspace, tracker: str, credentials: Mapping[str, str]) -> None:
    """Raise LoginNeeded if this login is known to read nothing private: the source would not say
    so, it would list less."""
    words = " ".join(credentials[name] for name in _CREDENTIALS)
    known = granted.of(workspace.folder, tracker, words)
    if known is not None and not known.reads_private:
        raise LoginNeeded(
            f"source.private = true, and the login of {tracker} was made for public things only: "
            f"{login_command(tracker)}"
        )


def _three_words(workspace: Workspace, tracker: str) -> str:
    places = secret_places(workspace.folder, tracker)
    return f"{login_command(tracker)}, or write consumer, token and secret, three words ({places})"


@contextmanager
def reading(workspace: Workspace) -> Iterator[Source]:
    """The source, closed afterwards; a refused login is told with where it is read from."""
    source = open_source(workspace)
    with closing(source):
        try:
            yield reading_on(workspace, source)
        except LoginNeeded as error:
            places = secret_places(workspace.folder, source.tracker)
            raise LoginNeeded(f"{error} ({places})") from None


def pull(
    workspace: Workspace,
    listen: Listen = silent,
    *,
    full: bool = False,
    limit: int | None = None,
    only: Only | None = None,
    accept: bool = False,
    most_new: int | None = None,
    **how: Any,
) -> Pulled:
    """Read what changed at the source into the archive. accept: take it that what is not to be seen
    any more is gone, however much that is. how, and the others: see `engine.pull`.

    What the settings name and is called otherwise by now is looked for, once, when it is missed.
    """

    def read() -> Pulled:
        with heard_by(listen), reading(workspace) as source:
            job = _pull(workspace, source, listen, accept=accept, most_new=most_new)
            pulled = job.run(full=full, limit=limit, only=only, **how)
        names = workspace.archive.names()
        pulled.outdated = list(following.outdated(workspace.settings.source.specs, names))
        return pulled

    try:
        return read()
    except (UsageError, NotFound) as error:
        if isinstance(error, WrongTracker) or not _followed(workspace):
            raise
        return read()


def _pull(
    workspace: Workspace, source: Source, listen: Listen, *, accept: bool, most_new: int | None
) -> Pull:
    settings = workspace.settings.source
    fetch = Fetch(
        source,
        workspace.archive,
        workspace.files,
        int(settings.attachment_limit) if settings.attachments else None,
    )
    return Pull(
        source,
        workspace.archive,
        following.read_as(settings.specs, workspace.archive),
        connections=settings.connections,
        overlap=timedelta(minutes=settings.overlap_minutes),
        listen=naming(workspace).heard_by(listen),
        files=fetch,
        most_new=most_new,
        accept=accept,
        retargeted=workspace.settings.sync.retargeted,
        private=settings.private,
    )


def _followed(workspace: Workspace) -> bool:
    """Whether something that the settings name was found under another name. False also if the
    source does not answer: what it said before is told."""
    names = workspace.archive.names()
    specs = [following.spec_now(spec, names) for spec in workspace.settings.source.specs]
    with suppress(MigrateError), reading(workspace) as source:
        paths = [spec.partition(":")[2] for spec in specs]
        return following.follow(source, paths, workspace.archive)
    return False


def pull_for(
    workspace: Workspace,
    targets: Sequence[str],
    listen: Listen = silent,
    *,
    limit: int | None = None,
    only: Only | None = None,
    **how: Any,
) -> Pulled:
    """Pull, for these targets: if a brake stops it, what is by then known not to be public any more
    is closed there before the brake is told, with what kept a target from that. how: as `pull`
    takes it."""
    try:
        return pull(workspace, listen, limit=limit, only=only, **how)
    except Brake as brake:
        raise together([brake, *close_at(workspace, targets, listen)]) from None


#: what would be written to a target, and what would be lost
plan = planning.plan


def naming(workspace: Workspace) -> Naming:
    """What issues are called where others may read it."""
    return Naming(workspace.archive, workspace.archive.salt())


def losses(workspace: Workspace, target: str, only: Only | None = None) -> Iterator[Loss]:
    """What becomes of every field of every issue at a target, issue by issue."""
    bound = Target(workspace, target)
    for issue in workspace.archive.issues():
        if only is None or only.takes(issue):
            yield from bound.planner.losses(issue, bound.decisions)


def apply(
    workspace: Workspace,
    target: str,
    listen: Listen = silent,
    *,
    only: Only | None = None,
    limit: int | None = None,
    planned: Path | None = None,
    retry: bool = False,
    keeper: Keeper | None = None,
    workers: bool = False,
) -> Applied:
    """Write what is missing at a target. planned: a plan's file; anything else is refused. retry:
    also what was set aside and rests. keeper: keeps the target's sink open afterwards. workers:
    have those of other machines do what can be shared out."""
    kept = None if planned is None else read_file(planned, target)
    expected = None if kept is None else kept.digests
    with (
        heard_by(listen),
        shared_out(workspace) if workers else nullcontext(),
        _opened(workspace, target, keeper) as bound,
        Look(workspace) as look,
    ):
        told = naming(workspace).heard_by(listen)
        if kept is not None:
            only = keep_to(bound, kept, naming(workspace).settled(), only)
        how = Coordinating if workers else Apply
        applied = how(bound, told, expected, look, retry=retry).run(only, limit)
        if keeper is not None:
            keeper.applied(bound, applied)
        return _applied_as_told(applied, naming(workspace))


def feed(
    workspace: Workspace,
    target: str,
    listen: Listen = silent,
    *,
    count: timedelta = timedelta(0),
    at: datetime | None = None,
    keeper: Keeper | None = None,
) -> Fed:
    """Note what people did at a target since the last look, as its feed tells it. count, at: see
    `engine.feed`. keeper: keeps the target's sink open afterwards."""
    with heard_by(listen), _opened(workspace, target, keeper) as bound:
        try:
            bound.meet()
        except ClosingOnly:
            return Fed()  # the apply that follows closes, and tells of it
        return Feed(bound, naming(workspace).heard_by(listen), count=count, at=at).run()


def at_rest(workspace: Workspace, target: str, keeper: Keeper, pulled: Pulled) -> Applied | None:
    """What an apply would come to, if it is known that nothing is to be done: see
    `engine.keeper`."""
    with _opened(workspace, target, keeper) as bound:
        found = keeper.at_rest(bound, pulled)
    return None if found is None else _applied_as_told(found, naming(workspace))


def _applied_as_told(written: Applied, names: Naming) -> Applied:
    written.doubles = [
        msgspec.structs.replace(
            one, key=names.key(one.key), issue=names.key(one.issue), reason=names.text(one.reason)
        )
        for one in written.doubles
    ]
    return written


def close(workspace: Workspace, target: str, listen: Listen = silent) -> Applied:
    """Close at a target what is not public any more, without writing anything else."""
    with heard_by(listen), _opened(workspace, target) as bound:
        return Apply(bound, naming(workspace).heard_by(listen)).close()


def close_at(
    workspace: Workspace, targets: Sequence[str], listen: Listen = silent
) -> list[MigrateError]:
    """The same at several targets, of which none keeps another one open; what went wrong."""
    failed: list[MigrateError] = []
    for target in targets:
        try:
            close(workspace, target, listen)
        except MigrateError as error:
            error.args = (f"{target}: what has to be closed there is not: {error}",)
            failed.append(error)
    return failed


def close_first(
    workspace: Workspace, targets: Sequence[str], listen: Listen = silent
) -> list[MigrateError]:
    """The same before anything is written to the first of several targets, which closes what it has
    to by itself: the others would stand open for as long as that takes. Asks only those at which
    there is something to close."""
    return close_at(
        workspace, [one for one in targets[1:] if _has_to_close(workspace, one)], listen
    )


def _has_to_close(workspace: Workspace, target: str) -> bool:
    try:
        with _opened(workspace, target) as bound:
            return any(True for _ in Due(bound).issues())
    except MigrateError:
        return False  # told when its turn comes


def shown(workspace: Workspace, target: str, issue: Issue) -> Shown:
    """What one issue of the archive becomes at a target; no server is asked."""
    with _opened(workspace, target) as bound:
        return show(bound, issue)


@contextmanager
def moved(
    workspace: Workspace, target: str, *, private: bool = False
) -> Iterator[Iterator[Redirect]]:
    """Old and new addresses of what stands at a target; no server is asked."""
    with _opened(workspace, target) as bound:
        yield redirects(bound, private=private)


class Look:
    """One more look at the source, which is opened when it is first needed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stack = ExitStack()
        self._source: Source | None = None

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def __call__(self, issue: Key) -> bool:
        """Whether everybody may read an issue now. Raises what reading it does."""
        if self._source is None:
            self._source = self._stack.enter_context(reading(self._workspace))
        return self._source.is_public(self._workspace.archive.names().now(issue))


def adopt(
    workspace: Workspace,
    target: str,
    listen: Listen = silent,
    *,
    source_wins: bool = False,
    dry_run: bool = False,
) -> Adopted:
    """Rebuild a target's ledger from what stands there. Writes nothing to the target."""
    names = naming(workspace)
    with heard_by(listen), _opened(workspace, target) as bound:
        job = Adopt(bound, names.heard_by(listen), source_wins=source_wins)
        return _adopted_as_told(job.run(dry_run=dry_run), names)


def _adopted_as_told(found: Adopted, names: Naming) -> Adopted:
    for name in ("gone", "doubled", "unknown", "hidden"):
        setattr(found, name, [names.key(one) for one in getattr(found, name)])
    found.differs = [msgspec.structs.replace(one, key=names.key(one.key)) for one in found.differs]
    for name in ("twins", "adds"):
        placed = [
            msgspec.structs.replace(one, key=names.key(one.key)) for one in getattr(found, name)
        ]
        setattr(found, name, placed)
    found.unsettled = {
        names.key(key): names.text(reason) for key, reason in found.unsettled.items()
    }
    return found


def undo(
    workspace: Workspace,
    target: str,
    listen: Listen = silent,
    *,
    only: Only | None = None,
    dry_run: bool = False,
) -> Undone:
    """Take back what this workspace wrote to a target. dry_run: look, and say what would be."""
    names = naming(workspace)
    with heard_by(listen), _opened(workspace, target) as bound:
        job = Undo(bound, names.heard_by(listen), dry_run=dry_run)
        undone = job.run(only)
    for name in ("spared", "failed"):
        told = {names.key(of): names.text(why) for of, why in getattr(undone, name).items()}
        setattr(undone, name, told)
    return undone


def undo_outlook(workspace: Workspace, target: str, only: Only | None = None) -> Undone:
    """The most that an undo could take back, by the ledger; no server is asked."""
    with _opened(workspace, target) as bound:
        return Undo(bound).outlook(only)


def hide(
    workspace: Workspace, target: str, issues: Sequence[Key], *, release: bool = False
) -> dict[Key, bool]:
    """Close issues at a target for all but the importer, now, without the source; they stay closed
    until they are released, and are then opened by the next apply.

    Says of each whether something of it stands there. Works while another process writes. Raises
    what stops a run, and ObjectError if one could not be closed; the others are by then.
    """
    hid = hide_at(workspace, [target], issues, release=release)
    hid.stop_if_any()
    return hid.there[target]


def hide_at(
    workspace: Workspace, targets: Sequence[str], issues: Sequence[Key], *, release: bool = False
) -> Hid:
    """The same at several targets. What could not be closed is told in what is returned; all of it
    is noted everywhere before anything is sent, so that the next run closes it."""
    hid = Hid()
    for target in targets:
        if release:
            workspace.hidden(target).release(issues)
            hid.there[target] = dict.fromkeys(issues, False)
        else:
            workspace.hidden(target).add(issues)  # whoever writes meanwhile knows of it
    for target in () if release else targets:
        with hid.trying(target), _opened(workspace, target) as bound:
            hid.close(bound, issues)
    return hid


def readers(workspace: Workspace, target: str, *, by_issue: bool = False) -> ReadersReport:
    """Who may read private issues at the source, and not at a target. The target is asked about
    its groups if there is a token for it."""
    ask = workspace.secret(f"{target}-token") is not None
    names = naming(workspace)
    with _opened(workspace, target) as bound:
        report = readers_(bound, ask=ask, by_issue=by_issue)
    report.less = {names.key(issue): who for issue, who in report.less.items()}
    return report


def purge(workspace: Workspace, *, dry_run: bool = False) -> Purged:
    """Remove private text from the workspace; nothing changes at a target. See `engine.purging`."""
    targets = [Target(workspace, name) for name in workspace.settings.targets]
    return purge_(workspace, targets, dry_run=dry_run)


def verify_outsider(workspace: Workspace, target: str) -> Verified:
    """Read every private object at a target as nobody, and as each outsider."""
    with _opened(workspace, target) as bound:
        return _verified_as_told(outsiders(bound), naming(workspace))


@contextmanager
def _opened(workspace: Workspace, name: str, keeper: Keeper | None = None) -> Iterator[Target]:
    """A target, closed afterwards, if nobody keeps it open; a refused token is told with where it
    is read from, a setting that the server can't do with where it stands."""
    with closing(Target(workspace, name, keeper)) as bound:
        try:
            yield bound
        except LoginNeeded as error:
            raise LoginNeeded(
                f"{error} ({secret_places(workspace.folder, f'{name}-token')})"
            ) from None
        except UsageError as error:
            lines = [said_of(name, line) for line in str(error).splitlines()]
            kind = WrongTracker if isinstance(error, WrongTracker) else UsageError
            raise kind("\n".join(lines)) from None


def verify(
    workspace: Workspace,
    target: str,
    listen: Listen = silent,
    *,
    only: Only | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> Verified:
    """Read a target back and compare it with what was sent."""
    with heard_by(listen), _opened(workspace, target) as bound:
        names = naming(workspace)
        seen = Verify(bound, names.heard_by(listen)).run(only, sample, seed)
        return _verified_as_told(seen, names)


def _verified_as_told(seen: Verified, names: Naming) -> Verified:
    for name in ("missing", "doubled", "unplanned", "unwanted", "exposed"):
        setattr(seen, name, [names.key(one) for one in getattr(seen, name)])
    seen.differs = [msgspec.structs.replace(one, key=names.key(one.key)) for one in seen.differs]
    return seen


def backdate(
    workspace: Workspace, target: str, listen: Listen = silent, *, dry_run: bool = False
) -> Backdating:
    """Set authors and dates in a target's own database. dry_run: count what would be changed."""
    names = naming(workspace)
    with heard_by(listen), _opened(workspace, target) as bound:
        job = Backdate(bound, names.heard_by(listen))
        return _backdated_as_told(job.run(dry_run=dry_run), names)


def backdate_statements(
    workspace: Workspace, target: str, say: Callable[[str], None]
) -> Backdating:
    """The same as SQL for an administrator, a statement at a time, without the `;`. They hold what
    issues say that not everybody may read. Asks no database."""
    with _opened(workspace, target) as bound:
        job = Backdate(bound)
        for statement in job.statements():
            say(statement)
        return _backdated_as_told(job.said, naming(workspace))


def backdate_confirm(workspace: Workspace, target: str, listen: Listen = silent) -> Backdating:
    """Note what stands at a target as an administrator was asked to make it."""
    names = naming(workspace)
    with heard_by(listen), _opened(workspace, target) as bound:
        return _backdated_as_told(Backdate(bound, names.heard_by(listen)).confirm(), names)


def _backdated_as_told(done: Backdating, names: Naming) -> Backdating:
    done.edited = [(names.key(key), field) for key, field in done.edited]
    done.left = {names.key(key): names.text(reason) for key, reason in done.left.items()}
    done.withdrawn = [names.key(key) for key in done.withdrawn]
    return done
