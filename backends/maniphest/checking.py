"""What has to be true of the server and of the tables before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tracker_migrate.backends.maniphest import fields
from tracker_migrate.backends.maniphest.server import Facts, Server
from tracker_migrate.errors import Refused, UsageError, WrongTracker
from tracker_migrate.interfaces import Decisions

_STATUS_TABLES = ("status", "blueprint", "definition")
_OWN_POLICIES = frozenset({"public", *fields.WIDE_POLICIES})


def check(server: Server, decisions: Decisions) -> Mapping[str, str]:
    """Facts for people. Raises WrongTracker, LoginNeeded, Unreachable, and one UsageError with
    all mistakes."""
    facts = server.facts
    if missing := server.missing_methods():
        raise WrongTracker(f"{server.client.host} lacks the methods {', '.join(missing)}")
    mistakes = [*_words(facts, decisions), *_options(facts, decisions)]
    mistakes += _audiences(server, decisions)
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return {
        "account": facts.name,
        "bot": "yes" if facts.bot else "no: people's mail settings apply to it",
        "marker": facts.marker or 'none: add a custom field of type "link" with "search": true',
        "statuses": " ".join(sorted(facts.statuses)),
        "priorities": " ".join(facts.priorities),
    }


def _words(facts: Facts, decisions: Decisions) -> Iterable[str]:
    """Every word of the tables must be one of the server's: it takes unknown statuses silently."""
    for table in _STATUS_TABLES:
        for word, because in _used(decisions, table).items():
            if word not in facts.statuses:
                yield (
                    f"states.toml: [maniphest.{table}] {because}: the server has no status"
                    f" {word!r}; it has {', '.join(sorted(facts.statuses))}"
                )
    for word, because in _used(decisions, "importance").items():
        if word not in facts.priorities:
            yield (
                f"states.toml: [maniphest.importance] {because}: the server has no priority"
                f" {word!r}; it has {', '.join(facts.priorities)}"
            )


def _used(decisions: Decisions, table: str) -> dict[str, str]:
    """The target's words in a table, as far as the decisions can list them."""
    states = getattr(getattr(decisions, "tables", None), "states", None)
    if states is None:
        return {}
    return {word: ", ".join(map(repr, rows)) for word, rows in states.used(table).items()}


def _options(facts: Facts, decisions: Decisions) -> Iterable[str]:
    for word in fields.opened(decisions):
        if word not in facts.statuses:
            yield f"options.open_statuses: the server has no status {word!r}"


def _audiences(server: Server, decisions: Decisions) -> list[str]:
    """The importer must be a member of each project that closed issues are shown to: else the
    server refuses them (facts 4)."""
    privacy = getattr(getattr(decisions, "tables", None), "privacy", None)
    mistakes = []
    for name, audience in sorted(getattr(privacy, "policies", {}).items()):
        if why := fields.closed_to_all(audience):
            mistakes.append(f"privacy.toml: {why}")
        elif audience.groups[0].startswith("PHID-PROJ-") and not _member(server, audience.groups):
            mistakes.append(
                f"privacy.toml: policy {name!r}: {server.facts.name} is no member of the project"
                f" {audience.groups[0]}: add it there"
            )
    return mistakes


def _member(server: Server, groups: tuple[str, ...]) -> bool:
    search: dict[str, Any] = {
        "constraints": {"phids": [groups[0]]},
        "attachments": {"members": True},
    }
    try:
        rows = server.client.read("project.search", **search)["data"]
    except Refused:
        return False
    members = rows[0]["attachments"]["members"]["members"] if rows else []
    return any(one["phid"] == server.facts.me for one in members)
