"""The demo's page: ten bugs as they were, and as they are at each target now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tracker_migrate.cli.demo.servers import Server
from tracker_migrate.cli.demo.targets import text_of
from tracker_migrate.model import Issue
from tracker_migrate.report.bugs import Pair, Side, page
from tracker_migrate.workspace import Workspace

_HOW_MANY = 10
_CALLED = {"storyboard": "StoryBoard", "maniphest": "Maniphest"}


def write(path: Path, folder: Path, servers: Mapping[str, Server]) -> None:
    """Write the page. folder: of the workspace. Public issues alone, the most talked-about."""
    with Workspace(folder) as workspace:
        pairs = list(_pairs(workspace, servers))
    path.write_text(page("Ten bugs, before and after", pairs), encoding="utf-8")


def _pairs(workspace: Workspace, servers: Mapping[str, Server]) -> Iterator[Pair]:
    ledgers = {name: workspace.ledger(name) for name in servers}
    shown = 0
    for issue in workspace.archive.issues():
        if issue.private or not 2 <= len(issue.comments) <= 12:
            continue
        places = {name: ledger.where(issue.key) for name, ledger in ledgers.items()}
        if any(place is None for place in places.values()):
            continue
        after = [
            _after(servers[name], name, at.number or at.id) for name, at in places.items() if at
        ]
        yield Pair(_before(issue), tuple(after))
        shown += 1
        if shown == _HOW_MANY:
            return


def _before(issue: Issue) -> Side:
    comments = tuple(one.text for one in issue.comments[1:] if one.text.strip())
    return Side("Launchpad", f"#{issue.name}", issue.title, issue.description, comments)


def _after(server: Server, name: str, number: str) -> Side:
    title, text, comments = text_of(server, number)
    return Side(_CALLED.get(name, name), number, title, text, tuple(comments))
