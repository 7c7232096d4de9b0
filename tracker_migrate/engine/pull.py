"""Reading: from a source into the archive, in parallel, and never past a failure.

The cursor is the server's clock when the listing began, and it moves once every issue that the
listing named was read or is kept as unread; those are tried again, first, by the next pull.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tracker_migrate import waiting
from tracker_migrate.engine.away import Away, Policy
from tracker_migrate.engine.believing import Believing
from tracker_migrate.engine.beyond import Beyond
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.files import Fetch
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.renamed_people import RenamedPeople
from tracker_migrate.engine.renames import Renames
from tracker_migrate.engine.uncounted import Uncounted
from tracker_migrate.engine.unexpected import set_aside
from tracker_migrate.errors import Brake, Gone, NotPublic, ObjectError
from tracker_migrate.interfaces import Event, Listed, Reading, Source
from tracker_migrate.model import Issue, Key, kind_of
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


class Pull:
    """One pull. most_new: so many new issues since the last pull are not believed; None: any.
    retargeted: what becomes of issues that were moved to where nothing is read. private: whether
    what is not public is read, too."""

    def __init__(
        self,
        source: Source,
        archive: Archive,
        name: str,
        *,
        connections: int = 8,
        overlap: timedelta = timedelta(minutes=10),
        listen: Listen = silent,
        files: Fetch | None = None,
        most_new: int | None = None,
        accept: bool = False,
        retargeted: Policy = "mark",
        private: bool = True,
    ) -> None:
        self._source = source
        self._most_new, self._accept = most_new, accept
        self._how: dict[Key, str] = {}
        self._named: set[Key] = set()  # what the listing names is where we read
        self._swept: frozenset[Key] = frozenset()
        self._lost: list[Key] = []
        names = archive.names()
        self._renames = Renames(source, names)
        self._renamed = RenamedPeople(source, archive, names)
        self._away = Away(source, archive, self._renames, retargeted)
        self._believing = Believing(archive, accept=accept)
        self._uncounted = Uncounted(source, archive, name)
        self._beyond = Beyond(archive, private=private, accept=accept)
        self._gone_before: frozenset[Key] = frozenset()
        self._files = files
        self._archive = archive
        self._name = name
        self._connections = connections
        self._overlap = overlap
        self._listen = listen
        self._pulled = Pulled()
        self._again: frozenset[Key] = frozenset()
        self._futures: set[Future[Any]] = set()
        self._guard = threading.Lock()
        self._projects: set[Key] = set()
        self._failed: set[Key] = set()
        self._closed: set[Key] | None = None  # what is not public, once that was asked for

    def run(
        self,
        *,
        full: bool = False,
        limit: int | None = None,
        only: Only | None = None,
        brief: bool = False,
        blueprints: bool | None = None,
        sweep: Sequence[Key] = (),
        people: Sequence[Key] = (),
    ) -> Pulled:
        """Read what changed (everything, the first time). Raises what stops a run: Unreachable,
        LoginNeeded, Brake. What only a brake keeps from being settled is met again by each pull.

        full: read everything again, even what seems not to have changed. brief: ask for no more
        than what changed and what is not public; not for what issues live in, or who may read what.
        blueprints: whether those are listed of which the source can't say when they changed; if
        None, where the pull is not brief. sweep: issues that are read whole, too, though nothing
        says that they changed. people: those who are read again.
        """
        brief = self._meet(brief=brief and self._cursor(full, limit) is not None)
        self._archive.begin_people()
        began = self._source.now()
        cursor = self._cursor(full, limit)  # of whoever reads now
        self._pulled.full = cursor is None
        if not brief:
            for entity in self._source.surroundings():
                self._archive.put_entity(self._renames.entity(entity)).result()
        since = None if cursor is None else cursor - self._overlap
        self._swept = frozenset(sweep if since is not None else ())
        self._gone_before = frozenset(self._archive.gone_keys() if self._swept else ())
        settled = self._archive.others.settled(self._archive.viewer)
        unlisted = not brief if blueprints is None else blueprints or not settled
        listed = self._read_all(self._to_read(since, limit, only, brief=not unlisted))
        if since is not None:
            self._read_all(self._moved_in_silence(listed, brief))
            self._give_up_lost()
        self._read_projects()
        self._read_people(people if since is not None else ())
        whole = limit is None and only is None
        if whole:
            self._look_for_missing(self._renames.as_read(listed), every=cursor is None)
        if since is not None and only is None:
            self._look_for_uncounted(self._renames.as_read(listed), whole=unlisted, brief=brief)
        self._shut()
        self._settle_away(len(listed) if since is not None else self._archive.count())
        if whole:
            self._uncounted.settle(full=cursor is None)
            self._archive.set_cursor(self._name, began)
            if self._files is not None:
                self._files.done()
        self._beyond.must()
        if whole:
            self._archive.others.settle(self._archive.viewer)
        return self._pulled

    def _meet(self, *, brief: bool) -> bool:
        """Learn who reads; whether a brief pull is enough: not for one who has not come round since
        another one read."""
        archive, viewer = self._archive, ""
        if brief:
            viewer = self._source.viewer
            brief = archive.viewer == viewer and archive.others.settled(viewer)
        if not brief:
            self._source.check()
        archive.set_viewer(viewer or self._source.viewer)
        return brief

    def _cursor(self, full: bool, limit: int | None) -> datetime | None:
        """Up to when this was read; None if everything is to be read."""
        return None if full or limit else self._archive.cursor(self._name)

    def _to_read(
        self, since: datetime | None, limit: int | None, only: Only | None, *, brief: bool
    ) -> Iterator[Listed]:
        """What to read: first what failed before, then what the listing names, then what is
        swept."""
        wanting = self._files.wanting() if self._files is not None else ()
        again = dict.fromkeys([*(one.key for one in self._archive.unread()), *wanting])
        self._again = frozenset(again)
        yield from self._because("again", (Listed(key=key) for key in again))
        taken: Counter[str] = Counter()
        new = 0
        for one in self._renames.listing(since, limit, brief=brief):
            self._named.add(one.key)
            if one.key in self._again or (only is not None and not only.may_take(one.key)):
                continue
            if since is not None:
                self._how[one.key] = "listed"
                new += not self._archive.stamp(one.key)
                self._must_be_believed(new)
            taken[kind_of(one.key)] += 1
            if limit is None or taken[kind_of(one.key)] <= limit:
                yield one
        swept = (key for key in sorted(self._swept) if key not in self._how)
        yield from self._because("swept", (Listed(key=key) for key in swept))

    def _because(self, how: str, listing: Iterator[Listed]) -> Iterator[Listed]:
        for one in listing:
            if not self._pulled.full:
                self._how[one.key] = how
            yield one

    def _must_be_believed(self, new: int) -> None:
        if self._most_new is not None and new > self._most_new and not self._accept:
            raise Brake(
                f"more than {self._most_new} new issues at once (sync.most_new): if that is meant, "
                "run tracker-migrate pull once by hand; if not, look at what the source lists"
            )

    def _moved_in_silence(self, listed: set[Key], brief: bool) -> Iterator[Listed]:
        """What became private or public, or (not in brief) has other readers by now, and was not
        listed as changed. All of it is looked at, whatever part of the issues this pull is
        about."""
        held = self._archive.private_keys()
        self._closed = closed = set(self._source.closed())
        bugs = {key for key in held if kind_of(key) == "bug"}
        moved = sorted((closed ^ bugs) - listed)
        for key in (key for key in held if key not in moved and key not in listed and not brief):
            issue = self._archive.issue(key)
            if issue is not None and self._readers_changed(issue):
                moved.append(key)
        self._again |= frozenset(moved)
        yield from self._because("closed", (Listed(key=key) for key in moved))

    def _readers_changed(self, issue: Issue) -> bool:
        try:
            named = self._renames.as_named_now(issue)
            return self._source.access(named) != issue.access
        except ObjectError:
            return True  # reading it will tell

    def _read_all(self, listing: Iterator[Listed]) -> set[Key]:
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
            self._note("same", one.key)
            return
        self._futures.add(pool.submit(self._read, one.key, known))
        self._drain(self._connections * 3)

    def _known(self, one: Listed) -> str:
        """What the archive knows of an issue's state; nothing in a full reading, which is there to
        find what moves no stamp: hidden and edited comments, new tasks, removed attachments. Nor of
        what could not be read the last time: it is unread until it is read."""
        whole = self._pulled.full or one.key in self._again or one.key in self._swept
        return "" if whole else self._archive.stamp(one.key)

    def _drain(self, room: int) -> None:
        """Wait until no more than `room` reads are under way; re-raise what stops a run."""
        while len(self._futures) > room:
            done, self._futures = wait(self._futures, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()

    def _read(self, key: Key, known: str) -> None:
        try:
            reading = self._whole(key, known)
        except Gone as error:
            if key in self._gone_before:
                self._note("same", key)
                return
            if self._beyond.takes(key):
                return
            if key in self._swept and not isinstance(error, NotPublic):
                self._lost.append(key)
                return
            self._archive.set_gone(key)
            self._note("gone", key)
        except ObjectError as error:
            self._could_not(key, error)
        else:
            self._keep(key, reading)

    def _could_not(self, key: Key, error: ObjectError) -> None:
        """It could not be read: the next pull tries again."""
        self._archive.set_unread(key, str(error))
        self._failed.add(key)
        self._note("unread", key)

    def _whole(self, key: Key, known: str) -> Reading | None:
        """An issue with its files; None if it is still as it is known."""
        with set_aside("read"):
            reading = self._renames.read(key, known)
            if reading is None or self._files is None:
                return reading
            return msgspec.structs.replace(reading, issue=self._files.fill(reading.issue))

    def _keep(self, key: Key, reading: Reading | None) -> None:
        if reading is None and key in self._again:
            self._archive.set_read(key)  # what came is kept back, as after a handover
        if reading is not None and key not in self._named:
            where = self._away.takes(reading)
            if where == "left":
                self._leave(key, reading)
            if where != "here":
                return  # until it is known how many are away
        if reading is not None and reading.issue.private:
            with self._guard:
                self._projects |= {task.project for task in reading.issue.tasks}
        self._note("same" if reading is None else self._archive.put(reading).result(), key)

    def _leave(self, key: Key, reading: Reading) -> None:
        """Leave an issue as it stands; what only another viewer has read is to be looked at again
        by this one, too."""
        archive = self._archive
        settled = archive.others.settled(archive.viewer)
        if settled or archive.stamp(key) or key in self._gone_before:
            archive.set_read(key)
        else:
            archive.put(reading).result()
        with self._guard:
            self._pulled.unfollowed += self._pulled.full
        self._note("same", key)

    def _note(self, outcome: str, key: Key) -> None:
        counts = self._pulled
        with self._guard:
            setattr(counts, outcome, getattr(counts, outcome) + 1)
            if outcome in _NEWS and key in self._how:
                how = self._how[key]
                counts.found[how] = counts.found.get(how, 0) + 1
            done = counts.new + counts.changed + counts.same + counts.gone + counts.unread
        self._listen(Event(name="read", key=key, detail=outcome, done=done))

    def _read_projects(self) -> None:
        """The other projects that private issues name: only of one that is known can be said
        whether its name may be told. What can't be read stays unknown."""
        for key in sorted(self._projects):
            if self._archive.project(key) is None:
                with suppress(ObjectError):
                    self._archive.put_entity(self._renames.project(key)).result()

    def _read_people(self, again: Sequence[Key]) -> None:
        unread, new = False, self._archive.people_to_read()
        people = [*new, *again]
        with ThreadPoolExecutor(self._connections, thread_name_prefix="people") as pool:
            for done, one in enumerate(pool.map(self._person, people), 1):
                unread |= not one
                # named to nobody: it may be a private team
                self._listen(Event(name="person", done=done, total=len(people)))
        if not unread:
            self._archive.end_people()

    def _person(self, key: Key) -> bool:
        """Read one person; whether that was done. Who can't be read is tried again, and issues that
        name him wait."""
        try:
            with set_aside("read"):
                changed = self._renamed.read(key)
        except ObjectError:
            return False
        with self._guard:
            self._pulled.people += 1
            self._pulled.renamed += changed
        return True

    def _look_for_missing(self, listed: set[Key], *, every: bool) -> None:
        """What a listing did not name: retargeted, closed, deleted. every: it was a whole one,
        which should have named every issue of the archive; none need name what others have read.

        Each is looked at. What the source says is not public any more is gone at once; if too many
        are simply not to be seen, a person has to say whether that is right.
        """
        known = [key for key in self._archive.issue_keys() if key not in listed] if every else []
        missing = dict.fromkeys([*known, *self._left_by_others(listed)])
        self._look_at(missing)

    def _left_by_others(self, listed: set[Key]) -> list[Key]:
        """What stands at a target because another viewer has read it, and is not listed for this
        one. What was gone by then is so without another look: the sweep goes on looking."""
        archive = self._archive
        if archive.others.settled(archive.viewer):
            return []
        left = [one for one in archive.others.left(archive.viewer) if one.key not in listed]
        for one in left:
            if one.gone and not one.mine:
                archive.set_gone(one.key)
        return [one.key for one in left if one.mine or not one.gone]

    def _look_for_uncounted(self, listed: set[Key], *, whole: bool, brief: bool) -> None:
        """Bugs that vanished or appeared since the last pull; and, where the listing named all of
        them, blueprints. As above."""
        looked = {*listed, *self._failed}
        due = self._uncounted.is_due(brief=brief)
        vanished, appeared = self._uncounted.look() if due else ([], [])
        fresh = [Listed(key=key) for key in appeared if key not in looked]
        self._must_be_believed(len(fresh))
        self._read_all(self._because("counted", iter(fresh)))
        missing = [key for key in vanished if key not in looked]
        self._how |= dict.fromkeys(missing, "counted")
        # one that could not be read may be the one that is missing, by its new name
        if whole and not any(kind_of(key) == "blueprint" for key in self._failed):
            known = (key for key in self._archive.issue_keys() if kind_of(key) == "blueprint")
            missing += [key for key in known if key not in listed]
        self._look_at(missing)

    def _look_at(self, missing: Collection[Key]) -> None:
        with ThreadPoolExecutor(self._connections, thread_name_prefix="missing") as pool:
            lost = [key for key in pool.map(self._look_for, missing) if key is not None]
        self._gone(lost, max(self._archive.count(), len(missing)))

    def _give_up_lost(self) -> None:
        """What was swept, and is not to be seen any more."""
        self._gone(self._lost, len(self._swept))

    def _gone(self, lost: list[Key], of: int) -> None:
        """Take it that these, of so many that were looked for, are gone. Raises Brake if they are
        too many to be believed."""
        self._believing.must(len(lost), of)
        for key in lost:
            self._archive.set_gone(key)
            self._note("gone", key)

    def _settle_away(self, of: int) -> None:
        """What was moved to where nothing is read. Raises Brake as above."""
        self._believing.must(len(self._away.fresh()), of)
        for key in self._away.found():
            self._note(self._away.settle(key), key)

    def _look_for(self, key: Key) -> Key | None:
        """Read an issue that was not listed; the key of one that is not to be seen."""
        try:
            if kind_of(key) == "blueprint" and not self._away.is_left(key):
                raise Gone("blueprints are listed whole")
            reading = self._whole(key, "")
        except Gone as error:
            if self._beyond.takes(key):
                return None
            if not isinstance(error, NotPublic):
                return key
            self._archive.set_gone(key)
            self._note("gone", key)
        except ObjectError as error:
            self._could_not(key, error)
        else:
            self._keep(key, reading)
        return None

    def _shut(self) -> None:
        """What the source lists as not public, and can't be read, is not to be seen any more: the
        archive says of it still that everybody may read it."""
        if not self._failed:
            return
        closed = set(self._source.closed()) if self._closed is None else self._closed
        for key in sorted(self._failed & closed):
            issue = self._archive.issue(key)
            if not (self._was_private(key) if issue is None else issue.private):
                self._archive.set_gone(key, unread=True)

    def _was_private(self, key: Key) -> bool:
        """Whether an issue was not public when another viewer read it."""
        return self._archive.others.private(key, self._archive.viewer)
