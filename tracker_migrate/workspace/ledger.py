"""The ledger of one target: what was meant, what was sent, where everything is.

The order of commits is what makes "once" true: an intent is on disk before its request leaves, and
its result afterwards. An intent that is still open after a crash is settled by looking at the
target. A step's text is kept with its open intent, for that look, and emptied with the result.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Locked
from tracker_migrate.interfaces import (
    Block,
    ClosedAction,
    ClosedStep,
    Kind,
    Receipt,
    RemoteRef,
)
from tracker_migrate.model import Key
from tracker_migrate.workspace import schema
from tracker_migrate.workspace.conflicts import Conflict, Conflicts
from tracker_migrate.workspace.database import Writer
from tracker_migrate.workspace.packing import moment, now, pack, stamp, unpack
from tracker_migrate.workspace.sent import GivenUp, Sent, sent
from tracker_migrate.workspace.undone import drop
from tracker_migrate.workspace.upsert import upsert

_PAGE = 500

_CLOSE_INTENT = (
    schema.intent.update()
    .where(schema.intent.c.id == sa.bindparam("of"))
    .values(
        state=sa.bindparam("to_state"),
        how=sa.bindparam("to_how"),
        settled_at=sa.bindparam("at"),
        step=sa.bindparam("nothing"),
    )
)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An object that the ledger says is at the target.

    digest: of the open form that it was written from. fields: by name, the digests of the open
    value and of the value as sent. open: references that fell back to their source address.
    state: `there`; `joined` (another migration wrote it, we only add to it); `gone`; `undone` (it
    was taken back, and the target keeps it: see `workspace.undone`). within: the
    object that it stands in, if it has none of its own. by: the account that the target shows as
    its author, by our doing; "" for the importer. sent_at: when it was made, or joined. lists: of
    fields that are lists, by name, digests of the elements that we sent, as far as that is known.
    """

    key: Key
    kind: str
    issue: Key
    at: RemoteRef
    digest: str
    fields: dict[str, tuple[str, str]]
    open: tuple[Key, ...]
    audience: str
    state: str
    within: Key | None = None
    by: str = ""
    sent_at: str = ""
    lists: dict[str, tuple[str, ...]] = {}


def places(held: Mapping[Key, Held], kinds: Mapping[str, Kind]) -> dict[Key, tuple[str, RemoteRef]]:
    """Kind and place of those of these objects that stand there, as `Sink.read` takes them: what is
    gone is left out, and what many issues share."""
    return {
        key: (one.kind, one.at)
        for key, one in held.items()
        if one.state != "gone" and kinds[one.kind].phase != 0
    }


class Open(msgspec.Struct, frozen=True):
    """An intent whose result is not known."""

    id: int
    step: ClosedStep
    mark: dict[str, Any]
    meant_at: str


class Tried(msgspec.Struct, frozen=True):
    """How often an issue failed from the same inputs, and when it did so last."""

    attempts: int
    at: datetime


class Verdict(msgspec.Struct, frozen=True):
    """Where an issue stands at the target: planned, done, refused (with the reason), aside (it
    failed, and is tried again), or exposed (something of it can't be taken back there)."""

    issue: Key
    state: str
    reason: str
    inputs: str
    attempts: int


