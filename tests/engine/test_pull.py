"""Reading: never past a failure, and never one bad object in the way of the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.engine.away import Policy
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.pull import Pull
from tracker_migrate.errors import Brake, Gone, LoginNeeded, Refused, Retriable, Unreachable
from tracker_migrate.interfaces import Event
from tracker_migrate.model import Access, Issue, Key, is_away, key
from tracker_migrate.testing.memory import MemoryServer, MemorySource, blueprint, bug
from tracker_migrate.testing.memory_source import PERSON, PROJECT
from tracker_migrate.workspace import Archive, Workspace


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace, MemoryServer(), "ours")


@pytest.fixture
def archive(world: World) -> Archive:
    return world.workspace.archive


def keys(archive: Archive) -> list[str]:
    return [key.split(":", 2)[2] for key in archive.issue_keys()]


def test_the_first_pull_reads_everything(world: World, archive: Archive) -> None:
    source = MemorySource(bug(2), bug(1, "hello"), blueprint("engine"))
    pulled = world.pull(source)
    assert (pulled.new, pulled.full, pulled.people) == (3, True, 1)
    assert keys(archive) == ["1", "2", "rocket/+spec/engine"]
    assert archive.person(PERSON) is not None
    assert archive.cursor("rocket") == source.clock
    assert [one.name for one in archive.entities("project")] == ["rocket"]


def test_the_next_pull_reads_what_changed(world: World) -> None:
    source = MemorySource(bug(1), bug(2))
    world.pull(source)
    source.advance(hours=1)
    source.put(bug(2, title="Worse"))
    source.put(bug(3))
    source.reads.clear()
    pulled = world.pull(source)
    assert (pulled.new, pulled.changed, pulled.full) == (1, 1, False)
    assert sorted(source.reads) == [bug_key(2), bug_key(3)]


def test_listings_overlap_and_what_is_listed_twice_is_not_read_twice(world: World) -> None:
    source = MemorySource(bug(1))
    world.pull(source)
    began = source.clock
    source.advance(minutes=5)
    world.pull(source)
    assert source.since == [None, began - timedelta(minutes=10)]
    assert source.reads == [bug_key(1)]


def test_a_change_within_the_overlap_is_not_missed(world: World, archive: Archive) -> None:
    source = MemorySource(bug(1))
    world.pull(source)
    source.put(bug(1, title="changed in the very second of the listing"))
    source.advance(minutes=9)
    assert world.pull(source).changed == 1


def test_the_cursor_is_the_clock_from_before_the_listing(world: World, archive: Archive) -> None:
    source = MemorySource(bug(1))
    began = source.clock
    read = source.read

    def slowly(issue: Key, known: str = "") -> object:
        source.advance(hours=1)
        return read(issue, known)

    source.read = slowly  # type: ignore[assignment]
    world.pull(source)
    assert archive.cursor("rocket") == began


def test_the_cursor_stands_still_when_the_listing_breaks_off(
    world: World, archive: Archive
) -> None:
    source = MemorySource(bug(1), bug(2), bug(3))
    source.break_after = 2
    with pytest.raises(Unreachable):
        world.pull(source)
    assert archive.cursor("rocket") is None
    source.break_after = None
    world.pull(source)
    cursor = archive.cursor("rocket")
    source.advance(hours=1)
    source.put(bug(4))
    source.break_after = 0
    with pytest.raises(Unreachable):
        world.pull(source)
    assert archive.cursor("rocket") == cursor
    source.break_after = None
    source.advance(days=9)
    assert world.pull(source).new == 1


def test_what_stops_a_read_stops_the_run_and_the_cursor(world: World, archive: Archive) -> None:
    source = MemorySource(bug(1), bug(2))
    source.failing[bug_key(2)] = LoginNeeded("log in")  # type: ignore[assignment]
    with pytest.raises(LoginNeeded):
        world.pull(source)
    assert archive.cursor("rocket") is None
    assert archive.unread() == []


@pytest.mark.parametrize("error", [Refused("a field is missing"), Retriable("no answer")])
def test_one_bad_object_is_kept_with_its_reason_and_the_others_go_on(
    world: World, archive: Archive, error: Refused | Retriable
) -> None:
    source = MemorySource(bug(1), bug(2), bug(3))
    source.failing[bug_key(2)] = error
    pulled = world.pull(source)
    assert (pulled.new, pulled.unread) == (2, 1)
    assert [(one.key, one.reason) for one in archive.unread()] == [(bug_key(2), str(error))]
    assert archive.cursor("rocket") == source.clock


def test_what_was_bad_is_tried_first_by_every_pull_until_it_is_read(
    world: World, archive: Archive
) -> None:
    source = MemorySource(bug(1), bug(7))
    source.failing[bug_key(7)] = Refused("a field is missing")
    world.pull(source)
    source.advance(days=1)
    source.put(bug(2))
    source.reads.clear()
    world.pull(source)
    assert source.reads[0] == bug_key(7)
    assert [one.attempts for one in archive.unread()] == [2]
    del source.failing[bug_key(7)]
    source.advance(days=1)
    assert world.pull(source).new == 1
    assert archive.unread() == []
    assert keys(archive) == ["1", "2", "7"]


def test_what_was_bad_for_a_while_and_did_not_change_is_settled(
    world: World, archive: Archive
) -> None:
    source = MemorySource(bug(1))
    world.pull(source)
    source.failing[bug_key(1)] = Retriable("no answer")
    world.pull(source, full=True)
    assert len(archive.unread()) == 1
    del source.failing[bug_key(1)]
    source.advance(days=1)
    world.pull(source)
    assert archive.unread() == []


def test_what_is_gone_is_gone_and_no_error(world: World, archive: Archive) -> None:
    source = MemorySource(bug(1), bug(2))
    world.pull(source)
    source.failing[bug_key(2)] = Gone("not to be seen")
    source.advance(hours=1)
    source.put(bug(2, title="hidden now"))
    assert world.pull(source).gone == 1
    assert keys(archive) == ["1"]
    assert archive.unread() == []


def test_a_full_pull_reads_again_what_seems_not_to_have_changed(world: World) -> None:
    source = MemorySource(bug(1), bug(2))
    world.pull(source)
    source.reads.clear()
    assert world.pull(source, full=True).same == 2
    assert sorted(source.reads) == [bug_key(1), bug_key(2)]


def test_a_full_pull_notices_what_is_listed_no_more(world: World, archive: Archive) -> None:
    source = MemorySource(bug(1), bug(2), bug(3), blueprint("a"), blueprint("b"))
    world.pull(source)
    source.hidden = {bug_key(1), bug_key(2), blueprint("a").key}
    source.remove(bug_key(2))
    source.put(bug(1, title="retargeted, but there"))
    assert world.pull(source, full=True).gone == 2
    assert keys(archive) == ["1", "3", "rocket/+spec/b"]
    held = archive.issue(bug_key(1))
    assert held is not None
    assert held.title == "retargeted, but there"


def test_what_a_listing_misses_is_looked_at_one_by_one(world: World, archive: Archive) -> None:
    source = MemorySource(*(bug(n) for n in range(1, 61)))
    world.pull(source)
    source.hidden = {bug_key(n) for n in range(1, 41)}
    assert world.pull(source, full=True).gone == 0
    assert archive.count() == 60


def test_a_fifth_of_the_archive_is_not_believed_to_be_gone(world: World, archive: Archive) -> None:
    source = MemorySource(*(bug(n) for n in range(1, 61)))
    world.pull(source)
    cursor = archive.cursor("rocket")
    source.advance(hours=1)
    for number in range(1, 14):
        source.remove(bug_key(number))
    with pytest.raises(Brake, match="13 of 60 issues"):
        world.pull(source, full=True)
    assert archive.count() == 60
    assert archive.cursor("rocket") == cursor
    source.put(bug(13))
    assert world.pull(source, full=True).gone == 12


def test_few_are_believed_to_be_gone_from_a_small_archive(world: World, archive: Archive) -> None:
    source = MemorySource(*(bug(n) for n in range(1, 6)))
    world.pull(source)
    for number in range(1, 5):
        source.remove(bug_key(number))
    assert world.pull(source, full=True).gone == 4
    assert keys(archive) == ["5"]


def test_a_limit_reads_the_newest_and_does_not_move_the_cursor(
    world: World, archive: Archive
) -> None:
    source = MemorySource(*(bug(n) for n in range(1, 6)), blueprint("a"))
    world.pull(source, limit=2)
    assert keys(archive) == ["4", "5", "rocket/+spec/a"]
    assert archive.cursor("rocket") is None
    world.pull(source)
    cursor = archive.cursor("rocket")
    source.advance(hours=1)
    world.pull(source, limit=1)
    assert archive.cursor("rocket") == cursor
    assert archive.count() == 6, "what a limit left out is not gone"


def test_only_some_does_not_move_the_cursor(world: World, archive: Archive) -> None:
    source = MemorySource(*(bug(n) for n in range(1, 6)))
    world.pull(source, only=Only("bug:2,3"))
    assert keys(archive) == ["2", "3"]
    assert source.reads.count(bug_key(1)) == 0
    assert archive.cursor("rocket") is None


def test_each_viewer_has_a_cursor_of_its_own(world: World, archive: Archive) -> None:
    source = MemorySource(bug(1))
    world.pull(source)
    logged_in = MemorySource(bug(1), bug(2, private=True), viewer="jdoe")
    assert world.pull(logged_in).full
    assert archive.count() == 2
    world.pull(source)
    assert archive.count() == 1


def test_somebody_who_can_not_be_read_stops_nothing_and_is_tried_again(
    world: World, archive: Archive
) -> None:
    source = MemorySource(bug(1))
    person = source.person

    def away(_key: Key) -> object:
        raise Retriable("no answer")

    source.person = away  # type: ignore[assignment]
    assert world.pull(source).people == 0
    assert archive.cursor("rocket") is not None
    source.person = person  # type: ignore[method-assign]
    assert world.pull(source).people == 1


def test_events_count_and_hold_nothing_but_keys(workspace: Workspace) -> None:
    heard: list[Event] = []
    source = MemorySource(bug(1, title="private words"), bug(2))
    Pull(source, workspace.archive, "rocket", connections=1, listen=heard.append).run()
    reads = [event for event in heard if event.name == "read"]
    assert [(event.key, event.detail, event.done) for event in reads] == [
        (bug_key(1), "new", 1),
        (bug_key(2), "new", 2),
    ]
    assert all(b"private" not in msgspec.json.encode(event) for event in heard)


# -- what is not listed as changed ----------------------------------------------------------------


@pytest.mark.parametrize("only", [None, Only("bug:9")])
def test_a_change_of_privacy_is_seen_at_the_next_poll(
    world: World, archive: Archive, only: Only | None
) -> None:
    shut: dict[str, Any] = {"private": True, "information_type": "Private"}
    jdoe, anna = (key("memory", "person", name) for name in ("jdoe", "anna"))
    source = MemorySource(
        bug(1),
        bug(2, access=Access(people=(jdoe,)), **shut),
        bug(3, access=Access(people=(jdoe,)), **shut),
        bug(4, access=Access(people=(jdoe,)), **shut),
        bug(5),
    )
    world.pull(source)
    source.advance(hours=1)
    source.put(bug(1, access=Access(), **shut), silently=True)
    source.put(bug(2), silently=True)
    source.put(bug(3, access=Access(people=(anna, jdoe)), **shut), silently=True)
    source.reads.clear()
    pulled = world.pull(source, only=only)
    assert not pulled.full
    assert sorted(source.reads) == [bug_key(1), bug_key(2), bug_key(3)]
    assert pulled.changed == 3
    assert archive.private_keys() == [bug_key(1), bug_key(3), bug_key(4)]


def test_the_other_projects_of_private_issues_are_read(world: World, archive: Archive) -> None:
    """Of a project that nobody knows its name can't be told; of a public issue it may be."""
    other, hidden = (key("memory", "project", name) for name in ("engine", "vault"))

    def at(number: int, project: Key, **more: Any) -> Any:
        made = bug(number, **more)
        task = msgspec.structs.replace(made.tasks[0], project=project, target=project)
        return msgspec.structs.replace(made, tasks=(*made.tasks, task))

    shut: dict[str, Any] = {"private": True, "information_type": "Private", "access": Access()}
    public = key("memory", "project", "lamp")
    source = MemorySource(at(1, other, **shut), at(2, hidden, **shut), at(3, public))
    source.failing[hidden] = Gone("not to be seen")
    world.pull(source)
    assert archive.project(other) is not None
    assert archive.project(hidden) is None
    assert archive.project(public) is None


