"""What a sink's feed has to tell, for a sink that has one: see `abilities.TellsEdits`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tracker_migrate.abilities import TellsEdits
from tracker_migrate.engine.feed import Fed, Feed
from tracker_migrate.model import Issue
from tracker_migrate.testing.conformance.base import SinkChecks
from tracker_migrate.testing.conformance.laws import must
from tracker_migrate.testing.conformance.target import SinkUnderTest
from tracker_migrate.testing.conformance.trial import Trial, trial_of
from tracker_migrate.testing.samples import rich, talk


class FedChecks(SinkChecks):
    """The feed of a sink, with the engine that reads it. Skipped for a sink that has none."""

    def test_what_we_wrote_ourselves_costs_no_look(
        self, target: SinkUnderTest, tmp_path: Path
    ) -> None:
        """It is known by the ledger, and by value."""
        with self._moved(target, tmp_path, 601) as trial:
            found = _fed(trial)
            must(
                found.looked == 0,
                "kept",
                f"after a move that nobody touched, {found.looked} issues have to be read",
                expected="none: what we did is told with its values, or counted",
                cure="tell values as `read` does; with `untold`, say by whom",
            )

    def test_nothing_is_told_twice(self, target: SinkUnderTest, tmp_path: Path) -> None:
        """And a look that finds nothing is one page."""
        with self._moved(target, tmp_path, 611) as trial:
            _fed(trial)
            stand = trial.workspace.fed("there").stand()
            assert stand is not None
            pages = list(_tells(trial).edits_since(stand.mark))
            told = [touch for page in pages for touch in page.touches]
            must(
                len(pages) == 1 and not told and not pages[0].missing,
                "kept",
                f"{len(pages)} pages, with {len(told)} rows that were told before",
                expected="one page, without a row",
                cure="keep the numbers just below the mark that were seen with the mark",
            )

    def test_what_a_person_changes_is_told_and_nothing_else(
        self, target: SinkUnderTest, tmp_path: Path
    ) -> None:
        """One issue has to be read for it."""
        with self._moved(target, tmp_path, 621) as trial:
            _fed(trial)
            issue = talk(target.names, 622, 2)
            held = trial.workspace.ledger("there").of_issue(issue.key)[issue.key]
            field = self.shown(target.edit, held.kind, held.at)
            found = _fed(trial)
            known = [(key, name) for key, name, _ in trial.workspace.ledger("there").conflicts()]
            must(
                known == [(issue.key, field)] and found.looked == 1,
                "kept",
                f"somebody changed {field}; {found.looked} issues were read, {known} are known",
                expected="that edit, and one issue that was read",
                cure="tell of every field that `read` reads, by anybody",
            )

    def test_what_a_person_removes_is_noticed(self, target: SinkUnderTest, tmp_path: Path) -> None:
        """If the feed does not say so, by asking which issues are there."""
        with self._moved(target, tmp_path, 631) as trial:
            _fed(trial)
            issue = talk(target.names, 632, 2)
            ledger = trial.workspace.ledger("there")
            held = ledger.of_issue(issue.key)[issue.key]
            others = [
                one.at.id
                for key in ledger.issues()
                for one in ledger.of_issue(key).values()
                if one.kind == held.kind and key != issue.key
            ]
            self.shown(target.remove, held.kind, held.at)
            there = _tells(trial).visible([held.at.id, *others])
            must(
                there == frozenset(others),
                "kept",
                f"of {1 + len(others)} issues one was removed, and {len(there)} are there",
                expected="all others",
                cure="let `visible` say which of the ids are to be seen now",
            )

    @contextmanager
    def _moved(self, target: SinkUnderTest, folder: Path, first: int) -> Iterator[Trial]:
        names = target.names
        issues: list[Issue] = [rich(names, first), talk(names, first + 1, 2)]
        with trial_of(target, folder, *issues) as trial:
            if not isinstance(trial.sink, TellsEdits):
                pytest.skip("not shown: the sink has no feed")
            trial.pull()
            trial.apply()
            yield trial


def _fed(trial: Trial) -> Fed:
    return Feed(trial.target()).run()


def _tells(trial: Trial) -> Any:
    return trial.sink
