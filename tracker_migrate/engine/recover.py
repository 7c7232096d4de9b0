"""What an earlier run left behind: intents whose result nobody knows, settled before all else."""

from __future__ import annotations

import time

from tracker_migrate.engine.send import Doubt, Sender
from tracker_migrate.errors import ObjectError, Taken
from tracker_migrate.interfaces import Sink
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Ledger, Open


def recover(sink: Sink, ledger: Ledger, sender: Sender) -> dict[Key, str]:
    """Settle every open intent by looking at the target.

    One that is not to be seen is voided at once where a second send is harmless (its number is
    kept), else when the settle time has passed from now on: how long ago it was meant, only a clock
    could say that somebody may have set. Returns, with the reasons, the issues of which one could
    not be looked for: nothing of theirs may be sent before it is settled.
    """
    unsettled: dict[Key, str] = {}
    due = time.monotonic() + sink.settle_seconds
    for intent in ledger.open_intents():
        try:
            _settle(ledger, sender, intent, due)
        except Taken:
            _give_up_numbers(ledger, intent)
        except ObjectError as error:
            unsettled[intent.step.issue] = str(error)
    ledger.flush()
    return unsettled


def _settle(ledger: Ledger, sender: Sender, intent: Open, due: float) -> None:
    receipt = sender.find(intent.step, intent.mark)
    if receipt is not None:
        sender.done(intent.id, intent.step, receipt, "found")
    elif sender.may_go_again(intent.step):
        sender.late.give_up(intent.id, intent.step)
    else:
        sender.settle(Doubt(intent.id, intent.step, intent.mark, due))


def _give_up_numbers(ledger: Ledger, intent: Open) -> None:
    """A stranger took the number while we were down: nothing of ours was written there."""
    ledger.void([intent.id], "refused")
    for action in intent.step.actions:
        if action.number is not None:
            ledger.drop_number(action.key)
