"""Telling people at a source where projects were renamed: issues and tasks have the names here that
they had at first, and the source is asked by those that they have now."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from tracker_migrate.abilities import Announcer, Board, Notice
from tracker_migrate.engine.rekeying import rekeyed
from tracker_migrate.model import Issue, Key, parts
from tracker_migrate.workspace.names import Names


def first_named(issue: Issue, names: Names) -> Issue:
    """An issue as it was read, by the keys that all it names was given first."""
    return rekeyed(issue, parts(issue.key)[0], names.first) if names.moved else issue


class ByFirstNames:
    """An `Announcer` that is spoken to by first names; without a project that was renamed, it says
    what the source's own does."""

    def __init__(self, announcer: Announcer, names: Names) -> None:
        self._announcer = announcer
        self._names = names

    def who(self) -> Key:
        """See `abilities.Announcer`."""
        return self._announcer.who()

    def mistakes(self, *, tag: str, status: str) -> Sequence[str]:
        """See `abilities.Announcer`."""
        return self._announcer.mistakes(tag=tag, status=status)

    def hearers(self, place: Key) -> int | None:
        """See `abilities.Announcer`."""
        return self._announcer.hearers(self._names.now(place))

    def board(self, issue: Key) -> Board:
        """See `abilities.Announcer`."""
        board = self._announcer.board(issue)
        if not self._names.moved:
            return board
        named = rekeyed(board, parts(issue)[0], self._names.first)
        stamps = {self._names.first(of): stamp for of, stamp in board.stamps.items()}
        return structs.replace(named, stamps=stamps)

    def comment(self, issue: Key, text: str, *, mail: bool) -> Key | None:
        """See `abilities.Announcer`."""
        return self._announcer.comment(issue, text, mail=mail)

    def tag(self, issue: Key, tag: str, board: Board, *, there: bool = True) -> None:
        """See `abilities.Announcer`."""
        self._announcer.tag(issue, tag, self._as_now(board), there=there)

    def status(self, task: Key, status: str, board: Board) -> None:
        """See `abilities.Announcer`."""
        self._announcer.status(self._names.now(task), status, self._as_now(board))

    def hide(self, comment: Key) -> None:
        """See `abilities.Announcer`."""
        self._announcer.hide(comment)

    def without(self, issue: Issue, notices: Sequence[Notice]) -> Issue:
        """See `abilities.Announcer`: an issue by first names."""
        return self._announcer.without(issue, notices)

    def _as_now(self, board: Board) -> Board:
        stamps = {self._names.now(of): stamp for of, stamp in board.stamps.items()}
        return structs.replace(board, stamps=stamps)
