"""A plan is what the issues, the tables and the ledger make of one another now; what has not
changed is neither decoded nor asked about one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.engine.test_apply import edited
from tests.engine.world import World, bug_key
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.plan import Outcome, Plan, Planned
from tracker_migrate.engine.planfile import Kept, head, keep_to, lines, read_file, write_file
from tracker_migrate.errors import Brake, UsageError
from tracker_migrate.interfaces import total
from tracker_migrate.testing.memory import MemoryServer, bug
from tracker_migrate.workspace import Workspace, archive


def plan(world: World, **how: Any) -> Planned:
    return Plan(world.target(), **how).run()


def many(world: World, count: int) -> None:
    world.keep(*(bug(n, f"one of {n}", "two") for n in range(1, count + 1)))


@contextmanager
def counted(workspace: Workspace) -> Iterator[list[str]]:
    """The statements that the database is given meanwhile."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    sa.event.listen(workspace.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(workspace.engine, "before_cursor_execute", note)


def nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def blow_up(*_what: Any) -> Any:
        raise AssertionError("an issue was decoded")

    monkeypatch.setattr(archive, "unpack", blow_up)


def test_what_can_not_be_changed_there_is_told_until_it_can(workspace: Workspace) -> None:
    world = World(workspace, MemoryServer(), "theirs")
    world.keep(bug(1, "one", "two"), bug(2, "one"))
    world.apply()
    world.keep(edited(bug(1, "one", "two"), 2, "TWO"))
    before = plan(world)
    assert (before.stuck, before.writes) == (1, 0)
    world.apply()
    after = plan(world)
    assert (after.stuck, after.writes) == (1, 0)
    assert world.apply().steps == 0


# -- what has not changed -----


def test_a_plan_without_news_decodes_nothing_and_knows_all_losses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(world, 6)
    first = plan(world)
    world.apply()
    nothing_is_decoded(monkeypatch)
    again = plan(world)
    assert (again.writes, again.issues, again.losses) == (0, 6, first.losses)
    assert again.losses
    assert again.reasons == first.reasons
    assert again.unchanged == first.writes - 1, "all but the project, which is nobody's own"


def test_apply_without_news_decodes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    many(world, 6)
    world.apply()
    nothing_is_decoded(monkeypatch)
    assert world.apply().steps == 0


def test_more_issues_without_news_are_no_more_questions(world: World) -> None:
    many(world, 5)
    world.apply()
    plan(world)
    with counted(world.workspace) as few:
        plan(world)
    many(world, 60)
    world.apply()
    plan(world)
    with counted(world.workspace) as more:
        assert plan(world).issues == 60
    assert len(more) == len(few)


def test_the_losses_are_those_that_the_planner_tells(world: World) -> None:
    many(world, 4)
    target = world.target()
    told: dict[Any, int] = {}
    for issue in world.workspace.archive.issues():
        for at, count in total(target.planner.losses(issue, target.decisions)).items():
            told[at] = told.get(at, 0) + count
    assert plan(world).losses == told
    assert plan(world).losses == told, "kept ones, too"


def test_what_is_kept_is_not_believed_when_an_issue_changes(world: World) -> None:
    world.keep(bug(1), bug(2))
    before = plan(world).losses
    world.keep(bug(2, "a comment"))
    after = plan(world).losses
    assert after != before
    assert plan(world).losses == after


def test_of_what_is_not_public_nothing_is_kept(world: World) -> None:
    world.keep(bug(1), bug(2, private=True))
    plan(world)
    world.workspace.writer.flush()
    kept = world.workspace.foreseen("there").of([bug_key(1), bug_key(2)])
    assert list(kept) == [bug_key(1)]


def test_an_unforeseen_refusal_is_not_kept(world: World) -> None:
    world.keep(bug(1))

    def broken(*_what: Any) -> str | None:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.sink.planner, "refusal", broken)
        assert plan(world).refuse.total() == 1
    assert plan(world).refuse.total() == 0


def test_a_withdrawn_comment_is_looked_for_in_every_run(world: World) -> None:
    """Kept or not: what stands there and must not is told by plan and apply alike."""
    issue = bug(1, "seen", "then hidden")
    world.keep(issue)
    world.apply()
    plan(world)
    hidden = msgspec.structs.replace(issue.comments[1], text="", withheld="hidden")
    world.keep(msgspec.structs.replace(issue, comments=(issue.comments[0], hidden)))
    for _ in range(2):
        assert any("EXPOSED" in reason for reason in plan(world).refuse)
    world.apply()
    assert world.state(1) == "exposed"
    assert any("EXPOSED" in reason for reason in plan(world).refuse)


# -- what is said of each issue -----


def outcomes(world: World, **how: Any) -> dict[str, Outcome]:
    return {one.key: one for one in Plan(world.target(), **how).outcomes()}


def test_every_object_is_told_with_what_becomes_of_it(world: World) -> None:
    world.keep(bug(1, "one"), bug(2))
    world.apply()
    world.keep(bug(1, "one", "two"), bug(2, title="Other"), bug(3))
    found = outcomes(world, whole=True)
    ops = {key: sorted({item.op for item in one.items}) for key, one in found.items()}
    assert ops == {
        bug_key(1): ["create", "unchanged"],
        bug_key(2): ["update"],
        bug_key(3): ["create"],
    }
    assert [one.op for one in found.values()] == ["create", "update", "create"]
    (changed,) = found[bug_key(2)].items
    assert changed.fields == ("title",)
    assert changed.reason == "changed: title"


