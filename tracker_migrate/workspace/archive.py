"""The archive: what a source said, whole, with the raw replies beside the model.

What is read depends on who reads, so every reading belongs to a viewer; the archive shows those of
its present one. It streams: nothing here grows with the number of issues.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.digest import digest
from tracker_migrate.interfaces import Entity, Reading, Reply
from tracker_migrate.model import (
    PARTS,
    Attachment,
    Issue,
    Key,
    Milestone,
    Person,
    Project,
    Series,
    kind_of,
    name_of,
    parts,
)
from tracker_migrate.workspace import links, schema, withdrawn
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.names import Names
from tracker_migrate.workspace.packing import moment, now, pack, stamp, unpack
from tracker_migrate.workspace.upsert import upsert
from tracker_migrate.workspace.viewers import Viewers, inherit_gone

_PAGE = 100
_ENTITIES: dict[str, Any] = {
    "person": Person,
    "series": Series,
    "milestone": Milestone,
    "project": Project,
}

#: kinds of things that have names of no issue, and may have had others
_PUBLIC_NAMES = ("person", "project")

Put = Literal["new", "changed", "same"]


class Unread(msgspec.Struct, frozen=True):
    """An issue that could not be read, and why."""

    key: Key
    reason: str
    attempts: int
    first_at: str


class Archive:
    """Readings of one workspace. Reads come from any thread; writes go through the one writer.

    shown: what becomes of an issue on its way out: e-mail addresses that the source hides from the
    public are kept here, and shown only where the settings say so.
    """

    def __init__(
        self, engine: Engine, writer: Writer, shown: Callable[[Issue], Issue] = lambda issue: issue
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._shown = shown
        self.viewer = self._meta("viewer") or "anonymous"
        #: what others have read than this viewer
        self.others = Viewers(engine, writer)

    # -- writing --------------------------------------------------------------------------------

    def set_viewer(self, viewer: str) -> None:
        """Say who reads from now on."""
        self.viewer = viewer
        self._writer.now(lambda c: _set_meta(c, "viewer", viewer))

    def put(self, reading: Reading) -> Future[Put]:
        """Keep a reading with its raw replies, instead of the last one. The future says whether it
        differs from that; if it does not, no row is written: a sweep reads everything each day."""
        issue, mark = reading.issue, digest(reading.issue)
        people = mentioned(issue)
        model, viewer, at = pack(issue), self.viewer, now()
        replies = [_reply_row(issue.key, viewer, one, at) for one in reading.replies]

        def write(connection: Connection) -> Put:
            held = connection.execute(
                sa.select(
                    schema.issue.c.digest, schema.issue.c.gone_at, schema.issue.c.stamp
                ).where(schema.issue.c.key == issue.key, schema.issue.c.viewer == viewer)
            ).first()
            _write_replies(connection, issue.key, viewer, replies)
            connection.execute(schema.unread.delete().where(schema.unread.c.key == issue.key))
            if held is not None and not held.gone_at and held.digest == mark:
                if held.stamp != reading.stamp:
                    _set_stamp(connection, issue.key, viewer, reading.stamp)
                return "same"
            withdrawn.note_words(connection, issue)
            row = {
                "key": issue.key,
                "viewer": viewer,
                "kind": issue.kind,
                "position": position(issue.key),
                "private": issue.private,
                "stamp": reading.stamp,
                "digest": mark,
                "model": model,
                "read_at": at,
                "gone_at": None,
            }
            upsert(connection, schema.issue, [row])
            self._write_surroundings(connection, issue, people)
            return "new" if held is None or held.gone_at else "changed"

        return self._writer.do(write)

    def _write_surroundings(
        self,
        connection: Connection,
        issue: Issue,
        people: set[Key],
    ) -> None:
        connection.execute(schema.tagging.delete().where(schema.tagging.c.issue == issue.key))
        tags = [{"issue": issue.key, "tag": t, "private": issue.private} for t in set(issue.tags)]
        if tags:
            connection.execute(schema.tagging.insert(), tags)
        links.note(connection, self.viewer, issue)
        if people:
            upsert(connection, schema.mention, [{"person": person} for person in sorted(people)])

    def put_entity(self, entity: Entity) -> Future[bool]:
        """Keep a person, project, series or milestone. The future says whether it is new or
        changed."""
        value = entity.value
        mark, model, at = digest(value), pack(value), now()
        reply = _reply_row(value.key, self.viewer, entity.reply, at)

        def write(connection: Connection) -> bool:
            held = connection.execute(
                sa.select(schema.entity.c.digest, schema.entity.c.model).where(
                    schema.entity.c.key == value.key
                )
            ).first()
            if held is not None and held.digest == mark:
                return False
            row = {
                "key": value.key,
                "kind": kind_of(value.key),
                "digest": mark,
                "model": model,
                "read_at": at,
            }
            upsert(connection, schema.entity, [row])
            _write_replies(connection, value.key, self.viewer, [reply])
            before = None if held is None else _told(unpack(held.model, type(value)))
            if before is not None and before != _told(value):
                _set_meta(connection, "entities", at)
            return bool(before != _told(value))

        return self._writer.do(write)

    def set_unread(self, key: Key, reason: str) -> None:
        """Note that an issue could not be read; it is tried again by the next pull."""
        at = now()

        def write(connection: Connection) -> None:
            held = connection.execute(
                sa.select(schema.unread).where(schema.unread.c.key == key)
            ).first()
            row = {
                "key": key,
                "reason": reason,
                "attempts": (held.attempts if held else 0) + 1,
                "first_at": held.first_at if held else at,
                "last_at": at,
            }
            upsert(connection, schema.unread, [row])

        self._writer.now(write)

    def set_gone(self, key: Key, *, unread: bool = False) -> None:
        """Note that an issue is not there any more, or not to be seen by this viewer, who need not
        have read it if another one has. unread: it is there, and is tried again by the next
        pull."""
        where = schema.issue.c.key == key, schema.issue.c.viewer == self.viewer

        def write(connection: Connection) -> None:
            held = connection.execute(schema.issue.update().where(*where).values(gone_at=now()))
            if not held.rowcount:
                inherit_gone(connection, key, self.viewer)
            if not unread:
                connection.execute(schema.unread.delete().where(schema.unread.c.key == key))
            connection.execute(schema.tagging.delete().where(schema.tagging.c.issue == key))
            links.drop(connection, self.viewer, key)

        self._writer.now(write)

    def set_read(self, key: Key) -> None:
        """Note that an issue could be read, and is left as it was before."""
        table = schema.unread
        self._writer.now(lambda c: c.execute(table.delete().where(table.c.key == key)))

    def set_cursor(self, source: str, at: datetime) -> None:
        """Remember up to when a source was read."""
        row = {"source": source, "viewer": self.viewer, "value": stamp(at)}
        self._writer.now(lambda c: upsert(c, schema.cursor, [row]))

    # -- reading --------------------------------------------------------------------------------

    @property
    def tracker(self) -> str:
        """Whose issues these are, as their keys have it; "" if there are none."""
        first = next(self.known_keys(), None)
        return "" if first is None else parts(first)[0]

    def cursor(self, source: str) -> datetime | None:
        """Up to when a source was read by this viewer, or None."""
        query = sa.select(schema.cursor.c.value).where(
            schema.cursor.c.source == source, schema.cursor.c.viewer == self.viewer
        )
        held = self._scalar(query)
        return moment(held) if held else None

    def stamp(self, key: Key) -> str:
        """What the source said of an issue's state when it was last read; "" if never."""
        query = sa.select(schema.issue.c.stamp).where(
            schema.issue.c.key == key,
            schema.issue.c.viewer == self.viewer,
            schema.issue.c.gone_at.is_(None),
        )
        return self._scalar(query) or ""

    def issue_keys(self, after: str = "") -> Iterator[Key]:
        """Keys of all issues, in order; after: of those behind this position alone."""
        for page in self._pages(schema.issue.c.key, after=after):
            yield from (Key(row.key) for row in page)

    def known_keys(self, after: str = "") -> Iterator[Key]:
        """Keys of all issues that this viewer ever read, in order, also of those that are gone."""
        for page in self._pages(schema.issue.c.key, after=after, gone=True):
            yield from (Key(row.key) for row in page)

    def known_count(self) -> int:
        """How many those are."""
        mine = schema.issue.c.viewer == self.viewer
        return int(self._scalar(sa.select(sa.func.count()).select_from(schema.issue).where(mine)))

    def issues(self, after: str = "") -> Iterator[Issue]:
        """All issues in order: bugs by number, then blueprints by name."""
        for page in self._pages(schema.issue.c.key, schema.issue.c.model, after=after):
            named = self._named_by([row.key for row in page])
            for row in page:
                yield self._shown(links.with_back(unpack(row.model, Issue), named))

    def digests(self) -> Iterator[tuple[Key, str]]:
        """Key and content digest of all issues, in order: what a run without news looks at."""
        for page in self._pages(schema.issue.c.key, schema.issue.c.digest):
            named = self._named_by([row.key for row in page])
            for row in page:
                yield Key(row.key), links.mark(row.digest, Key(row.key), named)

    def issue(self, key: Key) -> Issue | None:
        """One issue, or None."""
        query = sa.select(schema.issue.c.model).where(
            schema.issue.c.key == key,
            schema.issue.c.viewer == self.viewer,
            schema.issue.c.gone_at.is_(None),
        )
        held = self._scalar(query)
        if not held:
            return None
        return self._shown(links.with_back(unpack(held, Issue), self._named_by([key])))

    def linked(self, issue: Issue) -> Issue:
        """One as its source gives it, with what others name of it: so `issue` gives one."""
        return links.with_back(issue, self._named_by([issue.key]))

    def some(self, keys: Sequence[Key]) -> dict[Key, Issue]:
        """Those of these issues that are here; up to a page of them."""
        query = sa.select(schema.issue.c.model).where(
            *self._present(), schema.issue.c.key.in_(list(keys))
        )
        with self._engine.connect() as connection:
            held = [unpack(model, Issue) for model in connection.execute(query).scalars()]
        named = self._named_by([issue.key for issue in held])
        return {one.key: self._shown(links.with_back(one, named)) for one in held}

    def homes(self, keys: Sequence[Key]) -> dict[Key, str]:
        """The addresses at the source of these issues, as they were read last, whether they are
        there or gone; up to a page of them."""
        query = sa.select(schema.issue.c.model).where(
            schema.issue.c.viewer == self.viewer, schema.issue.c.key.in_(list(keys))
        )
        with self._engine.connect() as connection:
            held = (unpack(one, Issue) for one in connection.execute(query).scalars())
            return {one.key: one.home for one in held}

    def beside(self, keys: Sequence[Key]) -> set[Key]:
        """The issues that name one of these, or are named by one; up to a page of them."""
        with self._engine.connect() as connection:
            return links.beside(connection, self.viewer, keys)

    def attachments(self, key: Key) -> tuple[Attachment, ...]:
        """An issue's attachments as they were read, whatever is hidden in what is shown."""
        held = self._scalar(
            sa.select(schema.issue.c.model).where(*self._present(), schema.issue.c.key == key)
        )
        return unpack(held, Issue).attachments if held else ()

    def digest(self, key: Key) -> str:
        """The digest of an issue as it was read; "" if there is none."""
        query = sa.select(schema.issue.c.digest).where(*self._present(), schema.issue.c.key == key)
        held = self._scalar(query)
        return links.mark(held, key, self._named_by([key])) if held else ""

    def private_keys(self) -> list[Key]:
        """Keys of the issues that not everybody may read, in order."""
        query = (
            sa.select(schema.issue.c.key)
            .where(*self._present(), schema.issue.c.private.is_(True))
            .order_by(schema.issue.c.position)
        )
        with self._engine.connect() as connection:
            return [Key(key) for key in connection.execute(query).scalars()]

    def present(self, keys: Sequence[Key]) -> set[Key]:
        """Which of these issues are here; up to a page of them."""
        return self._those(schema.issue.c.key.in_(keys))

    def public(self, keys: Sequence[Key]) -> set[Key]:
        """Which of these issues everybody may read; up to a page of them."""
        return self._those(schema.issue.c.key.in_(keys), schema.issue.c.private.is_(False))

    def met(self, keys: Sequence[Key]) -> set[Key]:
        """Which of these issues anybody ever read here, or tried to, be they gone or forgotten
        since; up to a page of them."""
        columns = schema.issue.c.key, schema.unread.c.key, schema.verdict.c.issue
        query = sa.union(*(sa.select(one).where(one.in_(keys)) for one in columns))
        with self._engine.connect() as connection:
            return {Key(key) for key in connection.execute(query).scalars()}

    def _those(self, *where: Any) -> set[Key]:
        query = sa.select(schema.issue.c.key).where(*self._present(), *where)
        with self._engine.connect() as connection:
            return {Key(key) for key in connection.execute(query).scalars()}

    def private_names(self) -> list[str]:
        """The names, not numbers, of all issues that were ever met and are not public now; and what
        public ones were called while they were not."""
        known = sa.union(
            sa.select(schema.issue.c.key), sa.select(schema.verdict.c.issue)
        ).subquery()
        public = sa.select(schema.issue.c.key).where(
            *self._present(), schema.issue.c.private.is_(False)
        )
        query = sa.select(known.c.key).where(known.c.key.not_in(public))
        others = sa.select(schema.alias.c.name).where(schema.alias.c.key.not_in(public))
        with self._engine.connect() as connection:
            keys = {*connection.execute(sa.union(query, others)).scalars()}
            keys |= withdrawn.names(connection)
            names = [name_of(Key(one)) for one in keys if kind_of(Key(one)) not in _PUBLIC_NAMES]
        return [name for name in names if not name.isdigit()]

    def names(self) -> Names:
        """The names that things of the source had and have, as they are known now."""
        return Names(self._engine, self._writer)

    def salt(self) -> bytes:
        """Random bytes of this workspace's own, made once."""
        held = self._meta("salt")
        if held is None:
            held = secrets.token_hex(16)
            self._writer.now(lambda c: _set_meta(c, "salt", held))
        return bytes.fromhex(held)

    def was_reworded(self, key: Key) -> bool:
        """Whether an issue stood at a target while not everybody could read it, and said something
        that it says no more; not where its source tells that itself."""
        with self._engine.connect() as connection:
            return withdrawn.was_reworded(connection, key)

    def gone_keys(self) -> list[Key]:
        """Keys of the issues that this viewer has read, and can't read any more, in order."""
        query = (
            sa.select(schema.issue.c.key)
            .where(schema.issue.c.viewer == self.viewer, schema.issue.c.gone_at.is_not(None))
            .order_by(schema.issue.c.position)
        )
        with self._engine.connect() as connection:
            return [Key(key) for key in connection.execute(query).scalars()]

    def withheld_tags(self) -> set[str]:
        """The tags that stand on private issues alone."""
        query = sa.select(schema.tagging.c.tag).where(schema.tagging.c.private.is_(True))
        with self._engine.connect() as connection:
            private = set(connection.execute(query.distinct()).scalars())
        return private - self.public_tags().keys()

    def count(self) -> int:
        """How many issues there are."""
        query = sa.select(sa.func.count()).select_from(schema.issue).where(*self._present())
        return int(self._scalar(query) or 0)

    def public_count(self, kind: str) -> int:
        """How many issues of a kind there are that everybody may read."""
        public = *self._present(), schema.issue.c.kind == kind, schema.issue.c.private.is_(False)
        query = sa.select(sa.func.count()).select_from(schema.issue).where(*public)
        return int(self._scalar(query) or 0)

    def apart(self, source: str) -> int | None:
        """How many more public bugs a source counted, to this viewer, than there were here; None if
        that was never noted."""
        held = self._meta(f"apart {self.viewer} {source}")
        return int(held) if held else None

    def set_apart(self, source: str, many: int) -> None:
        """Note that."""
        name = f"apart {self.viewer} {source}"
        self._writer.now(lambda c: _set_meta(c, name, str(many)))

    def person(self, key: Key) -> Person | None:
        """What is known of a person."""
        held: Person | None = self._entity(key, Person)
        return held

    def people(self, keys: Sequence[Key]) -> Iterator[Person]:
        """Those of these people of whom more than the name is known; in no order."""
        for start in range(0, len(keys), _PAGE):
            batch = sa.select(schema.entity.c.model).where(
                schema.entity.c.key.in_(keys[start : start + _PAGE])
            )
            with self._engine.connect() as connection:
                for row in connection.execute(batch):
                    yield unpack(row.model, Person)

    def milestone(self, key: Key) -> Milestone | None:
        """What is known of a milestone."""
        held: Milestone | None = self._entity(key, Milestone)
        return held

    def project(self, key: Key) -> Project | None:
        """What is known of a project."""
        held: Project | None = self._entity(key, Project)
        return held

    def entities(self, kind: str) -> Iterator[Any]:
        """All people, projects, series or milestones, by key."""
        query = (
            sa.select(schema.entity.c.model)
            .where(schema.entity.c.kind == kind)
            .order_by(schema.entity.c.key)
        )
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=_PAGE).execute(query):
                yield unpack(row.model, _ENTITIES[kind])

    def people_keys(self, after: str = "") -> Iterator[Key]:
        """Everybody of whom something was read, by key; after: those behind this key alone."""
        table = schema.entity.c
        while True:
            query = (
                sa.select(table.key)
                .where(table.kind == "person", table.key > after)
                .order_by(table.key)
                .limit(_PAGE)
            )
            with self._engine.connect() as connection:
                page = [Key(key) for key in connection.execute(query).scalars()]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]

    def people_count(self) -> int:
        """How many those are."""
        counted = sa.select(sa.func.count()).select_from(schema.entity)
        return int(self._scalar(counted.where(schema.entity.c.kind == "person")))

    def people_to_read(self) -> list[Key]:
        """People whom issues name, and who were never read."""
        query = (
            sa.select(schema.mention.c.person)
            .outerjoin(schema.entity, schema.entity.c.key == schema.mention.c.person)
            .where(schema.entity.c.key.is_(None))
            .order_by(schema.mention.c.person)
        )
        with self._engine.connect() as connection:
            return [Key(person) for person in connection.execute(query).scalars()]

    def begin_people(self) -> None:
        """A pull begins: until it has read the people whom its issues name, nobody may know whether
        one of them is a team that not everybody may see."""
        if self._meta("people") is None:
            self._writer.now(lambda c: _set_meta(c, "people", "to be read"))

    def end_people(self) -> None:
        """Everybody was read."""
        gone = schema.meta.delete().where(schema.meta.c.name == "people")
        self._writer.now(lambda c: c.execute(gone))

    def unknown_people(self) -> frozenset[Key]:
        """Those whom a pull has met, and did not come to read."""
        return frozenset(self.people_to_read() if self._meta("people") is not None else ())

    def named(self) -> list[Key]:
        """Everybody whom an issue names, or named once."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(schema.mention.c.person)).scalars()
            return [Key(person) for person in found]

    def unread(self) -> list[Unread]:
        """What could not be read, oldest first."""
        query = sa.select(schema.unread).order_by(schema.unread.c.first_at, schema.unread.c.key)
        with self._engine.connect() as connection:
            return [
                Unread(Key(row.key), row.reason, row.attempts, row.first_at)
                for row in connection.execute(query)
            ]

    def attempts(self, key: Key) -> int:
        """How often an issue could not be read since it last was."""
        query = sa.select(schema.unread.c.attempts).where(schema.unread.c.key == key)
        return int(self._scalar(query) or 0)

    def files_wish(self) -> str:
        """Which attachments' bytes the settings asked for when everything was last read."""
        return self._meta("files") or ""

    def set_files_wish(self, wish: str) -> None:
        """Note which attachments' bytes were asked for."""
        self._writer.now(lambda c: _set_meta(c, "files", wish))

    def lately(self) -> str:
        """What was kept of how much went lately."""
        return self._meta("lately gone") or ""

    def set_lately(self, held: str) -> None:
        """Keep how much went lately."""
        self._writer.now(lambda c: _set_meta(c, "lately gone", held))

    def public_tags(self) -> dict[str, int]:
        """How many public issues carry each tag; tags of private issues alone are absent."""
        query = (
            sa.select(schema.tagging.c.tag, sa.func.count())
            .where(schema.tagging.c.private.is_(False))
            .group_by(schema.tagging.c.tag)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def entities_version(self) -> str:
        """Changes when somebody or something that texts name was renamed."""
        return self._meta("entities") or ""

    def replies(self, owner: Key) -> Iterator[Reply]:
        """The raw replies of which something was made."""
        query = sa.select(schema.reply).where(
            schema.reply.c.owner == owner, schema.reply.c.viewer == self.viewer
        )
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                body = zlib.decompress(row.body)
                yield Reply(url=row.url, status=row.status, body=body, withheld=row.withheld)

    # -- inside ---------------------------------------------------------------------------------

    def _present(self) -> Sequence[Any]:
        return schema.issue.c.viewer == self.viewer, schema.issue.c.gone_at.is_(None)

    def _named_by(self, keys: Sequence[Key]) -> links.Back:
        with self._engine.connect() as connection:
            return links.back(connection, self.viewer, keys)

    def _pages(self, *columns: Any, after: str = "", gone: bool = False) -> Iterator[Sequence[Any]]:
        """Rows in order, a page at a time, so that no cursor is held open while others write.
        gone: also of what is gone."""
        whose = [schema.issue.c.viewer == self.viewer] if gone else self._present()
        while True:
            query = (
                sa.select(schema.issue.c.position, *columns)
                .where(*whose, schema.issue.c.position > after)
                .order_by(schema.issue.c.position)
                .limit(_PAGE)
            )
            with self._engine.connect() as connection:
                page = connection.execute(query).all()
            if page:
                yield page
            if len(page) < _PAGE:
                return
            after = page[-1].position

    def _entity(self, key: Key, kind: Any) -> Any:
        held = self._scalar(sa.select(schema.entity.c.model).where(schema.entity.c.key == key))
        return unpack(held, kind) if held else None

    def _scalar(self, query: Any) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def _meta(self, name: str) -> str | None:
        held = self._scalar(sa.select(schema.meta.c.value).where(schema.meta.c.name == name))
        return str(held) if held is not None else None


def _set_meta(connection: Connection, name: str, value: str) -> None:
    upsert(connection, schema.meta, [{"name": name, "value": value}])


def _told(entity: Any) -> Any:
    """What of it may stand in a text; of a person not how much karma he has by now."""
    return msgspec.structs.replace(entity, extra={}) if isinstance(entity, Person) else entity


def _set_stamp(connection: Connection, key: Key, viewer: str, held: str) -> None:
    where = schema.issue.c.key == key, schema.issue.c.viewer == viewer
    connection.execute(schema.issue.update().where(*where).values(stamp=held))


def _write_replies(
    connection: Connection, owner: Key, viewer: str, rows: Sequence[dict[str, Any]]
) -> None:
    """Have these be the replies that a thing was made of: what stands there already stays."""
    table = schema.reply
    owned = table.c.owner == owner, table.c.viewer == viewer
    facts = ("url", "status", "sha256", "withheld")
    held = {
        tuple(row)
        for row in connection.execute(sa.select(*(table.c[f] for f in facts)).where(*owned))
    }
    stays = {row["url"]: row for row in rows}
    gone = [url for url, *_ in held if url not in stays]
    if gone:
        connection.execute(table.delete().where(*owned, table.c.url.in_(gone)))
    fresh = [row for row in stays.values() if tuple(row[f] for f in facts) not in held]
    if fresh:
        upsert(connection, table, fresh)


def _reply_row(owner: Key, viewer: str, reply: Reply, at: str) -> dict[str, Any]:
    return {
        "owner": owner,
        "viewer": viewer,
        "url": reply.url,
        "status": reply.status,
        "sha256": hashlib.sha256(reply.body).hexdigest(),
        "withheld": reply.withheld,
        "body": zlib.compress(reply.body, 1),
        "read_at": at,
    }


def position(key: Key) -> str:
    """Where an issue stands in the order: bugs by number, then the rest by name."""
    name = name_of(key)
    return f"0{int(name):012d}" if name.isdigit() else f"1{name}"


def mentioned(issue: Issue) -> set[Key]:
    """Everybody whom an issue names."""
    people: Iterable[Key | None] = (
        issue.author,
        *(task.assignee for task in issue.tasks),
        *(task.author for task in issue.tasks),
        *(item.assignee for item in issue.work_items),
        *(comment.author for comment in issue.comments),
        *(change.author for change in issue.history),
        *(subscription.person for subscription in issue.subscriptions),
        *(subscription.by for subscription in issue.subscriptions),
    )
    others = (one for part in PARTS for one in getattr(issue, part))
    more = (value for one in (issue, *others) for value in one.extra.values())
    named = {Key(value) for value in more if isinstance(value, str) and ":person:" in value[:40]}
    return named | {person for person in people if person is not None}
