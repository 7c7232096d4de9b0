"""What `evaluate` answers to those who doubt: it names only what there is."""

from __future__ import annotations

import re
import tomllib

import click
import pytest

from tracker_migrate.backends.maniphest import options as maniphest
from tracker_migrate.backends.maniphest.outlook import BLOCKERS as AT_MANIPHEST
from tracker_migrate.backends.storyboard import options as storyboard
from tracker_migrate.backends.storyboard.outlook import BLOCKERS as AT_STORYBOARD
from tracker_migrate.cli.commands import cli
from tracker_migrate.interfaces import Blocker

OF = {"storyboard": (AT_STORYBOARD, storyboard), "maniphest": (AT_MANIPHEST, maniphest)}
CASES = [(sink, one) for sink, (blockers, _) in OF.items() for one in blockers]


@pytest.mark.parametrize(("sink", "blocker"), CASES, ids=lambda one: getattr(one, "name", one))
def test_an_answer_names_commands_and_settings_that_exist(sink: str, blocker: Blocker) -> None:
    for told in re.findall("`([^`]+)`", blocker.answer):
        assert is_command(told) or is_setting(sink, told), told


def is_command(told: str) -> bool:
    """Whether these words are a command with options that it has."""
    command: click.Command = cli
    for word in told.split():
        if isinstance(command, click.Group):
            if word not in command.commands:
                return False
            command = command.commands[word]
        elif word.startswith("-") and not any(word in one.opts for one in command.params):
            return False
    return command is not cli


def is_setting(sink: str, told: str) -> bool:
    """Whether this is a setting of a target's, with a value that it takes."""
    options = OF[sink][1]
    if "=" not in told:
        return told in options.Options.model_fields
    return bool(options.read_options(tomllib.loads(told)))


@pytest.mark.parametrize("sink", OF)
def test_authors_are_said_to_be_set_where_they_can_be(sink: str) -> None:
    (login,) = [one for one in OF[sink][0] if one.name == "login"]
    assert "`backdate`" in login.answer
