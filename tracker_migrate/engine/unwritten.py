"""How many issues wait to be written to a target. Asks no server."""

from __future__ import annotations

from contextlib import closing

from tracker_migrate.engine.aside import Aside
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.survey import CLOSED_STATES, pages
from tracker_migrate.engine.target import Target
from tracker_migrate.workspace import Workspace

_PAGE = 200
#: states of issues that a run leaves as they are, unless something of them changes
_SETTLED = ("done", "aside", *CLOSED_STATES)


def unwritten(workspace: Workspace, name: str) -> int:
    """The issues of the archive that a run would write now: it goes over all of them. Raises what
    opening a target does."""
    with closing(Target(workspace, name)) as target:
        aside, count = Aside(target), 0
        for page in pages(target.archive.digests(), _PAGE):
            verdicts = target.ledger.verdicts([key for key, _ in page])
            for key, content in page:
                one = verdicts.get(key)
                if one is None or one.state == "planned":
                    count += 1
                elif one.state == "done":
                    count += one.inputs != inputs(target, content)
                elif one.state == "aside":
                    count += not aside.rests(one, content)
        return count


def expected(workspace: Workspace, name: str, changed: int) -> int:
    """About how many there are, by counts alone. changed: those that were written before, and are
    read anew."""
    states = workspace.ledger(name).states()
    count = workspace.archive.count()
    settled = sum(states.get(one, 0) for one in _SETTLED)
    return min(count, max(0, count - settled) + changed)
