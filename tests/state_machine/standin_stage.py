"""A target's stand-in and Launchpad's, over real HTTP with the trackers' own client packages.

The servers are started once for a process, and begin each example as they were. Their lateness is
that of the virtual clock: a request that comes late waits until somebody has slept for so long.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.end_to_end.marked_bugs import HALF, OWNER, PROJECT
from tests.end_to_end.world import World, conduit_token
from tests.state_machine.clock import VirtualClock
from tests.state_machine.guard import Fuse
from tests.state_machine.launchpad_home import LaunchpadHome
from tests.state_machine.memory_stage import SETTLE, limit_disk
from tests.state_machine.oracle import Allowed, Note, Standing
from tests.state_machine.truth import Bug, Truth
from tracker_migrate import hosts
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.digest import short
from tracker_migrate.engine import jobs
from tracker_migrate.model import Key, name_of
from tracker_migrate.testing.loopback import Fault, Reply, Request, StandIn, serving, struck
from tracker_migrate.workspace import Workspace

#: where a text of ours came from: the first address in it
_HOME = re.compile(r"https?://[^\s)|\]]+?/(?:\+bug|bugs)/(\d+)(?:/comments/(\d+))?(?=[\s)|\]])")
_SHM = Path("/dev/shm")
SECRETS = {
    "TRACKER_MIGRATE_LAUNCHPAD": OWNER,
    "TRACKER_MIGRATE_STORYBOARD_TOKEN": "token-of-super",
    "TRACKER_MIGRATE_STORYBOARD_OUTSIDER_TOKEN": "token-of-normal",
    "TRACKER_MIGRATE_MANIPHEST_TOKEN": conduit_token("importbot"),
    "TRACKER_MIGRATE_MANIPHEST_OUTSIDER_TOKEN": conduit_token("carol"),
}
_WORDS = ("lose", "truncate", "mangle", "drop", "reset", "busy", "unavailable", "gateway", "html")


def of_home(text: str | None) -> tuple[int, int | None] | None:
    """The bug, and the comment, that a text of ours names as its home."""
    found = _HOME.search(text or "")
    return (int(found[1]), int(found[2]) if found[2] else None) if found else None


class Servers:
    """The three stand-ins of this process."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.launchpad = LaunchpadStandIn()
        self.storyboard, self.maniphest = StoryBoardStandIn(), ManiphestStandIn()
        for standin in (self.launchpad, self.storyboard, self.maniphest):
            self.stack.enter_context(serving(standin))
        self.home = LaunchpadHome(self.launchpad)
        self._kept: dict[Any, tuple[bytes, dict[str, int]]] = {}

    def keep(self, standin: Any) -> None:
        """What it holds now is its beginning."""
        self._kept[standin] = standin.store.db.serialize(), dict(standin.store._next)

    def begin(self, standin: Any) -> None:
        """It is as it was in the beginning."""
        data, counters = self._kept[standin]
        with standin.lock:
            if standin.store.db.in_transaction:
                standin.store.db.rollback()
            standin.store.db.deserialize(data)
            standin.store._next = dict(counters)
            getattr(standin.store, "_moved", set()).clear()
            standin.faults.clear()
            standin.again.clear()


@functools.cache
def servers() -> Servers:
    """Started when first asked for; they end with the process."""
    return Servers()


class Late:
    """Requests that arrive after their clients have gone, by the virtual clock."""

    def __init__(self, clock: VirtualClock, *standins: StandIn) -> None:
        self._clock = clock
        self._due: list[tuple[float, StandIn, Request]] = []
        self._guard = threading.RLock()
        self.seconds = 1.0
        clock.on_sleep = self.arrive
        for one in standins:
            one.mischief = {
                **one.mischief, "late": functools.partial(self._late, one),
                "gone": functools.partial(self._gone, one),
            }  # fmt: skip

    def _late(self, standin: StandIn, request: Request) -> Reply | None:
        with self._guard:
            self._due.append((self._clock.monotonic() + self.seconds, standin, request))
        raise ConnectionAbortedError("the client is told nothing")

    def _gone(self, standin: StandIn, request: Request) -> Reply | None:
        raise ConnectionAbortedError("nothing is done")

    def arrive(self) -> None:
        """Carry out what is due by now."""
        with self._guard:
            now = self._clock.monotonic()
            due = [one for one in self._due if one[0] <= now]
            self._due = [one for one in self._due if one[0] > now]
        for _when, standin, request in due:
            with suppress(Exception):
                standin.answer(request)


