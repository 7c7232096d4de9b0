"""The spy at StoryBoard: every GET that its table of paths has, by list, by number, by search."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.end_to_end.folders import files_in
from tests.end_to_end.leaks import Question, Spy
from tests.end_to_end.marks import found_in
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.backends.storyboard.standin.table import TREE
from tracker_migrate.testing.loopback import Reply, Request

#: where the numbers of a path come from: its root's table
_TABLES = {
    "boards": "board",
    "branches": "branch",
    "due_dates": "due_date",
    "events": "event",
    "milestones": "milestone",
    "project_groups": "project_group",
    "projects": "project",
    "stories": "story",
    "subscriptions": "subscription",
    "tags": "tag",
    "tasks": "task",
    "teams": "team",
    "users": "user",
    "worklists": "worklist",
}
#: paths with two numbers: the rows that have both
_PAIRS = {
    "stories/#/tasks/#": "SELECT story_id, id FROM task",
    "stories/#/comments/#": "SELECT story_id, id FROM comment",
    "stories/#/comments/#/history": "SELECT story_id, id FROM comment",
    "stories/#/events/#": "SELECT story_id, id FROM event",
    "users/#/tokens/#": "SELECT user_id, id FROM token",
}
#: a word that begins all marks: one question finds each of them
_SEARCH = "zq"
_NOBODY = 2**31 - 1
READS = frozenset(pattern for pattern, resource in TREE.items() if "GET" in resource.methods)


class StoryBoardSpy(Spy):
    """Reads StoryBoard."""

    standin: StoryBoardStandIn
    #: of files, that a web server shows to all
    folder: Path | None = None

    def look(self) -> None:
        """Ask everything, and look into the folder."""
        super().look()
        self._look_into_the_folder()

    def look_after(self, write: Request, reply: Reply) -> None:
        """Ask about what was written, and look into the folder."""
        super().look_after(write, reply)
        self._look_into_the_folder()

    def _look_into_the_folder(self) -> None:
        if self.folder is None:
            return
        for place, body in files_in(self.folder).items():
            question = Question(
                f"the file {place[:2]}/…", Request("GET", place, place, (), {}, b"")
            )
            words = found_in(body) | found_in(place)
            for outsider in self.outsiders:
                self.seen[outsider] |= words
                self._note(outsider, question, words & frozenset(self.forbidden(outsider)))

    def to_ask(self) -> frozenset[str]:
        """Every pattern that takes a GET and needs no row of a table that is always empty here."""
        return frozenset(
            one for one in READS if self._root(one) not in _EMPTY or one == self._root(one)
        )

    def lists(self, token: str | None) -> Iterator[Question]:
        """Every path without a number, the search, and the filters of the list."""
        for pattern in sorted(READS):
            if "#" not in pattern and "*" not in pattern:
                search = f"?q={_SEARCH}" if pattern.endswith("search") else ""
                yield _get(pattern, f"{pattern}{search}", token)
        for kind, who in (("stories", "creator_id"), ("tasks", "assignee_id")):
            search = f"{kind}/search?q={_SEARCH}&{who}={_NOBODY}"  # a filter that fits nothing
            yield _get(f"{kind}/search", search, token)
        yield _get("tags", f"tags?name={_SEARCH}", token)
        yield _get("projects", f"projects?name={_SEARCH}", token)
        yield _get("stories", "stories?status=active&status=merged&status=invalid", token)

    def everything(self, token: str | None) -> Iterator[Question]:
        """Every path with every number that there is."""
        for pattern in sorted(READS):
            yield from self._numbered(pattern, token)

    def about(self, write: Request, reply: Reply, token: str | None) -> Iterator[Question]:
        """All paths of the story that was written to."""
        story = _story_of(write, reply)
        if story is None:
            return
        for pattern in sorted(READS):
            if pattern.startswith("stories/#"):
                yield from self._numbered(pattern, token, story)
        for pattern, kind in (("tasks/#", "task"), ("events/#", "event")):
            for number in self._column(f"SELECT id FROM {kind} WHERE story_id = {story}"):
                yield _get(pattern, pattern.replace("#", str(number)), token)
        yield _get("tasks", f"tasks?story_id={story}", token)
        yield _get("tags", f"tags?story_id={story}", token)

    def _numbered(
        self, pattern: str, token: str | None, story: int | None = None
    ) -> Iterator[Question]:
        for numbers in self._numbers(pattern):
            if story is None or numbers[0] == story:
                path = pattern
                for number in numbers:
                    path = re.sub(r"[#*]", str(number), path, count=1)
                yield _get(pattern, path, token)

    def _numbers(self, pattern: str) -> list[tuple[Any, ...]]:
        count = pattern.count("#") + pattern.count("*")
        if count == 0:
            return []
        sql = _PAIRS[pattern] if count == 2 else f"SELECT id FROM {_TABLES[self._root(pattern)]}"
        with self.standin.lock:
            return [tuple(row) for row in self.standin.store.all(sql)]

    def _column(self, sql: str) -> list[Any]:
        with self.standin.lock:
            return [row[0] for row in self.standin.store.all(sql)]

    @staticmethod
    def _root(pattern: str) -> str:
        return pattern.partition("/")[0]


#: what nobody makes here
_EMPTY = frozenset({"boards", "due_dates", "project_groups", "subscriptions", "teams", "worklists"})


def _story_of(write: Request, reply: Reply) -> int | None:
    """The story that a write was about, by its path, its body, or its answer."""
    found = re.search(r"/(?:stories|tags)/(\d+)", write.path)
    if found:
        return int(found[1])
    for text in (write.body, reply.body):
        try:
            said = json.loads(text)
        except ValueError:
            continue
        if isinstance(said, dict):
            named = said.get("story_id") or (said.get("id") if "/stories" in write.path else None)
            if named:
                return int(named)
    return None


def _get(pattern: str, path: str, token: str | None) -> Question:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    split = urlsplit(f"/v1/{path}")
    query = tuple(tuple(one.split("=", 1)) for one in split.query.split("&") if one)
    request = Request("GET", f"/v1/{path}", split.path, query, headers, b"")  # type: ignore[arg-type]
    return Question(pattern, request)
