"""`show`: one bug as it is at the source, and as it would be at each target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from tracker_migrate.cli import completing, screen
from tracker_migrate.cli.named import key_of
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import as_option, json_option, target_option
from tracker_migrate.errors import UsageError

DONE, SOME_REFUSED = 0, 3
#: what a text of people is shown behind, so that nothing in it looks like a line of ours
_EDGE = "    │ "
_WIDE = 1000
#: fields that are texts, and are shown whole
_TEXTS = ("description", "content", "text", "comment")


@click.command()
@click.option("-C", "folder", metavar="DIR", help="A workspace: its archive, tables and ledger.")
@target_option
@json_option
@as_option
@click.option("--from", "tracker", default="launchpad", help="The tracker that it is read from.")
@click.option("--address", help="The source's API, if it is not the usual one.")
@click.argument("bug", shell_complete=completing.bugs)
def show(
    folder: str | None,
    target: str | None,
    as_json: bool,
    trackers: tuple[str, ...],
    tracker: str,
    address: str | None,
    bug: str,
) -> int:
    """Show one bug: source, mapping, losses, requests, rendered texts, addresses. Writes nothing.

    BUG is a number, an address, or PROJECT/+spec/NAME. Without a workspace it is read from
    Launchpad, as everybody may read it; with -C it is the archive's, by that workspace's tables.

    Example: `tracker-migrate show 1234567 --as storyboard --as maniphest`
    """
    from tracker_migrate.engine.jobs import shown

    key = key_of(tracker, bug)
    with _held(key, folder, trackers, address) as (workspace, names):
        issue = workspace.archive.issue(workspace.archive.names().first(key))
        if issue is None:
            raise UsageError(f"{key} is not in the archive: tracker-migrate pull reads it")
        sinks = {
            name: workspace.settings.targets[name]["sink"] for name in targets_of(workspace, target)
        }
        found = [
            shown(workspace, name, issue)
            for name, sink in sinks.items()
            if not names or name in names or sink.partition(":")[0] in names
        ]
        if not found:
            raise UsageError(f"--as {' --as '.join(names)}: the workspace has no such target")
        _say(issue, found, as_json)
    return SOME_REFUSED if any(one.refused for one in found) else DONE


@contextmanager
def _held(
    key: Any, folder: str | None, trackers: tuple[str, ...], address: str | None
) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """A workspace that holds the issue, and the targets that are meant (none: all)."""
    if folder is None and (Path.cwd() / "migration.toml").exists():
        folder = "."
    if folder is not None:
        with opened(folder) as workspace:
            yield workspace, trackers
        return
    from tracker_migrate import registry
    from tracker_migrate.engine.glimpse import glimpse

    for name in trackers:
        registry.known("sinks", name)
    with glimpse(key, trackers or registry.names("sinks"), address) as workspace:
        yield workspace, ()


def _say(issue: Any, found: list[Any], as_json: bool) -> None:
    if as_json:
        import msgspec

        screen.document(
            {"source": msgspec.to_builtins(issue), "targets": msgspec.to_builtins(found)}
        )
        return
    for line in _source(issue):
        screen.echo(line, whole=True)
    for one in found:
        for line in _target(one):
            screen.echo(line, whole=True)


def _source(issue: Any) -> Iterator[str]:
    yield f"{issue.key}  {issue.information_type or 'Public'}  {issue.home}"
    yield f"  title     {issue.title}"
    when = issue.created.strftime("%Y-%m-%d %H:%M:%S UTC") if issue.created else "no date"
    yield f"  reported  {_name(issue.author) if issue.author else 'by nobody known'}, {when}"
    for task in issue.tasks:
        said = [task.status, task.importance]
        said += [f"assigned to {_name(task.assignee)}"] if task.assignee else []
        said += [f"milestone {_name(task.milestone)}"] if task.milestone else []
        yield f"  task      {task.target_name}: {', '.join(said)}"
    if issue.tags:
        yield f"  tags      {', '.join(issue.tags)}"
    hidden = sum(bool(one.withheld) for one in issue.comments)
    counts = {
        "comments": len(issue.comments), "of them hidden": hidden,
        "attachments": len(issue.attachments), "relations": len(issue.relations),
        "changes": len(issue.history), "work items": len(issue.work_items),
    }  # fmt: skip
    yield "  has       " + " · ".join(f"{n} {name}" for name, n in counts.items() if n)


def _target(one: Any) -> Iterator[str]:
    from tracker_migrate.engine.show import by_outcome

    yield ""
    yield f"as {one.target} ({one.sink})"
    if one.verdict:
        yield f"  last run  {one.verdict}"
    if one.refused:
        yield f"  REFUSED   {one.refused}"
    for row in one.decided:
        yield f"  {row.table:<9} {row.source} → {row.becomes}"
    losses = by_outcome(one.losses)
    yield "  fields    " + " · ".join(f"{len(rows)} {how}" for how, rows in losses.items())
    yield f"    text    {', '.join(losses['text']) or 'none'}"
    for field, reason in losses["lost"].items():
        yield f"    lost    {field}: {reason}"
    steps = [f"{step.kind} ({len(step.keys)})" for step in one.steps]
    yield f"  requests  {len(steps)}: {' · '.join(steps)}" if steps else "  requests  none"
    for item in one.objects:
        yield from _object(item)


def _object(item: Any) -> Iterator[str]:
    at = f" at {item.at}" if item.at else ""
    yield f"  {item.state} {item.kind} {item.key}{at}"
    for name, value in item.fields.items():
        if name in _TEXTS and isinstance(value, str):
            yield f"    {name}:"
            yield from (f"{_EDGE}{part}" for line in value.split("\n") for part in _parts(line))
        elif value not in (None, "", [], {}):
            yield f"    {name}: {_plain(value)}"


def _parts(line: str) -> list[str]:
    """A line in parts that the screen shows whole."""
    return [line[at : at + _WIDE] for at in range(0, len(line), _WIDE)] or [""]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _name(key: str) -> str:
    return key.split(":", 2)[2]
