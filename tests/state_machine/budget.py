"""Lets the machine run for so many steps, or so long, and counts."""

from __future__ import annotations

import random
import re
import sys
import time
import traceback
from collections import Counter
from typing import NamedTuple

import hypothesis
import hypothesis.internal.conjecture.engine
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.state_machine.machine import TALLY, Machine

#: seconds that are spent on making what was found small
hypothesis.internal.conjecture.engine.MAX_SHRINKING_SECONDS = 60
#: steps of an example; and examples that are drawn from one seed
LENGTH, EXAMPLES = 40, 10
_KINDS = ("doubles", "losses", "overwritten", "leaks")


class Round(NamedTuple):
    """What came of a seed. found: what is to be told, or ""."""

    world: str
    seed: int
    found: str = ""

    @property
    def kind(self) -> str:
        """Which law is broken."""
        told = [kind for kind in _KINDS if kind in self.found]
        return told[0] if told else "other"


def once(
    machine: type[Machine], seed: int, examples: int = EXAMPLES, *, small: bool = True
) -> None:
    """One round of examples: the same ones for the same seed. Raises what the machine finds.
    small: an example that fails is made as short as can be."""
    how = settings(
        max_examples=examples, stateful_step_count=LENGTH, deadline=None, database=None,
        phases=[Phase.generate, Phase.shrink] if small else [Phase.generate], print_blob=True,
        report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    one = type(machine.__name__, (machine,), {})
    run_state_machine_as_test(hypothesis.seed(seed)(one), settings=how)


def rounds(
    machine: type[Machine], seed: int, steps: int, seconds: float, *, small: bool = True
) -> list[Round]:
    """Rounds until there were so many steps, or the time is over. Returns those that found
    something; their seeds are told at once."""
    until, draw = time.monotonic() + seconds, random.Random(f"{seed} {machine.world}")
    before, found = TALLY.steps[machine.world], []
    while TALLY.steps[machine.world] - before < steps and time.monotonic() < until:
        at = draw.randrange(10**9)
        try:
            once(machine, at, small=small)
        except Exception:  # noqa: BLE001  whatever it is, it is told, and the machine goes on
            told = traceback.format_exc()
            found.append(Round(machine.world, at, told))
            sys.stdout.write(f"--- {machine.__name__} {at}\n{told}\n")
            sys.stdout.flush()
    return found


def summary(found: list[Round], began: float) -> str:
    """The one line at the end."""
    kinds = Counter(one.kind for one in found)
    what = " ".join(f"{kind}={kinds[kind]}" for kind in _KINDS)
    each = ", ".join(f"{world}: {n}" for world, n in sorted(TALLY.steps.items()))
    return (
        f"seconds={time.monotonic() - began:.0f} ({each})\n"
        f"steps={TALLY.steps.total()} examples={TALLY.examples.total()} {what} found={len(found)}"
    )


def short(told: str) -> str:
    """The first line of what was found, without its words."""
    lines = [line for line in told.splitlines() if line.startswith(("AssertionError", "Finding"))]
    return re.sub(r"\d+", "N", lines[0]) if lines else told.splitlines()[-1]
