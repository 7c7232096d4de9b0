"""Decisions, issues and a little engine for the tests of the Maniphest sink."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tracker_migrate.engine.close import Closer
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import (
    Account,
    Action,
    Audience,
    ClosedStep,
    Place,
    Receipt,
    RemoteRef,
    Sink,
    Step,
    Wanted,
)
from tracker_migrate.model import (
    Attachment,
    Comment,
    Issue,
    Key,
    Milestone,
    Person,
    Relation,
    Task,
    key,
    name_of,
)
from tracker_migrate.text.blocks import Paragraph

WEB = "https://bugs.example"
MADE = datetime(2014, 5, 6, 7, 8, 9, tzinfo=UTC)
PUBLIC = Audience(name="public")

STATES: dict[str, dict[str, str]] = {
    "status": {
        "New": "open",
        "Triaged": "open",
        "Fix Released": "resolved",
        "Invalid": "invalid",
        "Won't Fix": "wontfix",
        "Duplicate": "duplicate",
    },
    "importance": {"High": "high", "Undecided": "triage", "Low": "low", "Wishlist": "wish"},
    "blueprint": {"Implemented": "resolved", "Started": "open", "Not started": "open",
                  "Informational": "resolved"},
    "definition": {"Obsolete": "invalid", "Approved": ""},
    "work_item": {"DONE": "resolved", "INPROGRESS": "open", "POSTPONED": "invalid",
                  "TODO": "open", "BLOCKED": "open"},
}  # fmt: skip


class Told:
    """Decisions that a test writes down."""

    source_writer = "1"

    def __init__(self, **options: Any) -> None:
        self.options: Mapping[str, Any] = options
        self.accounts: dict[Key, Account] = {}
        self.people: dict[Key, Person] = {}
        self.places: dict[Key, Place] = {}
        self.milestones: dict[Key, Milestone] = {}
        self.tag_names: dict[str, str | None] = {}
        self.uses: dict[str, int] = {}
        self.shown_to = PUBLIC
        self.moving: set[Key] = set()
        self.circles: set[Key] = set()
        self.bots: set[Key | None] = set()
        self.there: dict[Key, Key] = {}

    def state(self, table: str, word: str) -> str:
        """The target's word."""
        if word not in STATES[table]:
            raise UsageError(f"no row {word}")
        return STATES[table][word]

    def account(self, person: Key | None) -> Account | None:
        """Somebody's account."""
        return self.accounts.get(person) if person else None

    def person(self, person: Key) -> Person | None:
        """Somebody."""
        return self.people.get(person)

    def place(self, target: Key) -> Place:
        """A project by its name; what stands after a slash is a branch."""
        if target in self.places:
            return self.places[target]
        name, _, series = name_of(target).partition("/")
        return Place(name=name, branch=series or None)

    def milestone(self, milestone: Key) -> Milestone | None:
        """A milestone."""
        return self.milestones.get(milestone)

    def tag(self, name: str) -> str | None:
        """The tag itself, unless the test says otherwise."""
        return self.tag_names.get(name, name)

    def tag_uses(self, name: str) -> int:
        """How often a tag stands."""
        return self.uses.get(name, 0)

    def is_bot(self, person: Key | None) -> bool:
        """Whether it is one of the bots."""
        return person in self.bots

    def standing(self, issue: Key) -> Mapping[Key, Key]:
        """What stands there."""
        return self.there

    def audience(self, issue: Issue) -> Audience:
        """Who may read."""
        return self.shown_to

    def blocks(self, issue: Issue, text: str) -> tuple[Any, ...]:
        """One paragraph."""
        return (Paragraph(tuple((line,) for line in text.split("\n"))),) if text else ()

    def moves(self, issue: Key) -> bool:
        """Whether it comes too."""
        return issue in self.moving

    def circular(self, issue: Key, on: Key) -> bool:
        """Whether they are said to depend on one another."""
        return on in self.circles


def task(bug: int, where: str, **more: Any) -> Task:
    """A task of a bug: `nova`, `nova/kilo`."""
    project, _, series = where.partition("/")
    values: dict[str, Any] = {
        "key": key("launchpad", "task", f"{bug}@{where}"),
        "target": key("launchpad", "series" if series else "project", where),
        "target_name": where,
        "project": key("launchpad", "project", project),
        "series": key("launchpad", "series", where) if series else None,
        "home": f"{WEB}/{where}/+bug/{bug}",
        "status": "New",
        "importance": "Undecided",
    }
    return Task(**{**values, **more})


