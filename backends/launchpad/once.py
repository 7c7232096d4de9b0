"""Answers that several threads want, each of them asked for once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

_Q = TypeVar("_Q", bound=Hashable)
_A = TypeVar("_A")


class NotTold(Exception):
    """The answer is that there will be none; the message says why. Remembered like any other."""


class Once(Generic[_Q, _A]):
    """Remembers what `ask` answers. What else it raises is for the one who asked, and forgotten."""

    def __init__(self, ask: Callable[[_Q], _A]) -> None:
        self._ask = ask
        self._slots: dict[_Q, _Slot[_A]] = {}
        self._guard = threading.Lock()

    def __call__(self, question: _Q) -> _A:
        """The answer to one question. Raises NotTold, and what `ask` raises."""
        return self.answers([question])[question]

    def answers(self, questions: Iterable[_Q]) -> dict[_Q, _A]:
        """The answers to several questions. Those that another thread asks just now come last, so
        that threads with the same questions share the work instead of queueing up."""
        found: dict[_Q, _A] = {}
        waiting = list(questions)
        for patient in (False, True):
            later: list[_Q] = []
            for question in waiting:
                slot = self._slot(question)
                if not slot.lock.acquire(blocking=patient):
                    later.append(question)
                    continue
                try:
                    found[question] = self._answer(slot, question)
                finally:
                    slot.lock.release()
            waiting = later
        return found

    def _slot(self, question: _Q) -> _Slot[_A]:
        with self._guard:
            return self._slots.setdefault(question, _Slot())

    def _answer(self, slot: _Slot[_A], question: _Q) -> _A:
        if slot.why is None and not slot.held:
            try:
                slot.held.append(self._ask(question))
            except NotTold as error:
                slot.why = str(error)
        if slot.why is not None:
            raise NotTold(slot.why)
        return slot.held[0]


class _Slot(Generic[_A]):
    __slots__ = ("held", "lock", "why")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: list[_A] = []
        self.why: str | None = None
