"""Claiming blocks of ids. An explicit id reserves nothing: a stranger's next object may take the
one after it. Creating a block's last id does, for the server counts on from the highest
(facts 12, scenario block-claim). Between the look at where the counter stands and that, another
process of ours may do the same: the timeline tells (facts 12), and both try again."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from tracker_migrate import waiting
from tracker_migrate.backends.storyboard import events, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.client import Query
from tracker_migrate.backends.storyboard.faults import Exists
from tracker_migrate.backends.storyboard.finding import PLACEHOLDER
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    ObjectError,
    Retriable,
    Unreachable,
    UsageError,
    WrongTracker,
)
from tracker_migrate.interfaces import Block

#: a date that no server would give by itself: whether it is kept tells whether dates can be set
_LONG_AGO = "2001-02-03T04:05:06+00:00"
_TRIES = 8
_PATHS = {"story": "/stories", "task": "/tasks"}
#: how many of the newest rows of the timeline are looked at
_ROWS = 200
_BESIDE = "another process of this account claims numbers at the same moment"


class Numbers:
    """Claims blocks, on private stories of ours that stay as place holders: MySQL before 8 forgets
    its counter in a restart, so that the last row of a block must not be deleted."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._api = site.api
        self._guard = threading.Lock()
        self._holder: int | None = None

    def claim(self, kind: str, count: int) -> Block:
        """Numbers that nobody is given any more. kind: `story`, `task` or `comment`.

        A try whose reply is lost leaves a private place holder behind, and is made again. Raises
        UsageError if the server does not honour ids or dates, or has none left; Unreachable.
        """
        if count < 1:
            raise UsageError(f"claim: {count} numbers are none")
        claims = {"story": self._stories, "task": self._tasks, "comment": self._comments}
        with self._guard:
            tried = 0
            while tried < _TRIES:
                try:
                    mark, since = _mark(), self._newest(kind)
                    block = claims[kind](count, mark)
                    self._must_be_alone(kind, block, since, mark)
                    return block
                except (Exists, Doubtful, Retriable) as error:
                    tried += not error.down  # while it is down, the next try waits
                    waiting.sleep(random.uniform(0.5, 1.0) * min(1.0, 0.05 * 2**tried))
                except ObjectError as error:
                    host = self._api.host
                    raise UsageError(f"{host} lets no numbers be claimed: {error}") from None
        raise Unreachable(f"{self._api.host} does not let numbers be claimed; try again")

    def hold_a_place(self) -> None:
        """Make sure that a private place holder of ours is there."""
        with self._guard:
            self._place()

    def _newest(self, kind: str) -> int:
        """Where the timeline stands before a claim."""
        return max((int(row["id"]) for row in self._timeline(kind, 1)), default=0)

    def _must_be_alone(self, kind: str, block: Block, since: int, mark: str) -> None:
        """Raise Retriable if our account made anything else of this kind above where the block
        begins: another process looked where the counter stands before this block was claimed, and
        its own may begin within it. Of two that overlap the later one to look sees the other."""
        rows = self._timeline(kind, _ROWS)
        if len(rows) == _ROWS and int(rows[-1]["id"]) > since:
            raise Retriable(_BESIDE)  # more than can be told
        ours = (row for row in rows if int(row["id"]) > since and self._ours(row))
        for row in ours:
            number = events.made(row, kind)
            if number < block.first or number == block.last + 1:
                continue
            path = f"/stories/{row['story_id']}/comments" if kind == "comment" else _PATHS[kind]
            if not self._is_marked(f"{path}/{number}", mark):
                raise Retriable(_BESIDE)

    def _is_marked(self, path: str, mark: str) -> bool:
        """Whether an object is of this very try: its request was delivered twice."""
        try:
            return mark in str(self._api.get(path))
        except Gone:
            return False

    def _ours(self, row: Any) -> bool:
        return self._site.is_ours(row.get("author_id"))

    def _timeline(self, kind: str, rows: int) -> Any:
        """The newest rows that tell of a new object of a kind, the newest first."""
        newest: Query = {"sort_field": "id", "sort_dir": "desc", "limit": rows}
        return self._api.get("/events", {"event_type": events.TYPES[kind], **newest})

    def _stories(self, count: int, mark: str) -> Block:
        keeps = self._site.options.numbers == "keep"
        below = self._above_all_bugs() if keeps else int(self._story(mark=mark)["id"])
        return self._block(count, below, partial(self._story, mark=mark), "/stories", mark)

    def _tasks(self, count: int, mark: str) -> Block:
        project = self._project()
        body = {"title": PLACEHOLDER, "story_id": self._place(), "project_id": project}
        body["link"] = mark

        def task(number: int | None = None) -> Any:
            with self._site.one_task_at_a_time(project):
                return self._write("/tasks", body, number)

        return self._block(count, int(wire.id_of(task())), task, "/tasks", mark)

    def _comments(self, count: int, mark: str) -> Block:
        path = f"/stories/{self._place()}/comments"

        def comment(number: int | None = None) -> Any:
            event = self._write(path, {"content": f"{PLACEHOLDER} {mark}"}, number)
            return event.get("comment") or {}

        return self._block(count, int(wire.id_of(comment())), comment, path, mark)

    def _block(
        self, count: int, below: int, make: Callable[[int | None], Any], path: str, mark: str
    ) -> Block:
        """Claim the numbers after `below`; the one after the last of them holds the place.

        A request that something between delivers twice is answered as the second one: its number is
        taken, by what carries our mark.
        """
        end = below + count + 1
        if end > wire.LAST_ID:
            raise UsageError(f"{self._api.host} has no {count} numbers left above {below}")
        try:
            row = make(end)
        except Exists:
            row = self._api.get(f"{path}/{end}")
            if mark not in str(row):
                raise
        self._honoured(row, end)
        return Block(first=below + 1, last=end - 1)

    def _honoured(self, row: Any, number: int) -> None:
        kept = row.get("id") == number and wire.same_moment(row.get("created_at"), _LONG_AGO)
        if not kept:
            raise WrongTracker(
                f"{self._api.host} does not honour the id and created_at of a request: this version"
                " of StoryBoard can't be imported into through its API"
            )

    def _story(self, number: int | None = None, mark: str = "") -> Any:
        body = {"title": PLACEHOLDER, "private": True, "users": [{"id": self._site.me}]}
        row = self._write("/stories", {**body, "description": mark}, number)
        self._holder = int(row["id"])
        return row

    def _place(self) -> int:
        """A private story of ours to put place holders on."""
        if self._holder is None:
            if self._site.options.numbers == "keep":
                self._stories(
                    1, _mark()
                )  # a story without an explicit id might take a bug's number
            else:
                self._story()
        assert self._holder is not None
        return self._holder

    def _above_all_bugs(self) -> int:
        """Where blocks start if stories keep the bugs' numbers: above those and above all stories
        that are there."""
        newest = self._api.get("/stories", {"limit": 1, "sort_field": "id", "sort_dir": "desc"})
        top = max((int(row["id"]) for row in newest), default=0)
        return max(top, self._holder or 0, self._site.options.above)

    def _project(self) -> int:
        """Any project, for a task must have one; one is made where there is none yet."""
        rows = self._api.get("/projects", {"limit": 1})
        if rows:
            return int(rows[0]["id"])
        if not self._site.options.create_projects:
            raise UsageError(f"{self._api.host} has no project yet: have one made")
        body = {"name": "tracker-migrate", "is_active": False}
        return int(self._api.write("POST", "/projects", body)["id"])

    def _write(self, path: str, body: dict[str, Any], number: int | None) -> Any:
        numbered = body if number is None else {"id": number, **body, "created_at": _LONG_AGO}
        row = self._api.write("POST", path, numbered)
        if not isinstance(row, dict):
            raise Doubtful(f"{self._api.host} answers with something that is no object")
        return row


def _mark() -> str:
    """Tells one try to claim numbers from every other."""
    return uuid.uuid4().hex
