"""Who may read what is not public, as Launchpad's sharing service says (facts 12).

A private issue may be read by those with whom its projects share all of its information type (ALL),
and by those who were given a share of it alone (SOME: who filed it, its subscribers, whom somebody
let in). A team lets in all its members; those who can't log in, suspended or deactivated ones, read
nothing. Launchpad's administrators may read every bug, though no blueprint that is not shared with
them (404, seen on a running server), and are not named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tracker_migrate.backends.launchpad.answers import Denied, NotSeen
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.listing import Names, rows
from tracker_migrate.backends.launchpad.once import NotTold, Once
from tracker_migrate.backends.launchpad.reading import understood
from tracker_migrate.backends.launchpad.wire import TRACKER, Entry, below
from tracker_migrate.errors import ObjectError
from tracker_migrate.model import Access, Issue, Key, key, name_of

#: what the service calls the information types
TYPES = {
    "Private": "USERDATA",
    "Private Security": "PRIVATESECURITY",
    "Proprietary": "PROPRIETARY",
    "Embargoed": "EMBARGOED",
}
_SERVICE = "+services/sharing"
_SHARES = {"bug": "getSharedBugs", "blueprint": "getSharedSpecifications"}
_LEVELS = frozenset({"ALL", "SOME", "NOTHING"})
_PAGE = 300  # the most that Launchpad gives (facts 2); fewer when it has not the time


class Grantee(NamedTuple):
    """Somebody whom a project lets in. permissions: ALL or SOME, by the service's types. active:
    whether there is anybody to log in."""

    name: str
    active: bool
    is_team: bool
    permissions: dict[str, str]


class Share(NamedTuple):
    """What somebody was given of a project's issues of a kind, one by one."""

    kind: str
    pillar: str
    name: str


