"""What the tests of the sink have in common: an issue under a number of its own, and how far it is
sent."""

from __future__ import annotations

import msgspec

from tests.backends.storyboard import servers
from tests.backends.storyboard.example import Run
from tracker_migrate.interfaces import Audience, ClosedStep
from tracker_migrate.model import Issue

SECRET = Audience(name="security", users=("3",))
#: the importer, a superuser, for projects have to be made
ME = "1"


def renumbered(issue: Issue) -> Issue:
    """The same bug under a number that no earlier run has used."""
    number = str(next(servers.fresh))
    raw = msgspec.json.encode(issue).replace(b"1316547", number.encode())
    return msgspec.json.decode(raw, type=Issue)


def private(issue: Issue) -> Issue:
    return msgspec.structs.replace(issue, private=True, information_type="Private Security")


def sent_until(run: Run, issue: Issue, kind: str) -> ClosedStep:
    """Send an issue's steps up to the first of a kind, which is given back unsent."""
    for step in run.steps(issue):
        if step.kind == kind:
            return step
        run.send(step)
    raise AssertionError(f"no {kind}")


def number_of(step: ClosedStep) -> int:
    number = step.actions[0].number
    assert number is not None
    return number
