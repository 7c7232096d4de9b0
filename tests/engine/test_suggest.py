"""Suggestions of who is who: what is offered as sure is right, whoever the people are."""

from __future__ import annotations

import random
import sys

import msgspec
import pytest

from tests.engine.identity_maker import identities
from tests.engine.people_maker import Human, make
from tests.engine.test_privacy import shut
from tests.engine.world import World
from tracker_migrate.engine.people import Mentions
from tracker_migrate.interfaces import Candidate, Entity, Reply
from tracker_migrate.mappings.suggest import shared, suggest
from tracker_migrate.model import Person, key
from tracker_migrate.testing.memory import bug

SURE = 0.9


def person(login: str, name: str, *, team: bool = False, private: bool = False) -> Person:
    return Person(
        key=key("launchpad", "person", login),
        name=login,
        display_name=name,
        home=f"https://launchpad.net/~{login}",
        is_team=team,
        private=private,
    )


def account(login: str, name: str, *, usable: bool = True) -> Candidate:
    return Candidate(id=f"id-{login}-{name}", login=login, full_name=name, usable=usable)


def test_what_is_offered_as_sure_is_right() -> None:
    """A new seed each run, told if it fails. Precision above 0.9 is at least 0.99."""
    seed = random.randrange(10**9)
    truth = make(random.Random(seed), 3000)
    people = [person(one.login, one.name, team=one.team) for one in truth.humans]
    there = [account(h.other_login, h.other_name) for h in truth.humans if h.other_login]
    there += [account(login, name) for login, name in truth.strangers]
    right = {h.login: account(h.other_login, h.other_name).id for h in truth.humans}
    found = suggest(people, there)
    sure = [one for one in found if one.score > SURE]
    hits = sum(right[one.person] == one.candidate.id for one in sure)
    all_hits = sum(right[one.person] == one.candidate.id for one in found)
    movers = sum(bool(one.other_login) for one in truth.humans)
    told = (
        f"seed {seed}: sure {hits} of {len(sure)}, recall {hits / movers:.2f}; "
        f"offered {all_hits} of {len(found)}, recall {all_hits / movers:.2f}"
    )
    sys.stdout.write(told)
    assert hits >= 0.99 * len(sure), told
    assert hits > 0.35 * movers, told
    assert all_hits > 0.7 * movers, told
    assert len({one.candidate.id for one in found}) == len(found)


def test_what_is_known_besides_names_is_right_and_finds_more() -> None:
    """As above, where a table knows addresses of people, and the target shows those of accounts:
    wrong, shared and reused ones too."""
    seed = random.randrange(10**9)
    draw = random.Random(seed)
    truth = make(draw, 3000)
    known = identities(draw, truth)
    people = [person(one.login, one.name, team=one.team) for one in truth.humans]
    movers = [one for one in truth.humans if one.other_login]
    names = [(h.other_login, h.other_name) for h in movers] + truth.strangers
    there = [
        msgspec.structs.replace(
            account(login, name),
            identities=tuple(known.theirs.get(place, ())),
            made_for=known.made_for.get(place, ""),
        )
        for place, (login, name) in enumerate(names)
    ]
    right = {h.login: there[place].id for place, h in enumerate(movers)}
    found = suggest(people, there, shared(known.ours, there, "the same address"))
    by_names = suggest(people, [msgspec.structs.replace(one, made_for="") for one in there])
    sure = [one for one in found if one.score > SURE]
    hits = sum(right.get(one.person) == one.candidate.id for one in sure)
    before = sum(one.score > SURE for one in by_names)
    told = f"seed {seed}: sure {hits} of {len(sure)} ({before} by names), of {len(movers)}"
    sys.stdout.write(told)
    assert hits >= 0.99 * len(sure), told
    assert hits > 0.6 * len(movers), told
    assert len(sure) > before * 1.2, told


@pytest.mark.parametrize(
    ("ours", "theirs", "least", "most"),
    [
        (["a@x.example"], [["A@X.example "]], 0.99, 0.99),
        (["https://login.launchpad.net/+id/q"], [["https://login.ubuntu.com/+id/q/"]], 0.99, 0.99),
        (["a@x.example"], [["a@x.example"], ["a@x.example"]], 0.6, 0.6),
        (["a@x.example", "b@x.example"], [["a@x.example"], ["b@x.example"]], 0.7, 0.7),
        (["a@x.example"], [["b@x.example"]], 0.0, 0.0),
    ],
)
def test_what_only_one_can_have_speaks_for_one(
    ours: list[str], theirs: list[list[str]], least: float, most: float
) -> None:
    there = [
        Candidate(id=str(place), full_name="Other Name", identities=tuple(held))
        for place, held in enumerate(theirs)
    ]
    found = suggest([person("jdoe", "Jane Doe")], there, shared({"jdoe": ours}, there, "why"))
    assert least <= (found[0].score if found else 0.0) <= most


