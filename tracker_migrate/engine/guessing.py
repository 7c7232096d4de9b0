"""Guesses of who is who at a target, from all that is known: names, what accounts are known by,
what the source says of that, tables that somebody kept. They become rows with the state
`suggested`, from which nothing is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tracker_migrate.abilities import FindsByAddress, KnowsIdentities
from tracker_migrate.engine.people import Mentions, rows_of
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Candidate, ListsAccounts, Source
from tracker_migrate.mappings import people as table
from tracker_migrate.mappings import sheet
from tracker_migrate.model import Key, Person, name_of

if TYPE_CHECKING:
    from tracker_migrate.mappings.importers import Someone
    from tracker_migrate.mappings.suggest import Evidence, Suggestion

_SAME_ADDRESS = "the same e-mail address"
_SAID = "the table names this account"


class Guesses:
    """Of one target. It asks the target for its accounts. Raises UsageError if that does not tell
    them; Unreachable, LoginNeeded."""

    def __init__(self, target: Target) -> None:
        sink = target.sink
        if not isinstance(sink, ListsAccounts):
            raise UsageError(f"{target.name}: a {target.tracker} does not tell who has an account")
        self._target = target
        known = target.decisions.tables.people
        taken = {one.id for one in known.accounts.values()}
        self._free = [one for one in sink.accounts() if one.id not in taken]
        settled = {row["person"] for row in rows_of(target)}
        found = Mentions.of(target.archive).people()
        self._people = [one for one in found if one.name not in settled]
        self._evidence: list[Evidence] = []

    @property
    def people(self) -> Sequence[Person]:
        """Those who have no row yet."""
        return self._people

    def ask(self, source: Source, connections: int) -> None:
        """Have the source say whose the accounts' identifiers are: a request for each, so many at
        once."""
        from tracker_migrate.mappings.suggest import PROVEN, Evidence

        if not isinstance(source, KnowsIdentities):
            raise UsageError(f"{source.tracker} can't be asked whose an identifier is")
        wanted = {one.name for one in self._people}
        asked = [one for one in self._free if one.usable and one.identities]
        with ThreadPoolExecutor(connections) as pool:
            owners = list(pool.map(lambda one: _owner(source, one), asked))
        for one, owner in zip(asked, owners, strict=True):
            if owner is not None and name_of(owner) in wanted:
                self._evidence.append(
                    Evidence(
                        person=name_of(owner),
                        account=one.id,
                        score=PROVEN,
                        reason="the source knows this account's login or address as theirs",
                    )
                )

    def take(self, known: Iterable[Someone]) -> None:
        """Compare with a table that somebody kept."""
        from tracker_migrate.mappings.suggest import shared

        people = {one.name: one for one in self._people}
        ours = [one for one in known if one.person in people]
        addresses = {one.person: one.addresses for one in ours}
        self._evidence += shared(addresses, self._free, _SAME_ADDRESS)
        free = _Free(self._free)
        for one in ours:
            self._evidence += self._by_address(one)
            self._evidence += self._by_table(one, people[one.person], free)

    def _by_address(self, one: Someone) -> Iterator[Evidence]:
        from tracker_migrate.mappings.suggest import LOWEST, PROVEN, Evidence

        sink = self._target.sink
        if not isinstance(sink, FindsByAddress) or not one.addresses:
            return
        held = sink.with_addresses(sorted(one.addresses))
        score = PROVEN if len(held) == 1 else LOWEST
        for account in held:
            yield Evidence(person=one.person, account=account, score=score, reason=_SAME_ADDRESS)

    def _by_table(self, one: Someone, person: Person, free: _Free) -> Iterator[Evidence]:
        """An account that the table names; a user name of another tracker's need not be theirs
        here: their full names tell."""
        from tracker_migrate.mappings.suggest import Evidence, alike

        names = [name for name in (person.display_name, one.full_name) if name]
        for account in free.of_login(one.logins):
            same = any(alike(name, account.full_name) for name in names)
            reason = "the table has this user name for them"
            reason += "" if same else ", and the full names differ"
            score = 0.97 if same else 0.75
            yield Evidence(person=one.person, account=account.id, score=score, reason=reason)
        for account in free.of_name(one.full_name):
            reason = "the full name that the table has for them"
            yield Evidence(person=one.person, account=account.id, score=0.85, reason=reason)
        if one.account:
            yield Evidence(person=one.person, account=one.account, score=0.98, reason=_SAID)

    def found(self) -> list[Suggestion]:
        """The best guess for each who has one."""
        from tracker_migrate.mappings.suggest import suggest

        return suggest(self._people, self._free, self._evidence)


class _Free:
    """Accounts, by user name and by full name."""

    def __init__(self, accounts: Iterable[Candidate]) -> None:
        from tracker_migrate.mappings.suggest import folded

        self._logins: dict[str, list[Candidate]] = defaultdict(list)
        self._names: dict[str, list[Candidate]] = defaultdict(list)
        for one in accounts:
            self._logins[one.login.casefold()].append(one)
            self._names[folded(one.full_name)].append(one)

    def of_login(self, logins: Iterable[str]) -> Iterator[Candidate]:
        """Those who log in so."""
        for login in {one.casefold() for one in logins} - {""}:
            yield from self._logins.get(login, ())

    def of_name(self, name: str) -> Iterator[Candidate]:
        """Those of just this full name."""
        from tracker_migrate.mappings.suggest import folded

        yield from self._names.get(folded(name), ()) if folded(name) else ()


def _owner(source: KnowsIdentities, one: Candidate) -> Key | None:
    """The first whom the source names; an OpenID identifier is nobody else's, so it comes first."""
    for identity in sorted(one.identities, key=lambda said: "://" not in said):
        owner = source.who_has(identity)
        if owner is not None:
            return owner
    return None


def write(path: Path, target: str, found: Sequence[Suggestion], people: Iterable[Person]) -> None:
    """Add a row with the state `suggested` for each, with what makes a name a person: its date.
    Nothing is taken from such a row before somebody makes it `verified`."""
    held = sheet.read(path, table.COLUMNS)
    created = {one.name: one.created for one in people}
    for one in found:
        when = created.get(one.person)
        row = {
            "person": one.person,
            "target": target,
            "account": one.candidate.id,
            "name": one.candidate.login or one.candidate.full_name,
            "state": "suggested",
            "created": when.date().isoformat() if when else "",
            "note": f"{one.score:.2f} {one.reason}",
        }
        held.add(row, ("person", "target"))
    sheet.save(path, held.text)


def told(found: Iterable[Suggestion]) -> list[dict[str, object]]:
    """Suggestions as JSON values. What an account is known by besides its names is not among
    them."""
    return [
        {
            "person": one.person,
            "account": one.candidate.id,
            "login": one.candidate.login,
            "full_name": one.candidate.full_name,
            "score": one.score,
            "reason": one.reason,
        }
        for one in found
    ]
