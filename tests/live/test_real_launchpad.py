"""Reading a real Launchpad, where the address of one is given.

    TRACKER_MIGRATE_LAUNCHPAD_URL            of the API, without version
    TRACKER_MIGRATE_LAUNCHPAD_LIVE_PROJECTS  with private bugs; in the last one bugs are filed
    TRACKER_MIGRATE_LAUNCHPAD_LIVE_LOGINS    a JSON file: label → consumer, token, secret
    TRACKER_MIGRATE_LAUNCHPAD_LIVE_OWNER     label of the projects' owner, who may change anything
    TRACKER_MIGRATE_LAUNCHPAD_LIVE_READER    label of a login of the owner that may only read
    TRACKER_MIGRATE_LAUNCHPAD_LIVE_PUBLIC    label of one for public things only

It files bugs there: give it a server that nobody needs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.launchpad.live import Login, Server, workspace
from tracker_migrate.engine import jobs
from tracker_migrate.errors import Gone, LoginNeeded, Refused
from tracker_migrate.model import Access, Issue, Key, kind_of, name_of
from tracker_migrate.workspace import Workspace

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server() -> Server:
    return Server()


@pytest.fixture(scope="module")
def owner(server: Server) -> Login:
    return server.login("OWNER")


@pytest.fixture(scope="module")
def pulled(
    server: Server, owner: Login, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    """All projects, read by their owner."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("real") / "whole"
        with workspace(server, folder, owner, patch) as opened:
            jobs.pull(opened)
            yield opened


@pytest.fixture(scope="module")
def issues(pulled: Workspace) -> dict[Key, Issue]:
    return {one.key: one for one in pulled.archive.issues()}


def reads(server: Server, account: str, key: Key) -> bool:
    """Whether an account can get a bug or blueprint."""
    name = name_of(key)
    try:
        server.accounts[account].entry(name if kind_of(key) == "blueprint" else f"bugs/{name}")
    except (Gone, Refused):
        return False
    return True


# -- what the check says --------------------------------------------------------------------------


def test_nobody_may_look(server: Server) -> None:
    facts = server.source(None).check()
    assert facts["viewer"] == "anonymous"
    assert "readers" not in facts


def test_the_owner_is_told_who_may_read(server: Server, owner: Login) -> None:
    assert server.source(owner).check()["readers"] == "told"


def test_a_login_that_may_only_read_is_not_told_and_learns_so_at_once(server: Server) -> None:
    assert server.source(server.login("READER")).check()["readers"].startswith("not told: ")


def test_a_login_for_public_things_is_not_enough(server: Server) -> None:
    with pytest.raises(LoginNeeded, match="public things only"):
        server.source(server.login("PUBLIC")).check()


@pytest.mark.parametrize("page", [7, 75])
def test_a_login_for_public_things_lists_what_nobody_in_particular_does(
    server: Server, page: int
) -> None:
    found = server.source(server.login("PUBLIC"))
    found._page = page  # type: ignore[attr-defined]
    assert [*found.listing(None)] != []
    assert {one.key for one in found.listing(None)} == {
        one.key for one in server.source(None).listing(None)
    }


# -- pulls ----------------------------------------------------------------------------------------


def test_a_second_pull_reads_nothing_new(pulled: Workspace) -> None:
    again = jobs.pull(pulled)
    assert (again.new, again.changed, again.gone, again.unread) == (0, 0, 0, 0)


def test_everything_that_is_listed_was_read(
    server: Server, owner: Login, pulled: Workspace, issues: dict[Key, Issue]
) -> None:
    assert pulled.archive.unread() == []
    assert {one.key for one in server.source(owner).listing(None)} == set(issues)
    assert any(one.private for one in issues.values())


