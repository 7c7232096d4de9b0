"""The stand-in as a process of its own: the command line."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tracker_migrate.backends.storyboard.standin.personas import PERSONAS, Persona
from tracker_migrate.backends.storyboard.standin.server import StoryBoardStandIn
from tracker_migrate.testing.loopback import arguments, run_alone


def _own_options(argv: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--token", action="append", default=[])
    options, rest = parser.parse_known_args(argv)
    return dict(one.partition("=")[::2] for one in options.token), rest


def _personas(tokens: Mapping[str, str], files: Sequence[str]) -> list[Persona]:
    """The three of the recordings, with other tokens if named; and those of the files."""
    known = [
        dataclasses.replace(one, token=tokens.get(one.email.partition("@")[0], one.token))
        for one in PERSONAS
    ]
    loaded = [json.loads(Path(name).read_text("utf-8")) for name in files]
    return known + [Persona.of(one) for some in loaded for one in some]


def main(argv: Sequence[str] | None = None) -> None:
    """Run alone. `--token super=TEXT` (also normal, other) sets a token; `--load FILE` adds users.

    The file is JSON: a list of `{"full_name", "email", "token", "id", "is_superuser", ...}`.
    """
    tokens, rest = _own_options(sys.argv[1:] if argv is None else argv)
    about = "A StoryBoard stand-in. --token super=TEXT sets a persona's token; --load FILE: users"
    options = arguments(rest, about)
    run_alone(StoryBoardStandIn(options.data, _personas(tokens, options.load)), options.port)
