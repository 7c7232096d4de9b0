"""What systemd is told of the daemon: that it is ready, what it does, and that it still goes on.

The watchdog is fed while something happens, or while nothing has to: a round that hangs starves it,
a long one that goes on does not, and neither does a night of waiting for a server that is away.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tracker_migrate import waiting
from tracker_migrate.cli import screen
from tracker_migrate.engine.watch import Watch
from tracker_migrate.workspace.pulse import Pulse

Say = Callable[[str], None]
#: seconds for which a service manager is waited for that takes no message
_PATIENCE = 5.0


class Notifier:
    """Tells the service manager. every: seconds within which it wants to hear of us, 0 for never;
    silent: for how many seconds nothing has gone on."""

    def __init__(
        self, say: Say, every: float, silent: Callable[[], float] = waiting.silent
    ) -> None:
        self._say = say
        self._silent = silent
        self._turn = every / 4
        self._done = threading.Event()
        self._ready = False
        self._told = ""

    def told(self, pulse: Pulse) -> None:
        """The daemon says how it goes."""
        if not self._ready:
            self._ready = True
            self._say("READY=1")
        if pulse.doing == "ended":
            self._say("STOPPING=1")
        line = _line(pulse)
        if line != self._told:
            self._told = line
            self._say(f"STATUS={line}")

    def feed(self) -> bool:
        """Feed the watchdog, if something has gone on since the last time; whether it was fed."""
        fed = self._silent() <= self._turn
        if fed:
            self._say("WATCHDOG=1")
        return fed

    def run(self) -> None:
        """Feed it until `stop`."""
        while not self._done.wait(self._turn):
            self.feed()

    def stop(self) -> None:
        """Feed it no more."""
        self._done.set()


def _line(pulse: Pulse) -> str:
    words = [pulse.doing]
    if pulse.doing == "writing":
        words.append(f"to {pulse.what}")
    if pulse.until:
        words.append(f"until {pulse.until}")
    failing = [name for name, side in pulse.targets.items() if side.failing]
    failing += ["the source"] if pulse.source.failing else []
    if failing:
        words.append(f"({', '.join(failing)} failing)")
    return f"{' '.join(words)}; {pulse.rounds} rounds"


@contextmanager
def notifying(watch: Watch, environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """While in it, the service manager hears how it goes, if there is one that wants to."""
    say = _notifier(environ)
    if say is None:
        yield
        return
    ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    every = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 if ours else 0.0
    notifier = Notifier(say, every)
    watch.told.append(notifier.told)
    thread = threading.Thread(target=notifier.run, name="watchdog", daemon=True)
    if every:
        thread.start()
    try:
        yield
    finally:
        notifier.stop()
        if every:
            thread.join()


def _notifier(environ: Mapping[str, str]) -> Say | None:
    if not environ.get("NOTIFY_SOCKET"):
        return None
    try:
        from sdnotify import SystemdNotifier
    except ModuleNotFoundError:
        screen.echo("systemd hears nothing: pip install tracker-migrate[operate]", err=True)
        return None
    notifier = SystemdNotifier()
    if notifier.socket is not None:
        notifier.socket.settimeout(_PATIENCE)  # a manager that does not listen must not hold us up
    say: Say = notifier.notify
    return say
