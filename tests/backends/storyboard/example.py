"""An issue, what people decided about it, and a small engine, for the tests of this folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from tracker_migrate.engine.authored import carrying
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import (
    Account,
    Action,
    Audience,
    ClosedAction,
    ClosedStep,
    Place,
    Pointer,
    Receipt,
    Ref,
    RemoteRef,
    Seal,
    Sink,
    Text,
    Wanted,
)
from tracker_migrate.model import (
    Attachment,
    Change,
    Comment,
    Issue,
    Key,
    Milestone,
    Person,
    Relation,
    Subscription,
    Task,
)
from tracker_migrate.text.blocks import Paragraph

WHEN = datetime(2014, 5, 6, 7, 8, 9, 654321, tzinfo=UTC)
PERSON = Key("launchpad:person:jdoe")
BUG = Key("launchpad:bug:1316547")
WEB = "https://bugs.launchpad.net"
PUBLIC = Audience(name="public")


def task(target: str = "nova", **changes: Any) -> Task:
    """A task of the bug, in a project or in one of its series."""
    project, _, series = target.partition("/")
    held: dict[str, Any] = {
        "key": Key(f"launchpad:task:1316547@{target}"),
        "target": Key(f"launchpad:{'series' if series else 'project'}:{target}"),
        "target_name": target,
        "project": Key(f"launchpad:project:{project}"),
        "series": Key(f"launchpad:series:{target}") if series else None,
        "home": f"{WEB}/{target}/+bug/1316547",
        "title": f'Bug #1316547 in {target}: "Instance stuck in BUILD"',
        "status": "Triaged",
        "importance": "High",
        "created": WHEN,
    }
    return Task(**(held | changes))


def comment(index: int, text: str = "I see it too.", **changes: Any) -> Comment:
    """A comment of the bug."""
    held: dict[str, Any] = {
        "key": Key(f"launchpad:comment:1316547/{index}"),
        "index": index,
        "home": f"{WEB}/nova/+bug/1316547/comments/{index}",
        "text": text,
        "subject": "Re: Instance stuck in BUILD",
        "author": PERSON,
        "created": WHEN,
    }
    return Comment(**(held | changes))


def bug(**changes: Any) -> Issue:
    """A bug with one task, and the comment that is its description."""
    held: dict[str, Any] = {
        "key": BUG,
        "kind": "bug",
        "name": "1316547",
        "title": "Instance stuck in BUILD",
        "home": f"{WEB}/bugs/1316547",
        "description": "It never gets up.",
        "author": PERSON,
        "created": WHEN,
        "tags": ("compute",),
        "tasks": (task(),),
        "comments": (comment(0, "It never  gets up."), comment(1)),
    }
    return Issue(**(held | changes))


def rich_bug(**changes: Any) -> Issue:
    """A bug that has something of everything."""
    held: dict[str, Any] = {
        "tags": ("compute", "secret-tag"),
        "tasks": (
            task(
                status="Fix Released",
                milestone=Key("launchpad:milestone:nova/+milestone/12.0.0"),
                assignee=PERSON,
                complete=True,
                dates={"date_triaged": WHEN},
                extra={"is_complete": True},
            ),
            task("nova/kilo", assignee=Key("launchpad:person:nobody")),
            task("elsewhere"),
        ),
        "comments": (
            comment(0, "It never gets up."),
            comment(1),
            comment(2, "", withheld="hidden"),
            comment(3, "", deleted=WHEN),
            comment(4, "", subject=""),
            comment(5, "", subject=""),
            comment(6, subject="Another thing", edited=WHEN, extra={"parent": "x"}),
        ),
        "attachments": (
            Attachment(
                key=Key("launchpad:attachment:1316547/9"),
                title="a log",
                home=f"{WEB}/bugs/1316547/+attachment/9",
                comment=5,
            ),
        ),
        "relations": (
            Relation(
                kind="duplicate_of",
                label="#7",
                url=f"{WEB}/bugs/7",
                to=Key("launchpad:bug:7"),
            ),
        ),
        "history": (Change(when=WHEN, what="status", old="New", new="Triaged", author=PERSON),),
        "subscriptions": (Subscription(person=PERSON, created=WHEN),),
        "extra": {"heat": 6},
        "updated": WHEN,
    }
    return bug(**(held | changes))


class Decided:
    """`interfaces.Decisions` for the tests; what is decided can be changed by attribute."""

    STATES: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "status": {"Triaged": "todo", "In Progress": "inprogress", "Fix Released": "merged"},
        "importance": {"High": "high", "Wishlist": "low", "Undefined": "medium"},
        "blueprint": {"Implemented": "merged", "Informational": "merged", "Unknown": "todo"},
        "definition": {"Obsolete": "invalid", "Approved": ""},
        "work_item": {
            "DONE": "merged",
            "INPROGRESS": "inprogress",
            "POSTPONED": "invalid",
            "TODO": "todo",
            "BLOCKED": "todo",
        },
    }

    def __init__(self, *, me: str = "2") -> None:
        self.options: Mapping[str, Any] = {}
        self.over = False  # whether no work goes on for any milestone
        self.source_writer = "x"
        self.accounts = {PERSON: Account(id=me, name="Jane Doe")}
        self.people = {
            PERSON: Person(
                key=PERSON, name="jdoe", display_name="Jane Doe", home="https://launchpad.net/~jdoe"
            )
        }
        self.places: dict[str, Place] = {"elsewhere": Place(name="elsewhere", move=False)}
        self.uses = {"compute": 3}
        self.dropped: frozenset[str] = frozenset()
        self.readers = PUBLIC
        self.bots: set[Key | None] = set()
        self.there: dict[Key, Key] = {}
        self.unspoken: Mapping[str, str] = {}

    def state(self, table: str, word: str) -> str:
        if word not in self.STATES[table]:
            raise UsageError(f"no row for {word}")
        return self.STATES[table][word]

    def account(self, person: Key | None) -> Account | None:
        return self.accounts.get(person) if person is not None else None

    def person(self, person: Key) -> Person | None:
        return self.people.get(person)

    def place(self, target: Key) -> Place:
        path = target.split(":", 2)[2]
        if path in self.places:
            return self.places[path]
        project, _, series = path.partition("/")
        return Place(name=project, branch=series or None)

    def milestone(self, milestone: Key) -> Milestone | None:
        return Milestone(
            key=milestone,
            project=Key("launchpad:project:nova"),
            name=milestone.rpartition("/")[2],
            title="",
            home="",
            active=not self.over,
        )

    def tag(self, name: str) -> str | None:
        return None if name in self.dropped else name

    def tag_uses(self, name: str) -> int:
        return self.uses.get(name, 0)

    def is_bot(self, person: Key | None) -> bool:
        return person in self.bots

    def standing(self, issue: Key) -> Mapping[Key, Key]:
        return self.there

    def audience(self, issue: Issue) -> Audience:
        return self.readers if issue.private else PUBLIC

    def blocks(self, issue: Issue, text: str) -> tuple[Any, ...]:
        return (Paragraph(((text,),)),) if text else ()

    def moves(self, issue: Key) -> bool:
        return False

    def circular(self, issue: Key, on: Key) -> bool:
        return False


class Run:
    """A small engine: gives numbers from blocks, closes references, sends, remembers."""

    def __init__(self, sink: Sink, decisions: Decided) -> None:
        self.sink = sink
        self.decisions = decisions
        self.refs: dict[Key, tuple[str, RemoteRef]] = {}
        self.sent: dict[Key, dict[str, Any]] = {}
        self._blocks: dict[str, Iterator[int]] = {}

    def write(self, issue: Issue) -> None:
        """Create the issue and all that it hangs on."""
        for step in self.steps(issue):
            self.send(step)

    def steps(self, issue: Issue) -> Iterator[ClosedStep]:
        """The steps that create what is not known yet, closed one by one."""
        wanted = [
            carrying(one, one.by)
            for one in self.sink.planner.wanted(issue, self.decisions)
            if one.key not in self.refs
        ]
        actions = [Action(op="create", wanted=one, fields=tuple(one.fields)) for one in wanted]
        for step in self.sink.planner.compose(actions):
            yield self.close(step.kind, step.actions[0])

    def update(self, wanted: Wanted, *fields: str) -> ClosedStep:
        """The step that sets some fields of what is known."""
        at = self.refs[wanted.key][1]
        action = Action(op="update", wanted=wanted, fields=fields, at=at)
        (step,) = self.sink.planner.compose([action])
        return self.close(step.kind, action)

    def send(self, step: ClosedStep) -> Receipt:
        """Send a step, and remember where its object is."""
        receipt = self.sink.send(step)
        (action,) = step.actions
        self.refs[action.key] = (action.kind, receipt.refs[action.key])
        self.sent[action.key] = action.fields | dict(receipt.stored.get(action.key, {}))
        return receipt

    def close(self, kind: str, action: Action) -> ClosedStep:
        """A step with its references put in."""
        wanted = action.wanted
        chosen = self.sink.planner.kinds[wanted.kind].chosen and action.op == "create"
        closed = ClosedAction(
            op=action.op,
            key=wanted.key,
            kind=wanted.kind,
            fields={name: self._value(wanted.fields[name]) for name in action.fields},
            at=action.at,
            number=self._number(wanted) if chosen else None,
            audience=wanted.audience,
            marker=wanted.marker,
            by=wanted.by if action.op == "create" else "",
        )
        return ClosedStep(kind=kind, issue=wanted.issue, actions=(closed,))

    def issue_refs(self) -> dict[Key, tuple[str, RemoteRef]]:
        """What the ledger knows, but for the shared objects."""
        kinds = self.sink.planner.kinds
        return {key: held for key, held in self.refs.items() if kinds[held[0]].phase != 0}

    def _number(self, wanted: Wanted) -> int:
        kept = self.sink.number(wanted)
        if kept is not None:
            return kept
        if wanted.kind not in self._blocks:
            block = self.sink.claim(wanted.kind, 50)
            self._blocks[wanted.kind] = iter(range(block.first, block.last + 1))
        return next(self._blocks[wanted.kind])

    def _value(self, value: Any) -> Any:
        if isinstance(value, Pointer):
            return self.refs[value.to][1].id
        if isinstance(value, Text):
            return "".join(
                self.sink.link(part, self.refs.get(part.to, (None, None))[1])
                if isinstance(part, Ref)
                else seal(part.of)
                if isinstance(part, Seal)
                else part
                if isinstance(part, str)
                else part.text
                for part in value.parts
            )
        return value


def seal(permalink: str) -> str:
    """The seal of a permalink, with a key of the tests' own."""
    return hashlib.sha256(f"the tests' key {permalink}".encode()).hexdigest()[:12]


def only(step: ClosedStep, **changes: Any) -> ClosedStep:
    """A step with its one action changed."""
    (action,) = step.actions
    return msgspec.structs.replace(step, actions=(msgspec.structs.replace(action, **changes),))


def of_kind(steps: Sequence[ClosedStep], kind: str) -> ClosedStep:
    """The first step of a kind."""
    return next(step for step in steps if step.kind == kind)
