"""As many tasks of each series, milestone and status at the target as at the source, and told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.end_to_end.recorded import Recorded, path_of
from tests.end_to_end.world import (
    RECORDINGS,
    TARGETS,
    World,
    conduit_token,
    needs_shared,
    world,
)
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.cli.run import run
from tracker_migrate.engine.verify import Verified
from tracker_migrate.text.cells import IN_TEXT

pytestmark = needs_shared

LAB = RECORDINGS / "launchpad" / "projects" / "lab-alpha"
#: what the shipped tables say, for a reader who does not share their code
OPEN = {"New", "Incomplete", "Confirmed", "Triaged", "In Progress", "Fix Committed"}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """lab-alpha at both targets."""
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here:
        load_spec(here.launchpad, f"project:{LAB}")
        here.pull()
        for target in TARGETS:
            here.apply(target)
        yield here


def source_tasks() -> list[dict[str, Any]]:
    """Every task of the recorded bugs, the blueprints, and their work items, as Launchpad's replies
    have them."""
    recorded = Recorded(LAB)
    bugs = [row for bug in recorded.bugs() for row in recorded.rows(f"bugs/{bug['id']}/bug_tasks")]
    blueprints = recorded.blueprints()
    items = [{**row, **item} for row in blueprints for item in work_items(row["workitems_text"])]
    return [*bugs, *blueprints, *items]


def work_items(text: str) -> Iterator[dict[str, str | None]]:
    """The items of a blueprint's text: the milestone stands above them."""
    milestone = None
    for line in text.splitlines():
        words, colon, status = line.rpartition(":")
        if colon and not status.strip():
            milestone = words.rpartition(" ")[2] if " for " in words else None
        elif colon:
            yield {"milestone_link": f"/{milestone}" if milestone else None, "word": status.strip()}


def by(rows: Any, name: str, end: str) -> Counter[str]:
    """How many tasks have each value of a column, at one end."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[getattr(row, name).removesuffix(IN_TEXT)] += getattr(row, end)
    return +counts


def milestones() -> Counter[str]:
    """How many tasks aim at each milestone, by Launchpad's replies."""
    links = [row["milestone_link"] or "" for row in source_tasks()]
    return Counter(link.rpartition("/")[2] for link in links)


def series() -> Counter[str]:
    """How many tasks are about each series, by Launchpad's replies."""
    paths = [path_of(row["target_link"]) for row in source_tasks()]
    return Counter(
        path.rpartition("/")[2] if "/" in path and "+source" not in path else "" for path in paths
    )


def line(told: str, *words: str) -> str:
    """The line of a table that has these words."""
    return next(one for one in told.splitlines() if set(words) <= set(one.split()))


@pytest.mark.parametrize("target", TARGETS)
def test_the_counts_are_those_of_the_source(lab: World, target: str) -> None:
    counted = lab.verify(target).counted
    assert counted.possible
    assert not counted.differ
    assert all(row.source == row.target for row in counted.rows)
    for end in ("source", "target"):
        assert by(counted.rows, "milestone", end) == milestones()
        lines = by(counted.rows, "series", end)
        named = {name.removeprefix("lab-alpha "): count for name, count in lines.items()}
        named[""] = named.pop("", 0) + named.pop("master", 0)
        assert named == series()
        assert sum(by(counted.rows, "status", end).values()) == len(source_tasks())


def test_statuses_are_counted_in_the_words_of_the_target(lab: World) -> None:
    said = Counter(row["status"] for row in source_tasks() if "bug_target_name" in row)
    rows = lab.verify("maniphest").counted.rows
    counts = by(rows, "status", "target")
    assert set(counts) == {"open", "resolved", "invalid", "duplicate"}
    assert sum(said.values()) == 6
    assert set(said) <= OPEN  # those of bug 17, which is a duplicate, stand under that word
    assert counts["duplicate"] == 3


