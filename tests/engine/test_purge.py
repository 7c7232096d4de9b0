"""Private text is forgotten when the job is done: its rows, its bytes, and nothing else."""

from __future__ import annotations

import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.engine.test_privacy import hidden, shut, tables
from tests.engine.world import World, action, bug_key, step
from tracker_migrate.engine import purging
from tracker_migrate.engine.afterwards import reading_on
from tracker_migrate.engine.handover import Handover
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.purging import purge
from tracker_migrate.engine.verify import outsiders
from tracker_migrate.errors import Brake, Locked, WorkspaceError
from tracker_migrate.interfaces import Entity, Reading, Reply
from tracker_migrate.model import Issue, Person, Project, Subscription, key
from tracker_migrate.testing.memory import MemorySource, blueprint, bug
from tracker_migrate.testing.memory_source import PERSON
from tracker_migrate.testing.memory_telling import MemoryAnnouncer
from tracker_migrate.workspace import schema, scrubbing
from tracker_migrate.workspace.handing import HandoverSettings
from tracker_migrate.workspace.purge import Purged
from tracker_migrate.workspace.told import State

WORD = "kryptonite"
TEAM, ANNA = key("memory", "person", "moonbase"), key("memory", "person", "anna")
PROJECT, ROCKET = key("memory", "project", "warp"), key("memory", "project", "rocket")


@pytest.fixture
def here(world: World) -> World:
    tables(world)
    know(
        world, Project(key=ROCKET, kind="project", name="rocket", title="Rocket", home="https://r")
    )
    return world


def secret(number: int, **fields: Any) -> Issue:
    """A private bug that says the word, in its title and in a comment too long for one page."""
    given: dict[str, Any] = {"title": f"{WORD} {number}", "tags": (f"tag-{WORD}",), **fields}
    return shut(number, f"{WORD} again {number} " + "and so on " * 2000, **given)


def keep(world: World, *issues: Issue) -> None:
    """Put issues into the archive, each with a raw reply."""
    for issue in issues:
        body = msgspec.json.encode(issue)
        reply = Reply(url=f"https://source.example/{issue.name}", status=200, body=body)
        world.workspace.archive.put(Reading(issue=issue, replies=(reply,), stamp="1")).result()


def forget(world: World, **how: Any) -> Purged:
    """Purge, as a new run does."""
    return purge(world.workspace, [world.target()], **how)


def know(world: World, *entities: Any) -> None:
    """Put people and places into the archive, each with a raw reply."""
    for one in entities:
        reply = Reply(url=one.home or "https://x", status=200, body=msgspec.json.encode(one))
        world.workspace.archive.put_entity(Entity(value=one, reply=reply)).result()


def team(of: Any = TEAM, **fields: Any) -> Person:
    given: dict[str, Any] = {
        "name": "moonbase",
        "display_name": f"{WORD} team",
        "home": "https://t",
    }
    return Person(key=of, is_team=True, private=True, **given | fields)


def rows(world: World, table: sa.Table) -> list[Any]:
    with world.workspace.engine.connect() as connection:
        return list(connection.execute(sa.select(table)))


# -- the bytes ------------------------------------------------------------------------------------


def carved(data: bytes) -> Iterator[bytes]:
    """What unpacks in a file's bytes, wherever it begins, as far as it goes."""
    at = data.find(b"\x78\x01")
    while at >= 0:
        unpacking = zlib.decompressobj()
        found = b""
        try:
            for start in range(at, min(at + 100_000, len(data)), 64):
                found += unpacking.decompress(data[start : start + 64])
        except zlib.error:
            pass
        yield found
        at = data.find(b"\x78\x01", at + 1)


def files_with(folder: Path, word: str) -> list[str]:
    """The files below a folder that hold a word, as it is or packed."""
    sought, found = word.encode(), []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        if sought in data or any(sought in one for one in carved(data)):
            found.append(path.name)
    return found


def state(world: World) -> Path:
    return world.workspace.state


def only_sqlite(world: World) -> None:
    if world.workspace.engine.dialect.name != "sqlite":
        pytest.skip("it is about files that are ours")


