"""Saying on Launchpad's bugs where they are by now: a comment, a tag, a status; and taking it back.

Launchpad mails people of each of these; a comment alone can be added without mail, by whom a bug's
project trusts. A comment of one's own can be hidden by its author, and is not deleted: its number
stays in any case (seen on a running server).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from tracker_migrate.abilities import Board, Notice, Stage, stage
from tracker_migrate.backends.launchpad import places, wire_bug
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.listing import STATUSES
from tracker_migrate.backends.launchpad.reading import plain, understanding
from tracker_migrate.backends.launchpad.wire import TRACKER, is_private, text
from tracker_migrate.errors import Doubtful, Gone, LoginNeeded, Refused
from tracker_migrate.model import Change, Comment, Issue, Key, Task, key, kind_of, name_of

_LONGEST_PAGE = 300
#: of at least two characters (`valid_name`, seen on a running server)
_TAG = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_NO_LOGIN = "handover writes at Launchpad, and needs a login that may: log in there"


class LaunchpadAnnouncer:
    """Says it on bugs: blueprints have no comments."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sender = client.sender()

    def who(self) -> Key:
        """See `abilities.Announcer`."""
        if self._client.anonymous:
            raise LoginNeeded(_NO_LOGIN)
        return key(TRACKER, "person", places.viewer(self._client))

    def mistakes(self, *, tag: str, status: str) -> Sequence[str]:
        """See `abilities.Announcer`."""
        wrong = []
        if tag and not _TAG.fullmatch(tag):
            wrong.append(
                f'tag: "{tag}" is none at Launchpad: lower-case letters, digits, + - and ., '
                "two of them or more"
            )
        if status and status not in STATUSES:
            wrong.append(f'status: Launchpad has no "{status}": {", ".join(STATUSES)}')
        return wrong

    def hearers(self, place: Key) -> int | None:
        """The structural subscriptions; Launchpad counts them for everybody, and names none."""
        asked = f"{name_of(place)}?ws.op=getSubscriptions"
        try:
            with understanding(place):
                return int(next(self._client.collection(asked)).value["total_size"])
        except (Gone, Refused):
            return None

    # -- how it stands ----------------------------------------------------------------------------

    def board(self, issue: Key) -> Board:
        """See `abilities.Announcer`. Three requests, more for many comments."""
        with understanding(issue):
            return self._board(issue)

    def _board(self, issue: Key) -> Board:
        path = _path(issue)
        bug = self._client.fresh(path).value
        tasks = self._rows(f"{path}/bug_tasks")
        messages = self._rows(f"{path}/messages", _LONGEST_PAGE)
        made = wire_bug.issue(bug, wire_bug.Parts(tasks=tasks, messages=messages))
        stamps = {issue: plain(text(bug["http_etag"]))}
        for row in tasks:
            task = wire_bug.task_key(name_of(issue), row)
            stamps[task] = plain(text(row["http_etag"]))
        return Board(
            private=is_private(bug),
            tags=made.tags,
            tasks=made.tasks,
            comments=made.comments,
            stamps=stamps,
        )

    def _rows(self, path: str, size: int | None = None) -> list[Any]:
        return [row for got in self._client.collection(path, size) for row in got.entries]

    # -- what is sent -----------------------------------------------------------------------------

    def comment(self, issue: Key, text: str, *, mail: bool) -> Key | None:
        """See `abilities.Announcer`. Nothing in the request tells two alike apart."""
        fields = {"ws.op": "newMessage", "content": text}
        if not mail:
            fields["send_notifications"] = "false"
        answer = self._sender.post(_path(issue), fields)
        index = answer.headers.get("Location", "").rpartition("/comments/")[2]
        if answer.status_code != 201:
            raise Doubtful("Launchpad does not say that it has added a comment")
        return key(TRACKER, "comment", f"{name_of(issue)}/{index}") if index.isdecimal() else None

    def tag(self, issue: Key, tag: str, board: Board, *, there: bool = True) -> None:
        """See `abilities.Announcer`: the whole list is sent, for the bug as it was seen."""
        tags = sorted({*board.tags, tag} if there else {*board.tags} - {tag})
        self._sender.patch(_path(issue), {"tags": tags}, board.stamps[issue])

    def status(self, task: Key, status: str, board: Board) -> None:
        """See `abilities.Announcer`."""
        number, _, target = name_of(task).partition("@")
        self._sender.patch(f"{target}/+bug/{number}", {"status": status}, board.stamps[task])

    def hide(self, comment: Key) -> None:
        """See `abilities.Announcer`."""
        number, _, index = name_of(comment).partition("/")
        fields = {"ws.op": "setCommentVisibility", "comment_number": index, "visible": "false"}
        self._sender.post(f"bugs/{number}", fields)

    def without(self, issue: Issue, notices: Sequence[Notice]) -> Issue:
        """See `abilities.Announcer`."""
        return without(issue, notices)

    def close(self) -> None:
        """Give back the connection."""
        self._sender.close()


