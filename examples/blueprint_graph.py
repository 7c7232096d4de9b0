"""What hangs on what: the blueprints of a workspace and their dependencies, for Graphviz.

python examples/blueprint_graph.py nova-move | dot -Tsvg -o blueprints.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import tracker_migrate as tm


def lines(workspace: tm.Workspace) -> Iterator[str]:
    """A graph in the DOT language: done ones are grey, what stands in a circle is red."""
    held = {one.key: one for one in workspace.archive.issues() if one.kind == "blueprint"}
    on = {
        key: {one.to for one in issue.relations if one.kind == "depends_on" and one.to in held}
        for key, issue in held.items()
    }
    round_about = {key for key in held if key in reached(key, on)}
    yield "digraph blueprints { rankdir=LR; node [shape=box];"
    for key, issue in held.items():
        if issue.private:
            continue
        done = bool(issue.tasks) and all(one.complete for one in issue.tasks)
        colour = "red" if key in round_about else "grey" if done else "black"
        label = json.dumps(" ".join(issue.title.split()), ensure_ascii=False)
        yield f"  {json.dumps(key)} [label={label}, color={colour}, URL={json.dumps(issue.home)}];"
        for other in sorted(on[key]):
            if not held[other].private:
                yield f"  {json.dumps(key)} -> {json.dumps(other)};"
    yield "}"


def reached(start: tm.Key, on: dict[tm.Key, set[tm.Key]]) -> set[tm.Key]:
    """All that one depends on, directly or through others."""
    seen: set[tm.Key] = set()
    ahead = list(on[start])
    while ahead:
        key = ahead.pop()
        if key not in seen:
            seen.add(key)
            ahead.extend(on[key])
    return seen


def main() -> int:
    """Print the graph."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with tm.Workspace(sys.argv[1]) as workspace:
            for line in lines(workspace):
                print(line)
    except tm.MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
