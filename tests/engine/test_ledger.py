"""The ledger: what was meant is on disk first, what was sent is known for good."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.world import action, bug_key, receipt, step
from tracker_migrate.digest import digest
from tracker_migrate.errors import Locked
from tracker_migrate.interfaces import Block, ClosedAction, ClosedStep, Receipt, RemoteRef
from tracker_migrate.model import Key, key
from tracker_migrate.workspace import Ledger, Workspace, schema
from tracker_migrate.workspace.ledger import Verdict

CARD = key("memory", "bug", 1)


@pytest.fixture
def ledger(workspace: Workspace) -> Ledger:
    return workspace.ledger("there")


def rows(workspace: Workspace) -> list[Any]:
    """(id, state, how, step) of all intents, seen from a connection of our own."""
    table = schema.intent
    engine = sa.create_engine(workspace.engine.url)
    query = sa.select(table.c.id, table.c.state, table.c.how, table.c.step).order_by(table.c.id)
    with engine.connect() as connection:
        found = list(connection.execute(query))
    engine.dispose()
    return found


def sent(ledger: Ledger, one: ClosedAction) -> None:
    """Mean, send and settle an action."""
    (intent,) = ledger.intend([step(one)], [{}], 60)
    ledger.settle(intent, step(one), receipt(1)).result()


def test_an_intent_is_on_disk_when_intend_returns(workspace: Workspace, ledger: Ledger) -> None:
    intents = ledger.intend([step(action(1)), step(action(2))], [{"highest": 7}, {}], 60)
    assert [(row.id, row.state) for row in rows(workspace)] == [(i, "open") for i in intents]
    first, second = ledger.open_intents()
    assert (first.step, first.mark) == (step(action(1)), {"highest": 7})
    assert second.step.issue == bug_key(2)


def test_settling_keeps_the_place_and_forgets_the_text(
    workspace: Workspace, ledger: Ledger
) -> None:
    (intent,) = ledger.intend([step(action(1, title="private words"))], [{}], 60)
    ledger.settle(intent, step(action(1, title="private words")), receipt(1)).result()
    assert [(row.state, row.how, bytes(row.step)) for row in rows(workspace)] == [
        ("done", "sent", b"")
    ]
    assert ledger.open_intents() == []
    assert ledger.where(CARD) == RemoteRef(id="1", number="1")


@pytest.mark.parametrize("state", ["void", "refused"])
def test_a_void_intent_is_open_no_more_and_its_text_is_gone(
    workspace: Workspace, ledger: Ledger, state: str
) -> None:
    intents = ledger.intend([step(action(1)), step(action(2))], [{}, {}], 60)
    ledger.void(intents, state)
    assert [(row.state, bytes(row.step)) for row in rows(workspace)] == [(state, b"")] * 2
    assert ledger.where(CARD) is None


def test_what_was_sent_is_kept_as_digests(ledger: Ledger) -> None:
    sent(ledger, action(1, title="Bug", text="words"))
    held = ledger.held([CARD])[CARD]
    assert held.fields == {
        "title": ("open Bug", digest("Bug")[:16]),
        "text": ("open words", digest("words")[:16]),
    }


def test_what_the_server_made_of_a_field_replaces_what_was_sent(ledger: Ledger) -> None:
    one = step(action(1, title="Bug "))
    (intent,) = ledger.intend([one], [{}], 60)
    answer = receipt(1)
    ledger.settle(
        intent, one, type(answer)(refs=answer.refs, stored={CARD: {"title": "Bug"}})
    ).result()
    assert ledger.held([CARD])[CARD].fields["title"][1] == digest("Bug")[:16]


def test_an_update_merges_its_fields_and_moves_the_whole_only_when_all_have_arrived(
    ledger: Ledger,
) -> None:
    sent(ledger, action(1, title="old", text="old"))
    before = ledger.held([CARD])[CARD]
    whole = action(1, "update", title="new", text="new")

    def part(name: str) -> ClosedAction:
        return ClosedAction(
            op="update",
            key=CARD,
            kind="card",
            fields={name: "new"},
            at=whole.at,
            digest=whole.digest,
            opens=whole.opens,
        )

    sent(ledger, part("title"))
    half = ledger.held([CARD])[CARD]
    assert half.fields["title"][0] == "open new"
    assert half.fields["text"] == before.fields["text"]
    assert half.digest == before.digest, "one of two fields is not the whole"
    sent(ledger, part("text"))
    assert ledger.held([CARD])[CARD].digest == whole.digest


def test_a_number_is_given_once_and_for_good(ledger: Ledger) -> None:
    ledger.add_block("card", Block(first=10, last=12))
    assert ledger.give_numbers({"card": [(bug_key(1), None), (bug_key(2), 7)]}) == {}
    assert ledger.give_numbers({"card": [(bug_key(1), None), (bug_key(3), None)]}) == {}
    keys = [bug_key(1), bug_key(2), bug_key(3)]
    assert ledger.numbers(keys) == dict(zip(keys, [10, 7, 11], strict=True))
    assert ledger.number(bug_key(1)) == 10


def test_no_number_is_given_twice_by_threads_at_once(workspace: Workspace) -> None:
    workspace.ledger("there").add_block("card", Block(first=1, last=400))

    def take(worker: int) -> None:
        ledger = workspace.ledger("there")
        for n in range(10):
            keys = [bug_key(worker * 100 + n), bug_key(9000 + n)]  # one of its own, one of all
            assert ledger.give_numbers({"card": [(key, None) for key in keys]}) == {}

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(take, range(6)))
    keys = [bug_key(w * 100 + n) for w in range(6) for n in range(10)]
    keys += [bug_key(9000 + n) for n in range(10)]
    numbers = workspace.ledger("there").numbers(keys)
    assert len(numbers) == 70
    assert sorted(numbers.values()) == list(range(1, 71))


def test_blocks_run_out_and_another_goes_on(ledger: Ledger) -> None:
    wanted: list[tuple[Key, int | None]] = [(bug_key(n), None) for n in range(4)]
    assert ledger.give_numbers({"card": wanted}) == {"card": [one for one, _ in wanted]}
    ledger.add_block("card", Block(first=5, last=6))
    ledger.add_block("note", Block(first=100, last=200))
    assert ledger.give_numbers({"card": wanted}) == {"card": [bug_key(2), bug_key(3)]}
    assert ledger.room("card") == 0
    assert ledger.room("note") == 101
    ledger.add_block("card", Block(first=50, last=59))
    assert ledger.give_numbers({"card": wanted}) == {}
    assert list(ledger.numbers([k for k, _ in wanted]).values()) == [5, 6, 50, 51]


def test_a_number_that_was_a_strangers_is_replaced(ledger: Ledger) -> None:
    ledger.add_block("card", Block(first=5, last=9))
    ledger.give_numbers({"card": [(CARD, None)]})
    ledger.drop_number(CARD)
    ledger.give_numbers({"card": [(CARD, None)]})
    assert ledger.number(CARD) == 6


def test_another_workers_lease_refuses(make: Callable[..., Workspace]) -> None:
    mine, theirs = make().ledger("there"), make().ledger("there")
    mine.intend([step(action(1))], [{}], 60)
    with pytest.raises(Locked, match=r"memory:bug:1"):
        theirs.intend([step(action(1))], [{}], 60)
    assert len(theirs.open_intents()) == 1, "a refused worker leaves no intent"
    theirs.intend([step(action(2))], [{}], 60)
    mine.intend([step(action(1))], [{}], 60)  # one's own lease is no hindrance


def test_a_lease_that_ran_out_does_not_refuse(make: Callable[..., Workspace]) -> None:
    mine, theirs = make().ledger("there"), make().ledger("there")
    mine.intend([step(action(1))], [{}], -1)
    theirs.intend([step(action(1))], [{}], 60)
    with pytest.raises(Locked):
        mine.intend([step(action(1))], [{}], 60)


def test_leases_that_were_given_back_do_not_refuse(make: Callable[..., Workspace]) -> None:
    mine, theirs = make().ledger("there"), make().ledger("there")
    mine.intend([step(action(1))], [{}], 60)
    mine.drop_leases()
    theirs.intend([step(action(1))], [{}], 60)
    mine.drop_leases(others=True)
    mine.intend([step(action(1))], [{}], 60)


def test_an_issue_is_done_from_its_inputs(ledger: Ledger) -> None:
    sent(ledger, action(1))
    ledger.finish(CARD, "inputs").result()
    assert ledger.verdict(CARD) == Verdict(CARD, "done", "", "inputs", 0)


def test_an_issue_whose_reference_is_open_will_be_looked_at_again(ledger: Ledger) -> None:
    one = action(1)
    waiting = type(one)(
        **{name: getattr(one, name) for name in one.__struct_fields__} | {"open": (bug_key(2),)}
    )
    sent(ledger, waiting)
    ledger.finish(CARD, "inputs").result()
    verdict = ledger.verdict(CARD)
    assert verdict is not None
    assert (verdict.state, verdict.inputs) == ("done", "")


def test_an_issue_with_a_result_that_could_not_be_noted_will_be_looked_at_again(
    ledger: Ledger,
) -> None:
    """The disk had no room for it, and has some for the verdict."""
    sent(ledger, action(1))
    ledger.intend([step(action(1, "update"))], [{}], 60)
    ledger.finish(CARD, "inputs").result()
    verdict = ledger.verdict(CARD)
    assert verdict is not None
    assert (verdict.state, verdict.inputs) == ("done", "")


def test_finish_sees_a_result_that_was_noted_just_before(ledger: Ledger) -> None:
    one = action(1)
    values = {name: getattr(one, name) for name in one.__struct_fields__}
    waiting = step(ClosedAction(**values | {"open": (bug_key(2),)}))
    (intent,) = ledger.intend([waiting], [{}], 60)
    ledger.settle(intent, waiting, receipt(1))
    ledger.finish(CARD, "inputs").result()
    verdict = ledger.verdict(CARD)
    assert verdict is not None
    assert verdict.inputs == ""


def test_what_is_gone_is_nowhere_but_not_forgotten(ledger: Ledger) -> None:
    sent(ledger, action(1))
    ledger.set_gone([CARD])
    assert ledger.where(CARD) is None
    assert ledger.held([CARD])[CARD].state == "gone"


def test_targets_know_nothing_of_one_another(workspace: Workspace) -> None:
    one, other = workspace.ledger("there"), workspace.ledger("there2")
    sent(one, action(1))
    one.add_block("card", Block(first=1, last=9))
    one.give_numbers({"card": [(bug_key(5), None)]})
    assert other.where(CARD) is None
    assert other.number(bug_key(5)) is None
    assert other.room("card") == 0
    assert list(one.issues()) == [CARD]
    assert list(other.issues()) == []


def test_what_stands_in_another_object_is_where_that_is(ledger: Ledger) -> None:
    """Written with it, in one commit; what is gone there stands in nothing any more."""
    bug, first, second, third = (
        Key(f"launchpad:{name}") for name in ("bug:1", "comment:1/1", "comment:1/2", "comment:1/3")
    )
    action = ClosedAction(
        op="create", key=first, kind="comment", fields={"text": "x"}, holds=(second, third)
    )
    step = ClosedStep(kind="fill", issue=bug, actions=(action,))
    intent = ledger.intend([step], [{}], 60.0)[0]
    ledger.settle(intent, step, Receipt(refs={first: RemoteRef(id="PHID-1")}))
    ledger.flush()
    assert ledger.standing(bug) == {first: first, second: first, third: first}
    assert ledger.where(third) == RemoteRef(id="PHID-1")
    held = ledger.held([first, third])
    assert (held[third].within, held[third].fields) == (first, {})
    assert ledger.at(["comment"], ["PHID-1"])["comment", "PHID-1"] == held[first]
    ledger.set_gone([second])
    assert ledger.standing(bug)[second] == second
    ledger.forget([first, third])
    assert ledger.standing(bug) == {second: second}
