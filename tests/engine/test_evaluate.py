"""What an evaluation tells of what is not public, and of a tracker that says little of itself."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.engine.test_privacy import shut
from tests.engine.world import World
from tracker_migrate.engine.evaluate import Evaluation, evaluate
from tracker_migrate.interfaces import Entity, Reply
from tracker_migrate.model import Project, key
from tracker_migrate.report.evaluation import page
from tracker_migrate.testing.memory import bug


@pytest.fixture
def private(world: World) -> Evaluation:
    """An evaluation of a private bug, of a project that is private, too, and of a public one."""
    world.keep(shut(1, "a secret"), bug(2, "<script>alert(1)</script>"))
    closed = Project(
        key=key("memory", "project", "rocket"),
        kind="project",
        name="rocket",
        title="Rocket",
        home="https://r",
        private=True,
    )
    reply = Reply(url="https://r", status=200, body=b"{}")
    world.workspace.archive.put_entity(Entity(value=closed, reply=reply)).result()
    return evaluate(world.workspace.archive, [world.target()], ["memory:x"], 0)


def test_of_what_is_private_only_numbers_are_told(private: Evaluation) -> None:
    text = page(private)
    assert private.private == 1
    assert "#1 (private)" in text
    assert "rocket" not in text
    assert not re.search(r'href="[^"]*/1"', text)
    assert "secret" not in text


def test_who_has_to_do_with_a_private_issue_is_not_counted(private: Evaluation) -> None:
    assert private.people
    assert all(one.issues <= private.issues - private.private for one in private.people)


def test_what_people_wrote_can_not_act_in_the_page(private: Evaluation) -> None:
    evil = msgspec.structs.replace(private.people[0], name="<script>alert(1)</script>")
    private.people[0] = evil
    assert "<script" not in page(private)


def test_a_tracker_that_says_no_costs_is_no_trouble(private: Evaluation) -> None:
    (column,) = private.columns
    assert column.seconds is None
    assert column.hindrances == []
    assert "not known" in page(private)
