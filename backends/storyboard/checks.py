"""What is asked before anything is written: is it a StoryBoard, who are we, what may we do?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.authors import NO_SUPERUSER
from tracker_migrate.backends.storyboard.shape import PRIORITIES, STATUSES
from tracker_migrate.errors import (
    ClosingOnly,
    Gone,
    ObjectError,
    Unreachable,
    WrongTracker,
)
from tracker_migrate.interfaces import Decisions

_TABLES = {
    "status": STATUSES,
    "blueprint": STATUSES,
    "definition": STATUSES,
    "work_item": STATUSES,
    "importance": PRIORITIES,
}


def check(site: Site, decisions: Decisions) -> Mapping[str, str]:
    """Facts for people. Raises WrongTracker, LoginNeeded, Unreachable, ClosingOnly."""
    site.need_token()
    version = _is_storyboard(site)
    if wrong := list(_wrong_words(decisions)):
        raise ClosingOnly("\n".join(wrong))
    account = site.account
    missing = STATUSES - {str(row.get("key")) for row in site.api.get("/task_statuses")}
    if missing:
        raise ClosingOnly(
            f"{site.api.host} has no task status {', '.join(sorted(missing))}:"
            " its workflow was changed, and the tables of states can't be used with it"
        )
    return {
        "tracker": f"StoryBoard {version}",
        "address": site.base,
        "account": f"{account.get('full_name', '')} (user {account['id']})",
        "superuser": _rights(account),
        "authors": _authors(site, account),
        "web": site.web,
    }


def _authors(site: Site, account: Mapping[str, Any]) -> str:
    """Who is written as. No token is made to try it: a run with nothing to write writes nothing.
    Raises ClosingOnly: what has to be closed needs none."""
    may = bool(account.get("is_superuser"))
    if site.options.authors == "importer":
        return f"the importer{'; each author, with authors = tokens' if may else ''}"
    if not may:
        raise ClosingOnly(NO_SUPERUSER)
    return "each author with an account, but for superusers and accounts that are switched off"


def _wrong_words(decisions: Decisions) -> Iterator[str]:
    """Each row of the tables of states that leads to a word that StoryBoard has not."""
    states = getattr(getattr(decisions, "tables", None), "states", None)
    if states is None:
        return
    for table, known in _TABLES.items():
        for word, rows in states.used(table).items():
            if word not in known:
                yield (
                    f"states.toml: [storyboard.{table}] {', '.join(map(repr, rows))}: StoryBoard"
                    f" has no {word!r}; it has {', '.join(sorted(known))}"
                )


def _rights(account: Mapping[str, Any]) -> str:
    if account.get("is_superuser"):
        return "yes"
    return "no: projects, branches and milestones have to be there already"


def _is_storyboard(site: Site) -> str:
    """The version that it calls itself; it is 0.0.1 everywhere, and of no use."""
    wrong = WrongTracker(
        f"{site.base} is no StoryBoard: give the address of its API,"
        " such as https://storyboard.example.org/api"
    )
    try:
        system = site.nobody.get("/systeminfo")
        projects = site.nobody.get("/projects", {"limit": 1})
    except (Gone, ObjectError, WrongTracker):
        raise wrong from None
    except Unreachable as error:
        if "no JSON" in str(error):
            raise wrong from None
        raise
    if not isinstance(system, dict) or "version" not in system or not _projects(projects):
        raise wrong
    return str(system["version"])


def _projects(rows: Any) -> bool:
    return isinstance(rows, list) and all(
        isinstance(row, dict) and {"id", "name", "is_active"} <= row.keys() for row in rows
    )
