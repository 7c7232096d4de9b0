"""What was said at the source is known for ours, whatever became of the replies. In memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.abilities import Board
from tracker_migrate.cli.handing import handed_over, lines
from tracker_migrate.engine.afterwards import reading_on
from tracker_migrate.engine.handover import HandedOver, Handover
from tracker_migrate.errors import Doubtful, Refused, Retriable
from tracker_migrate.model import Key
from tracker_migrate.testing.memory import MemoryServer, MemorySource, bug
from tracker_migrate.testing.memory_source import PERSON
from tracker_migrate.testing.memory_telling import CLOSED, MemoryAnnouncer
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.handing import HandoverSettings
from tracker_migrate.workspace.told import Saying

SORTS = {"comment": "go to {address}", "tag": "moved", "status": CLOSED}
AWAY = "the server does not answer (503)"


class Shaky(MemoryAnnouncer):
    """An announcer whose connection is bad. sends: what becomes of the next requests of one sort,
    `what`: `lost` (carried out, without a reply), `late` (no reply, and carried out when `comes` is
    called), `refused`, `busy`, `ok`. looks: what happens right before the next looks."""

    def __init__(self, source: MemorySource, what: str, sends: str = "") -> None:
        super().__init__(source, PERSON)
        self.what, self.sends = what, sends.split()
        self.looks: list[Callable[[], Any]] = []
        self._late: Callable[[], Any] = _nothing

    def comes(self) -> None:
        """What was late is carried out."""
        self._late()

    def board(self, issue: Key) -> Board:
        if self.looks:
            self.looks.pop(0)()
        return super().board(issue)

    def comment(self, issue: Key, text: str, *, mail: bool) -> Key | None:
        real = super().comment
        made: Key | None = self._sent("comment", lambda: real(issue, text, mail=mail))
        return made

    def tag(self, issue: Key, tag: str, board: Board, *, there: bool = True) -> None:
        real = super().tag
        self._sent("tag", lambda: real(issue, tag, board, there=there))

    def status(self, task: Key, status: str, board: Board) -> None:
        real = super().status
        self._sent("status", lambda: real(task, status, board))

    def _sent(self, what: str, real: Callable[[], Any]) -> Any:
        how = self.sends.pop(0) if self.sends and what == self.what else "ok"
        if how == "late":
            self._late = real
        if how == "refused":
            raise Refused("it does not take that")
        if how == "busy":
            raise Retriable("somebody has changed it at the same moment")
        looks, self.looks = self.looks, []  # it looks for itself
        done = real() if how in ("ok", "lost") else None
        self.looks = looks
        if how in ("lost", "late"):
            raise Doubtful("no reply")
        return done


def _nothing() -> None:
    """All is well."""


def _fails() -> None:
    raise Retriable(AWAY)


@pytest.fixture
def source() -> MemorySource:
    """A source with one bug."""
    return MemorySource(bug(1))


@pytest.fixture
def world(workspace: Workspace, source: MemorySource) -> World:
    """It stands at the target."""
    made = World(workspace, MemoryServer(), "ours")
    made.pull(source)
    made.apply()
    return made


def job(world: World, announcer: Shaky) -> Handover:
    """Says what the announcer is about."""
    said = {"comment": "", announcer.what: SORTS[announcer.what]}
    how = {"per_second": 0, "settle_seconds": 0.05, "after": "follow", **said}
    return Handover(world.target(), announcer, HandoverSettings.model_validate(how))


def hand_over(world: World, announcer: Shaky) -> HandedOver:
    return job(world, announcer).run()


def take_back(world: World, announcer: Shaky) -> HandedOver:
    return job(world, announcer).undo()


def told(world: World) -> Saying:
    """What is noted."""
    (one,) = world.workspace.told.of(bug_key(1))
    return one


def stands(source: MemorySource) -> tuple[int, tuple[str, ...], str]:
    """How many comments can be read, the tags, the status."""
    held = source.held(bug_key(1))
    assert held is not None
    seen = [one for one in held.comments if not one.withheld]
    return len(seen), held.tags, held.tasks[0].status


def is_no_news(world: World, source: MemorySource) -> None:
    """Read anew, nothing of it is written."""
    source.advance(hours=1)
    world.pull(reading_on(world.workspace, source), full=True)  # type: ignore[arg-type]
    assert world.apply().steps == 0


UNTOLD = (0, (), "New")
TOLD = {"comment": (1, (), "New"), "tag": (0, ("moved",), "New"), "status": (0, (), CLOSED)}


@pytest.mark.parametrize("what", sorted(SORTS))
def test_what_could_not_be_looked_for_stays_meant_and_is_taken_back(
    what: str, world: World, source: MemorySource
) -> None:
    shaky = Shaky(source, what, "lost")
    shaky.looks = [_nothing, _fails]
    done = hand_over(world, shaky)
    assert done.refused == {bug_key(1): AWAY}
    assert (told(world).state, told(world).reason) == ("meant", AWAY)
    assert f"  in doubt {bug_key(1)}: {AWAY}" in lines(handed_over(world.workspace, True))
    is_no_news(world, source)
    assert not take_back(world, shaky).refused
    assert stands(source) == UNTOLD
    is_no_news(world, source)


@pytest.mark.parametrize("what", sorted(SORTS))
def test_what_could_not_be_looked_for_is_found_by_the_next_run_and_ours(
    what: str, world: World, source: MemorySource
) -> None:
    shaky = Shaky(source, what, "lost")
    shaky.looks = [_nothing, _fails]
    hand_over(world, shaky)
    done = hand_over(world, shaky)
    assert (done.found, done.was, done.refused) == (1, 0, {})
    assert stands(source) == TOLD[what]
    assert (told(world).state, told(world).reason) == ("said", "")
    is_no_news(world, source)
    take_back(world, shaky)
    assert stands(source) == UNTOLD
    is_no_news(world, source)


def test_a_comment_that_comes_after_that_is_waited_for(world: World, source: MemorySource) -> None:
    shaky = Shaky(source, "comment", "late")
    shaky.looks = [_nothing, _fails]
    hand_over(world, shaky)
    shaky.looks = [_nothing, shaky.comes]
    assert hand_over(world, shaky).found == 1
    assert stands(source) == TOLD["comment"]


def test_what_was_meant_stays_so_when_the_next_run_can_not_look_either(
    world: World, source: MemorySource
) -> None:
    shaky = Shaky(source, "comment", "lost")
    shaky.looks = [_nothing, _fails]
    hand_over(world, shaky)
    source.put(bug(1))  # it is not to be seen yet
    shaky.looks = [_nothing, _fails]
    assert hand_over(world, shaky).refused
    assert told(world).state == "meant"


@pytest.mark.parametrize("what", ["tag", "status"])
def test_a_request_that_overtakes_its_own_repetition_is_ours(
    what: str, world: World, source: MemorySource
) -> None:
    """The second one is refused, for the first has changed the issue meanwhile."""
    shaky = Shaky(source, what, "late busy")
    shaky.looks = [_nothing, _nothing, shaky.comes]
    done = hand_over(world, shaky)
    assert (done.found, done.was, done.refused) == (1, 0, {})
    assert told(world).state == "said"
    take_back(world, shaky)
    assert stands(source) == UNTOLD


@pytest.mark.parametrize("comes", [True, False])
@pytest.mark.parametrize("what", ["tag", "status"])
def test_after_a_refusal_an_earlier_request_is_still_looked_for(
    what: str, comes: bool, world: World, source: MemorySource
) -> None:
    shaky = Shaky(source, what, "late refused")
    shaky.looks = [_nothing, _nothing, shaky.comes if comes else _nothing]
    done = hand_over(world, shaky)
    assert (done.found, bool(done.refused)) == (int(comes), not comes)
    assert told(world).state == ("said" if comes else "refused")


def test_what_was_refused_left_nothing_and_is_said_so(world: World, source: MemorySource) -> None:
    shaky = Shaky(source, "tag", "refused")
    done = hand_over(world, shaky)
    assert done.refused == {bug_key(1): "it does not take that"}
    row = told(world)
    assert (row.state, row.reason, row.ours) == ("refused", "it does not take that", False)


@pytest.mark.parametrize("what", ["tag", "status"])
def test_what_was_not_taken_back_to_its_end_is_still_ours(
    what: str, world: World, source: MemorySource
) -> None:
    shaky = Shaky(source, what, "ok refused")
    hand_over(world, shaky)
    assert take_back(world, shaky).refused
    assert told(world).state == "taking"
    hand_over(world, shaky)
    assert told(world).state == "said"
    take_back(world, shaky)
    assert stands(source) == UNTOLD
