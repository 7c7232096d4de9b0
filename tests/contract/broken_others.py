"""Memory planners and sources that break one law each."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.contract.memory_source import HIDDEN
from tracker_migrate.errors import Gone, Retriable
from tracker_migrate.interfaces import (
    Action,
    Audience,
    Download,
    Listed,
    Loss,
    Pointer,
    Reading,
    Reply,
    Step,
    Wanted,
)
from tracker_migrate.model import Attachment, Comment, Issue, Key, key
from tracker_migrate.testing.memory import MemoryPlanner, MemorySource
from tracker_migrate.testing.pieces import pieces


class Counts(MemoryPlanner):
    """Says how often it was asked."""

    asked = 0

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        self.asked += 1
        for one in super().wanted(issue, decisions):
            yield msgspec.structs.replace(one, fields={**one.fields, "asked": self.asked})


class ReadsAFile(MemoryPlanner):
    """Has a table of its own."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        with open(Path(__file__)) as table:
            table.read(1)
        yield from super().wanted(issue, decisions)


class HasAnotherKind(MemoryPlanner):
    """Makes what it never named."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        yield from super().wanted(issue, decisions)
        yield Wanted(key=key("memory", "x", issue.name), kind="x", issue=issue.key, fields={})


class HasAnotherStep(MemoryPlanner):
    """Sends what it never named."""

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        for step in super().compose(actions):
            yield msgspec.structs.replace(step, kind=f"{step.kind}.now")


class WantsTwice(MemoryPlanner):
    """One key, two objects."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        for one in super().wanted(issue, decisions):
            yield one
            yield one


class StartsFromTheEnd(MemoryPlanner):
    """Notes before their card."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        yield from reversed(list(super().wanted(issue, decisions)))


class ForgetsALoss(MemoryPlanner):
    """What becomes of `extra` is not said."""

    def losses(self, issue: Issue, decisions: Any) -> Iterator[Loss]:
        yield from (o for o in super().losses(issue, decisions) if not o.field.startswith("extra"))


class TellsALossTwice(MemoryPlanner):
    """More becomes of a title than there is."""

    def losses(self, issue: Issue, decisions: Any) -> Iterator[Loss]:
        for one in super().losses(issue, decisions):
            yield one
            if one.field == "home":
                yield one


class LosesWithoutReason(MemoryPlanner):
    """Lost is lost."""

    def losses(self, issue: Issue, decisions: Any) -> Iterator[Loss]:
        for one in super().losses(issue, decisions):
            yield msgspec.structs.replace(one, reason="")


class TellsOfTextThatIsNone(MemoryPlanner):
    """What is lost is called text."""

    def losses(self, issue: Issue, decisions: Any) -> Iterator[Loss]:
        for one in super().losses(issue, decisions):
            lost = one.outcome == "lost"
            yield msgspec.structs.replace(one, outcome="text", reason="") if lost else one


class ShowsNotesToAll(MemoryPlanner):
    """Only the card is private."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        for one in super().wanted(issue, decisions):
            yield one if one.kind == "card" else msgspec.structs.replace(one, audience="public")


class HasTwoAnswers(MemoryPlanner):
    """Creates for fewer than it opens to."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        for one in super().wanted(issue, decisions):
            if "readers" in one.fields:
                one.fields["readers"] = ["1"]
            yield one


class ClosesForNobody(MemoryPlanner):
    """Closed is public."""

    def access(self, kind: str, audience: Audience) -> dict[str, Any]:
        name = "public" if audience.name == "importer" else audience.name
        return {"audience": name, "readers": list(audience.users)}


class RefusesNothing(MemoryPlanner):
    """Writes what must not be written."""

    def refusal(self, issue: Issue, decisions: Any) -> str | None:
        return None


class DropsAnAction(MemoryPlanner):
    """The last one is forgotten."""

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        yield from super().compose(actions[:-1])


class CarriesTwice(MemoryPlanner):
    """Each step, and again."""

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        yield from super().compose(actions)
        yield from super().compose(actions[-1:])


class SaysItBackwards(MemoryPlanner):
    """The last note first."""

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        yield from super().compose(list(reversed(actions)))


class OpensBeforeAllElse(MemoryPlanner):
    """Closes last, opens first."""

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        yield from reversed(list(super().compose(actions)))


class ShowsWhatIsHidden(MemoryPlanner):
    """Every comment is written."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        shown = tuple(
            msgspec.structs.replace(one, withheld=None, deleted=None) for one in issue.comments
        )
        yield from super().wanted(msgspec.structs.replace(issue, comments=shown), decisions)


