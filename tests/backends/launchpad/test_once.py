"""Answers that several threads want are asked for once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tracker_migrate.backends.launchpad.once import NotTold, Once
from tracker_migrate.errors import Retriable


def test_threads_with_the_same_questions_share_the_work() -> None:
    asked: list[tuple[int, int]] = []
    both = threading.Barrier(2, timeout=5)

    def ask(question: int) -> int:
        asked.append((question, threading.get_ident()))
        if question < 2:
            both.wait()  # only if two threads are here with different questions
        return question * 2

    once = Once(ask)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(once.answers, range(5)) for _ in range(2)]
        assert [one.result() for one in futures] == [{n: n * 2 for n in range(5)}] * 2
    assert sorted(question for question, _ in asked) == [0, 1, 2, 3, 4]


def test_a_failure_is_forgotten_and_a_no_remembered() -> None:
    said: list[Exception | int] = [Retriable("later"), NotTold("why"), 7]

    def ask(question: str) -> int:
        answer = said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    once = Once(ask)
    with pytest.raises(Retriable):
        once("x")
    for _ in range(2):
        with pytest.raises(NotTold, match="why"):
            once("x")
    assert once("y") == 7
