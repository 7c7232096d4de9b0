"""What our account did at Maniphest is listed in a request, and told from what others did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.backends.maniphest.helpers import Mover, bug, comment
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.interfaces import IMPORTER, Mine, Watch
from tracker_migrate.model import key

TALK = bug(7, comments=(comment(7, 1, "one"), comment(7, 2, "two")))
As = Callable[[str], Conduit]


@pytest.fixture
def watch(mover: Mover) -> Watch:
    """The watch of the mover's sink."""
    assert mover.sink.watch is not None
    return mover.sink.watch


def all_since(watch: Watch, mark: dict[str, Any]) -> tuple[list[Mine], dict[str, Any]]:
    """Everything since a mark, and the new one."""
    pages = list(watch.since(mark))
    mark = {name: at for page in reversed(pages) for name, at in page.mark.items()}
    return [one for page in pages for one in page.mine], mark


def test_a_task_and_its_comments_are_listed_in_three_requests(
    mover: Mover, watch: Watch, server: ManiphestStandIn
) -> None:
    mover.move(TALK)
    before = server.requests.total()
    mine, mark = all_since(watch, {})
    assert server.requests.total() == before + 3  # tasks, projects, files
    (made,) = (one for one in mine if one.made and "task" in one.kinds)
    assert made.at.id == mover.own(TALK)[TALK.key][1].id
    said = [one.marker for one in mine if one.kinds == ("comment",)]
    assert said == [one.home for one in reversed(TALK.comments)]
    assert mark["transaction"] > 0


def test_fields_are_told_as_they_are_read_back(mover: Mover, watch: Watch) -> None:
    mover.move(TALK)
    at = mover.own(TALK)[TALK.key][1]
    mover.sink._client.write(  # type: ignore[attr-defined]
        "maniphest.edit",
        objectIdentifier=at.id,
        transactions=[
            {"type": "view", "value": mover.sink.importer},
            {"type": "priority", "value": "low"},
            {"type": "status", "value": "invalid"},
            {"type": "title", "value": "Another"},
        ],
    )
    now = mover.sink.read(mover.own(TALK)).objects[TALK.key].fields
    told: dict[str, Any] = {}
    for one in all_since(watch, {})[0]:
        if one.at.id == at.id:
            told = {**one.fields, **told}
    assert told["view"] == IMPORTER
    for name in ("view", "priority", "status", "title", "description"):
        assert told[name] == now[name]


def test_nothing_new_is_two_requests_and_an_overlap(
    mover: Mover, watch: Watch, server: ManiphestStandIn
) -> None:
    for number in range(1, 31):
        mover.move(bug(number))
    _, mark = all_since(watch, {})
    before = server.requests.total()
    mine, again = all_since(watch, mark)
    assert server.requests.total() == before + 3  # tasks, projects, files
    assert again == mark
    assert len(mine) <= 2 * 50


def test_it_is_looked_at_where_it_stands(mover: Mover, watch: Watch, as_user: As) -> None:
    mover.move(TALK)
    mine, _ = all_since(watch, {})
    seen = {one.marker: one for one in watch.look([one for one in mine if one.made])}
    task, first = seen[TALK.home], seen[TALK.comments[0].home]
    assert task.at.number.startswith("T")
    assert first.at.url.startswith(f"{task.at.url}#")
    assert watch.whose(task) == "ours"
    as_user("alice").write(
        "maniphest.edit",
        objectIdentifier=task.at.id,
        transactions=[{"type": "comment", "value": "I work on it"}],
    )
    assert watch.whose(task) == "touched"


def test_a_marker_that_a_stranger_gave_our_task_makes_it_nobodys_double(
    mover: Mover, watch: Watch
) -> None:
    mover.move(TALK)
    made = next(one for one in all_since(watch, {})[0] if one.made and "task" in one.kinds)
    forged = Mine(kinds=made.kinds, at=made.at, marker="https://bugs.example/bugs/99")
    assert watch.whose(forged) == "theirs"


def test_what_was_removed_is_not_seen(mover: Mover, watch: Watch, server: ManiphestStandIn) -> None:
    mover.move(TALK)
    comments = [one for one in all_since(watch, {})[0] if one.kinds == ("comment",)]
    assert len(watch.look(comments)) == 2
    gone = Mine(kinds=("task", "subtask"), at=mover.own(TALK)[TALK.key][1])
    with server.lock:
        server.store.run("DELETE FROM task")
    assert watch.look([gone]) == []


def test_two_milestones_of_one_name_are_told_by_their_key(mover: Mover, watch: Watch) -> None:
    client = mover.sink._client  # type: ignore[attr-defined]
    nova = [{"type": "name", "value": "nova"}]
    parent = client.write("project.edit", transactions=nova)["object"]["phid"]
    named = [{"type": "milestone", "value": parent}, {"type": "name", "value": "1.0"}]
    twice = {client.write("project.edit", transactions=named)["object"]["phid"] for _ in "12"}
    made = [one for one in all_since(watch, {})[0] if one.made]
    seen = watch.look(made)
    assert {one.at.id for one in seen} == twice
    assert {one.names for one in seen} == {key("maniphest", "milestone", "nova@1.0")}
    assert {watch.whose(one) for one in seen} == {"ours"}


def test_thousands_of_changes_are_listed_by_hundreds(
    mover: Mover, watch: Watch, server: ManiphestStandIn
) -> None:
    client = mover.sink._client  # type: ignore[attr-defined]
    sent = [
        {"type": "title", "value": "One of many"},
        {"type": "description", "value": "It says what it is."},
        *({"type": "comment", "value": f"Comment {number}"} for number in range(16)),
    ]
    for _ in range(120):
        client.write("maniphest.edit", transactions=sent)
    rows = server.store.value("SELECT count(*) FROM xaction_task")
    assert rows > 2_000
    before = server.requests.total()
    mine, mark = all_since(watch, {})
    assert len(mine) > 2_000
    assert server.requests.total() - before <= rows // 500 + 1 + 2  # projects, files
    before = server.requests.total()
    all_since(watch, mark)
    assert server.requests.total() == before + 3  # tasks, projects, files
