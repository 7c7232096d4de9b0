"""Memory sinks that break one law each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tracker_migrate.abilities import Back, Told
from tracker_migrate.errors import Doubtful, Gone, LoginNeeded, Refused, Retriable
from tracker_migrate.interfaces import (
    Block,
    ClosedAction,
    ClosedStep,
    Receipt,
    Ref,
    RemoteRef,
    Snapshot,
)
from tracker_migrate.model import Key
from tracker_migrate.testing.memory import MemorySink
from tracker_migrate.testing.memory_server import Record


class SendsAgain(MemorySink):
    """Doubts, and sends again at once."""

    def send(self, step: ClosedStep) -> Receipt:
        try:
            return super().send(step)
        except Doubtful:
            return super().send(step)


class TakesLostForDone(MemorySink):
    """A reply that did not come is a good one."""

    def send(self, step: ClosedStep) -> Receipt:
        try:
            return super().send(step)
        except Doubtful:
            at = RemoteRef(id="1", number="1", url="memory://target/card/1")
            return Receipt(refs={action.key: at for action in step.actions})


class TakesLostForUndone(MemorySink):
    """A reply that did not come says that nothing was written."""

    def send(self, step: ClosedStep) -> Receipt:
        try:
            return super().send(step)
        except Doubtful:
            raise Retriable("lost: again, then") from None


class FindsNothing(MemorySink):
    """Looks, and never sees."""

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        return None


class DoesNotSettle(MemorySink):
    """Believes at once that what it does not see is not there."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{**more, "settle_seconds": 0.0})


class SaysThatAllIsSafe(MemorySink):
    """Sends again what is there twice then."""

    def resend_safe(self, step: ClosedStep) -> bool:
        return True


class LooksByMarkerAlone(MemorySink):
    """Whose an object is, it does not ask."""

    def _find(self, action: ClosedAction, mark: Mapping[str, Any]) -> Record | None:
        rows = [r for r in self.server.all(action.kind) if r.marker == action.marker]
        return rows[0] if rows else super()._find(action, mark)


class FindsWhatHoldsMore(MemorySink):
    """A list that has all that was sent is as it was sent."""

    def _updated(self, action: ClosedAction) -> Record | None:
        record = self.server.get(action.kind, int(action.at.number) if action.at else 0)
        for name, value in action.fields.items():
            there = record.fields.get(name) if record else None
            same = set(value) <= set(there or ()) if isinstance(value, list) else value == there
            if not same:
                return None
        return record


class FindsBySending(MemorySink):
    """Looks by doing it again."""

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        return super().find(step, mark) or self.send(step)


class LooksUpStrangers(MemorySink):
    """Adopts what others made."""

    def lookup(self, wanted: Sequence[Any]) -> Mapping[Any, RemoteRef]:
        keys = {one.marker: one.key for one in wanted}
        rows = [row for row in self.server.all("card") if row.marker in keys]
        return {keys[r.marker]: RemoteRef(id=str(r.number), number=str(r.number)) for r in rows}


class LooksUpNothing(MemorySink):
    """A lost ledger stays lost."""

    def lookup(self, wanted: Sequence[Any]) -> Mapping[Any, RemoteRef]:
        return {}


class Remembers(MemorySink):
    """Reads what it sent."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._seen: dict[str, Snapshot] = {}
        self._first: dict[Any, dict[str, Any]] = {}

    def send(self, step: ClosedStep) -> Receipt:
        for action in step.actions:
            self._first.setdefault(action.key, {}).update(action.fields)
        return super().send(step)

    def read(self, refs: Mapping[Any, tuple[str, RemoteRef]]) -> Snapshot:
        seen = super().read(refs)
        objects = {
            of: msgspec.structs.replace(one, fields=self._first.get(of, one.fields))
            for of, one in seen.objects.items()
        }
        return msgspec.structs.replace(seen, objects=objects)


class ReadsCardsAlone(MemorySink):
    """Notes are not read."""

    def read(self, refs: Mapping[Any, tuple[str, RemoteRef]]) -> Snapshot:
        return super().read({of: one for of, one in refs.items() if one[0] == "card"})


class ReadsInCapitals(MemorySink):
    """The server changes a title, and nobody says so."""

    def read(self, refs: Mapping[Any, tuple[str, RemoteRef]]) -> Snapshot:
        seen = super().read(refs)
        for one in seen.objects.values():
            if "title" in one.fields:
                one.fields["title"] = one.fields["title"].upper()
        return seen


class TellsNoDoubles(MemorySink):
    """What stands there twice is once to it."""

    def read(self, refs: Mapping[Any, tuple[str, RemoteRef]]) -> Snapshot:
        return msgspec.structs.replace(super().read(refs), doubled=())


class TellsNothingOfItsOwn(MemorySink):
    """What it made and forgot is strangers'."""

    def read(self, refs: Mapping[Any, tuple[str, RemoteRef]]) -> Snapshot:
        seen = super().read(refs)
        return msgspec.structs.replace(seen, ours={}, foreign=len(seen.ours))