class Sharing:
    """Answers from the sharing service of one Launchpad; any number of threads may ask.

    Everything is asked for when it is first needed, and once until `forget`, so that the number of
    requests does not grow with the issues. It is: one for each project or distribution; one for
    each of its grantees who has no more than SOME of an information type that we met there, for
    bugs and for blueprints (and one for each 300 issues more that he was given); one for each team
    that may read something (and for each 300 members more). Where we may not ask, it is one.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.forget()

    def forget(self) -> None:
        """Ask anew from now on."""
        self._grantees = Once(self._ask_grantees)
        self._shares = Once(self._ask_share)
        self._members = Once(self._ask_members)

    def silent(self, pillar: str) -> str:
        """Why the service tells nothing of a project or distribution; empty if it does.

        Raises LoginNeeded, Unreachable.
        """
        try:
            self._grantees(pillar)
        except (NotTold, ObjectError) as error:
            return str(error)
        except (KeyError, TypeError, ValueError, AttributeError):
            return f"the sharing of {pillar} is not what Launchpad sends"
        return ""

    def access(self, issue: Issue) -> Access:
        """Who may read an issue that is not public; `unreadable` if the service does not tell.

        Raises Refused if the answers can't be understood, Retriable, LoginNeeded, Unreachable.
        """

        def told() -> Access:
            return self._with_members(self._readers(issue))

        try:
            said: Access = understood("who may read it", told)
        except NotTold as error:
            return Access(unreadable=str(error))
        return said

    def _readers(self, issue: Issue) -> Collection[Grantee]:
        """Everybody whom a project of the issue lets in, teams as such; each once."""
        what = TYPES.get(issue.information_type)
        pillars = sorted({pillar_of(task.target) for task in issue.tasks})
        if what is None or not pillars:
            raise NotTold("its information type is none that Launchpad shares")
        lets_in = self._grantees.answers(pillars)
        found = {
            one.name: one
            for grantees in lets_in.values()
            for one in grantees
            if one.permissions.get(what) == "ALL"
        }
        some = {
            Share(issue.kind, pillar, one.name): one
            for pillar, grantees in lets_in.items()
            for one in grantees
            if one.permissions.get(what) == "SOME" and one.name not in found
        }
        for share, names in self._shares.answers(some).items():
            if issue.name in names:
                found[share.name] = some[share]
        return found.values()

    def _with_members(self, readers: Collection[Grantee]) -> Access:
        people = {one.name for one in readers if not one.is_team}
        members = self._members.answers(one.name for one in readers if one.is_team)
        opaque = {team for team, inside in members.items() if inside is None}
        for inside in members.values():
            people |= inside or frozenset()
        return Access(
            people=_keys(people), teams=_keys(members.keys() - opaque), opaque=_keys(opaque)
        )

    # -- requests -------------------------------------------------------------------------------

    def _ask_grantees(self, pillar: str) -> tuple[Grantee, ...]:
        asked = self._asked("getPillarGranteeData", pillar)
        try:
            said = self._client.value(f"{_SERVICE}?{urlencode(asked)}")
        except (Denied, NotSeen) as error:
            raise NotTold(_why(pillar, error)) from None
        # with nobody to name it says null [S]
        found = (self._grantee(row) for row in ([] if said is None else said))
        return tuple(one for one in found if one.active)

    def _grantee(self, row: Entry) -> Grantee:
        name = below(row["self_link"]).removeprefix("~")
        permissions = dict(row["permissions"])
        if not _LEVELS.issuperset(permissions.values()):
            raise ValueError("a permission that nobody has heard of")
        return Grantee(name, *self._who(name, row["sprite_css"]), permissions)

    def _who(self, name: str, sprite: str | None) -> tuple[bool, bool]:
        """(active, is a team), by the picture that the service names (`sprite person`, `sprite
        person-inactive`, `sprite team private`): it says it in no other way, and a request each
        would say it."""
        words = (sprite or "").split()
        if "team" in words or "person" in words:
            return True, "team" in words
        if "person-inactive" in words:
            return False, False
        row = self._client.entry(f"~{name}").value
        return row["is_valid"] is not False, bool(row["is_team"])

    def _ask_share(self, share: Share) -> frozenset[str]:
        asked = self._asked(_SHARES[share.kind], share.pillar)
        person = ("person", self._client.address(f"~{share.name}"))
        listed = self._rows(_SERVICE, [*asked, person], _issue_name)
        try:
            return frozenset(_issue_name(row) for row in listed)
        except (Denied, NotSeen) as error:
            raise NotTold(_why(share.pillar, error)) from None

    def _ask_members(self, team: str) -> frozenset[str] | None:
        """Everybody in a team, directly or through other teams, who can log in (Launchpad names
        the suspended ones, too: seen on a running server); None if that is not for us: of a
        private team the project's owner learns the name alone (facts 12)."""
        try:
            listed = list(self._rows(f"~{team}/participants", [], _person_name))
        except (Denied, NotSeen):
            return None
        people = (row for row in listed if not row["is_team"] and row["is_valid"] is not False)
        return frozenset(map(_person_name, people))

    def _asked(self, operation: str, pillar: str) -> list[tuple[str, str]]:
        return [("ws.op", operation), ("pillar", self._client.address(pillar))]

    def _rows(self, path: str, asked: list[tuple[str, str]], name: Any) -> Iterator[Entry]:
        return rows(self._client, path, [*asked, ("ws.size", str(_PAGE))], name, Names())


def pillar_of(target: Key) -> str:
    """The project or distribution that a task belongs to: also of series and packages."""
    return name_of(target).partition("/")[0]


def _why(pillar: str, error: Denied | NotSeen) -> str:
    said = f"the sharing of {pillar} can't be read: "
    if error.status == 401:
        # the service asks for the right to change it, so a login that may only read has none [S]
        return (
            f"{said}only its owner, its driver, and administrators of Launchpad may, with a login "
            "that may also write"
        )
    return f"{said}not all of it is to be seen by this login"


def _keys(names: Collection[str]) -> tuple[Key, ...]:
    return tuple(sorted(key(TRACKER, "person", name) for name in names))


def _issue_name(row: Entry) -> str:
    """Of a bug's task or of a blueprint, as `Issue.name` has it."""
    link = row.get("bug_link")
    return below(row["self_link"]) if link is None else below(link).removeprefix("bugs/")


def _person_name(row: Entry) -> str:
    return below(row["self_link"]).removeprefix("~")
