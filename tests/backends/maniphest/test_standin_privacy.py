"""What a real Phorge was seen to do about privacy and is in no recording: the stand-in does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.backends.maniphest.closed import closed_project, edited, order, phid, project, rows
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.errors import Gone, Refused

AsUser = Callable[[str], Conduit]


@pytest.fixture
def bot(as_user: AsUser) -> Conduit:
    return as_user("importbot")


def history(who: Conduit, task: str) -> list[dict[str, Any]]:
    found = who.read("transaction.search", objectIdentifier=task)["data"]
    assert isinstance(found, list)
    return found


def said(who: Conduit, task: str) -> list[list[tuple[int, bool, str]]]:
    """Version, removed and text of each version of each comment, the newest first."""
    return [
        [(one["version"], one["removed"], one["content"]["raw"]) for one in row["comments"]]
        for row in history(who, task)
        if row["type"] == "comment"
    ]


def test_whoever_joins_a_project_as_it_is_proposed_reads_what_is_closed_to_its_members(
    bot: Conduit, as_user: AsUser
) -> None:
    group = project(bot, "sec", members_add=[phid(bot, "importbot")])
    edited(bot, None, title="x", view=group, edit=group)
    carol = as_user("carol")
    assert rows(carol) == []
    join = [{"type": "members.add", "value": [phid(bot, "carol")]}]
    carol.write("project.edit", objectIdentifier=group, transactions=join)
    assert len(rows(carol)) == 1


def test_nobody_joins_a_closed_project(bot: Conduit, as_user: AsUser) -> None:
    group = closed_project(bot, "sec", [phid(bot, "importbot")])
    join = [{"type": "members.add", "value": [phid(bot, "carol")]}]
    with pytest.raises((Gone, Refused)):
        as_user("carol").write("project.edit", objectIdentifier=group, transactions=join)


def test_a_removed_comment_has_no_word_in_any_version_and_an_edited_one_has_all(
    server: ManiphestStandIn, bot: Conduit
) -> None:
    edited(bot, None, title="x", comment="first")
    edited(bot, "T1", comment="second")
    (second, first) = [row["phid"] for row in history(bot, "T1") if row["type"] == "comment"]
    order(server, "comment", phid=second, by="admin")
    order(server, "comment", phid=first, by="importbot", text="other")
    assert said(bot, "T1") == [
        [(2, True, ""), (1, False, "")],
        [(2, False, "other"), (1, False, "first")],
    ]
    order(server, "comment", phid=first, by="admin")
    assert said(bot, "T1")[1] == [(3, True, ""), (2, False, ""), (1, False, "")]


def test_spaces_are_known_by_name_to_those_who_see_them(
    server: ManiphestStandIn, bot: Conduit, as_user: AsUser
) -> None:
    order(server, "space", name="All", view="users", default=True)
    hidden = order(server, "space", name="Ours", view=phid(bot, "importbot"))["phid"]
    order(server, "space", name="Old", view="users", archived=True)
    names = ["S1", "S2", "S3", "S4"]
    told = bot.read("phid.lookup", names=names)
    assert {name: one["status"] for name, one in told.items()} == {
        "S1": "open", "S2": "open", "S3": "closed"
    }  # fmt: skip
    assert set(as_user("bob").read("phid.lookup", names=names)) == {"S1", "S3"}
    assert as_user("bob").read("phid.query", phids=[hidden]) == []


def test_a_new_task_lands_in_the_default_space_or_in_the_oldest_open_one(
    server: ManiphestStandIn, bot: Conduit
) -> None:
    alice = phid(bot, "alice")
    order(server, "space", view=alice, default=True)
    order(server, "space", view="users", archived=True)
    third = order(server, "space", view="users")["phid"]
    edited(bot, None, title="x")
    assert rows(bot)[0]["fields"]["spacePHID"] == third


@pytest.mark.parametrize("value", ["", "PHID-SPCE-nosuch"])
@pytest.mark.parametrize("spaces", [False, True])
def test_no_space_at_all_can_not_be_asked_for(
    server: ManiphestStandIn, bot: Conduit, value: str, spaces: bool
) -> None:
    if spaces:
        order(server, "space", view="users", default=True)
    edited(bot, None, title="x")
    for at in ("T1", None):
        with pytest.raises(Refused, match="Space"):
            edited(bot, at, title="y", space=value)


def test_a_change_of_space_is_told_without_a_type(server: ManiphestStandIn, bot: Conduit) -> None:
    order(server, "space", view="users", default=True)
    other = order(server, "space", view="users")["phid"]
    edited(bot, None, title="x")
    edited(bot, "T1", space=other)
    assert (history(bot, "T1")[0]["type"], history(bot, "T1")[0]["fields"]) == (None, {})


def test_an_edge_of_an_open_task_tells_the_name_of_a_closed_one_and_no_word_of_it(
    bot: Conduit, as_user: AsUser
) -> None:
    group = closed_project(bot, "sec", [phid(bot, "importbot")])
    closed = edited(bot, None, title="embargoed", view=group, edit=group)["object"]["phid"]
    edited(bot, None, title="open", **{"subtasks.add": [closed]})
    bob = as_user("bob")
    (row,) = rows(bob)
    edges = bob.read("edge.search", sourcePHIDs=[row["phid"]], types=["task.subtask"])["data"]
    assert [one["destinationPHID"] for one in edges] == [closed]
    assert bob.read("phid.query", phids=[closed]) == []
    assert [one["id"] for one in rows(bob, subtaskIDs=[1])] == [2]
    with pytest.raises((Gone, Refused)):
        bob.read("edge.search", sourcePHIDs=[closed], types=["task.subtask"])


def test_the_feed_and_the_search_show_what_one_may_see_once_daemons_run(
    server: ManiphestStandIn, bot: Conduit, as_user: AsUser
) -> None:
    group = closed_project(bot, "sec", [phid(bot, "importbot")])
    edited(bot, None, title="embargoed 4711", view=group, edit=group)
    edited(bot, None, title="open 4711")
    search = {"constraints": {"query": '"4711"'}}
    assert bot.read("feed.query") == []
    assert bot.read("maniphest.search", **search)["data"] == []
    order(server, "daemons", run=True)
    for who, count in ((bot, 2), (as_user("bob"), 1)):
        assert len(who.read("feed.query", view="data")) == count
        assert len(who.read("maniphest.search", **search)["data"]) == count
