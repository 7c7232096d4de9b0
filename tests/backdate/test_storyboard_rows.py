"""What `backdate` does to the rows of a StoryBoard's database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from tests.backdate.board import (
    ADA,
    BEN,
    CYD,
    IMPORTER,
    LATER,
    NOW,
    THEN,
    Board,
    carried,
    dies_at,
    stamps,
    told,
)
from tests.mariadb import Server
from tracker_migrate import mysql
from tracker_migrate.abilities import Stamp
from tracker_migrate.backends.storyboard import tables
from tracker_migrate.backends.storyboard.backdate import StoryBoardBackdater
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key


@pytest.fixture
def board(mariadb: Server) -> Board:
    board = Board(mariadb)
    board.imported()
    return board


def naive(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(tzinfo=None)


def test_authors_and_dates_are_the_sources(board: Board) -> None:
    done = board.backdate(stamps())
    story, task = board.row(tables.stories, 100), board.row(tables.tasks, 1100)
    for row in (story, task):
        assert (row["creator_id"], row["created_at"]) == (ADA, naive(THEN))
    assert story["description"] == carried("story 100")
    assert task["link"] == carried("task 100")
    for kind in ("story_created", "task_created", "tags_added"):
        row = board.event_of(kind)
        assert (row["author_id"], row["created_at"]) == (ADA, naive(THEN))
    assert board.event_of("tags_added")["event_info"]["author_id"] == ADA
    for number in (1000, 1001):
        comment, event = (
            board.row(tables.comments, number),
            board.event_of("user_comment", comment_id=number),
        )
        assert comment["content"] == carried(f"comment {number}")
        assert comment["created_at"] == event["created_at"] == naive(LATER)
        assert event["author_id"] == BEN
    assert done.rows == {"stories": 1, "tasks": 1, "comments": 2, "events": 5}
    assert {one.key for one in done.stamped} == {one.key for one in stamps()}
    assert not done.left


def test_a_second_look_changes_no_row(board: Board) -> None:
    board.backdate(stamps())
    before = board.all()
    again = board.backdate(stamps())
    known = board.backdate(stamps(was=ADA, were=BEN))
    assert again.rows == known.rows == {}
    assert board.all() == before
    assert {one.key for one in again.stamped} == {one.key for one in stamps()}


def test_a_dry_run_counts_and_changes_nothing(board: Board) -> None:
    before = board.all()
    would = board.backdate(stamps(), write=False)
    assert board.all() == before
    assert would == board.backdate(stamps())


def test_the_last_change_is_the_sources_unless_a_person_did_something_since(board: Board) -> None:
    board.backdate(stamps())
    assert board.row(tables.stories, 100)["updated_at"] == naive(LATER)
    assert board.row(tables.tasks, 1100)["updated_at"] == naive(LATER)
    hers = NOW + timedelta(days=1)
    board.event("tags_added", ADA, story_id=100, created_at=hers, info={"tags": ["hers"]})
    assert board.backdate(stamps(was=ADA, were=BEN)).rows == {"stories": 1}
    assert board.row(tables.stories, 100)["updated_at"] == hers
    assert board.row(tables.tasks, 1100)["updated_at"] == naive(LATER)


def test_what_a_person_did_herself_stays_hers_though_the_story_is_hers_too(board: Board) -> None:
    board.backdate(stamps())
    hers = board.event("tags_added", ADA, story_id=100, info={"author_id": ADA, "tags": ["x"]})
    noted = board.event("user_comment", BEN, story_id=100, comment_id=77)
    before = board.row(tables.events, hers), board.row(tables.events, noted)
    board.backdate(stamps(by=CYD, was=ADA, were=BEN))
    assert (board.row(tables.events, hers), board.row(tables.events, noted)) == before


def test_a_late_claim_moves_all_and_back_any_number_of_times(board: Board) -> None:
    first = board.all()
    seen = []
    who: list[tuple[int | None, int | None]] = [(ADA, BEN), (None, None), (CYD, CYD), (None, None)]
    was: int | None = None
    were: int | None = None
    for by, others in who:
        board.backdate(stamps(by=by, was=was, others=others, were=were))
        seen.append((board.row(tables.stories, 100), board.rows(tables.comments)))
        was, were = by, others
    assert seen[0][0]["creator_id"] == ADA
    assert seen[2][0]["creator_id"] == CYD
    assert seen[1] == seen[3]
    assert seen[1][0]["creator_id"] == IMPORTER
    assert seen[1][0]["description"] == told("story 100")
    assert [one["content"] for one in seen[1][1]] == [one["content"] for one in first["comments"]]
    assert "https://home/story 100" in seen[2][0]["description"]


def test_a_claim_that_changes_before_the_ledger_knew_of_the_last_one_is_followed(
    board: Board,
) -> None:
    board.backdate(stamps(by=ADA, others=BEN))
    done = board.backdate(stamps(by=CYD, others=ADA))  # was_by is still the importer
    assert not done.left
    assert board.row(tables.stories, 100)["creator_id"] == CYD
    assert board.row(tables.tasks, 1100)["creator_id"] == CYD
    for kind in ("story_created", "task_created", "tags_added"):
        assert board.event_of(kind)["author_id"] == CYD
    assert board.event_of("user_comment", comment_id=1000)["author_id"] == ADA


def test_an_edited_text_is_left_and_told_and_its_author_is_set(board: Board) -> None:
    with board.engine.begin() as database:
        edited = tables.stories.update().values(description="by a person")
        database.execute(edited)
    done = board.backdate(stamps())
    story = board.row(tables.stories, 100)
    assert (story["description"], story["creator_id"]) == ("by a person", ADA)
    (said,) = [one for one in done.stamped if one.key == "launchpad:bug:100"]
    assert (said.edited, said.fields) == (("description",), {})


def test_no_row_of_a_strangers_is_touched(board: Board) -> None:
    with board.engine.begin() as database:
        database.execute(tables.stories.update().values(creator_id=CYD))
        database.execute(tables.tasks.update().values(creator_id=CYD))
        database.execute(tables.events.update().values(author_id=CYD))
    before = board.all()
    done = board.backdate(stamps())
    board.by_hand(stamps())
    assert board.all() == before
    assert (done.rows, done.stamped) == ({}, ())
    assert done.left.keys() == {one.key for one in stamps() if one.kind != "tagging"}


def test_other_stories_stay_as_they_are(board: Board) -> None:
    board.imported(story=200)
    before = board.row(tables.stories, 200), board.row(tables.comments, 2000)
    board.backdate(stamps())
    board.by_hand(stamps())
    assert (board.row(tables.stories, 200), board.row(tables.comments, 2000)) == before


def test_what_is_not_there_and_an_account_that_is_not_are_told(board: Board) -> None:
    absent = Stamp(
        key=Key("launchpad:comment:100/9"),
        kind="comment",
        issue=Key("launchpad:bug:100"),
        at=RemoteRef(id="9999"),
    )
    nobody = msgspec.structs.replace(stamps()[0], by="99")
    done = board.backdate([nobody, absent])
    assert done.left[absent.key] == "is not in the database"
    assert "account" in done.left[nobody.key]
    assert not done.rows


def test_a_withdrawn_comment_is_gone_with_its_history_and_its_row(board: Board) -> None:
    for text in ("a first", "a second"):
        board.add(tables.comments_history, comment_id=1000, content=text)
    (one, other) = [one for one in stamps() if one.kind == "comment"]
    hidden = msgspec.structs.replace(one, withdraw=True, fields={})
    done = board.backdate([*stamps()[:3], hidden, other])
    assert [row["id"] for row in board.rows(tables.comments)] == [1001]
    assert not board.rows(tables.comments_history)
    assert not [row for row in board.rows(tables.events) if row["comment_id"] == 1000]
    assert [said.key for said in done.stamped if said.gone] == [one.key]
    again = board.backdate([hidden])  # the ledger was not told of it
    assert (again.rows, again.left) == ({}, {})
    assert [said.key for said in again.stamped if said.gone] == [one.key]


def test_a_withdrawn_comment_that_somebody_replied_to_is_empty(board: Board) -> None:
    reply = board.add(tables.comments, content="a person's", in_reply_to=1000)
    board.event("user_comment", CYD, story_id=100, comment_id=reply)
    hidden = msgspec.structs.replace(stamps()[3], withdraw=True, fields={})
    board.backdate([*stamps()[:3], hidden])
    row = board.row(tables.comments, 1000)
    assert (row["content"], row["is_active"]) == (None, 0)
    assert board.row(tables.comments, reply)["content"] == "a person's"
    assert not [row for row in board.rows(tables.events) if row["comment_id"] == 1000]
    again = board.backdate([hidden])
    assert (again.rows, again.left) == ({}, {})
    assert [said.gone for said in again.stamped] == [True]


def test_the_importer_hears_no_more_of_what_it_wrote(board: Board) -> None:
    kept = [
        board.add(tables.subscriptions, user_id=ADA, target_type="story", target_id=100),
        board.add(tables.subscriptions, user_id=IMPORTER, target_type="project", target_id=100),
        board.add(tables.subscriptions, user_id=IMPORTER, target_type="story", target_id=7),
    ]
    for kind, number in (("story", 100), ("task", 1100)):
        board.add(tables.subscriptions, user_id=IMPORTER, target_type=kind, target_id=number)
    assert board.backdate(stamps()).rows["subscriptions"] == 2
    assert [row["id"] for row in board.rows(tables.subscriptions)] == kept


def test_what_an_administrator_runs_is_the_same(mariadb: Server) -> None:
    ends = []
    for by_hand in (False, True):
        board = Board(mariadb)
        for story in (100, 200):
            board.imported(story)
        board.add(tables.comments_history, comment_id=2001, content="an old one")
        reply = board.add(tables.comments, content="a person's", in_reply_to=2000)
        board.event("user_comment", CYD, story_id=200, comment_id=reply)
        board.event("task_status_changed", CYD, story_id=200, info={"task_id": 1200})
        board.event("tags_added", CYD, story_id=100, info={"author_id": CYD, "tags": []})
        board.add(tables.subscriptions, user_id=IMPORTER, target_type="story", target_id=100)
        two = [*stamps(), *stamps(200)]
        hidden = [
            msgspec.structs.replace(one, withdraw=True, fields={}) if one.kind == "comment" else one
            for one in stamps(200)
        ]
        moved = stamps(by=CYD, was=ADA, others=ADA, were=BEN)
        for batch in (two, two, [*stamps(), *hidden], moved, stamps(by=None, was=CYD, were=ADA)):
            (board.by_hand if by_hand else board.backdate)(batch)
        ends.append(board.all())
    assert ends[0] == ends[1]


def test_killed_at_any_statement_and_asked_again_it_ends_the_same(mariadb: Server) -> None:
    whole = Board(mariadb)
    whole.imported()
    with dies_at(whole.engine, 0) as seen:
        whole.backdate(stamps())
    assert seen[0] > 8
    board = Board(mariadb)
    board.imported()
    for statement in range(1, seen[0] + 1):
        before = board.all()
        with dies_at(board.engine, statement), pytest.raises(ConnectionError):
            board.backdate(stamps())
        assert board.all() == before
    board.backdate(stamps())
    assert board.all() == whole.all()


@pytest.mark.parametrize(
    ("change", "told_of"),
    [
        ("ALTER TABLE events ADD COLUMN kind INT", "events.kind: is not known (int)"),
        ("ALTER TABLE events DROP COLUMN author_id", "events.author_id: is not there"),
        (
            "ALTER TABLE comments MODIFY content TEXT",
            "comments.content: is text, expected longtext",
        ),
        ("ALTER TABLE stories MODIFY private TINYINT(1) NULL", "stories.private: is tinyint, exp"),
        ("DROP TABLE subscriptions", "subscriptions: is not there"),
        ("ALTER TABLE tasks MODIFY status ENUM('todo','done')", "tasks.status: is enum('todo','d"),
    ],
)
def test_a_schema_that_is_not_known_is_told(board: Board, change: str, told_of: str) -> None:
    with board.engine.begin() as database:
        assert board.backdater.check(database) == []
        database.exec_driver_sql(change)
        (line,) = board.backdater.check(database)
    assert line.startswith(told_of)


def test_no_text_gets_out_of_its_quotes(mariadb: Server) -> None:
    texts = [
        "",
        "plain",
        "it's",
        "a\\",
        "\\'; DROP TABLE x; --",
        "💥",
        "a\nb\x00\x1a",
        "100%s %% %d",
    ]
    engine = sa.create_engine(mariadb.address(mariadb.database()))
    with engine.connect() as database:
        for mode in ("", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"):
            database.exec_driver_sql("SET SESSION sql_mode = %s", (mode,))
            for text in texts:
                said = mysql.said(mysql.Statement("SELECT %s, 5 %% 3", (text,)))
                row = database.exec_driver_sql(said.replace("%", "%%")).one()
                assert tuple(row) == (text, 2)


def test_the_statements_of_an_administrator_ask_no_database() -> None:
    lines = list(StoryBoardBackdater(IMPORTER).statements(stamps()))
    assert lines
    assert all(";" not in line.replace("';", "") for line in lines)