def test_no_byte_of_a_private_text_is_left_below_state(here: World) -> None:
    only_sqlite(here)
    keep(here, *(bug(n, "public " * 300) for n in range(1, 30)), *map(secret, range(30, 60)))
    know(here, team())
    here.apply()
    assert "workspace.db-wal" in files_with(state(here), WORD)  # the search can find it
    forget(here)
    assert files_with(state(here), WORD) == []
    assert files_with(state(here), "public") != []


def test_what_was_overwritten_before_is_gone_as_well(here: World) -> None:
    """A row that was replaced lies in free pages, until the file is rewritten; where SQLite was
    built so that it does not wipe them."""
    only_sqlite(here)
    engine = here.workspace.engine
    sa.event.listen(engine, "connect", lambda held, _: held.execute("PRAGMA secure_delete=OFF"))
    engine.dispose()
    keep(here, *map(secret, range(1, 20)))
    keep(here, *(shut(n) for n in range(1, 20)))
    with sqlite3.connect(state(here) / "workspace.db") as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert "workspace.db" in files_with(state(here), WORD)
    forget(here)
    assert files_with(state(here), WORD) == []


def test_an_interrupted_purge_is_ended_by_the_next(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_sqlite(here)
    keep(here, *map(secret, range(1, 20)))
    with monkeypatch.context() as patched:
        patched.setattr(purging, "scrub", lambda _engine: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            forget(here)
    assert forget(here).issues == 0
    assert files_with(state(here), WORD) == []


def test_a_postgresql_rewrites_its_files(here: World) -> None:
    engine = here.workspace.engine
    if engine.dialect.name != "postgresql":
        pytest.skip("it is about a server's files")
    keep(here, bug(1, "public"), secret(2))
    model = bytes(next(r.model for r in rows(here, schema.issue) if r.private))[:60]
    with engine.connect() as connection:
        data = Path(str(connection.execute(sa.text("SHOW data_directory")).scalar()))
    assert holding(here, data, model)
    forget(here)
    assert not holding(here, data, model)


def holding(world: World, data: Path, sought: bytes) -> list[str]:
    with world.workspace.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text("CHECKPOINT"))
    return [path.name for path in (data / "base").rglob("*") if sought in content(path)]


def content(path: Path) -> bytes:
    """What is in a file; nothing in a folder, and in one that the server took away meanwhile."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return b""


def test_a_server_that_does_not_rewrite_is_noticed(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not a table's owner is only warned."""
    if here.workspace.engine.dialect.name != "postgresql":
        pytest.skip("it is about a server's rights")
    monkeypatch.setattr(scrubbing, "_filenode", lambda *_: 1)
    with pytest.raises(WorkspaceError, match="VACUUM FULL"):
        forget(here)


def test_somebody_who_reads_is_waited_for_and_then_told(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_sqlite(here)
    monkeypatch.setattr(scrubbing, "_LOCK_SECONDS", 0)
    keep(here, secret(1))
    reading = sqlite3.connect(state(here) / "workspace.db")
    reading.execute("BEGIN")
    reading.execute("SELECT * FROM issue").fetchone()
    with pytest.raises(Locked, match="another process reads"):
        forget(here)
    reading.close()
    forget(here)
    assert files_with(state(here), WORD) == []


def test_without_room_nothing_is_begun(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    only_sqlite(here)
    keep(here, secret(1))
    full = shutil.disk_usage(state(here))._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    with pytest.raises(WorkspaceError, match="MiB"):
        forget(here)
    assert here.workspace.archive.private_keys() == [bug_key(1)]


# -- what goes, and what stays --------------------------------------------------------------------


def test_read_again_after_it_everything_is_unchanged_at_the_target(here: World) -> None:
    issues = [bug(1, "a", blocked_by=(2,)), secret(2), secret(3), bug(4, "see #3")]
    source = MemorySource(*issues, viewer="jdoe")
    here.pull(source)
    here.apply()
    writes = len(here.server.writes)
    forget(here)
    assert not here.workspace.archive.private_keys()
    assert here.apply().steps == 0
    assert here.pull(source, full=True).new == 2
    assert here.apply().steps == 0
    assert len(here.server.writes) == writes
    assert here.verify().agrees


def test_nothing_is_closed_because_it_was_forgotten(here: World) -> None:
    keep(here, bug(1), secret(2))
    here.apply()
    here.workspace.archive.set_gone(bug_key(1))
    here.apply()  # closes what vanished
    before = {n: here.card(n).fields for n in (1, 2)}
    forget(here)
    assert here.workspace.archive.gone_keys() == []
    assert here.apply().steps == 0
    assert {n: here.card(n).fields for n in (1, 2)} == before


def test_every_viewers_rows_of_a_private_issue_go(here: World) -> None:
    keep(here, bug(1), bug(2))
    here.workspace.archive.set_viewer("jdoe")
    keep(here, secret(1), bug(2))
    assert forget(here).issues == 1
    assert [(row.key, row.viewer) for row in rows(here, schema.issue)] == [
        (bug_key(2), "anonymous"),
        (bug_key(2), "jdoe"),
    ]
    assert {row.owner for row in rows(here, schema.reply)} == {bug_key(2), ROCKET}
    assert not [row for row in rows(here, schema.tagging) if row.issue == bug_key(1)]


def test_the_ledger_stays_and_an_outsiders_eyes_still_look(here: World) -> None:
    keep(here, bug(1), secret(2))
    here.apply()
    held, private = here.ledger.of_issue(bug_key(2)), outsiders(here.target()).private
    assert private
    forget(here)
    assert here.ledger.of_issue(bug_key(2)) == held
    assert here.state(2) == "done"
    assert outsiders(here.target()).private == private
    for card in here.cards(2):
        card.fields["audience"] = "public"
        card.fields["readers"] = []
    assert bug_key(2) in outsiders(here.target()).exposed


def test_what_is_hidden_by_hand_stays_hidden(here: World) -> None:
    keep(here, bug(1), secret(2))
    hidden_ = here.workspace.hidden("there")
    hidden_.add([bug_key(2)])
    forget(here)
    assert hidden_.keys() == {bug_key(2)}


def test_people_whom_only_private_issues_name_go(here: World) -> None:
    keep(here, bug(1), secret(2, author=ANNA))
    know(here, Person(key=ANNA, name="anna", display_name="Anna", home="https://a"))
    assert forget(here).people == 1
    assert here.workspace.archive.person(ANNA) is None
    assert ANNA not in {row.person for row in rows(here, schema.mention)}
    assert {row.person for row in rows(here, schema.mention)} == {bug(1).author}
    assert ANNA not in {row.owner for row in rows(here, schema.reply)}


def test_of_a_private_team_only_that_it_is_private_stays_where_a_public_issue_names_it(
    here: World,
) -> None:
    """If nothing were known of it, its name would be written."""
    keep(here, bug(1, subscriptions=(Subscription(person=TEAM),)), secret(2))
    other = key("memory", "person", "darkside")
    know(here, team(), team(other, name="darkside"))
    decisions = here.target().decisions
    before, version = decisions.person(TEAM), decisions.source_writer
    forget(here)
    left = here.workspace.archive.person(TEAM)
    assert left == Person(key=TEAM, name="", display_name="", home="", is_team=True, private=True)
    assert here.workspace.archive.person(other) is None
    assert here.target().decisions.person(TEAM) == before
    know(here, team())
    assert here.target().decisions.source_writer == version


def test_private_projects_go_with_all_that_is_in_them(here: World) -> None:
    keep(here, bug(1), secret(2))
    know(here, Project(key=PROJECT, kind="project", name="warp", title=WORD, home="", private=True))
    assert forget(here).places == 1
    assert here.workspace.archive.project(PROJECT) is None
    assert here.workspace.archive.project(ROCKET) is not None


def test_reasons_go_and_what_was_never_read_is_still_tried(here: World) -> None:
    keep(here, secret(1))
    archive = here.workspace.archive
    archive.set_unread(bug_key(1), WORD)
    archive.set_unread(bug_key(7), WORD)
    assert forget(here).reasons == 2
    assert [one.key for one in archive.unread()] == [bug_key(7)]
    assert WORD not in archive.unread()[0].reason


def test_steps_that_were_settled_hold_nothing_any_more(here: World) -> None:
    keep(here, secret(1))
    here.apply()
    with here.workspace.engine.begin() as connection:  # as an older version might have left it
        connection.execute(schema.intent.update().values(step=WORD.encode()))
    assert forget(here).steps > 0
    assert {row.step for row in rows(here, schema.intent)} == {b""}


def test_only_counting_changes_nothing(here: World) -> None:
    keep(here, bug(1), secret(2), secret(3))
    before = {table: rows(here, table) for table in schema.metadata.tables.values()}
    counted = forget(here, dry_run=True)
    assert (counted.issues, counted.replies, counted.tags) == (2, 2, 2)
    assert {table: rows(here, table) for table in before} == before
    assert forget(here) == counted


# -- after a handover ------------------------------------------------------------------------------


def told(here: World) -> MemorySource:
    """Two bugs at the target, of which one is private and has a project that says the word."""
    said = secret(2)
    task = msgspec.structs.replace(said.tasks[0], target_name=WORD)
    source = MemorySource(bug(1), msgspec.structs.replace(said, tasks=(task,)), viewer="jdoe")
    here.pull(source)
    here.apply()
    return source


def handing_over(here: World, announcer: MemoryAnnouncer) -> Handover:
    settings = HandoverSettings(per_second=0, settle_seconds=0.05, tag="moved", status="Done")
    return Handover(here.target(), announcer, settings)


def shown(source: MemorySource, number: int) -> tuple[int, tuple[str, ...], str]:
    """How many comments on a bug can be read, its tags, its status."""
    held = source.held(bug_key(number))
    assert held is not None
    seen = [one for one in held.comments if not one.withheld]
    return len(seen), held.tags, held.tasks[0].status


def test_of_what_was_said_on_a_private_issue_no_word_is_left(here: World) -> None:
    source = told(here)
    handing_over(here, MemoryAnnouncer(source, PERSON)).run()
    public = here.workspace.told.of(bug_key(1))
    only_theirs = [one for one in here.workspace.told.of(bug_key(2)) if one.notice.what != "tag"]
    (comment, *_), count = only_theirs, len(only_theirs)
    assert WORD in comment.notice.value
    here.workspace.told.keep(msgspec.structs.replace(comment, reason=WORD))
    assert (forget(here).said, count) == (1, 2)
    assert here.workspace.told.of(bug_key(1)) == public
    kept = here.workspace.told.of(bug_key(2))
    assert not any(WORD in repr(one) for one in kept)
    assert comment.notice.value.endswith(f"\n{kept[0].notice.value}")
    assert forget(here).said == 0
    if here.workspace.engine.dialect.name == "sqlite":
        assert files_with(state(here), WORD) == []


def test_a_status_that_is_not_ours_to_put_back_is_forgotten(here: World) -> None:
    source = told(here)
    handing_over(here, MemoryAnnouncer(source, PERSON)).run()
    store = here.workspace.told
    (status,) = [one for one in store.of(bug_key(2)) if one.notice.what == "status"]
    states: list[tuple[State, bool]] = [
        ("said", True), ("taking", True), ("taken", True), ("meant", True),
        ("left", False), ("was", False), ("refused", False),
    ]  # fmt: skip
    for at, _ in states:
        notice = msgspec.structs.replace(status.notice, of=key("memory", "task", at))
        store.keep(msgspec.structs.replace(status, state=at, notice=notice))
    assert forget(here).said == 4
    left = {str(one.notice.of): one.notice for one in store.of(bug_key(2))}
    for at, stays in states:
        one = left[f"memory:task:{at}"]
        assert ((one.was is not None), (one.now is not None)) == (stays, stays), at


def test_what_was_said_is_taken_back_after_it_and_what_came_twice_goes_too(here: World) -> None:
    source = told(here)
    before = shown(source, 2)
    announcer = MemoryAnnouncer(source, PERSON)
    handing_over(here, announcer).run()
    said = next(one for one in here.workspace.told.of(bug_key(2)) if one.notice.what == "comment")
    announcer.comment(bug_key(2), said.notice.value, mail=True)
    forget(here)
    done = handing_over(here, announcer).undo()
    assert (done.issues, done.refused, done.left) == (2, {}, {})
    assert shown(source, 2) == before


def test_what_was_in_doubt_is_looked_for_after_it(here: World) -> None:
    source = told(here)
    before = shown(source, 2)
    announcer = MemoryAnnouncer(source, PERSON)
    handing_over(here, announcer).run()
    meant = [
        msgspec.structs.replace(
            one, state="meant", notice=msgspec.structs.replace(one.notice, at=None, now=None)
        )
        for one in here.workspace.told.of(bug_key(2))
    ]
    here.workspace.told.keep(*meant)
    forget(here)
    done = handing_over(here, announcer).undo()
    assert (done.found, done.refused) == (3, {})
    assert shown(source, 2) == before


def test_read_again_after_it_what_was_said_is_no_news_and_is_said_in_full(here: World) -> None:
    """What has to be sent again is worded anew."""
    source = told(here)
    announcer = MemoryAnnouncer(source, PERSON)
    handing_over(here, announcer).run()
    forget(here)
    here.pull(reading_on(here.workspace, source), full=True)  # type: ignore[arg-type]
    assert here.apply().steps == 0
    assert handing_over(here, announcer).run().already == 2
    comment = next(
        one for one in here.workspace.told.of(bug_key(2)) if one.notice.what == "comment"
    )
    assert WORD not in comment.notice.value
    assert comment.notice.at is not None
    announcer.hide(comment.notice.at)
    here.workspace.told.keep(msgspec.structs.replace(comment, state="meant"))
    handing_over(here, announcer).run()
    held = source.held(bug_key(2))
    assert held is not None
    assert f"{WORD}: this bug is worked on at" in held.comments[-1].text


# -- when it is too early -------------------------------------------------------------------------


def test_a_write_in_doubt_has_to_be_settled_first(here: World) -> None:
    keep(here, bug(1), secret(2))
    here.ledger.intend([step(action(2))], [{}], 0)
    with pytest.raises(Brake, match="apply -T there") as caught:
        forget(here)
    assert WORD not in str(caught.value)
    here.ledger.void([one.id for one in here.ledger.open_intents()])
    assert forget(here).issues == 1


def test_a_public_issues_write_in_doubt_holds_nothing_up(here: World) -> None:
    keep(here, bug(1), secret(2))
    here.ledger.intend([step(action(1))], [{}], 0)
    assert forget(here).issues == 1
    assert len(here.ledger.open_intents()) == 1
    assert here.ledger.open_intents()[0].step.issue == bug_key(1)


def test_what_may_still_come_has_to_be_waited_for_first(here: World) -> None:
    """It is looked for by what was sent; once that was waited for, the text is needed no more."""
    keep(here, bug(1), secret(2))
    intents = here.ledger.intend([step(action(1)), step(action(2))], [{}, {}], 0)
    for intent in intents:
        here.ledger.given_up.keep(intent, [], waited=False)
    with pytest.raises(Brake, match="apply -T there"):
        forget(here)
    here.ledger.given_up.waited(intents[1:])
    assert forget(here).issues == 1
    assert [one.issue for _intent, one in here.ledger.given_up.coming()] == [bug_key(1)]


@pytest.mark.parametrize("how", ["private", "vanished"])
def test_what_still_stands_open_has_to_be_closed_first(here: World, how: str) -> None:
    """What is forgotten is never closed later."""
    keep(here, bug(1), bug(2))
    here.apply()
    if how == "private":
        keep(here, secret(1))
    else:
        here.workspace.archive.set_gone(bug_key(1))
    with pytest.raises(Brake, match="1 issues stand open"):
        forget(here)
    here.apply()
    assert forget(here).issues == 1


def test_what_is_exposed_stays_told(here: World) -> None:
    keep(here, shut(1, "a", "b"))
    here.apply()
    keep(here, hidden(shut(1, "a", "b"), 1))
    here.apply()
    assert here.state(1) == "exposed"
    forget(here)
    assert here.apply().steps == 0
    assert here.state(1) == "exposed"
    assert here.verify().exposed


def test_a_forgotten_blueprint_is_still_told_by_its_mark(here: World) -> None:
    """Its name stands in the ledger."""
    of = blueprint(f"use-{WORD}", private=True, information_type="Proprietary")
    keep(here, of)
    here.apply()
    salt = here.workspace.archive.salt()
    told = Naming(here.workspace.archive, salt).key(of.key)
    forget(here)
    assert here.ledger.verdict(of.key) is not None
    assert Naming(here.workspace.archive, salt).key(of.key) == told
    assert WORD not in told
