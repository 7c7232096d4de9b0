"""A pass over the issues of one target: which are due, who writes them, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress

from tracker_migrate.engine.ahead import Ahead, NotYet
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.inorder import Halted, InOrder
from tracker_migrate.engine.survey import CLOSED_STATES, pages
from tracker_migrate.engine.writing import Writing
from tracker_migrate.model import Issue, Key
from tracker_migrate.waiting import check as go_on_or_stop
from tracker_migrate.workspace.ledger import Verdict

#: so many verdicts are asked for at once
_PAGE = 200
#: so many issues, at most, are at hand where they are created in order: one is created, beside what
#: hangs on the one before, while the next ones are made ready
_AT_HAND = 4


class Passes:
    """Goes over the issues of one target, once or twice."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._target = target = writing.target
        self._sink, self._ledger = target.sink, target.ledger
        self._stopping = False
        self._skipped = self._found = 0
        self._ahead: frozenset[Key] | set[Key] = frozenset()

    def run(
        self,
        only: Only | None,
        limit: int | None,
        last: bool,
        own: Callable[[Iterable[Issue]], Iterable[Issue]],
    ) -> int:
        """Write what is to be written in one pass: to create it, or to the last of it. own: what
        of that this process writes. Returns how many issues were due."""
        connections = self._sink.connections
        ordered = self._sink.ordered and not last
        workers = min(_AT_HAND, connections) if ordered else connections
        self._writing.order = InOrder() if ordered else None
        self._skipped = self._found = 0
        issues = own(self._to_write(only, limit))
        beside = connections - 1 if ordered else 0
        with (
            Ahead(beside, self._rest) as ahead,
            ThreadPoolExecutor(workers, thread_name_prefix="write") as pool,
        ):
            try:
                self._spread(pool, issues, last, workers, ahead)
            except BaseException:
                self._stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        self._ahead = ahead.done
        self._writing.end_doubts(last)
        if last or not self._found:
            self._writing.applied.unchanged += self._skipped
        return self._found

    def _spread(
        self,
        pool: ThreadPoolExecutor,
        issues: Iterable[Issue],
        last: bool,
        workers: int,
        ahead: Ahead,
    ) -> None:
        futures: set[Future[None]] = set()
        for number, issue in enumerate(issues):
            futures.add(pool.submit(self._in_turn, number, issue, last, ahead))
            while len(futures) > workers * 2:
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        for future in futures:
            future.result()

    def _to_write(self, only: Only | None, limit: int | None) -> Iterator[Issue]:
        """Issues that are not known to be done from these very inputs, in order."""
        taken = 0
        for key, content, verdict in self._judged():
            if verdict is None or verdict.state in CLOSED_STATES or key in self._writing.failed:
                continue
            if key in self._ahead:
                taken += 1
                continue
            if verdict.state == "done" and verdict.inputs == inputs(self._target, content):
                self._skipped += 1
                continue
            if self._writing.aside.rests(verdict, content):
                continue
            issue = self._target.archive.issue(key)
            if issue is None or (only is not None and not only.takes(issue)):
                continue
            taken += 1
            if limit is not None and taken > limit:
                return
            self._found += 1
            yield issue

    def _judged(self) -> Iterator[tuple[Key, str, Verdict | None]]:
        """All issues, with the digests of their contents and where they stood a page ago."""
        for page in pages(self._target.archive.digests(), _PAGE):
            verdicts = self._ledger.verdicts([key for key, _ in page])
            yield from ((key, content, verdicts.get(key)) for key, content in page)

    def _in_turn(self, number: int, issue: Issue, last: bool, ahead: Ahead) -> None:
        """One issue, unless an earlier one met what stops the run: numbers follow the source."""
        turn = self._writing.order.at(number) if self._writing.order is not None else nullcontext()
        with suppress(Halted), turn, self._going_on() as goes_on:
            if goes_on and self._writing.issue(issue, last) and not last:
                ahead.offer(issue)

    def _rest(self, issue: Issue) -> bool:
        """All of an issue that is created; whether it could be written by now."""
        with self._going_on() as goes_on, suppress(NotYet):
            self._ledger.flush()  # what was made of it just now is on its way there
            return goes_on and self._writing.issue(issue, last=True, ahead=True)
        return False

    @contextmanager
    def _going_on(self) -> Iterator[bool]:
        """Whether nothing stops the run yet; what is raised within does."""
        try:
            if not self._stopping:
                go_on_or_stop()
            yield not self._stopping
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        """Let nothing more begin."""
        self._stopping = True
        if self._writing.order is not None:
            self._writing.order.halt()
