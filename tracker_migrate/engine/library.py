"""What a script calls, by the names of the commands. Each takes an open workspace.

What changes a workspace or a target holds the workspace's lock meanwhile. Nothing is printed, no
signal is taken; who wants to hear of what happens gives a function that is called with each
`interfaces.Event`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from itertools import count
from typing import Any, TypeVar, cast

from tracker_migrate.engine import compacting, cutover, daemon, jobs
from tracker_migrate.engine.daemon import Round
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.redirects import Redirect
from tracker_migrate.workspace import Workspace

Job = TypeVar("Job", bound=Callable[..., Any])


def _alone(job: Job) -> Job:
    """The same, while nobody else works in the workspace. Raises Locked besides."""

    @wraps(job)
    def called(workspace: Workspace, *args: Any, **kwargs: Any) -> Any:
        if workspace.coordinates:
            return job(workspace, *args, **kwargs)
        with workspace.coordinating():
            return job(workspace, *args, **kwargs)

    return cast(Job, called)


pull = _alone(jobs.pull)
apply = _alone(jobs.apply)
adopt = _alone(jobs.adopt)
undo = _alone(jobs.undo)
backdate = _alone(jobs.backdate)
purge = _alone(jobs.purge)
final = _alone(cutover.final)
handover = _alone(cutover.handover)
handover_undo = _alone(cutover.handover_undo)
compact = _alone(compacting.compact)


def redirects(workspace: Workspace, target: str, *, private: bool = False) -> Iterator[Redirect]:
    """Old and new addresses of what stands at a target; no server is asked. private: also of issues
    that not everybody may read."""
    with jobs.moved(workspace, target, private=private) as found:
        yield from found


def sync(
    workspace: Workspace,
    targets: Sequence[str] | None = None,
    listen: Listen = silent,
    *,
    every: float | None = None,
    rounds: int | None = None,
) -> Iterator[Round]:
    """Pull and apply, round after round: a `Round` as each ends. It goes on for as long as it is
    asked for the next. targets: all, if None. every: seconds between two rounds; else as the
    settings say. rounds: so many, and no more. Raises Locked if a daemon runs."""
    names = workspace.targets() if targets is None else list(targets)
    going = daemon.rounds(workspace, names, listen, every=every, once=rounds == 1, signals=False)
    for number in count(1):
        ended = next(going, None)
        if ended is None:
            return
        yield ended
        if number == rounds:
            return
