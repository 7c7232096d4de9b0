"""Dump records make bugs, and later records of the same bugs change just what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.backends.launchpad.standin_recordings import ROOT, needs_recordings, wire_file
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, load_dump, load_wire

DATA = (ROOT / "../shared/data").resolve()
RECORD: dict[str, Any] = {
    "id": 77, "title": "Lamp stays on", "description": "It does.", "status": "New",
    "importance": "Undecided", "tags": ["ui"], "assignee_link": None, "heat": 6,
    "date_created": "2020-01-01 10:00:00+00:00", "date_last_updated": "2020-01-02 10:00:00+00:00",
    "web_link": "", "messages": [
        {"index": "0", "author_link": "https://api.example.com/devel/~first", "content": "It does.",
         "date_created": "2020-01-01 10:00:00+00:00"}],
}  # fmt: skip


def message(index: int, text: str) -> dict[str, Any]:
    return {"index": str(index), "author_link": None, "content": text,
            "date_created": "2020-01-03 10:00:00+00:00"}  # fmt: skip


def test_a_record_makes_a_bug_with_its_project() -> None:
    standin = LaunchpadStandIn()
    assert load_dump(standin, RECORD, "lamp") == 77
    bug, task = standin.store.bug(77), standin.store.task(77, "lamp")
    assert bug is not None
    assert task is not None
    assert (bug.get("title"), bug.get("owner_link")) == ("Lamp stays on", "~first")
    assert [m.get("content") for m in standin.store.messages(77)] == ["It does."]
    assert standin.store.item("lamp") is not None


def test_the_same_record_again_changes_nothing() -> None:
    standin = LaunchpadStandIn()
    load_dump(standin, RECORD, "lamp")
    before = list(standin.store.db.iterdump())
    load_dump(standin, RECORD, "lamp")
    assert list(standin.store.db.iterdump()) == before


def test_a_changed_record_moves_the_date_and_tells_the_history() -> None:
    standin = LaunchpadStandIn()
    load_dump(standin, RECORD, "lamp")
    after = {**RECORD, "status": "Fix Released", "tags": ["ui", "power"], "title": "Lamp is on",
             "date_last_updated": "2020-01-03 10:00:00+00:00",
             "messages": [*RECORD["messages"], message(1, "Fixed.")]}  # fmt: skip
    load_dump(standin, {"before": RECORD, "after": after}, "lamp")
    bug, task = standin.store.bug(77), standin.store.task(77, "lamp")
    assert bug is not None
    assert task is not None
    assert bug.get("date_last_updated") == "2020-01-03T10:00:00+00:00"
    assert bug.get("message_count") == 2
    assert task.get("date_closed") == "2020-01-03T10:00:00+00:00"
    told = {row.get("whatchanged") for row in standin.store.activity(77)}
    assert told == {"bug", "summary", "tags", "lamp: status"}


@needs_recordings
@pytest.mark.skipif(not DATA.is_dir(), reason="the dump is not beside this")
def test_six_days_of_a_real_project_on_top_of_its_recording() -> None:
    standin = LaunchpadStandIn()
    load_wire(standin, wire_file("nova-sample"))
    lines = (DATA / "nova-delta.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        load_dump(standin, json.loads(line), "nova-sample")
    after = [json.loads(line)["after"] for line in lines]
    assert standin.store.scalar("SELECT count(*) FROM bug") > 277
    for record in after:
        bug = standin.store.bug(record["id"])
        assert bug is not None
        assert bug.get("date_last_updated") == record["date_last_updated"].replace(" ", "T")
        assert len(standin.store.messages(record["id"])) == len(record["messages"])
