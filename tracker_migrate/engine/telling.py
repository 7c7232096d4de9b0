"""Saying one thing at the source, once: meant first, then sent, then noted.

A request whose reply was lost is settled by looking. A tag or a status is sent for the issue as it
was seen, so that one which comes late is refused by the source, and may be sent again; of a comment
nothing tells two alike apart, so that one is looked for until it can't come any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from msgspec import structs

from tracker_migrate import waiting
from tracker_migrate.abilities import Announcer, Board, Notice, Stage, stage
from tracker_migrate.errors import Doubtful, NotSent, Refused, Retriable, Unreachable
from tracker_migrate.model import Comment, Issue, Key, Task
from tracker_migrate.workspace.packing import moment, now
from tracker_migrate.workspace.told import Saying, State, Told

_TRIES = 6
_LONGEST_WAIT = 30.0
_BUSY = "it did not go through in {many} attempts: run it again"


class Signed(Protocol):
    """What finds our comment among others: by its text, or its last line alone."""

    def like(self, comments: tuple[Comment, ...], text: str) -> list[Comment]: ...


class Teller:
    """Says things on one issue after another, no faster than it may.

    signed: finds our comment. per_second, settle_seconds, mail: of the settings.
    """

    def __init__(
        self,
        announcer: Announcer,
        told: Told,
        signed: Signed,
        *,
        per_second: float,
        settle_seconds: float,
        mail: bool,
    ) -> None:
        self.announcer = announcer
        self._told = told
        self._signed = signed
        self._apart = 1 / per_second if per_second else 0.0
        self._settle = settle_seconds
        self._mail = mail
        self._next = 0.0
        self._who: Key | None = None
        #: how many requests were carried out; how many were in doubt, and found carried out
        self.sent = self.found = 0

    @property
    def who(self) -> Key:
        """As whom it speaks, asked once. Raises LoginNeeded."""
        if self._who is None:
            self._who = self.announcer.who()
        return self._who

    # -- saying -----------------------------------------------------------------------------------

    def say(self, issue: Issue, saying: Saying, board: Board) -> tuple[Saying, Board]:
        """Say one thing on an issue, unless it stands there; what is noted of it, and how the issue
        stands. Raises Refused, Gone, LoginNeeded, Unreachable."""
        for attempt in range(_TRIES):
            stands = self._standing(saying, board)
            in_doubt = saying.state == "meant"  # an earlier request may have been carried out
            if stands is None and in_doubt and saying.notice.what == "comment":
                stands = self._settled(saying)
                in_doubt = stands is not None  # else it can't come any more
            if stands is not None:
                self.found += in_doubt and stands.state == "said"
                return self._kept(stands), board
            saying = self._meant(saying, board)
            try:
                at = self._send(issue, saying.notice, board)
            except Refused as error:
                return self._refused(saying, in_doubt, error), board
            except Doubtful:
                saying = self._kept(saying)  # from now on it may still come for a while
                board = self.announcer.board(issue.key)
            except Retriable as error:
                state: State = "meant" if in_doubt else "refused"
                saying = self._kept(structs.replace(saying, state=state, reason=str(error)))
                self._wait(attempt, error)
                board = self.announcer.board(issue.key)
            else:
                self.sent += 1
                notice = structs.replace(saying.notice, at=at) if at else saying.notice
                return self._kept(structs.replace(saying, state="said", notice=notice)), board
        raise Refused(_BUSY.format(many=_TRIES))

    def _meant(self, saying: Saying, board: Board) -> Saying:
        notice = structs.replace(saying.notice, by=self.who)
        task = _task(board, notice.of)
        known = notice.was is not None and task is not None and notice.was.status == task.status
        if task is not None and not known:  # else as it was before anything was ever said
            notice = structs.replace(notice, was=stage(task))
        self._pace()
        notice = structs.replace(notice, now=None, back=False)
        return self._kept(structs.replace(saying, state="meant", reason="", notice=notice))

    def _refused(self, saying: Saying, in_doubt: bool, error: Refused) -> Saying:
        """What is to be noted of a request that was refused: an earlier one, whose reply was lost,
        may have been carried out all the same. Raises the error if none was."""
        found = self._settled(saying) if in_doubt else None
        if found is None:
            self._kept(structs.replace(saying, state="refused", reason=str(error)))
            raise error
        self.found += 1
        return self._kept(found)

    def _send(self, issue: Issue, notice: Notice, board: Board) -> Key | None:
        if notice.what == "comment":
            return self.announcer.comment(issue.key, notice.value, mail=self._mail)
        if notice.what == "tag":
            self.announcer.tag(issue.key, notice.value, board)
        else:
            self.announcer.status(notice.of, notice.value, board)
        return None

    def _standing(self, saying: Saying, board: Board) -> Saying | None:
        """What is to be noted if it stands there already; None if it does not."""
        notice = saying.notice
        if notice.what == "comment":
            mine = self._signed.like(board.comments, notice.value)
            if not mine:
                return None
            one = mine[0]
            known = structs.replace(notice, at=one.key, by=one.author or notice.by)
            return structs.replace(saying, state="said", notice=known, reason="")
        ours: State = "said" if saying.state in ("meant", "taking") else "was"
        if notice.what == "tag":
            there = notice.value in board.tags
        else:
            task = _task(board, notice.of)
            there = task is None or task.status == notice.value
            if task is not None and task.complete and not there:
                there, ours = True, "was"  # somebody has closed it: that stays
        return structs.replace(saying, state=ours, reason="") if there else None

    def ended(self, saying: Saying) -> Saying:
        """A thing that was meant, as it came out; nothing is sent for it."""
        found = self._settled(saying)
        if found is not None:
            self.found += 1
            return self._kept(found)
        gone = structs.replace(saying.notice, back=True)
        return self._kept(structs.replace(saying, state="taken", notice=gone))

    def _settled(self, saying: Saying) -> Saying | None:
        """What an earlier request may still bring: look when it can't come any more."""
        passed = (datetime.now(UTC) - moment(saying.at)).total_seconds()
        self._sleep(min(self._settle, max(0.0, self._settle - passed)))
        return self._looked_for(saying)

    def _looked_for(self, saying: Saying) -> Saying | None:
        """Twice: the first look may be answered by what has not heard of it."""
        for again in (False, True):
            if again:
                self._sleep(min(1.0, self._settle / 4))
            found = self._standing(saying, self.announcer.board(saying.issue))
            if found is not None:
                return found
        return None

    # -- taking back ------------------------------------------------------------------------------

    def take_back(self, issue: Key, saying: Saying, board: Board) -> tuple[Saying, Board]:
        """Take one thing back, unless somebody has changed it since. Raises as `say`."""
        for attempt in range(_TRIES):
            state, reason = _due(saying, board)
            if state != "taking":
                self.found += saying.state == "taking" and state == "taken"
                back = structs.replace(saying.notice, back=state == "taken", now=None)
                return self._kept(
                    structs.replace(saying, state=state, reason=reason, notice=back)
                ), board
            self._pace()
            saying = self._kept(structs.replace(saying, state="taking", reason=""))
            try:
                self._send_back(issue, saying.notice, board)
            except Refused:
                raise
            except Doubtful:
                pass
            except Retriable as error:
                self._wait(attempt, error)
            else:
                self.sent += 1
                back = structs.replace(saying.notice, back=True, now=None)
                return self._kept(structs.replace(saying, state="taken", notice=back)), board
            board = self.announcer.board(issue)
        raise Refused(_BUSY.format(many=_TRIES))

    def hide_copies(self, texts: Iterable[str], board: Board) -> None:
        """Hide what stands there of comments that came twice. Raises as `say`."""
        copies = {one.key for text in texts for one in self._signed.like(board.comments, text)}
        for of in sorted(copies):
            self.announcer.hide(of)

    def _send_back(self, issue: Key, notice: Notice, board: Board) -> None:
        if notice.what == "comment" and notice.at is not None:
            self.announcer.hide(notice.at)
        elif notice.what == "tag":
            self.announcer.tag(issue, notice.value, board, there=False)
        elif notice.was is not None:
            self.announcer.status(notice.of, notice.was.status, board)

    # -- time -------------------------------------------------------------------------------------

    def _kept(self, saying: Saying) -> Saying:
        saying = structs.replace(saying, at=now())
        self._told.keep(saying)
        return saying

    def _pace(self) -> None:
        self._sleep(self._next - time.monotonic())
        self._next = time.monotonic() + self._apart

    def _wait(self, attempt: int, error: Retriable) -> None:
        if isinstance(error, NotSent) and error.after is None:
            raise Unreachable(str(error)) from None
        seconds = 0.05 * 4**attempt if error.after is None else error.after
        self._sleep(min(_LONGEST_WAIT, seconds))

    def _sleep(self, seconds: float) -> None:
        waiting.check()
        if seconds > 0:
            waiting.sleep(seconds)


def _task(board: Board, of: Key) -> Task | None:
    return next((task for task in board.tasks if task.key == of), None)


def _due(saying: Saying, board: Board) -> tuple[State, str]:
    """What is to be done to take a thing back: `taking` if a request, else what it is by now."""
    notice = saying.notice
    if notice.what == "comment":
        one = next((one for one in board.comments if one.key == notice.at), None)
        gone = one is None or one.withheld is not None or one.deleted is not None
        return ("taken", "") if gone else ("taking", "")
    if notice.what == "tag":
        return ("taking", "") if notice.value in board.tags else ("taken", "")
    task = _task(board, notice.of)
    was: Stage | None = notice.was
    if task is None or was is None or task.status == was.status:
        return "taken", ""
    if task.status != notice.value:
        return "left", "somebody has given it another status since"
    return "taking", ""
