"""Taking back, tried on a sink that says that it can (`abilities.TakesBack`): what goes, what
stays, and that a run afterwards makes everything anew."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tracker_migrate.abilities import Part, TakesBack
from tracker_migrate.engine.left import Undone
from tracker_migrate.engine.survey import bare
from tracker_migrate.errors import LoginNeeded, Unreachable, WrongTracker
from tracker_migrate.interfaces import ClosedAction, ClosedStep, Sink, Wanted
from tracker_migrate.model import Issue
from tracker_migrate.testing.conformance.base import SinkChecks
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.mover import said
from tracker_migrate.testing.conformance.target import NotShown, SinkUnderTest
from tracker_migrate.testing.conformance.trial import Trial, trial_of
from tracker_migrate.testing.faults import FAULTS
from tracker_migrate.testing.samples import private, rich, talk

_STOPS = (Unreachable, LoginNeeded, WrongTracker)
_RUNS = 12


class BackChecks(SinkChecks):
    """What a sink that takes back must keep. A sink that does not is not asked."""

    def test_what_is_taken_back_goes_and_comes_again(
        self, target: SinkUnderTest, tmp_path: Path
    ) -> None:
        """Public and private; a second undo does nothing, a run makes all anew."""
        issues = _some(target, 601)
        if target.policy is not None:
            issues.append(private(target.names, talk(target.names, 609, 1)))
        with trial_of(target, tmp_path, *issues) as trial:
            _takes_back(trial.sink)
            _run(trial)
            wanted = _wanted(trial)
            _all_back(trial.undo(), len(issues))
            self._nothing_stands(target, trial, wanted)
            before = target.writes()
            again = trial.undo()
            must(
                again.issues == 0 and target.writes() == before,
                "once",
                f"a second undo took {again.issues} issues back, and sent "
                f"{target.writes() - before} writing requests",
                expected="none",
                cure="what is taken back has to be told as gone, or not be named any more",
            )
            _comes_again(trial)

    @pytest.mark.parametrize("word", sorted(set(FAULTS) - {"slow"}))
    def test_what_is_taken_back_goes_whatever_goes_wrong(
        self, target: SinkUnderTest, tmp_path: Path, word: str
    ) -> None:
        """A fault strikes each undo until all is done; a run makes all anew."""
        self.goes_under(target, tmp_path, word)

    def goes_under(self, target: SinkUnderTest, folder: Path, word: str) -> None:
        """An undo under one kind of fault, which strikes before each try."""
        issues = _some(target, 621)
        with trial_of(target, folder, *issues) as trial:
            _takes_back(trial.sink)
            _run(trial)
            wanted = _wanted(trial)
            for _ in range(_RUNS):
                self.shown(target.strike, word)
                try:
                    undone = trial.undo()
                except _STOPS:
                    target.calm()
                    continue
                if not undone.failed:
                    break
            target.calm()
            _patiently(trial)
            self._nothing_stands(target, trial, wanted)
            _comes_again(trial)

    def test_what_somebody_changed_is_not_taken_back(
        self, target: SinkUnderTest, tmp_path: Path
    ) -> None:
        """It stays as that person left it; what nobody touched goes."""
        issue, other = talk(target.names, 641, 1), talk(target.names, 642, 1)
        with trial_of(target, tmp_path, issue, other) as trial:
            _takes_back(trial.sink)
            _run(trial)
            held = trial.workspace.ledger("there").of_issue(issue.key)[issue.key]
            field = self.shown(target.edit, held.kind, held.at)
            refs = {issue.key: (held.kind, held.at)}
            before = trial.sink.read(refs).objects[issue.key].fields
            undone = trial.undo()
            must(
                list(undone.spared) == [issue.key] and undone.issues == 1,
                "kept",
                f"somebody changed {field} of one issue; an undo left {len(undone.spared)} as they "
                f"are, and took {undone.issues} back",
                expected="the one that was changed left, the other one taken back",
                cure="look at what stands there, and at its history, in `worked_on`",
            )
            after = trial.sink.read(refs).objects[issue.key].fields
            must(
                after == before,
                "kept",
                "an undo changed what it said that it left",
                expected="every field as it was",
                cure="`worked_on` looks, and no more",
            )

    def test_a_deletion_is_not_sent_twice_and_is_found(self, target: SinkUnderTest) -> None:
        """What is made anew under the same number must not go by a late request."""
        with self.mover(target) as mover:
            sink = _takes_back(mover.sink)
            issue = self.plain(target, 651)
            mover.write(issue)
            own = mover.own(issue)
            parts = {of: Part(kind=kind, at=at) for of, (kind, at) in own.items()}
            backs = sink.backs(parts, mover.decisions)
            named = {of for back in backs for of in (back.key, *back.takes)}
            must(
                backs and named <= parts.keys(),
                "ours",
                f"`backs` names {len(named - parts.keys())} objects that it was not told of",
                expected="objects of the issue alone, and at least its own",
                cure="take back by what `parts` names",
            )
            for back in backs:
                if back.op == "delete":
                    kind, at = own[back.key]
                    action = ClosedAction(
                        op="delete", key=back.key, kind=kind, fields={}, at=at, holds=back.takes
                    )
                    self._delete(
                        mover.sink,
                        ClosedStep(kind=f"{kind}.delete", issue=issue.key, actions=(action,)),
                    )

    # -- inside -----------------------------------------------------------------------------------

    def _delete(self, sink: Sink, step: ClosedStep) -> None:
        __tracebackhide__ = True
        told = [
            not sink.resend_safe(step),
            said(sink.find, step, {}) is None,
            bool(said(sink.send, step)),
            said(sink.find, step, {}) is not None,
        ]
        must(
            all(told),
            "once",
            f"{step.kind}: safe to send again {not told[0]}; found before {not told[1]}, "
            f"after {told[3]}",
            expected="not safe to send again, not found before, and found after",
            cure="of a deletion `find` names what is not there any more",
        )

    def _nothing_stands(self, target: SinkUnderTest, trial: Trial, wanted: list[Wanted]) -> None:
        """Nothing of what was taken back is looked up, and none of it is open to anybody."""
        __tracebackhide__ = True
        found = trial.sink.lookup(wanted)
        must(
            not found,
            "ours",
            f"{len(found)} issues that were taken back are looked up as ours",
            expected="none",
            cure="what stays there must not name anything of the source",
        )
        try:
            for _of, kind, at in trial.workspace.undone("there").standing():
                fixed = trial.sink.planner.kinds[kind].private == "never"
                if not fixed and target.open_to_all(kind, at):
                    broken(
                        "closed",
                        f"a {kind} that was taken back, and stays, is open to everybody",
                        expected="closed for all but the importer",
                        cure="give `Back.fields` those of `planner.access` for CLOSED",
                    )
        except NotShown:
            return


def _takes_back(sink: Sink) -> TakesBack:
    if not isinstance(sink, TakesBack):
        pytest.skip("not shown: this sink takes nothing back")
    return sink


def _some(target: SinkUnderTest, first: int) -> list[Issue]:
    names = target.names
    return [rich(names, first, depends_on=first + 1), talk(names, first + 1, 2)]


def _run(trial: Trial) -> None:
    trial.pull()
    trial.apply()


def _wanted(trial: Trial) -> list[Wanted]:
    """Each issue's own object, as far as it takes to look it up."""
    bound = trial.target()
    return [bare(bound, issue) for issue in bound.archive.issues()]


