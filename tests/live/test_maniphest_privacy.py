"""Private stays private at a real Phorge, where the address of one is given.

    TRACKER_MIGRATE_MANIPHEST_URL
    TRACKER_MIGRATE_MANIPHEST_LIVE_TOKEN            of the importer
    TRACKER_MIGRATE_MANIPHEST_LIVE_MEMBER_TOKEN     of an account that becomes a reader
    TRACKER_MIGRATE_MANIPHEST_LIVE_OUTSIDER_TOKEN   of accounts that may read nothing closed
    TRACKER_MIGRATE_MANIPHEST_LIVE_SPACE            of a Space, and
    TRACKER_MIGRATE_MANIPHEST_LIVE_POLICY           PHID of a custom policy, that let in the
                                                    importer alone: Conduit can make neither

It writes there: give it a server that nobody needs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count

import pytest

from tests.backends.maniphest.closed import (
    access_steps,
    closed_project,
    edited,
    project,
    rows,
    ruled,
    set_access,
)
from tests.backends.maniphest.helpers import Mover, Told, bug, by_kind, comment, depends_on, task
from tracker_migrate.backends.maniphest import open_sink
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.errors import Refused, UsageError
from tracker_migrate.interfaces import CLOSED, Account, Audience
from tracker_migrate.model import Issue, key

pytestmark = pytest.mark.live
PUBLIC = Audience(name="public")
JANE = key("launchpad", "person", "jdoe")
_numbers = count(int(time.time()) % 10**9)


def given(name: str) -> str:
    value = os.environ.get(f"TRACKER_MIGRATE_MANIPHEST_{name}", "")
    if not value:
        pytest.skip(f"TRACKER_MIGRATE_MANIPHEST_{name} is not set")
    return value


def whole(number: int, title: str = "an embargoed word") -> Issue:
    tasks = (task(number, "nova"), task(number, "glance"))
    said = (comment(number, 1, "embargoed"), comment(number, 2, "embargoed too"))
    relations = (depends_on(number + 1),)
    return bug(number, private=True, title=title, tasks=tasks, comments=said, relations=relations)


@pytest.fixture
def issue() -> Issue:
    """A bug that no earlier test brought."""
    number = next(_numbers)
    next(_numbers)
    return whole(number)


def client(token: str) -> Conduit:
    return Conduit(given("URL"), token, timeout=30)


@pytest.fixture
def bot() -> Iterator[Conduit]:
    made = client(given("LIVE_TOKEN"))
    yield made
    made.close()


@pytest.fixture
def member() -> Iterator[Conduit]:
    made = client(given("LIVE_MEMBER_TOKEN"))
    yield made
    made.close()


@pytest.fixture
def outsider() -> Iterator[Conduit]:
    made = client(given("LIVE_OUTSIDER_TOKEN").split()[0])
    yield made
    made.close()


@pytest.fixture
def mover() -> Iterator[Mover]:
    options = {"settle_seconds": 0, "timeout": 30}
    outsiders = given("LIVE_OUTSIDER_TOKEN")
    sink = open_sink(given("URL"), options, given("LIVE_TOKEN"), outsiders)
    yield Mover(sink, Told())
    sink.close()


def me(who: Conduit) -> str:
    return str(who.read("user.whoami")["phid"])


@pytest.fixture
def security(bot: Conduit, member: Conduit) -> Audience:
    """A policy for the importer and one member."""
    name = f"sec {next(_numbers)}"
    return Audience(name="security", groups=(closed_project(bot, name, [me(bot), me(member)]),))


def sees(who: Conduit, mover: Mover, issue: Issue) -> bool:
    at = mover.places.where(issue.key)
    assert at is not None
    return bool(rows(who, phids=[at.id]))


def leaks(mover: Mover, issue: Issue) -> list[str]:
    return list(mover.sink.readable_by_outsider(mover.own(issue), thorough=True))


def test_a_private_bug_is_read_by_its_members_alone_and_reads_back(
    mover: Mover, issue: Issue, security: Audience, member: Conduit
) -> None:
    mover.sink.check(ruled(mover.decisions, security))
    mover.decisions.shown_to = security
    mover.decisions.moving = {issue.relations[0].to} if issue.relations[0].to else set()
    mover.move(bug(int(issue.name) + 1, private=True))
    mover.move(issue)
    assert sees(member, mover, issue)
    assert leaks(mover, issue) == []
    own = mover.own(issue)
    seen = mover.sink.read(own)
    assert set(seen.objects) == set(own)
    for one, observed in seen.objects.items():
        kept = mover.places.fields[one]
        assert observed.fields == {name: kept[name] for name in observed.fields}


def test_closing_narrowing_and_opening(
    mover: Mover, issue: Issue, security: Audience, member: Conduit, outsider: Conduit
) -> None:
    """Whoever owned it sees it no more: an owner sees a task whatever its policy says."""
    mover.decisions.accounts[JANE] = Account(id=me(outsider), name="outsider")
    number = int(issue.name)
    owned = bug(number, tasks=(task(number, "nova", assignee=JANE),), comments=issue.comments)
    mover.move(owned)
    assert set(leaks(mover, owned)) == set(mover.own(owned))
    for audience, reads in ((CLOSED, False), (security, True), (PUBLIC, True), (CLOSED, False)):
        set_access(mover, owned, audience)
        assert sees(member, mover, owned) is reads
        assert (leaks(mover, owned) == []) is (audience is not PUBLIC)
        held = mover.sink.read(mover.own(owned)).objects[owned.key].fields
        said = mover.sink.planner.access("task", audience)
        assert {name: held[name] for name in said} == said


def test_a_closing_is_settled_by_the_policy(mover: Mover, issue: Issue) -> None:
    public = bug(int(issue.name))
    mover.move(public)
    (step,) = access_steps(mover, public, CLOSED)
    mark = mover.sink.mark(step)
    assert mover.sink.find(step, mark) is None
    mover.sink.send(step)
    assert mover.sink.find(step, mark) is not None


def test_nothing_private_is_added_to_what_a_member_opened(
    mover: Mover, issue: Issue, security: Audience, member: Conduit, bot: Conduit
) -> None:
    mover.sink.check(ruled(mover.decisions, security))
    mover.decisions.shown_to = security
    mover.move(issue, "project.create", "task.create", "subtask.create")
    at = mover.places.where(issue.key)
    assert at is not None
    edited(member, at.id, view="users")
    with pytest.raises(Refused, match="open to other people"):
        mover.move(issue)
    found = bot.read("transaction.search", objectIdentifier=at.id)["data"]
    assert "comment" not in [one["type"] for one in found]


def test_a_strangers_look_alike_and_a_marker_by_a_strangers_hand_are_not_ours(
    mover: Mover, issue: Issue, security: Audience, outsider: Conduit
) -> None:
    public = bug(next(_numbers))
    mover.move(public)
    mover.decisions.shown_to = security
    (one,) = by_kind(mover.sink.planner.wanted(issue, mover.decisions), "task")
    edited(outsider, None, **{"title": "mine", "custom.migrate.url": one.marker})
    ours = mover.places.where(public.key)
    assert ours is not None
    edited(outsider, ours.id, **{"custom.migrate.url": one.marker})
    assert mover.sink.lookup([one]) == {}
    mover.move(issue)
    assert leaks(mover, issue) == []
    assert mover.sink.lookup([one]) == {issue.key: mover.places.where(issue.key)}


def mistakes(mover: Mover, audience: Audience) -> str:
    try:
        mover.sink.check(ruled(Told(), audience))
    except UsageError as error:
        return str(error)
    return ""


def test_check_finds_out_what_is_wrong_with_policies(
    mover: Mover, security: Audience, bot: Conduit, member: Conduit
) -> None:
    assert mistakes(mover, security) == ""
    open_to_all = project(bot, f"open {next(_numbers)}", members_add=[me(bot)])
    others = closed_project(member, f"others {next(_numbers)}", [me(member)])
    for group, why in (
        (open_to_all, "anybody can make themselves a member"),
        (others, "no member"),
        ("PHID-PROJ-nosuch", "no project"),
        ("PHID-PLCY-nosuch", "does not let"),
    ):
        assert why in mistakes(mover, Audience(name="x", groups=(group,)))
    beyond = Audience(name="x", groups=security.groups, space="PHID-SPCE-nosuch")
    assert "the Space" in mistakes(mover, beyond)


def test_members_are_told(mover: Mover, security: Audience, bot: Conduit, member: Conduit) -> None:
    assert mover.sink.members([*security.groups, "PHID-PLCY-x"]) == {
        security.groups[0]: frozenset({me(bot), me(member)}),
        "PHID-PLCY-x": None,
    }


def test_a_space_closes_more_and_is_left_when_it_is_opened(
    mover: Mover, issue: Issue, security: Audience, member: Conduit
) -> None:
    vault = Audience(name="vault", groups=security.groups, space=given("LIVE_SPACE"))
    mover.sink.check(ruled(mover.decisions, vault))
    mover.decisions.shown_to = vault
    mover.move(issue)
    assert not sees(member, mover, issue)
    set_access(mover, issue, security)
    assert sees(member, mover, issue)
    assert mover.sink.read(mover.own(issue)).objects[issue.key].fields["space"] == ""


def test_a_custom_policy_closes(mover: Mover, issue: Issue, member: Conduit) -> None:
    custom = Audience(name="custom", groups=(given("LIVE_POLICY"),))
    mover.sink.check(ruled(mover.decisions, custom))
    mover.decisions.shown_to = custom
    mover.move(issue)
    assert not sees(member, mover, issue)
    assert leaks(mover, issue) == []