def test_nobody_in_particular_reads_the_public_ones_whole(
    server: Server, issues: dict[Key, Issue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workspace(server, tmp_path / "open", None, monkeypatch) as opened:
        jobs.pull(opened)
        found = {one.key: one for one in opened.archive.issues()}
        assert opened.archive.unread() == []
        assert {one.key for one in issues.values() if not one.private} == set(found)
        again = jobs.pull(opened)
    assert (again.new, again.changed, again.gone, again.unread) == (0, 0, 0, 0)


# -- who may read ---------------------------------------------------------------------------------


def of_each(issues: dict[Key, Issue]) -> Iterator[tuple[Key, Access]]:
    """Private ones: three of each type and set of readers, for each costs a request an account."""
    met: Counter[object] = Counter()
    for key, issue in issues.items():
        if issue.access is not None:
            kind = (issue.kind, issue.information_type, issue.access)
            met[kind] += 1
            if met[kind] <= 3:
                yield key, issue.access


def test_who_is_named_can_read_and_nobody_else(server: Server, issues: dict[Key, Issue]) -> None:
    wrong = []
    for key, access in of_each(issues):
        assert access.unreadable == ""
        said = {name_of(one) for one in access.people}
        can = {account for account in server.accounts if reads(server, account, key)}
        more = can - said - (server.administrators if kind_of(key) == "bug" else set())
        if access.opaque:
            more = set()  # who is in such a team is not told
        if more or said & set(server.accounts) - can:
            wrong.append((key, sorted(more), sorted(said & set(server.accounts) - can)))
    assert wrong == []


def test_what_is_public_is_told_from_what_is_not(
    server: Server, owner: Login, issues: dict[Key, Issue]
) -> None:
    source = server.source(owner)
    assert {key: source.is_public(key) for key in issues} == {
        key: not one.private for key, one in issues.items()
    }


def test_the_closed_ones_are_listed(server: Server, owner: Login, issues: dict[Key, Issue]) -> None:
    private = {key for key, one in issues.items() if one.private and kind_of(key) == "bug"}
    assert set(server.source(owner).closed()) == private
    assert not set(server.source(None).closed())


# -- changes --------------------------------------------------------------------------------------


def test_a_bug_that_is_closed_between_two_pulls_is_seen_at_the_next(
    server: Server, owner: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = server.projects[-1]
    number = server.new_bug(owner, project, f"a vermilion word {time.time()}")
    key = Key(f"launchpad:bug:{number}")
    with workspace(server, tmp_path / "open", None, monkeypatch, project) as nobodys:
        jobs.pull(nobodys)
        assert nobodys.archive.issue(key) is not None
        with workspace(server, tmp_path / "whole", owner, monkeypatch, project) as theirs:
            jobs.pull(theirs)
            server.change(owner, number, "transitionToInformationType", information_type="Private")
            assert jobs.pull(theirs).changed >= 1
            found = theirs.archive.issue(key)
        assert found is not None
        assert found.private
        assert found.access is not None
        assert found.access.unreadable == ""
        monkeypatch.delenv("TRACKER_MIGRATE_LAUNCHPAD")
        # a change of type moves no date (facts 12): to nobody in particular, there is one bug less
        assert jobs.pull(nobodys, brief=True).found["counted"] == 1
        assert key in nobodys.archive.gone_keys()
        assert "vermilion" not in repr([*nobodys.archive.issues()])


def test_what_a_hidden_comment_says_is_nowhere(
    server: Server, owner: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = server.projects[-1]
    number = server.new_bug(owner, project, f"a bug {time.time()}")
    server.change(owner, number, "newMessage", content="a turquoise word")
    server.change(owner, number, "setCommentVisibility", comment_number="1", visible="false")
    key = Key(f"launchpad:bug:{number}")
    for login, name in ((None, "open"), (owner, "whole")):
        with workspace(server, tmp_path / name, login, monkeypatch, project) as opened:
            jobs.pull(opened)
            found = opened.archive.issue(key)
            assert found is not None
            assert found.comments[1].withheld == "hidden"
            bodies = [one.body for one in opened.archive.replies(key)]
            assert len(bodies) > 5
            assert not [body for body in bodies if b"turquoise" in body]
            assert "turquoise" not in repr(found)