def _patiently(trial: Trial) -> None:
    """An undo after the faults have stopped; a server that was down may be left alone a while."""
    for left in reversed(range(_RUNS)):
        try:
            undone = trial.undo()
        except Unreachable:
            if not left:
                raise
            time.sleep(0.3)
            continue
        if not undone.failed:
            return
    broken(
        "once",
        f"{len(undone.failed)} issues can't be taken back after the faults have stopped",
        expected="none",
        cure="raise Doubtful for a reply that is lost, and say in `find` what is not there",
    )


def _all_back(undone: Undone, issues: int) -> None:
    __tracebackhide__ = True
    why = [*undone.spared.values(), *undone.failed.values()]
    must(
        undone.issues == issues and not why,
        "once",
        f"of {issues} issues {undone.issues} were taken back: {'; '.join(why)[:200]}",
        expected="all of them: nobody has touched any",
        cure="look what `worked_on` takes for other people's work",
    )


def _comes_again(trial: Trial) -> None:
    __tracebackhide__ = True
    trial.apply()
    seen = trial.verify()
    must(
        seen.agrees,
        "once",
        f"a run after an undo: {len(seen.missing)} missing, {len(seen.doubled)} doubled, "
        f"{len(seen.unplanned)} unplanned, {len(seen.differs)} differ, {len(trial.aside())} aside",
        expected="source and target agree",
        cure="what was taken back must not be found by marker, number or permalink",
    )
