"""Who at the source may be who at the target: a guess with a score and a reason, never a decision.

What speaks for two names being one person, the strongest first: an e-mail address or an OpenID
identifier that both have, an account that was made for this name, a table that somebody kept; the
same user name, the same full name, much the same full name. What speaks against it: another full
name under the same user name, several people or accounts of the same name or address, two people
who fit one account. A score above 0.9 says that a person has little to look at; the lower ones are
offered to be looked at. Addresses and identifiers are compared here, and written nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from rapidfuzz import fuzz, process

from tracker_migrate.interfaces import Candidate
from tracker_migrate.model import Person

#: what is less sure is not offered
LOWEST = 0.6
#: of what only one person can have
PROVEN = 0.99
_SURE = 0.9
#: a user name so short is anybody's
_SHORT = 4
_ALIKE, _NEARLY = 0.9, 0.86
_NO_NAME = re.compile(r"[^a-z0-9]+")


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A guess. person: the name at the source. score: from 0 to 1. reason: for who decides."""

    person: str
    candidate: Candidate
    score: float
    reason: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What says that somebody of the source has an account, besides their names. account: its id.
    score, reason: as a suggestion's."""

    person: str
    account: str
    score: float
    reason: str


def shared(
    identities: Mapping[str, Iterable[str]], candidates: Iterable[Candidate], reason: str
) -> Iterator[Evidence]:
    """Who has an identity that an account has, too. identities: of people of the source, by name:
    e-mail addresses, OpenID identifiers. What several people have (a list, a team's address) says
    nothing; what several accounts have, little."""
    owners: dict[str, set[str]] = defaultdict(set)
    for person, held in identities.items():
        for one in held:
            owners[_same(one)].add(person)
    accounts: dict[str, set[str]] = defaultdict(set)
    for candidate in candidates:
        for one in candidate.identities:
            accounts[_same(one)].add(candidate.id)
    for identity in sorted(owners.keys() & accounts.keys()):
        ours, theirs = owners[identity], accounts[identity]
        if len(ours) == 1:
            score = PROVEN if len(theirs) == 1 else LOWEST
            for account in sorted(theirs):
                yield Evidence(person=min(ours), account=account, score=score, reason=reason)


def suggest(
    people: Iterable[Person], candidates: Sequence[Candidate], evidence: Iterable[Evidence] = ()
) -> list[Suggestion]:
    """The best guess for each person who has one, by name. Teams, and people of whom nothing but a
    name is known because they are suspended, get none; an account is offered to one person only."""
    matcher = _Matcher([one for one in candidates if one.usable], evidence)
    somebody = [one for one in people if not one.is_team and not one.private]
    namesakes = Counter(folded(one.display_name) for one in somebody)
    found = [guess for one in somebody for guess in [matcher.best(one, namesakes)] if guess]
    return sorted(_one_each(found), key=lambda guess: guess.person)


class _Matcher:
    """Looks one person up among the accounts."""

    def __init__(self, candidates: Sequence[Candidate], evidence: Iterable[Evidence]) -> None:
        self._by_login: dict[str, list[Candidate]] = defaultdict(list)
        self._by_name: dict[str, list[Candidate]] = defaultdict(list)
        self._evidence: dict[str, list[Evidence]] = defaultdict(list)
        self._made_for: dict[str, list[Candidate]] = defaultdict(list)
        self._by_id = {one.id: one for one in candidates}
        for said in evidence:
            self._evidence[said.person].append(said)
        for one in candidates:
            if one.made_for:
                self._made_for[one.made_for].append(one)
            if one.login:
                self._by_login[_bare(one.login)].append(one)
            if name := folded(one.full_name):
                self._by_name[name].append(one)
        self._names = list(self._by_name)

    def best(self, person: Person, namesakes: Counter[str]) -> Suggestion | None:
        """The account that fits best, if one fits well enough."""
        guesses = [
            *self._of_evidence(person),
            *self._of_login(person),
            *self._of_name(person, namesakes),
        ]
        best = max(guesses, key=lambda guess: guess.score, default=None)
        return best if best is not None and best.score >= LOWEST else None

    def _of_evidence(self, person: Person) -> Iterator[Suggestion]:
        held = [one for one in self._evidence.get(person.name, ()) if one.account in self._by_id]
        held += [_made_for(person, one) for one in self._made_for.get(person.name, ())]
        proven = {one.account for one in held if one.score > _SURE}
        for one in held:
            score, reason = one.score, one.reason
            if len(proven) > 1 and one.account in proven:
                score, reason = min(score, 0.7), f"{reason}; as much speaks for another account"
            yield _suggestion(person, self._by_id[one.account], score, reason)

    def _of_login(self, person: Person) -> Iterator[Suggestion]:
        held = self._by_login.get(_bare(person.name), ())
        for one in held:
            score, reason = _by_login(person, one)
            if len(held) > 1:
                score, reason = min(score, 0.7), f"{reason}, and so have others"
            yield _suggestion(person, one, score, reason)

    def _of_name(self, person: Person, namesakes: Counter[str]) -> Iterator[Suggestion]:
        name = folded(person.display_name)
        if not name:
            return
        held = self._by_name.get(name)
        if held is not None:
            alone = len(held) == 1 and namesakes[name] == 1
            for one in held:
                yield _suggestion(person, one, *_by_name(person, one, name, alone))
            return
        if len(name.split()) < 2:
            return  # it says no more than a user name
        for other, score, _ in process.extract(
            name, self._names, scorer=fuzz.token_sort_ratio, score_cutoff=_NEARLY * 100, limit=3
        ):
            for one in self._by_name[other]:
                least = min(0.85, score / 100 - 0.05)
                yield _suggestion(person, one, least, "nearly the same full name")


