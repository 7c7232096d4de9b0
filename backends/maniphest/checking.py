"""What has to be true of the server and of the tables before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tracker_migrate.backends.maniphest import fields
from tracker_migrate.backends.maniphest.parents import JOINT, OFF
from tracker_migrate.backends.maniphest.policycheck import PolicyCheck
from tracker_migrate.backends.maniphest.server import Facts, Server
from tracker_migrate.errors import ClosingOnly, WrongTracker
from tracker_migrate.interfaces import Audience, Decisions

_STATUS_TABLES = ("status", "blueprint", "definition", "work_item")


def check(server: Server, policies: PolicyCheck, decisions: Decisions) -> Mapping[str, str]:
    """Facts for people. Raises WrongTracker, LoginNeeded, Unreachable, and one ClosingOnly with
    all mistakes."""
    facts = server.facts
    if missing := server.missing_methods():
        raise WrongTracker(f"{server.client.host} lacks the methods {', '.join(missing)}")
    mistakes = [*_words(facts, decisions), *_options(facts, decisions)]
    mistakes += policies.mistakes(audiences(decisions))
    if mistakes:
        raise ClosingOnly("\n".join(mistakes))
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
    closes = decisions.options.get("close_parents", JOINT)
    if closes not in (JOINT, OFF, *facts.statuses):
        yield f"options.close_parents: the server has no status {closes!r}"
    elif closes in fields.opened(decisions):
        yield f"options.close_parents: {closes!r} is open: name a closed status"


def audiences(decisions: Decisions) -> Mapping[str, Audience]:
    """The policies of the tables, by name, as far as the decisions can list them."""
    privacy = getattr(getattr(decisions, "tables", None), "privacy", None)
    return dict(getattr(privacy, "policies", {}))
