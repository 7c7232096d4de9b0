"""One host, asked by many: on a clock that only waiting moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tracker_migrate import hosts, retries, waiting
from tracker_migrate.circuit import LIMIT
from tracker_migrate.errors import Doubtful, Held, ObjectError, Retriable, Unreachable
from tracker_migrate.hosts import Host, in_time
from tracker_migrate.interfaces import Event

NAME = "bugs.example.org"
DOWN = f"{NAME} does not answer (it takes no connection)"


class Scene:
    """A host, its clock, and what was told. up: whether a probe is answered."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.probes: list[float] = []
        self.told: list[str] = []
        self.up_at = 1e9
        self.host = Host(NAME, lambda: None, clock=lambda: self.now, sleep=self.sleep)  # type: ignore[arg-type,return-value]
        self.host.limit(0, patience=600)
        self.host.probe = self.probe
        self.host.answered()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def probe(self) -> str:
        self.probes.append(self.now)
        return "" if self.now >= self.up_at else DOWN

    def hear(self, event: Event) -> None:
        assert event.name == "waiting"
        self.told.append(event.detail)

    def goes_down(self, seconds: float = 1e9) -> None:
        self.up_at = self.now + seconds
        for _ in range(LIMIT):
            self.host.failed(DOWN)

    def waited(self, ask: Callable[[], None]) -> float:
        """How long asking took."""
        before = self.now
        ask()
        return self.now - before


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(hosts.random, "uniform", lambda least, most: 1.0)  # type: ignore[attr-defined]
    made = Scene()
    with waiting.heard_by(made.hear):
        yield made


def test_nobody_waits_for_a_server_that_answers(scene: Scene) -> None:
    for _ in range(100):
        scene.host.ready()
        scene.host.answered()
    scene.host.failed(DOWN)
    scene.host.ready()
    assert (scene.slept, scene.told) == ([], [])


@pytest.mark.parametrize(("asked", "waited"), [(17.0, 17.0), (0.0, 0.0), (9000.0, 120.0)])
def test_a_retry_after_holds_the_whole_host_back(scene: Scene, asked: float, waited: float) -> None:
    scene.host.asked(f"{NAME} asks for patience (429)", asked)
    assert scene.waited(scene.host.ready) == pytest.approx(waited)
    assert scene.waited(scene.host.ready) == 0, "once"
    told = [f"{NAME} asks for patience (429); going on in {in_time(waited)}"] if waited else []
    assert scene.told == told


def test_a_later_retry_after_that_ends_earlier_changes_nothing(scene: Scene) -> None:
    scene.host.asked("429", 30)
    scene.host.asked("429", 10)
    assert scene.waited(scene.host.ready) == pytest.approx(30)


def test_without_a_time_it_is_left_alone_for_longer_each_time(scene: Scene) -> None:
    waits = []
    for _ in range(7):
        scene.host.asked("429")
        waits.append(round(scene.waited(scene.host.ready)))
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_all_threads_are_held_back(scene: Scene) -> None:
    passed: list[float] = []
    lock = threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            scene.sleep(seconds)

    scene.host._sleep = sleep
    scene.host.asked("429", 20)

    def ask() -> None:
        scene.host.ready()
        with lock:
            passed.append(scene.now)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(passed) == 8
    assert min(passed) >= 1020.0


def test_one_object_that_launchpad_gives_up_on_slows_nobody(scene: Scene) -> None:
    for _ in range(5):
        scene.host.gave_up_on("bugs/1")
    assert scene.waited(scene.host.ready) == 0
    scene.host.gave_up_on("bugs/2")
    assert scene.waited(scene.host.ready) > 0
    assert scene.told == [f"{NAME} is slow; going on in 2 s"]


def test_a_server_that_is_down_gets_probes_alone_and_all_goes_on_by_itself(scene: Scene) -> None:
    scene.goes_down(20)
    scene.host.ready()
    assert scene.now >= scene.up_at
    assert len(scene.probes) == 5, "after 1, 3, 7, 15 and 31 seconds"
    scene.host.answered()
    assert scene.told[0] == f"{DOWN}; trying again in 1 s"
    assert scene.told[1] == f"{DOWN}; trying again in 2 s, since 1 s"
    assert scene.told[-1] == f"{NAME} answers again, after 31 s"


def test_one_request_decides_and_the_others_wait_for_it(scene: Scene) -> None:
    scene.goes_down(0.5)
    scene.host.ready()
    with waiting.one_send(), pytest.raises(Held) as held:
        scene.host.ready(write=True)
    assert held.value.after is not None
    scene.host.answered()
    scene.host.ready(write=True)


