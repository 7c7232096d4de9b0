"""The tracker in memory: thousands of steps a minute, in this process."""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.world import World, bug_key, settings
from tests.state_machine.clock import VirtualClock
from tests.state_machine.guard import Fuse
from tests.state_machine.oracle import Allowed, Note, Standing
from tests.state_machine.truth import EMBARGOED, PRIVATE, Bug, Said, Truth
from tracker_migrate.digest import short
from tracker_migrate.engine.apply import Apply
from tracker_migrate.errors import LoginNeeded, Refused, Retriable, Unreachable
from tracker_migrate.model import Access, Comment, Issue, Key, key, name_of
from tracker_migrate.testing.memory import Fault, MemoryServer, MemorySource, Numbers, bug
from tracker_migrate.testing.memory_source import PERSON, home, key_at
from tracker_migrate.workspace import Workspace

_POLICY = """[information_type]
"Private" = "few"
[policies.few.there]
users = "readers"
"""
_SHM = Path("/dev/shm")
SETTLE = 60.0


@functools.cache
def _template() -> Path:
    """A workspace with its tables made, to be copied."""
    folder = Path(tempfile.mkdtemp(dir=_SHM if _SHM.is_dir() else None)) / "move"
    settings(folder)
    (folder / "mappings" / "privacy.toml").write_text(_POLICY)
    people = "person,target,account,state\njdoe,there,7,verified\n"
    (folder / "mappings" / "people.csv").write_text(people)
    Workspace(folder).close()
    return folder