class TakesTextAsItComes(MemoryPlanner):
    """Half a character is no text."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        for one in super().wanted(issue, decisions):
            title = {"title": issue.title} if one.kind == "card" else {}
            yield msgspec.structs.replace(one, fields={**one.fields, **title})


class PointsAtNothing(MemoryPlanner):
    """Whatever blocks a bug, wherever that is."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        to = [one.to for one in issue.relations if one.kind == "depends_on" and one.to]
        for one in super().wanted(issue, decisions):
            fields = {"blockers": tuple(Pointer(to=of, required=False) for of in to)}
            more = fields if one.kind == "card" else {}
            yield msgspec.structs.replace(one, fields={**one.fields, **more})


class WritesNothingDown(MemoryPlanner):
    """The same card for each bug."""

    def wanted(self, issue: Issue, decisions: Any) -> Iterator[Wanted]:
        for one in super().wanted(issue, decisions):
            same = {"title": "A bug", "text": "See there."} if one.kind == "card" else {}
            yield msgspec.structs.replace(one, fields={**one.fields, **same})


PLANNERS: tuple[tuple[type[MemoryPlanner], str], ...] = (
    (Counts, "test_the_same_issue_is_planned_the_same"),
    (ReadsAFile, "test_it_asks_nobody"),
    (HasAnotherKind, "test_every_kind_and_step_that_it_uses_is_named"),
    (HasAnotherStep, "test_every_kind_and_step_that_it_uses_is_named"),
    (WantsTwice, "test_the_issue_has_its_own_object"),
    (StartsFromTheEnd, "test_an_object_comes_after_those_that_it_hangs_on"),
    (ForgetsALoss, "test_losses_add_up_to_what_the_issue_holds"),
    (TellsALossTwice, "test_losses_add_up_to_what_the_issue_holds"),
    (LosesWithoutReason, "test_losses_add_up_to_what_the_issue_holds"),
    (TellsOfTextThatIsNone, "test_what_is_said_to_arrive_makes_a_difference"),
    (ShowsNotesToAll, "test_what_is_private_carries_its_audience"),
    (HasTwoAnswers, "test_access_is_what_wanted_says"),
    (ClosesForNobody, "test_closed_is_closed_for_all"),
    (RefusesNothing, "test_a_refusal_has_a_reason"),
    (DropsAnAction, "test_each_action_is_carried_once_and_in_order"),
    (CarriesTwice, "test_each_action_is_carried_once_and_in_order"),
    (SaysItBackwards, "test_each_action_is_carried_once_and_in_order"),
    (OpensBeforeAllElse, "test_what_closes_goes_first_and_what_opens_goes_last"),
    (ShowsWhatIsHidden, "test_no_hidden_text_gets_into_a_field"),
    (TakesTextAsItComes, "test_any_text_is_planned"),
    (PointsAtNothing, "test_it_points_at_what_moves_alone"),
    (WritesNothingDown, "test_the_digest_is_of_the_open_form"),
)


# -- sources --------------------------------------------------------------------------------------


class ListsTwice(MemorySource):
    """A page that shifted."""

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        for one in super().listing(since, newest):
            yield one
            yield one


class ListsTheFirstPage(MemorySource):
    """And no other."""

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        yield from list(super().listing(since, newest))[:2]


class ListsByName(MemorySource):
    """10 before 2."""

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        yield from sorted(super().listing(since, newest), key=lambda one: one.key)


class ListsNoChange(MemorySource):
    """What was reported before is never new."""

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        if since is None:
            yield from super().listing(since, newest)


class ReadsAllAnew(MemorySource):
    """Knows no stamp."""

    def read(self, issue: Key, known: str = "") -> Reading | None:
        return super().read(issue)


class KnowsItAll(MemorySource):
    """Any stamp will do."""

    def read(self, issue: Key, known: str = "") -> Reading | None:
        return None if known else super().read(issue)


class _Changes(MemorySource):
    def read(self, issue: Key, known: str = "") -> Reading | None:
        reading = super().read(issue, known)
        return None if reading is None else self._bent(reading)

    def _bent(self, reading: Reading) -> Reading:
        raise NotImplementedError


