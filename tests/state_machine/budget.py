"""Lets the machine run for so many steps, or so long, and counts."""

from __future__ import annotations

import random
import sys
import time
import traceback

import hypothesis
import hypothesis.internal.conjecture.engine
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.state_machine.machine import TALLY, Machine

#: seconds that are spent on making what was found small
hypothesis.internal.conjecture.engine.MAX_SHRINKING_SECONDS = 30
LENGTH = 60
EXAMPLES = 12


def once(machine: type[Machine], seed: int, examples: int = EXAMPLES, shrink: bool = True) -> None:
    """One round of examples: the same ones for the same seed. Raises what the machine finds."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    how = settings(
        max_examples=examples, stateful_step_count=LENGTH, deadline=None, database=None,
        phases=phases, print_blob=True, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(hypothesis.seed(seed)(type(machine.__name__, (machine,), {})), settings=how)


def run(machine: type[Machine], seed: int, steps: int, seconds: float) -> int:
    """Rounds until there were so many steps, or the time is over; how many steps there were."""
    until, draw = time.monotonic() + seconds, random.Random(seed)
    before = TALLY.steps[machine.world]
    while (done := TALLY.steps[machine.world] - before) < steps and time.monotonic() < until:
        at = draw.randrange(10**9)
        try:
            once(machine, at)
        except BaseException:
            sys.stdout.write(f"{machine.__name__} seed={at}\n")
            raise
    return done
