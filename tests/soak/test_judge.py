"""What is wrong at a target is seen by the soak's judge: each plant alone, and none without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from tests.soak.run import How, Soak, soak
from tests.state_machine.truth import PRIVATE, PUBLIC, Bug


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    """Before the first hour: all is read and written, and was found to agree."""
    lines: list[str] = []
    folder = tmp_path_factory.mktemp("soak")
    with soak(How(seed=3, hours=0, bugs=16), folder, lines.append) as run:
        run.life.private(["Private"])
        run.run()
        yield run


def test_nothing_is_seen_where_nothing_is_wrong(morning: Soak) -> None:
    assert morning.differences == []
    assert morning.summary() == "hours=0 changes=0 faults=0 differences=0"
    assert morning.judge.read > 200


def _a_comment_is_dropped(run: Soak) -> None:
    word = _public(run).comments[-1].text
    _board(run).execute("DELETE FROM comment WHERE content LIKE ?", [f"%{word}%"])
    _desk(run).execute("DELETE FROM xaction_task WHERE comment LIKE ?", [f"%{word}%"])


def _a_comment_stands_twice(run: Soak) -> None:
    word = _public(run).comments[0].text
    _again(_board(run), "comment", "content LIKE ?", word)
    _again(_desk(run), "xaction_task", "comment LIKE ?", word, phid="PHID-XACT-TASK-another")


def _a_bug_stands_twice(run: Soak) -> None:
    word = _public(run).title
    _again(_board(run), "story", "title LIKE ?", word)
    _again(_desk(run), "task", "title LIKE ?", word, phid="PHID-TASK-another")


def _a_private_bug_is_open(run: Soak) -> None:
    word = next(one.title for one in run.life.truth.bugs.values() if one.info == PRIVATE)
    _board(run).execute("UPDATE story SET private=0 WHERE title LIKE ?", [f"%{word} %"])
    _desk(run).execute("UPDATE task SET view='public' WHERE title LIKE ?", [f"%{word} %"])


def _a_title_is_another(run: Soak) -> None:
    word = _public(run).title
    _board(run).execute("UPDATE story SET title='Dark' WHERE title LIKE ?", [f"%{word} %"])
    _desk(run).execute("UPDATE task SET title='Dark' WHERE title LIKE ?", [f"%{word} %"])


@pytest.mark.parametrize(
    ("plant", "kind", "what"),
    [
        (_a_comment_is_dropped, "losses", "is not there"),
        (_a_comment_stands_twice, "doubles", "stands 2 times"),
        (_a_bug_stands_twice, "doubles", "stands 2 times"),
        (_a_private_bug_is_open, "leaks", "open: True"),
        (_a_title_is_another, "losses", "title 'Dark'"),
    ],
)
def test_what_is_wrong_is_seen(
    morning: Soak, plant: Callable[[Soak], None], kind: str, what: str
) -> None:
    with _as_they_were(morning):
        plant(morning)
        found = list(morning.judge.differences())
    for target in ("storyboard", "maniphest"):
        seen = [one for one in found if one.startswith(f"{target}: {kind}: ") and what in one]
        assert seen, (target, found)


def test_what_never_arrived_is_seen(morning: Soak) -> None:
    """The source says something that the daemon was not let read."""
    with _as_they_were(morning):
        morning.life.comment()
        found = list(morning.judge.differences())
    for start in ("storyboard: losses: ", "maniphest: losses: ", "archive: "):
        assert any(one.startswith(start) for one in found), (start, found)


def test_what_is_seen_stands_in_the_last_line(morning: Soak) -> None:
    """And the command fails. (The last test: from here on the run has found something.)"""
    morning._differ("now", ["storyboard: losses: bug 1: comment 1 is not there"])
    assert morning.summary().endswith(" differences=1")
    assert not morning.is_well()


# -- plants ----------------------------------------------------------------------------------------


def _public(run: Soak) -> Bug:
    """Its comments were never hidden."""
    bugs = [one for one in run.life.truth.bugs.values() if one.info == PUBLIC and one.comments]
    return next(one for one in bugs if not any(said.ever_hidden for said in one.comments))


def _board(run: Soak) -> sqlite3.Connection:
    return run.eyes["storyboard"].standin.store.db  # type: ignore[no-any-return]


def _desk(run: Soak) -> sqlite3.Connection:
    return run.eyes["maniphest"].standin.store.db  # type: ignore[no-any-return]


def _again(db: sqlite3.Connection, table: str, where: str, word: str, **other: str) -> None:
    """One row more, that says the same."""
    row = dict(db.execute(f"SELECT * FROM {table} WHERE {where}", [f"%{word}%"]).fetchone())
    row |= {"id": db.execute(f"SELECT max(id) + 1 FROM {table}").fetchone()[0], **other}
    names = ", ".join(row)
    db.execute(
        f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
    )


@contextmanager
def _as_they_were(run: Soak) -> Iterator[None]:
    """What was planted at the targets is taken back."""
    kept = []
    for db in (_board(run), _desk(run)):
        kept.append((db, sqlite3.connect(":memory:")))
        db.backup(kept[-1][1])
    try:
        yield
    finally:
        for db, copy in kept:
            with closing(copy):
                copy.backup(db)
