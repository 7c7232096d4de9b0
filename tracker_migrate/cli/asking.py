"""What `init` asks a person who is at a terminal and did not say it all. Nobody else is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from tracker_migrate import registry
from tracker_migrate.errors import UsageError
from tracker_migrate.workspace import settings

T = TypeVar("T")

#: by tracker, the settings that are asked for: what may be chosen, and why one would
_CHOICES: Mapping[str, tuple[tuple[str, tuple[str, ...], str], ...]] = {
    "storyboard": (
        ("numbers", ("block", "keep"), "Numbers of stories: new ones (block), or the bugs' (keep)"),
    ),
    "maniphest": (
        ("order", ("ordered", "parallel"), "Numbers of tasks follow the bugs' (slower), or not"),
        ("task_mode", ("subtasks", "one"), "A bug with several tasks: subtasks, or all in one"),
    ),
}
_USUAL = {"storyboard": "new", "maniphest": "old"}


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """All that `init` has to know. targets: `NAME=SINK:URL`. chosen: by target, its settings."""

    folder: Path
    sources: tuple[str, ...]
    targets: tuple[str, ...] = ()
    private: bool = False
    chosen: dict[str, dict[str, str]] = {}


def somebody_is_there() -> bool:
    """Whether a person is at both ends: at a terminal that we read from, and one that we ask on."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def answers(
    folder: Path | None, sources: Sequence[str], targets: Sequence[str], private: bool
) -> Answers:
    """Ask for what was not said. Raises Abort on Ctrl-C and at the end of the input, before
    anything is written."""
    folder = folder or Path(_asked("Folder of the workspace", _folder, "move"))
    if not sources:
        sources = _asked("Read from (launchpad:PROJECT, several with blanks between)", _sources)
        private = private or click.confirm("Read what is not public, too (needs a login)", err=True)
    if targets:
        return Answers(
            folder=folder, sources=tuple(sources), targets=tuple(targets), private=private
        )
    named, chosen = _targets()
    return Answers(
        folder=folder,
        sources=tuple(sources),
        targets=tuple(f"{name}={sink}" for name, sink in named.items()),
        private=private,
        chosen=chosen,
    )


def _targets() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    named: dict[str, str] = {}
    chosen: dict[str, dict[str, str]] = {}
    question = "Write to (storyboard:https://HOST/api or maniphest:https://HOST; empty: nowhere)"
    while sink := _asked(question, _sink, ""):
        tracker = sink.partition(":")[0]
        usual = _USUAL.get(tracker, tracker)
        name = _asked("Its name here", _free(named), usual if usual not in named else None)
        named[name] = sink
        chosen[name] = {
            setting: click.prompt(why, type=click.Choice(words), default=words[0], err=True)
            for setting, words, why in _CHOICES.get(tracker, ())
        }
        question = "Write to, too (empty: no more)"
    return named, chosen


def _asked(question: str, read: Callable[[str], T], usual: str | None = None) -> T:
    """Ask until the answer can be read."""
    shown = bool(usual)

    def understood(answer: str) -> T:
        try:
            return read(answer.strip())
        except UsageError as error:
            raise click.BadParameter(str(error)) from None

    answer: T = click.prompt(
        question, default=usual, show_default=shown, value_proc=understood, err=True
    )
    return answer


def _folder(answer: str) -> str:
    if (Path(answer) / settings.FILE).exists():
        raise UsageError(f"{answer} is a workspace already")
    return answer


def _sources(answer: str) -> tuple[str, ...]:
    specs = tuple(answer.split())
    registry.open_source(specs, {}, None).close()
    return specs


def _sink(answer: str) -> str:
    if answer:
        held = {"source": {"specs": ["launchpad:x"]}, "targets": {"x": {"sink": answer}}}
        settings.checked(held, backends=True)
    return answer


def _free(named: Mapping[str, str]) -> Callable[[str], str]:
    def read(answer: str) -> str:
        held = {"source": {"specs": ["launchpad:x"]}, "targets": {answer: {"sink": "x:http://h"}}}
        settings.checked(held, backends=False)
        if answer in named:
            raise UsageError(f"there is a target called {answer}")
        return answer

    return read
