"""What statuses and importances become: the shipped table under a workspace's own rows."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from tracker_migrate.errors import UsageError
from tracker_migrate.mappings.table import Mistakes, did_you_mean, toml

TABLES = ("status", "importance", "blueprint", "definition", "work_item")


class States:
    """The rows of one tracker: (table, the source's word) → the target's word."""

    def __init__(self, tracker: str, rows: dict[str, dict[str, str]]) -> None:
        self.tracker = tracker
        self.rows = rows

    def word(self, table: str, word: str) -> str:
        """The target's word; UsageError names the row that is missing."""
        rows = self.rows.get(table, {})
        if word not in rows:
            raise UsageError(
                f'states.toml: [{self.tracker}.{table}] has no row "{word}"'
                f"{did_you_mean(word, rows)}: add one"
            )
        return rows[word]

    def used(self, table: str) -> dict[str, list[str]]:
        """The target's words in a table, each with the source's words that lead to it."""
        used: dict[str, list[str]] = {}
        for word, becomes in self.rows.get(table, {}).items():
            if becomes:
                used.setdefault(becomes, []).append(word)
        return used


def load(path: Path, tracker: str, mistakes: Mistakes) -> States:
    """The states of a tracker. path: the workspace's states.toml, which need not exist."""
    defaults = _shipped()
    rows, known = defaults.get(tracker, {}), {*defaults, tracker}
    own = toml(path, mistakes)
    for name, tables in own.items():
        if name in TABLES:
            mistakes.add(path.name, f"[{name}] must say of which tracker: [{tracker}.{name}]")
        elif name != tracker and (hint := did_you_mean(name, known)) and name not in known:
            mistakes.add(path.name, f"[{name}] is no tracker{hint}")
        elif not isinstance(tables, dict):
            mistakes.add(path.name, f'"{name}" must be a table [{name}.status]')
        elif name == tracker:
            _overlay(rows, tables, f"{path.name}: [{name}", mistakes)
    return States(tracker, rows)


def words(table: str) -> list[str]:
    """The source's words that the shipped tables of all trackers know."""
    return sorted({word for tables in _shipped().values() for word in tables.get(table, {})})


def _shipped() -> dict[str, dict[str, dict[str, str]]]:
    shipped = resources.files("tracker_migrate.mappings.defaults").joinpath("states.toml")
    return tomllib.loads(shipped.read_text("utf-8"))


def _overlay(
    rows: dict[str, dict[str, str]], own: dict[str, Any], place: str, mistakes: Mistakes
) -> None:
    for table, words in own.items():
        where = f"{place}.{table}]"
        if table not in TABLES:
            mistakes.add(where, f"there is no such table{did_you_mean(table, TABLES)}")
        elif not isinstance(words, dict):
            mistakes.add(where, "must be a table of words")
        else:
            _words(rows.setdefault(table, {}), words, where, mistakes)


def _words(rows: dict[str, str], own: dict[str, Any], where: str, mistakes: Mistakes) -> None:
    shipped = set(rows)
    for word, becomes in own.items():
        # another source may have words of its own; one that is nearly a known one is misspelt
        hint = "" if word in shipped else did_you_mean(word, shipped, cutoff=0.85)
        if hint:
            mistakes.add(where, f'the source has no word "{word}"{hint}')
        elif not isinstance(becomes, str):
            mistakes.add(where, f'"{word}" must become a word in quotes')
        else:
            rows[word] = becomes