# -- moved to where nothing is read ---------------------------------------------------------------


class Distrustful(MemorySource):
    """Says of nothing that it is where it reads, as of a group whose projects are hidden."""

    def holds(self, issue: Issue) -> bool:
        return False


def test_what_the_listing_names_is_where_it_reads_whatever_else_is_said(
    world: World, archive: Archive
) -> None:
    assert world.pull(Distrustful(bug(1), bug(2))).new == 2
    assert not any(map(is_away, archive.issues()))


def test_an_issue_that_was_moved_away_says_so_until_it_is_back(world: World) -> None:
    source = MemorySource(bug(1), bug(2))
    world.pull(source)
    source.moved.add(bug_key(1))
    assert world.pull(source, full=True).changed == 1
    held = world.workspace.archive.issue(bug_key(1))
    assert held is not None
    assert is_away(held)
    assert world.pull(source, full=True).changed == 0
    source.moved.clear()
    world.pull(source, full=True)
    held = world.workspace.archive.issue(bug_key(1))
    assert held is not None
    assert not is_away(held)


@pytest.mark.parametrize(("retargeted", "gone"), [("keep", 0), ("close", 1), ("follow", 0)])
def test_what_becomes_of_it_is_a_policy(world: World, retargeted: Policy, gone: int) -> None:
    source = MemorySource(bug(1), bug(2))
    world.pull(source)
    source.moved.add(bug_key(1))
    source.put(bug(1, title="Elsewhere"), silently=True)
    job = Pull(source, world.workspace.archive, "rocket", retargeted=retargeted)
    assert job.run(full=True).gone == gone
    held = world.workspace.archive.issue(bug_key(1))
    titles = {"keep": bug(1).title, "close": None, "follow": "Elsewhere"}
    assert (held.title if held is not None else None) == titles[retargeted]


