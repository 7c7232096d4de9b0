"""What a move would lose, field by field: reads a workspace, asks no server, writes nothing.

python examples/loss_by_field.py nova-move          # every target of the workspace
python examples/loss_by_field.py nova-move new      # one target
"""

from __future__ import annotations

import sys
from collections import Counter

import tracker_migrate as tm


def size(workspace: tm.Workspace) -> str:
    """What the archive holds, counted by going over its issues."""
    kinds: Counter[str] = Counter()
    tasks = comments = private = 0
    for issue in workspace.archive.issues():
        kinds[issue.kind] += 1
        tasks += len(issue.tasks)
        comments += len(issue.comments)
        private += issue.private
    said = ", ".join(f"{count} {kind}s" for kind, count in sorted(kinds.items()))
    return f"{said}, {tasks} tasks, {comments} comments; {private} of these issues are not public"


def table(workspace: tm.Workspace, target: str) -> None:
    """Print how often each field ends as native, in the text, or lost, and why it is lost."""
    planned = tm.plan(workspace, target)
    fields: dict[str, Counter[str]] = {}
    for (entity, field, outcome), count in planned.losses.items():
        fields.setdefault(f"{entity}.{field}", Counter())[outcome] += count
    print(f"\n{target}: {planned.writes} objects to write, {planned.refuse.total()} issues refused")
    print(f"{'field':48}{'native':>8}{'text':>8}{'lost':>8}  why")
    for name, counts in sorted(fields.items(), key=lambda one: (-one[1]["lost"], one[0])):
        columns = "".join(f"{counts[what] or '':>8}" for what in ("native", "text", "lost"))
        print(f"{name:48}{columns}  {planned.reasons.get(name, '')}".rstrip())


def main() -> int:
    """Open the workspace that the command line names."""
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with tm.Workspace(sys.argv[1]) as workspace:
            print(size(workspace))
            for target in workspace.targets(sys.argv[2] if len(sys.argv) == 3 else None):
                table(workspace, target)
    except tm.MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