class StandInStage:
    """What both targets have in common."""

    target: ClassVar[str]
    source_faults: tuple[str, ...] = (*_WORDS, "expired", "down")
    target_faults: tuple[str, ...]
    allowed: Allowed
    policies = ""

    def __init__(self, connections: int) -> None:
        self.truth, self.clock = Truth(keeps_filed=True), VirtualClock()
        self._servers = servers()
        self.standin: Any = getattr(self._servers, self.target)
        self._patch = pytest.MonkeyPatch()
        for name, value in SECRETS.items():
            self._patch.setenv(name, value)
        self._patch.setenv("TRACKER_MIGRATE_TRACE", "1")  # what nobody foresaw is raised
        self.fuse = Fuse(self._patch)
        self.prepare()
        self._servers.home.begin()
        self._servers.launchpad.faults.clear()
        self._servers.begin(self.standin)
        self._folder = Path(tempfile.mkdtemp(dir=_SHM if _SHM.is_dir() else None)) / "move"
        shutil.copytree(self._template(connections), self._folder)
        self.clock.install(self._patch)
        hosts.forget()
        self._late = Late(self.clock, self.standin)
        self._down: list[StandIn] = []
        self._requests: list[list[Any]] = []
        self._guard = threading.Lock()
        self.looking: Callable[[], None] = lambda: None
        self._room: int | None = None
        self._theirs: list[tuple[Any, Any]] = []
        self._around_writes()
        self.standin.on_request = lambda _request: self.looking()

    # -- how it is made -------------------------------------------------------------------------

    def prepare(self) -> None:
        """Keep the target's beginning, once."""
        if self.standin not in self._servers._kept:
            self._servers.keep(self.standin)

    def _template(self, connections: int) -> Path:
        return _template(self.target, connections, self.policies)

    def _around_writes(self) -> None:
        """A run may end before and after each request that writes; and somebody looks."""
        owner = self.client()
        real, stage = owner.write, self

        def write(self: Any, *given: Any, **named: Any) -> Any:
            stage.fuse.tick()
            try:
                return real(self, *given, **named)
            finally:
                stage._requested()
                stage.fuse.tick()

        self._patch.setattr(owner, "write", write)

    @property
    def folder(self) -> Path:
        """The workspace's."""
        return self._folder

    def client(self) -> Any:
        """The class whose `write` sends what writes."""
        raise NotImplementedError

    def _requested(self) -> None:
        self.looking()
        with self._guard:
            for one in self._requests:
                one[0] -= 1
            due = [one for one in self._requests if one[0] == 0]
        for _left, does in due:
            does()

    # -- the source -----------------------------------------------------------------------------

    def put(self, bug: Bug, *, moves: bool) -> None:
        bug.needs.clear()  # Launchpad's bugs have none: its blueprints do
        self._servers.home.put(bug, moves=moves)

    def drop(self, bug: Bug) -> None:
        self._servers.home.drop(bug.number)

    # -- faults ---------------------------------------------------------------------------------

    def arm(self, where: str, word: str, times: int, skip: int, seconds: float) -> None:
        standin = self._servers.launchpad if where == "source" else self.standin
        if word == "down":
            self._down.append(standin)
            return
        writes = where == "target" and seconds > 6.0
        self._late.seconds = seconds
        how: dict[str, Any] = {"times": times, "skip": skip, "writes": writes}
        fault = Fault(do=word, **how) if word in standin.mischief else struck(word, **how)
        with standin.lock:
            standin.faults.append(fault)

    def calm(self) -> None:
        self._requests.clear()
        self._down.clear()
        for standin in (self._servers.launchpad, self.standin):
            with standin.lock:
                standin.faults.clear()
                standin.again.clear()

    @contextmanager
    def _outage(self) -> Iterator[None]:
        down, self._down = self._down, []
        with ExitStack() as stack:
            for standin in dict.fromkeys(down):
                stack.enter_context(standin.down())
            yield

    # -- commands -------------------------------------------------------------------------------

    @contextmanager
    def _opened(self) -> Iterator[Workspace]:
        with self._outage(), Workspace(self._folder) as workspace:
            if self._room is not None:
                limit_disk(workspace, self._room)
            self._workspace = workspace
            yield workspace

    def pull(self, *, full: bool = False, accept: bool = False) -> Any:
        with self._opened() as workspace, workspace.coordinating():
            return jobs.pull(workspace, full=full, accept=accept)

    def apply(self, *, retry: bool = False) -> Any:
        with self._opened() as workspace, workspace.coordinating():
            return jobs.apply(workspace, self.target, retry=retry)

    def verify(self) -> tuple[bool, set[int], list[str]]:
        with self._opened() as workspace:
            seen = jobs.verify(workspace, self.target)
        named = [*seen.missing, *seen.doubled, *seen.unplanned, *seen.exposed]
        keys = [*named, *(one.key for one in seen.differs)]
        said = [str(one) for one in (*named, *seen.differs)]
        return seen.agrees, {_number(one) for one in keys}, said

    def reopen(self, *, room: int | None = None) -> None:
        self._room = room
        hosts.forget()  # a new process knows of no request that its dead one waited for

    def intrude(self) -> None:
        with self._workspace.coordinating():  # the lock is a file's: who asks makes no difference
            pass

    def at_request(self, nth: int, does: Callable[[], None]) -> None:
        with self._guard:
            self._requests.append([nth, does])

    # -- looking --------------------------------------------------------------------------------

    def left(self) -> Mapping[int, int]:
        with Workspace(self._folder) as workspace:
            doubles = workspace.doubled(self.target).standing()
        return Counter(_number(one.issue) for one in doubles if one.state == "left")

    def known(self, number: int, index: int | None = None) -> bool:
        of = f"launchpad:bug:{number}" if index is None else f"launchpad:comment:{number}/{index}"
        with Workspace(self._folder) as workspace:
            return workspace.ledger(self.target).where(Key(of)) is not None

    def in_doubt(self, number: int) -> bool:
        with Workspace(self._folder) as workspace:
            return workspace.ledger(self.target).in_flight(Key(f"launchpad:bug:{number}"))

    def as_sent(self, number: int) -> bool | None:
        with Workspace(self._folder) as workspace:
            held = workspace.ledger(self.target).of_issue(Key(f"launchpad:bug:{number}"))
        sent = {
            one.at.id: one.fields["status"][1] for one in held.values() if "status" in one.fields
        }
        here = dict(self._states(number))
        if not here or not here.keys() <= sent.keys():
            return None
        return all(short(state) == sent[of] for of, state in here.items())

    def _states(self, number: int) -> Iterator[tuple[str, str]]:
        """By the id of each object of ours that has one."""
        raise NotImplementedError

    def stands(self) -> Mapping[int, list[Standing]]:
        """What stands at the target, by bug."""
        raise NotImplementedError

    def writes(self) -> int:
        return int(self.standin.writes)

    def close(self) -> None:
        self.calm()
        self.standin.on_request = None
        self.fuse.set(None)
        self._patch.undo()
        shutil.rmtree(self._folder.parent, ignore_errors=True)


