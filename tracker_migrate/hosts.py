"""How one server is treated: what all threads and clients of a process that ask it have in common.

Each request asks `ready` first, and tells afterwards how it went. So a server is never asked faster
than it may be, is left alone while it wants to be, and while it is down gets one probe now and then
instead of every thread's requests. Everything goes on by itself when it answers again.
"""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tracker_migrate import waiting
from tracker_migrate.circuit import LIMIT, Circuit, State
from tracker_migrate.errors import Doubtful, NotSent, ObjectError, Unreachable
from tracker_migrate.pace import SharedSlots, Slots, shared_path

#: the longest that a Retry-After is obeyed, in seconds
PATIENCE = 120.0
#: a server that never answered is waited for so long, in seconds: its address may be wrong
FIRST_PATIENCE = 10.0
#: requests for two objects that a server gave up on, within so many seconds, slow it down
_TOGETHER = 60.0
_MOMENT = 2.0
_LOOK_AGAIN = 0.2
_PORTS = {"http": 80, "https": 443}


class Host:
    """One server. Its settings are the strictest that a client asked for.

    name: for people. patience: seconds for which it is waited for while it is down. probe: asks it
    something harmless, and says in words what was wrong ("" if it answered). clock, sleep: seams.
    """

    def __init__(
        self,
        name: str,
        slots: Callable[[], Slots],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = waiting.sleep,
    ) -> None:
        self.name = name
        self.per_second = 0.0
        self.patience = 0.0
        self.probe: Callable[[], str] | None = None
        #: how many requests were answered
        self.answers = 0
        self._clock, self._sleep = clock, sleep
        self._make_slots = slots
        self._slots: Slots | None = None
        self._circuit = Circuit(lambda: random.uniform(0.75, 1.25))
        self._guard = threading.Lock()
        self._calm = True
        self._held_until = 0.0
        self._moments = 0
        self._busy = False  # a probe, or the one request that decides, is under way
        self._busy_since = 0.0
        self._slow: dict[str, float] = {}
        self._is_there = False  # it gave some answer, if only that it wants to be left alone
        self._quiet_until = 0.0

    def limit(self, per_second: float, patience: float) -> None:
        """The settings of a client that is new: the lower rate and the longer patience hold, and
        patience begins anew. per_second: 0 is no limit."""
        with self._guard:
            now = self._clock()
            if self._is_over(now):
                self._circuit.renew(now)
            if per_second > 0:
                self.per_second = min(per_second, self.per_second or per_second)
                self._slots = self._slots or self._make_slots()
            self.patience = max(patience, self.patience)

    @property
    def is_down(self) -> bool:
        """Whether it is being waited for."""
        return self._circuit.lasting

    # -- before a request -----------------------------------------------------------------------

    def ready(self, *, write: bool = False) -> None:
        """Return when the next request may be sent, and see that it is sent then.

        Raises Unreachable when our patience is at an end. Inside a send nothing is waited for: it
        raises NotSent, or Doubtful if a request of that send was written already.
        """
        try:
            while True:
                decides = not self._calm and self._wait_for_it()
                self._keep_the_pace()
                if decides or self._calm:
                    break
        except waiting.Stopped as stopped:
            if waiting.send() is None:
                raise
            raise self._refusal(str(stopped), None) from None
        under_way = waiting.send()
        if write and under_way is not None:
            under_way.writes()

    def _keep_the_pace(self) -> None:
        if self._slots is not None:
            seconds = self._slots.take(1 / self.per_second)
            if seconds > max(5.0, 4 / self.per_second):
                self._tell_of_others(seconds)
            if seconds > 0:
                self._sleep(seconds)

    def _tell_of_others(self, seconds: float) -> None:
        now = self._clock()
        if now >= self._quiet_until:
            self._quiet_until = now + seconds
            why = "another process was asked to leave it alone, or asks it, too"
            waiting.tell("waiting", f"{self.name}: {why}; going on in {in_time(seconds)}")

    def _wait_for_it(self) -> bool:
        """Wait until requests may go out again; whether the caller's is the one that decides."""
        while True:
            waiting.check()
            with self._guard:
                now = self._clock()
                seconds, probes = self._due(now)
                if seconds <= 0:
                    self._busy, self._busy_since = not self._calm, now
                what = self._circuit.what
                over = seconds > 0 and self._is_over(now)
            if over:
                raise self._refusal(self._last_words(now), None)
            if seconds > 0:
                if waiting.send() is not None:
                    raise self._refusal(what, max(seconds, 1.0))
                self._sleep(min(seconds, 0.5))
            elif not probes:
                return not self._calm
            else:
                self._ask_a_probe()

    def _due(self, now: float) -> tuple[float, bool]:
        """Seconds until the caller may do something, and whether that is a probe."""
        if now < self._held_until:
            return self._held_until - now, False
        if self._circuit.state is State.CLOSED:
            self._calm = True
            return 0.0, False
        if self._busy and now - self._busy_since < PATIENCE:
            return _LOOK_AGAIN, False
        if self._circuit.state is State.TRYING:
            return 0.0, False
        return self._circuit.next_probe - now, True

    def _ask_a_probe(self) -> None:
        what = self._circuit.what
        try:
            what = self.probe() if self.probe is not None else ""
        finally:
            with self._guard:
                now = self._clock()
                self._circuit.probed(now, what)
                self._busy = False
                told = self._told(now) if what else ""
        if told:
            waiting.tell("waiting", told)

    def _is_over(self, now: float) -> bool:
        patience = self.patience if self._is_there else min(self.patience, FIRST_PATIENCE)
        return self._circuit.lasting and now - self._circuit.since >= patience

    def _refusal(self, what: str, after: float | None) -> Unreachable | ObjectError:
        """What a request that is not sent raises. after: None if there is no use in waiting."""
        return Unreachable(what) if waiting.send() is None else put_off(what, after, down=True)

    def _last_words(self, now: float) -> str:
        circuit = self._circuit
        if not self._is_there or not self.patience:
            return circuit.what
        return (
            f"{circuit.what}, for {in_time(now - circuit.since)}: gave up; nothing is lost, run the"
            " same command again to go on"
        )

    # -- after it -------------------------------------------------------------------------------

    def answered(self) -> None:
        """A request was answered: the server is up."""
        self.answers += 1
        self._is_there = True
        _ALL.count()
        waiting.beat()
        if self._calm and not self._circuit.in_a_row and not self._moments:
            return
        with self._guard:
            now = self._clock()
            was = now - self._circuit.since
            back = self._circuit.succeed()
            self._busy, self._moments = False, 0
        if back:
            waiting.tell("waiting", f"{self.name} answers again, after {in_time(was)}")

    def failed(self, what: str, about: str = "") -> bool:
        """A request failed as those of a server that is down do; whether it is down.

        what: who did what, in words for people. about: the object that it may be about instead.
        """
        waiting.beat()
        with self._guard:
            now = self._clock()
            before = self._circuit.state
            self._circuit.fail(now, what, about)
            self._busy = False
            opened = self._circuit.state is State.OPEN and before is not State.OPEN
            self._calm = self._calm and not opened
            told = self._told(now) if opened else ""
            down = self._circuit.lasting
        if told and not self._is_over(now):
            waiting.tell("waiting", told)
        return down

    def asked(self, what: str, seconds: float | None = None) -> bool:
        """It asked to be left alone, for so many seconds if it said so. All requests wait; whether
        this has gone on for a while."""
        waiting.beat()
        with self._guard:
            now = self._clock()
            self._circuit.fail(now, what, opens=False)
            self._busy, self._is_there = False, True
            wait = self._hold(now, min(seconds, PATIENCE) if seconds is not None else None)
            down = self._circuit.in_a_row >= LIMIT
        if wait > waiting.SHORT:
            waiting.tell("waiting", f"{what}; going on in {in_time(wait)}")
        return down

    def gave_up_on(self, about: str) -> None:
        """It gave up on a request about an object: it is slow if it does so on two."""
        waiting.beat()
        with self._guard:
            now = self._clock()
            self._slow = {one: at for one, at in self._slow.items() if now - at < _TOGETHER}
            self._slow[about] = now
            wait = 0.0
            if len(self._slow) > 1:
                self._slow.clear()
                wait = self._hold(now, _MOMENT)
        if wait > waiting.SHORT:
            waiting.tell("waiting", f"{self.name} is slow; going on in {in_time(wait)}")

    def _hold(self, now: float, seconds: float | None) -> float:
        """Have all requests wait; by how much longer than they did already."""
        if seconds is None:
            if now < self._held_until:
                return 0.0
            seconds = min(30.0, 2.0**self._moments) * random.uniform(0.75, 1.25)
            self._moments = min(self._moments + 1, 10)
        longer = now + seconds - max(now, self._held_until)
        if longer <= 0:
            return 0.0
        self._held_until = now + seconds
        self._calm = False
        if self._slots is not None:
            self._slots.hold(seconds)
        return longer

    def _told(self, now: float) -> str:
        circuit = self._circuit
        since = f", since {in_time(now - circuit.since)}" if now - circuit.since >= 1 else ""
        return f"{circuit.what}; trying again in {in_time(circuit.next_probe - now)}{since}"