def test_what_several_people_have_says_nothing() -> None:
    there = [Candidate(id="1", full_name="A Team", identities=("team@x.example",))]
    people = [person("jdoe", "Jane Doe"), person("max", "Max Smith")]
    ours = {"jdoe": ["team@x.example"], "max": ["team@x.example"]}
    assert suggest(people, there, shared(ours, there, "why")) == []


def test_whom_an_account_was_made_for_counts_if_the_full_name_agrees() -> None:
    there = [Candidate(id="1", full_name="Jane Doe", made_for="jdoe")]
    (one,) = suggest([person("jdoe", "Jane Doe")], there)
    assert one.score == 0.97
    assert "earlier move" in one.reason
    (other,) = suggest([person("jdoe", "Max Smith")], there)
    assert other.score == 0.8, "the name may have changed hands"
    assert suggest([person("max", "Max Smith")], there) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "least", "most"),
    [
        (("jdoe", "Jane Doe"), ("jdoe", "Jane Doe"), 0.95, 1.0),
        (("jdoe", "Jane Doe"), ("JDoe", "Doe, Jane"), 0.95, 1.0),
        (("jdoe", "Jane Döe"), ("jdoe", "Jane Doe"), 0.95, 1.0),
        (("jdoe", "Jane Doe"), ("jdoe", "John Dorian"), 0.5, 0.9),
        (("jdoe", "jdoe"), ("jdoe", ""), 0.6, 0.9),
        (("jdoe", "Jane Doe"), ("janed", "Jane Doe"), 0.6, 0.9),
        (("jd", "Jane Doe"), ("jd", "Max Smith"), 0.0, 0.0),
        (("jdoe", "Jane Doe"), ("max", "Max Smith"), 0.0, 0.0),
    ],
)
def test_what_speaks_for_one_person(
    ours: tuple[str, str], theirs: tuple[str, str], least: float, most: float
) -> None:
    found = suggest([person(*ours)], [account(*theirs)])
    assert least <= (found[0].score if found else 0.0) <= most
    assert all(one.reason for one in found)


def test_namesakes_are_told_apart_by_nobody_but_people() -> None:
    people = [person("jd1", "Jane Doe"), person("jd2", "Jane Doe")]
    found = suggest(people, [account("jane", "Jane Doe")])
    assert [one.score for one in found] == [0.6]
    assert "jd1, jd2" in found[0].reason or "others" in found[0].reason


def test_teams_private_people_and_closed_accounts_are_left_out() -> None:
    people = [person("qa", "Quality", team=True), person("x", "Xe Xu", private=True)]
    assert suggest(people, [account("qa", "Quality"), account("x", "Xe Xu")]) == []
    assert suggest([person("jdoe", "Jane Doe")], [account("jdoe", "Jane Doe", usable=False)]) == []


def test_the_maker_makes_each_hard_case() -> None:
    truth = make(random.Random(1), 500)
    moved = [one for one in truth.humans if one.other_login]
    assert any(one.other_login != one.login for one in moved)
    assert any(one.other_name and one.other_name != one.name for one in moved)
    assert any(not one.other_name for one in moved)
    assert any(one.team for one in truth.humans)
    logins: dict[str, Human] = {one.login: one for one in truth.humans}
    assert any(login in logins for login, _ in truth.strangers)


def test_who_has_to_do_with_a_private_issue_alone_is_named_nowhere(world: World) -> None:
    secret, seen = key("memory", "person", "secret"), key("memory", "person", "seen")
    world.keep(shut(1, "a", author=secret), bug(2, "b", author=seen))
    for one in (secret, seen):
        known = Person(key=one, name=one, display_name="Jane Doe", home="https://x")
        reply = Reply(url="https://x", status=200, body=b"{}")
        world.workspace.archive.put_entity(Entity(value=known, reply=reply)).result()
    named = Mentions.of(world.workspace.archive)
    assert "seen" in {one.name for one in named.weights()}
    assert "secret" not in {one.name for one in named.weights()}
    assert secret not in {one.key for one in named.people()}