@functools.cache
def _template(target: str, connections: int, policies: str) -> Path:
    made = servers()
    folder = Path(tempfile.mkdtemp(dir=_SHM if _SHM.is_dir() else None)) / "move"
    here = World(folder, [PROJECT], made.launchpad, made.storyboard, made.maniphest)
    here.private = True
    options = {"settle_seconds": SETTLE, "connections": connections}
    here.options = {"storyboard": options, "maniphest": options}
    here.write_settings()
    (folder / "mappings" / "privacy.toml").write_text(policies)
    people = ["person,target,account,name,state,created,note"]
    people += [f"{HALF},storyboard,3,Other,verified,,"]
    bob = made.maniphest.site.people.by_names(["bob"])[0].phid
    people += [f"{HALF},maniphest,{bob},bob,verified,,"]
    (folder / "mappings" / "people.csv").write_text("\n".join(people) + "\n")
    Workspace(folder).close()
    return folder


def _number(of: Key) -> int:
    found = re.match(r"\d+", name_of(of))
    return int(found.group()) if found else 0


def named_tags(text: str) -> set[str]:
    """The tags that the text of an issue names."""
    found = re.search(r"\*\*Tags\*\*: (.*)", text)
    return set(re.findall(r"\w+", found[1])) if found else set()


def note(text: str, ours: bool) -> Note:
    """A comment that stands at the target."""
    of = of_home(text) if ours else None
    return Note(text=text, index=of[1] if of else None, ours=ours)


def sent(request: Request) -> Any:
    """What stands in a request, as JSON."""
    return json.loads(request.body)
