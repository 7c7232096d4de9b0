"""Saying things on the issues of a memory source: see `abilities.Announcer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from tracker_migrate.abilities import Board, Notice, stage
from tracker_migrate.digest import digest
from tracker_migrate.errors import Gone, Retriable
from tracker_migrate.model import Comment, Issue, Key, Task, key, kind_of, name_of

if TYPE_CHECKING:
    from tracker_migrate.testing.memory_source import MemorySource

CLOSED = "Done"


class MemoryAnnouncer:
    """Changes the issues of a memory source as `me`. sent: what was said, in order."""

    def __init__(self, source: MemorySource, me: Key) -> None:
        self._source = source
        self._me = me
        self.sent: list[tuple[str, Key]] = []

    def who(self) -> Key:
        """See `abilities.Announcer`."""
        return self._me

    def mistakes(self, *, tag: str, status: str) -> Sequence[str]:
        """A tag is one word."""
        return [f'tag: "{tag}" has a blank'] if " " in tag else []

    def hearers(self, place: Key) -> int | None:
        """It does not say."""
        return None

    def board(self, issue: Key) -> Board:
        """See `abilities.Announcer`."""
        held = self._held(issue)
        mark = digest((held.tags, held.tasks))
        return Board(
            private=held.private,
            tags=held.tags,
            tasks=held.tasks,
            comments=held.comments,
            stamps=dict.fromkeys([issue, *(task.key for task in held.tasks)], mark),
        )

    def comment(self, issue: Key, text: str, *, mail: bool) -> Key | None:
        """See `abilities.Announcer`."""
        held = self._held(issue)
        index = max((one.index for one in held.comments), default=0) + 1
        of = key(self._source.tracker, "comment", f"{name_of(issue)}/{index}")
        said = Comment(
            key=of, index=index, home=held.home, text=text, author=self._me,
            created=self._source.clock,
        )  # fmt: skip
        self._put("comment", structs.replace(held, comments=(*held.comments, said)))
        return of

    def tag(self, issue: Key, tag: str, board: Board, *, there: bool = True) -> None:
        """See `abilities.Announcer`."""
        held = self._seen(issue, board)
        tags = {*held.tags, tag} if there else {*held.tags} - {tag}
        self._put("tag", structs.replace(held, tags=tuple(sorted(tags))))

    def status(self, task: Key, status: str, board: Board) -> None:
        """See `abilities.Announcer`; `CLOSED` closes."""
        issue = key(self._source.tracker, "bug", name_of(task).partition("@")[0])
        held = self._seen(issue, board)
        done = status == CLOSED
        now = self._source.clock if done else None
        tasks = tuple(
            structs.replace(one, status=status, complete=done, closed=now)
            if one.key == task
            else one
            for one in held.tasks
        )
        self._put("status", structs.replace(held, tasks=tasks))

    def hide(self, comment: Key) -> None:
        """See `abilities.Announcer`."""
        held = self._held(key(self._source.tracker, "bug", name_of(comment).partition("/")[0]))
        comments = tuple(
            structs.replace(one, text="", withheld="hidden") if one.key == comment else one
            for one in held.comments
        )
        self._put("hide", structs.replace(held, comments=comments))

    def without(self, issue: Issue, notices: Sequence[Notice]) -> Issue:
        """See `abilities.Announcer`."""
        said = {one.at for one in notices if one.what == "comment"}
        tags = {one.value for one in notices if one.what == "tag" and not one.back}
        statuses = {one.of: one for one in notices if one.what == "status"}
        return structs.replace(
            issue,
            tags=tuple(tag for tag in issue.tags if tag not in tags),
            comments=tuple(one for one in issue.comments if one.key not in said),
            tasks=tuple(_before(task, statuses.get(task.key)) for task in issue.tasks),
        )

    def _held(self, issue: Key) -> Issue:
        held = self._source.held(issue)
        if held is None or kind_of(issue) != "bug":
            raise Gone(f"{issue} is not there")
        return held

    def _seen(self, issue: Key, board: Board) -> Issue:
        if self.board(issue).stamps != board.stamps:
            raise Retriable("somebody has changed it at the same moment")
        return self._held(issue)

    def _put(self, what: str, issue: Issue) -> None:
        self.sent.append((what, issue.key))
        self._source.put(issue)


def _before(task: Task, notice: Notice | None) -> Task:
    if notice is None or notice.was is None:
        return task
    here = stage(task)
    ours = here.status == notice.value if notice.now is None else here == notice.now
    return structs.replace(task, **structs.asdict(notice.was)) if ours else task
