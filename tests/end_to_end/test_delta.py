"""The real changes of six days: exactly what changed is changed, and nothing else is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_recorded_projects import agrees, reader_of, words_arrived
from tests.end_to_end.world import SHARED, TARGETS, World, needs_shared, world
from tracker_migrate.backends.launchpad.standin.dump import load_dump

pytestmark = needs_shared

PROJECT = "nova"
_FIELDS = ("title", "description", "status", "importance", "tags", "assignee_link")


def pairs() -> list[dict[str, Any]]:
    """24 bugs before and after, and 8 that were new (before is null)."""
    lines = (SHARED / "data" / "nova-delta.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def new_comments(pair: dict[str, Any]) -> int:
    """Comments that a pair adds and that say something."""
    before = {m["index"] for m in pair["before"]["messages"]}
    after = pair["after"]["messages"]
    return sum(1 for m in after if m["index"] not in before and m["content"].strip())


def snapshot(here: World, target: str) -> dict[str, Any]:
    """Everything at a target, by permalink."""
    return {link: issues[0] for link, issues in reader_of(here, target).by_permalink().items()}


def test_the_real_changes_arrive_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [pair for pair in pairs() if pair["before"] is not None]
    fresh = [pair for pair in pairs() if pair["before"] is None]
    assert (len(known), len(fresh)) == (24, 8)
    with world(tmp_path / "ws", monkeypatch, PROJECT) as here:
        for pair in known:
            load_dump(here.launchpad, pair["before"], PROJECT)
        assert here.pull().new == 24
        for target in TARGETS:
            here.apply(target)
        before = {target: snapshot(here, target) for target in TARGETS}
        for pair in [*known, *fresh]:
            load_dump(here.launchpad, pair["after"], PROJECT)
        pulled = here.pull(full=True)
        assert pulled.new == 8
        for target in TARGETS:
            applied = here.apply(target)
            agrees(here.verify(target))
            words_arrived(here, target, PROJECT)
            _changed_as_the_source_did(known, before[target], snapshot(here, target))
            assert not applied.kept
            assert not applied.stuck
            writes = here.writes(target)
            here.apply(target)
            assert here.writes(target) == writes


def _changed_as_the_source_did(
    pairs: list[dict[str, Any]], before: dict[str, Any], after: dict[str, Any]
) -> None:
    by_number = {link.rsplit("/", 1)[1]: link for link in after}
    for pair in pairs:
        link = by_number[str(pair["id"])]
        old, new = before[link], after[link]
        # what was there stays as it was, and is there once
        assert new["comments"][: len(old["comments"])] == old["comments"], pair["id"]
        assert len(new["comments"]) - len(old["comments"]) == new_comments(pair), pair["id"]
        if all(pair["before"][name] == pair["after"][name] for name in _FIELDS):
            still = {name: value for name, value in old.items() if name != "comments"}
            assert still == {name: new[name] for name in still}, pair["id"]
        title_changed = pair["before"]["title"] != pair["after"]["title"]
        assert (old["title"] != new["title"]) == title_changed, pair["id"]


def test_an_untouched_issue_gets_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two bugs one changes: no writing request names the other."""
    known = [pair for pair in pairs() if pair["before"] is not None][:2]
    with world(tmp_path / "ws", monkeypatch, PROJECT) as here:
        for pair in known:
            load_dump(here.launchpad, pair["before"], PROJECT)
        here.pull()
        for target in TARGETS:
            here.apply(target)
        load_dump(here.launchpad, known[0]["after"], PROJECT)
        here.pull(full=True)
        for target in TARGETS:
            seen: list[str] = []
            here.apply(target, lambda event, seen=seen: seen.append(event.key))  # type: ignore[misc]
            touched = {key for key in seen if key.startswith("launchpad:bug:")}
            assert f"launchpad:bug:{known[1]['id']}" not in touched
