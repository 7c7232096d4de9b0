"""What a source knows by name alone is the same thing after a rename, and never two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tracker_migrate.engine.intake import Pulled
from tracker_migrate.engine.pull import Pull
from tracker_migrate.engine.target import Places
from tracker_migrate.errors import Gone, Retriable
from tracker_migrate.interfaces import Entity, Listed, Reading, RemoteRef, Reply
from tracker_migrate.model import Access, Issue, Key, Person, Relation, Task, WorkItem, key
from tracker_migrate.workspace import Workspace

WHEN = datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
JANE, JOE = key("memory", "person", "jane"), key("memory", "person", "joe")


def spec(name: str, **changes: Any) -> Issue:
    """A blueprint that was made at its time, of a project that its name says."""
    project = name.partition("/")[0]
    given: dict[str, Any] = {
        "key": key("memory", "blueprint", name),
        "kind": "blueprint",
        "name": name,
        "title": "A lamp",
        "home": f"https://memory.example/{name}",
        "author": JANE,
        "created": WHEN,
        "tasks": (
            Task(
                key=key("memory", "task", f"{name}@{project}"),
                target=key("memory", "project", project),
                target_name=project,
                project=key("memory", "project", project),
                home=f"https://memory.example/{name}",
                status="Started",
                importance="High",
            ),
        ),
        "work_items": (
            WorkItem(
                key=key("memory", "workitem", f"{name}@0a"),
                title="wire it",
                home=f"https://memory.example/{name}#0a",
                status="TODO",
            ),
        ),
    }
    return Issue(**given | changes)


class Specs:
    """A source of blueprints, each known by its name alone."""

    tracker, address, viewer = "memory", "https://memory.example", "anonymous"

    def __init__(self, *issues: Issue) -> None:
        self.held: dict[Key, Issue] = {}
        self.down: set[Key] = set()
        self.reads: list[Key] = []
        self.now_is(*issues)

    def now_is(self, *issues: Issue) -> None:
        """These are there, and no others."""
        self.held = {one.key: one for one in issues}

    def check(self) -> dict[str, str]:
        return {}

    def now(self) -> datetime:
        return datetime(2021, 1, 1, tzinfo=UTC)

    def surroundings(self) -> Iterator[Entity]:
        return iter(())

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        for one in self.held.values():
            yield Listed(key=one.key, stamp=str(hash(one.title + one.name)))

    def read(self, issue: Key, known: str = "") -> Reading | None:
        self.reads.append(issue)
        if issue in self.down:
            raise Retriable("not now")
        if issue not in self.held:
            raise Gone("not there")
        one = self.held[issue]
        return Reading(issue=one, replies=(), stamp=str(hash(one.title + one.name)))

    def person(self, person: Key) -> Entity:
        who = Person(key=person, name="x", display_name="X", home="")
        return Entity(value=who, reply=Reply(url="", status=200, body=b""))

    def project(self, project: Key) -> Entity:
        raise Gone("none")

    def closed(self) -> Iterator[Key]:
        return iter(())

    def access(self, issue: Issue) -> Access | None:
        return None

    def is_public(self, issue: Key) -> bool:
        return issue in self.held

    def close(self) -> None:
        return


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "migration.toml").write_text('[source]\nspecs = ["launchpad:rocket"]\n')
    with Workspace(tmp_path) as made:
        yield made


def pull(workspace: Workspace, source: Specs, **how: Any) -> Pulled:
    return Pull(source, workspace.archive, "rocket", connections=2).run(**how)


def held(workspace: Workspace) -> dict[Key, str]:
    return {one.key: one.name for one in workspace.archive.issues()}


FOO, BAR, BAZ = "rocket/+spec/foo", "rocket/+spec/bar", "rocket/+spec/baz"
K_FOO, K_BAR, K_BAZ = (key("memory", "blueprint", one) for one in (FOO, BAR, BAZ))

whole = pytest.mark.parametrize("full", [False, True])


@whole
def test_a_renamed_blueprint_keeps_its_key_and_its_parts_theirs(
    workspace: Workspace, full: bool
) -> None:
    source = Specs(spec(FOO), spec(BAZ, created=WHEN + timedelta(days=1)))
    pull(workspace, source)
    source.now_is(spec(BAR), spec(BAZ, created=WHEN + timedelta(days=1)))
    pulled = pull(workspace, source, full=full)
    assert (pulled.new, pulled.changed, pulled.gone) == (0, 1, 0)
    assert held(workspace) == {K_FOO: BAR, K_BAZ: BAZ}
    issue = workspace.archive.issue(K_FOO)
    assert issue is not None
    assert issue.home.endswith("/bar")
    assert issue.tasks[0].key == f"memory:task:{FOO}@rocket"
    assert issue.work_items[0].key == f"memory:workitem:{FOO}@0a"
    assert issue.work_items[0].home.endswith("/bar#0a")


@whole
def test_a_later_pull_reads_it_by_its_new_name_alone(workspace: Workspace, full: bool) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec(BAR))
    pull(workspace, source)
    source.reads.clear()
    source.now_is(spec(BAR, title="Another title"))
    assert pull(workspace, source, full=full).changed == 1
    assert source.reads == [K_BAR]
    assert held(workspace) == {K_FOO: BAR}


def test_it_can_be_renamed_again_and_take_its_old_name_back(workspace: Workspace) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    for name in (BAR, BAZ, FOO, BAR):
        source.now_is(spec(name))
        pulled = pull(workspace, source, full=name == BAZ)
        assert (pulled.new, pulled.gone) == (0, 0)
        assert held(workspace) == {K_FOO: name}


def test_one_that_moves_to_another_project_keeps_its_one_task(workspace: Workspace) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec("engine/+spec/foo"))
    pull(workspace, source, full=True)
    (issue,) = workspace.archive.issues()
    assert (issue.key, issue.name) == (K_FOO, "engine/+spec/foo")
    assert issue.tasks[0].key == f"memory:task:{FOO}@rocket"
    assert issue.tasks[0].target == "memory:project:engine"


def test_one_made_at_another_time_is_another_one(workspace: Workspace) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec(BAR, created=WHEN + timedelta(microseconds=1)))
    pulled = pull(workspace, source, full=True)
    assert (pulled.new, pulled.gone) == (1, 1)
    assert held(workspace) == {K_BAR: BAR}


def test_one_beside_the_other_is_another_one(workspace: Workspace) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec(FOO), spec(BAR))
    assert pull(workspace, source).new == 1
    assert held(workspace) == {K_FOO: FOO, K_BAR: BAR}


def test_what_could_be_either_of_two_is_new(workspace: Workspace) -> None:
    source = Specs(spec(FOO), spec(BAR))
    pull(workspace, source)
    source.now_is(spec(BAZ))
    pulled = pull(workspace, source, full=True)
    assert (pulled.new, pulled.gone) == (1, 2)
    assert held(workspace) == {K_BAZ: BAZ}


def test_a_date_without_fractions_needs_the_same_person(workspace: Workspace) -> None:
    whole = WHEN.replace(microsecond=0)
    source = Specs(spec(FOO, created=whole))
    pull(workspace, source)
    source.now_is(spec(BAR, created=whole, author=JOE))
    assert pull(workspace, source, full=True).new == 1
    source.now_is(spec(BAZ, created=whole, author=JOE))
    assert pull(workspace, source, full=True).new == 0
    assert held(workspace) == {K_BAR: BAZ}


def test_a_person_who_is_renamed_too_is_no_obstacle(workspace: Workspace) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec(BAR, author=JOE))
    pull(workspace, source)
    assert held(workspace) == {K_FOO: BAR}


@whole
def test_another_one_that_takes_the_old_name_is_another_one(
    workspace: Workspace, full: bool
) -> None:
    """Both between two pulls, and after each other."""
    later = WHEN + timedelta(days=9)
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec(FOO, created=later, title="New"), spec(BAR))
    pull(workspace, source, full=full)
    second = Key(f"{K_FOO}~2")
    assert held(workspace) == {K_FOO: BAR, second: FOO}
    pulled = pull(workspace, source, full=True)
    assert (pulled.new, pulled.changed, pulled.gone) == (0, 0, 0)
    assert held(workspace) == {K_FOO: BAR, second: FOO}


@whole
def test_another_one_that_takes_the_old_name_later_is_another_one(
    workspace: Workspace, full: bool
) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec(BAR))
    pull(workspace, source)
    source.now_is(spec(BAR), spec(FOO, created=WHEN + timedelta(days=9)))
    assert pull(workspace, source, full=full).new == 1
    assert held(workspace) == {K_FOO: BAR, Key(f"{K_FOO}~2"): FOO}


def test_one_that_was_gone_for_a_while_comes_back_under_its_new_name(workspace: Workspace) -> None:
    other = spec(BAZ, created=WHEN + timedelta(days=1))
    source = Specs(spec(FOO), other)
    pull(workspace, source)
    source.now_is(other)
    assert pull(workspace, source, full=True).gone == 1
    source.now_is(other, spec(BAR))
    pull(workspace, source)
    assert held(workspace) == {K_FOO: BAR, K_BAZ: BAZ}


def test_where_the_source_does_not_say_nothing_is_decided(workspace: Workspace) -> None:
    source = Specs(spec(FOO))
    pull(workspace, source)
    source.now_is(spec(BAR))
    source.down = {K_FOO}
    assert pull(workspace, source).unread == 1
    assert held(workspace) == {K_FOO: FOO}
    source.down = set()
    pull(workspace, source)
    assert held(workspace) == {K_FOO: BAR}
    assert workspace.archive.unread() == []


def test_what_names_it_names_it_by_its_first_name(workspace: Workspace) -> None:
    def needs(name: str) -> Issue:
        to = key("memory", "blueprint", name)
        relation = Relation(kind="depends_on", label=name, url="https://x.example/", to=to)
        return spec(BAZ, created=WHEN + timedelta(days=1), relations=(relation,))

    source = Specs(spec(FOO), needs(FOO))
    pull(workspace, source)
    source.now_is(spec(BAR), needs(BAR))
    pull(workspace, source)
    pull(workspace, source, full=True)
    other = workspace.archive.issue(K_BAZ)
    assert other is not None
    assert [one.to for one in other.relations if one.kind == "depends_on"] == [K_FOO]


def test_a_new_name_of_what_is_private_is_as_private(workspace: Workspace) -> None:
    source = Specs(spec(FOO, private=True))
    pull(workspace, source)
    source.now_is(spec(BAR, private=True))
    pull(workspace, source)
    assert {FOO, BAR} <= set(workspace.archive.private_names())


def test_what_is_renamed_keeps_its_place_when_another_takes_its_name(
    workspace: Workspace,
) -> None:
    """Its own parts name it by its key, which is the other one's name by then."""
    old, new = key("memory", "blueprint", "lamp"), key("memory", "blueprint", "lamp~2")
    renamed = key("memory", "blueprint", "lantern")
    names = workspace.archive.names()
    names.put(renamed, old)
    names.put(old, new)
    places = Places(workspace.ledger("there"), names)
    places.put({old: RemoteRef(id="1"), new: RemoteRef(id="2")})
    found = {of: at.id for of in (old, renamed, new) if (at := places.where(of)) is not None}
    assert found == {old: "1", renamed: "1", new: "2"}
