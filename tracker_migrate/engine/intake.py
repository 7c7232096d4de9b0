"""Reading issues into the archive, several at once, and never past a failure: what could not be
read is unread, what is not there any more is gone, what is elsewhere waits to be settled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import msgspec

from tracker_migrate import waiting
from tracker_migrate.engine.away import Away
from tracker_migrate.engine.beyond import Beyond
from tracker_migrate.engine.events import Listen
from tracker_migrate.engine.files import Fetch
from tracker_migrate.engine.renames import Renames
from tracker_migrate.engine.unexpected import set_aside
from tracker_migrate.errors import Gone, NotPublic, ObjectError
from tracker_migrate.interfaces import Event, Listed, Reading
from tracker_migrate.model import Key
from tracker_migrate.workspace.archive import Archive

#: what an issue may be found to be, that is news
_NEWS = frozenset({"new", "changed", "gone"})


class Pulled(msgspec.Struct, kw_only=True):
    """What a pull did. unread: issues that could not be read this time. found: how the news of a
    later pull was found, and how much so: `listed` as changed, `closed` or opened in silence,
    `counted` as vanished or new, `swept`, or read `again` after it could not be. renamed: people of
    whom a text says something else by now. unfollowed: issues that are where nothing is read since
    the settings were changed. outdated: what the settings name that is called otherwise by now, and
    what to write there."""

    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    unread: int = 0
    people: int = 0
    renamed: int = 0
    full: bool = False
    unfollowed: int = 0
    outdated: list[str] = msgspec.field(default_factory=list)
    found: dict[str, int] = msgspec.field(default_factory=dict)


class Intake:
    """What one pull reads. Called from the pull's thread, but for `note`, `keep` and `could_not`,
    which are its readers' own.

    pulled: what came of it. how: by what each issue was found. named: what the source lists: it is
    where we read. again: what is read whole, though nothing says that it changed; swept: because
    its turn has come. gone_before: what was gone before. failed: what could not be read. lost: what
    was swept and is not to be seen. projects: those that private issues name.
    """

    def __init__(
        self,
        archive: Archive,
        renames: Renames,
        away: Away,
        beyond: Beyond,
        files: Fetch | None,
        connections: int,
        listen: Listen,
    ) -> None:
        self._archive, self._renames = archive, renames
        self.away, self.beyond = away, beyond
        self._files = files
        self._connections = connections
        self._listen = listen
        self.pulled = Pulled()
        self.how: dict[Key, str] = {}
        self.named: set[Key] = set()
        self.again: frozenset[Key] = frozenset()
        self.swept: frozenset[Key] = frozenset()
        self.gone_before: frozenset[Key] = frozenset()
        self.failed: set[Key] = set()
        self.lost: list[Key] = []
        self.projects: set[Key] = set()
        self._futures: set[Future[Any]] = set()
        self._guard = threading.Lock()

    def because(self, how: str, listing: Iterator[Listed]) -> Iterator[Listed]:
        """These, with by what they were found; of a whole pull nobody asks."""
        for one in listing:
            if not self.pulled.full:
                self.how[one.key] = how
            yield one

    def all(self, listing: Iterator[Listed]) -> set[Key]:
        """Read what a listing names; returns the keys (a few dozen bytes each)."""
        listed: set[Key] = set()
        with ThreadPoolExecutor(self._connections, thread_name_prefix="read") as pool:
            try:
                for one in listing:
                    listed.add(one.key)
                    self._submit(pool, one)
                self._drain(0)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return listed

    def _submit(self, pool: ThreadPoolExecutor, one: Listed) -> None:
        waiting.check()
        known = self._known(one)
        if known and known == one.stamp:
            self.note("same", one.key)
            return
        self._futures.add(pool.submit(self._read, one.key, known))
        self._drain(self._connections * 3)

    def _known(self, one: Listed) -> str:
        """What the archive knows of an issue's state; nothing in a full reading, which is there to
        find what moves no stamp: hidden and edited comments, new tasks, removed attachments. Nor of
        what could not be read the last time: it is unread until it is read."""
        whole = self.pulled.full or one.key in self.again or one.key in self.swept
        return "" if whole else self._archive.stamp(one.key)

    def _drain(self, room: int) -> None:
        """Wait until no more than `room` reads are under way; re-raise what stops a run."""
        while len(self._futures) > room:
            done, self._futures = wait(self._futures, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()

    def _read(self, key: Key, known: str) -> None:
        try:
            reading = self.whole(key, known)
        except Gone as error:
            if key in self.gone_before:
                self.note("same", key)
                return
            if self.beyond.takes(key):
                return
            if key in self.swept and not isinstance(error, NotPublic):
                self.lost.append(key)
                return
            self._archive.set_gone(key)
            self.note("gone", key)
        except ObjectError as error:
            self.could_not(key, error)
        else:
            self.keep(key, reading)

    def could_not(self, key: Key, error: ObjectError) -> None:
        """It could not be read: the next pull tries again."""
        self._archive.set_unread(key, str(error))
        self.failed.add(key)
        self.note("unread", key)

    def whole(self, key: Key, known: str) -> Reading | None:
        """An issue with its files; None if it is still as it is known."""
        with set_aside("read"):
            reading = self._renames.read(key, known)
            if reading is None or self._files is None:
                return reading
            return msgspec.structs.replace(reading, issue=self._files.fill(reading.issue))

    def keep(self, key: Key, reading: Reading | None) -> None:
        """An issue was read. reading: None if it is as it was."""
        if reading is None and key in self.again:
            self._archive.set_read(key)  # what came is kept back, as after a handover
        if reading is not None and key not in self.named:
            where = self.away.takes(reading)
            if where == "left":
                self._leave(key, reading)
            if where != "here":
                return  # until it is known how many are away
        if reading is not None and reading.issue.private:
            with self._guard:
                self.projects |= {task.project for task in reading.issue.tasks}
        self.note("same" if reading is None else self._archive.put(reading).result(), key)

    def _leave(self, key: Key, reading: Reading) -> None:
        """Leave an issue as it stands; what only another viewer has read is to be looked at again
        by this one, too."""
        archive = self._archive
        settled = archive.others.settled(archive.viewer)
        if settled or archive.stamp(key) or key in self.gone_before:
            archive.set_read(key)
        else:
            archive.put(reading).result()
        with self._guard:
            self.pulled.unfollowed += self.pulled.full
        self.note("same", key)

    def note(self, outcome: str, key: Key) -> None:
        """Count an outcome, by its name in `Pulled`, and tell of it."""
        counts = self.pulled
        with self._guard:
            setattr(counts, outcome, getattr(counts, outcome) + 1)
            if outcome in _NEWS and key in self.how:
                how = self.how[key]
                counts.found[how] = counts.found.get(how, 0) + 1
            done = counts.new + counts.changed + counts.same + counts.gone + counts.unread
        self._listen(Event(name="read", key=key, detail=outcome, done=done))
