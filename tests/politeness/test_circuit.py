"""When a host counts as down, and how seldom it is asked then."""

from __future__ import annotations

import pytest

from tracker_migrate.circuit import LAST_PROBE, LIMIT, SLOW, WINDOW, Circuit, State


def failed(times: int, at: float = 0.0) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        circuit.fail(at, "it does not answer")
    return circuit


def state(circuit: Circuit) -> State:
    return circuit.state


def test_it_opens_after_some_failures_in_a_row() -> None:
    assert failed(LIMIT - 1).state is State.CLOSED
    assert failed(LIMIT).state is State.OPEN


def test_an_answer_between_them_keeps_it_closed() -> None:
    circuit = failed(LIMIT - 1)
    circuit.succeed()
    circuit.fail(0, "it does not answer")
    assert state(circuit) is State.CLOSED
    assert circuit.in_a_row == 1


def test_two_slow_ones_are_enough() -> None:
    circuit = failed(1)
    circuit.fail(SLOW, "no answer in time")
    assert state(circuit) is State.OPEN


def test_failures_far_apart_are_not_in_a_row() -> None:
    circuit = failed(LIMIT - 1, at=1.0)
    circuit.fail(2 * WINDOW, "it does not answer")
    assert state(circuit) is State.CLOSED
    assert circuit.since == 2 * WINDOW


def test_one_object_that_the_server_fails_at_is_no_outage() -> None:
    circuit = Circuit()
    for _ in range(10):
        circuit.fail(0, "it answers 503", about="bugs/1")
    assert state(circuit) is State.CLOSED
    assert not circuit.lasting
    for number in range(2, LIMIT + 1):
        circuit.fail(0, "it answers 503", about=f"bugs/{number}")
    assert state(circuit) is State.OPEN


def test_probes_become_more_and_more_seldom() -> None:
    circuit, now, waits = failed(LIMIT), 0.0, []
    for _ in range(8):
        waits.append(circuit.next_probe - now)
        now = circuit.next_probe
        circuit.probed(now, "it does not answer")
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert max(waits) == LAST_PROBE


def test_an_answered_probe_lets_one_request_decide() -> None:
    circuit = failed(LIMIT)
    circuit.probed(1.0, "")
    assert state(circuit) is State.TRYING
    circuit.fail(2.0, "it answers 502")
    assert state(circuit) is State.OPEN
    assert circuit.next_probe == pytest.approx(4.0), "the interval goes on growing"
    circuit.probed(4.0, "")
    assert circuit.succeed()
    assert state(circuit) is State.CLOSED
    assert circuit.in_a_row == 0


def test_the_outage_is_as_old_as_its_first_failure() -> None:
    circuit = failed(1, at=5.0)
    for now in (6.0, 7.0, 8.0):
        circuit.fail(now, "it does not answer")
    circuit.probed(9.0, "it takes no connection")
    assert (circuit.since, circuit.what) == (5.0, "it takes no connection")
