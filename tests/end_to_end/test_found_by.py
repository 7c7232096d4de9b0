"""The docs tell what found each kind of change, and how soon, as the test of all of them saw it."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.every_change import CHANGES
from tests.end_to_end.found_by import table, told
from tracker_migrate.workspace.settings import SyncSettings


def test_the_docs_tell_what_was_seen() -> None:
    docs = Path(__file__).parents[2] / "docs" / "sync.md"
    assert told() in docs.read_text(), "python -m tests.end_to_end.found_by"


def test_each_kind_of_change_was_found_by_something() -> None:
    named = [one for ones in table().values() for one in ones]
    assert sorted(named) == sorted(CHANGES)


def test_the_longest_times_are_those_of_the_default_settings() -> None:
    default = SyncSettings()
    said = told()
    assert f"{default.every / 60:g} minutes (`every`)" in said
    assert default.around_minutes == default.blueprints_minutes
    around = "`around_minutes`, `blueprints_minutes`"
    assert f"{default.blueprints_minutes:g} minutes ({around})" in said
    assert f"{default.sweep_hours:g} hours (`sweep_hours`)" in said
    assert f"{default.people_days:g} days (`people_days`)" in said
