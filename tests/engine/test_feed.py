"""What people did at a target is known from its feed, at once, and our own writes cost no look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.engine.feed import Fed, Feed
from tracker_migrate.errors import Retriable, Unreachable
from tracker_migrate.interfaces import RemoteRef, Snapshot
from tracker_migrate.model import Key
from tracker_migrate.testing.memory import bug
from tracker_migrate.workspace import Workspace


class Reads:
    """Counts which issues a sink reads; `fails`: those that can't be read."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.issues: list[Key] = []
        self.fails: set[Key] = set()
        self._read = world.sink.read
        monkeypatch.setattr(world.sink, "read", self.read)

    def read(self, refs: dict[Key, tuple[str, RemoteRef]]) -> Snapshot:
        issue = next(of for of, (kind, _at) in refs.items() if kind == "card")
        self.issues.append(issue)
        if issue in self.fails:
            raise Retriable("not now")
        return self._read(refs)


@pytest.fixture
def reads(world: World, monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(world, monkeypatch)


def feed(world: World, **how: object) -> Fed:
    return Feed(world.target(), world.heard.append, **how).run()  # type: ignore[arg-type]


def moved(world: World, *numbers: int) -> World:
    """A world where these bugs stand at the target, and the feed has been asked."""
    world.keep(*(bug(number, "a comment") for number in numbers))
    world.apply()
    feed(world)
    return world


def card(world: World, number: int) -> int:
    """The number of a bug's card."""
    held = world.ledger.held([bug_key(number)])[bug_key(number)]
    return int(held.at.id)


def known(world: World) -> list[tuple[Key, str]]:
    """Whose edits the ledger tells of."""
    return [(key, field) for key, field, _policy in world.ledger.conflicts()]


def test_our_own_burst_of_writes_costs_no_look(world: World, reads: Reads) -> None:
    world.keep(*(bug(number, "one", "two") for number in range(1, 30)))
    world.apply()
    world.keep(*(bug(number, "one", "two", title="Renamed") for number in range(1, 30)))
    world.apply()
    reads.issues.clear()
    found = feed(world)
    assert found.told > 0, "what we did stands in the feed"
    assert found.looked == 0
    assert reads.issues == []
    assert known(world) == []


def test_a_feed_without_news_is_one_request(world: World, reads: Reads) -> None:
    moved(world, 1, 2, 3)
    before = world.server.requests.copy()
    reads.issues.clear()
    assert feed(world).looked == 0
    assert world.server.requests - before == {"edits": 1}
    assert reads.issues == []


def test_a_persons_edit_is_known_at_once_and_nothing_else_is_read(
    world: World, reads: Reads
) -> None:
    moved(world, 1, 2, 3)
    world.server.edit("card", card(world, 2), title="A person's")
    reads.issues.clear()
    found = feed(world)
    assert (found.looked, found.edited) == (1, 1)
    assert reads.issues == [bug_key(2)]
    assert known(world) == [(bug_key(2), "title")]
    assert not world.verify().agrees


def test_an_edit_that_was_taken_back_is_forgotten(world: World) -> None:
    moved(world, 1)
    title = world.server.get("card", card(world, 1)).fields["title"]  # type: ignore[union-attr]
    world.server.edit("card", card(world, 1), title="A person's")
    feed(world)
    assert known(world) == [(bug_key(1), "title")]
    world.server.edit("card", card(world, 1), title=title)
    assert feed(world).reverted == 1
    assert known(world) == []
    assert world.verify().agrees


def test_an_edit_and_its_end_between_two_looks_are_nothing(world: World, reads: Reads) -> None:
    moved(world, 1)
    title = world.server.get("card", card(world, 1)).fields["title"]  # type: ignore[union-attr]
    world.server.edit("card", card(world, 1), title="A person's")
    world.server.edit("card", card(world, 1), title=title)
    reads.issues.clear()
    assert feed(world).looked == 0
    assert reads.issues == []


def test_an_edit_through_our_own_account_is_somebodys_edit(world: World) -> None:
    """By value, and never by author alone."""
    moved(world, 1)
    world.server.edit("card", card(world, 1), title="A person's")
    author, write = world.server.history.pop()
    assert author != world.sink.account
    world.server.history.append((world.sink.account, write))
    assert feed(world).edited == 1
    assert known(world) == [(bug_key(1), "title")]


def test_an_issue_that_can_not_be_read_now_is_looked_at_by_the_next_round(
    world: World, reads: Reads
) -> None:
    moved(world, 1, 2)
    for number in (1, 2):
        world.server.edit("card", card(world, number), title="A person's")
    reads.fails = {bug_key(1)}
    found = feed(world)
    assert (found.edited, found.owed) == (1, 1)
    assert known(world) == [(bug_key(2), "title")], "one bad issue keeps no other"
    reads.fails = set()
    found = feed(world)
    assert (found.edited, found.owed) == (1, 0)
    assert known(world) == [(bug_key(1), "title"), (bug_key(2), "title")]


def test_the_mark_moves_only_past_success(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that ends half-way is read again from where it was."""
    moved(world, 1)
    stand = world.workspace.fed("there").stand()
    world.server.edit("card", card(world, 1), title="A person's")

    def broken(_mark: object) -> object:
        raise Unreachable("away")

    with monkeypatch.context() as during:
        during.setattr(world.sink, "edits_since", broken)
        with pytest.raises(Unreachable):
            feed(world)
    assert world.workspace.fed("there").stand() == stand
    assert feed(world).edited == 1


def test_the_mark_survives_a_restart(world: World, make: Callable[..., Workspace]) -> None:
    moved(world, 1)
    world.server.edit("card", card(world, 1), title="A person's")
    world.workspace.close()
    world.workspace = make()
    assert feed(world).edited == 1


def test_what_was_told_is_not_forgotten_by_who_dies_before_he_looked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved(world, 1)
    world.server.edit("card", card(world, 1), title="A person's")

    def dies(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(Feed, "_look", dies)
        with pytest.raises(KeyboardInterrupt):
            feed(world)
    assert known(world) == []
    assert feed(world).edited == 1


def test_an_issue_that_is_removed_is_noticed_though_the_feed_says_nothing(world: World) -> None:
    moved(world, 1, 2)
    world.server.remove("card", card(world, 1))
    found = feed(world)
    assert (found.gone, found.edited) == (1, 0)
    verdict = world.ledger.verdict(bug_key(1))
    assert verdict is not None
    assert verdict.state == "aside"
    assert "removed it" in verdict.reason
    before = world.server.writes.total()
    world.apply()
    assert world.server.writes.total() == before, "it is not made again"


def test_issues_are_counted_once_in_a_while_even_if_nothing_seems_to_be_missing(
    world: World,
) -> None:
    """One went, and a stranger's came: there are as many as before."""
    moved(world, 1, 2)
    now = datetime.now(UTC)
    world.server.remove("card", card(world, 1))
    world.server.history.append(world.server.history[0])
    hidden = world.server.add("card", "somebody", title="Another's")
    del world.server.history[-1]
    del world.server.history[-1]
    assert hidden
    assert feed(world, count=timedelta(hours=1), at=now).gone == 0
    assert feed(world, count=timedelta(hours=1), at=now + timedelta(hours=2)).gone == 1


def test_a_strangers_card_is_nobodys_edit(world: World, reads: Reads) -> None:
    moved(world, 1)
    other = world.server.add("card", "somebody", title="Another's")
    world.server.edit("card", other, title="Changed")
    reads.issues.clear()
    assert feed(world).looked == 0
    assert reads.issues == []


def test_edits_made_before_anything_asked_are_told_too(world: World) -> None:
    """The feed is read from the first write on."""
    world.keep(bug(1))
    world.apply()
    world.server.edit("card", card(world, 1), title="A person's")
    assert feed(world).edited == 1