def limit_disk(workspace: Workspace, room: int) -> None:
    """Let the database of a workspace grow by so many pages and no more."""
    workspace.engine.dispose()

    @sa.event.listens_for(workspace.engine, "connect")
    def _limit(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={limits.setdefault('pages', pages + room)}")

    limits: dict[str, int] = {}


class ShakySource(MemorySource):
    """A source whose requests fail, as often as it is told to."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._time = clock
        self._faults: list[list[Any]] = []
        self._once = threading.Lock()

    def arm(self, word: str, times: int, skip: int) -> None:
        """The next requests fail."""
        self._faults.append([word, times, skip])

    def calm(self) -> None:
        """All is well again."""
        self._faults.clear()

    def _ask(self, of_one: bool) -> None:
        with self._once:
            word = self._struck()
        match word:
            case "":
                return
            case "slow":
                self._time.sleep(30.0)
            case "expired":
                raise LoginNeeded("the source does not take the login")
            case "mangle" if of_one:
                raise Refused("what the source says can't be understood")
            case "busy" | "gateway" if of_one:
                raise Retriable("the source is busy")
            case _:
                raise Unreachable("the source does not answer")

    def _struck(self) -> str:
        for fault in self._faults:
            if fault[2] > 0:
                fault[2] -= 1
            elif fault[1] > 0:
                fault[1] -= 1
                return str(fault[0])
        return ""

    def check(self) -> Mapping[str, str]:
        self._ask(False)
        return super().check()

    def listing(self, since: Any, newest: int | None = None) -> Iterator[Any]:
        for one in super().listing(since, newest):
            self._ask(False)
            yield one

    def read(self, issue: Key, known: str = "") -> Any:
        self._ask(True)
        return super().read(issue, known)

    def person(self, person: Key) -> Any:
        self._ask(True)
        return super().person(person)

    def closed(self) -> Iterator[Key]:
        self._ask(False)
        return super().closed()

    def access(self, issue: Issue) -> Any:
        self._ask(True)
        return super().access(issue)

    def is_public(self, issue: Key) -> bool:
        self._ask(True)
        return super().is_public(issue)


class ShakyServer(MemoryServer):
    """A memory server whose reads fail, too."""

    quiet = True
    reads: list[list[Any]]

    def _ask(self) -> None:
        if self.quiet:
            return
        for fault in self.reads:
            if fault[2] > 0:
                fault[2] -= 1
            elif fault[1] > 0:
                fault[1] -= 1
                raise Unreachable("the target does not answer")

    def get(self, kind: str, number: int) -> Any:
        self._ask()
        return super().get(kind, number)

    def all(self, kind: str, above: int = 0) -> Any:
        self._ask()
        return super().all(kind, above)

    def highest(self, kind: str) -> int:
        self._ask()
        return super().highest(kind)

    def claim(self, kind: str, count: int) -> int:
        self._ask()
        return super().claim(kind, count)


class MemoryStage:
    """A memory source and a memory target. numbers: who chooses them."""

    source_faults: tuple[str, ...] = ("busy", "gateway", "slow", "expired", "mangle", "down")
    target_faults: tuple[str, ...] = (
        *("lose", "late", "drop", "retry", "refuse", "down", "stranger", "expired", "read"),
    )

    workspace: Workspace

    def __init__(self, numbers: Numbers, connections: int) -> None:
        self.truth = Truth()
        self.clock = VirtualClock()
        self._patch = pytest.MonkeyPatch()
        self._patch.setenv("TRACKER_MIGRATE_TRACE", "1")  # what nobody foresaw is raised
        self.fuse = Fuse(self._patch)
        self.clock.install(self._patch)
        self.allowed = Allowed(comment_edits=numbers == "theirs")
        self._numbers, self._connections = numbers, connections
        self._folder = Path(tempfile.mkdtemp(dir=_SHM if _SHM.is_dir() else None))
        shutil.copytree(_template(), self._folder / "move")
        self.source = ShakySource(self.clock)
        self.server = ShakyServer(clock=self.clock.monotonic)
        self.server.reads = []
        self.server.on_request = self._requested
        self._once, self._opened = threading.Lock(), set[Path]()
        self._requests: list[tuple[int, Callable[[], None]]] = []
        self._theirs: list[tuple[str, int, dict[str, Any]]] = []
        self.looking: Callable[[], None] = lambda: None
        self.reopen()

    def reopen(self, *, room: int | None = None) -> None:
        if self._folder in self._opened:
            self.workspace.close()
        self._opened.add(self._folder)
        self.workspace = Workspace(self._folder / "move")
        if room is not None:
            limit_disk(self.workspace, room)
        self.world = World(
            self.workspace, self.server, self._numbers,
            connections=self._connections, settle_seconds=SETTLE,
        )  # fmt: skip
        self.world.is_public = self.source.is_public

    # -- the source -----------------------------------------------------------------------------

    def put(self, bug: Bug, *, moves: bool) -> None:
        self.source.clock = self.clock.wall()
        first = bug_key(bug.number) not in self.source._issues
        self.source.put(_issue(bug), silently=not (moves or first))

    def drop(self, bug: Bug) -> None:
        self.source.remove(bug_key(bug.number))

    # -- people at the target -------------------------------------------------------------------

    def _cards(self, number: int) -> list[Any]:
        of = bug_key(number)
        found = [one for one in self.server.all("card") if key_at(one.marker) == of]
        return [one for one in found if one.author == "importer"]

    def edit(self, number: int, name: str, value: str) -> bool:
        for card in self._cards(number)[:1]:
            given = {"state": "closed" if value == "True" else "open"} if name == "done" else {}
            self.server.edit("card", card.number, **(given or {name: value}))
            return True
        return False

    def remark(self, number: int, text: str) -> bool:
        for card in self._cards(number)[:1]:
            self._add("note", card=str(card.number), text=text)
            return True
        return False

    def remove(self, number: int) -> bool:
        for card in self._cards(number)[:1]:
            self.server.remove("card", card.number)
            return True
        return False

    def remove_comment(self, number: int, index: int) -> bool:
        address = home(key("memory", "comment", f"{number}/{index}"))
        for note in self.server.all("note"):
            if note.marker == address and note.author == "importer":
                self.server.remove("note", note.number)
                return True
        return False

    def _add(self, kind: str, marker: str = "", **fields: Any) -> None:
        at = self.server.add(kind, marker=marker, **fields)
        self._theirs.append((kind, at, dict(fields)))

    def stranger(self) -> None:
        self._add("card", title="a stranger's", text="", audience="public")

    def forge(self, number: int) -> None:
        marker = home(bug_key(number))
        self._add("card", marker=marker, title="forged", text="", audience="public")
        self._add("note", marker=f"{home(key('memory', 'comment', number))}/1", text="forged")

    # -- faults ---------------------------------------------------------------------------------

    def arm(self, where: str, word: str, times: int, skip: int, seconds: float) -> None:
        if where == "source":
            self.source.arm(word, times, skip)
        elif word == "read":
            self.server.reads.append([word, times, skip])
        else:
            fault: Any = {"do": word, "times": times, "skip": skip, "seconds": seconds}
            self.server.faults.append(Fault(**fault))

    def calm(self) -> None:
        self.source.calm()
        self._requests.clear()
        self.server.faults.clear()
        self.server.reads.clear()

    # -- commands -------------------------------------------------------------------------------

    def pull(self, *, full: bool = False, accept: bool = False) -> Any:
        self.source.clock = self.clock.wall()
        with self.workspace.coordinating():
            return self.world.pull(self.source, full=full, accept=accept)

    def apply(self, *, retry: bool = False) -> Any:
        world = self.world
        how: dict[str, Any] = {"retry": True} if retry else {}
        with self._asking(), self.workspace.coordinating():
            job = Apply(world.target(), world.heard.append, None, world.is_public, **how)
            return job.run()

    def _asking(self) -> _Asking:
        return _Asking(self.server)

    def verify(self) -> tuple[bool, set[int], list[str]]:
        with self._asking():
            seen = self.world.verify()
        named = [*seen.missing, *seen.doubled, *seen.unplanned, *seen.exposed]
        keys = [*named, *(one.key for one in seen.differs)]
        said = [str(one) for one in (*named, *seen.differs)]
        return seen.agrees, {_number(one) for one in keys}, said

    def intrude(self) -> None:
        with self.workspace.coordinating():  # the lock is a file's: who asks makes no difference
            pass

    def at_request(self, nth: int, does: Callable[[], None]) -> None:
        self._requests.append((nth + sum(self.server.requests.values()), does))

    def _requested(self, _name: str, moment: str) -> None:
        self.fuse.tick()
        self.looking()
        came = sum(self.server.requests.values())
        with self._once:
            due = [one for one in self._requests if one[0] <= came and moment == "after"]
            self._requests = [one for one in self._requests if one not in due]
        for _nth, does in due:
            does()

    # -- looking --------------------------------------------------------------------------------

    def stands(self) -> Mapping[int, list[Standing]]:
        with self.server._guard:
            self.server._arrive()
            cards = {
                str(one.number): one for one in self.server.all("card") if one.author == "importer"
            }
            found: dict[int, list[Standing]] = {}
            for card in cards.values():
                number = _number(key_at(card.marker) or Key("memory:bug:0"))
                found.setdefault(number, []).append(self._standing(card, cards))
            return found

    def _standing(self, card: Any, cards: Mapping[str, Any]) -> Standing:
        held = card.fields
        notes = [
            one for one in self.server.all("note") if one.fields.get("card") == str(card.number)
        ]
        return Standing(
            title=held["title"],
            text=held["text"],
            done=held["state"] == "closed",
            tags=set(held["tags"]),
            notes=[_note(one) for one in notes],
            open=held["audience"] == "public",
            shut=held["audience"] == "importer",
            links={_number(key_at(cards[one].marker)) for one in held["blockers"] if one in cards},
        )

    def outside(self) -> str:
        with self.server._guard:
            open_ = {
                str(one.number): one.fields
                for one in self.server.all("card")
                if one.fields.get("audience") == "public"
            }
            notes = [
                one.fields for one in self.server.all("note") if one.fields.get("card") in open_
            ]
        told = [f"{one['title']} {one['text']}" for one in open_.values()]
        return " ".join([*told, *(one["text"] for one in notes)])

    def strangers(self) -> Iterator[str]:
        for kind, number, fields in self._theirs:
            now = self.server.get(kind, number)
            if now is None or now.fields != fields or now.author == "importer":
                yield f"{kind} {number} of somebody else's"

    def left(self) -> Mapping[int, int]:
        doubles = self.workspace.doubled(self.world.ledger.target).standing()
        return Counter(_number(one.issue) for one in doubles if one.state == "left")

    def known(self, number: int, index: int | None = None) -> bool:
        of = bug_key(number) if index is None else key("memory", "comment", f"{number}/{index}")
        return self.world.ledger.where(of) is not None

    def in_doubt(self, number: int) -> bool:
        return self.world.ledger.in_flight(bug_key(number))

    def as_sent(self, number: int) -> bool | None:
        of = bug_key(number)
        held = self.world.ledger.held([of]).get(of)
        card = next((one for one in self._cards(number)), None)
        if card is None or held is None or held.at.id != str(card.number):
            return None
        return held.fields["state"][1] == short(card.fields["state"])

    def writes(self) -> int:
        return self.server.writes.total()

    def close(self) -> None:
        self.fuse.set(None)
        self.workspace.close()
        self._patch.undo()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Asking:
    """While the sink asks, its reads may fail."""

    def __init__(self, server: ShakyServer) -> None:
        self._server = server

    def __enter__(self) -> None:
        self._server.quiet = False

    def __exit__(self, *_: object) -> None:
        self._server.quiet = True


def _note(record: Any) -> Note:
    of = key_at(record.marker) if record.marker else None
    index = int(name_of(of).partition("/")[2]) if of is not None else None
    ours = record.author == "importer"
    return Note(text=record.fields["text"], index=index if ours else None, ours=ours)


#: when comments were edited, if they were: nobody asks for more
EDITED = datetime(2017, 3, 4, tzinfo=UTC)


def _number(of: Key | None) -> int:
    found = re.match(r"\d+", name_of(of)) if of is not None else None
    return int(found.group()) if found else 0


# -- the model as an issue of the memory source ---------------------------------------------------


def _issue(one: Bug) -> Issue:
    private = one.info in (PRIVATE, EMBARGOED)
    refers = "".join(f" see #{number}" for number in one.refers)
    made = bug(
        one.number,
        blocked_by=tuple(sorted(one.needs)),
        title=one.title,
        description=f"{one.text}{refers}",
        tags=tuple(sorted(one.tags)),
        private=private,
        information_type=one.info,
        access=Access(people=(PERSON,)) if private else None,
        comments=tuple(_comment(one.number, said) for said in one.comments),
    )
    if not one.done:
        return made
    import msgspec

    tasks = tuple(msgspec.structs.replace(task, complete=True) for task in made.tasks)
    return msgspec.structs.replace(made, tasks=tasks)


def _comment(number: int, said: Said) -> Comment:
    of = key("memory", "comment", f"{number}/{said.index}")
    if said.hidden:
        return Comment(key=of, index=said.index, home=home(of), withheld="hidden")
    edited = EDITED if len(said.texts) > 1 else None
    return Comment(
        key=of, index=said.index, home=home(of), text=said.text, author=PERSON, edited=edited
    )
