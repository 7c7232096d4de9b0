"""A field that both sides changed: each policy on each field, and what falls between."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Literal

import msgspec
import pytest

from tests.engine.world import World, bug_key
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.between import UNSEEN
from tracker_migrate.engine.edits import Edits
from tracker_migrate.engine.plan import Plan
from tracker_migrate.errors import Brake
from tracker_migrate.testing.memory import Fault, MemoryServer, bug
from tracker_migrate.text.notes import is_note
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.policies import CHOICES, WORDS, Choice, Policies


@pytest.fixture
def here(world: World) -> World:
    return world


#: what the source makes of each field that is no list, and what somebody made of it; both are
#: known again in whatever text they stand
CHANGED: dict[str, tuple[dict[str, Any], str, str]] = {
    "title": ({"title": "Source says"}, "Source says", "Somebody said"),
    "text": ({"description": "Source says"}, "Source says", "Somebody said"),
    "state": ({}, "closed", "half open"),
}


def changed(field: str) -> dict[str, Any]:
    if field != "state":
        return CHANGED[field][0]
    return {"tasks": tuple(closed_tasks())}


def closed_tasks() -> Any:
    return (msgspec.structs.replace(one, complete=True) for one in bug(1).tasks)


def policy(choice: Choice) -> Policies:
    return Policies(default=choice)


def said(here: World) -> list[str]:
    """The notes that keep what one side says."""
    return [
        str(one.fields["text"])
        for one in here.server.all("note")
        if "/note/" in one.marker or "/kept/" in one.marker
    ]


def edit(here: World, **fields: Any) -> None:
    here.server.edit("card", here.card(1).number, **fields)


def meet(here: World, field: str, choice: Choice) -> None:
    """Both sides change a field."""
    here.policies = policy(choice)
    here.keep(bug(1, "a comment"))
    here.apply()
    edit(here, **{field: CHANGED[field][2]})
    here.keep(bug(1, "a comment", **changed(field)))


def test_every_field_that_is_no_list_is_tried(here: World) -> None:
    fields = here.sink.planner.fields["card"]  # type: ignore[attr-defined]
    assert {name for name, one in fields.items() if one.holds != "list"} == set(CHANGED)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("field", CHANGED)
def test_a_policy_does_what_it_says_and_no_word_of_a_person_is_lost(
    here: World, field: str, choice: Choice
) -> None:
    meet(here, field, choice)
    _change, ours, theirs = CHANGED[field]
    applied = here.apply()
    stands = str(here.card(1).fields[field])
    assert (ours if choice == "source" else theirs) in stands
    notes = said(here)
    if choice == "both":
        assert len(notes) == 1
        assert ours in notes[0]
    remembered = field == "state"
    if choice == "source":
        assert [theirs in one for one in notes] == ([] if remembered else [True])
    if choice == "target":
        assert notes == []
    assert (applied.kept, applied.overruled) == ((0, 1) if choice == "source" else (1, 0))
    met = [(one.field, one.policy) for one in here.ledger.met.all()]
    assert met == ([] if choice == "source" else [(field, WORDS[choice])])


@pytest.mark.parametrize("choice", CHOICES)
def test_a_second_run_writes_nothing(here: World, choice: Choice) -> None:
    meet(here, "title", choice)
    here.apply()
    before = here.server.writes.total()
    assert here.apply().steps == 0
    here.ledger.unfinish(bug_key(1))  # even if it is compared anew
    assert here.apply().steps == 0
    assert here.server.writes.total() == before
    assert here.verify().unwanted == []


def test_each_new_word_of_the_source_is_told_once(here: World) -> None:
    meet(here, "title", "both")
    here.apply()
    for title in ("Source says more", "Source says", "Source says more"):
        here.keep(bug(1, "a comment", title=title))
        here.apply()
    told = [one.splitlines()[-1] for one in said(here)]
    assert told == ["Source says", "Source says more"]


def test_what_a_note_refers_to_is_closed_and_is_no_reason_to_write_again(here: World) -> None:
    here.policies = policy("both")
    here.keep(bug(1), bug(2))
    here.apply()
    edit(here, text="Somebody said")
    here.keep(bug(1, description="see #2"))
    here.apply()
    assert f"#2 <memory://target/card/{here.card(2).number}>" in said(here)[0]
    here.ledger.unfinish(bug_key(1))
    assert here.apply().steps == 0


# -- the settings change --------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["source", "both"])
def test_another_policy_takes_effect_at_the_next_run(here: World, choice: Choice) -> None:
    meet(here, "title", "target")
    here.apply()
    assert here.apply().steps == 0
    here.policies = policy(choice)
    here.apply()
    stands, notes = here.card(1).fields["title"], said(here)
    assert stands == ("Source says" if choice == "source" else "Somebody said")
    assert ("Somebody said" if choice == "source" else "Source says") in notes[0]
    assert here.apply().steps == 0


def test_a_policy_of_one_field_leaves_the_others(here: World) -> None:
    here.policies = Policies(default="target", fields={"title": "source"})
    here.keep(bug(1))
    here.apply()
    edit(here, title="Somebody said", text="Somebody said, too")
    here.keep(bug(1, title="Source says", description="Source says"))
    here.apply()
    card = here.card(1).fields
    assert (card["title"], card["text"]) == ("Source says", "Somebody said, too")


# -- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", CHOICES)
def test_what_people_add_to_a_list_stays_and_what_they_take_away_comes_back_only_if_told(
    here: World, choice: Choice
) -> None:
    here.policies = policy(choice)
    here.keep(bug(1, tags=("api", "ui")))
    here.apply()
    edit(here, tags=["ui", "theirs"])
    here.keep(bug(1, tags=("api", "docs", "ui")))
    applied = here.apply()
    back = set() if choice == "target" else {"api"}
    assert set(here.card(1).fields["tags"]) == {"ui", "docs", "theirs"} | back
    assert applied.kept == (choice == "target")
    here.keep(bug(1, tags=("api", "ui", "more")))
    here.apply()
    assert set(here.card(1).fields["tags"]) == {"ui", "more", "theirs"} | back
    here.keep(bug(1, tags=("more",)))
    here.apply()
    assert set(here.card(1).fields["tags"]) == {"more", "theirs"}
    here.ledger.unfinish(bug_key(1))
    assert here.apply().steps == 0


@pytest.mark.parametrize(("fault", "requests"), [("drop", 2), ("lose", 1)])
def test_a_lost_reply_is_settled_by_what_was_to_be_taken_away_too(
    here: World, fault: Literal["drop", "lose"], requests: int
) -> None:
    here.keep(bug(1, tags=("api", "ui")))
    here.apply()
    edit(here, tags=["api", "ui", "theirs"])
    here.keep(bug(1, tags=("ui",)))
    here.server.faults.append(Fault(do=fault, request="card.update"))
    here.apply()
    assert set(here.card(1).fields["tags"]) == {"ui", "theirs"}
    assert here.server.requests["card.update"] == requests
    assert here.apply().steps == 0


# -- what falls between ---------------------------------------------------------------------------


def in_the_middle(here: World, what: Callable[[], None], request: str = "card.update") -> None:
    """Do it right before our next request of a name, once we have looked."""

    def watch(name: str, moment: str) -> None:
        if (name, moment) == (request, "before"):
            here.server.on_request = lambda _name, _moment: None
            what()

    here.server.on_request = watch


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("field", CHANGED)
def test_an_edit_that_falls_between_is_put_back_or_kept_as_the_policy_says(
    here: World, field: str, choice: Choice
) -> None:
    here.policies = policy(choice)
    here.keep(bug(1))
    here.apply()
    here.keep(bug(1, **changed(field)))
    _change, ours, theirs = CHANGED[field]
    in_the_middle(here, lambda: edit(here, **{field: theirs}))
    assert here.apply().raced == 1
    stands, notes = str(here.card(1).fields[field]), said(here)
    assert (ours if choice == "source" else theirs) in stands
    assert any(theirs in one for one in [stands, *notes]) or field == "state"
    if choice == "both":
        assert any(ours in one for one in notes)
    assert here.apply().steps == 0
    here.ledger.unfinish(bug_key(1))
    assert here.apply().steps == 0
    assert len(here.ledger.met.all()) == (choice != "source")


def test_what_was_put_back_is_still_theirs_when_the_source_changes_again(here: World) -> None:
    here.keep(bug(1))
    here.apply()
    here.keep(bug(1, title="Source says"))
    in_the_middle(here, lambda: edit(here, title="Somebody said"))
    here.apply()
    here.keep(bug(1, title="Source says more"))
    assert here.apply().kept == 1
    assert here.card(1).fields["title"] == "Somebody said"


def test_killed_while_it_is_put_back_it_is_theirs_all_the_same(here: World) -> None:
    here.keep(bug(1))
    here.apply()
    here.keep(bug(1, title="Source says"))
    in_the_middle(here, lambda: edit(here, title="Somebody said"))

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    real = here.server.request
    updates: list[str] = []

    def request(account: str, name: str, writes: Any) -> Any:
        made = real(account, name, writes)
        updates.extend([name] if name == "card.update" else [])
        if len(updates) == 2:
            die()  # it stands there again, and nobody has noted that
        return made

    here.server.request = request  # type: ignore[method-assign]
    with pytest.raises(Killed):
        here.apply()
    here.server.request = real  # type: ignore[method-assign]
    here.ledger.flush()
    here.apply()
    here.keep(bug(1, title="Source says more"))
    here.apply()
    assert here.card(1).fields["title"] == "Somebody said"


def test_where_the_history_does_not_tell_what_it_was_that_is_said(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = here.sink.between

    def between(*given: Any) -> Any:
        return [msgspec.structs.replace(one, fields={}, untold=True) for one in real(*given)]

    monkeypatch.setattr(here.sink, "between", between)
    here.keep(bug(1))
    here.apply()
    here.keep(bug(1, title="Source says"))
    in_the_middle(here, lambda: edit(here, title="Somebody said"))
    assert here.apply().raced == 1
    assert [(one.field, one.policy) for one in here.ledger.met.all()] == [("title", UNSEEN)]


# -- killed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["source", "both"])
@pytest.mark.parametrize("after", range(1, 12))
def test_killed_at_any_commit_nothing_is_said_twice_or_lost(
    workspace: Workspace, choice: Choice, after: int
) -> None:
    here = World(workspace, MemoryServer(), "theirs")
    meet(here, "text", choice)

    left = [after]

    def commit(moment: str) -> None:
        left[0] -= moment == "before"
        if left[0] == 0 and moment == "before":
            raise RuntimeError("killed")

    workspace.writer.on_commit = commit
    with contextlib.suppress(Exception):  # whatever a lost commit becomes
        here.apply()
    workspace.writer.on_commit = None
    here.apply()
    here.apply()
    assert len(said(here)) == 1
    stands = str(here.card(1).fields["text"])
    assert ("Source says" if choice == "source" else "Somebody said") in stands
    assert here.apply().steps == 0


# -- beside other commands ------------------------------------------------------------------------


def test_a_policy_is_kept_to_within_a_plan(here: World) -> None:
    meet(here, "title", "both")
    items: list[Any] = []
    Plan(here.target(), losses=False).run(each=items.append)
    expected = frozenset(one.digest for one in items if one.digest)
    Apply(here.target(), expected=expected).run()
    assert len(said(here)) == 1


def test_nothing_follows_from_what_no_plan_names(here: World) -> None:
    meet(here, "title", "both")
    with pytest.raises(Brake):
        Apply(here.target(), expected=frozenset()).run()
    assert said(here) == []


def test_a_note_that_somebody_removed_is_not_written_again(here: World) -> None:
    meet(here, "title", "both")
    here.apply()
    (note,) = [one for one in here.server.all("note") if "/note/" in one.marker]
    here.server.remove("note", note.number)
    here.ledger.unfinish(bug_key(1))
    here.apply()
    here.policies = policy("target")
    here.apply()
    here.policies = policy("both")
    here.apply()
    assert said(here) == []


def test_who_changed_what_is_known_without_anything_to_send(here: World) -> None:
    here.keep(bug(1))
    here.apply()
    edits = Edits(here.target())
    assert edits.of(bug_key(1)) == []
    edit(here, title="Somebody said")
    (found,) = edits.of(bug_key(1))
    assert (found.key, found.field, found.theirs) == (bug_key(1), "title", "Somebody said")
    assert edits.keep(bug_key(1), [found]) == (1, 0)
    assert edits.keep(bug_key(1), [found]) == (0, 0)
    assert [(one.field, one.policy) for one in here.ledger.met.all()] == [("title", "target wins")]
    edit(here, title=bug(1).title)
    assert edits.keep(bug_key(1), edits.of(bug_key(1))) == (0, 1)
    assert here.ledger.met.all() == []


def test_a_note_is_an_object_of_ours_and_of_its_issue(here: World) -> None:
    meet(here, "title", "both")
    here.apply()
    (of,) = [key for key in here.ledger.of_issue(bug_key(1)) if is_note(key)]
    assert of.startswith("memory:note:1/")
