"""What a shell may complete: names of targets, numbers of bugs. No server is asked, nothing is
made, and whatever can't be read completes to nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

#: so many bugs are offered at most
MANY = 50
_ONLY = ("bug:", "tag:", "status:open", "private", "since:")
_BUGS = "SELECT DISTINCT key FROM issue WHERE gone_at IS NULL AND key LIKE ? ORDER BY key LIMIT ?"
_BUG = "%:bug:"


def targets(context: click.Context, _parameter: Any, incomplete: str) -> list[CompletionItem]:
    """The targets of the workspace that the line is about."""
    named = _targets(_folder(context))
    return [CompletionItem(name, help=sink) for name, sink in named if name.startswith(incomplete)]


def logins(context: click.Context, _parameter: Any, incomplete: str) -> list[CompletionItem]:
    """What one logs in to: the tracker that is read, and the targets."""
    held = _settings(_folder(context))
    specs = _dict(held.get("source")).get("specs")
    trackers = {str(one).partition(":")[0] for one in specs} if isinstance(specs, list) else set()
    names = [*sorted(trackers), *(name for name, _ in _targets(_folder(context)))]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def bugs(context: click.Context, _parameter: Any, incomplete: str) -> list[CompletionItem]:
    """Numbers of bugs that the workspace has read."""
    return [CompletionItem(number) for number in _numbers(_folder(context), incomplete)]


def only(context: click.Context, _parameter: Any, incomplete: str) -> list[CompletionItem]:
    """The words of a filter; after `bug:`, numbers."""
    word, colon, rest = incomplete.partition(":")
    if word != "bug" or not colon:
        return [CompletionItem(one) for one in _ONLY if one.startswith(incomplete)]
    before, comma, last = rest.rpartition(",")
    numbers = _numbers(_folder(context), last)
    return [CompletionItem(f"bug:{before}{comma}{one}") for one in numbers]


def folders(_context: click.Context, _parameter: Any, incomplete: str) -> list[CompletionItem]:
    """Folders."""
    return [CompletionItem(incomplete, type="dir")]


def trackers(_context: click.Context, _parameter: Any, incomplete: str) -> list[CompletionItem]:
    """The trackers that something can be written to."""
    from tracker_migrate import registry

    return [CompletionItem(n) for n in registry.names("planners") if n.startswith(incomplete)]


def _folder(context: click.Context) -> Path:
    return Path(context.params.get("folder") or ".")


def _settings(folder: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads((folder / "migration.toml").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}


def _targets(folder: Path) -> Iterator[tuple[str, str]]:
    for name, held in _dict(_settings(folder).get("targets")).items():
        yield name, str(_dict(held).get("sink", ""))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _numbers(folder: Path, start: str) -> Iterator[str]:
    """Straight from the file: opening a workspace takes longer than a key press may."""
    path = folder / "state" / "workspace.db"
    if not path.is_file() or not (start == "" or (start.isascii() and start.isdigit())):
        return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            for (key,) in database.execute(_BUGS, (f"{_BUG}{start}%", MANY)):
                yield key.rpartition(":")[2]
    except sqlite3.Error:
        return