def test_what_stays_is_told_of_issues_that_are_not_looked_at(world: World) -> None:
    world.keep(bug(1, "one"))
    world.apply()
    found = outcomes(world, whole=True)[bug_key(1)]
    assert found.op == "unchanged"
    assert {item.op for item in found.items} == {"unchanged"}
    assert len(found.items) == 2
    assert outcomes(world)[bug_key(1)].items == ()


# -- a plan that apply keeps to -----


def kept(world: World, path: Path, only: Only | None = None, limit: int | None = None) -> Kept:
    """A plan in a file, read again."""
    target = world.target()
    write_file(path, head(target, only, limit), lines(Plan(target).outcomes(only, limit)))
    return read_file(path, "there")


def apply(world: World, plan: Kept, only: Only | None = None) -> Any:
    """What `apply FILE` does."""
    target = world.target()
    names = Naming(world.workspace.archive, world.workspace.archive.salt())
    narrowed = keep_to(target, plan, names, only)
    job = Apply(target, expected=plan.digests, is_public=world.is_public)
    return job.run(narrowed)


def test_it_is_written_as_planned(world: World, tmp_path: Path) -> None:
    many(world, 3)
    found = kept(world, tmp_path / "a.plan")
    assert apply(world, found).created == 10
    assert apply(world, found).steps == 0, "again: nothing is left of it to do"


def test_a_plan_of_some_issues_is_about_those_alone(world: World, tmp_path: Path) -> None:
    world.keep(bug(1), bug(2), bug(3))
    apply(world, kept(world, tmp_path / "a.plan", Only("bug:2")))
    assert [len(world.cards(n)) for n in (1, 2, 3)] == [0, 1, 0]
    apply(world, kept(world, tmp_path / "b.plan", limit=1))
    assert [len(world.cards(n)) for n in (1, 2, 3)] == [1, 1, 0]


def test_what_was_read_since_is_left_for_the_next_plan(world: World, tmp_path: Path) -> None:
    world.keep(bug(1))
    found = kept(world, tmp_path / "a.plan")
    world.keep(bug(2))
    apply(world, found)
    assert [len(world.cards(n)) for n in (1, 2)] == [1, 0]


def test_a_change_since_stops_it_before_the_first_write(world: World, tmp_path: Path) -> None:
    world.keep(bug(1), bug(2), bug(3))
    found = kept(world, tmp_path / "a.plan")
    world.keep(bug(3, title="Changed since"))
    with pytest.raises(Brake, match=r"1 issues have changed since .*bug:3"):
        apply(world, found)
    assert not world.server.all("card")


def test_a_change_of_what_is_written_already_stops_nothing(world: World, tmp_path: Path) -> None:
    world.keep(bug(1), bug(2))
    found = kept(world, tmp_path / "a.plan")
    world.keep(bug(1, title="Changed since"))
    world.apply(only=Only("bug:1"))
    apply(world, found)
    assert [len(world.cards(n)) for n in (1, 2)] == [1, 1]


def test_other_tables_stop_it(world: World, tmp_path: Path) -> None:
    world.keep(bug(1))
    found = kept(world, tmp_path / "a.plan")
    table = world.workspace.mappings / "tags.csv"
    table.write_text("tag,target,becomes,note\nrocket,,space,\n")
    with pytest.raises(Brake, match="tables or settings have changed"):
        apply(world, found)
    assert not world.server.all("card")


def test_another_address_is_another_target(world: World, tmp_path: Path) -> None:
    world.keep(bug(1))
    found = kept(world, tmp_path / "a.plan")
    moved = msgspec.structs.replace(
        found, head=msgspec.structs.replace(found.head, sink="memory:elsewhere")
    )
    with pytest.raises(UsageError, match="memory:elsewhere"):
        apply(world, moved)


def test_a_plan_for_another_target_is_refused(world: World, tmp_path: Path) -> None:
    world.keep(bug(1))
    kept(world, tmp_path / "a.plan")
    with pytest.raises(UsageError, match="for the target there, not here"):
        read_file(tmp_path / "a.plan", "here")


def test_a_persons_edit_is_kept_though_the_plan_would_change_it(
    world: World, tmp_path: Path
) -> None:
    world.keep(bug(1))
    world.apply()
    world.keep(bug(1, title="Ours, again"))
    found = kept(world, tmp_path / "a.plan")
    world.server.edit("card", world.card(1).number, title="A person's")
    written = apply(world, found)
    assert (written.kept, written.updated) == (1, 0)
    assert world.card(1).fields["title"] == "A person's"


@pytest.mark.parametrize("text", ["", "{}", '{"new": {"issues": 3}}\n', "plan  new: create 3\n"])
def test_what_is_printed_is_no_plan_to_keep_to(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.plan"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"is no plan that apply can keep to"):
        read_file(path, "there")


def test_an_older_plan_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.plan"
    path.write_text('{"plan": 1, "target": "there"}\n')
    with pytest.raises(UsageError, match="make the plan again"):
        read_file(path, "there")


def test_a_plan_that_fails_leaves_the_file_that_was_there(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.plan"
    path.write_text("the one before")

    def broken() -> Iterator[Any]:
        yield from ()
        raise KeyError

    with pytest.raises(KeyError):
        write_file(path, head(world.target(), None, None), broken())
    assert path.read_text() == "the one before"
    assert list(tmp_path.glob(".*.new")) == []
