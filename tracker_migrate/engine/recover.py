"""What an earlier run left behind: intents whose result nobody knows, settled before all else."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tracker_migrate.engine.send import Doubt, Sender
from tracker_migrate.interfaces import Sink
from tracker_migrate.workspace.ledger import Ledger, Open
from tracker_migrate.workspace.packing import moment


def recover(sink: Sink, ledger: Ledger, sender: Sender) -> None:
    """Settle every open intent by looking at the target.

    One that is not to be seen is voided at once where a second send is harmless (its number is
    kept), else when the settle time since it was meant has passed.
    """
    for intent in ledger.open_intents():
        receipt = sink.find(intent.step, intent.mark)
        if receipt is not None:
            sender.done(intent.id, intent.step, receipt, "found")
        elif sink.resend_safe(intent.step):
            ledger.void([intent.id])
        else:
            sender.settle(_doubt(intent, sink.settle_seconds))


def _doubt(intent: Open, settle: float) -> Doubt:
    age = (datetime.now(UTC) - moment(intent.meant_at)).total_seconds()
    # a clock that was set back must not make us wait for longer than the settle time
    left = min(settle, max(0.0, settle - age))
    return Doubt(intent.id, intent.step, intent.mark, time.monotonic() + left)
