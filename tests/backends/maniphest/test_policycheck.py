"""What `check` says of the policies of privacy.toml, before anything is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.backends.maniphest.closed import closed_project, order, phid, project, ruled
from tests.backends.maniphest.conftest import Opener
from tests.backends.maniphest.helpers import Mover, Told
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Audience

AsUser = Callable[[str], Conduit]


@pytest.fixture
def bot(as_user: AsUser) -> Conduit:
    return as_user("importbot")


@pytest.fixture
def both(bot: Conduit) -> list[str]:
    return [phid(bot, "importbot"), phid(bot, "alice")]


def mistakes(sink: object, *policies: Audience) -> list[str]:
    assert isinstance(sink, ManiphestSink)
    try:
        sink.check(ruled(Told(), *policies))
    except UsageError as error:
        return str(error).split("\n")
    return []


def policy(group: str, space: str = "", name: str = "security") -> Audience:
    return Audience(name=name, groups=(group,), space=space)


def people(server: ManiphestStandIn, *phids: str) -> str:
    """A custom policy that lets in these accounts."""
    rule = {"action": "allow", "rule": "PhabricatorUsersPolicyRule", "value": phids}
    return str(order(server, "policy", rules=[rule])["phid"])


def test_a_closed_project_is_fine(mover: Mover, bot: Conduit, both: list[str]) -> None:
    assert mistakes(mover.sink, policy(closed_project(bot, "sec", both))) == []


def test_a_project_as_phorge_proposes_it_can_be_joined_by_all(
    mover: Mover, bot: Conduit, both: list[str]
) -> None:
    (said,) = mistakes(mover.sink, policy(project(bot, "sec", members_add=both)))
    assert said.startswith("privacy.toml: policy 'security': anybody can make themselves a member")
    assert "Joinable By" in said


@pytest.mark.parametrize(
    ("join", "edit", "fine"),
    [
        ("users", "no-one", False),
        ("no-one", "users", False),
        ("public", "obj.project.members", False),
        ("obj.project.members", "obj.project.members", True),
        ("no-one", "admin", True),
    ],
)
def test_who_may_edit_a_project_may_join_it(
    mover: Mover, both: list[str], join: str, edit: str, fine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(mover.sink, ManiphestSink)
    finder = mover.sink._finder
    bot = mover.sink._client
    phid = project(bot, "sec", members_add=both)
    row = finder.project_by_phid(phid)
    assert row is not None
    row.fields["policy"] = {"view": "users", "join": join, "edit": edit}
    monkeypatch.setattr(finder, "project_by_phid", lambda _: row)
    assert (mistakes(mover.sink, policy(phid)) == []) is fine


def test_a_project_that_all_can_join_lets_them_into_the_next(
    mover: Mover, bot: Conduit, both: list[str]
) -> None:
    wide = project(bot, "wide", members_add=both)
    group = project(bot, "sec", members_add=both, join=wide, edit=both[0])
    (said,) = mistakes(mover.sink, policy(group))
    assert wide in said


def test_a_project_whose_members_join_each_other_ends(
    mover: Mover, bot: Conduit, both: list[str]
) -> None:
    group = closed_project(bot, "sec", both)
    sent = [{"type": "join", "value": group}, {"type": "edit", "value": group}]
    bot.write("project.edit", objectIdentifier=group, transactions=sent)
    assert mistakes(mover.sink, policy(group)) == []


def test_a_project_without_members_of_its_own_is_refused(
    mover: Mover, bot: Conduit, both: list[str]
) -> None:
    group = closed_project(bot, "sec", both)
    milestone = project(bot, "1.0", milestone=group)
    (said,) = mistakes(mover.sink, policy(milestone))
    assert "is a milestone" in said
    assert mistakes(mover.sink, policy(group)) == []  # a milestone takes no members away
    project(bot, "below", parent=group)
    (said,) = mistakes(mover.sink, policy(group))
    assert "has subprojects" in said


def test_all_mistakes_are_told_at_once(
    mover: Mover, server: ManiphestStandIn, as_user: AsUser, bot: Conduit, both: list[str]
) -> None:
    others = closed_project(as_user("alice"), "others", both[1:])
    hidden = order(server, "space", view=both[1])["phid"]
    archived = order(server, "space", view="users", archived=True)["phid"]
    fine = closed_project(bot, "sec", both)
    said = mistakes(
        mover.sink,
        policy(others, name="a"),
        policy(people(server, both[1]), name="b"),
        policy("PHID-PLCY-nosuch", name="c"),
        policy("PHID-PROJ-nosuch", name="d"),
        policy(fine, str(hidden), name="f"),
        policy(fine, "PHID-SPCE-nosuch", name="g"),
        policy(fine, str(archived), name="h"),
        policy("users", name="i"),
        Audience(name="j", users=("PHID-USER-x",)),
    )
    told = {line.partition("policy '")[2][0]: line for line in said}
    assert sorted(told) == list("abcdfghij")
    assert all(line.startswith("privacy.toml: policy '") for line in said)
    assert "no member" in told["a"]
    assert all("the Space" in told[name] for name in "fgh")


def test_a_custom_policy_that_lets_us_in_is_fine_and_leaves_nothing_behind(
    mover: Mover, server: ManiphestStandIn, both: list[str]
) -> None:
    space = order(server, "space", view=both[0])["phid"]
    assert mistakes(mover.sink, policy(people(server, *both), str(space))) == []
    assert order(server, "dump")["task"] == 0


def test_a_policy_that_lets_the_outsider_in_is_refused(
    opened: Opener, server: ManiphestStandIn, bot: Conduit, both: list[str]
) -> None:
    """Of a custom policy nobody is told whom it lets in: the outsider can find out."""
    sink = opened(outsider="bob carol")
    carol = people(server, *both, phid(bot, "carol"))
    (said,) = mistakes(sink, policy(carol))
    assert "lets in the outsider" in said
    assert "number 2" in said
    space = str(order(server, "space", view=both[0])["phid"])
    assert mistakes(sink, policy(carol, space)) == []
    assert mistakes(sink, policy(people(server, *both))) == []


def test_a_project_with_the_outsider_in_it_is_refused_and_no_edit_is_tried(
    opened: Opener, server: ManiphestStandIn, bot: Conduit, both: list[str]
) -> None:
    """Its members are known: a second run must not even look as if it wrote."""
    sink = opened(outsider="bob carol")
    fine = closed_project(bot, "sec", both)
    wide = closed_project(bot, "wide", [*both, phid(bot, "bob")])
    assert mistakes(sink, policy(fine)) == []  # an empty server is asked for its fields by an edit
    before = server.writes
    (said,) = mistakes(sink, policy(fine), policy(wide, name="other"))
    assert "'other': it lets in the outsider" in said
    assert server.writes == before
