"""`readers` and `hide`: who may read what is private, and closing something now."""

from __future__ import annotations

from typing import Any

import rich_click as click

from tracker_migrate.cli import completing, output, screen
from tracker_migrate.cli.named import key_of
from tracker_migrate.cli.opening import opened, targets_of
from tracker_migrate.cli.options import common, json_option, target_option

DONE, SOME_REFUSED = 0, 3
_MANY = 40
_DECIDE = {
    "no account": "decide: a row in people.csv, or a name under without in privacy.toml",
    "goes without": "decided",
    "not let in": "has an account that the policy does not name",
}


@click.command()
@common
@target_option
@json_option
@click.option("--issues", "by_issue", is_flag=True, help="Name the readers that each issue loses.")
def readers(
    folder: str, level: int, dry_run: bool, target: str | None, as_json: bool, by_issue: bool
) -> int:
    """Say who may read private issues at the source, and not at the target; writes nothing.

    Whoever has no account there has to be decided on before an issue of theirs is written. The
    target is asked whom its teams or projects let in, unless there is no token for it.

    Example: `tracker-migrate readers -C nova-move -T new`
    """
    from tracker_migrate.engine import jobs

    with opened(folder) as workspace:
        found = {
            name: jobs.readers(workspace, name, by_issue=by_issue)
            for name in targets_of(workspace, target)
        }
        _say_readers(found, as_json)
    return SOME_REFUSED if any(one.refused for one in found.values()) else DONE


def _say_readers(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.document({name: output.plain(one) for name, one in found.items()})
        return
    for name, one in found.items():
        screen.echo(f"readers {name}: {one.private} private issues, {one.writable} may be written")
        if not one.asked:
            screen.echo("  there is no token for it: whom its groups let in was not asked")
        for reason, count in one.refused.most_common():
            screen.echo(f"  refuse {count}: {reason}")
        for row in one.readers[:_MANY]:
            who = row.reader.split(":", 2)[2]
            screen.echo(f"  {who:24} {row.why:14} {row.issues:>6} issues  {_DECIDE[row.why]}")
        if len(one.readers) > _MANY:
            screen.echo(f"  … and {len(one.readers) - _MANY} more: --json names all")
        for issue, names in one.less.items():
            screen.echo(f"  {issue}: not for {', '.join(names)}")


@click.command()
@common
@target_option
@json_option
@click.argument("issues", nargs=-1, required=True, metavar="BUG…", shell_complete=completing.bugs)
@click.option("--release", is_flag=True, help="Leave them to the tables again.")
def hide(
    folder: str,
    level: int,
    dry_run: bool,
    target: str | None,
    as_json: bool,
    issues: tuple[str, ...],
    release: bool,
) -> int:
    """Close bugs at the targets for everybody but the importer: now, and without the source.

    They stay closed, whatever the source says, until they are released; the next apply opens them
    then. It may be used while sync runs. BUG is a number, or a blueprint's PROJECT/+spec/NAME.

    Example: `tracker-migrate hide 1316547 -C nova-move`
    """
    from tracker_migrate.cli.logins import source_tracker
    from tracker_migrate.engine import jobs

    with opened(folder) as workspace:
        names = targets_of(workspace, target)
        tracker, first = source_tracker(workspace.settings), workspace.archive.names().first
        keys = [first(key_of(tracker, one)) for one in issues]
        if dry_run:
            screen.echo(f"would {'release' if release else 'close'} {', '.join(keys)}")
            return DONE
        found = jobs.hide_at(workspace, names, keys, release=release)
        _say_hidden(found.there, as_json, release)
        found.stop_if_any()
    return DONE


def _say_hidden(found: dict[str, dict[Any, bool]], as_json: bool, release: bool) -> None:
    if as_json:
        output.document(found)
        return
    for name, issues in found.items():
        for issue, there in issues.items():
            if release:
                said = "released: the next apply opens it, if the source says that it is public"
            elif there:
                said = "closed for everybody but the importer"
            else:
                said = "nothing of it stands there, and nothing will be written"
            screen.echo(f"{name}: {issue}: {said}")
