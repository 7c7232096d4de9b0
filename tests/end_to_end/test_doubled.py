"""Requests that something between delivers twice, at both targets, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.marked_world import marked_world
from tests.end_to_end.scenes import first_copy, turned_private
from tests.end_to_end.world import World, world
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.engine import jobs
from tracker_migrate.engine.applied import Applied
from tracker_migrate.testing.loopback import Fault, Request
from tracker_migrate.workspace import Workspace

_KEPT = 1_000_000  # what comes so late is let go by the test
CREATE, FILL = "%22title%22", "%22comment%22"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A project of a few bugs, read."""
    with world(tmp_path / "ws", monkeypatch, "gadget") as made:
        generate(made.launchpad, bugs=12, blueprints=2, seed=4)
        made.pull()
        yield made


def doubled(here: World, target: str, path: str = "", **how: Any) -> Applied:
    """A run in which such requests are delivered twice."""
    standin = getattr(here, target)
    method = how.pop("method", None)
    standin.faults.append(Fault(do="double", method=method, path=path or None, **how))
    applied = here.apply(target)
    standin.faults.clear()
    if how.get("after", 0) < _KEPT:
        standin.let_go()
    return applied


def tasks(here: World) -> list[Any]:
    """All tasks at Maniphest: number, title, status, view, edit, description."""
    sql = "SELECT id, title, status, view, edit, description FROM task ORDER BY id"
    return [tuple(row) for row in here.maniphest.store.rows(sql)]


def remove(here: World, comment: str) -> None:
    """An administrator removes a comment on its task's page."""
    body = json.dumps({"phid": comment, "by": "admin"}).encode()
    path = "/__standin__/comment"
    here.maniphest.control("comment", Request("POST", path, path, (), {}, body))


def writes_nothing_more(here: World, target: str) -> None:
    """Another run writes nothing, and all agrees."""
    before = here.writes(target)
    here.apply(target)
    assert here.writes(target) == before
    assert here.verify(target).agrees


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_doubled_create_at_maniphest_is_settled_at_the_next_run(here: World, after: int) -> None:
    doubled(here, "maniphest", "maniphest.edit", body=CREATE, skip=3, after=after)
    before = tasks(here)
    assert not here.verify("maniphest").agrees
    (double,) = here.apply("maniphest").doubles
    assert double.state == "settled"
    fresh = [row for row in tasks(here) if row not in before]
    assert [(f"T{row[0]}", row[1], row[2]) for row in fresh] == [
        (double.at.number, f"Doubled: see {double.beside}", "invalid")
    ]
    importer = here.maniphest.store.value("SELECT phid FROM user WHERE username = 'importbot'")
    assert fresh[0][3:5] == (importer, importer)
    verified = here.verify("maniphest")
    assert (verified.agrees, verified.settled) == (True, 1)
    writes_nothing_more(here, "maniphest")


def test_every_request_to_maniphest_twice(here: World) -> None:
    doubled(here, "maniphest", "maniphest.edit", times=10_000)
    first = here.apply("maniphest").doubles
    assert {one.state for one in first} == {"settled", "told"}
    with Workspace(here.folder) as workspace:
        assert len(workspace.doubled("maniphest").standing()) == len(first)
    shown = [row for row in tasks(here) if not str(row[1]).startswith("Doubled")]
    assert len(shown) == len(tasks(here)) - sum(one.state == "settled" for one in first)
    writes_nothing_more(here, "maniphest")


def test_a_doubled_fill_is_told_until_its_comments_are_removed(here: World) -> None:
    doubled(here, "maniphest", "maniphest.edit", body=FILL, after=1)
    found = here.apply("maniphest").doubles
    assert found
    assert {one.state for one in found} == {"told"}
    assert all("/T" in one.at.url and "#" in one.at.url for one in found)
    writes_nothing_more(here, "maniphest")
    for one in found:
        remove(here, one.at.id)
    assert here.apply("maniphest").doubles == []


@pytest.mark.parametrize("after", [0, 3])
def test_every_request_to_storyboard_twice_is_as_once(here: World, after: int) -> None:
    for method in ("POST", "PUT", "DELETE"):
        standin = here.storyboard
        standin.faults.append(Fault(do="double", method=method, times=10_000, after=after))
    here.apply("storyboard")
    here.storyboard.faults.clear()
    here.storyboard.let_go()
    assert here.apply("storyboard").doubles == []
    writes_nothing_more(here, "storyboard")


def test_looking_costs_two_requests_where_nothing_is_new(here: World) -> None:
    here.apply("maniphest")
    here.apply("maniphest")
    counts = here.maniphest.requests
    before = counts["read:transaction.search"]
    here.apply("maniphest")
    assert counts["read:transaction.search"] == before + 2


def test_a_project_that_is_asked_for_twice_is_made_once(here: World) -> None:
    doubled(here, "maniphest", "project.edit", body="%22name%22")
    assert here.apply("maniphest").doubles == []
    writes_nothing_more(here, "maniphest")


def titled(here: World, title: str) -> None:
    """Somebody gives the first public bug another title, and it is read."""
    store = here.launchpad.store
    with here.launchpad.lock:
        with Workspace(here.folder) as workspace:
            number = int(next(workspace.archive.issues()).name)
        sql = "UPDATE bug SET data=json_set(data, '$.title', ?) WHERE id=?"
        store.db.execute(sql, (title, number))
    here.pull(full=True)


def test_a_change_that_came_late_does_not_stay(here: World) -> None:
    here.apply("maniphest")
    titled(here, "The second title")
    doubled(here, "maniphest", "maniphest.edit", body="%22The+second+title%22", after=_KEPT)
    titled(here, "The third title")
    here.apply("maniphest")
    here.maniphest.let_go()
    sql = "SELECT count(*) FROM task WHERE title = ?"
    assert here.maniphest.store.value(sql, ["The second title"]) == 1
    assert not here.verify("maniphest").agrees
    assert here.apply("maniphest").turned_back == 1
    assert here.maniphest.store.value(sql, ["The third title"]) == 1
    writes_nothing_more(here, "maniphest")


def test_a_late_change_that_people_have_corrected_is_theirs(here: World) -> None:
    here.apply("maniphest")
    titled(here, "The second title")
    here.apply("maniphest")
    with here.maniphest.lock:
        here.maniphest.store.run("UPDATE task SET title = 'Mine' WHERE title = 'The second title'")
    assert here.apply("maniphest").turned_back == 0
    assert here.maniphest.store.value("SELECT count(*) FROM task WHERE title = 'Mine'") == 1


def test_what_is_private_is_private_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request is delivered twice, then bugs become private and are closed: nobody who must
    not reads a word, of the doubles neither."""
    with marked_world(tmp_path / "ws", monkeypatch) as marked:
        standin = marked.here.maniphest
        standin.faults.append(
            Fault(do="double", path="maniphest.edit", body=CREATE, times=10_000, after=2)
        )
        first_copy(marked, "maniphest")
        turned_private(marked, "maniphest")
        standin.faults.clear()
        with marked.as_before():
            standin.let_go()
        with marked.spies["maniphest"].watching():
            doubles = marked.here.apply("maniphest").doubles
        assert doubles
        assert {one.state for one in doubles} == {"settled"}
        with Workspace(marked.here.folder) as workspace:
            seen = jobs.verify_outsider(workspace, "maniphest")
        assert seen.private
        assert seen.exposed == []
