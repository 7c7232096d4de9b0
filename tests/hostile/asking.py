"""Everything that is asked of each tracker, one thing at a time: each reply can be spoilt."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from tests.backends.maniphest import helpers
from tests.backends.storyboard import acts, example
from tests.cli.conftest import OWNER
from tests.hostile.mangling import Mangler
from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest import open_sink as open_maniphest
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn, token_of
from tracker_migrate.backends.storyboard import open_sink as open_storyboard
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.errors import MigrateError
from tracker_migrate.interfaces import Reading, Sink
from tracker_migrate.model import Issue, Key, kind_of
from tracker_migrate.testing.loopback import serving

Asks = Mapping[str, Callable[[], Any]]
_numbers = itertools.count(5000)


@contextmanager
def launchpad() -> Iterator[tuple[Mangler, Asks]]:
    """Every question of a source, and the planners of both targets on what was read."""
    standin = LaunchpadStandIn()
    generate(standin, bugs=20, blueprints=2)
    mangler = Mangler(standin)
    login = dict(zip(("consumer", "token", "secret"), OWNER.split(), strict=True))
    with serving(standin):
        options = {"address": standin.url, "per_second": 0, "patience": 0, "private": True}

        def source() -> Any:
            return open_source(["gadget"], options, login)

        first = source()
        keys = [one.key for one in first.listing(None)]
        read = {key: first.read(key).issue for key in keys}
        long = max(keys, key=lambda key: len(msgspec.json.encode(read[key])))
        closed = next(key for key in keys if read[key].private)
        blueprint = next(key for key in keys if kind_of(key) == "blueprint")
        author = next(issue.author for issue in read.values() if issue.author)
        yield (
            mangler,
            {
                "check": lambda: source().check(),
                "now": lambda: source().now(),
                "viewer": lambda: source().viewer,
                "surroundings": lambda: list(source().surroundings()),
                "listing": lambda: list(source().listing(None)),
                "closed": lambda: list(source().closed()),
                "bug": lambda: _planned(source().read(long)),
                "private": lambda: _planned(source().read(closed)),
                "blueprint": lambda: _planned(source().read(blueprint)),
                "person": lambda: source().person(author),
                "project": lambda: source().project(Key("launchpad:project:gadget")),
                "public": lambda: source().is_public(long),
            },
        )


def _planned(reading: Reading | None) -> None:
    """What was accepted has to be of use to both planners."""
    assert reading is not None
    issue = reading.issue
    for planner, decisions in (
        (StoryBoardPlanner(), example.Decided(me=acts.ME)),
        (ManiphestPlanner(Options()), helpers.Told()),
    ):
        try:
            planner.refusal(issue, decisions)
            list(planner.wanted(issue, decisions))
            list(planner.losses(issue, decisions))
        except MigrateError:
            continue


@contextmanager
def storyboard() -> Iterator[tuple[Mangler, Asks]]:
    """Every question of a sink, and every write."""
    standin = StoryBoardStandIn()
    mangler = Mangler(standin)
    options = {"settle_seconds": 0.1, "timeout": 5, "patience": 0}

    def sink() -> Sink:
        return open_storyboard(standin.url, options, "token-of-super", "token-of-other")

    def written(closed: bool = False) -> tuple[example.Run, Issue, list[Any]]:
        run = example.Run(sink(), example.Decided(me=acts.ME))
        issue = acts.renumbered(example.rich_bug())
        if closed:
            run.decisions.readers, issue = acts.SECRET, acts.private(issue)
        steps = []
        for step in run.steps(issue):
            run.send(step)
            steps.append(step)
        return run, issue, steps

    with serving(standin):
        run, issue, steps = written()
        hidden = written(True)[0]
        yield (
            mangler,
            {
                **_questions(sink, run.issue_refs(), hidden.issue_refs(), ["1"]),
                "check": lambda: sink().check(run.decisions),
                "write": written,
                "write private": lambda: written(True),
                "lookup": lambda: sink().lookup(
                    list(run.sink.planner.wanted(issue, run.decisions))
                ),
                "find": lambda: [sink().find(step, {}) for step in steps],
                "claim": lambda: [sink().claim(kind, 3) for kind in ("story", "task", "comment")],
            },
        )


@contextmanager
def maniphest() -> Iterator[tuple[Mangler, Asks]]:
    """Every question of a sink, and every write."""
    standin = ManiphestStandIn()
    mangler = Mangler(standin)
    options = {"settle_seconds": 0, "timeout": 5, "patience": 0}

    def sink() -> Any:
        return open_maniphest(standin.url, options, token_of("importbot"), token_of("carol"))

    def written() -> tuple[helpers.Mover, Issue, list[Any]]:
        mover, number = helpers.Mover(sink(), helpers.Told()), next(_numbers)
        issue = helpers.bug(
            number,
            tasks=(helpers.task(number, "nova"), helpers.task(number, "nova/kilo")),
            comments=(helpers.comment(number, 1, "hello"), helpers.comment(number, 2, "there")),
        )
        return mover, issue, mover.move(issue)

    with serving(standin):
        mover, issue, steps = written()
        refs = mover.own(issue)
        mark = {"transaction": 0, "highest": 0, "task": 0}
        yield (
            mangler,
            {
                **_questions(sink, refs, refs, ["PHID-PROJ-aaaaaaaaaaaaaaaaaaaa"]),
                "check": lambda: sink().check(mover.decisions),
                "write": written,
                "lookup": lambda: sink().lookup(
                    list(mover.sink.planner.wanted(issue, mover.decisions))
                ),
                "find": lambda: [sink().find(step, mark) for step in steps],
            },
        )


def _questions(sink: Callable[[], Any], refs: Any, hidden: Any, groups: list[str]) -> Asks:
    """What both sinks are asked."""
    return {
        "importer": lambda: sink().importer,
        "read": lambda: sink().read(refs),
        "read private": lambda: sink().read(hidden),
        "members": lambda: sink().members(groups),
        "outsider": lambda: sink().readable_by_outsider(hidden, withheld=["zz"]),
        "thorough": lambda: sink().readable_by_outsider(hidden, withheld=["zz"], thorough=True),
    }


TRACKERS = {"launchpad": launchpad, "storyboard": storyboard, "maniphest": maniphest}
