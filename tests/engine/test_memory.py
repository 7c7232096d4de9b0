"""The tracker in memory keeps the promises that an engine, or the author of a plug-in, needs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.engine.world import World
from tracker_migrate.interfaces import Planner, Sink, Source, total
from tracker_migrate.model import Attachment, Change, Comment, Subscription, key, present_fields
from tracker_migrate.testing.memory import Fault, MemoryServer, MemorySink, MemorySource, Write, bug
from tracker_migrate.testing.memory_server import Absent, Exists, Lost
from tracker_migrate.testing.memory_source import PERSON, home

CARD = Write(op="create", kind="card", fields={"title": "A"}, number=5)


def test_it_is_a_source_a_planner_and_a_sink() -> None:
    sink = MemorySink(MemoryServer())
    assert isinstance(MemorySource(), Source)
    assert isinstance(sink, Sink)
    assert isinstance(sink.planner, Planner)


def test_losses_add_up_to_all_that_an_issue_fills(world: World) -> None:
    issue = bug(1, "hello", "", blocked_by=(2,), tags=("ui",), extra={"heat": 6, "nothing": None})
    file = key("memory", "attachment", "1/1")
    issue = msgspec.structs.replace(
        issue,
        comments=(*issue.comments, Comment(key=PERSON, index=9, home="h", withheld="hidden")),
        attachments=(Attachment(key=file, title="log", home=home(file)),),
        history=(Change(when=datetime(2020, 1, 2, tzinfo=UTC), what="status"),),
        subscriptions=(Subscription(person=PERSON),),
    )
    losses = list(world.sink.planner.losses(issue, world.target().decisions))
    sums: Counter[tuple[str, str]] = Counter()
    for (entity, field, _outcome), count in total(losses).items():
        sums[entity, field] += count
    assert sums == Counter(present_fields(issue))
    assert all(loss.reason for loss in losses if loss.outcome == "lost")


def test_a_request_is_carried_out_whole_or_not_at_all() -> None:
    server = MemoryServer()
    nowhere = Write(op="update", kind="card", fields={}, number=9)
    with pytest.raises(Absent):
        server.request("me", "both", [CARD, nowhere])
    assert server.all("card") == []
    server.request("me", "one", [CARD])
    with pytest.raises(Exists):
        server.request("me", "one", [CARD])
    assert (server.requests["one"], server.writes["one"]) == (2, 1)


def test_what_is_late_arrives_when_its_time_has_come() -> None:
    now = [0.0]
    server = MemoryServer(clock=lambda: now[0])
    server.faults.append(Fault(do="late", seconds=5))
    with pytest.raises(Lost):
        server.request("me", "one", [CARD])
    assert server.get("card", 5) is None
    now[0] = 5.0
    assert server.get("card", 5) is not None
    assert server.writes["one"] == 1


def test_a_claimed_number_is_nobody_elses() -> None:
    server = MemoryServer()
    first = server.claim("card", 10)
    assert server.add("card") == first + 10


def test_a_journal_outlives_its_server(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    server = MemoryServer(journal=journal)
    server.claim("card", 3)
    server.request("me", "one", [CARD])
    again = MemoryServer(journal=journal)
    assert again.all("card") == server.all("card")
    assert again.writes == server.writes
    assert again.highest("card") == server.highest("card")
