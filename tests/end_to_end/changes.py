"""What can become of an issue's privacy at the source, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.world import TARGETS
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace


class Change(NamedTuple):
    """before: files the bug or blueprint that it is about; happens: changes it; anonymous: the
    migration reads as nobody. shut: whether it ends closed for all but the importer."""

    before: Callable[[MarkedWorld], Any]
    happens: Callable[[MarkedWorld, Any], None]
    anonymous: bool = False
    shut: bool = False


def _filed(info: str) -> Callable[[MarkedWorld], int]:
    def file(marked: MarkedWorld) -> int:
        project, targets = marked.project, ("gadget", "gadget/1.x")
        readers = [] if info.startswith("Public") else [project.half]
        return project.bug(info, comments=2, targets=targets, readers=readers)

    return file


def _drawn_up(info: str) -> Callable[[MarkedWorld], str]:
    return lambda marked: marked.project.blueprint(info)


def _turned(info: str) -> Callable[[MarkedWorld, Any], None]:
    return lambda marked, issue: marked.project.turn(issue, info)


def _hidden_comment(marked: MarkedWorld) -> int:
    bug = _filed("Public")(marked)
    marked.spread()
    _show(marked, bug, visible=False)
    marked.spread()
    return bug


def _show(marked: MarkedWorld, bug: int, *, visible: bool) -> None:
    """Hide the bug's first comment, or show it again."""
    marked.project.change_comment(bug, 1, visible=visible)
    said = marked.project.store.message(bug, 1)
    assert said is not None
    marked.withdraw(str(said.get("content")), withdrawn=not visible)


def _hide_by_hand(marked: MarkedWorld, bug: int) -> None:
    marked.hidden.add(bug)
    with Workspace(marked.here.folder) as workspace:
        for target in TARGETS:
            workspace.hidden(target).add([Key(f"launchpad:bug:{bug}")])


CHANGES = {
    "private-with-policy": Change(_filed("Public"), _turned("Private")),
    "private-without-policy": Change(_filed("Public"), _turned("Embargoed"), shut=True),
    "hidden-by-hand": Change(_filed("Public"), _hide_by_hand, shut=True),
    "public": Change(_filed("Private"), _turned("Public")),
    "another-policy": Change(_filed("Private"), _turned("Private Security")),
    "reader-removed": Change(
        _filed("Private"), lambda made, bug: made.project.shut_out(bug, made.project.half)
    ),
    "reader-added": Change(
        lambda made: made.project.bug("Private", comments=2),
        lambda made, bug: made.project.let_in(bug, made.project.half),
    ),
    "comment-hidden": Change(
        _filed("Public"), lambda made, bug: _show(made, bug, visible=False), shut=True
    ),
    "comment-shown-again": Change(
        _hidden_comment, lambda made, bug: _show(made, bug, visible=True)
    ),
    "gone": Change(_filed("Public"), lambda made, bug: made.project.drop(bug), shut=True),
    "private-for-nobody": Change(_filed("Public"), _turned("Private"), anonymous=True, shut=True),
    "blueprint-private": Change(_drawn_up("Public"), _turned("Proprietary")),
    "blueprint-public": Change(_drawn_up("Proprietary"), _turned("Public")),
}
