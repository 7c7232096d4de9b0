"""Answers in which a private team would stand before a caller who may not know its name."""

from __future__ import annotations

from collections.abc import Iterable

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.errors import Refusal, printed


def name_all(ctx: Context, paths: Iterable[str], attribute: str) -> None:
    """Refuse the whole answer, 401, if one of these people and teams is a private team, and the
    caller is nobody in particular or has a login for public things only; everybody else may know
    whoever stands where he may look (seen on a running server: subscribers, grantees)."""
    if ctx.view.reads_private:
        return
    for path in paths:
        team = ctx.store.item(path)
        if team is not None and team.get("private"):
            raise Refusal(401, f"({printed(team)}, {attribute!r}, 'launchpad.LimitedView')")