def put_off(what: str, after: float | None, *, down: bool) -> ObjectError:
    """What a send raises in which something has to wait: NotSent, or Doubtful if a request of it
    was written already. after: seconds until it is worth another try, None: never."""
    under_way = waiting.send()
    wrote = under_way is not None and under_way.wrote
    return blamed(Doubtful(what) if wrote else NotSent(what, after), down)


def blamed(error: ObjectError, down: bool) -> ObjectError:
    """The error, with whether the whole server was down."""
    error.down = down
    return error


def in_time(seconds: float) -> str:
    """A time for people: `8 s`, `2 min`, `3 h 5 min`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


class _Tally:
    """How many requests were answered since this process began."""

    def __init__(self) -> None:
        self.many = 0
        self._guard = threading.Lock()

    def count(self) -> None:
        with self._guard:
            self.many += 1


def _alone(_host: str, slots: Slots) -> Slots:
    return slots


_ALL = _Tally()
_make: Callable[[str, Slots], Slots] = _alone
_known: weakref.WeakValueDictionary[tuple[str, str, int], Host] = weakref.WeakValueDictionary()
_knowing = threading.Lock()


@contextmanager
def paced_by(make: Callable[[str, Slots], Slots]) -> Iterator[None]:
    """While in it, hosts that become known share their slots as `make` says, which gets a host's
    name and the slots of this machine."""
    global _make  # noqa: PLW0603  one process, one pace
    before, _make = _make, make
    forget()
    try:
        yield
    finally:
        _make = before
        forget()


def forget() -> None:
    """Know nothing of any host: clients that are made from now on start afresh."""
    with _knowing:
        _known.clear()


def answered() -> int:
    """How many requests the hosts have answered that clients live of."""
    with _knowing:
        return sum(host.answers for host in _known.values())


def ever_answered() -> int:
    """How many requests were answered since this process began, by whatever host."""
    return _ALL.many


def down() -> list[str]:
    """The names of the hosts that are waited for now."""
    with _knowing:
        return sorted(host.name for host in _known.values() if host.is_down)


def host_of(address: str) -> Host:
    """The host of an address: the same object for all clients that live at the same time."""
    split = urlsplit(address)
    port = split.port or _PORTS.get(split.scheme, 0)
    at = (split.scheme, (split.hostname or "").lower(), port)
    with _knowing:
        host = _known.get(at)
        if host is None:
            named = f"{at[0]}://{at[1]}:{at[2]}"
            make = _make
            host = _known[at] = Host(
                split.netloc, lambda: make(named, SharedSlots(shared_path(named)))
            )
    return host
