"""The database: one writer, groups of writes in one commit, and words for what goes wrong."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tests.engine.world import settings
from tracker_migrate.errors import Locked, WorkspaceError
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace, schema
from tracker_migrate.workspace.database import HEAD, Writer, open_engine
from tracker_migrate.workspace.upsert import upsert


def note(name: str) -> Callable[[Connection], str]:
    """A write that leaves a row of that name, and returns it."""

    def write(connection: Connection) -> str:
        upsert(connection, schema.meta, [{"name": name, "value": name}])
        return name

    return write


def names(workspace: Workspace) -> set[str]:
    """The rows that `note` left, as another connection sees them."""
    engine = sa.create_engine(workspace.engine.url)
    with engine.connect() as connection:
        found = set(connection.execute(sa.select(schema.meta.c.name)).scalars())
    engine.dispose()
    return found


def gathered(workspace: Workspace, writes: list[Callable[[Connection], Any]]) -> list[Future[Any]]:
    """Have the writer find all these in its queue at once."""
    gate = threading.Event()
    first = workspace.writer.do(lambda _connection: gate.wait(10))
    futures = [workspace.writer.do(write) for write in writes]
    gate.set()
    first.result()
    return futures


def full(_connection: Connection) -> None:
    """A write for which there is no room."""
    words = 'could not extend file "base/5/16402": No space left on device'
    raise sa.exc.OperationalError("INSERT", {}, Exception(words))


def test_another_process_that_writes_in_between_disturbs_nobody(workspace: Workspace) -> None:
    """`sync`, and a command beside it: one has read, and is about to write, when the other does."""
    has_read, others_wrote = threading.Event(), threading.Event()

    def reads_and_writes(connection: Connection) -> str:
        connection.execute(sa.select(schema.meta)).all()
        has_read.set()
        others_wrote.wait(1)  # where they wait for us, in vain
        return note("ours")(connection)

    other = Writer(open_engine(_url(workspace)))
    ours = workspace.writer.do(reads_and_writes)
    assert has_read.wait(10)
    theirs = other.do(note("theirs"))
    theirs.add_done_callback(lambda _done: others_wrote.set())
    assert ours.result(30) == "ours"
    assert theirs.result(30) == "theirs"
    other.close()
    assert names(workspace) >= {"ours", "theirs"}


def _url(workspace: Workspace) -> str:
    return workspace.engine.url.render_as_string(hide_password=False)


def test_what_was_waited_for_is_on_disk(workspace: Workspace) -> None:
    assert workspace.writer.now(note("a")) == "a"
    assert names(workspace) == {"a"}


def test_many_writes_cost_few_commits(workspace: Workspace) -> None:
    before = workspace.writer.commits
    futures = gathered(workspace, [note(str(n)) for n in range(200)])
    assert [future.result() for future in futures] == [str(n) for n in range(200)]
    assert workspace.writer.commits - before <= 2
    assert len(names(workspace)) == 200


def test_a_future_is_done_after_the_commit_and_not_before(workspace: Workspace) -> None:
    seen: list[tuple[str, bool]] = []
    future: Future[str] = Future()

    def watch(moment: str) -> None:
        seen.append((moment, future.done() or names(workspace) == {"a"}))

    workspace.writer.on_commit = watch
    future = workspace.writer.do(note("a"))
    future.result()
    workspace.writer.on_commit = None
    assert seen[0] == ("before", False)


def test_one_failing_write_does_not_fail_its_neighbours(workspace: Workspace) -> None:
    def broken(connection: Connection) -> None:
        note("half")(connection)
        raise ValueError("broken")

    first, bad, last = gathered(workspace, [note("a"), broken, note("b")])
    assert (first.result(), last.result()) == ("a", "b")
    with pytest.raises(ValueError, match="broken"):
        bad.result()
    assert names(workspace) == {"a", "b"}, "what failed left nothing behind"


def test_writes_keep_their_order(workspace: Workspace) -> None:
    def put(value: str) -> Callable[[Connection], None]:
        return lambda c: upsert(c, schema.meta, [{"name": "x", "value": value}])

    for future in gathered(workspace, [put("1"), put("2"), put("3")]):
        future.result()
    with workspace.engine.connect() as connection:
        assert connection.execute(sa.select(schema.meta.c.value)).scalar() == "3"


def test_what_comes_after_the_end_is_refused_and_not_waited_for(
    make: Callable[..., Workspace],
) -> None:
    workspace = make()
    workspace.close()
    with pytest.raises(WorkspaceError, match="the workspace is closed"):
        workspace.writer.now(note("late"))
    workspace.close()


def test_closing_writes_what_is_left(make: Callable[..., Workspace]) -> None:
    workspace = make()
    for n in range(50):
        workspace.writer.do(note(str(n)))
    workspace.close()
    assert len(names(make())) == 50


def test_a_full_disk_is_said_with_its_cure(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="the disk is full: free some room"):
        workspace.writer.now(full)
    assert workspace.writer.now(note("a")) == "a", "the writer goes on"


def test_a_really_full_sqlite_is_said_too(blank: Path, tmp_path: Path) -> None:
    settings(tmp_path)
    with Workspace(tmp_path) as workspace:

        @sa.event.listens_for(workspace.engine, "connect")
        def _small(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA max_page_count=70")

        workspace.engine.dispose()
        with pytest.raises(WorkspaceError, match="the disk is full"):
            workspace.writer.now(note("x" * 1_000_000))
        assert names(workspace) == set()


def test_a_lost_write_that_nobody_waited_for_is_not_lost_in_silence(workspace: Workspace) -> None:
    workspace.writer.flush()
    workspace.writer.do(full)
    with pytest.raises(WorkspaceError, match="the disk is full"):
        workspace.writer.flush()


def test_a_newer_schema_is_refused_with_the_cure(
    make: Callable[..., Workspace], request: pytest.FixtureRequest
) -> None:
    workspace = make()

    def become(version: str) -> None:
        with workspace.engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))

    become("9999")
    request.addfinalizer(lambda: become(HEAD))
    with pytest.raises(WorkspaceError, match=r"schema 9999.*install that version or a later one"):
        make()


def test_an_older_workspace_is_brought_up_to_date_with_its_ledger(
    make: Callable[..., Workspace],
) -> None:
    """As one that was made before doubled objects were known of, and what stands in another."""
    workspace = make()
    bug = Key("memory:bug:1")
    workspace.ledger("there").add_conflict(bug, "title", "target wins")
    workspace.ledger("there").join(bug, {bug: ("card", RemoteRef(id="1"))}, {})
    workspace.ledger("there").flush()
    with workspace.engine.begin() as connection:
        for statement in (
            "DROP TABLE link",
            "DROP TABLE alias",
            "DROP TABLE withdrawn",
            "DROP TABLE doubled",
            "DROP TABLE foreseen",
            "DROP TABLE fate",
            "DROP TABLE looked",
            "DROP TABLE fed",
            "DROP TABLE fed_issue",
            "DROP INDEX intent_issue",
            "DROP TABLE told",
            "DROP TABLE afterwards",
            "DROP TABLE home",
            "ALTER TABLE object DROP COLUMN within",
            "ALTER TABLE object DROP COLUMN by",
            "ALTER TABLE object DROP COLUMN lists",
            "ALTER TABLE conflict DROP COLUMN theirs",
            "ALTER TABLE conflict DROP COLUMN ours",
            "UPDATE alembic_version SET version_num = '0002'",
        ):
            connection.execute(sa.text(statement))
    again = make()
    assert again.doubled("there").mark() == {}
    assert again.doubled("there").standing() == []
    assert len(again.ledger("there").conflicts()) == 1
    assert again.ledger("there").standing(bug) == {bug: bug}


def test_the_schema_is_the_one_that_the_code_knows(workspace: Workspace) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with workspace.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == HEAD


@pytest.mark.parametrize("content", [b"not a database at all " * 400, b"SQLite format 3\x00" * 99])
def test_a_damaged_database_is_said_with_the_cure(tmp_path: Path, content: bytes) -> None:
    settings(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "workspace.db").write_bytes(content)
    (tmp_path / "state" / "workspace.db").chmod(0o600)
    with pytest.raises(WorkspaceError, match="it is damaged: restore it"):
        Workspace(tmp_path)


def test_a_commit_survives_a_power_cut_as_far_as_sqlite_can_promise(
    blank: Path, tmp_path: Path
) -> None:
    settings(tmp_path)
    with Workspace(tmp_path) as workspace, workspace.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_reader_is_not_locked_out_by_a_long_write(workspace: Workspace) -> None:
    gate = threading.Event()

    def long(connection: Connection) -> None:
        note("a")(connection)
        gate.wait(10)

    future = workspace.writer.do(long)
    assert workspace.archive.count() == 0
    gate.set()
    future.result()


def test_state_that_others_may_read_is_refused(tmp_path: Path) -> None:
    settings(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state").chmod(0o755)
    with pytest.raises(WorkspaceError, match="others may read"):
        Workspace(tmp_path)


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    settings(tmp_path)
    Workspace(tmp_path).close()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    with sqlite3.connect(tmp_path / "state" / "workspace.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_only_one_coordinates_at_a_time(make: Callable[..., Workspace]) -> None:
    one, other = make(), make()
    second = other.coordinating()
    with one.coordinating(), pytest.raises(Locked, match="at work in this workspace"):
        second.__enter__()
    with other.coordinating():
        pass


def test_one_may_coordinate_again_and_again(make: Callable[..., Workspace]) -> None:
    one, other = make(), make()
    for _ in range(3):
        with one.coordinating():
            one.writer.now(note("a"))
            assert names(one) == {"a"}
        with other.coordinating():
            other.archive.count()


def test_a_new_coordinator_takes_over_the_leases_of_the_dead(
    make: Callable[..., Workspace],
) -> None:
    from tests.engine.world import action, step

    dead, alive = make(), make()
    dead.ledger("there").intend([step(action(1))], [{}], 3600)
    with alive.coordinating():
        alive.ledger("there").intend([step(action(1))], [{}], 60)


def test_one_daemon_at_a_time_beside_whom_others_may_coordinate(
    make: Callable[..., Workspace],
) -> None:
    one, other = make(), make()
    again, second = other.keeping_up(), one.coordinating()
    assert not other.has_daemon()
    with one.keeping_up():
        assert other.has_daemon()
        with pytest.raises(Locked, match=r"process .* one sync is enough"):
            again.__enter__()
        with other.coordinating(), pytest.raises(Locked, match="at work in this workspace"):
            second.__enter__()
    assert not other.has_daemon()
    with other.keeping_up():
        assert one.has_daemon()


def test_who_coordinates_again_leaves_leases_alone_if_nobody_else_did_meanwhile(
    make: Callable[..., Workspace],
) -> None:
    from tests.engine.world import action, step

    one, hider = make(), make()
    with one.coordinating():
        pass
    hider.ledger("there").intend([step(action(1))], [{}], 3600)
    for _ in range(2):  # `hide` does not coordinate, and is at work meanwhile
        with one.coordinating():
            assert one.ledger("there").others_work()
    with hider.coordinating():
        pass
    with one.coordinating():
        assert not hider.ledger("there").others_work()
