"""Decisions that need no tables: one project, one person with an account, one policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker_migrate import registry
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Account, Audience, Place
from tracker_migrate.mappings import states
from tracker_migrate.mappings.table import Mistakes
from tracker_migrate.model import Issue, Key, Milestone, Person, name_of
from tracker_migrate.testing.samples import Names
from tracker_migrate.text.blocks import Paragraph

PUBLIC = Audience(name="public")
#: words of the source, by table, and what they become
States = Mapping[str, Mapping[str, str]]


def shipped_states(tracker: str) -> States:
    """The tables that ship for a tracker; empty ones for a tracker of somebody else's."""
    return states.load(Path("no such file"), tracker, Mistakes()).rows


class Decided:
    """`interfaces.Decisions`. policy: who reads what is private; None: it is refused.

    closed: issues that are closed for all but the importer. moving: issues that come to the target.
    """

    source_writer = "kit"

    def __init__(
        self,
        names: Names,
        tables: States,
        policy: Audience | None,
        account: Account | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.options: Mapping[str, Any] = dict(options or {})
        self.names = names
        self.tables = tables
        self.policy = policy
        self.known = account
        self.closed: dict[Key, Audience] = {}
        self.moving: set[Key] = set()

    def state(self, table: str, word: str) -> str:
        """The target's word for the source's."""
        try:
            return self.tables[table][word]
        except KeyError:
            raise UsageError(
                f'the target under test has no row for [{table}] "{word}": add one to `states`'
            ) from None

    def account(self, person: Key | None) -> Account | None:
        """The one account."""
        return self.known if person == self.names.somebody else None

    def person(self, person: Key) -> Person | None:
        """Anybody, by name alone."""
        return self.names.person_entity(person)

    def place(self, target: Key) -> Place:
        """The project under its own name."""
        return Place(name=name_of(target))

    def milestone(self, milestone: Key) -> Milestone | None:
        """None is known."""
        return None

    def tag(self, name: str) -> str | None:
        """Its own name."""
        return name

    def tag_uses(self, name: str) -> int:
        """A few."""
        return 3

    def is_bot(self, person: Key | None) -> bool:
        """Nobody is."""
        return False

    def standing(self, issue: Key) -> Mapping[Key, Key]:
        """Nothing: all is new."""
        return {}

    def audience(self, issue: Issue) -> Audience:
        """Everybody, the policy, or nobody."""
        if issue.key in self.closed:
            return self.closed[issue.key]
        if not issue.private:
            return PUBLIC
        return self.policy or Audience(name="refuse", refused="the kit was given no policy")

    def blocks(self, issue: Issue, text: str) -> tuple[Any, ...]:
        """As the source's own package has it, or one line after another."""
        if self.names.tracker in registry.names("texts"):
            return registry.blocks_of(self.names.tracker)(text, issue.home, issue.key)
        return plain_blocks(text)

    def moves(self, issue: Key) -> bool:
        """Whether the suite means to write it."""
        return issue in self.moving

    def circular(self, issue: Key, on: Key) -> bool:
        """Nothing here goes in a circle."""
        return False


def plain_blocks(text: str) -> tuple[Any, ...]:
    """A text as one paragraph."""
    return (Paragraph(tuple((line,) for line in text.split("\n"))),) if text else ()
