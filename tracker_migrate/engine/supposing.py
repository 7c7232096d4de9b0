"""What would be, with other targets or other tables: for scripts that compare and study.

A supposed workspace has the archive of a real one, and nothing else of it: its targets hold
nothing, and nothing is written, neither to it nor to its files.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tracker_migrate import registry
from tracker_migrate.engine.evaluate import Evaluation
from tracker_migrate.engine.evaluate import evaluate as evaluate_
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import UsageError
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.homes import Home, Homes
from tracker_migrate.workspace.ledger import Ledger

#: other tables: a folder of them, or their texts by file name (`people.csv`), over the real ones
Tables = Path | Mapping[str, str]


class Supposed(Workspace):
    """A workspace with other settings and tables; it shares a real one's database, and must not
    outlive it."""

    def __init__(
        self, real: Workspace, targets: Mapping[str, dict[str, Any]], tables: Path
    ) -> None:
        self.__dict__ |= vars(real)
        self.settings = real.settings.model_copy(update={"targets": dict(targets)})
        self._tables = tables

    @property
    def mappings(self) -> Path:
        """The supposed tables."""
        return self._tables

    def ledger(self, target: str) -> Ledger:
        """One that holds nothing: no target has a name with a blank."""
        return super().ledger(f"supposed {target}")

    @property
    def homes(self) -> Homes:
        """What holds nothing is of no server."""
        return _NoHomes(self.engine, self.writer)

    def close(self) -> None:
        """Nothing: the database is the real one's."""


class _NoHomes(Homes):
    def all(self) -> dict[str, Home]:
        """None."""
        return {}

    def is_bound(self, target: str) -> bool:
        """Never."""
        return False


@contextmanager
def suppose(
    workspace: Workspace,
    targets: Mapping[str, Mapping[str, Any]] | None = None,
    tables: Tables | None = None,
) -> Iterator[Supposed]:
    """A workspace with other targets (name → as in `[targets.NAME]`) and tables. Raises UsageError
    if a table is none."""
    held = workspace.settings.targets if targets is None else targets
    with tempfile.TemporaryDirectory(prefix="tracker-migrate-") as name:
        folder = Path(name)
        if workspace.mappings.is_dir() and not isinstance(tables, Path):
            shutil.copytree(workspace.mappings, folder, dirs_exist_ok=True)
        for file, text in tables.items() if isinstance(tables, Mapping) else ():
            (folder / Path(file).name).write_text(text, encoding="utf-8")
        at = tables if isinstance(tables, Path) else folder
        yield Supposed(workspace, {one: dict(of) for one, of in held.items()}, at)


def evaluate(
    workspace: Workspace,
    *names: str,
    tables: Tables | None = None,
    options: Mapping[str, Any] | None = None,
) -> Evaluation:
    """What each tracker would hold, show as text and lose of a workspace's issues, what it takes,
    and what is left to do. Asks no server, and writes nothing.

    names: targets of the workspace, or trackers (`maniphest`); without any, all its targets, or all
    trackers if it has none. tables: other ones than the workspace's. options: settings that each of
    them gets besides. Raises UsageError.
    """
    targets = _targets(workspace, names, options or {})
    every = {**workspace.settings.targets, **targets}  # for tables name them
    with suppose(workspace, every, tables) as supposed:
        judged = [Target(supposed, name) for name in targets]
        return evaluate_(workspace.archive, judged, workspace.settings.source.specs, 0)


def _targets(
    workspace: Workspace, names: Sequence[str], options: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    held = workspace.settings.targets
    known = registry.names("planners")
    wanted = names or tuple(held) or known
    for name in wanted:
        if name not in held and name not in known:
            there = ", ".join([*held, *known])
            raise UsageError(f'"{name}" is neither a target nor a tracker (there are: {there})')
    return {
        name: {**held.get(name, {"sink": f"{name}:https://{name}.example.org"}), **options}
        for name in wanted
    }
