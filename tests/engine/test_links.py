"""What a source tells at one end only is told at both; of private issues, at neither."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa

from tracker_migrate.interfaces import Reading
from tracker_migrate.model import Issue, Relation
from tracker_migrate.testing.memory import blueprint, bug
from tracker_migrate.workspace import Archive, Workspace, links, schema


@pytest.fixture
def archive(workspace: Workspace) -> Archive:
    return workspace.archive


def naming(issue: Issue, kind: str, other: Issue) -> Issue:
    """The issue, with a relation to another one."""
    label = f"MEM #{other.name}"
    relation = Relation(kind=kind, label=label, url=other.home, to=other.key)
    return msgspec.structs.replace(issue, relations=(relation,))


def put(archive: Archive, *issues: Issue) -> None:
    for issue in issues:
        archive.put(Reading(issue=issue, replies=(), stamp="s")).result()


def told(archive: Archive, issue: Issue) -> list[tuple[str, str]]:
    """Kind and label of each relation that the archive tells of an issue."""
    held = archive.issue(issue.key)
    assert held is not None
    assert held in list(archive.issues())
    return [(one.kind, one.label) for one in held.relations]


def test_a_bug_names_its_blueprints_and_what_waits_for_it(archive: Archive) -> None:
    one = bug(1)
    put(archive, one, naming(blueprint("a"), "bug", one), naming(bug(2), "depends_on", one))
    put(archive, naming(bug(3), "duplicate_of", one))
    assert told(archive, one) == [
        ("needed_by", "MEM #2"),
        ("duplicate", "MEM #3"),
        ("blueprint", "MEM blueprint rocket/+spec/a"),
    ]


def test_what_the_source_tells_itself_is_not_told_twice(archive: Archive) -> None:
    one = naming(bug(1), "duplicate", bug(3))
    put(archive, one, naming(bug(3), "duplicate_of", one))
    assert told(archive, one) == [("duplicate", "MEM #3")]


@pytest.mark.parametrize("change", ["private", "gone", "unlinked"])
def test_what_must_not_be_named_or_does_not_name_any_more_is_not_told(
    archive: Archive, change: str
) -> None:
    one, plan = bug(1), naming(blueprint("a"), "bug", bug(1))
    put(archive, one, plan)
    before = archive.digest(one.key)
    if change == "private":
        put(archive, msgspec.structs.replace(plan, private=True, information_type="Private"))
    elif change == "gone":
        archive.set_gone(plan.key)
    else:
        put(archive, blueprint("a"))
    assert told(archive, one) == []
    assert archive.digest(one.key) != before


def test_being_named_is_a_reason_to_look_at_an_issue_again(archive: Archive) -> None:
    one = bug(1)
    put(archive, one)
    before = archive.digest(one.key)
    put(archive, naming(blueprint("a"), "bug", one))
    assert archive.digest(one.key) != before
    assert dict(archive.digests())[one.key] == archive.digest(one.key)


def test_reading_an_issue_anew_does_not_keep_what_others_say_of_it(archive: Archive) -> None:
    one, plan = bug(1), naming(blueprint("a"), "bug", bug(1))
    put(archive, one, plan)
    assert archive.put(Reading(issue=one, replies=(), stamp="t")).result() == "same"


def test_an_older_workspace_learns_it_from_what_was_read(workspace: Workspace) -> None:
    one = bug(1)
    put(workspace.archive, one, naming(blueprint("a"), "bug", one))
    with workspace.engine.begin() as connection:
        connection.execute(sa.delete(schema.link))
    assert told(workspace.archive, one) == []
    with workspace.engine.begin() as connection:
        links.fill(connection)
    assert len(told(workspace.archive, one)) == 1
