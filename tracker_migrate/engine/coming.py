"""What may still come: requests whose replies were lost, that were sent again at once because a
second send is harmless.

The first one may arrive after all. A create makes its object then, unless the second has; a closing
closes what may have been opened since. So a run waits for them at its end, before it opens
anything: what they have made is known, and closed if it must be.
"""

from __future__ import annotations

from tracker_migrate.engine.send import Sender
from tracker_migrate.errors import ObjectError, Taken
from tracker_migrate.interfaces import ClosedStep, Receipt, Sink
from tracker_migrate.workspace.ledger import Ledger


class Coming:
    """The requests of one target that nobody has waited for."""

    def __init__(self, sink: Sink, ledger: Ledger, sender: Sender) -> None:
        self._sink, self._ledger, self._sender = sink, ledger, sender

    def settle(self) -> bool:
        """Wait until nothing comes any more; whether something has come that the ledger did not
        know. Raises what stops a run; what can't be looked for is left to the next one."""
        pending = self._pending()
        if not pending:
            return False
        settle = self._sink.settle_seconds
        due = self._sender.late.since + settle + min(1.0, settle / 4)
        self._sender.wait(due, pending[0][1].issue)
        came = [self._has_come(intent, step) for intent, step in pending]
        self._ledger.flush()
        return any(came)

    def _pending(self) -> list[tuple[int, ClosedStep]]:
        """Those that may change something: a number under which our object stands is taken."""
        self._ledger.flush()
        coming = self._ledger.given_up.coming()
        known = [intent for intent, step in coming if self._is_made(step)]
        self._ledger.given_up.waited(known)
        return [one for one in coming if one[0] not in known]

    def _is_made(self, step: ClosedStep) -> bool:
        keys = [action.key for action in step.actions if action.op == "create"]
        return bool(keys) and len(self._ledger.held(keys)) == len(keys)

    def _has_come(self, intent: int, step: ClosedStep) -> bool:
        try:
            found = self._found(step)
            if found is not None:
                self._sender.done(intent, step, found, "found")
                return True
        except ObjectError:
            return False
        self._ledger.given_up.waited([intent])
        return False

    def _found(self, step: ClosedStep) -> Receipt | None:
        """What a create has made. What only closes has closed it by now, or never will."""
        if all(action.op != "create" for action in step.actions):
            return None
        try:
            return self._sender.find(step, {})
        except Taken:
            return None
