"""Whether the policies of privacy.toml let in the right people, as far as the server tells.

A project made as Phorge proposes it lets every account join, and who joins reads (tried on a
server: a stranger joined, and read a closed task in the next call).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tracker_migrate.backends.maniphest import access
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import ProjectRow
from tracker_migrate.interfaces import Audience

_EVERYBODY = frozenset({"public", "users"})
_PROJECT = "PHID-PROJ-"


class PolicyCheck:
    """Looks at policies. outsiders: accounts that must not be let in by any of them."""

    def __init__(self, server: Server, finder: Finder, outsiders: Sequence[Conduit]) -> None:
        self._server = server
        self._finder = finder
        self._outsiders = outsiders

    def mistakes(self, policies: Mapping[str, Audience]) -> Iterator[str]:
        """Everything that is wrong, a line for each."""
        for name, audience in sorted(policies.items()):
            if why := access.refusal(audience):
                yield f"privacy.toml: {why}"
                continue
            for wrong in self._wrong(audience.groups[0], audience.space):
                yield f"privacy.toml: policy {name!r}: {wrong}"

    def _wrong(self, group: str, space: str) -> Iterator[str]:
        if group.startswith(_PROJECT):
            yield from self._project(group)
        elif self._server.client.shut_out({"view": group, "edit": group}):
            yield f"there is no {group}, or it does not let {self._server.facts.name} in: add it"
        if space and "space" in self._server.client.shut_out({"space": space}):
            yield (
                f"the Space {space} does not exist, is archived, or is closed to"
                f" {self._server.facts.name}"
            )
        for number, outsider in enumerate(self._outsiders, 1):
            if self._lets_in(outsider, group, space):
                yield f"it lets in the outsider whose token was given (number {number})"

    def _lets_in(self, outsider: Conduit, group: str, space: str) -> bool:
        """Whether an account satisfies a policy: of a project its members tell; of a custom policy
        or a Space only an edit that can't be carried out."""
        if group.startswith(_PROJECT) and not space:
            return outsider.read("user.whoami")["phid"] in (
                self._finder.members([group])[group] or ()
            )
        return not outsider.shut_out({"view": group, **({"space": space} if space else {})})

    def _project(self, phid: str) -> Iterator[str]:
        row = self._finder.project_by_phid(phid)
        if row is None:
            yield f"there is no project {phid}, or {self._server.facts.name} may not see it"
            return
        if row.fields.get("milestone") is not None:
            yield f"{phid} is a milestone, and its members are its project's: name that"
        elif self._finder.has_subprojects(phid):
            yield f"the project {phid} has subprojects, and so no members of its own: name another"
        elif self._server.facts.me not in (self._finder.members([phid])[phid] or ()):
            yield f"{self._server.facts.name} is no member of the project {phid}: add it there"
        if open_to := self._open(row, set()):
            yield (
                f"anybody can make themselves a member of the project {phid} ({open_to}): set its"
                ' "Joinable By" and "Editable By" to its members, or to no one'
            )

    def _open(self, row: ProjectRow, seen: set[str]) -> str:
        """Through which policy everybody can become a member, or nothing. Who may edit a project
        may always join it; and so may the members of a project that its policies name."""
        seen.add(row.phid)
        for name in ("join", "edit"):
            policy = str(row.fields["policy"][name])
            if policy in _EVERYBODY:
                return f"its {name} policy is {policy!r}"
            if policy.startswith(_PROJECT) and policy not in seen:
                other = self._finder.project_by_phid(policy)
                if other is not None and self._open(other, seen):
                    return f"its {name} policy names the project {policy}, which all can join"
        return ""