def set_at(lab: World, target: str, status: str) -> None:
    """Somebody closes a task that aims at 1.0 at the target, by its API."""
    if target == "storyboard":
        head = {"Authorization": "Bearer token-of-super"}
        url = f"{lab.storyboard.url}/v1/tasks"
        rows = requests.get(url, headers=head, timeout=10).json()
        todo = next(row for row in rows if row["status"] == "todo" and "+bug" in row["link"])
        answer = requests.put(
            f"{url}/{todo['id']}", json={"status": status}, headers=head, timeout=10
        )
        assert answer.status_code == 200
        return
    client = Conduit(lab.maniphest.url, conduit_token("alice"), timeout=10.0)
    rows = client.read("maniphest.search", constraints={"statuses": ["open"]})["data"]
    said = [{"type": "status", "value": status}]
    client.read("maniphest.edit", objectIdentifier=rows[0]["phid"], transactions=said)


def seen(lab: World, target: str) -> Verified:
    """A verification that does not agree, for the counts differ."""
    result = lab.verify(target)
    assert result.counted.differ == 1
    assert not result.agrees
    return result


@pytest.mark.parametrize(("target", "status"), [("storyboard", "review"), ("maniphest", "invalid")])
def test_a_status_that_somebody_changed_is_shown(
    lab: World, target: str, status: str, capfd: pytest.CaptureFixture[str]
) -> None:
    set_at(lab, target, status)
    off = [row for row in seen(lab, target).counted.rows if row.source != row.target]
    assert sorted(row.target - row.source for row in off) == [-1, 1]
    assert next(row for row in off if row.target > row.source).status == status
    capfd.readouterr()
    assert run(["verify", "-C", str(lab.folder), "-T", target]) == 4
    told = capfd.readouterr().out
    assert "DIFFERS" in line(told, status, "DIFFERS")
    assert "1 stand here otherwise than they should" in told
    run(["verify", "-C", str(lab.folder), "-T", target, "--json"])
    document = json.loads(capfd.readouterr().out)[target]
    assert document["counts_differ"] == 1
    assert not document["agrees"]
    assert sum(row["source"] for row in document["counts"]) == len(source_tasks())


def test_a_milestone_that_somebody_took_away_is_shown(lab: World) -> None:
    client = Conduit(lab.maniphest.url, conduit_token("alice"), timeout=10.0)
    found = client.read("project.search", constraints={"isMilestone": True})["data"]
    (aim,) = [row["phid"] for row in found if row["fields"]["name"] == "1.0"]
    task = client.read("maniphest.search", constraints={"projects": [aim]})["data"][0]
    said = [{"type": "projects.remove", "value": [aim]}]
    client.read("maniphest.edit", objectIdentifier=task["phid"], transactions=said)
    off = [row for row in seen(lab, "maniphest").counted.rows if row.source != row.target]
    assert {(row.project, row.milestone, row.target - row.source) for row in off} == {
        ("lab-alpha", "1.0", -1),
        ("", "", 1),
    }


def test_what_is_counted_is_what_the_target_says_and_not_the_ledger(lab: World) -> None:
    """A branch that is called otherwise there now: nothing in the ledger says so."""
    head = {"Authorization": "Bearer token-of-super"}
    url = f"{lab.storyboard.url}/v1/branches"
    rows = requests.get(url, headers=head, timeout=10).json()
    stable = next(row for row in rows if row["name"] == "stable")
    answer = requests.put(
        f"{url}/{stable['id']}", json={"name": "unstable"}, headers=head, timeout=10
    )
    assert answer.status_code == 200
    result = seen(lab, "storyboard")
    assert not result.differs
    names = {row.series: (row.source, row.target) for row in result.counted.rows}
    assert names["stable"] == (1, 0)
    assert names["unstable"] == (0, 1)


@pytest.mark.slow
def test_the_counts_of_a_real_project_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path / "ws", monkeypatch, "nova-sample") as here:
        load_spec(here.launchpad, f"wire:{RECORDINGS / 'launchpad' / 'wire'}/nova-sample.jsonl.gz")
        here.pull()
        for target in TARGETS:
            here.apply(target)
            counted = here.verify(target).counted
            assert not counted.differ
            assert counted.source == counted.target == 277
            assert 4 <= len(counted.rows) < 20
