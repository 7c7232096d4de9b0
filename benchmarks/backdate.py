"""How fast `backdate` sets authors and dates of comments in a StoryBoard's database, on a MariaDB
of its own; and how much faster that is than a statement for each row, which is what people write
by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from tests.backdate.board import ADA, BEN, IMPORTER, NOW, Board, stamps, told
from tests.mariadb import program, running
from tracker_migrate.abilities import Stamp
from tracker_migrate.backends.storyboard import tables
from tracker_migrate.digest import short

#: comments of a story, stories of a batch: about as many objects as `batch` has by default
_EACH, _BATCH = 10, 150
#: rows that the slow way is measured on
_BY_HAND = 200
_PAGE = 1000
#: the rest of each comment's text
_MORE = "\n\n" + "The scheduler does not start after the upgrade, see the log. " * 8


def backdate(comments: int) -> dict[str, float]:
    """Rows a second: changed, and only looked at; and the same by hand. None without a MariaDB."""
    server = program()
    if server is None:
        return {}
    numbers = range(1, comments // _EACH + 1)
    with running(server) as mariadb:
        board = Board(mariadb)
        _fill(board, numbers)
        rows, took = _timed(board, numbers)
        again, looked = _timed(board, numbers)
        assert not again, again
        by_hand = _by_hand(board, numbers)
    objects = len(numbers) * (_EACH + 3)
    return {
        "backdate_comments": float(len(numbers) * _EACH),
        "backdate_seconds": took,
        "backdate_rows_per_s": rows / took,
        "backdate_unchanged_objects_per_s": objects / looked,
        "backdate_one_statement_a_row_per_s": by_hand,
        "backdate_times_faster": rows / took / by_hand,
    }


def _fill(board: Board, numbers: range) -> None:
    """Stories as an import leaves them, with as many comments each; the text of each is usual."""
    with board.engine.begin() as database:
        for start in range(0, len(numbers), _PAGE):
            chunk = numbers[start : start + _PAGE]
            for table, given in _rows(chunk):
                database.execute(table.insert(), given)


def _rows(numbers: range) -> Iterator[tuple[sa.Table, list[dict[str, object]]]]:
    made = {"created_at": NOW, "updated_at": NOW}
    ours = {**made, "title": "It breaks", "creator_id": IMPORTER}
    yield (
        tables.stories,
        [{**ours, "id": n, "description": told(f"story {n}"), "private": False} for n in numbers],
    )
    yield (
        tables.tasks,
        [{**ours, "id": n + 1000, "story_id": n, "link": told(f"task {n}")} for n in numbers],
    )
    said = [(n, n * 10 + at) for n in numbers for at in range(_EACH)]
    yield (
        tables.comments,
        [{**made, "id": c, "content": told(f"comment {c}") + _MORE} for _, c in said],
    )
    events: list[dict[str, object]] = []
    blank = {**made, "author_id": IMPORTER, "comment_id": None, "event_info": None}
    for n in numbers:
        info = f'{{"story_id": {n}, "task_id": {n + 1000}}}'
        events.append({**blank, "event_type": "story_created", "story_id": n})
        events.append({**blank, "event_type": "task_created", "story_id": n, "event_info": info})
    for n, comment in said:
        kind = {"event_type": "user_comment", "story_id": n, "comment_id": comment}
        events.append({**blank, **kind})
    yield tables.events, events


def _timed(board: Board, numbers: range) -> tuple[int, float]:
    """How many rows were changed, and seconds: of the database's part, and of comparing."""
    changed, seconds = 0, 0.0
    for start in range(0, len(numbers), _BATCH):
        batch = [one for n in numbers[start : start + _BATCH] for one in _stamps(n)]
        begun = time.perf_counter()
        changed += sum(board.backdate(batch).rows.values())
        seconds += time.perf_counter() - begun
    return changed, seconds


def _stamps(number: int) -> list[Stamp]:
    return [_long(one) for one in stamps(number, comments=_EACH, by=ADA, others=BEN)]


def _long(stamp: Stamp) -> Stamp:
    if stamp.kind != "comment":
        return stamp
    new, old = (values["content"] + _MORE for values in (stamp.fields, stamp.before))
    was = {"content": short(old)}
    return msgspec.structs.replace(stamp, fields={"content": new}, before={"content": old}, was=was)


def _by_hand(board: Board, numbers: range) -> float:
    """Rows a second with two statements for each comment, as they stand in many a script."""
    begun = time.perf_counter()
    with board.engine.begin() as database:
        for comment in range(numbers[-1] * 10 - _BY_HAND // 2, numbers[-1] * 10):
            database.exec_driver_sql(
                "UPDATE comments SET created_at = '2011-01-01 00:00:00' WHERE id = %s", (comment,)
            )
            database.exec_driver_sql(
                "UPDATE events SET author_id = 4, created_at = '2011-01-01 00:00:00'"
                " WHERE comment_id = %s AND event_type = 'user_comment'",
                (comment,),
            )
    return _BY_HAND / (time.perf_counter() - begun)