def test_if_that_request_fails_the_probes_go_on(scene: Scene) -> None:
    scene.goes_down(0.5)
    scene.host.ready()
    assert scene.host.failed(f"{NAME} answers 502")
    assert scene.waited(scene.host.ready) >= 2
    assert len(scene.probes) == 2


def test_patience_ends(scene: Scene) -> None:
    scene.goes_down()
    with pytest.raises(Unreachable, match="for 10 min: gave up; nothing is lost, run the same"):
        scene.host.ready()
    assert 600 <= scene.now - 1000 < 700
    assert len(scene.probes) < 30


def test_after_that_it_is_asked_again_when_a_probe_is_due(scene: Scene) -> None:
    scene.goes_down(650)
    with pytest.raises(Unreachable):
        scene.host.ready()
    with pytest.raises(Unreachable):
        scene.host.ready()
    scene.now = 2000
    scene.host.ready()


def test_a_new_client_has_new_patience(scene: Scene) -> None:
    scene.goes_down(650)
    with pytest.raises(Unreachable):
        scene.host.ready()
    scene.host.limit(0, patience=600)
    scene.host.ready()
    assert scene.now >= scene.up_at


def test_no_patience_is_none(scene: Scene) -> None:
    scene.host.patience = 0
    scene.goes_down()
    with pytest.raises(Unreachable, match=r"connection\)$"):
        scene.host.ready()
    assert (scene.slept, scene.told) == ([], [])


def test_a_server_that_never_answered_is_not_waited_for_long(scene: Scene) -> None:
    scene.host._is_there = False
    scene.goes_down()
    with pytest.raises(Unreachable, match=r"connection\)$"):
        scene.host.ready()
    assert scene.now - 1000 < 20


def test_inside_a_send_nothing_is_waited_for(scene: Scene) -> None:
    scene.goes_down()
    with waiting.one_send():
        with pytest.raises(Held) as held:
            scene.host.ready()
        assert held.value.after == 1.0
    with waiting.one_send():
        under_way = waiting.send()
        assert under_way is not None
        under_way.wrote = True
        with pytest.raises(Doubtful) as doubt:
            scene.host.ready()
        assert doubt.value.down
    assert scene.slept == []


def test_inside_a_send_the_end_of_patience_is_told_apart(scene: Scene) -> None:
    scene.goes_down()
    scene.now += 601
    with pytest.raises(Unreachable):
        scene.host.ready()
    with waiting.one_send(), pytest.raises(Held) as held:
        scene.host.ready(write=True)
    assert held.value.after is None


@pytest.mark.parametrize(("wrote", "raised"), [(False, Held), (True, Doubtful)])
@pytest.mark.parametrize("down", [False, True])
def test_a_slow_read_inside_a_send_is_no_end_of_the_run(
    monkeypatch: pytest.MonkeyPatch, wrote: bool, raised: type[ObjectError], down: bool
) -> None:
    monkeypatch.setattr(retries, "_IN_A_SEND", -1.0)

    def read() -> None:
        raise hosts.blamed(Retriable("no answer in time"), down)

    with waiting.one_send():
        under_way = waiting.send()
        assert under_way is not None
        under_way.wrote = wrote
        with pytest.raises(raised) as caught:
            retries.Reads(6, 0.0)(read)
    assert caught.value.down == down


def test_waits_can_be_ended(scene: Scene) -> None:
    scene.goes_down()
    waiting.end()
    try:
        with pytest.raises(waiting.Stopped):
            scene.host.ready()
        with waiting.one_send(), pytest.raises(Held) as held:
            scene.host.ready()
        assert held.value.after is None
    finally:
        waiting.begin()


def test_a_long_sleep_ends_at_once_when_waits_are_ended() -> None:
    failed: list[Exception] = []

    def sleep() -> None:
        try:
            waiting.sleep(600)
        except waiting.Stopped as error:
            failed.append(error)

    thread = threading.Thread(target=sleep)
    thread.start()
    try:
        waiting.end()
        thread.join(10)
    finally:
        waiting.begin()
    assert len(failed) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8, "8 s"), (99, "99 s"), (120, "2 min"), (3600, "1 h"), (11100, "3 h 5 min")],
)
def test_times_are_told_in_words(seconds: float, words: str) -> None:
    assert in_time(seconds) == words
