"""What an earlier run left behind: intents whose result nobody knows, settled before all else."""

from __future__ import annotations

import time
from collections.abc import Collection

from tracker_migrate.engine.send import Doubt, Sender
from tracker_migrate.errors import ObjectError, Taken
from tracker_migrate.interfaces import ClosedStep, Sink
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Ledger, Open


def recover(
    sink: Sink, ledger: Ledger, sender: Sender, owners: Collection[str] | None = None
) -> dict[Key, str]:
    """Settle every open intent, or those of some owners, by looking at the target.

    One that creates, and is not to be seen, is given up at once where a second send is harmless
    (its number is kept). All else is, when the settle time has passed from now on: how long ago it
    was meant, only a clock could say that somebody may have set. Returns, with the reasons, the
    issues of which one could not be looked for: nothing of theirs may be sent before it is settled.
    """
    unsettled: dict[Key, str] = {}
    due = time.monotonic() + sink.settle_seconds
    for intent in ledger.open_intents(owners):
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
    creates = any(action.op == "create" for action in intent.step.actions)
    if receipt is not None and (creates or not _is_known(ledger, intent.step)):
        sender.done(intent.id, intent.step, receipt, "found")
    elif (creates or receipt is not None) and sender.may_go_again(intent.step):
        sender.late.give_up(intent.id, intent.step, waited=False)
    else:
        sender.settle(Doubt(intent.id, intent.step, intent.mark, due))


def _is_known(ledger: Ledger, step: ClosedStep) -> bool:
    """Whether the ledger says of a step that only closes that all of it is closed so: then another
    request has done it, and this one may still come, after somebody has opened it again."""
    held = ledger.held([action.key for action in step.actions])
    return all(
        action.key in held and held[action.key].audience == action.audience != "public"
        for action in step.actions
    )


def _give_up_numbers(ledger: Ledger, intent: Open) -> None:
    """A stranger took the number while we were down: nothing of ours was written there."""
    ledger.void([intent.id], "refused")
    for action in intent.step.actions:
        if action.number is not None:
            ledger.drop_number(action.key)
