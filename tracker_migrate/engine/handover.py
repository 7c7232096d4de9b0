"""The handover: what moved is said at the source, issue by issue, once; and taken back again.

What is known of an issue is the archive's; how it stands at the source is asked right before
anything is said. Killed at any moment, the same command goes on: what was meant is looked for, and
what is said already costs no request. One issue that fails stops no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import structs

from tracker_migrate.abilities import Announcer, Board, Notice, Stage, stage
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.sayings import FILTERED, Sayings, Signature, twin
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.telling import Teller
from tracker_migrate.errors import ObjectError, Refused, UsageError
from tracker_migrate.interfaces import Event, RemoteRef
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.handing import HandoverSettings
from tracker_migrate.workspace.told import Saying

_PAGE = 200
#: verdicts of issues whose address is good
_SURE = frozenset({"planned", "done"})
_SETTLED = frozenset({"said", "was"})
_Held = dict[Any, Saying]  # by what it is, and of what
NOT_PUBLIC = "it is not public any more: tracker-migrate sync --final reads it anew"


class HandedOver(msgspec.Struct, kw_only=True):
    """What a run did. issues: on which it said something, or took it back; already: on which all
    was said before. comments, tags, statuses: so many things were said, or taken back. found: how
    many requests were in doubt, and found carried out. was: things that stood there before us.
    refused: issues on which something could not be said, and why. left: issues on which something
    stays as a person has changed it. skipped: by reason, how many nothing is said on."""

    issues: int = 0
    already: int = 0
    comments: int = 0
    tags: int = 0
    statuses: int = 0
    found: int = 0
    was: int = 0
    refused: dict[Key, str] = msgspec.field(default_factory=dict)
    left: dict[Key, str] = msgspec.field(default_factory=dict)
    skipped: Counter[str] = msgspec.field(default_factory=Counter)

    def count(self, notice: Notice) -> None:
        """One more of its sort."""
        name = {"comment": "comments", "tag": "tags", "status": "statuses"}[notice.what]
        setattr(self, name, getattr(self, name) + 1)


class Handover:
    """Says where the issues of one target are. Raises UsageError if the settings name what the
    source can't have."""

    def __init__(
        self,
        target: Target,
        announcer: Announcer,
        settings: HandoverSettings,
        listen: Listen = silent,
    ) -> None:
        wrong = announcer.mistakes(tag=settings.tag, status=settings.status)
        if wrong:
            raise UsageError("\n".join(f"migration.toml: handover.{line}" for line in wrong))
        if not (settings.comment or settings.tag or settings.status):
            raise UsageError("migration.toml: handover: a comment, a tag or a status is to be said")
        self._target = target
        self._announcer = announcer
        self._listen = listen
        self._told = target.workspace.told
        self._sayings = Sayings(target, settings)
        self._teller = Teller(
            announcer,
            self._told,
            Signature(target.workspace),
            per_second=settings.per_second,
            settle_seconds=settings.settle_seconds,
            mail=settings.mail,
        )
        self.done = HandedOver()
        self._count = 0

    # -- what it is about -------------------------------------------------------------------------

    def due(self, only: Only | None = None) -> Iterator[tuple[Issue, list[Notice]]]:
        """The issues that something is to be said on, and what; counts the others. Asks no
        server."""
        for issue, at in self._chosen(only):
            notices = self._fresh(issue, at)
            if notices:
                yield issue, notices
            else:
                self.done.already += 1

    def _chosen(self, only: Only | None) -> Iterator[tuple[Issue, RemoteRef]]:
        ledger = self._target.ledger
        self._target.must_be_found()
        for page in pages(self._target.archive.issues(), _PAGE):
            keys = [issue.key for issue in page]
            held, verdicts = ledger.held(keys), ledger.verdicts(keys)
            for issue in page:
                one, verdict = held.get(issue.key), verdicts.get(issue.key)
                at = one.at if one is not None and one.state in ("there", "joined") else None
                sure = verdict is not None and verdict.state in _SURE
                sure = sure and self._target.closed(issue.key) is None
                reason = self._sayings.left_out(issue, at, sure)
                if not reason and only is not None and not only.takes(issue):
                    reason = FILTERED
                if reason or at is None:
                    self.done.skipped[reason] += 1
                else:
                    yield issue, at

    def _fresh(self, issue: Issue, at: RemoteRef) -> list[Notice]:
        """What is to be said on an issue and is not settled. A thing that was said stays as it is,
        whatever the settings say by now."""
        held = {(one.notice.what, one.notice.of): one for one in self._told.of(issue.key)}
        found = []
        for notice in self._sayings.of(issue, at):
            one = held.get((notice.what, notice.of))
            if one is None or one.state not in _SETTLED or _is_unseen(one):
                found.append(notice)
        return found

    # -- saying -----------------------------------------------------------------------------------

    def run(self, only: Only | None = None) -> HandedOver:
        """Say it all. Raises what stops a run; what concerns one issue is told in the end. A whole
        one ends the move: what comes later is treated as the settings say."""
        who = self._teller.who
        assert who
        for issue, notices in self.due(only):
            try:
                self._say(issue, notices)
            except ObjectError as error:
                self.done.refused[issue.key] = str(error)
            else:
                self.done.issues += 1
            self._hear(issue.key)
        self.done.found = self._teller.found
        if only is None and (self.done.already or self.done.issues):
            self._told.end(self._target.name)
        return self.done

    def _hear(self, issue: Key) -> None:
        self._count += 1
        self._listen(Event(name="told", key=issue, done=self._count))

    def _say(self, issue: Issue, notices: list[Notice]) -> None:
        held = {(one.notice.what, one.notice.of): one for one in self._told.of(issue.key)}
        board = self._announcer.board(issue.key)
        if board.private and not issue.private:
            raise Refused(NOT_PUBLIC)
        at = self._target.ledger.held([issue.key])[issue.key].at
        for notice in notices:
            saying = self._begun(issue, notice, held, at.url)
            if saying.state in _SETTLED:
                continue
            before = self._teller.sent
            try:
                saying, board = self._teller.say(issue, saying, board)
            except ObjectError as error:
                self._note(saying, str(error))
                raise
            if self._teller.sent > before:
                self.done.count(saying.notice)
            self.done.was += saying.state == "was"
            held[saying.notice.what, saying.notice.of] = saying
        self._see_stages(issue)

    def _begun(self, issue: Issue, notice: Notice, held: _Held, address: str) -> Saying:
        """The row of a thing that is to be said: its own, or a new one. A comment that was taken
        back keeps its row, under its own name. A comment that may have to be sent again is as it is
        worded now: what is private may have been forgotten of it."""
        one = held.get((notice.what, notice.of))
        if one is not None and one.state in (*_SETTLED, "meant", "taking"):
            if notice.what != "comment" or one.state in _SETTLED:
                return one
            return structs.replace(one, notice=structs.replace(one.notice, value=notice.value))
        if one is not None and one.notice.what == "comment" and one.notice.at is not None:
            gone = structs.replace(one.notice, of=one.notice.at)
            self._told.keep(structs.replace(one, notice=gone))
        return Saying(
            issue=issue.key,
            notice=notice,
            state="refused",
            target=self._target.name,
            address=address,
        )

    def _note(self, saying: Saying, reason: str) -> None:
        """Why something could not be said. What was meant stays so: its request may have been
        carried out, though nobody could look whether it was."""
        held = {(one.notice.what, one.notice.of): one for one in self._told.of(saying.issue)}
        one = held.get((saying.notice.what, saying.notice.of), saying)
        self._told.keep(structs.replace(one, reason=reason))

    def _see_stages(self, issue: Issue) -> None:
        """Note what became of the tasks whose status was changed, and of those that changed with
        them."""
        unseen = [one for one in self._told.of(issue.key) if _is_unseen(one)]
        if not unseen:
            return
        board = self._announcer.board(issue.key)
        known = {task.key: stage(task) for task in board.tasks}
        rows = []
        for one in unseen:
            for of in filter(None, (one.notice.of, self._twin(issue, one.notice.of))):
                rows += self._seen(issue, one, of, known)
        self._told.keep(*rows)

    def _seen(self, issue: Issue, one: Saying, of: Key, known: Mapping[Key, Stage]) -> list[Saying]:
        before = {task.key: stage(task) for task in issue.tasks}
        at = known.get(of)
        if of != one.notice.of and at == before.get(of):
            return []  # it did not change with the other one
        was = one.notice.was if of == one.notice.of else before.get(of)
        notice = structs.replace(one.notice, of=of, was=was, now=at or one.notice.was)
        return [structs.replace(one, state="said", notice=notice)]

    def _twin(self, issue: Issue, of: Key) -> Key | None:
        project = next((task.project for task in issue.tasks if task.key == of), None)
        held = self._target.archive.project(project) if project is not None else None
        return twin(issue, of, held)

    # -- taking back ------------------------------------------------------------------------------

    def undo(self, only: Only | None = None, *, dry_run: bool = False) -> HandedOver:
        """Take back what was said, as far as nobody has changed it since. Raises as `run`."""
        for key in self._told.issues():
            rows = [one for one in self._told.of(key) if _may_go_back(one)]
            issue = self._target.archive.issue(key)
            if not rows:
                continue
            if only is not None and (issue is None or not only.takes(issue)):
                self.done.skipped[FILTERED] += 1
                continue
            if dry_run:
                self.done.issues += 1
                for one in rows:
                    self.done.count(one.notice)
                continue
            try:
                self._take_back(key, rows)
            except ObjectError as error:
                self.done.refused[key] = str(error)
            else:
                self.done.issues += 1
            self._hear(key)
        self.done.found = self._teller.found
        if only is None and not dry_run and not self.done.refused:
            self._told.reopen()
        return self.done

    def _take_back(self, key: Key, rows: list[Saying]) -> None:
        board = self._announcer.board(key)
        for row in sorted(rows, key=lambda row: _LAST_FIRST[row.notice.what]):
            one = row
            if row.state == "meant":
                one = self._teller.ended(row)
                board = self._announcer.board(key)
            before = self._teller.sent
            done, board = self._teller.take_back(key, one, board)
            if self._teller.sent > before:
                self.done.count(one.notice)
                board = self._announcer.board(key)
            if done.state == "left":
                self.done.left[key] = done.reason
        notices = [one.notice for one in self._told.of(key)]
        self._teller.hide_copies([one.value for one in notices if one.what == "comment"], board)
        self._see_taken(key, board)

    def _see_taken(self, key: Key, board: Board) -> None:
        known = {task.key: stage(task) for task in board.tasks}
        rows = [
            structs.replace(one, notice=structs.replace(one.notice, now=known[one.notice.of]))
            for one in self._told.of(key)
            if one.state == "taken" and one.notice.what == "status" and one.notice.of in known
        ]
        self._told.keep(*rows)


_LAST_FIRST = {"status": 0, "tag": 1, "comment": 2}


def _is_unseen(one: Saying) -> bool:
    """Whether it is not noted yet what a task became by its new status."""
    return one.notice.what == "status" and one.state == "said" and one.notice.now is None


def _may_go_back(one: Saying) -> bool:
    return one.state in ("meant", "said", "taking")
