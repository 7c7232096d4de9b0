"""Who may read an issue at the target: what its policy says, held against who may at the source.

Nobody is let in at the target who could not read it at the source, unless a person has decided so
(`also`); nobody who could loses it unsaid: who has no account is listed, and decided on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from tracker_migrate.interfaces import Audience
from tracker_migrate.mappings.people import People
from tracker_migrate.mappings.privacy import Policy
from tracker_migrate.model import Access, Key, name_of

#: the accounts in each group of a target; None where the server does not tell
Members = Mapping[str, frozenset[str] | None]


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads one issue at the target. audience: refused if that can't be shown to be right.
    undecided: readers at the source that have no account, and of whom nobody said that they go
    without. less: all readers at the source that do not read it at the target; as long as the
    target was not asked whom its groups let in, those who surely don't."""

    audience: Audience
    undecided: tuple[Key, ...] = ()
    less: tuple[Key, ...] = ()


class Doors:
    """Lets in. people: who is who at the target. members: of its groups, None as long as the
    server was not asked. importer: the account that writes, which reads everything it writes."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._members: Members | None = None
        self._importer = ""

    def learn(self, members: Members, importer: str) -> None:
        """Take what the server says of its groups, and of who we are."""
        self._members, self._importer = members, importer

    def readers(self, policy: Policy, access: Access | None) -> Readers:
        """Who reads an issue of this access under a policy."""
        if access is None:
            return _refused(policy, "who may read it at the source was never asked: pull --full")
        if access.unreadable:
            return _refused(policy, access.unreadable)
        teams = [self._people.groups[name] for name in self._mapped(access)]
        accounts = {one: self._people.accounts.get(name_of(one)) for one in access.people}
        known = {account.id for account in accounts.values() if account is not None}
        groups = tuple(dict.fromkeys((*policy.groups, *(sorted(teams) if policy.own else ()))))
        audience = Audience(
            name=policy.name,
            users=tuple(sorted(known)) if policy.own else policy.users,
            groups=groups,
            space=policy.space,
        )
        inside = self._inside(audience, policy)
        maybe = self._members is None and bool(groups)  # whom a group lets in is not known yet
        reads = {
            one for one, account in accounts.items() if account and (maybe or account.id in inside)
        }
        held = {*groups} & {*teams}
        shut = [one for one in access.opaque if self._people.groups.get(name_of(one)) not in held]
        less = tuple(sorted(({*access.people} - reads) | {*shut}))
        undecided = tuple(
            one for one in less if not accounts.get(one) and not self._goes_without(one, policy)
        )
        reason = self._wrong(audience, policy, known | {*policy.also}, {*teams}, undecided)
        if reason:
            audience = msgspec.structs.replace(audience, refused=reason)
        return Readers(audience=audience, undecided=undecided, less=less)

    def _mapped(self, access: Access) -> Iterator[str]:
        """The names of teams of the source that are a group of the target."""
        for team in (*access.teams, *access.opaque):
            if name_of(team) in self._people.groups:
                yield name_of(team)

    def _goes_without(self, reader: Key, policy: Policy) -> bool:
        name = name_of(reader)
        return policy.everybody or name in policy.without or name in self._people.bots

    def _inside(self, audience: Audience, policy: Policy) -> set[str]:
        """The accounts that are let in, as far as that is known."""
        inside = {*audience.users, *policy.lets_in}
        for group in audience.groups:
            inside |= (self._members or {}).get(group) or frozenset()
        return inside

    def _wrong(
        self,
        audience: Audience,
        policy: Policy,
        allowed: set[str],
        teams: set[str],
        undecided: tuple[Key, ...],
    ) -> str:
        """Why nobody may write it under this policy, or nothing. Names nobody: it gets into
        reports."""
        if undecided:
            return (
                f"policy {policy.name}: {len(undecided)} of its readers have no account at the "
                "target, and nobody has decided that they go without: see tracker-migrate readers"
            )
        if self._members is None:
            return ""  # the target is asked before anything is written
        for group in (*audience.groups, *filter(None, [audience.space])):
            if group not in teams and self._members.get(group) is None and not policy.lets_in:
                return f"policy {policy.name}: whom {group} lets in can't be read: say lets_in"
        theirs = {m for group in teams for m in self._members.get(group) or ()}
        wider = self._inside(audience, policy) - allowed - theirs - {self._importer}
        if wider:
            return (
                f"policy {policy.name}: lets in {', '.join(sorted(wider))}, who may not read it at "
                "the source: take them out there, or name them under also"
            )
        return ""


def _refused(policy: Policy, reason: str) -> Readers:
    return Readers(audience=Audience(name=policy.name, refused=reason))