class NeverMissesAnything(MemorySink):
    """What is gone is empty."""

    def read(self, refs: Mapping[Any, tuple[str, RemoteRef]]) -> Snapshot:
        try:
            return super().read(refs)
        except Gone:
            return Snapshot(objects={})


class OpensFirst(MemorySink):
    """Creates for all, and closes by a second request."""

    def send(self, step: ClosedStep) -> Receipt:
        if step.actions[0].kind != "card" or step.actions[0].op != "create":
            return super().send(step)
        (action,) = step.actions
        bare = msgspec.structs.replace(action, fields={**action.fields, "audience": "public"})
        receipt = super().send(msgspec.structs.replace(step, actions=(bare,)))
        self.server.edit("card", int(receipt.refs[action.key].id), **action.fields)
        return receipt


class ClosesNothing(MemorySink):
    """Who may read is said once and for all."""

    def send(self, step: ClosedStep) -> Receipt:
        actions = tuple(
            msgspec.structs.replace(
                one, fields={n: v for n, v in one.fields.items() if n != "audience"}
            )
            if one.op == "update"
            else one
            for one in step.actions
        )
        return super().send(msgspec.structs.replace(step, actions=actions))


class SeesNoLeak(MemorySink):
    """Looks with closed eyes."""

    def readable_by_outsider(self, refs: Any, **_how: Any) -> list[Any]:
        return []


class SeesLeaksEverywhere(MemorySink):
    """Looks with our own eyes."""

    def readable_by_outsider(self, refs: Any, **_how: Any) -> list[Any]:
        return list(refs)


class TellsMembersOfNobody(MemorySink):
    """A group that is not there lets in everybody."""

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str] | None]:
        return dict.fromkeys(groups, frozenset({"7", "8"}))


class ClaimsByHeart(MemorySink):
    """Numbers that it takes for free."""

    def claim(self, kind: str, count: int) -> Block:
        first = self.server.highest(kind) + 1
        return Block(first=first, last=first + count - 1)


class ForgetsItsNumber(MemorySink):
    """The server chooses, though we had."""

    def send(self, step: ClosedStep) -> Receipt:
        bare = tuple(msgspec.structs.replace(one, number=None) for one in step.actions)
        return super().send(msgspec.structs.replace(step, actions=bare))


class CrossesItsLanes(MemorySink):
    """Locks in another order."""

    def lanes(self, step: ClosedStep) -> tuple[str, ...]:
        return ("z", step.issue, "a")


class MarksWithNumbers(MemorySink):
    """What a database gives back is another."""

    def mark(self, step: ClosedStep) -> dict[str, Any]:
        return {"at": (1, 2)}


