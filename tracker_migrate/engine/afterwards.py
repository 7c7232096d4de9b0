"""What a handover leaves at the source, when it is read again; and what comes there afterwards.

Our own comment, tag and statuses are no news: an issue is read as if they had not been said, by the
ledger, and without it by their form (the signed comment, the tag of the settings, the status of
whoever signed). What people write after the handover's end is kept back and told, or followed, as
the settings say. What has to be closed at the targets is followed in any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import structs

from tracker_migrate.abilities import Announcer, ListsChanges, Notice, TellsPeople
from tracker_migrate.engine.known_as import first_named
from tracker_migrate.engine.sayings import Signature
from tracker_migrate.interfaces import Listed, Reading, Source
from tracker_migrate.model import Issue, Key
from tracker_migrate.text.redact import hide_in
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.told import Arrival


def reading_on(workspace: Workspace, source: Source) -> Source:
    """The source, as it is to be read after a handover; itself if it can't be told anything."""
    if not isinstance(source, TellsPeople):
        return source
    how = _Lister if isinstance(source, ListsChanges) else Onward
    # each of them by name: what a source can do is seen by what it has
    names = (name for name in dir(source) if name[0] != "_" and not hasattr(how, name))
    others = {name: _passed_on(name) for name in names}
    made: Source = type(how.__name__, (how,), others)(workspace, source, source.announcer())
    return made


def _passed_on(name: str) -> property:
    return property(lambda self: getattr(self._source, name))


class Onward:
    """A source less what we said there; anything else is the source's own."""

    def __init__(self, workspace: Workspace, source: Any, announcer: Announcer) -> None:
        self._source = source
        self._workspace = workspace
        self._shows_addresses = workspace.settings.source.show_addresses
        self._announcer = announcer
        self._settings = workspace.settings.handover
        self._archive = workspace.archive
        self._names = workspace.archive.names()
        self._told = workspace.told
        self._signature = Signature(workspace)
        self._ended = self._told.ended()
        #: what was kept back, and is followed in this pull
        self._waiting: frozenset[Key] = frozenset()

    @property
    def _reports(self) -> bool:
        return self._ended is not None and self._settings.after == "report"

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        """As the source's; and, of a later pull, what was kept back, if it is to be followed."""
        yield from self._kept_back(since)
        yield from self._source.listing(since, newest)

    def _kept_back(self, since: datetime | None) -> Iterator[Listed]:
        if since is not None and not self._reports:
            waiting = self._told.arrivals(followed=False)
            self._waiting = frozenset(one.issue for one in waiting)
            yield from (Listed(key=one.issue) for one in waiting)

    def read(self, issue: Key, known: str = "") -> Reading | None:
        """As the source's, without what we said. None, too, for news that is kept back."""
        reading: Reading | None = self._source.read(issue, known)
        if reading is None:
            return None
        whole = first_named(reading.issue, self._names)
        before = self._archive.issue(whole.key)
        now = self._without(whole, before)
        if whole.key in self._waiting:
            self._take_up(whole.key)
        if self._ended is not None and (before is not None or self._is_new(now.key)):
            news = before is None or not self._is_same(now, before)
            keeps_back = self._reports and not _closes(now, before)
            if news:
                self._arrived(now, before, followed=not keeps_back)
            if keeps_back and now != before:
                return None
        return reading if now is whole else structs.replace(reading, issue=now)

    def _take_up(self, issue: Key) -> None:
        """Follow what was kept back. Until it is in the archive it is unread: this may end here,
        and the news is older than what the next pull asks for."""
        self._archive.set_unread(issue, "what came after the handover was not followed yet")
        self._told.follow(issue)

    def _is_new(self, issue: Key) -> bool:
        """Whether nobody has ever read it here: another login reads all anew."""
        ledgers = map(self._workspace.ledger, self._workspace.settings.targets)
        return all(one.verdict(issue) is None for one in ledgers)

    def _is_same(self, now: Issue, before: Issue) -> bool:
        """Whether nothing has changed but dates, and figures such as how hot it is."""
        linked = self._archive.linked(now)  # a bug does not name its blueprints
        shown = linked if self._shows_addresses else hide_in(linked)
        files = tuple(structs.replace(one, file=None) for one in before.attachments)
        alike = {"updated": shown.updated, "extra": shown.extra, "attachments": files}
        return structs.replace(before, **alike) == shown

    def _arrived(self, now: Issue, before: Issue | None, *, followed: bool) -> None:
        known = {one.key for one in before.comments} if before is not None else set()
        fresh = sum(one.key not in known and one.index > 0 for one in now.comments)
        arrival = Arrival(issue=now.key, new=before is None, comments=fresh, followed=followed)
        self._told.arrived(arrival)

    # -- what we said -----------------------------------------------------------------------------

    def _without(self, issue: Issue, before: Issue | None) -> Issue:
        notices = [one.notice for one in self._told.of(issue.key) if one.ours]
        notices = [*notices, *self._signed(issue)] if notices else list(self._by_form(issue))
        if not notices:
            return issue
        bare = self._announcer.without(issue, notices)
        if before is not None and self._is_same(bare, before):
            return structs.replace(bare, updated=before.updated)  # whatever we say moves the date
        return bare

    def _signed(self, issue: Issue) -> list[Notice]:
        return [
            Notice(what="comment", of=issue.key, value="", at=one.key, by=one.author)
            for one in self._signature.all(issue.comments, issue.home)
        ]

    def _by_form(self, issue: Issue) -> Iterator[Notice]:
        """What we said, as far as it shows: the ledger does not know of it."""
        comments = self._signed(issue)
        if not comments:
            return
        by = comments[0].by
        yield from comments
        if self._settings.tag:
            yield Notice(what="tag", of=issue.key, value=self._settings.tag, by=by)
        if self._settings.status:
            for task in issue.tasks:
                yield Notice(what="status", of=task.key, value=self._settings.status, by=by)


class _Lister(Onward):
    """One that can list what changed, and no more."""

    def changes(self, since: datetime) -> Iterator[Listed]:
        """As `listing`."""
        yield from self._kept_back(since)
        yield from self._source.changes(since)


def _closes(now: Issue, before: Issue | None) -> bool:
    """Whether something of an issue may not be read by so many any more: that is followed."""
    if before is None:
        return False
    shut = {one.key for one in before.comments if one.withheld or one.deleted}
    hidden = any((one.withheld or one.deleted) and one.key not in shut for one in now.comments)
    gone = {one.key for one in before.attachments} - {one.key for one in now.attachments}
    return now.private or hidden or bool(gone)
