"""The worlds that the machine is let loose on."""

from __future__ import annotations

from tests.state_machine.machine import Machine
from tests.state_machine.maniphest_stage import ManiphestStage
from tests.state_machine.memory_stage import MemoryStage
from tests.state_machine.stage import Stage
from tests.state_machine.storyboard_stage import StoryBoardStage


class MemoryOurs(Machine):
    """Numbers are chosen by us, and notes can be edited."""

    world = "memory, ours"

    @staticmethod
    def build(connections: int) -> Stage:
        return MemoryStage("ours", connections)


class MemoryTheirs(Machine):
    """The server chooses, and notes stay as they are posted."""

    world = "memory, theirs"

    @staticmethod
    def build(connections: int) -> Stage:
        return MemoryStage("theirs", connections)


class StoryBoard(Machine):
    """StoryBoard's stand-in over HTTP, and Launchpad's."""

    world = "storyboard"
    share = 1500

    @staticmethod
    def build(connections: int) -> Stage:
        return StoryBoardStage(connections)


class Maniphest(Machine):
    """Maniphest's stand-in over HTTP, and Launchpad's."""

    world = "maniphest"
    share = 1500

    @staticmethod
    def build(connections: int) -> Stage:
        return ManiphestStage(connections)


WORLDS: dict[str, type[Machine]] = {
    one.world: one for one in (MemoryOurs, MemoryTheirs, StoryBoard, Maniphest)
}