def _path(issue: Key) -> str:
    if kind_of(issue) != "bug" or not name_of(issue).isdecimal():
        raise Refused("only bugs have comments at Launchpad")
    return f"bugs/{name_of(issue)}"


# -- reading back ---------------------------------------------------------------------------------


def without(issue: Issue, notices: Sequence[Notice]) -> Issue:
    """An issue less what was said on it; see `abilities.Announcer.without`."""
    said = {one.at for one in notices if one.what == "comment" and one.at is not None}
    tags = {one.value for one in notices if one.what == "tag" and not one.back}
    statuses = {one.of: one for one in notices if one.what == "status"}
    tasks = tuple(_before(task, statuses.get(task.key), issue) for task in issue.tasks)
    comments = tuple(one for one in issue.comments if one.key not in said)
    return structs.replace(
        issue,
        tags=tuple(tag for tag in issue.tags if tag not in tags),
        tasks=tasks,
        comments=comments,
        history=_others(issue, notices),
        extra=_counted(issue, comments),
    )


def _before(task: Task, notice: Notice | None, issue: Issue) -> Task:
    if notice is None:
        return task
    if notice.was is None:
        return _by_history(task, notice, issue)
    here = stage(task)
    ours = here.status == notice.value if notice.now is None else here == notice.now
    ours = ours or _is_put_back(task, here, notice, notice.was, issue)
    return structs.replace(task, **structs.asdict(notice.was)) if ours else task


def _is_put_back(task: Task, here: Stage, notice: Notice, was: Stage, issue: Issue) -> bool:
    """Whether a task is as it was but for the dates of its status being put back, by the history: a
    run that was killed right then has not noted what became of it."""
    last = _last_change(task, issue)
    if last is None or (last.author, last.old) != (notice.by, notice.value):
        return False
    if here.status != was.status or here.complete != was.complete:
        return False
    stays = {name: when for name, when in here.dates.items() if not _at_once(when, last)}
    closed = here.closed is None or _at_once(here.closed, last) or here.closed == was.closed
    return closed and stays.items() <= was.dates.items()


def _last_change(task: Task, issue: Issue) -> Change | None:
    """The last row of the history about a task's status."""
    rows = [row for row in issue.history if row.what == f"{task.target_name}: status"]
    return max(rows or _beside(task, issue), key=lambda row: row.when, default=None)


def _by_history(task: Task, notice: Notice, issue: Issue) -> Task:
    """The task as far as the history tells how it was: who changed its status last, and when; dates
    that Launchpad forgot then are lost."""
    last = _last_change(task, issue)
    if last is None or last.author != notice.by or last.new != notice.value or not last.old:
        return task
    dates = {name: when for name, when in task.dates.items() if not _at_once(when, last)}
    closed_then = task.closed is not None and _at_once(task.closed, last)
    return structs.replace(
        task,
        status=last.old,
        dates=dates,
        closed=None if closed_then else task.closed,
        complete=task.complete and not closed_then,
    )


def _beside(task: Task, issue: Issue) -> list[Change]:
    """Changes of another task's status that changed this one's with it: a project's, and that of
    its focus of development, of which the history tells one."""
    dates = [*task.dates.values(), *([task.closed] if task.closed is not None else [])]
    return [
        row
        for row in issue.history
        if row.what.endswith(": status") and any(_at_once(when, row) for when in dates)
    ]


def _at_once(when: Any, row: Change) -> bool:
    """Whether a date was set by the change that a row of the history tells of: within seconds."""
    return bool(abs((when - row.when).total_seconds()) < 2)


def _others(issue: Issue, notices: Sequence[Notice]) -> tuple[Change, ...]:
    places = {task.key: task.target_name for task in issue.tasks}
    ours = [
        ("tags", one.value, one.by)
        if one.what == "tag"
        else (f"{places.get(one.of)}: status", one.value, one.by)
        for one in notices
        if one.what != "comment" and one.by is not None
    ]
    return tuple(row for row in issue.history if not any(_is_of(row, one) for one in ours))


def _is_of(row: Change, one: tuple[str, str, Key | None]) -> bool:
    what, value, by = one
    if row.what != what or row.author != by:
        return False
    if what != "tags":
        return value in (row.old, row.new)
    return _words(row.old) ^ _words(row.new) == {value}


def _words(tags: str | None) -> set[str]:
    return set((tags or "").split())


def _counted(issue: Issue, comments: tuple[Comment, ...]) -> dict[str, Any]:
    """The counts and dates that follow from the comments."""
    fewer = len(issue.comments) - len(comments)
    if not fewer:
        return issue.extra
    more = dict(issue.extra)
    if isinstance(more.get("message_count"), int):
        more["message_count"] -= fewer
    dates = [one.created for one in comments if one.created is not None]
    if dates and "date_last_message" in more:
        more["date_last_message"] = max(dates).isoformat()
    return more
