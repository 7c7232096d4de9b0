"""Who may read, as the planner says it: policies, Spaces, owners, and the order of changes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from tests.backends.maniphest.helpers import Told, bug, by_kind, comment, task
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.interfaces import CLOSED, Account, Action, Audience, RemoteRef, Wanted, total
from tracker_migrate.model import Access, Issue, key, present_fields

JANE = key("launchpad", "person", "jdoe")
SECRET = Audience(name="security", users=("PHID-USER-jane",), groups=("PHID-PROJ-sec",))
VAULT = msgspec.structs.replace(SECRET, name="vault", space="PHID-SPCE-vault")
PUBLIC = Audience(name="public")
FULL = bug(7, private=True, tasks=(task(7, "nova", assignee=JANE), task(7, "glance")),
           comments=(comment(7, 1, "words"),))  # fmt: skip


def wanted(issue: Issue, audience: Audience, **options: Any) -> list[Wanted]:
    told = Told(**options)
    told.shown_to = audience
    told.accounts[JANE] = Account(id="PHID-USER-jane", name="jane")
    return list(ManiphestPlanner(Options(**options)).wanted(issue, told))


def changed(audience: Audience, *names: str) -> list[Action]:
    at = RemoteRef(id="PHID-TASK-x", number="T1")
    alone = bug(7, private=True, tasks=(task(7, "nova", assignee=JANE),), comments=FULL.comments)
    return [
        Action(op="create", wanted=one, fields=tuple(one.fields))
        if one.kind == "comment"
        else Action(op="update", wanted=one, fields=names, at=at)
        for one in wanted(alone, audience)
        if one.kind in ("task", "comment")
    ]


def sent(actions: list[Action]) -> list[tuple[int, tuple[str, ...]]]:
    steps = ManiphestPlanner().compose(actions)
    return [(step.phase, tuple(n for a in step.actions for n in a.fields)) for step in steps]


@pytest.mark.parametrize("kind", ["task", "subtask"])
def test_closing_leaves_it_to_the_importer_alone(kind: str) -> None:
    """An owner would see it all the same, and its Space can stay: it only narrows."""
    closing = {"view": "importer", "edit": "importer", "owner": None}
    assert ManiphestPlanner().access(kind, CLOSED) == closing


@pytest.mark.parametrize("kind", ["task", "subtask"])
@pytest.mark.parametrize("audience", [PUBLIC, SECRET, VAULT, CLOSED], ids=lambda one: one.name)
def test_access_is_what_wanted_has(audience: Audience, kind: str) -> None:
    planner = ManiphestPlanner(Options(public_view="users", public_edit="admin"))
    said = planner.access(kind, audience)
    assert {"view", "edit"} < said.keys()
    options = {"public_view": "users", "public_edit": "admin"}
    for one in by_kind(wanted(FULL, audience, **options), kind):
        assert {name: one.fields[name] for name in said} == said


def test_what_has_no_policy_of_its_own_has_no_access() -> None:
    with pytest.raises(ValueError, match="comment"):
        ManiphestPlanner().access("comment", SECRET)


def test_a_space_is_named_and_left_again() -> None:
    planner = ManiphestPlanner()
    assert planner.access("task", VAULT)["space"] == "PHID-SPCE-vault"
    assert planner.access("task", PUBLIC)["space"] == ""


@pytest.mark.parametrize("audience", [CLOSED, SECRET, VAULT], ids=lambda one: one.name)
def test_what_closes_is_sent_before_anything_else(audience: Audience) -> None:
    first, *rest = sent(changed(audience, "title", "view", "edit", "owner"))
    assert first == (0, ("view", "edit", "owner"))
    assert rest == [(2, ("title", "task", "text"))]


def test_what_opens_is_sent_after_everything_else() -> None:
    steps = sent(changed(PUBLIC, "title", "view", "edit", "space", "owner"))
    assert steps[-1] == (2, ("view", "edit", "space", "owner"))
    assert len(steps) == 2


def test_moving_into_a_space_alone_goes_first() -> None:
    assert sent(changed(VAULT, "title", "space"))[0] == (0, ("space",))


def test_an_owner_of_what_is_closed_changes_before_anything_is_added() -> None:
    """Somebody who may read no more must not own it while the new comments come."""
    assert sent(changed(SECRET, "title", "owner"))[0] == (0, ("owner",))
    assert sent(changed(PUBLIC, "title", "owner")) == [(2, ("title", "owner", "task", "text"))]


@pytest.mark.parametrize(
    ("groups", "space", "why"),
    [
        ((), "", "names no project or custom policy"),
        ((), "PHID-SPCE-x", "names no project or custom policy"),
        (("users",), "", "every account"),
        (("public",), "PHID-SPCE-x", "everybody"),
        (("admin",), "", "administrator"),
        (("obj.subscriptions.subscribers",), "", "no project or policy PHID"),
        (("PHID-USER-x",), "", "no project or policy PHID"),
        (("PHID-PROJ-x", "PHID-PROJ-y"), "", "several groups"),
        (("PHID-PROJ-x",), "S2", "Space"),
    ],
)
def test_what_lets_in_more_than_its_readers_is_refused(
    groups: tuple[str, ...], space: str, why: str
) -> None:
    told = Told()
    told.shown_to = Audience(name="security", groups=groups, space=space)
    said = ManiphestPlanner().refusal(FULL, told)
    assert said is not None
    assert why in said


@pytest.mark.parametrize("group", ["PHID-PROJ-x", "PHID-PLCY-x"])
def test_a_project_or_a_custom_policy_is_good_for_what_is_private(group: str) -> None:
    told = Told()
    for audience in (Audience(name="security", groups=(group,), space="PHID-SPCE-x"), CLOSED):
        told.shown_to = audience
        assert ManiphestPlanner().refusal(FULL, told) is None


def test_who_may_read_at_the_source_is_kept_by_the_policy() -> None:
    told = Told()
    told.shown_to = SECRET
    issue = msgspec.structs.replace(FULL, access=Access(people=(JANE,)))
    sums = total(ManiphestPlanner().losses(issue, told))
    assert sums["bug", "access", "native"] == 1
    assert sum(sums.values()) == sum(Counter(present_fields(issue)).values())