def alike(one: str, other: str) -> bool:
    """Whether two full names are much the same."""
    ours, theirs = folded(one), folded(other)
    return bool(ours) and fuzz.token_sort_ratio(ours, theirs) / 100 >= _ALIKE


def _made_for(person: Person, one: Candidate) -> Evidence:
    """A name may have changed hands since: the full name has to agree."""
    same = alike(person.display_name, one.full_name)
    reason = "an earlier move made this account for that name"
    if not same:
        reason += ", but the full names differ"
    score = 0.97 if same else 0.8
    return Evidence(person=person.name, account=one.id, score=score, reason=reason)


def _same(identity: str) -> str:
    """One form of what a person can be known by. Launchpad's OpenID identifiers are the same under
    the names of both its login services (facts/storyboard.md 11)."""
    bare = identity.strip().casefold().rstrip("/")
    return bare.replace("https://login.launchpad.net/", "https://login.ubuntu.com/")


def _by_login(person: Person, one: Candidate) -> tuple[float, str]:
    ours, theirs = folded(person.display_name), folded(one.full_name)
    short = len(_bare(person.name)) < _SHORT
    if not ours or not theirs or _bare(ours) == _bare(person.name):
        return (0.65 if short else 0.85), "the same user name; no full name to compare"
    if alike(person.display_name, one.full_name):
        return 0.99, "the same user name and full name"
    if _part_of(ours, theirs):
        return (0.8 if short else 0.93), "the same user name, one full name in the other"
    return (0.3 if short else 0.6), "the same user name, but another full name"


def _by_name(person: Person, one: Candidate, name: str, alone: bool) -> tuple[float, str]:
    if not alone:
        return 0.6, "the same full name, as others have it"
    if len(name.split()) < 2:
        return 0.6, "the same full name, of one word"
    near = one.login and fuzz.ratio(_bare(person.name), _bare(one.login)) >= 60
    if near:
        return 0.9, "the same full name, and a user name like it"
    return 0.88, "the same full name"


def _one_each(found: Iterable[Suggestion]) -> Iterator[Suggestion]:
    """Of several people who fit one account the best keeps it, if it is clearly the best; else all
    of them are told to be doubtful."""
    by_account: dict[str, list[Suggestion]] = defaultdict(list)
    for guess in found:
        by_account[guess.candidate.id].append(guess)
    for guesses in by_account.values():
        guesses.sort(key=lambda guess: (-guess.score, guess.person))
        best, *others = guesses
        if not others or best.score - others[0].score >= 0.1:
            yield best
        else:
            names = ", ".join(one.person for one in guesses)
            yield msgspec.structs.replace(
                best, score=min(best.score, LOWEST), reason=f"fits several people: {names}"
            )


def _suggestion(person: Person, one: Candidate, score: float, reason: str) -> Suggestion:
    return Suggestion(person=person.name, candidate=one, score=round(score, 2), reason=reason)


def _part_of(one: str, other: str) -> bool:
    """Whether all words of the shorter full name are in the longer, and it has two at least."""
    short, long = sorted((set(one.split()), set(other.split())), key=len)
    return len(short) > 1 and short <= long


def folded(name: str) -> str:
    """A full name without accents, case, and signs; words in one order."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(sorted(letters.split()))


def _bare(name: str) -> str:
    """A user name without case and signs."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return _NO_NAME.sub("", "".join(c for c in plain if not unicodedata.combining(c)))