class RemembersItsMarks(MemorySink):
    """Finds what this process sent, and nothing else."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._sent: set[Any] = set()

    def send(self, step: ClosedStep) -> Receipt:
        self._sent.add(step.actions[0].key)
        return super().send(step)

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        return super().find(step, mark) if step.actions[0].key in self._sent else None


class RepeatsWhatWasSaid(MemorySink):
    """An error that holds a title."""

    def send(self, step: ClosedStep) -> Receipt:
        try:
            return super().send(step)
        except Refused as error:
            raise Refused(f"{error}: {step.actions[0].fields}") from None


class RaisesItsClientsErrors(MemorySink):
    """What the client raises goes through."""

    def send(self, step: ClosedStep) -> Receipt:
        try:
            return super().send(step)
        except Refused:
            raise KeyError("result") from None


class GivesUpAtOnce(MemorySink):
    """A server that is busy has refused."""

    def send(self, step: ClosedStep) -> Receipt:
        try:
            return super().send(step)
        except Retriable as error:
            raise Refused(str(error)) from None


class TriesWithoutALogin(MemorySink):
    """A login that ran out is a passing thing."""

    def send(self, step: ClosedStep) -> Receipt:
        try:
            return super().send(step)
        except LoginNeeded:
            raise Retriable("again, then") from None


class AsksNobodyWhoItIs(MemorySink):
    """Is content with any token."""

    def check(self, decisions: Any) -> Mapping[str, str]:
        return {"account": self.account}


class WritesInCheck(MemorySink):
    """Leaves a trace in each run."""

    def check(self, decisions: Any) -> Mapping[str, str]:
        facts = super().check(decisions)
        self.server.requests["card.update"] += 1
        return facts


class CarriesTheFirstAlone(MemorySink):
    """Of several actions one is done."""

    def send(self, step: ClosedStep) -> Receipt:
        first = super().send(msgspec.structs.replace(step, actions=step.actions[:1]))
        at = next(iter(first.refs.values()))
        return Receipt(refs={action.key: at for action in step.actions})


class LinksHome(MemorySink):
    """References lead away, always."""

    def link(self, ref: Any, at: RemoteRef | None) -> str:
        return f"{ref.label} <{ref.home}>"


class OverwritesAll(MemorySink):
    """An update sends the whole object as it was sent before: what people changed is lost."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._whole: dict[Any, dict[str, Any]] = {}

    def send(self, step: ClosedStep) -> Receipt:
        whole = []
        for action in step.actions:
            held = self._whole.setdefault(action.key, {})
            held.update(action.fields)
            whole.append(msgspec.structs.replace(action, fields=dict(held)))
        return super().send(msgspec.structs.replace(step, actions=tuple(whole)))


class DeletesNothing(MemorySink):
    """Says that it has deleted."""

    def _delete(self, step: ClosedStep) -> Receipt:
        (action,) = step.actions
        assert action.at is not None
        return Receipt(refs={action.key: action.at})


class DeletesAgain(MemorySink):
    """Would send a deletion twice."""

    def resend_safe(self, step: ClosedStep) -> bool:
        return True


class MissesNoDeletion(MemorySink):
    """Does not see that something is there no more."""

    def _deleted(self, action: ClosedAction) -> Record | None:
        return None


class LeavesItsMarker(MemorySink):
    """What was taken back still says what it was."""

    def backs(self, parts: Any, decisions: Any) -> Sequence[Back]:
        return [msgspec.structs.replace(one, marker="") for one in super().backs(parts, decisions)]


class LeavesItOpen(MemorySink):
    """What was taken back can be read by everybody."""

    def backs(self, parts: Any, decisions: Any) -> Sequence[Back]:
        backs = super().backs(parts, decisions)
        return [
            msgspec.structs.replace(one, fields={**one.fields, "audience": "public"})
            for one in backs
        ]


class TakesAllForWork(MemorySink):
    """Takes our own doing for somebody's."""

    def worked_on(self, issue: Key, parts: Any) -> str:
        return "somebody has worked on it"


class TidiesUp(MemorySink):
    """Sets right what a person changed, when it should only look."""

    def worked_on(self, issue: Key, parts: Any) -> str:
        return ""

    def read(self, refs: Any) -> Snapshot:
        seen = super().read(refs)
        for kind, at in refs.values():
            record = self.server.get(kind, int(at.id))
            if record is not None and record.fields.get("title") == "A person's title":
                record.fields["title"] = "Set right"
        return seen


#: what breaks which check: the sink, in which mode, the check
class TellsNothingOfPeople(MemorySink):
    """Nothing ever happens there."""

    def edits_since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        for page in super().edits_since(mark):
            yield msgspec.structs.replace(page, touches=())


class TellsAllAgain(MemorySink):
    """Each look begins at the beginning."""

    def edits_since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        yield from super().edits_since({**mark, "history": 0} if mark else mark)


class LinksWithItsLabel(MemorySink):
    """A title is written as it comes."""

    def link(self, ref: Ref, at: RemoteRef | None) -> str:
        return f"{ref.label} <{ref.home}>"


class TellsNoValues(MemorySink):
    """Something was changed by somebody: to what, it does not say."""

    def edits_since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        for page in super().edits_since(mark):
            told = [
                msgspec.structs.replace(one, fields={}, untold=True, by="x") for one in page.touches
            ]
            yield msgspec.structs.replace(page, touches=tuple(told))


class SeesWhatIsGone(MemorySink):
    """All is there for ever."""

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        return frozenset(ids)