def comment(bug: int, index: int, text: str, **more: Any) -> Comment:
    """A comment of a bug."""
    values: dict[str, Any] = {
        "key": key("launchpad", "comment", f"{bug}/{index}"),
        "index": index,
        "home": f"{WEB}/bugs/{bug}/comments/{index}",
        "text": text,
        "author": key("launchpad", "person", "jdoe"),
        "created": MADE,
    }
    return Comment(**{**values, **more})


def bug(number: int = 7, **more: Any) -> Issue:
    """A bug with one task of nova."""
    values: dict[str, Any] = {
        "key": key("launchpad", "bug", number),
        "kind": "bug",
        "name": str(number),
        "title": f"Instance {number} is stuck",
        "home": f"{WEB}/bugs/{number}",
        "description": f"It happens, number {number}.",
        "author": key("launchpad", "person", "jdoe"),
        "created": MADE,
        "tasks": (task(number, "nova"),),
    }
    return Issue(**{**values, **more})


def attachment(number: int, index: int | None) -> Attachment:
    """A file of a bug."""
    return Attachment(
        key=key("launchpad", "attachment", f"{number}/45"),
        title="nova.log",
        home=f"{WEB}/bugs/{number}/+attachment/45",
        comment=index,
    )


def duplicate_of(number: int) -> Relation:
    """That a bug is a duplicate of another."""
    return Relation(
        kind="duplicate_of",
        label=f"LP #{number}",
        url=f"{WEB}/bugs/{number}",
        to=key("launchpad", "bug", number),
    )


def depends_on(number: int) -> Relation:
    """That something else comes first."""
    return Relation(
        kind="depends_on",
        label=f"LP #{number}",
        url=f"{WEB}/bugs/{number}",
        to=key("launchpad", "bug", number),
    )


class Places:
    """Where things are: a ledger in memory."""

    def __init__(self) -> None:
        self.refs: dict[Key, tuple[str, RemoteRef]] = {}
        self.fields: dict[Key, dict[str, Any]] = {}

    def where(self, to: Key) -> RemoteRef | None:
        """The place of an object."""
        return self.refs[to][1] if to in self.refs else None


class Mover:
    """As much of an engine as a test needs: plans, closes, sends; settles nothing by itself."""

    def __init__(self, sink: Sink, decisions: Told) -> None:
        self.sink = sink
        self.decisions = decisions
        self.places = Places()
        self.closer = Closer(self.places, sink.link, decisions.moves, "sealed {}".format)

    def actions(self, issue: Issue) -> list[Action]:
        """Creates of what is not there yet."""
        return [
            Action(op="create", wanted=one, fields=tuple(one.fields))
            for one in self.sink.planner.wanted(issue, self.decisions)
            if one.key not in self.places.refs
        ]

    def steps(self, issue: Issue) -> list[Step]:
        """The steps of those."""
        return list(self.sink.planner.compose(self.actions(issue)))

    def close(self, step: Step, issue: Issue) -> ClosedStep:
        """A step that can be sent."""
        return self.closer.step(step, issue.key, {})

    def note(self, closed: ClosedStep, receipt: Receipt) -> None:
        """Keep what a receipt says."""
        for action in closed.actions:
            self.places.refs[action.key] = (action.kind, receipt.refs[action.key])
            kept = self.places.fields.setdefault(action.key, {})
            kept.update(action.fields)
            kept.update(receipt.stored.get(action.key, {}))

    def move(self, issue: Issue, *kinds: str) -> list[ClosedStep]:
        """Send all steps of an issue (or those of some kinds), once each."""
        done = []
        for step in self.steps(issue):
            if kinds and step.kind not in kinds:
                continue
            closed = self.close(step, issue)
            self.note(closed, self.sink.send(closed))
            done.append(closed)
        return done

    def update(self, issue: Issue, one: Wanted, *fields: str) -> Action:
        """A change of some fields of what is there."""
        return Action(op="update", wanted=one, fields=fields, at=self.places.where(one.key))

    def own(self, issue: Issue) -> dict[Key, tuple[str, RemoteRef]]:
        """What the ledger names of an issue, without the shared objects."""
        mine = {one.key for one in self.sink.planner.wanted(issue, self.decisions)}
        return {
            one: at
            for one, at in self.places.refs.items()
            if one in mine and at[0] not in ("project", "milestone")
        }


def by_kind(wanted: Iterable[Wanted], kind: str) -> list[Wanted]:
    """Those of one kind."""
    return [one for one in wanted if one.kind == kind]
