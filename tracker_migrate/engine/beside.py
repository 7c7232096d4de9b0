"""Who else sends at a target while we do: nobody, or the workers on other machines.

What must not be sent by two at once is then kept apart by the workspace's database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol

from tracker_migrate import waiting
from tracker_migrate.model import Key
from tracker_migrate.workspace.advised import Advised
from tracker_migrate.workspace.ledger import Ledger

#: seconds between two looks at what another worker is making
_LOOK = 0.25


class Beside(Protocol):
    """What a target's writers keep to."""

    @property
    def lanes(self) -> Callable[[tuple[str, ...]], AbstractContextManager[None]]:
        """Holds lanes by their names."""
        ...

    @property
    def making(self) -> Callable[[tuple[str, ...]], AbstractContextManager[None]]:
        """Held while somebody makes what many issues share, by its keys."""
        ...

    @property
    def claiming(self) -> AbstractContextManager[Any]:
        """Held while somebody claims numbers."""
        ...

    def looks(self) -> Iterator[None]:
        """So often it is looked whether what somebody else makes is there."""
        ...

    def makes(self, keys: Collection[Key]) -> bool:
        """Whether somebody else is making one of these, and it is not known how that ended."""
        ...


class Lanes:
    """Locks by name: steps that share a lane are sent one at a time."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def __call__(self, names: tuple[str, ...]) -> Iterator[None]:
        """Hold all these lanes; taken in sorted order, so that nobody waits in a circle."""
        with ExitStack() as stack:
            for name in sorted(names):
                with self._guard:
                    lock = self._locks.setdefault(name, threading.Lock())
                stack.enter_context(lock)
            yield


class Alone:
    """Nobody else sends: see `Beside`."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.making = Lanes()
        self.claiming = threading.Lock()

    def looks(self) -> Iterator[None]:
        """One is enough."""
        yield

    def makes(self, keys: Collection[Key]) -> bool:
        """Nobody does."""
        return False


class Among:
    """Other workers send, each with several threads: see `Beside`. seconds: how long one waits for
    another that is making something, before its issue is left."""

    def __init__(self, locks: Advised, ledger: Ledger, seconds: float) -> None:
        self._ledger, self._seconds = ledger, seconds
        self.lanes = locks
        self.claiming = locks.named("claiming numbers")

    def making(self, keys: tuple[str, ...]) -> AbstractContextManager[None]:
        """See `Beside.making`. No lane, which is entered within, is called so."""
        return self.lanes([f"making {key}" for key in keys])

    def looks(self) -> Iterator[None]:
        """As long as it is worth waiting."""
        for _ in range(max(1, int(self._seconds / _LOOK))):
            yield
            waiting.check()
            waiting.sleep(_LOOK)

    def makes(self, keys: Collection[Key]) -> bool:
        """By the intents that are open; whoever asks holds `making`, so none of them is new."""
        return bool(keys) and not self._ledger.sending().isdisjoint(keys)
