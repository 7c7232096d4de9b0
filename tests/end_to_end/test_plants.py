"""The spy can fail: each guard is taken away once, and the leak is seen."""

from __future__ import annotations

import pytest

from tests.end_to_end.leaks import Leaked
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.plants import PLANTS, Plant
from tests.end_to_end.plants_at_home import HOME_PLANTS, HomePlant
from tests.end_to_end.scenes import SCENES, Scene, file_few
from tests.end_to_end.spy_workspace import Ears


@pytest.mark.parametrize(
    ("scene", "target"),
    [
        pytest.param(scene, target, id=f"{scene.__name__}-{target}")
        for scene, targets in SCENES.items()
        for target in targets
    ],
)
def test_nothing_leaks_as_it_is(scene: Scene, target: str, marked: MarkedWorld) -> None:
    scene(marked, target)
    marked.spies[target].found_nothing()


@pytest.mark.parametrize("plant", [pytest.param(one, id=one.name) for one in PLANTS])
def test_a_leak_at_a_target_is_seen(
    plant: Plant, marked: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.put(monkeypatch)
    plant.scene(marked, plant.target)
    with pytest.raises(Leaked, match=plant.seen):
        marked.spies[plant.target].found_nothing()


@pytest.mark.parametrize("plant", [pytest.param(one, id=one.name) for one in HOME_PLANTS])
def test_a_leak_at_home_is_heard(
    plant: HomePlant, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_few(ears.marked)
    plant.put(monkeypatch)
    with pytest.raises(Leaked):
        plant.scene(ears)


def test_there_are_plants_enough() -> None:
    assert len(PLANTS) >= 20
    assert {plant.target for plant in PLANTS} == {"storyboard", "maniphest"}
    names = [plant.name for plant in PLANTS] + [plant.name for plant in HOME_PLANTS]
    assert len(set(names)) == len(names)
