"""A run that writes as others is killed, too: between a token and what it was made for, and after.
The next one leaves what an undisturbed run would have left, as its authors, and nobody's token is
missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.crash_points import scene
from tests.crash_points.moments import BEFORE, LATE, REPLIED, WRITTEN
from tests.crash_points.points import Choice, Tally, go
from tests.end_to_end.marked_bugs import HALF
from tests.end_to_end.marked_world import MarkedWorld
from tracker_migrate.backends.storyboard.standin.personas import Persona

#: the author of most of it, and one who comments; `HALF` has account 3
_OWNER, _TALKER = 40, 41
_MOMENTS = (BEFORE, WRITTEN, REPLIED, LATE)


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[MarkedWorld]:
    """The scene of the crash points, with authors who are written as, in its first two acts; it is
    in the list once it is played."""
    played: list[MarkedWorld] = []

    def first(marked: MarkedWorld) -> None:
        played.append(marked)
        people = {_OWNER: marked.project.cast.owner, _TALKER: marked.project.cast.people[0]}
        for number, person in people.items():
            name = person.removeprefix("~")
            marked.here.storyboard.add_user(Persona(name.title(), f"{name}@example.org", id=number))
        rows = [f"{one.removeprefix('~')},storyboard,{n},X,verified,," for n, one in people.items()]
        rows.append(f"{HALF},storyboard,3,Other,verified,,")
        head = "person,target,account,name,state,created,note"
        table = marked.here.folder / "mappings" / "people.csv"
        table.write_text("\n".join([head, *rows]) + "\n")
        marked.here.options["storyboard"]["authors"] = "tokens"
        marked.here.write_settings()
        scene.first(marked)

    monkeypatch.setattr(scene, "ACTS", {"first": first, "later": scene.later})
    # every start of the scene is to have the same seals
    monkeypatch.setenv("TRACKER_MIGRATE_STORYBOARD_SEAL", "0123456789abcdef" * 4)
    return played


def by_others(played: list[MarkedWorld]) -> list[int]:
    """How many stories, tasks and comments are there that the importer is not the author of, in the
    end."""
    store = played[0].here.storyboard.store
    tables = {"story": "creator_id", "task": "creator_id", "comment": "author_id"}
    return [
        store.value(f"SELECT count(*) FROM {table} WHERE {column} >= {_OWNER}")
        for table, column in tables.items()
    ]


def killed(choice: Choice) -> tuple[Tally, list[str]]:
    """What came of it; kinds of steps that these two acts don't have are no failure here."""
    tally = go("storyboard", choice)
    return tally, [line for line in tally.failures if ": no point of " not in line]


def drawn_from(kinds: Sequence[str], most: int, moments: Sequence[str] = _MOMENTS) -> Choice:
    """The first few points of some kinds of steps, at these moments of them."""
    return lambda _act, points: [
        one for one in points if one.kind in kinds and one.moment in moments and one.nth <= most
    ]


def test_killed_between_a_token_and_its_first_use(spoken: list[MarkedWorld]) -> None:
    """The first requests of a story are the token's and its own."""
    tally, failures = killed(_first_of_the_first_act("story.create", 2))
    assert failures == []
    assert tally.points == 2 * len(_MOMENTS)
    assert min(by_others(spoken)) > 0
    assert (tally.doubles, tally.losses, tally.leaks) == (0, 0, 0)


def _first_of_the_first_act(kind: str, most: int) -> Choice:
    chosen = drawn_from([kind], most)
    return lambda act, points: chosen(act, points) if act == "first" else []


@pytest.mark.slow
def test_killed_at_any_moment_of_what_is_by_others(spoken: list[MarkedWorld]) -> None:
    kinds = ("story.create", "task.create", "comment.create", "story.update")
    tally, failures = killed(drawn_from(kinds, 2))
    assert failures == []
    assert tally.points > 30
    assert min(by_others(spoken)) > 0
    assert (tally.doubles, tally.losses, tally.leaks) == (0, 0, 0)
