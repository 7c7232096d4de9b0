"""Launchpad as a `Source`: what an engine asks, put to the web service."""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from urllib.parse import urlencode

from tracker_migrate.backends.launchpad import (
    hints,
    listing,
    permits,
    places,
    reading,
    wire_blueprint,
    wire_places,
)
from tracker_migrate.backends.launchpad.answers import NotSeen, clock
from tracker_migrate.backends.launchpad.bounds import Bounds
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.files import Files
from tracker_migrate.backends.launchpad.goals import SeriesGoals
from tracker_migrate.backends.launchpad.login import web_root
from tracker_migrate.backends.launchpad.sharing import Sharing
from tracker_migrate.backends.launchpad.telling import LaunchpadAnnouncer
from tracker_migrate.backends.launchpad.wire import (
    TRACKER,
    Entry,
    bug_key,
    person_key,
    sound,
    text,
)
from tracker_migrate.errors import Gone, NotFound, ObjectError, Refused, Unreachable
from tracker_migrate.interfaces import Download, Entity, Listed, Reading, Reply
from tracker_migrate.model import (
    Access,
    Attachment,
    Issue,
    Key,
    Person,
    Project,
    key,
    kind_of,
    name_of,
)
from tracker_migrate.replies import about


class LaunchpadSource:
    """Bugs and blueprints of some projects of one Launchpad.

    specs: paths below the root (`nova`, `nova/kilo`, `openstack`, `ubuntu/+source/firefox`).
    page: rows of a search's page. connections: how many threads are worth the while. also: what is
    asked for of each bug, though nothing says that it has any (`nominations`, `merge_proposals`).
    """

    tracker = TRACKER

    def __init__(
        self,
        client: Client,
        specs: Sequence[str],
        *,
        page: int = 75,
        connections: int = 8,
        also: Sequence[str] = (),
        files: Files | None = None,
    ) -> None:
        self.specs = tuple(specs)
        self.address = client.root.rpartition("/")[0]
        self.connections = connections
        self._client = client
        self._page = page
        self._also = frozenset(also)
        self._viewer = "anonymous" if client.anonymous else ""
        self._hint: reading.Hint = hints.unknown
        self._lately = _Lately()
        self._sharing = Sharing(client)
        self._goals = SeriesGoals(client, page)
        self._bounds = Bounds(client, specs)
        self._files = files or Files(client)
        self._announcer: LaunchpadAnnouncer | None = None

    # -- about the server -----------------------------------------------------------------------

    @property
    def viewer(self) -> str:
        """As whom it reads: `anonymous`, or the account's name, asked for once."""
        if not self._viewer:
            with _about(self.address):
                self._viewer = places.viewer(self._client)
        return self._viewer

    @viewer.setter
    def viewer(self, name: str) -> None:
        self._viewer = name

    def check(self) -> Mapping[str, str]:
        """Ask the server what it is, as whom it knows us, and whether what is asked for exists;
        with `private`, also whether this login reads what is private, and (`readers`) is told who
        else may. That is asked anew from here on.

        Raises UsageError (all specs that are wrong), WrongTracker, LoginNeeded, Unreachable.
        """
        with _about(self.address):
            return self._checked()

    def _checked(self) -> dict[str, str]:
        facts = dict(places.check_root(self._client))
        facts["viewer"] = self.viewer
        found = places.check_specs(self._client, self.specs)
        facts.update((f"launchpad:{spec}", ", ".join(said)) for spec, said in found.items())
        self._sharing.forget()
        self._goals.forget()
        self._bounds.forget()
        if self._client.private and not self._client.anonymous:
            permits.must_read_private(self._client, self.specs)
            kinds = {spec: kind for spec, (kind, _) in found.items()}
            facts["readers"] = permits.readers(self._sharing, kinds)
            self._sharing.forget()
        return facts

    def now(self) -> datetime:
        """The server's clock, in whole seconds, from an answer that no proxy keeps."""
        with _about(self.address):
            return clock(self._client.answer(self.specs[0]))

    def surroundings(self) -> Iterator[Entity]:
        """Projects, series and milestones of all specs, each once."""
        done: set[Key] = set()
        try:
            with reading.understanding("an answer"):
                for entity in itertools.chain.from_iterable(map(self._around, self.specs)):
                    if entity.value.key not in done:
                        done.add(entity.value.key)
                        yield entity
        except ObjectError as error:
            raise _unread("what the issues live in", error) from None

    def project(self, project: Key) -> Entity:
        """A project or distribution; of a package its distribution, for that is what may be
        private. One request."""
        pillar = name_of(project).partition("/")[0]
        return reading.understood(project, lambda: places.project(self._client, pillar))  # type: ignore[no-any-return]

    def _around(self, spec: str) -> Iterator[Entity]:
        return places.around(self._client, spec)

    # -- issues ---------------------------------------------------------------------------------

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        """All bugs by number, or those that changed after `since`; then all blueprints, always:
        they have no date of change, their etag is the stamp. Each once.

        newest: only so many bugs, the highest number first.
        """
        try:
            with reading.understanding("an answer"):
                yield from itertools.islice(self._bugs(since, newest is not None), newest)
                yield from self._blueprints()
        except ObjectError as error:
            raise _unread("the list of issues", error) from None

    def changes(self, since: datetime) -> Iterator[Listed]:
        """The bugs that changed after `since`: blueprints have no date of change. Each once."""
        try:
            with reading.understanding("an answer"):
                yield from self._bugs(since, newest=False)
        except ObjectError as error:
            raise _unread("the list of issues", error) from None

    def _bugs(self, since: datetime | None, newest: bool) -> Iterator[Listed]:
        order = listing.DOWN if newest else listing.UP if since is None else listing.BY_DATE
        private = self._client.private
        asked = listing.question(private=private, page=self._page, order=order, since=since)
        hint = hints.Hints(self._client, self.specs, self._page, since=since, newest=newest)
        self._hint = hint
        for number in listing.merged(self._client, self.specs, asked):
            hint.note(number)
            yield Listed(key=bug_key(number))

    def _blueprints(self) -> Iterator[Listed]:
        seen: set[Key] = set()
        for spec in self.specs:
            for row in listing.blueprints(self._client, spec, self._page):
                key = wire_blueprint.blueprint_key(row["self_link"])
                if key not in seen:
                    seen.add(key)
                    self._lately.put(key, row)
                    yield Listed(key=key, stamp=reading.plain(text(row["http_etag"])))

    def read(self, issue: Key, known: str = "") -> Reading | None:
        """One bug or blueprint, whole; None if its stamp is still `known`.

        Raises Gone (also one that is not public, without `private`), Refused, Retriable.
        """
        return reading.understood(issue, lambda: self._read(issue, known))  # type: ignore[no-any-return]

    def _read(self, issue: Key, known: str) -> Reading | None:
        name = name_of(issue)
        if not _is_issue(issue):
            raise Refused(f"{issue}: Launchpad has no such kind of issue")
        try:
            if kind_of(issue) == "blueprint":
                listed = self._lately.take(issue)
                return reading.blueprint(
                    self._client, name, known, listed, self._sharing.access, self._goals.of
                )
            access = self._sharing.access
            return reading.bug(self._client, name, known, self._hint, access, self._also)
        except Gone as error:
            raise Gone(f"{issue}: {error}") from None
        except Refused as error:
            raise Refused(f"{issue}: {error}") from None

    def closed(self) -> Iterator[Key]:
        """The bugs that are not public, by number; a search of their four types alone, for a change
        of type moves no date (facts 12)."""
        if not self._client.private:
            return
        types = listing.CLOSED_TYPES
        asked = listing.question(private=True, page=self._page, types=types)
        try:
            with reading.understanding("an answer"):
                yield from map(bug_key, listing.merged(self._client, self.specs, asked))
        except ObjectError as error:
            raise _unread("the list of private bugs", error) from None

    @property
    def tells_closed(self) -> bool:
        """See `abilities.CountsPublic`."""
        return bool(self._client.private)

    def public_count(self) -> int:
        """See `abilities.CountsPublic`."""
        asked = listing.question(private=True, page=1, types=listing.PUBLIC_TYPES)
        with reading.understanding("an answer"):
            return listing.count(self._client, self.specs, asked)

    def public_bugs(self) -> Iterator[Key]:
        """See `abilities.CountsPublic`."""
        asked = listing.question(private=True, page=self._page, types=listing.PUBLIC_TYPES)
        try:
            with reading.understanding("an answer"):
                yield from map(bug_key, listing.merged(self._client, self.specs, asked))
        except ObjectError as error:
            raise _unread("the list of bugs", error) from None

    def access(self, issue: Issue) -> Access | None:
        """Who may read an issue now that is not public; no request but to the sharing service,
        whose answers are kept for a pull."""
        return self._sharing.access(issue) if issue.private else None

    def is_public(self, issue: Key) -> bool:
        """Whether everybody may read it now; one request. False if it is not to be seen.

        Raises Retriable, LoginNeeded, Unreachable.
        """
        name = name_of(issue)
        path = name if kind_of(issue) == "blueprint" else f"bugs/{name}"
        with reading.understanding(issue):
            return _is_issue(issue) and reading.public_now(self._client, path)

    # -- where it reads -------------------------------------------------------------------------

    def holds(self, issue: Issue) -> bool:
        """See `abilities.KnowsBounds`."""
        with reading.understanding(issue.key):
            return self._bounds.holds(issue)

    def project_of(self, spec: str) -> Key:
        """See `abilities.FollowsProjects`."""
        return key(TRACKER, "project", spec.partition("/")[0])

    def is_there(self, project: Key) -> bool:
        """See `abilities.FollowsProjects`."""
        with _about(self.address):
            return self._bounds.is_there(project)

    def called_now(self, was: Project, issues: Sequence[Key]) -> Key | None:
        """See `abilities.FollowsProjects`."""
        with _about(self.address):
            return self._bounds.called_now(was, issues)

    # -- people ---------------------------------------------------------------------------------

    def person(self, person: Key) -> Entity:
        """Somebody, or a team. Suspended ones have only a name; so have those that are not there,
        and private teams of which this reader may know nothing."""
        name = name_of(person)
        home = f"{web_root(self.address)}/~{name}"
        try:
            got = self._client.entry(f"~{name}")
        except NotSeen as error:
            gone = wire_places.nobody(name, home, "missing")
            if error.status == 410:
                gone = wire_places.nobody(name, home, "suspended")
            return self._nobody(gone, error.status)
        except Refused:
            return self._nobody(wire_places.nobody(name, home, "missing"), 401)
        found: Person = reading.understood(person, lambda: sound(wire_places.person(got.value)))
        if found.private and not self._client.private:
            hidden = wire_places.nobody(name, home, "missing", private=True)
            return self._nobody(hidden, 200)
        if found.state == "suspended":
            return self._nobody(found, 200)
        return Entity(value=found, reply=got.reply)

    def _nobody(self, who: Person, status: int) -> Entity:
        url = self._client.address(f"~{who.name}")
        return Entity(value=who, reply=Reply(url=url, status=status, body=b"", withheld=1))

    def who_has(self, identity: str) -> Key | None:
        """Whose an OpenID identifier or e-mail address is; anybody may ask (recording
        people-getByEmail-anon; getByOpenIDIdentifier stands in the recorded WADL)."""
        asked = {"ws.op": "getByEmail", "email": identity}
        if "://" in identity:
            asked = {"ws.op": "getByOpenIDIdentifier", "identifier": identity}
        try:
            said = self._client.value(f"people?{urlencode(asked)}")
        except (Gone, Refused):
            return None
        return person_key(said.get("self_link")) if isinstance(said, dict) else None

    # -- files ----------------------------------------------------------------------------------

    def download(self, one: Attachment, start: int = 0) -> AbstractContextManager[Download]:
        """An attachment's bytes; see `interfaces.GivesFiles`. Two requests, the second one to the
        librarian, which has no ranges: there `start` is 0 always."""
        return self._files.download(one, start)

    # -- telling people -------------------------------------------------------------------------

    def announcer(self) -> LaunchpadAnnouncer:
        """Who says on bugs where they are by now; see `abilities.TellsPeople`."""
        if self._announcer is None:
            self._announcer = LaunchpadAnnouncer(self._client)
        return self._announcer

    def close(self) -> None:
        """Give back connections."""
        self._client.close()
        self._files.close()
        if self._announcer is not None:
            self._announcer.close()


@contextmanager
def _about(address: str) -> Iterator[None]:
    with about(address, "Launchpad"), reading.understanding("an answer"):
        yield


def _unread(what: str, error: ObjectError) -> Unreachable:
    kind = NotFound if isinstance(error, Gone) else Unreachable
    return kind(f"{what} can't be read: {error}")


def _is_issue(key: Key) -> bool:
    return kind_of(key) == "blueprint" or (kind_of(key) == "bug" and name_of(key).isdecimal())


class _Lately:
    """Blueprints that a listing has just brought whole, so that they need not be asked for again.

    A few, and for a minute: later they may have become private.
    """

    MOST, SECONDS = 300, 60.0

    def __init__(self) -> None:
        self._rows: OrderedDict[Key, tuple[float, Entry]] = OrderedDict()
        self._guard = threading.Lock()

    def put(self, key: Key, row: Entry) -> None:
        with self._guard:
            self._rows[key] = (time.monotonic(), row)
            if len(self._rows) > self.MOST:
                self._rows.popitem(last=False)

    def take(self, key: Key) -> Entry | None:
        with self._guard:
            when, row = self._rows.pop(key, (0.0, None))
        return row if time.monotonic() - when < self.SECONDS else None
