"""Time that passes only when somebody sleeps, so that a minute's settling takes none; and a wall
clock beside it that can be set wrong."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from types import ModuleType
from typing import Any

import msgspec
import pytest
import tenacity

from tracker_migrate import waiting

_SLEEP = waiting.sleep
_PACKAGE = "tracker_migrate."
#: these serve or set the scene: their time is real
_REAL = ("standin", "tracker_migrate.testing")
#: where the wall clock is asked
_WALL = re.compile(r"\.(engine|workspace)\.")
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualClock:
    """Stands in for the module `time` in all of the package; `on_sleep` hears of each sleep."""

    def __init__(self) -> None:
        self._seconds = 1_000.0
        self._guard = threading.Lock()
        #: how wrong the wall clock is, in seconds
        self.wrong = 0.0
        self.on_sleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self._seconds

    perf_counter = monotonic

    def sleep(self, seconds: float) -> None:
        """Let time pass, at once."""
        with self._guard:
            self._seconds += max(0.0, seconds)
        self.on_sleep()

    def time(self) -> float:
        """What the wall clock shows, as seconds."""
        return self.wall().timestamp()

    def wall(self) -> datetime:
        """What the wall clock shows."""
        return _BEGAN + timedelta(seconds=self._seconds + self.wrong)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    # -- putting it in --------------------------------------------------------------------------

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the clock of every module of the package, until the patch is undone."""
        for module in _modules():
            if getattr(module, "time", None) is time:
                patch.setattr(module, "time", self)
            if getattr(module, "datetime", None) is datetime and _WALL.search(module.__name__):
                _read_fields(module)
                patch.setattr(module, "datetime", self._datetime())
            self._defaults(patch, module)
        for waits in (tenacity, tenacity.nap):
            patch.setattr(waits, "time", self)
        patch.setattr(waiting, "sleep", self.sleep)

    def _datetime(self) -> type[datetime]:
        clock = self

        class Shown(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return clock.wall().astimezone(tz)

        return Shown

    def _defaults(self, patch: pytest.MonkeyPatch, module: ModuleType) -> None:
        """Arguments whose default is a function of the real clock."""
        ours = {
            _SLEEP: self.sleep,
            time.sleep: self.sleep,
            time.monotonic: self.monotonic,
            time.time: self.time,
        }
        for function in _functions(module):
            for name in ("__defaults__", "__kwdefaults__"):
                held = getattr(function, name)
                if isinstance(held, tuple) and any(_is_in(one, ours) for one in held):
                    new: Any = tuple(ours[one] if _is_in(one, ours) else one for one in held)
                    patch.setattr(function, name, new)
                elif isinstance(held, dict) and any(_is_in(one, ours) for one in held.values()):
                    new = {
                        key: ours[one] if _is_in(one, ours) else one for key, one in held.items()
                    }
                    patch.setattr(function, name, new)


def _is_in(value: Any, ours: dict[Any, Any]) -> bool:
    return any(value is one for one in ours)


def _modules() -> Iterator[ModuleType]:
    for name, module in list(sys.modules.items()):
        real = any(part in name for part in _REAL)
        if name.startswith(_PACKAGE) and not real and "model" not in name:
            yield module


def _read_fields(module: ModuleType) -> None:
    """Let msgspec look up what the fields of a module's structures are, which it does when it first
    decodes one, while `datetime` there still is the real one."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, msgspec.Struct):
            with suppress(TypeError):  # one that can't be decoded is never asked to be
                msgspec.json.Decoder(value)


def _functions(module: ModuleType) -> Iterator[Any]:
    for value in vars(module).values():
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, type):
            yield from (one for one in vars(value).values() if hasattr(one, "__kwdefaults__"))
        elif hasattr(value, "__kwdefaults__"):
            yield value
