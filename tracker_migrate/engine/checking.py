"""A target's tables held against the archive: what they say nothing of, by weight, and which of
their rows are not right."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from tracker_migrate.engine.occurring import Occurring
from tracker_migrate.engine.people import Weight, rows_of
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import ListsAccounts, Source
from tracker_migrate.mappings import people as table
from tracker_migrate.model import Person, key, name_of


class Suspended(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is not used: its name belongs to somebody else by now. row, known: the dates of
    creation, as the row has it and as the archive knows it (ISO)."""

    person: str
    row: str
    known: str


class Checked(msgspec.Struct, kw_only=True):
    """A target's tables against the archive.

    named: people; mentions: how often, once an issue. mapped, bots, placeholders, suggested: how
    many people; `covered`: mentions of those that are mapped or bots. unmapped: those of whom
    nothing is decided, who are named most first. undated: how many rows that are used name nobody's
    date, so that a name that changes hands goes unnoticed.

    dead: rows about nobody and nothing that occurs, as `people.csv: jdoe`. shared: accounts with
    several people. suspended: see there. wordless: words that occur and that no row tells what they
    become, as `status: Strange`, with how often. gone: people whose account is not there any more,
    or is closed, by account; asked: whether the target was asked.
    """

    target: str
    named: int = 0
    mentions: int = 0
    mapped: int = 0
    bots: int = 0
    placeholders: int = 0
    suggested: int = 0
    covered: int = 0
    undated: int = 0
    unmapped: list[Weight] = msgspec.field(default_factory=list)
    dead: list[str] = msgspec.field(default_factory=list)
    shared: dict[str, list[str]] = msgspec.field(default_factory=dict)
    suspended: list[Suspended] = msgspec.field(default_factory=list)
    wordless: dict[str, int] = msgspec.field(default_factory=dict)
    gone: dict[str, list[str]] = msgspec.field(default_factory=dict)
    asked: bool = False

    @property
    def wrong(self) -> bool:
        """Whether somebody should look at a row."""
        return bool(self.dead or self.shared or self.suspended or self.wordless or self.gone)


def check(target: Target, *, ask: bool = False) -> Checked:
    """Look at a target's tables. ask: whether to ask the target which accounts it has; raises
    UsageError if it does not tell, Unreachable, LoginNeeded."""
    found = Checked(target=target.name)
    known, occurring = target.decisions.tables.people, Occurring.in_(target.archive)
    _weigh(target, known, occurring.people.weights(), found)
    found.undated = len((known.accounts.keys() | known.groups.keys()) - known.created.keys())
    found.dead = list(_dead(target, occurring))
    found.shared = {at: names for at, names in _by_account(known).items() if len(names) > 1}
    found.suspended = [
        Suspended(person=name, row=row.isoformat(), known=now.isoformat())
        for name, (row, now) in sorted(known.suspended.items())
    ]
    found.wordless = dict(_wordless(target, occurring))
    if ask:
        found.gone, found.asked = _gone(target, known), True
    return found


def refresh(target: Target, source: Source) -> int:
    """Ask the source who has the names of the rows that are used now, a request each: the archive
    reads everybody once, and a name may have changed hands since. Returns how many did. Raises what
    `Source.person` does."""
    known, archive = target.decisions.tables.people, target.archive
    changed = 0
    for name in sorted({*known.accounts, *known.groups, *known.bots}):
        of = key(source.tracker, "person", name)
        before, now = archive.person(of), source.person(of)
        seen = now.value
        if isinstance(seen, Person) and seen.created and before is not None:
            changed += before.created != seen.created
            archive.put_entity(now).result()
    return changed


def _weigh(target: Target, known: table.People, weights: list[Weight], found: Checked) -> None:
    """Add up who is named, and how often."""
    states = {row["person"]: row["state"] for row in rows_of(target)}
    found.named = len(weights)
    for one in weights:
        found.mentions += one.issues
        if one.name in known.accounts or one.name in known.groups:
            found.mapped += 1
        elif one.name in known.bots:
            found.bots += 1
        elif states.get(one.name) == "placeholder":
            found.placeholders += 1
            continue
        else:
            found.suggested += states.get(one.name) == "suggested"
            found.unmapped.append(one)
            continue
        found.covered += one.issues


def _dead(target: Target, occurring: Occurring) -> Iterator[str]:
    """Rows about what no issue of the archive has to do with: it may be a private one, of which no
    more is told than that."""
    tables, archive = target.decisions.tables, target.archive
    people = {name_of(key) for key in archive.named()}
    for row in rows_of(target):
        if row["person"] not in people:
            yield f"people.csv: {row['person']}"
    tags = archive.public_tags().keys() | archive.withheld_tags()
    yield from (f"tags.csv: {tag}" for tag in sorted(tables.tags) if tag not in tags)
    places = occurring.anywhere | {name_of(one.key) for one in archive.entities("project")}
    yield from (f"projects.csv: {at}" for at in sorted(tables.projects) if at not in places)
    yield from _dead_words(target, occurring)


def _dead_words(target: Target, occurring: Occurring) -> Iterator[str]:
    """Words of the workspace's own states.toml: the shipped ones are there for everybody."""
    own: dict[str, dict[str, str]] = {}
    with suppress(FileNotFoundError):
        text = (target.workspace.mappings / "states.toml").read_text("utf-8-sig")
        own = tomllib.loads(text).get(target.tracker, {})
    for name, words in sorted(own.items()):
        for word in words:
            if (name, word) not in occurring.everywhere:
                yield f"states.toml: {target.tracker}.{name} {word}"


def _wordless(target: Target, occurring: Occurring) -> Iterator[tuple[str, int]]:
    rows = target.decisions.tables.states.rows
    for (name, word), count in sorted(occurring.words.items()):
        if name in rows and word not in rows[name]:
            yield f"{name}: {word}", count


def _by_account(known: table.People) -> dict[str, list[str]]:
    by_account: dict[str, list[str]] = {}
    for person, account in sorted(known.accounts.items()):
        by_account.setdefault(account.id, []).append(person)
    return by_account


def _gone(target: Target, known: table.People) -> dict[str, list[str]]:
    sink = target.sink
    if not isinstance(sink, ListsAccounts):
        raise UsageError(f"{target.name}: a {target.tracker} does not tell who has an account")
    # an account that was made for somebody is closed until they come
    there = {one.id for one in sink.accounts() if one.usable or one.made_for}
    return {at: names for at, names in _by_account(known).items() if at not in there}
