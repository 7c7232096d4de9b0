"""Reading: from a source into the archive, in parallel, and never past a failure.

The cursor is the server's clock when the listing began, and it moves once every issue that the
listing named was read or is kept as unread; those are tried again, first, by the next pull.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

from tracker_migrate.engine.away import Away, Policy
from tracker_migrate.engine.believing import Believing
from tracker_migrate.engine.beyond import Beyond
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.files import Fetch
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.intake import Intake, Pulled
from tracker_migrate.engine.missing import Missing
from tracker_migrate.engine.renamed_people import RenamedPeople
from tracker_migrate.engine.renames import Renames
from tracker_migrate.engine.uncounted import Uncounted
from tracker_migrate.engine.unexpected import set_aside
from tracker_migrate.errors import Brake, ObjectError
from tracker_migrate.interfaces import Event, Listed, Source
from tracker_migrate.model import Issue, Key, kind_of
from tracker_migrate.workspace.archive import Archive


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
        self._archive, self._name = archive, name
        self._files = files
        self._connections, self._overlap = connections, overlap
        self._listen = listen
        names = archive.names()
        self._renames = Renames(source, names)
        self._renamed = RenamedPeople(source, archive, names)
        away = Away(source, archive, self._renames, retargeted)
        beyond = Beyond(archive, private=private, accept=accept)
        self._intake = Intake(archive, self._renames, away, beyond, files, connections, listen)
        self._missing = Missing(
            source,
            archive,
            self._intake,
            Uncounted(source, archive, name),
            Believing(archive, accept=accept),
            self._must_be_believed,
            connections,
        )
        self._guard = threading.Lock()

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
        intake = self._intake
        brief = self._meet(brief=brief and self._cursor(full, limit) is not None)
        self._archive.begin_people()
        began = self._source.now()
        cursor = self._cursor(full, limit)  # of whoever reads now
        intake.pulled.full = cursor is None
        if not brief:
            for entity in self._source.surroundings():
                self._archive.put_entity(self._renames.entity(entity)).result()
        since = None if cursor is None else cursor - self._overlap
        intake.swept = frozenset(sweep if since is not None else ())
        intake.gone_before = frozenset(self._archive.gone_keys() if intake.swept else ())
        settled = self._archive.others.settled(self._archive.viewer)
        unlisted = not brief if blueprints is None else blueprints or not settled
        whole = limit is None and only is None
        listed = intake.all(self._to_read(since, limit, only, brief=not unlisted))
        if since is not None or limit is not None:
            intake.all(self._moved_in_silence(listed, brief=brief or since is None))
        if since is not None:
            self._missing.give_up_lost()
        if whole:
            self._missing.after_listing(self._renames.as_read(listed), every=cursor is None)
        if since is not None and only is None:
            self._missing.uncounted(self._renames.as_read(listed), whole=unlisted, brief=brief)
        self._missing.shut()
        self._missing.settle_away(len(listed) if since is not None else self._archive.count())
        self._read_projects()
        self._read_people(people if since is not None else ())  # all whom all of that names
        self._settle(began if whole else None)
        return intake.pulled

    def _settle(self, began: datetime | None) -> None:
        """All of that is in the archive. began: when a pull of everything that changed did."""
        if began is not None:
            self._missing.count.settle(full=self._intake.pulled.full)
            self._archive.set_cursor(self._name, began)
            if self._files is not None:
                self._files.done()
        self._intake.beyond.must()
        if began is not None:
            self._archive.others.settle(self._archive.viewer)

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
        self._intake.again = frozenset(again)
        yield from self._intake.because("again", (Listed(key=key) for key in again))
        taken: Counter[str] = Counter()
        new = 0
        for one in self._renames.listing(since, limit, brief=brief):
            self._intake.named.add(one.key)
            if one.key in self._intake.again or (only is not None and not only.may_take(one.key)):
                continue
            if since is not None:
                self._intake.how[one.key] = "listed"
                new += not self._archive.stamp(one.key)
                self._must_be_believed(new)
            taken[kind_of(one.key)] += 1
            if limit is None or taken[kind_of(one.key)] <= limit:
                yield one
        swept = (key for key in sorted(self._intake.swept) if key not in self._intake.how)
        yield from self._intake.because("swept", (Listed(key=key) for key in swept))

    def _must_be_believed(self, new: int) -> None:
        if self._most_new is not None and new > self._most_new and not self._accept:
            raise Brake(
                f"more than {self._most_new} new issues at once (sync.most_new): if that is meant, "
                "run tracker-migrate pull once by hand; if not, look at what the source lists"
            )

    def _moved_in_silence(self, listed: set[Key], *, brief: bool) -> Iterator[Listed]:
        """What became private or public, or (not in brief) has other readers by now, and was not
        listed as changed. All of it is looked at, whatever part of the issues this pull is
        about."""
        held = self._archive.private_keys()
        self._missing.closed = closed = set(self._source.closed())
        bugs = {key for key in held if kind_of(key) == "bug"}
        moved = sorted((closed ^ bugs) - listed)
        if self._intake.pulled.full:  # of some issues alone: no other one is new
            moved = [key for key in moved if self._archive.stamp(key)]
        for key in (key for key in held if key not in moved and key not in listed and not brief):
            issue = self._archive.issue(key)
            if issue is not None and self._readers_changed(issue):
                moved.append(key)
        self._intake.again |= frozenset(moved)
        yield from self._intake.because("closed", (Listed(key=key) for key in moved))

    def _readers_changed(self, issue: Issue) -> bool:
        try:
            named = self._renames.as_named_now(issue)
            return self._source.access(named) != issue.access
        except ObjectError:
            return True  # reading it will tell

    def _read_projects(self) -> None:
        """The other projects that private issues name: only of one that is known can be said
        whether its name may be told. What can't be read stays unknown."""
        for key in sorted(self._intake.projects):
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
            self._intake.pulled.people += 1
            self._intake.pulled.renamed += changed
        return True
