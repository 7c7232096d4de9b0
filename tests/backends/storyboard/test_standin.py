"""What the stand-in promises beyond the recordings: mischief, orders, a memory that stays flat."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tracker_migrate.backends.storyboard.standin import Persona, StoryBoardStandIn
from tracker_migrate.testing.loopback import Fault, serving

Ask = Callable[..., requests.Response]


@contextmanager
def asking(standin: StoryBoardStandIn) -> Iterator[Ask]:
    """Serve it, and a function that asks it as a persona."""
    with serving(standin) as url, requests.Session() as session:

        def ask(call: str, body: Any = None, who: str = "super") -> requests.Response:
            method, _, path = call.partition(" ")
            headers = {"Authorization": f"Bearer token-of-{who}", "Accept": "application/json"}
            prefix = "" if path.startswith("/__") else "/v1"
            return session.request(
                method, f"{url}{prefix}{path}", json=body, headers=headers, timeout=20
            )

        yield ask


@pytest.fixture
def standin() -> StoryBoardStandIn:
    return StoryBoardStandIn()


@pytest.fixture
def ask(standin: StoryBoardStandIn) -> Iterator[Ask]:
    with asking(standin) as ask:
        ask("POST /projects", {"name": "nova"})
        ask("POST /stories", {"id": 1, "title": "A story"})
        yield ask


TASK = {"title": "A task", "project_id": 1, "story_id": 1}


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("deadlock", 500, "UPDATE projects SET"),
        ("deadlock_story", 500, "UPDATE stories SET"),
        ("deadlock_400", 400, "Database in dead lock"),
    ],
)
def test_deadlock_leaves_nothing_and_the_next_try_works(
    standin: StoryBoardStandIn, ask: Ask, fault: str, status: int, words: str
) -> None:
    standin.faults.append(Fault(do=fault, method="POST", path="/tasks"))
    refused = ask("POST /tasks", {**TASK, "id": 70})
    assert refused.status_code == status
    assert words in refused.json()["faultstring"]
    assert ask("GET /tasks").json() == []
    assert ask("POST /tasks", {**TASK, "id": 70}).status_code == 200


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("POST /stories", {"id": 7000, "title": "Ours, we thought"}),
        ("POST /tasks", {**TASK, "id": 7000}),
        ("POST /stories/1/tasks", {"title": "Ours", "project_id": 1, "id": 7000}),
        ("POST /stories/1/comments", {"content": "Ours", "id": 7000}),
    ],
)
def test_stranger_takes_the_number_first(
    standin: StoryBoardStandIn, ask: Ask, call: str, body: dict[str, Any]
) -> None:
    standin.faults.append(Fault(do="stranger"))
    refused = ask(call, body)
    assert refused.status_code == 400
    assert "'7000' already exists" in refused.json()["faultstring"]


def test_stranger_takes_a_task_number_even_where_the_story_is_private(
    standin: StoryBoardStandIn, ask: Ask
) -> None:
    ask("POST /stories", {"id": 2, "title": "A secret", "private": True})
    standin.faults.append(Fault(do="stranger"))
    assert ask("POST /tasks", {**TASK, "story_id": 2, "id": 90}).status_code == 400
    assert ask("GET /tasks/90").json()["creator_id"] == 3


def test_tag_put_twice_at_one_moment_shows_once_and_never_goes(
    standin: StoryBoardStandIn, ask: Ask
) -> None:
    """As at a server: two links, and each request that would delete them fails whole."""
    standin.faults.append(Fault(do="tag_twice", method="PUT"))
    put = ask("PUT /tags/1", ["early"])
    assert (put.status_code, put.json()["tags"]) == (200, ["early"])
    assert ask("PUT /tags/1", ["other"]).json()["tags"] == ["early", "other"]
    (early, _other) = ask("GET /stories/1/tags").json()
    assert (early["name"], early["popularity"]) == ("early", 1)
    deleted = "DELETE statement on table 'story_storytags' expected to delete"
    refused = ask("DELETE /tags/1", ["early"])
    assert refused.status_code == 500
    assert refused.json()["faultstring"] == f"{deleted} 1 row(s); Only 2 were matched."
    refused = ask("DELETE /stories/1")
    assert refused.status_code == 500
    assert refused.json()["faultstring"] == f"{deleted} 2 row(s); Only 3 were matched."
    assert ask("GET /stories/1").json()["tags"] == ["early", "other"]
    assert ask("DELETE /tags/1", ["other"]).status_code == 204


def _together(ask: Ask, stories: list[int]) -> list[int]:
    """The statuses of tasks sent at once, one on each story, all on one project."""
    found: list[int] = []

    def one(story: int) -> None:
        found.append(ask("POST /tasks", {**TASK, "story_id": story}).status_code)

    threads = [threading.Thread(target=one, args=(story,)) for story in stories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_overlapping_tasks_deadlock_once_that_is_switched_on(
    standin: StoryBoardStandIn, ask: Ask
) -> None:
    assert _together(ask, [1, 1, 1, 1]) == [200] * 4
    ask("POST /__standin__/settings", {"concurrent_deadlocks": True})
    standin.deadlock_seconds = 0.3
    statuses = _together(ask, [1, 1, 1, 1])
    assert statuses.count(200) == 1
    assert set(statuses[1:]) <= {400, 500}
    assert [ask("POST /tasks", TASK).status_code for _ in range(3)] == [200] * 3


def test_another_process_can_count_fill_and_empty_it(ask: Ask) -> None:
    added = ask("POST /__standin__/users", [{"full_name": "Ann", "email": "ann@example.org"}])
    assert added.json() == [4]
    assert ask("GET /__standin__/dump").json()["story"] == 1
    ask("POST /__standin__/reset")
    emptied = ask("GET /__standin__/dump").json()
    assert (emptied["story"], emptied["user"], emptied["token"]) == (0, 3, 4)
    assert ask("POST /stories", {"title": "From the start"}).json()["id"] == 1


def test_personas_can_be_others() -> None:
    people = [Persona("Root", "root@example.org", "token-of-root", id=40, is_superuser=True)]
    with asking(StoryBoardStandIn(personas=people)) as ask:
        assert ask("GET /users/self", who="root").json()["id"] == 40
        assert ask("GET /users/self", who="super").status_code == 401


def test_spent_numbers_stay_spent_in_a_file(tmp_path: Path) -> None:
    data = str(tmp_path / "storyboard.db")
    first = StoryBoardStandIn(data)
    with asking(first) as ask:
        ask("POST /stories", {"id": 500, "title": "The largest"})
        ask("DELETE /stories/500")
    first.store.close()
    with asking(StoryBoardStandIn(data)) as ask:
        assert ask("POST /stories", {"title": "The next one"}).json()["id"] == 501


def test_comments_can_not_be_edited_unless_the_server_is_set_so(ask: Ask) -> None:
    number = ask("POST /stories/1/comments", {"content": "c"}).json()["comment_id"]
    assert ask(f"PUT /stories/1/comments/{number}", {"content": "d"}).status_code == 405
    ask("POST /__standin__/settings", {"editable_comments": True})
    assert ask(f"PUT /stories/1/comments/{number}", {"content": "d"}).status_code == 200


def test_text_beyond_the_packet_is_refused(ask: Ask) -> None:
    refused = ask("POST /stories/1/comments", {"content": "x" * (17 * 2**20)})
    assert refused.json()["faultstring"] == "Connection to database failed."


def test_look_ups_by_number_never_scan(standin: StoryBoardStandIn) -> None:
    for sql in (
        "SELECT * FROM story WHERE id = 1",
        "SELECT * FROM task WHERE story_id = 1 ORDER BY id LIMIT 10",
        "SELECT * FROM comment WHERE story_id = 1 ORDER BY event_id LIMIT 10",
        "SELECT * FROM event WHERE story_id = 1 ORDER BY id LIMIT 10",
        "SELECT * FROM history WHERE comment_id = 1 ORDER BY id",
        "SELECT user_id FROM token WHERE access_token = 'x'",
        "SELECT id FROM tag WHERE folded = 'X'",
    ):
        plan = standin.store.all(f"EXPLAIN QUERY PLAN {sql}")
        assert all("SCAN" not in row["detail"] for row in plan), (sql, [*map(tuple, plan)])


def test_python_memory_does_not_grow_with_what_is_stored(tmp_path: Path) -> None:
    with asking(StoryBoardStandIn(str(tmp_path / "storyboard.db"))) as ask:

        def fill(count: int) -> None:
            for _ in range(count):
                number = ask("POST /stories", {"title": "A story", "description": "d" * 500})
                ask(f"POST /stories/{number.json()['id']}/comments", {"content": "c" * 500})

        fill(50)
        tracemalloc.start()
        fill(50)
        before = tracemalloc.get_traced_memory()[0]
        fill(300)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    assert grown < 150_000  # the texts alone are 300 000


def test_it_runs_alone(tmp_path: Path) -> None:
    people = tmp_path / "people.json"
    people.write_text(json.dumps([{"full_name": "Ann", "email": "a@example.org", "token": "ann"}]))
    module = "tracker_migrate.backends.storyboard.standin"
    options = ["--token", "super=secret", "--load", str(people)]
    command = [sys.executable, "-m", module, *options, "--data", str(tmp_path / "data.db")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[-1]
        for token, number in (("secret", 1), ("ann", 4)):
            headers = {"Authorization": f"Bearer {token}"}
            me = requests.get(f"{url}/v1/users/self", headers=headers, timeout=20)
            assert me.json()["id"] == number
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()
