"""All tables of one target together: what a planner may ask."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tracker_migrate.digest import digest
from tracker_migrate.interfaces import CLOSED, Account, Audience, Place
from tracker_migrate.mappings import people, privacy, projects, states, tags
from tracker_migrate.mappings.circles import Circles
from tracker_migrate.mappings.readers import Doors, Readers
from tracker_migrate.mappings.table import Mistakes
from tracker_migrate.model import Issue, Key, Milestone, Person, Project, key, name_of, parts

Blocks = Callable[[str, str, Key], tuple[Any, ...]]
#: why an issue has to be closed at the target for all but the importer, or None
Closed = Callable[[Key], str | None]
#: what stands at the target of an issue, and in which object
Standing = Callable[[Key], Mapping[Key, Key]]


class Known(Protocol):
    """As much of an archive as decisions need."""

    def person(self, key: Key) -> Person | None:
        """What is known of a person."""
        ...

    def people(self, keys: Sequence[Key]) -> Iterator[Person]:
        """Those of these people of whom more than the name is known."""
        ...

    def milestone(self, key: Key) -> Milestone | None:
        """What is known of a milestone."""
        ...

    def project(self, key: Key) -> Project | None:
        """What is known of a project."""
        ...

    def issue(self, key: Key) -> Issue | None:
        """An issue that was read."""
        ...

    def public_tags(self) -> Mapping[str, int]:
        """How many public issues carry each tag."""
        ...

    def entities_version(self) -> str:
        """Changes when somebody or something was renamed."""
        ...


class Tables:
    """The tables of one target, as they stand in the workspace's `mappings/`. targets: the names
    of all, so that a row about another one is noticed."""

    def __init__(
        self,
        folder: Path,
        target: str,
        tracker: str,
        mistakes: Mistakes,
        targets: Collection[str] | None = None,
    ) -> None:
        self.states = states.load(folder / "states.toml", tracker, mistakes)
        self.people = people.load(folder / "people.csv", target, mistakes, targets)
        self.tags = tags.load(folder / "tags.csv", target, mistakes, targets)
        self.projects = projects.load(folder / "projects.csv", target, mistakes, targets)
        self.privacy = privacy.load(folder / "privacy.toml", target, mistakes, targets)


class TargetDecisions:
    """`interfaces.Decisions` of one target.

    blocks: turns a text into blocks (text, the issue's address, the issue's key). moves: whether an
    issue is or will be at the target. redact: hides e-mail addresses, or leaves a text as it is.
    closed: why an issue has to be closed at the target, whatever the tables say. standing: what of
    an issue stands there, and in which object.
    """

    def __init__(
        self,
        tables: Tables,
        known: Known,
        options: Mapping[str, Any],
        blocks: Blocks,
        moves: Callable[[Key], bool],
        redact: Callable[[str], str],
        closed: Closed = lambda _issue: None,
        standing: Standing = lambda _issue: {},
    ) -> None:
        self.tables = tables
        self.doors = Doors(tables.people)
        self.options = options
        self._known = known
        self._blocks = blocks
        self._moves = moves
        self._redact = redact
        self._closed = closed
        self._standing = standing
        self._circles = Circles(known.issue)
        self._tag_uses = dict(known.public_tags())
        self._people: dict[Key, Person | None] = {}
        self._milestones: dict[Key, Milestone | None] = {}
        #: accounts that nothing is written as, and why: see `abilities.WritesAsOthers`
        self.unspoken: Mapping[str, str] = {}
        self.source_writer = self._version()

    def _version(self) -> str:
        t = self.tables
        often = sorted((tag, min(n, 10) // 10) for tag, n in self._tag_uses.items())
        return digest(
            (
                t.states.rows,
                t.people.accounts,
                sorted(t.people.groups.items()),
                sorted(t.people.bots),
                t.tags,
                t.projects,
                t.privacy.actions,
                t.privacy.policies,
                dict(self.options),
                often,
                self._known.entities_version(),
                self._redact("somebody@example.com"),
            )
        )

    def state(self, table: str, word: str) -> str:
        """The target's word for the source's."""
        return self.tables.states.word(table, word)

    def account(self, person: Key | None) -> Account | None:
        """Somebody's account at the target, if one is verified."""
        return self.tables.people.accounts.get(name_of(person)) if person is not None else None

    def person(self, person: Key) -> Person | None:
        """What the archive knows of a person."""
        if person not in self._people:
            if len(self._people) > 5000:
                self._people.clear()
            self._people[person] = self._nameable(self._known.person(person))
        return self._people[person]

    def meet(self, people: Collection[Key]) -> None:
        """Ask for what is known of these people in one go, for they are about to be named."""
        if len(self._people) > 5000:
            self._people.clear()
        fresh = [one for one in people if one not in self._people]
        known = {one.key: one for one in self._known.people(fresh)}
        self._people.update((one, self._nameable(known.get(one))) for one in fresh)

    def _nameable(self, person: Person | None) -> Person | None:
        """A person as anybody may hear of them."""
        if person is None:
            return None
        if person.private:
            return _secret_team(person)
        name = self._redact(person.display_name)
        if name == person.display_name:
            return person
        return msgspec.structs.replace(person, display_name=name)

    def place(self, target: Key) -> Place:
        """What a project, series or package becomes: its row, its project's row, the default."""
        path = name_of(target)
        if path in self.tables.projects:
            return self.tables.projects[path]
        place = projects.default(target)
        project = self.tables.projects.get(path.split("/")[0])
        if project is not None and "/+source/" not in path:
            return Place(name=project.name, branch=place.branch, move=project.move)
        return place

    def milestone(self, milestone: Key) -> Milestone | None:
        """What the archive knows of a milestone."""
        if milestone not in self._milestones:
            self._milestones[milestone] = self._known.milestone(milestone)
        return self._milestones[milestone]

    def tag(self, name: str) -> str | None:
        """The tag's name at the target; None: only named in the text."""
        return self.tables.tags.get(name, name)

    def tag_uses(self, name: str) -> int:
        """How many public issues carry this tag."""
        return self._tag_uses.get(name, 0)

    def is_bot(self, person: Key | None) -> bool:
        """Whether people.csv says that somebody is a program."""
        return person is not None and name_of(person) in self.tables.people.bots

    def standing(self, issue: Key) -> Mapping[Key, Key]:
        """What stands of an issue already, and in which object, as the ledger knows it."""
        return self._standing(issue)

    def audience(self, issue: Issue) -> Audience:
        """Who may read an issue at the target; `refused` if that must not be written."""
        reason = self._closed(issue.key)
        if reason is not None:
            return privacy.closed_by(CLOSED, reason)
        return self.readers(issue).audience if issue.private else privacy.PUBLIC

    def readers(self, issue: Issue) -> Readers:
        """Who may read an issue that is not public, and who no more."""
        policy = self.tables.privacy.policy(issue.information_type)
        if not isinstance(policy, privacy.Policy):
            return Readers(audience=policy)
        named = self._named_by_itself(issue)
        if named is not None:
            return Readers(audience=privacy.closed_by(policy, named))
        return self.doors.readers(policy, issue.access)

    def _named_by_itself(self, issue: Issue) -> str | None:
        """Why the names that this issue brings to the target would tell something: projects are
        public there, and one that is private at the source must not become known by its bugs. Of a
        project that was never read nobody knows."""
        for task in issue.tasks:
            path = name_of(task.project)
            if path in self.tables.projects or not self.place(task.target).move:
                continue
            known = self._known.project(_pillar(task.project)) or self._known.project(task.project)
            if known is None or known.private:
                what = "private at the source" if known else "not among those that were read"
                return (
                    f"one of its projects is {what}, and its name would be public at the target: "
                    "give it a row in projects.csv"
                )
        return None

    def blocks(self, issue: Issue, text: str) -> tuple[Any, ...]:
        """A text of the source as blocks, with hidden addresses hidden."""
        return self._blocks(self._redact(text), issue.home, issue.key)

    def moves(self, issue: Key) -> bool:
        """Whether an issue is, or will be, at the target."""
        return self._moves(issue)

    def circular(self, issue: Key, on: Key) -> bool:
        """Whether a dependency is part of a circle."""
        return self._circles.holds(issue, on)


def _pillar(project: Key) -> Key:
    """The project or distribution that a project is, or that a package is of."""
    tracker, kind, name = parts(project)
    return key(tracker, kind, name.partition("/")[0])


def _secret_team(person: Person) -> Person:
    """A private team as anybody may hear of it: not even its name is told."""
    return Person(
        key=person.key,
        name="a private team",
        display_name="a private team",
        home="",
        is_team=True,
        private=True,
    )