SINKS: tuple[tuple[Callable[..., MemorySink], str, str], ...] = (
    (LinksWithItsLabel, "ours", "test_a_links_label_is_plain_text"),
    (SendsAgain, "theirs", "test_a_lost_reply_is_found_and_not_sent_twice"),
    (TakesLostForDone, "ours", "test_a_dropped_request_is_sent_again"),
    (TakesLostForUndone, "theirs", "test_a_lost_reply_is_found_and_not_sent_twice"),
    (FindsNothing, "theirs", "test_a_lost_reply_is_found_and_not_sent_twice"),
    (DoesNotSettle, "theirs", "test_a_late_commit_is_found_within_settle_time"),
    (SaysThatAllIsSafe, "theirs", "test_what_is_safe_to_send_again_is"),
    (LooksByMarkerAlone, "theirs", "test_a_strangers_look_alike_is_not_ours"),
    (FindsWhatHoldsMore, "theirs", "test_a_dropped_request_is_sent_again"),
    (FindsBySending, "ours", "test_looking_writes_nothing"),
    (LooksUpStrangers, "theirs", "test_a_strangers_look_alike_is_not_ours"),
    (LooksUpNothing, "ours", "test_a_lost_ledger_finds_our_issues_again"),
    (LooksUpNothing, "theirs", "test_a_lost_ledger_is_rebuilt"),
    (Remembers, "ours", "test_what_people_change_is_read"),
    (ReadsCardsAlone, "ours", "test_what_was_written_is_read_back"),
    (ReadsInCapitals, "theirs", "test_what_was_written_is_read_back"),
    (TellsNoDoubles, "theirs", "test_a_request_delivered_twice_is_seen"),
    (TellsNothingOfItsOwn, "ours", "test_what_is_not_known_is_told_as_ours"),
    (NeverMissesAnything, "ours", "test_what_is_gone_is_told"),
    (OpensFirst, "ours", "test_a_private_create_whose_reply_is_lost_is_closed_too"),
    (ClosesNothing, "ours", "test_closing_and_opening"),
    (SeesNoLeak, "ours", "test_a_planted_leak_is_found"),
    (SeesNoLeak, "ours", "test_what_is_public_is_told_as_readable"),
    (SeesLeaksEverywhere, "ours", "test_a_private_issue_is_closed_from_its_first_request"),
    (TellsMembersOfNobody, "ours", "test_who_we_are_and_whom_groups_let_in"),
    (ClaimsByHeart, "ours", "test_claimed_numbers_are_nobody_elses"),
    (ForgetsItsNumber, "ours", "test_a_chosen_number_is_the_one_that_it_gets"),
    (CrossesItsLanes, "ours", "test_lanes_are_sorted_and_stay_the_same"),
    (MarksWithNumbers, "ours", "test_a_mark_can_be_kept"),
    (RemembersItsMarks, "ours", "test_a_mark_can_be_kept"),
    (RepeatsWhatWasSaid, "ours", "test_what_is_refused_is_told_in_our_words"),
    (RaisesItsClientsErrors, "ours", "test_what_is_refused_is_told_in_our_words"),
    (GivesUpAtOnce, "ours", "test_a_server_that_asks_for_patience_gets_it"),
    (TriesWithoutALogin, "ours", "test_a_login_that_ran_out_stops_the_run"),
    (AsksNobodyWhoItIs, "ours", "test_a_wrong_token_needs_a_login"),
    (WritesInCheck, "ours", "test_issues_arrive_and_a_second_run_writes_nothing"),
    (CarriesTheFirstAlone, "theirs", "test_what_was_written_is_read_back"),
    (LinksHome, "ours", "test_a_reference_leads_somewhere"),
    (OverwritesAll, "ours", "test_what_people_changed_is_kept"),
    (DeletesNothing, "ours", "test_what_is_taken_back_goes_and_comes_again"),
    (DeletesAgain, "ours", "test_a_deletion_is_not_sent_twice_and_is_found"),
    (MissesNoDeletion, "ours", "test_a_deletion_is_not_sent_twice_and_is_found"),
    (LeavesItsMarker, "theirs", "test_what_is_taken_back_goes_and_comes_again"),
    (LeavesItOpen, "theirs", "test_what_is_taken_back_goes_and_comes_again"),
    (TakesAllForWork, "ours", "test_what_is_taken_back_goes_and_comes_again"),
    (TidiesUp, "ours", "test_what_somebody_changed_is_not_taken_back"),
    (TellsNothingOfPeople, "ours", "test_what_a_person_changes_is_told_and_nothing_else"),
    (TellsAllAgain, "ours", "test_nothing_is_told_twice"),
    (TellsNoValues, "theirs", "test_what_we_wrote_ourselves_costs_no_look"),
    (SeesWhatIsGone, "ours", "test_what_a_person_removes_is_noticed"),
)