def test_what_the_settings_name_no_more_is_left_as_it_stands(world: World) -> None:
    other = key("memory", "project", "engine")
    made = bug(2)
    there = msgspec.structs.replace(made.tasks[0], project=other, target=other)
    plans = [blueprint(name, tasks=(there,)) for name in ("valve", "pump")]
    source = MemorySource(bug(1), msgspec.structs.replace(made, tasks=(there,)), *plans)
    assert world.pull(source).new == 4
    archive = world.workspace.archive
    before = archive.issue(bug_key(2))
    source.unread.add(other)
    source.put(msgspec.structs.replace(made, tasks=(there,), title="News of what is left"))
    source.remove(plans[1].key)
    pulled = world.pull(source, full=True)
    assert (pulled.unfollowed, pulled.changed, pulled.gone) == (2, 0, 1)
    assert keys(archive) == ["1", "2", "rocket/+spec/valve"]
    assert archive.issue(bug_key(2)) == before
    source.advance(hours=1)
    swept = world.pull(source, sweep=[bug_key(1), bug_key(2)])
    assert (swept.changed, swept.gone) == (0, 0)
    assert swept.unfollowed == 0, "that is told where the listing is a whole one"


def test_another_login_looks_at_what_is_left_as_well(world: World) -> None:
    source = MemorySource(bug(1), bug(2))
    world.pull(source)
    world.apply()
    other = MemorySource(bug(1), bug(2), viewer="owner")
    other.unread.add(PROJECT)
    assert world.pull(other).unfollowed == 2
    other.remove(bug_key(2))
    other.advance(hours=1)
    known = list(world.workspace.archive.known_keys())
    assert world.pull(other, sweep=known).gone == 1
    world.apply()
    assert world.card(2).fields["audience"] == "importer"