class LosesTheReplies(_Changes):
    """Keeps the model alone."""

    def _bent(self, reading: Reading) -> Reading:
        return msgspec.structs.replace(reading, replies=())


class ReadsAnother(_Changes):
    """The reply was another thread's."""

    def _bent(self, reading: Reading) -> Reading:
        issue = msgspec.structs.replace(reading.issue, key=key("memory", "bug", 7777))
        return msgspec.structs.replace(reading, issue=issue)


class HasNoZone(_Changes):
    """Dates of anywhere."""

    def _bent(self, reading: Reading) -> Reading:
        issue = msgspec.structs.replace(reading.issue, created=datetime(2020, 1, 1))
        return msgspec.structs.replace(reading, issue=issue)


class SortsTheTalk(_Changes):
    """The newest comment first."""

    def _bent(self, reading: Reading) -> Reading:
        issue = reading.issue
        issue = msgspec.structs.replace(issue, comments=tuple(reversed(issue.comments)))
        return msgspec.structs.replace(reading, issue=issue)


class ReadsWhatIsHidden(_Changes):
    """All comments have their text."""

    def _bent(self, reading: Reading) -> Reading:
        def told(one: Comment) -> Comment:
            return msgspec.structs.replace(one, text=HIDDEN) if one.withheld else one

        comments = tuple(told(one) for one in reading.issue.comments)
        issue = msgspec.structs.replace(reading.issue, comments=comments)
        return msgspec.structs.replace(reading, issue=issue)


class KeepsWhatIsHidden(_Changes):
    """The reply is kept as it came."""

    def _bent(self, reading: Reading) -> Reading:
        reply = Reply(url="https://source.example", status=200, body=HIDDEN.encode())
        return msgspec.structs.replace(reading, replies=(reply,))


class TakesHalfForAll(MemorySource):
    """A reply that breaks off is a short one."""

    def read(self, issue: Key, known: str = "") -> Reading | None:
        if issue not in self.failing:
            return super().read(issue, known)
        error = self.failing.pop(issue)
        reading = super().read(issue, known)
        self.failing[issue] = error
        assert reading is not None
        return msgspec.structs.replace(
            reading, issue=msgspec.structs.replace(reading.issue, comments=())
        )


class MissesWhatFails(MemorySource):
    """What does not come is not there."""

    def read(self, issue: Key, known: str = "") -> Reading | None:
        if issue in self.failing:
            raise Gone(f"{issue} is not there")
        return super().read(issue, known)


class MakesItUp(MemorySource):
    """There is an issue of each number."""

    def read(self, issue: Key, known: str = "") -> Reading | None:
        return super().read(issue if issue in self._issues else next(iter(self._issues)), known)


class ShowsAllToAll(MemorySource):
    """Everything is public."""

    def is_public(self, issue: Key) -> bool:
        return True


class HidesNothing(MemorySource):
    """Nothing is closed."""

    def closed(self) -> Iterator[Key]:
        yield from ()


class NamesNobody(MemorySource):
    """Somebody else is meant, always."""

    def person(self, person: Key) -> Any:
        return super().person(key("memory", "person", "somebody-else"))


class HasADate(_Changes):
    """Each reading is another."""

    readings = 0

    def _bent(self, reading: Reading) -> Reading:
        self.readings += 1
        issue = msgspec.structs.replace(reading.issue, extra={"read": self.readings})
        return msgspec.structs.replace(reading, issue=issue)


class _Gives(MemorySource):
    """Bends each download."""

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        with super().download(one, start) as got:
            yield self._bend(got, start)

    def _bend(self, got: Download, start: int) -> Download:
        raise NotImplementedError


class GivesText(_Gives):
    """A file is text, in the end."""

    def _bend(self, got: Download, start: int) -> Download:
        parts = (part.decode(errors="replace").encode() for part in got.parts)
        return msgspec.structs.replace(got, parts=parts)


class NamesAPath(_Gives):
    """As it was called by whoever attached it."""

    def _bend(self, got: Download, start: int) -> Download:
        return msgspec.structs.replace(got, name="../../etc/passwd")


class SaysWhatIsLeft(_Gives):
    """The length of a part for that of the whole."""

    def _bend(self, got: Download, start: int) -> Download:
        return msgspec.structs.replace(got, size=(got.size or 0) + 1)


class BelievesItBeganThere(MemorySource):
    """A server without ranges sends it all."""

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        with super().download(one) as got:
            yield msgspec.structs.replace(got, start=start)


