"""A spy at a target: reads all that can be read, as each outsider, and knows what he must not read.

He asks the stand-in itself, not over the network, so that he can ask after each single write. What
must not be read is told by words that occur once in the world (`marks`).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from tests.end_to_end.marks import Marks, found_in
from tracker_migrate.testing.loopback import Reply, Request, StandIn

#: the words that somebody at the target must not read
Forbidden = Callable[[str], Collection[str]]


class Leak(NamedTuple):
    """A word that was read by whom it must not be. writes: after how many of them."""

    outsider: str
    question: str
    what: str
    issue: int | str
    writes: int


class Leaked(AssertionError):
    """Something private was read by an outsider."""


class Question(NamedTuple):
    """What the spy asks. name: of the method or path, as the stand-in's own table has it."""

    name: str
    request: Request


class Spy(ABC):
    """Looks at one stand-in. outsiders: name → token, None for nobody at all. forbidden: what each
    must not read, asked anew before each look."""

    def __init__(
        self,
        standin: StandIn,
        marks: Marks,
        outsiders: Mapping[str, str | None],
        forbidden: Forbidden,
    ) -> None:
        self.standin, self.marks = standin, marks
        self.outsiders, self.forbidden = dict(outsiders), forbidden
        self.leaks: list[Leak] = []
        self.seen: dict[str, set[str]] = {name: set() for name in outsiders}
        self.questions: set[str] = set()
        self.asked = self.writes = self.looks = 0
        self._guard = threading.RLock()
        self._answer = standin.answer

    # -- what a tracker's own spy says ------------------------------------------------------------

    @abstractmethod
    def everything(self, token: str | None) -> Iterator[Question]:
        """All that somebody can ask for, object by object."""

    @abstractmethod
    def lists(self, token: str | None) -> Iterator[Question]:
        """What shows many objects at once: lists, feeds, the search."""

    @abstractmethod
    def about(self, write: Request, reply: Reply, token: str | None) -> Iterator[Question]:
        """All about the issue that a write was about."""

    @abstractmethod
    def to_ask(self) -> frozenset[str]:
        """The names of all reading questions that the stand-in can answer."""

    # -- looking ----------------------------------------------------------------------------------

    def look(self) -> None:
        """Ask everything, as everybody."""
        with self._guard:
            for name, token in self.outsiders.items():
                self._ask(name, [*self.lists(token), *self.everything(token)])

    def look_after(self, write: Request, reply: Reply) -> None:
        """Ask the lists, and all about what was written."""
        with self._guard:
            self.writes += 1
            for name, token in self.outsiders.items():
                self._ask(name, [*self.lists(token), *self.about(write, reply, token)])

    def more(self, question: Question, reply: Reply) -> Question | None:
        """What follows from an answer: the next page of a list."""
        return None

    def told(self, question: Question, reply: Reply) -> bytes:
        """What an answer tells who can unpack it."""
        return reply.body

    def _ask(self, outsider: str, questions: list[Question]) -> None:
        forbidden = frozenset(self.forbidden(outsider))
        self.looks += 1
        while questions:
            question = questions.pop()
            reply = self._answer(question.request)
            self.questions.add(question.name)
            self.asked += 1
            following = self.more(question, reply)
            questions += [following] if following else []
            words = found_in(self.told(question, reply)) | found_in(repr(reply.headers))
            self.seen[outsider] |= words
            self._note(outsider, question, words & forbidden)

    def _note(self, outsider: str, question: Question, words: Collection[str]) -> None:
        for word in words:
            mark = self.marks[word]
            leak = Leak(outsider, question.name, mark.what, mark.issue, self.writes)
            if leak not in self.leaks:
                self.leaks.append(leak)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look after each single write, and at everything in the end."""
        standin, answer = self.standin, self._answer

        def answered(request: Request) -> Reply:
            self._read_address(request)
            reply = answer(request)
            if standin.is_write(request):
                self.look_after(request, reply)
            return reply

        standin.answer = answered  # type: ignore[method-assign]
        try:
            yield
        finally:
            standin.answer = answer  # type: ignore[method-assign]
        self.look()

    def _read_address(self, request: Request) -> None:
        """Whoever keeps a log on the way reads addresses."""
        with self._guard:
            secret = frozenset(self.forbidden("nobody"))
            question = Question("the address of a request", request)
            self._note("nobody", question, found_in(request.target) & secret)

    # -- what came of it --------------------------------------------------------------------------

    def found_nothing(self) -> None:
        """Raises Leaked with the first leaks."""
        if self.leaks:
            shown = "\n".join(str(leak) for leak in self.leaks[:10])
            raise Leaked(f"{len(self.leaks)} leaks at {type(self).__name__}:\n{shown}")

    def saw(self, outsider: str, words: Collection[str]) -> None:
        """That somebody could read these: else the spy looks at the wrong places."""
        missing = [self.marks[word] for word in words if word not in self.seen[outsider]]
        assert not missing, f"{outsider} did not see {missing[:5]}"
