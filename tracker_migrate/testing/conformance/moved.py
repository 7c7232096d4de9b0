"""The laws that need the whole engine, tried on a sink: pull, apply, verify, apply again."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tracker_migrate.errors import LoginNeeded, Unreachable, WrongTracker
from tracker_migrate.model import Issue
from tracker_migrate.testing.conformance.base import SinkChecks
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.target import SinkUnderTest
from tracker_migrate.testing.conformance.trial import NamedSource, Trial, trial_of
from tracker_migrate.testing.faults import FAULTS
from tracker_migrate.testing.samples import private, rich, talk

#: what stops a run; the next one goes on
_STOPS = (Unreachable, LoginNeeded, WrongTracker)
_RUNS = 12


class MovedChecks(SinkChecks):
    """What engine and sink must keep together. Each check has a workspace in `tmp_path`."""

    def test_issues_arrive_and_a_second_run_writes_nothing(
        self, target: SinkUnderTest, tmp_path: Path
    ) -> None:
        """Public and private ones, with references among them."""
        issues = self._some(target, 501)
        if target.policy is not None:
            issues.append(private(target.names, talk(target.names, 509, 1)))
        with trial_of(target, tmp_path, *issues) as trial:
            trial.pull()
            applied = trial.apply()
            self._arrived(trial, "after a run")
            must(
                applied.steps > 0,
                "once",
                "the run wrote nothing",
                expected="the issues",
                cure="look what `refusal` says",
            )
            self._idle(trial, target)

    @pytest.mark.parametrize("word", sorted(set(FAULTS) - {"double", "slow"}))
    def test_issues_arrive_once_whatever_goes_wrong(
        self, target: SinkUnderTest, tmp_path: Path, word: str
    ) -> None:
        """The same fault strikes in several places of a run; once it stops, all is well."""
        self.under(target, tmp_path, word)

    def under(self, target: SinkUnderTest, folder: Path, word: str) -> None:
        """A move under one kind of fault, which strikes before each run and once within it."""
        with trial_of(target, folder, *self._some(target, 521)) as trial:
            trial.pull()
            draw = random.Random(word)
            for _ in range(_RUNS):
                self.shown(target.strike, word)
                try:
                    trial.apply()
                except _STOPS:
                    if draw.random() < 0.5:
                        target.calm()
                if not trial.aside() and trial.workspace.ledger("there").states().get("done"):
                    break
                trial.retry()
            target.calm()
            self._runs_through(trial)
            self._arrived(trial, f"after `{word}`")
            self._idle(trial, target)

    def test_what_changes_at_the_source_is_written_once(
        self, target: SinkUnderTest, tmp_path: Path
    ) -> None:
        """A text, a comment more; and a second run has nothing to do."""
        issue = talk(target.names, 541, 1)
        with trial_of(target, tmp_path, issue) as trial:
            self._run(trial)
            self._source(trial).put(talk(target.names, 541, 2, description="Another text."))
            self._run(trial)
            self._arrived(trial, "after a change at the source")
            self._idle(trial, target)

    def test_what_people_changed_is_kept(self, target: SinkUnderTest, tmp_path: Path) -> None:
        """A later run that changes the same field does not overwrite it."""
        issue = talk(target.names, 551, 1)
        with trial_of(target, tmp_path, issue) as trial:
            self._run(trial)
            held = trial.workspace.ledger("there").of_issue(issue.key)[issue.key]
            field = self.shown(target.edit, held.kind, held.at)
            self._source(trial).put(
                msgspec.structs.replace(issue, title="Another title", description="Another text.")
            )
            self._run(trial)
            seen = trial.sink.read({issue.key: (held.kind, held.at)}).objects[issue.key]
            differs = [one for one in trial.verify().differs if one.key == issue.key]
            must(
                [one.field for one in differs] == [field],
                "kept",
                f"somebody changed {field}, and after the next run "
                f"{[one.field for one in differs]} differ ({seen.fields.get(field)!r:.60})",
                expected=f"{field} as that person left it",
                cure="send only the fields that the step names; read what stands there",
            )

    def test_a_lost_ledger_is_rebuilt(self, target: SinkUnderTest, tmp_path: Path) -> None:
        """From what stands at the target; the next run writes nothing twice."""
        issues = self._some(target, 561)
        with trial_of(target, tmp_path / "one", *issues) as trial:
            self._run(trial)
        with trial_of(target, tmp_path / "two", *issues) as trial:
            trial.pull()
            trial.adopt()
            applied = trial.apply()
            must(
                applied.created == 0,
                "ours",
                f"after its ledger was rebuilt, a run created {applied.created} objects again",
                expected="none: they all stand there",
                cure="find issues in `lookup`, and their parts in Snapshot.ours",
            )
            self._arrived(trial, "after the ledger was rebuilt")

    # -- inside -----------------------------------------------------------------------------------

    def _some(self, target: SinkUnderTest, first: int) -> list[Issue]:
        names = target.names
        return [
            rich(names, first, depends_on=first + 1),
            talk(names, first + 1, 2),
            talk(names, first + 2, 0, tags=("api",)),
        ]

    def _source(self, trial: Trial) -> NamedSource:
        assert isinstance(trial.source, NamedSource)
        trial.source.advance(hours=1)
        return trial.source

    def _runs_through(self, trial: Trial) -> None:
        """A run after the faults have stopped; a server that was down may be left alone a while."""
        for left in reversed(range(_RUNS)):
            trial.retry()
            try:
                trial.apply()
                return
            except Unreachable:
                if not left:
                    raise
                time.sleep(0.3)

    def _run(self, trial: Trial) -> Any:
        trial.pull()
        return trial.apply()

    def _arrived(self, trial: Trial, when: str) -> None:
        __tracebackhide__ = True
        aside = trial.aside()
        must(
            not aside,
            "once",
            f"{len(aside)} issues are set aside {when}: {aside[0].reason if aside else ''}",
            expected="none",
            cure="look which step raises Refused, and why",
        )
        seen = trial.verify()
        if seen.agrees:
            return
        differs = sorted({one.field for one in seen.differs})
        broken(
            "once",
            f"{when}: {len(seen.missing)} missing, {len(seen.doubled)} doubled, "
            f"{len(seen.unplanned)} unplanned, {len(seen.exposed)} exposed, {seen.pending} "
            f"pending, {differs} differ",
            expected="source and target agree",
            cure="run the suite's smaller checks first: they say which step it is",
        )

    def _idle(self, trial: Trial, target: SinkUnderTest) -> None:
        __tracebackhide__ = True
        before = target.writes()
        trial.pull(full=True)
        applied = trial.apply()
        must(
            applied.steps == 0 and target.writes() == before,
            "once",
            f"a run with nothing new made {applied.steps} steps and sent "
            f"{target.writes() - before} writing requests",
            expected="none",
            cure="a planner that says another thing each time, or a sink that writes in `check`",
        )
