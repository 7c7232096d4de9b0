"""Laws 4 and 5, tried on a sink: whose an object is, and what people do to ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tracker_migrate.errors import Gone, Taken
from tracker_migrate.interfaces import ClosedStep, Ref, RemoteRef, Sink
from tracker_migrate.testing.conformance.base import SinkChecks
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.mover import Mover, said
from tracker_migrate.testing.conformance.target import SinkUnderTest


class OursChecks(SinkChecks):
    """What a sink must keep of "ours" and "kept"."""

    def test_a_lost_ledger_finds_our_issues_again(self, target: SinkUnderTest) -> None:
        """`lookup` names what our account made, where it is, and nothing that it never made."""
        with self.mover(target) as mover:
            issue, other = self.plain(target, 201), self.plain(target, 202)
            mover.write(issue)
            wanted = [
                *mover.planner.wanted(issue, mover.decisions),
                *mover.planner.wanted(other, mover.decisions),
            ]
            with self.opened(target) as fresh:
                said(fresh.check, mover.decisions)
                found = fresh.lookup([one for one in wanted if _is_issue(mover, one.kind)])
            must(
                issue.key in found and found[issue.key].id == mover.refs[issue.key][1].id,
                "ours",
                "a sink that was opened anew does not find the issue that we wrote",
                expected="its key and its place in what `lookup` returns",
                cure="look by marker (or number), and compare the author with our account",
            )
            must(
                other.key not in found,
                "ours",
                "`lookup` names an issue that was never written",
                expected="only what stands there",
                cure="compare the whole marker, not a part of it",
            )

    def test_a_strangers_look_alike_is_not_ours(self, target: SinkUnderTest) -> None:
        """Somebody else has made an object with our marker, or taken our number."""
        with self.mover(target) as mover:
            issue = self.plain(target, 211)
            step = self._until_issue(mover, mover.steps(issue))
            mark = mover.sink.mark(step)
            self.shown(target.stranger, step)
            try:
                found = said(mover.sink.find, step, mark)
            except Taken:
                found = None
            must(
                found is None,
                "ours",
                "`find` takes a stranger's object for the one that we sent",
                expected="None, or Taken if it has our number",
                cure="an object is ours only if our account made it",
            )
            wanted = [one for one in mover.wanted.values() if one.key == issue.key]
            must(
                not mover.sink.lookup(wanted),
                "ours",
                "`lookup` names a stranger's object",
                expected="nothing",
                cure="an object is ours only if our account made it",
            )
            standing = target.standing(step)
            try:
                mover.note(step, said(mover.sink.send, step))
            except Taken:
                return  # the engine chooses another number
            must(
                target.standing(step) == standing + 1,
                "ours",
                "a create was answered with a stranger's object",
                expected="an object of our own beside it, or Taken",
                cure="look whose it is before you return what is there already",
            )
            self.alone(self.agrees(mover, issue), "beside a stranger's look-alike")

    def test_what_is_not_known_is_told_as_ours(self, target: SinkUnderTest) -> None:
        """`read` names the parts of an issue that we made and that the ledger has lost."""
        with self.mover(target) as mover:
            issue = self.plain(target, 221, 3)
            mover.write(issue)
            own = mover.own(issue)
            kinds = mover.planner.kinds
            last = [of for of, (kind, _at) in own.items() if not _is_issue(mover, kind)]
            last = [of for of in last if not kinds[own[of][0]].within]
            if not last:
                return  # an issue is one object there
            lost = last[-1]
            seen = said(mover.sink.read, {of: at for of, at in own.items() if of != lost})
            must(
                lost in seen.ours and seen.ours[lost].id == own[lost][1].id,
                "ours",
                f"a {own[lost][0]} of ours that the ledger does not name is not in Snapshot.ours",
                expected="its key and place",
                cure="look through what stands at the issue, and read the permalinks of ours",
            )
            must(
                seen.foreign == 0 and not seen.doubled,
                "ours",
                f"{seen.foreign} foreign and {len(seen.doubled)} doubled objects, and all is ours",
                expected="none",
                cure="compare authors before counting an object as foreign",
            )

    def test_what_people_change_is_read(self, target: SinkUnderTest) -> None:
        """The engine keeps it, if it sees it."""
        with self.mover(target) as mover:
            issue = self.plain(target, 231)
            mover.write(issue)
            kind, at = mover.refs[issue.key]
            field = self.shown(target.edit, kind, at)
            seen = said(mover.sink.read, mover.own(issue))
            now = seen.objects[issue.key].fields
            must(
                field in now and now[field] != mover.sent[issue.key][field],
                "kept",
                f"somebody changed {kind}.{field}, and `read` says what was sent",
                expected="what stands there now",
                cure="read it from the server, not from what was sent",
            )
            others = {n for n, v in mover.sent[issue.key].items() if n in now and now[n] != v}
            must(
                others == {field},
                "kept",
                f"{sorted(others)} differ from what was sent",
                expected=f"only {field}",
                cure="bring each field into the form in which it is sent",
            )

    def test_what_is_gone_is_told(self, target: SinkUnderTest) -> None:
        """A part that was removed is absent; an issue that was removed raises Gone."""
        with self.mover(target) as mover:
            issue = self.plain(target, 241)
            mover.write(issue)
            kind, at = mover.refs[issue.key]
            self.shown(target.remove, kind, at)
            try:
                said(mover.sink.read, mover.own(issue))
            except Gone:
                pass
            else:
                broken(
                    "kept",
                    "the issue's object was removed, and `read` reads it",
                    expected="Gone",
                    cure="raise Gone if the object of the issue itself is not to be seen",
                )
            own = mover.wanted[issue.key]
            title = next(iter(own.fields))
            for step in mover.update([own], title):
                try:
                    said(mover.sink.send, step)
                except Gone:
                    continue
                broken(
                    "told",
                    f"a {step.kind} of what is gone is answered with a receipt",
                    expected="Gone",
                    cure="look at what the server says of an object that it does not know",
                )

    # -- numbers and words ------------------------------------------------------------------------

    def test_claimed_numbers_are_nobody_elses(self, target: SinkUnderTest) -> None:
        """Claimed from several threads at once, as a run does."""
        with self.mover(target) as mover:
            self._claims(mover, [mover.sink] * 8)

    def test_two_processes_claim_other_numbers(self, target: SinkUnderTest) -> None:
        """Two workspaces write to one target at the same time."""
        with self.mover(target) as mover, self.opened(target) as other:
            said(other.check, mover.decisions)
            self._claims(mover, [mover.sink, other] * 4)

    def _claims(self, mover: Mover, sinks: list[Sink]) -> None:
        __tracebackhide__ = True
        for name, kind in mover.planner.kinds.items():
            if not kind.chosen:
                continue
            with ThreadPoolExecutor(4) as pool:
                blocks = list(pool.map(lambda s, of=name: s.claim(of, 3), sinks))
            numbers = [n for b in blocks for n in range(b.first, b.last + 1)]
            must(
                len(numbers) == len(set(numbers)) and len(numbers) >= 3 * len(sinks),
                "once",
                f"{len(sinks)} claims of 3 numbers for a {name}: {len(set(numbers))} numbers",
                expected="blocks of at least 3 that do not overlap",
                cure="claim at the server, under its own lock, not in this process",
            )

    def test_a_chosen_number_is_the_one_that_it_gets(self, target: SinkUnderTest) -> None:
        """References were written with it before it was there."""
        with self.mover(target) as mover:
            for step in mover.write(self.plain(target, 251)):
                for action in step.actions:
                    at = mover.refs[action.key][1]
                    must(
                        action.number is None or str(action.number) in (at.id, at.number),
                        "once",
                        f"a {action.kind} was to be {action.number}, and is {at.id}",
                        expected="the chosen number",
                        cure="send the number with the create, and Taken if it is somebody's",
                    )

    def test_a_reference_leads_somewhere(self, target: SinkUnderTest) -> None:
        """To the object at the target if it is there, else to its home."""
        with self.mover(target) as mover:
            issue = self.plain(target, 261, 0)
            mover.write(issue)
            ref = Ref(to=issue.key, label="that one", home=issue.home)
            at = mover.refs[issue.key][1]
            there, home = mover.sink.link(ref, at), mover.sink.link(ref, None)
            must(
                issue.home in home,
                "shape",
                "a reference to what is not there does not name its home",
                expected="the address at the source",
                cure="use ref.home where the place is None",
            )
            must(
                issue.home not in there and (at.number in there or at.id in there),
                "shape",
                "a reference to what is there leads elsewhere",
                expected="its place at the target",
                cure="use the RemoteRef's url or number",
            )

    def test_what_reads_back_otherwise_is_known_before(self, target: SinkUnderTest) -> None:
        """`stored` says what Receipt.stored says, as far as that is known without sending."""
        with self.mover(target) as mover:
            for step in mover.steps(self.issue(target, 271)):
                before = mover.sink.stored(step)
                receipt = said(mover.sink.send, step)
                for of, fields in before.items():
                    told = receipt.stored.get(of, {})
                    wrong = [n for n, v in fields.items() if n in told and told[n] != v]
                    must(
                        not wrong,
                        "once",
                        f"`stored` and the receipt of a {step.kind} differ in {wrong}",
                        expected="the same",
                        cure="build both by one function",
                    )
                mover.note(step, receipt)

    def test_places_can_be_kept(self, target: SinkUnderTest) -> None:
        """Closed steps and receipts are JSON: they go through a database."""
        with self.mover(target) as mover:
            for step in mover.write(self.plain(target, 281)):
                for action in step.actions:
                    json.dumps(action.fields)
                    at = mover.refs[action.key][1]
                    must(
                        at.id and isinstance(at, RemoteRef),
                        "shape",
                        f"the place of a {action.kind} has no id",
                        expected="what requests name it by",
                        cure="fill RemoteRef.id",
                    )

    # -- inside -----------------------------------------------------------------------------------

    def _until_issue(self, mover: Mover, steps: Iterator[ClosedStep]) -> ClosedStep:
        """Send what comes before the issue's own object; that step is given back unsent."""
        for step in steps:
            if _is_issue(mover, step.actions[0].kind):
                return step
            mover.carry_out(step)
        raise AssertionError("an issue has no object of its own")


def _is_issue(mover: Mover, kind: str) -> bool:
    return kind == mover.planner.issue_kind