class Ledger:
    """The ledger of the target `target`. Reads come from any thread; one writer writes."""

    def __init__(self, engine: Engine, writer: Writer, target: str, owner: str) -> None:
        self._engine = engine
        self._writer = writer
        self.target = target
        self._owner = owner
        #: what people changed there, and what is done about it
        self.met = Conflicts(engine, writer, target)
        #: the creates that may still come
        self.given_up = GivenUp(engine, writer, target)

    # -- objects --------------------------------------------------------------------------------

    def held(self, keys: Sequence[Key]) -> dict[Key, Held]:
        """What is known of these objects."""
        found: dict[Key, Held] = {}
        table = schema.object_
        with self._engine.connect() as connection:
            for start in range(0, len(keys), _PAGE):
                chunk = keys[start : start + _PAGE]
                query = sa.select(table).where(
                    table.c.target == self.target, table.c.key.in_(chunk)
                )
                found.update((Key(row.key), _held(row)) for row in connection.execute(query).all())
        return found

    def known(self, keys: Sequence[Key]) -> set[Key]:
        """Of which of these objects something is known; up to a page of them."""
        table = schema.object_
        query = sa.select(table.c.key).where(table.c.target == self.target, table.c.key.in_(keys))
        with self._engine.connect() as connection:
            return {Key(key) for key in connection.execute(query).scalars().all()}

    def of_issue(self, issue: Key) -> dict[Key, Held]:
        """Every object that belongs to an issue."""
        table = schema.object_
        query = sa.select(table).where(table.c.target == self.target, table.c.issue == issue)
        with self._engine.connect() as connection:
            return {Key(row.key): _held(row) for row in connection.execute(query)}

    def of_kinds(self, kinds: Sequence[str], issues: Sequence[Key]) -> dict[Key, dict[Key, Held]]:
        """The objects of some kinds that belong to these issues, by issue."""
        found: dict[Key, dict[Key, Held]] = {}
        table = schema.object_
        with self._engine.connect() as connection:
            for start in range(0, len(issues), _PAGE):
                query = sa.select(table).where(
                    table.c.target == self.target,
                    table.c.issue.in_(issues[start : start + _PAGE]),
                    table.c.kind.in_(kinds),
                )
                for row in connection.execute(query):
                    found.setdefault(Key(row.issue), {})[Key(row.key)] = _held(row)
        return found

    def of_issues(self, issues: Sequence[Key]) -> dict[Key, dict[Key, Held]]:
        """Every object that belongs to these issues, by issue; up to a page of them."""
        found: dict[Key, dict[Key, Held]] = {issue: {} for issue in issues}
        table = schema.object_
        query = sa.select(table).where(table.c.target == self.target, table.c.issue.in_(issues))
        with self._engine.connect() as connection:
            for row in connection.execute(query).all():
                found[Key(row.issue)][Key(row.key)] = _held(row)
        return found

    def standing_of(self, issues: Sequence[Key]) -> int:
        """How many objects stand there of these issues; up to a page of them."""
        table = schema.object_
        query = sa.select(sa.func.count()).where(
            table.c.target == self.target, table.c.issue.in_(issues), table.c.state != "gone"
        )
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def with_kinds(self, kinds: Sequence[str], issues: Sequence[Key]) -> set[Key]:
        """Which of these issues have objects of some kinds; up to a page of them."""
        table = schema.object_
        query = sa.select(table.c.issue).where(
            table.c.target == self.target, table.c.issue.in_(issues), table.c.kind.in_(kinds)
        )
        with self._engine.connect() as connection:
            return {Key(issue) for issue in connection.execute(query.distinct()).scalars()}

    def of_kind(self, kind: str) -> list[Key]:
        """The keys of all objects of a kind; meant for shared ones, which are few."""
        table = schema.object_
        query = sa.select(table.c.key).where(
            table.c.target == self.target, table.c.kind == kind, table.c.state != "undone"
        )
        with self._engine.connect() as connection:
            return [Key(key) for key in connection.execute(query).scalars()]

    def where(self, to: Key) -> RemoteRef | None:
        """Where an object is, or None; one that is gone is nowhere."""
        table = schema.object_
        query = sa.select(table.c.remote_id, table.c.number, table.c.url).where(
            table.c.target == self.target, table.c.key == to, table.c.state != "gone"
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return RemoteRef(id=row.remote_id, number=row.number, url=row.url) if row else None

    def standing(self, issue: Key) -> dict[Key, Key]:
        """What stands, or stood, at the target of an issue: each key, and that of the object that
        holds it."""
        table = schema.object_
        query = sa.select(table.c.key, table.c.within).where(
            table.c.target == self.target, table.c.issue == issue
        )
        with self._engine.connect() as connection:
            return {Key(key): Key(within or key) for key, within in connection.execute(query)}

    def standings(self, issues: Sequence[Key]) -> dict[Key, dict[Key, Key]]:
        """The same of each of these issues; up to a page of them."""
        table = schema.object_
        query = sa.select(table.c.issue, table.c.key, table.c.within).where(
            table.c.target == self.target, table.c.issue.in_(list(issues))
        )
        found: dict[Key, dict[Key, Key]] = {issue: {} for issue in issues}
        with self._engine.connect() as connection:
            for issue, key, within in connection.execute(query):
                found[Key(issue)][Key(key)] = Key(within or key)
        return found

    def at(self, kinds: Sequence[str], ids: Sequence[str]) -> dict[tuple[str, str], Held]:
        """The objects that are known to be in these places: by kind, and by the id there."""
        table, found = schema.object_, {}
        with self._engine.connect() as connection:
            for start in range(0, len(ids), _PAGE):
                query = sa.select(table).where(
                    table.c.target == self.target,
                    table.c.kind.in_(kinds),
                    table.c.remote_id.in_(ids[start : start + _PAGE]),
                    table.c.within.is_(None),
                )
                for row in connection.execute(query):
                    found[row.kind, row.remote_id] = _held(row)
        return found

    def unsend(self, key: Key, fields: Mapping[str, str]) -> None:
        """Know that these fields of an object stand there as the digests say, and are to be written
        again; and that its issue is not done."""
        table, verdict = schema.object_, schema.verdict
        where = table.c.target == self.target, table.c.key == key

        def write(connection: Connection) -> None:
            row = connection.execute(sa.select(table).where(*where)).one()
            held = json.loads(row.fields) | {name: ("", mark) for name, mark in fields.items()}
            values = {"fields": json.dumps(held), "digest": ""}
            connection.execute(table.update().where(*where).values(**values))
            done = verdict.c.target == self.target, verdict.c.issue == row.issue
            again = verdict.update().where(*done, verdict.c.state == "done")
            connection.execute(again.values(state="planned", inputs=""))

        self._writer.now(write)

    def issues(self) -> Iterator[Key]:
        """Issues that have objects at the target, a page at a time."""
        table, after = schema.object_, ""
        while True:
            query = (
                sa.select(table.c.issue)
                .where(table.c.target == self.target, table.c.issue > after)
                .group_by(table.c.issue)
                .order_by(table.c.issue)
                .limit(_PAGE)
            )
            with self._engine.connect() as connection:
                page = [Key(key) for key in connection.execute(query).scalars()]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]

    def set_gone(self, keys: Iterable[Key]) -> None:
        """Note that objects are not at the target any more: they are not made again unasked."""
        gone = list(keys)
        table = schema.object_

        def write(connection: Connection) -> None:
            where = table.c.target == self.target, table.c.key.in_(gone)
            connection.execute(table.update().where(*where).values(state="gone", within=None))

        if gone:
            self._writer.now(write)

    def forget(self, keys: Iterable[Key]) -> None:
        """Know no more of objects: they are written anew."""
        table, lost = schema.object_, list(keys)
        where = table.c.target == self.target, table.c.key.in_(lost)
        if lost:
            self._writer.now(lambda c: c.execute(table.delete().where(*where)))

    def agree(self, key: Key, fields: Mapping[str, tuple[str, str]]) -> None:
        """Know that these fields of an object stand there as they are wanted, though it was not us
        who wrote them so."""
        table = schema.object_
        where = table.c.target == self.target, table.c.key == key

        def write(connection: Connection) -> None:
            held = connection.execute(sa.select(table.c.fields).where(*where)).scalar_one()
            values = {"fields": json.dumps(json.loads(held) | dict(fields))}
            connection.execute(table.update().where(*where).values(**values))

        self._writer.now(write)

    def accept(self, key: Key, mark: str, audience: str | None = None) -> None:
        """Take an object as it is for the present open form: its changes were declined, and are
        not worth another look until the source changes again. audience: who may read by now what
        it says."""
        table, values = schema.object_, {"digest": mark}
        if audience is not None:
            values["audience"] = audience
        where = table.c.target == self.target, table.c.key == key
        self._writer.now(lambda c: c.execute(table.update().where(*where).values(values)))

    def join(
        self,
        issue: Key,
        objects: Mapping[Key, tuple[str, RemoteRef]],
        within: Mapping[Key, Key],
    ) -> None:
        """Take up objects that another migration of ours wrote: they are known, and left as they
        are. within: those that stand in another one of them."""
        at = now()
        rows = [
            self._row(key, kind, issue, ref, at) | {"state": "joined", "within": within.get(key)}
            for key, (kind, ref) in objects.items()
        ]
        if rows:
            self._writer.now(lambda c: upsert(c, schema.object_, rows))

    def take_back(self, issue: Key, made: Sent, at: RemoteRef) -> None:
        """Know an object of an issue that a create of ours has made after it was given up."""
        row = self._row(made.key, made.kind, issue, at, now()) | made.columns()
        rows = [row, *_held_by(row, made.holds)]
        self._writer.now(lambda c: upsert(c, schema.object_, rows))

    # -- intents --------------------------------------------------------------------------------

    def intend(
        self,
        steps: Sequence[ClosedStep],
        marks: Sequence[Mapping[str, Any]],
        lease_seconds: float,
    ) -> list[int]:
        """Put on disk, in one commit, that these steps are about to be sent one after another;
        returns the intents' numbers.

        Raises Locked if another worker's lease on one of their issues still holds. lease_seconds:
        how long nobody else may send anything of them; 0 asks for no lease.
        """
        at = now()
        rows = [
            {
                "target": self.target,
                "issue": step.issue,
                "kind": step.kind,
                "keys": json.dumps([action.key for action in step.actions]),
                "step": pack(step),
                "mark": json.dumps(dict(mark)),
                "state": "open",
                "owner": self._owner,
                "meant_at": at,
            }
            for step, mark in zip(steps, marks, strict=True)
        ]

        def write(connection: Connection) -> list[int]:
            for issue in sorted({step.issue for step in steps}) if lease_seconds else ():
                self._take_lease(connection, issue, lease_seconds)
            insert = schema.intent.insert().returning(schema.intent.c.id)
            return [int(connection.execute(insert, row).scalar_one()) for row in rows]

        return self._writer.now(write)

    def settle(
        self,
        intent: int,
        step: ClosedStep,
        receipt: Receipt,
        how: str = "sent",
        earlier: Mapping[Key, Sent] = MappingProxyType({}),
    ) -> Future[None]:
        """Note the result of a step: where its objects are, and what was sent. earlier: what was
        sent of objects that an earlier request has made."""
        made = {
            one.key: earlier.get(one.key) or sent(one, receipt.stored.get(one.key, {}))
            for one in step.actions
        }
        rows = [self._result(step.issue, one, made[one.key], receipt) for one in step.actions]

        def write(connection: Connection) -> None:
            for row, action in zip(rows, step.actions, strict=True):
                if action.op == "update":
                    _merge_update(connection, self.target, row, action.opens)
                elif action.op == "delete":
                    drop(connection, self.target, step.issue, (action.key, *action.holds))
                else:
                    held = _held_by(row, made[action.key].holds)
                    upsert(connection, schema.object_, [row, *held])
            self._close_intent(connection, intent, "done", how)

        return self._writer.do(write)

    def flush(self) -> None:
        """Wait until every result that was noted is on disk, and so is seen by whoever asks.

        Raises WorkspaceError if one could not be written."""
        self._writer.flush()

    def void(self, intents: Sequence[int], state: str = "void") -> None:
        """Note that steps were surely not carried out (`void`) or not accepted (`refused`)."""

        def write(connection: Connection) -> None:
            for intent in intents:
                self._close_intent(connection, intent, state, None)

        if intents:
            self._writer.now(write)

    def must_be_open(self, intent: int) -> None:
        """Raise Locked if somebody else has settled an intent of ours: he took us for dead, and
        looked at the target; what we would send now, nobody would look for."""
        query = sa.select(schema.intent.c.state).where(schema.intent.c.id == intent)
        with self._engine.connect() as connection:
            state = connection.execute(query).scalar()
        if state != "open":
            raise Locked(
                "another process took over while this one was stopped: nothing was sent; run the "
                "same command again when it has ended"
            )

    def open_intents(self, owners: Collection[str] | None = None) -> list[Open]:
        """Intents whose result is not known, oldest first; or those of some owners."""
        table = schema.intent
        query = (
            sa.select(table.c.id, table.c.step, table.c.mark, table.c.meant_at)
            .where(table.c.target == self.target, table.c.state == "open")
            .order_by(table.c.id)
        )
        if owners is not None:
            query = query.where(table.c.owner.in_(owners))
        with self._engine.connect() as connection:
            return [
                Open(row.id, unpack(row.step, ClosedStep), json.loads(row.mark), row.meant_at)
                for row in connection.execute(query)
            ]

    def _close_intent(
        self, connection: Connection, intent: int, state: str, how: str | None
    ) -> None:
        row = {"of": intent, "to_state": state, "to_how": how, "at": now(), "nothing": b""}
        connection.execute(_CLOSE_INTENT, row)

    # -- numbers --------------------------------------------------------------------------------

    def number(self, key: Key) -> int | None:
        """The number that was given to an object, if any."""
        table = schema.number
        query = sa.select(table.c.number).where(table.c.target == self.target, table.c.key == key)
        with self._engine.connect() as connection:
            held = connection.execute(query).scalar()
        return None if held is None else int(held)

    def give_numbers(
        self, wanted: Mapping[str, Sequence[tuple[Key, int | None]]]
    ) -> dict[str, list[Key]]:
        """Give each key of each kind a number for good: the fixed one, or the next of a claimed
        block.

        Returns the keys, by kind, for which no block has room any more (claim one, and ask again).
        A key that has a number keeps it.
        """

        def write(connection: Connection) -> dict[str, list[Key]]:
            self._hold_blocks(connection)
            return {kind: self._give(connection, kind, wanted[kind]) for kind in sorted(wanted)}

        found = self._writer.now(write)
        return {kind: without for kind, without in found.items() if without}

    def _hold_blocks(self, connection: Connection) -> None:
        """Of all kinds, in one order, before any is used: a transaction may give numbers several
        times, and two workers that hold a kind each would wait for one another. In an SQLite who
        writes is alone."""
        if connection.dialect.name == "sqlite":
            return
        table = schema.block
        free = table.c.target == self.target, table.c.next <= table.c.last
        query = sa.select(table.c.first).where(*free).order_by(table.c.kind, table.c.first)
        connection.execute(query.with_for_update()).all()

    def _give(
        self, connection: Connection, kind: str, fixed: Sequence[tuple[Key, int | None]]
    ) -> list[Key]:
        without: list[Key] = []
        rows: list[dict[str, Any]] = []
        has = self._numbers(connection, [key for key, _ in fixed])
        free = _Free(connection, self.target, kind)
        for key, chosen in fixed:
            if key in has:
                continue
            number = chosen if chosen is not None else free.take()
            if number is None:
                without.append(key)
            else:
                rows.append({"target": self.target, "key": key, "kind": kind, "number": number})
        if rows:
            connection.execute(schema.number.insert(), rows)
        free.save()
        return without

    def _numbers(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, int]:
        table, found = schema.number, {}
        for start in range(0, len(keys), _PAGE):
            chunk = keys[start : start + _PAGE]
            query = sa.select(table.c.key, table.c.number).where(
                table.c.target == self.target, table.c.key.in_(chunk)
            )
            found.update({Key(row.key): row.number for row in connection.execute(query)})
        return found

    def numbers(self, keys: Sequence[Key]) -> dict[Key, int]:
        """The numbers of those keys that have one."""
        with self._engine.connect() as connection:
            return self._numbers(connection, keys)

    def drop_number(self, key: Key) -> None:
        """Forget a number that turned out to be a stranger's: another is given next time."""
        where = schema.number.c.target == self.target, schema.number.c.key == key
        self._writer.now(lambda c: c.execute(schema.number.delete().where(*where)))

    def add_block(self, kind: str, block: Block) -> None:
        """Keep a block that was claimed at the target."""
        row = {
            "target": self.target,
            "kind": kind,
            "first": block.first,
            "last": block.last,
            "next": block.first,
        }
        self._writer.now(lambda c: upsert(c, schema.block, [row]))

    def room(self, kind: str) -> int:
        """How many numbers are left in claimed blocks."""
        table = schema.block
        query = sa.select(sa.func.sum(table.c.last - table.c.next + 1)).where(
            table.c.target == self.target, table.c.kind == kind
        )
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    # -- verdicts -------------------------------------------------------------------------------

    def verdict(self, issue: Key) -> Verdict | None:
        """Where an issue stands."""
        table = schema.verdict
        query = sa.select(table).where(table.c.target == self.target, table.c.issue == issue)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return _verdict(row) if row else None

    def verdicts(self, issues: Sequence[Key]) -> dict[Key, Verdict]:
        """Where these issues stand; up to a page of them."""
        table = schema.verdict
        query = sa.select(table).where(
            table.c.target == self.target, table.c.issue.in_(list(issues))
        )
        with self._engine.connect() as connection:
            return {Key(row.issue): _verdict(row) for row in connection.execute(query).all()}

    def in_state(self, *states: str) -> list[Verdict]:
        """Issues in one of these states, by key."""
        table = schema.verdict
        query = (
            sa.select(table)
            .where(table.c.target == self.target, table.c.state.in_(states))
            .order_by(table.c.issue)
        )
        with self._engine.connect() as connection:
            return [_verdict(row) for row in connection.execute(query)]

    def tried(self) -> dict[Key, Tried]:
        """How often, and when last, each issue was tried that is set aside."""
        table = schema.verdict
        query = sa.select(table.c.issue, table.c.attempts, table.c.at).where(
            table.c.target == self.target, table.c.state == "aside"
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {Key(row.issue): Tried(row.attempts, moment(row.at)) for row in rows}

    def states(self) -> dict[str, int]:
        """How many issues are in each state."""
        table = schema.verdict
        query = (
            sa.select(table.c.state, sa.func.count())
            .where(table.c.target == self.target)
            .group_by(table.c.state)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def set_verdicts(self, verdicts: Sequence[Verdict]) -> Future[None]:
        """Note where issues stand."""
        at = now()
        rows = [msgspec.structs.asdict(one) | {"target": self.target, "at": at} for one in verdicts]
        return self._writer.do(lambda c: upsert(c, schema.verdict, rows) if rows else None)

    def finish(self, issue: Key, inputs: str, reason: str = "") -> Future[None]:
        """Note that an issue is written, and from what; unless one of its references waits for
        another look, or one of its results is not on the disk: that may be full for a row, and
        have room for the next. Seen after every result that was noted before it."""
        table, intent, at = schema.object_, schema.intent, now()

        def write(connection: Connection) -> None:
            waits = sa.select(table.c.key).where(
                table.c.target == self.target, table.c.issue == issue, table.c.open != "[]"
            )
            doubt = sa.select(intent.c.id).where(
                intent.c.target == self.target, intent.c.issue == issue, intent.c.state == "open"
            )
            whole = all(connection.execute(one.limit(1)).first() is None for one in (waits, doubt))
            verdict = Verdict(issue, "done", reason, inputs if whole else "", 0)
            row = msgspec.structs.asdict(verdict) | {"target": self.target, "at": at}
            upsert(connection, schema.verdict, [row])

        return self._writer.do(write)

    def unfinish(self, *issues: Key) -> None:
        """Let the next run look at issues again that were done, though their inputs are the
        same; up to a page of them."""
        table = schema.verdict
        where = table.c.target == self.target, table.c.issue.in_(issues)
        self._writer.now(lambda c: c.execute(table.update().where(*where).values(inputs="")))

    # -- conflicts ------------------------------------------------------------------------------

    def add_conflict(self, key: Key, field: str, policy: str) -> None:
        """Note that a field was changed by somebody at the target, and what we did about it."""
        self.met.note([Conflict(key=key, field=field, policy=policy)])

    def conflicts(self) -> list[tuple[Key, str, str]]:
        """(key, field, policy) of all edits of people that were met."""
        return [(one.key, one.field, one.policy) for one in self.met.all()]

    def written_since(self, issues: Sequence[Key], at: str) -> dict[Key, Counter[Key]]:
        """How many steps of these issues were settled since a moment (ISO 8601), of each object
        that they name, by issue; up to a page of issues."""
        table, found = schema.intent, dict[Key, Counter[Key]]()
        query = sa.select(table.c.issue, table.c["keys"]).where(
            table.c.target == self.target,
            table.c.issue.in_(list(issues)),
            table.c.state == "done",
            table.c.settled_at >= at,
        )
        with self._engine.connect() as connection:
            for issue, keys in connection.execute(query):
                found.setdefault(Key(issue), Counter()).update(map(Key, json.loads(keys)))
        return found

    def standing_ids(self, kind: str) -> Iterator[dict[str, Key]]:
        """Where the objects of a kind are that are there: their issues by the id there, a page at a
        time."""
        table, after = schema.object_, ""
        while True:
            query = (
                sa.select(table.c.key, table.c.issue, table.c.remote_id)
                .where(table.c.target == self.target, table.c.kind == kind, table.c.key > after)
                .where(table.c.state.in_(("there", "joined")))
                .order_by(table.c.key)
                .limit(_PAGE)
            )
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            if rows:
                yield {row.remote_id: Key(row.issue) for row in rows}
            if len(rows) < _PAGE:
                return
            after = rows[-1].key

    # -- leases ---------------------------------------------------------------------------------

    def _take_lease(self, connection: Connection, issue: Key, seconds: float) -> None:
        name, moment = f"{self.target}/{issue}", _moment(connection)
        table = schema.lease
        held = connection.execute(sa.select(table).where(table.c.name == name)).first()
        if held is not None and held.owner != self._owner and held.until > moment:
            raise Locked(f"another worker holds {issue} until {held.until}: wait for it")
        until = _moment(connection, seconds)
        upsert(connection, table, [{"name": name, "owner": self._owner, "until": until}])

    def others_work(self) -> bool:
        """Whether another worker holds a lease on anything of this target."""
        table = schema.lease
        query = sa.select(table.c.name).where(
            table.c.name.startswith(f"{self.target}/", autoescape=True),
            table.c.owner != self._owner,
        )
        with self._engine.connect() as connection:
            query = query.where(table.c.until > _moment(connection))
            return connection.execute(query.limit(1)).first() is not None

    def in_flight(self, issue: Key) -> bool:
        """Whether a step of an issue was meant, and its result is not known."""
        table = schema.intent
        query = sa.select(table.c.id).where(
            table.c.target == self.target, table.c.issue == issue, table.c.state == "open"
        )
        with self._engine.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def sending(self) -> set[str]:
        """The keys of all that somebody is sending, or was, and whose result is not known."""
        table = schema.intent
        query = sa.select(table.c["keys"]).where(
            table.c.target == self.target, table.c.state == "open"
        )
        with self._engine.connect() as connection:
            return {key for row in connection.execute(query) for key in json.loads(row[0])}

    def release(self, issues: Sequence[Key]) -> None:
        """Give back the leases on some issues, whose ever they are: who held them is dead."""
        names = [f"{self.target}/{issue}" for issue in issues]
        table = schema.lease
        self._writer.now(lambda c: c.execute(table.delete().where(table.c.name.in_(names))))

    def drop_leases(self, others: bool = False) -> None:
        """Give back our leases; with `others`, those of workers that are known to be dead."""
        table = schema.lease
        whose = table.c.owner != self._owner if others else table.c.owner == self._owner
        where = table.c.name.startswith(f"{self.target}/", autoescape=True), whose
        self._writer.now(lambda c: c.execute(table.delete().where(*where)))

    # -- inside ---------------------------------------------------------------------------------

    def _row(self, key: Key, kind: str, issue: Key, ref: RemoteRef, at: str) -> dict[str, Any]:
        return {
            "target": self.target,
            "key": key,
            "kind": kind,
            "issue": issue,
            "remote_id": ref.id,
            "number": ref.number,
            "url": ref.url,
            "digest": "",
            "fields": "{}",
            "open": "[]",
            "audience": "public",
            "state": "there",
            "sent_at": at,
            "within": None,
            "by": "",
            "lists": "{}",
        }

    def _result(
        self, issue: Key, action: ClosedAction, made: Sent, receipt: Receipt
    ) -> dict[str, Any]:
        ref = receipt.refs.get(action.key) or action.at
        if ref is None:
            raise ValueError(f"the receipt of a step says nothing of {action.key}")
        return self._row(action.key, action.kind, issue, ref, now()) | made.columns()


def _moment(connection: Connection, later: float = 0.0) -> str:
    """This moment, or one so many seconds later: by the database's clock, where several machines
    share it."""
    at = datetime.now(UTC)
    if connection.dialect.name != "sqlite":
        at = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return stamp(at + timedelta(seconds=later))


class _Free:
    """Hands out the numbers of a kind's blocks within one transaction."""

    def __init__(self, connection: Connection, target: str, kind: str) -> None:
        table = schema.block
        self._connection = connection
        self._where = table.c.target == target, table.c.kind == kind
        free = sa.select(table).where(*self._where, table.c.next <= table.c.last)
        # other workers, who wait here, go on behind what is taken now; one may be new by now
        query = free.order_by(table.c.first).with_for_update()
        self._blocks = [[r.first, r.last, r.next] for r in connection.execute(query)]
        self._blocks.sort()

    def take(self) -> int | None:
        """The next number, or None if all are given out."""
        for block in self._blocks:
            if block[2] <= block[1]:
                block[2] += 1
                return int(block[2] - 1)
        return None

    def save(self) -> None:
        """Keep how far the blocks are used."""
        table = schema.block
        for first, _last, following in self._blocks:
            where = *self._where, table.c.first == first
            self._connection.execute(table.update().where(*where).values(next=following))


def _merge_update(
    connection: Connection, target: str, row: dict[str, Any], opens: Mapping[str, str]
) -> None:
    """An update sent some fields only: the others stay as they were.

    The digest of the whole moves only when every field has arrived: a change that goes in two
    requests (close first, the rest later) is not done after the first. An update that was made
    without looking at the other fields says nothing of the references that are open in them. What
    has another id by then was moved.
    """
    table = schema.object_
    where = table.c.target == target, table.c.key == row["key"]
    columns = table.c.fields, table.c.digest, table.c.open, table.c.remote_id, table.c.lists
    held = connection.execute(sa.select(*columns).where(*where)).first()
    fields = json.loads(held.fields) if held else {}
    fields.update(json.loads(row["fields"]))
    whole = all(fields.get(name, ("", ""))[0] == mark for name, mark in opens.items())
    values = {
        "fields": json.dumps(fields),
        "lists": json.dumps((json.loads(held.lists) if held else {}) | json.loads(row["lists"])),
        "digest": row["digest"] if whole or held is None else held.digest,
        "open": held.open if held and not fields.keys() <= opens.keys() else row["open"],
        "audience": row["audience"],
        "sent_at": row["sent_at"],
    }
    if held and held.remote_id != row["remote_id"]:
        values |= {name: row[name] for name in ("remote_id", "number", "url")}
    connection.execute(table.update().where(*where).values(**values))


def _held_by(row: Mapping[str, Any], keys: Sequence[Key]) -> Iterator[dict[str, Any]]:
    """The rows of what stands in an object: it is where that is, and has no fields of its own."""
    for key in keys:
        bare = {"digest": "", "fields": "{}", "open": "[]", "lists": "{}", "within": row["key"]}
        yield {**row, "key": key, **bare}


def _held(row: Any) -> Held:
    return Held(
        key=Key(row.key),
        kind=row.kind,
        issue=Key(row.issue),
        at=RemoteRef(id=row.remote_id, number=row.number, url=row.url),
        digest=row.digest,
        fields={name: (open_, sent) for name, (open_, sent) in json.loads(row.fields).items()},
        open=tuple(Key(key) for key in json.loads(row.open)),
        audience=row.audience,
        state=row.state,
        within=Key(row.within) if row.within else None,
        by=row.by,
        lists={name: tuple(marks) for name, marks in json.loads(row.lists).items()},
        sent_at=row.sent_at,
    )


def _verdict(row: Any) -> Verdict:
    return Verdict(Key(row.issue), row.state, row.reason, row.inputs, row.attempts)
