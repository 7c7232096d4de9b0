"""The workers of a workspace, on any number of machines, and what is shared out to them.

A *round* is one pass over the issues of a target. Who coordinates begins it, gives each issue a
*part*, and ends it. All of this stands in a schema of its own beside the workspace's tables, and
lasts no longer than a run: the archive and the ledger are what counts.

A part is taken once. Whatever a worker writes into the workspace is fenced: it lands only while the
round is not closed, and the worker is not taken for dead. So one UPDATE takes all back from a
worker that sleeps, and no clock is asked.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from tracker_migrate.errors import Locked
from tracker_migrate.model import Key
from tracker_migrate.workspace.database import translated

#: the database's schema in which all of this stands, and the queue
SCHEMA = "tracker_migrate_queue"
#: raised when one of its tables changes: they are made anew then
SHAPE = 1
#: the first half of the advisory locks by which workers show that they are there
PRESENT = 0x74726D69
metadata = sa.MetaData(schema=SCHEMA)

#: state: open; ending (no part is begun any more); closed (nothing of it is written any more)
round_ = sa.Table(
    "round",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("last", sa.Boolean, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("expects", sa.Boolean, nullable=False),
)
#: state: waiting, at work, and then: done, aside (with the reason), left (who coordinates does it),
#: brake. counts: what a worker did, by name. told: whether who coordinates has heard of it
part = sa.Table(
    "part",
    metadata,
    sa.Column("round", sa.String, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("issue", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("worker", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("counts", sa.Text, nullable=False, server_default="{}"),
    sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("part_issue", "round", "issue", unique=True),
    sa.Index("part_state", "round", "state"),
)
#: seen: when it was heard of last, by the database's clock. gone: taken for dead
worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("seen", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp()),
    sa.Column("gone", sa.Boolean, nullable=False, server_default=sa.false()),
)
#: the steps that a plan names, where a round keeps to one
expected = sa.Table(
    "expected",
    metadata,
    sa.Column("round", sa.String, primary_key=True),
    sa.Column("digest", sa.String, primary_key=True),
)

_THERE = sa.text("SELECT to_regclass(:name) IS NOT NULL")
_PRESENT = sa.text(
    "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = :of"
    " AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname ="
    " current_database())"
)
#: a process that is stopped within a transaction would keep others from the rows for as long
_BRIEFLY = sa.text("SET LOCAL idle_in_transaction_session_timeout = '10s'")
_FENCE = sa.text(
    f"SELECT r.state <> 'closed' AND NOT w.gone FROM {SCHEMA}.round r, {SCHEMA}.worker w"
    " WHERE r.id = :round AND w.id = :worker FOR SHARE"
)
_CLEAR = sa.text(
    "DELETE FROM procrastinate_jobs WHERE queue_name NOT IN"
    " (SELECT id FROM round WHERE state <> 'closed')"
)
_END = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = :name AND pid <> pg_backend_pid()"
)
_ENDED = ("done", "aside", "left", "brake")


class Round(msgspec.Struct, frozen=True):
    """One pass over a target's issues. terms: what a worker has to agree with. expects: whether it
    keeps to a plan."""

    id: str
    target: str
    last: bool
    terms: dict[str, str]
    expects: bool = False


class Part(msgspec.Struct, frozen=True):
    """What has become of one issue in a round: see the table."""

    issue: Key
    state: str
    reason: str = ""
    counts: dict[str, int] = {}


class Crew:
    """The rounds and the workers of one workspace. Raises Unreachable, WorkspaceError if the
    database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(), self._engine.begin() as connection:
            connection.execute(_BRIEFLY)
            yield connection

    def is_made(self) -> bool:
        """Whether the tables are there: somebody has shared out work before."""
        with translated(), self._engine.connect() as connection:
            return bool(connection.execute(_THERE, {"name": f"{SCHEMA}.round"}).scalar())

    # -- who coordinates ------------------------------------------------------------------------

    def begin(self, target: str, last: bool, terms: Mapping[str, str], plan: Any = None) -> Round:
        """Begin a round. plan: the digests of the steps that it keeps to, if it does."""
        made = Round(uuid.uuid4().hex, target, last, dict(terms), plan is not None)
        row = msgspec.structs.asdict(made) | {"state": "open", "terms": json.dumps(made.terms)}
        with self._writing() as connection:
            if plan:
                rows = [{"round": made.id, "digest": one} for one in plan]
                connection.execute(expected.insert(), rows)
            connection.execute(round_.insert(), row)
        return made

    def add(self, of: Round, first: int, issues: Sequence[Key]) -> None:
        """Give each of these a part, in this order; first: the number of the first one."""
        rows = [
            {"round": of.id, "number": first + nth, "issue": issue, "state": "waiting"}
            for nth, issue in enumerate(issues)
        ]
        with self._writing() as connection:
            connection.execute(part.insert(), rows)

    def news(self, of: Round) -> list[Part]:
        """The parts that have ended, each told once."""
        where = part.c.round == of.id, part.c.state.in_(_ENDED), ~part.c.told
        query = part.update().where(*where).values(told=True).returning(part)
        with self._writing() as connection:
            rows = sorted(connection.execute(query).all(), key=lambda row: row.number)
        return [Part(Key(r.issue), r.state, r.reason, json.loads(r.counts)) for r in rows]

    def at_work(self, of: Round) -> dict[int, list[Key]]:
        """What is being worked at, by worker."""
        query = sa.select(part.c.worker, part.c.issue).where(
            part.c.round == of.id, part.c.state == "at work"
        )
        found: dict[int, list[Key]] = {}
        with translated(), self._engine.connect() as connection:
            for row in connection.execute(query):
                found.setdefault(row.worker, []).append(Key(row.issue))
        return found

    def alive(self, silent: float) -> set[int]:
        """The workers that are there, and have been heard of within so many seconds."""
        late = sa.func.clock_timestamp() - sa.func.make_interval(0, 0, 0, 0, 0, 0, silent)
        query = sa.select(worker.c.id).where(~worker.c.gone, worker.c.seen > late)
        with translated(), self._engine.connect() as connection:
            there = {int(id_) for id_ in connection.execute(_PRESENT, {"of": PRESENT}).scalars()}
            return {id_ for id_ in connection.execute(query).scalars() if id_ in there}

    def bury(self, workers: Collection[int]) -> list[str]:
        """Take workers for dead: from now on nothing that they write lands, and their locks are
        free. Returns them as owners of intents."""
        mine = worker.c.id.in_(workers), ~worker.c.gone
        with translated(), self._engine.connect() as connection:
            query = sa.select(worker.c.owner).where(*mine)
            owners = list(connection.execute(query).scalars())
        self._cut_off(owners)  # one that was stopped may hold its own row
        with self._writing() as connection:
            connection.execute(worker.update().where(*mine).values(gone=True))
        self._cut_off(owners)
        return owners

    def _cut_off(self, owners: Collection[str]) -> None:
        with self._writing() as connection:
            for owner in owners:
                connection.execute(_END, {"name": called(owner)})

    def is_gone(self, me: int) -> bool:
        """Whether a worker was taken for dead; one that has left by itself was not."""
        query = sa.select(worker.c.gone).where(worker.c.id == me)
        with translated(), self._engine.connect() as connection:
            return bool(connection.execute(query).scalar())

    def hand_on(self, of: Round, issues: Collection[Key], state: str) -> None:
        """Take these parts from whoever was at work at them. state: `waiting` for somebody else, or
        `left`."""
        where = part.c.round == of.id, part.c.issue.in_(issues), part.c.state == "at work"
        with self._writing() as connection:
            connection.execute(part.update().where(*where).values(state=state, worker=None))

    def end(self, of: Round) -> None:
        """Have no part begun any more."""
        self._set(round_.c.id == of.id, round_.c.state == "open", state="ending")

    def close(self, of: Round) -> None:
        """Let nothing of a round be written any more."""
        self._set(round_.c.id == of.id, state="closed")

    def close_all(self) -> bool:
        """Close what a coordinator has left behind; whether there was something."""
        return self._set(round_.c.state != "closed", state="closed") > 0

    def _set(self, *where: Any, state: str) -> int:
        with self._writing() as connection:
            done = connection.execute(round_.update().where(*where).values(state=state))
            return int(done.rowcount)

    def unfinished(self, of: Round) -> Iterator[list[Key]]:
        """The issues of a round that nobody has ended, in order, a page at a time."""
        after, size = -1, 200
        states = ("waiting", "at work", "left", "brake")
        while True:
            query = (
                sa.select(part.c.number, part.c.issue)
                .where(part.c.round == of.id, part.c.number > after, part.c.state.in_(states))
                .order_by(part.c.number)
                .limit(size)
            )
            with translated(), self._engine.connect() as connection:
                rows = connection.execute(query).all()
            if rows:
                yield [Key(row.issue) for row in rows]
            if len(rows) < size:
                return
            after = rows[-1].number

    def forget(self) -> None:
        """Keep nothing of what is closed."""
        closed = sa.select(round_.c.id).where(round_.c.state != "closed")
        with self._writing() as connection:
            connection.execute(sa.text(f"SET LOCAL search_path = {SCHEMA}"))  # for its triggers
            connection.execute(_CLEAR)
            connection.execute(part.delete().where(part.c.round.not_in(closed)))
            connection.execute(expected.delete().where(expected.c.round.not_in(closed)))

    # -- workers --------------------------------------------------------------------------------

    def open_round(self) -> Round | None:
        """The round that is open, if one is."""
        query = sa.select(round_).where(round_.c.state == "open")
        with translated(), self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Round(row.id, row.target, row.last, json.loads(row.terms), row.expects)

    def is_open(self, of: Round) -> bool:
        """Whether parts of a round may be begun."""
        query = sa.select(round_.c.state).where(round_.c.id == of.id)
        with translated(), self._engine.connect() as connection:
            return connection.execute(query).scalar() == "open"

    def plan(self, of: Round) -> frozenset[str] | None:
        """The digests of the steps that a round keeps to, if it does."""
        query = sa.select(expected.c.digest).where(expected.c.round == of.id)
        if not of.expects:
            return None
        with translated(), self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def take(self, of: Round, issue: Key, me: int) -> bool:
        """Take a part; False if somebody has it, or had it: the queue gave it twice."""
        still = sa.select(round_.c.id).where(round_.c.id == of.id, round_.c.state == "open")
        where = part.c.round == of.id, part.c.issue == issue, part.c.state == "waiting"
        taken = part.update().where(*where, still.exists()).values(state="at work", worker=me)
        with self._writing() as connection:
            return connection.execute(taken).rowcount == 1


def called(owner: str) -> str:
    """What the connections of a worker are called, by its name as an owner of intents."""
    return f"tracker-migrate {owner}"[-60:]


def report(connection: Connection, of: Round, me: int, ended: Part) -> None:
    """Note what has become of a part."""
    where = part.c.round == of.id, part.c.issue == ended.issue, part.c.worker == me
    values = {"state": ended.state, "reason": ended.reason, "counts": json.dumps(ended.counts)}
    connection.execute(part.update().where(*where).values(**values))


def fence(connection: Connection, of: str, me: int) -> None:
    """Raise Locked, within a transaction, if nothing of this round and worker may land any more;
    else nobody takes it back before the transaction has ended."""
    connection.execute(_BRIEFLY)
    if not connection.execute(_FENCE, {"round": of, "worker": me}).scalar():
        raise Locked(
            "this worker's issues were taken over, or the run that it worked for has ended: it "
            "writes nothing more of them"
        )
