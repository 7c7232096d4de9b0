"""Circles of dependencies: found whole, whoever asks, and in bounded time."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tracker_migrate.mappings import circles
from tracker_migrate.mappings.circles import Circles, dependencies
from tracker_migrate.model import Issue, Key, Relation
from tracker_migrate.testing.memory import blueprint

Graph = dict[int, set[int]]
numbers = st.integers(0, 7)
graphs: st.SearchStrategy[Graph] = st.dictionaries(numbers, st.sets(numbers, max_size=4))


def name(number: int) -> Key:
    return blueprint(f"b{number}").key


def issues(graph: Graph) -> dict[Key, Issue]:
    """Blueprints that depend on one another as the graph says."""
    return {
        name(one): msgspec.structs.replace(
            blueprint(f"b{one}"),
            relations=tuple(
                Relation(kind="depends_on", label=f"b{on}", url="", to=name(on)) for on in needs
            ),
        )
        for one, needs in graph.items()
    }


def reachable(graph: Graph, start: int) -> set[int]:
    """All that something depends on, by powers of the graph."""
    found = set(graph.get(start, ()))
    for _ in graph:
        found |= {on for one in found for on in graph.get(one, ())}
    return found


@given(graphs)
def test_an_edge_is_circular_if_its_end_leads_back(graph: Graph) -> None:
    held = Circles(issues(graph).get)
    for one, needs in graph.items():
        for on in needs:
            back = on == one or one in reachable(graph, on)
            assert held.holds(name(one), name(on)) == back


@given(graphs)
def test_what_is_left_has_no_circle(graph: Graph) -> None:
    held = Circles(issues(graph).get)
    kept = {
        one: {on for on in needs if not held.holds(name(one), name(on))}
        for one, needs in graph.items()
    }
    assert not any(one in reachable(kept, one) for one in kept)


def test_a_long_chain_comes_to_an_end() -> None:
    asked: list[Key] = []
    chain = issues({number: {number + 1} for number in range(circles._FURTHEST + 5)})

    def read(key: Key) -> Issue | None:
        asked.append(key)
        return chain.get(key)

    assert Circles(read).holds(name(-1), name(0))  # it can't be told, so it is not taken
    assert len(asked) <= circles._FURTHEST + 1


def test_each_dependency_counts_once() -> None:
    one = issues({1: {2, 3}})[name(1)]
    twice = msgspec.structs.replace(one, relations=one.relations * 2)
    assert set(dependencies(twice)) == {name(2), name(3)}
    assert len(dependencies(twice)) == 2
