"""`losses`: every field of the source, and what can become of it at each target."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Cli
from tracker_migrate import registry

SINKS = ("maniphest", "storyboard")


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("form", [(), ("--markdown",)])
def test_every_field_is_named_under_its_type(cli: Cli, sink: str, form: tuple[str, ...]) -> None:
    told = cli("losses", "--as", sink, *form)
    assert told.status == 0
    lines = iter(told.out.splitlines())
    for row in registry.exported("launchpad"):
        cell = f"`{row.field}`" if form else row.field
        assert any(cell in line.split() for line in lines), f"{row.entity}.{row.field}"


def test_what_is_lost_has_a_reason(cli: Cli) -> None:
    found = json.loads(cli("losses", "--json").out)
    assert set(found) == set(SINKS)
    for rows in found.values():
        lost = [row for row in rows if "lost" in row["outcomes"]]
        assert len(lost) > 100
        assert all(row["notes"] for row in lost)
    named = {f"{row['entity']}.{row['field']}": row for row in found["storyboard"]}
    assert named["bug.title"]["outcomes"] == ["native"]
    assert named["bug.heat"]["outcomes"] == ["text"]
    assert named["bug.heat"]["becomes"] == ["bug.extra.heat"]
    assert named["bug_task.milestone_link"]["outcomes"] == ["native", "text"]
    assert named["person.karma"]["outcomes"] == ["lost"]


def test_a_page_is_of_one_tracker(cli: Cli) -> None:
    told = cli("losses", "--markdown")
    assert told.status == 2
    assert "--as maniphest or --as storyboard" in told.err


def test_a_tracker_that_is_none_is_told(cli: Cli) -> None:
    told = cli("losses", "--as", "storybord")
    assert told.status == 2
    assert "storyboard" in told.err
