"""Private stays private at Maniphest: closing, opening, Spaces, and the look before a fill."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.backends.maniphest.closed import (
    access_steps,
    closed_project,
    edited,
    order,
    phid,
    rows,
    ruled,
    set_access,
)
from tests.backends.maniphest.conftest import Opener
from tests.backends.maniphest.helpers import Mover, bug, by_kind, comment, task
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.errors import Doubtful, Gone, LoginNeeded, Refused
from tracker_migrate.interfaces import CLOSED, Account, Audience
from tracker_migrate.model import Issue, key
from tracker_migrate.testing.loopback import Fault

AsUser = Callable[[str], Conduit]
PUBLIC = Audience(name="public")
JANE = key("launchpad", "person", "jdoe")
TALK = bug(7, private=True, comments=(comment(7, 1, "an embargoed word"),))
OWNED = bug(7, tasks=(task(7, "nova", assignee=JANE),))


@pytest.fixture
def bot(as_user: AsUser) -> Conduit:
    return as_user("importbot")


@pytest.fixture
def security(bot: Conduit) -> Audience:
    """A policy: alice and the importer, and nobody can join."""
    members = [phid(bot, "importbot"), phid(bot, "alice")]
    return Audience(name="security", groups=(closed_project(bot, "sec", members),))


def space(server: ManiphestStandIn, view: str, **more: object) -> str:
    return str(order(server, "space", name="S", view=view, **more)["phid"])


def numbers(client: Conduit) -> list[int]:
    return sorted(row["id"] for row in rows(client))


def read(mover: Mover, issue: Issue) -> dict[str, object]:
    return mover.sink.read(mover.own(issue)).objects[issue.key].fields


# -- closing, narrowing, opening ----------------------------------------------------------------


def test_what_is_closed_is_seen_by_the_importer_alone(
    mover: Mover, as_user: AsUser, bot: Conduit
) -> None:
    mover.decisions.accounts[JANE] = Account(id=phid(bot, "bob"), name="bob")
    mover.move(OWNED)
    assert numbers(as_user("bob")) == [1]
    set_access(mover, OWNED, CLOSED)
    assert [numbers(as_user(name)) for name in ("bob", "alice", "admin")] == [[], [], []]
    assert numbers(bot) == [1]
    assert (read(mover, OWNED)["view"], read(mover, OWNED)["edit"]) == ("importer", "importer")
    assert read(mover, OWNED)["owner"] is None


def test_subtasks_are_closed_with_their_task(mover: Mover, as_user: AsUser, bot: Conduit) -> None:
    issue = bug(7, tasks=(task(7, "nova"), task(7, "glance")))
    mover.move(issue)
    assert numbers(as_user("alice")) == [1, 2, 3]
    set_access(mover, issue, CLOSED)
    assert (numbers(as_user("alice")), numbers(bot)) == ([], [1, 2, 3])


def test_closed_then_narrowed_to_its_readers_then_opened(
    mover: Mover, as_user: AsUser, security: Audience
) -> None:
    mover.move(bug())
    for audience, seen in ((CLOSED, []), (security, ["alice"]), (PUBLIC, ["alice", "bob"])):
        set_access(mover, bug(), audience)
        assert [name for name in ("alice", "bob") if numbers(as_user(name))] == seen
        held = mover.places.fields[bug().key]
        assert {name: held[name] for name in ("view", "edit")} == {
            name: read(mover, bug())[name] for name in ("view", "edit")
        }


@pytest.mark.parametrize("do", ["lose", "crash_after_commit"])
def test_a_lost_reply_to_closing_is_settled_by_the_policy_itself(
    mover: Mover, server: ManiphestStandIn, do: str
) -> None:
    mover.move(bug())
    (step,) = access_steps(mover, bug(), CLOSED)
    mark = mover.sink.mark(step)
    server.faults.append(Fault(do, path="maniphest.edit"))
    with pytest.raises(Doubtful):
        mover.sink.send(step)
    assert mover.sink.find(step, mark) is not None


def test_a_closing_that_did_not_happen_is_never_believed(
    mover: Mover, server: ManiphestStandIn, bot: Conduit
) -> None:
    """Whatever else we did to the task since the mark: it is still open."""
    mover.move(bug())
    (step,) = access_steps(mover, bug(), CLOSED)
    mark = mover.sink.mark(step)
    server.faults.append(Fault("reset", path="maniphest.edit"))
    with pytest.raises(Doubtful):
        mover.sink.send(step)
    edited(bot, 1, edit=phid(bot, "importbot"), title="also ours")
    assert mover.sink.find(step, mark) is None


def test_a_task_that_is_not_ours_to_edit_any_more_is_said_to_be_gone(
    mover: Mover, as_user: AsUser
) -> None:
    mover.move(bug())
    alice = as_user("alice")
    edited(alice, 1, view=phid(alice, "alice"), edit=phid(alice, "alice"))
    with pytest.raises(Gone):
        set_access(mover, bug(), CLOSED)


# -- Spaces -------------------------------------------------------------------------------------


def test_a_space_is_named_in_the_creating_request_and_narrows(
    mover: Mover, server: ManiphestStandIn, as_user: AsUser, security: Audience, bot: Conduit
) -> None:
    space(server, "users", default=True)
    vault = space(server, phid(bot, "importbot"))
    mover.decisions.shown_to = Audience(name="vault", groups=security.groups, space=vault)
    mover.move(TALK)
    assert [row["fields"]["spacePHID"] for row in rows(bot)] == [vault]
    assert numbers(as_user("alice")) == []
    assert read(mover, TALK)["space"] == vault


def test_what_is_opened_leaves_its_space(
    mover: Mover, server: ManiphestStandIn, as_user: AsUser, security: Audience, bot: Conduit
) -> None:
    """An empty Space is refused by the server: it has to be sent home by its PHID."""
    home, vault = space(server, "users", default=True), space(server, phid(bot, "importbot"))
    mover.decisions.shown_to = Audience(name="vault", groups=security.groups, space=vault)
    mover.move(TALK)
    set_access(mover, TALK, PUBLIC)
    assert [row["fields"]["spacePHID"] for row in rows(as_user("bob"))] == [home]
    assert read(mover, TALK)["space"] == ""


def test_a_policy_that_names_the_space_where_all_stand_reads_back_equal(
    mover: Mover, server: ManiphestStandIn, security: Audience
) -> None:
    home = space(server, "users", default=True)
    mover.decisions.shown_to = Audience(name="sec", groups=security.groups, space=home)
    mover.move(TALK)
    assert mover.places.fields[TALK.key]["space"] == read(mover, TALK)["space"] == ""


def test_without_spaces_none_is_ever_sent(mover: Mover, server: ManiphestStandIn) -> None:
    mover.move(bug())
    set_access(mover, bug(), PUBLIC)
    assert read(mover, bug())["space"] == ""


# -- who is who ---------------------------------------------------------------------------------


def test_the_importer_is_told_by_its_phid(mover: Mover, bot: Conduit, opened: Opener) -> None:
    assert mover.sink.importer == phid(bot, "importbot")
    with pytest.raises(LoginNeeded):
        assert opened("nobody").importer


def test_members_are_told_where_the_server_tells_them(
    mover: Mover, bot: Conduit, security: Audience
) -> None:
    (group,) = security.groups
    unknown = ["PHID-PLCY-x", "PHID-SPCE-x", "PHID-PROJ-x", "sec", "users"]
    both = frozenset({phid(bot, "importbot"), phid(bot, "alice")})
    assert mover.sink.members([group, *unknown]) == {group: both, **dict.fromkeys(unknown)}
    assert mover.sink.members([]) == {}


# -- the look before something private is added ---------------------------------------------------


@pytest.mark.parametrize("opened_to", ["users", "public", "project", "custom", "space"])
def test_nothing_private_is_added_to_what_somebody_opened(
    mover: Mover,
    server: ManiphestStandIn,
    as_user: AsUser,
    security: Audience,
    bot: Conduit,
    opened_to: str,
) -> None:
    home, vault = space(server, "users", default=True), space(server, security.groups[0])
    policy = Audience(name="vault", groups=security.groups, space=vault)
    mover.sink.check(ruled(mover.decisions, policy))
    mover.decisions.shown_to = policy
    mover.move(TALK, "project.create", "task.create")
    all_three = [phid(bot, name) for name in ("importbot", "alice", "bob")]
    rule = {"action": "allow", "rule": "PhabricatorUsersPolicyRule", "value": all_three}
    ways = {
        "project": {"view": closed_project(bot, "wider", all_three)},
        "custom": {"view": order(server, "policy", rules=[rule])["phid"]},
        "space": {"space": home},
    }
    edited(as_user("alice"), 1, **ways.get(opened_to, {"view": opened_to}))
    with pytest.raises(Refused, match="open to other people") as raised:
        mover.move(TALK)
    assert "embargoed" not in str(raised.value)
    found = bot.read("transaction.search", objectIdentifier="T1")["data"]
    assert "comment" not in [one["type"] for one in found]


def test_a_fill_goes_where_the_policy_is_as_it_was_set(
    mover: Mover, as_user: AsUser, security: Audience
) -> None:
    mover.sink.check(ruled(mover.decisions, security))
    mover.decisions.shown_to = security
    mover.move(TALK)
    assert mover.sink.read(mover.own(TALK)).objects.keys() == mover.own(TALK).keys()


def test_new_private_words_are_not_written_into_an_opened_task(
    mover: Mover, as_user: AsUser, security: Audience
) -> None:
    mover.decisions.shown_to = security
    mover.move(TALK)
    edited(as_user("alice"), 1, view="users")
    later = bug(7, private=True, title="an embargoed word", comments=TALK.comments)
    (one,) = by_kind(mover.sink.planner.wanted(later, mover.decisions), "task")
    (step,) = mover.sink.planner.compose([mover.update(later, one, "title")])
    with pytest.raises(Refused, match="open to other people"):
        mover.sink.send(mover.close(step, later))


def test_what_somebody_opened_can_be_closed_all_the_same(
    mover: Mover, as_user: AsUser, security: Audience
) -> None:
    mover.decisions.shown_to = security
    mover.move(TALK)
    edited(as_user("alice"), 1, view="users")
    set_access(mover, TALK, CLOSED)
    assert numbers(as_user("alice")) == []
