"""Moves bugs and blueprints from Launchpad to Maniphest and StoryBoard, and shows what it lost.

    import tracker_migrate as tm

    with tm.Workspace("nova-move") as workspace:
        for issue in workspace.archive.issues():
            print(issue.key, issue.title, len(issue.comments))
        planned = tm.plan(workspace, "new")
        print(planned.writes, planned.losses)

Nothing heavy is imported before it is used, and no backend before it is named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_migrate.engine.comparing import compare as compare
    from tracker_migrate.engine.doctor import examine as examine
    from tracker_migrate.engine.evaluate import Evaluation as Evaluation
    from tracker_migrate.engine.exporting import export_archive as export_archive
    from tracker_migrate.engine.filters import Only as Only
    from tracker_migrate.engine.jobs import hide as hide
    from tracker_migrate.engine.jobs import losses as losses
    from tracker_migrate.engine.jobs import plan as plan
    from tracker_migrate.engine.jobs import readers as readers
    from tracker_migrate.engine.jobs import shown as show
    from tracker_migrate.engine.jobs import verify as verify
    from tracker_migrate.engine.library import adopt as adopt
    from tracker_migrate.engine.library import apply as apply
    from tracker_migrate.engine.library import backdate as backdate
    from tracker_migrate.engine.library import compact as compact
    from tracker_migrate.engine.library import final as final
    from tracker_migrate.engine.library import handover as handover
    from tracker_migrate.engine.library import handover_undo as handover_undo
    from tracker_migrate.engine.library import pull as pull
    from tracker_migrate.engine.library import purge as purge
    from tracker_migrate.engine.library import redirects as redirects
    from tracker_migrate.engine.library import sync as sync
    from tracker_migrate.engine.library import undo as undo
    from tracker_migrate.engine.supposing import evaluate as evaluate
    from tracker_migrate.engine.supposing import suppose as suppose
    from tracker_migrate.engine.tablefiles import write as export_tables
    from tracker_migrate.engine.tables import rows as rows
    from tracker_migrate.errors import MigrateError as MigrateError
    from tracker_migrate.model import Issue as Issue
    from tracker_migrate.model import Key as Key
    from tracker_migrate.workspace import Workspace as Workspace

__version__ = "0.1.0"

#: name → the module that it is in, and its name there if that is another one
_HOMES = {
    "Evaluation": "tracker_migrate.engine.evaluate",
    "Issue": "tracker_migrate.model",
    "Key": "tracker_migrate.model",
    "MigrateError": "tracker_migrate.errors",
    "Only": "tracker_migrate.engine.filters",
    "Workspace": "tracker_migrate.workspace",
    "adopt": "tracker_migrate.engine.library",
    "apply": "tracker_migrate.engine.library",
    "backdate": "tracker_migrate.engine.library",
    "compact": "tracker_migrate.engine.library",
    "compare": "tracker_migrate.engine.comparing",
    "evaluate": "tracker_migrate.engine.supposing",
    "examine": "tracker_migrate.engine.doctor",
    "export_archive": "tracker_migrate.engine.exporting",
    "export_tables": "tracker_migrate.engine.tablefiles:write",
    "final": "tracker_migrate.engine.library",
    "handover": "tracker_migrate.engine.library",
    "handover_undo": "tracker_migrate.engine.library",
    "hide": "tracker_migrate.engine.jobs",
    "losses": "tracker_migrate.engine.jobs",
    "plan": "tracker_migrate.engine.jobs",
    "pull": "tracker_migrate.engine.library",
    "purge": "tracker_migrate.engine.library",
    "readers": "tracker_migrate.engine.jobs",
    "redirects": "tracker_migrate.engine.library",
    "rows": "tracker_migrate.engine.tables",
    "show": "tracker_migrate.engine.jobs:shown",
    "suppose": "tracker_migrate.engine.supposing",
    "sync": "tracker_migrate.engine.library",
    "undo": "tracker_migrate.engine.library",
    "verify": "tracker_migrate.engine.jobs",
}

__all__ = [
    "Evaluation",
    "Issue",
    "Key",
    "MigrateError",
    "Only",
    "Workspace",
    "adopt",
    "apply",
    "backdate",
    "compact",
    "compare",
    "evaluate",
    "examine",
    "export_archive",
    "export_tables",
    "final",
    "handover",
    "handover_undo",
    "hide",
    "losses",
    "plan",
    "pull",
    "purge",
    "readers",
    "redirects",
    "rows",
    "show",
    "suppose",
    "sync",
    "undo",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, own = _HOMES[name].partition(":")
    return getattr(import_module(module), own or name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