class SaysThatItBeganAnew(_Gives):
    """And went on."""

    def _bend(self, got: Download, start: int) -> Download:
        return msgspec.structs.replace(got, start=0)


class GivesNothingForNothing(MemorySource):
    """What is not there is empty."""

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        try:
            with super().download(one, start) as got:
                yield got
        except Gone:
            yield Download(name="x", type="text/plain", size=0, start=0, parts=iter(()))


class TakesTheEndForTheEnd(_Gives):
    """What breaks off was short."""

    def _bend(self, got: Download, start: int) -> Download:
        def parts() -> Iterator[bytes]:
            with suppress(Retriable):
                yield from got.parts

        return msgspec.structs.replace(got, parts=parts())


class MissesFilesThatFail(MemorySource):
    """A login that ran out finds no file."""

    @contextmanager
    def download(self, one: Attachment, start: int = 0) -> Iterator[Download]:
        if self.failing:
            raise Gone(f"{one.key} has no bytes")
        with super().download(one, start) as got:
            yield got


class HasOneConnection(_Gives):
    """Whoever asks last gets what comes."""

    last: Iterator[bytes] = iter(())
    one_at_a_time = threading.Lock()

    def _bend(self, got: Download, start: int) -> Download:
        self.last = got.parts

        def parts() -> Iterator[bytes]:
            while True:
                time.sleep(0.001)
                with self.one_at_a_time:
                    part = next(self.last, None)
                if part is None:
                    return
                yield part

        return msgspec.structs.replace(got, parts=parts())


class HoldsItAll(_Gives):
    """And then gives it in pieces."""

    def _bend(self, got: Download, start: int) -> Download:
        held = b"".join(got.parts)
        return msgspec.structs.replace(got, parts=pieces(held))


class GivesItInOne(_Gives):
    """A piece is a file."""

    def _bend(self, got: Download, start: int) -> Download:
        return msgspec.structs.replace(got, parts=iter((b"".join(got.parts),)))


SOURCES: tuple[tuple[type[MemorySource], str], ...] = (
    (GivesText, "test_a_file_comes_whole"),
    (NamesAPath, "test_a_file_comes_whole"),
    (SaysWhatIsLeft, "test_a_file_comes_whole"),
    (GivesItInOne, "test_a_file_comes_whole"),
    (BelievesItBeganThere, "test_a_file_goes_on_where_it_was_asked_to"),
    (SaysThatItBeganAnew, "test_a_file_goes_on_where_it_was_asked_to"),
    (GivesNothingForNothing, "test_a_file_that_is_not_there_is_gone"),
    (TakesTheEndForTheEnd, "test_a_file_that_breaks_off_is_told"),
    (MissesFilesThatFail, "test_a_login_that_ran_out_is_no_missing_file"),
    (HasOneConnection, "test_many_files_come_at_once"),
    (HoldsItAll, "test_a_file_of_any_length_passes_through"),
    (ListsTwice, "test_each_issue_is_listed_once_and_in_order"),
    (ListsTheFirstPage, "test_each_issue_is_listed_once_and_in_order"),
    (ListsByName, "test_each_issue_is_listed_once_and_in_order"),
    (ListsNoChange, "test_what_changed_since_is_listed"),
    (ReadsAllAnew, "test_a_known_stamp_saves_the_reading"),
    (KnowsItAll, "test_a_known_stamp_saves_the_reading"),
    (LosesTheReplies, "test_an_issue_is_read_whole"),
    (HasNoZone, "test_an_issue_is_read_whole"),
    (SortsTheTalk, "test_an_issue_is_read_whole"),
    (ReadsAnother, "test_many_are_read_at_once"),
    (ReadsWhatIsHidden, "test_hidden_text_stays_at_the_source"),
    (KeepsWhatIsHidden, "test_hidden_text_stays_at_the_source"),
    (TakesHalfForAll, "test_a_reply_that_does_not_come_is_asked_for_again"),
    (MissesWhatFails, "test_a_login_that_ran_out_is_told"),
    (MakesItUp, "test_what_is_not_there_is_gone"),
    (ShowsAllToAll, "test_who_may_read_is_said"),
    (HidesNothing, "test_who_may_read_is_said"),
    (NamesNobody, "test_people_and_projects_are_known"),
    (HasADate, "test_all_of_it_is_pulled_and_moved"),
)
