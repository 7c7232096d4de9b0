"""Made-up projects: the shape that real ones have, the same for the same seed, quick to make."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest

from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.backends.launchpad.standin.store import Store


@pytest.fixture(scope="module")
def made() -> LaunchpadStandIn:
    standin = LaunchpadStandIn()
    begin = time.monotonic()
    generate(standin, bugs=700, blueprints=60, seed=1, group="gizmos", distribution="distry")
    assert time.monotonic() - begin < 3
    return standin


def column(store: Store, sql: str) -> list[Any]:
    return [value for (value,) in store.rows(sql)]


def share(store: Store, what: str, of: str) -> float:
    return float(store.scalar(what)) / float(store.scalar(of))


def test_the_same_seed_makes_the_same_project(made: LaunchpadStandIn) -> None:
    other = LaunchpadStandIn()
    generate(other, bugs=700, blueprints=60, seed=1, group="gizmos", distribution="distry")
    for table in ("bug", "task", "message", "activity", "item"):
        sql = f"SELECT data FROM {table} ORDER BY rowid"
        assert other.store.rows(sql) == made.store.rows(sql), table


def test_statuses_and_importances_have_the_real_shares(made: LaunchpadStandIn) -> None:
    statuses = Counter(column(made.store, "SELECT status FROM task WHERE target='gadget'"))
    importances = Counter(column(made.store, "SELECT importance FROM task WHERE target='gadget'"))
    assert len(statuses) >= 11
    assert 0.5 < statuses["Fix Released"] / 700 < 0.65
    assert 0.3 < importances["Undecided"] / 700 < 0.48


def test_comments_come_in_the_real_numbers_and_lengths(made: LaunchpadStandIn) -> None:
    counts = sorted(column(made.store, "SELECT count(*) FROM message GROUP BY bug"))
    texts = column(made.store, "SELECT data FROM message WHERE idx>0")
    lengths = sorted(len(json.loads(text).get("content", "")) for text in texts)
    assert 3 <= counts[350] <= 5
    assert 8 <= counts[630] <= 15
    assert 60 < lengths[len(lengths) // 2] < 300
    assert lengths[0] == 0
    assert lengths[-1] > 5_000


def test_the_odd_cases_are_there(made: LaunchpadStandIn) -> None:
    store = made.store
    number = store.scalar
    assert number("SELECT count(*) FROM message WHERE data LIKE '%\"visible\":false%'") > 3
    assert number("SELECT count(*) FROM message WHERE data LIKE '%date_deleted%'") > 3
    assert number("SELECT count(*) FROM item WHERE kind='message_revision'") > 10
    assert number("SELECT count(*) FROM bug WHERE duplicate_of IS NOT NULL") > 15
    assert number("SELECT count(*) FROM item WHERE kind='bug_attachment'") > 40
    assert number("SELECT count(*) FROM item WHERE data LIKE '%\"Suspended\"%'") >= 1
    assert number("SELECT count(*) FROM item WHERE data LIKE '%\"Deactivated\"%'") >= 5
    assert number("SELECT count(*) FROM task WHERE target LIKE 'gadget/%'") > 40
    assert number("SELECT count(*) FROM task WHERE target='distry/+source/gadget'") > 40
    same = "SELECT count(*) FROM (SELECT 1 FROM message GROUP BY bug, json_extract(data, '$.date_created') HAVING count(*) > 1)"  # noqa: E501
    assert number(same) > 10
    edited = "SELECT count(*) FROM bug b JOIN message m ON m.bug=b.id AND m.idx=0 WHERE json_extract(b.data, '$.description') <> json_extract(m.data, '$.content')"  # noqa: E501
    assert 60 < number(edited) < 140


def test_some_bugs_are_private_of_every_kind(made: LaunchpadStandIn) -> None:
    kinds = Counter(column(made.store, "SELECT info FROM bug"))
    private = sum(n for kind, n in kinds.items() if not kind.startswith("Public"))
    assert 0.03 < private / 700 < 0.09
    assert {"Private", "Private Security", "Proprietary", "Public Security"} <= set(kinds)


def test_counters_agree_with_what_is_there(made: LaunchpadStandIn) -> None:
    store = made.store
    wrong_counts = "SELECT b.id FROM bug b WHERE b.messages <> (SELECT count(*) FROM message m WHERE m.bug=b.id)"  # noqa: E501
    wrong_duplicates = "SELECT b.id FROM bug b WHERE b.duplicates <> (SELECT count(*) FROM bug d WHERE d.duplicate_of=b.id)"  # noqa: E501
    chains = (
        "SELECT b.id FROM bug b JOIN bug m ON m.id=b.duplicate_of WHERE m.duplicate_of IS NOT NULL"
    )
    assert store.rows(wrong_counts) == []
    assert store.rows(wrong_duplicates) == []
    assert store.rows(chains) == []


def test_blueprints_have_work_items_dependencies_and_bugs(made: LaunchpadStandIn) -> None:
    store = made.store
    assert store.scalar("SELECT count(*) FROM item WHERE kind='specification'") == 60
    assert store.scalar("SELECT count(*) FROM relation WHERE name='dependencies'") > 5
    assert store.scalar("SELECT count(*) FROM relation WHERE name='specs'") > 10
    assert store.scalar("SELECT count(*) FROM item WHERE data LIKE '%Work items for %'") > 5
