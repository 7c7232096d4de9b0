"""A sink on a store of documents; implements `interfaces.Sink` and `abilities.TakesBack`.

A document's place follows from its key, so that every step may be sent again; it is ours if our
account made it, and nothing is written into another's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from tracker_migrate.abilities import Back, Part
from tracker_migrate.documents.planner import DocumentPlanner
from tracker_migrate.documents.store import Document, Documents
from tracker_migrate.errors import Gone, Refused, Taken
from tracker_migrate.interfaces import (
    Block,
    ClosedAction,
    ClosedStep,
    Decisions,
    Mine,
    Observed,
    Planner,
    Receipt,
    Ref,
    RemoteRef,
    Snapshot,
    Wanted,
    Watch,
)
from tracker_migrate.model import Key, name_of
from tracker_migrate.text import commonmark

_THEIRS = "somebody else made it"


class DocumentSink:
    """Writes to a store. account: whose documents are ours. settle_seconds, connections: see
    `interfaces.Sink`."""

    ordered = False
    watch: Watch | None = None
    undo_steps: tuple[str, ...] = ("issue.delete",)
    unminded: frozenset[str] = frozenset()

    def __init__(
        self,
        store: Documents,
        planner: DocumentPlanner,
        account: str,
        *,
        settle_seconds: float = 0.0,
        connections: int = 4,
    ) -> None:
        self.store, self.importer = store, account
        self.planner: Planner = planner
        self.tracker, self.address = planner.tracker, store.address
        self.settle_seconds, self.connections = settle_seconds, connections

    def check(self, decisions: Decisions) -> Mapping[str, str]:
        """What the store says of itself."""
        return self.store.check()

    def number(self, wanted: Wanted) -> int | None:
        """None: documents have names."""
        return None

    def claim(self, kind: str, count: int) -> Block:
        """Never asked for: no kind has numbers."""
        return Block(first=1, last=count)

    def lanes(self, step: ClosedStep) -> tuple[str, ...]:
        """One issue's steps go one at a time."""
        return (step.issue,)

    def mark(self, step: ClosedStep) -> dict[str, Any]:
        """Nothing: a place follows from what stands there."""
        return {}

    def resend_safe(self, step: ClosedStep) -> bool:
        """Writing the same into the same place does nothing; deleting is looked at first."""
        return all(action.op != "delete" for action in step.actions)

    def stored(self, step: ClosedStep) -> Mapping[Key, Mapping[str, Any]]:
        """Everything reads back as it was sent."""
        return {}

    # -- writing ----------------------------------------------------------------------------------

    def send(self, step: ClosedStep) -> Receipt:
        """Write each document; Taken if somebody else's stands in its place."""
        for action in step.actions:
            there = self._own(step.issue, action.key)
            if action.op == "create":
                self.store.put(self._made(step.issue, action))
            elif there is None:
                self._gone()
            elif action.op == "delete":
                self._delete(step.issue)
            else:
                marker = action.marker or there.marker
                fields = {**there.fields, **action.fields}
                self.store.put(msgspec.structs.replace(there, fields=fields, marker=marker))
        return self._receipt(step)

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """Whether everything stands there as the step wanted it."""
        for action in step.actions:
            there = self._own(step.issue, action.key)
            if action.op == "delete":
                if there is not None:
                    return None
            elif there is None or not there.fields.items() >= action.fields.items():
                return None
        return self._receipt(step)

    def _own(self, issue: Key, of: Key) -> Document | None:
        there = self.store.get(issue, of)
        if there is not None and there.author != self.importer:
            raise Taken(_THEIRS)
        return there

    def _made(self, issue: Key, action: ClosedAction) -> Document:
        return Document(
            key=action.key,
            kind=action.kind,
            issue=issue,
            marker=action.marker,
            author=self.importer,
            fields=action.fields,
        )

    def _delete(self, issue: Key) -> None:
        """The comments first, so that what is left of a killed one is still an issue."""
        documents = sorted(self.store.of(issue), key=lambda one: one.kind == "issue")
        if any(one.author != self.importer for one in documents):
            raise Refused("other people's documents hang on it")
        for one in documents:
            self.store.drop(one)

    def _receipt(self, step: ClosedStep) -> Receipt:
        return Receipt(refs={one.key: self._at(one.key, step.issue) for one in step.actions})

    def _at(self, of: Key, issue: Key) -> RemoteRef:
        return RemoteRef(id=of, number=name_of(of), url=self.store.url(issue, of))

    @staticmethod
    def _gone() -> NoReturn:
        raise Gone("the document is not there any more")

    # -- reading ----------------------------------------------------------------------------------

    def read(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> Snapshot:
        """The documents of an issue. What another account made is foreign."""
        issue = next((of for of, (kind, _at) in refs.items() if kind == "issue"), None)
        if issue is None or self.store.get(issue, issue) is None:
            self._gone()
        objects: dict[Key, Observed] = {}
        ours: dict[Key, RemoteRef] = {}
        foreign = 0
        for one in self.store.of(issue):
            at = self._at(one.key, issue)
            if one.key in refs:
                objects[one.key] = Observed(at=at, fields=one.fields)
            elif one.author == self.importer:
                ours[one.key] = at
            else:
                foreign += 1
        return Snapshot(objects=objects, ours=ours, foreign=foreign)

    def lookup(self, wanted: Sequence[Wanted]) -> Mapping[Key, RemoteRef]:
        """Those that stand in their places, and are ours."""
        found = {}
        for one in wanted:
            there = self.store.get(one.issue, one.key)
            if there is not None and (there.author, there.marker) == (self.importer, one.marker):
                found[one.key] = self._at(one.key, one.issue)
        return found

    def made(self) -> Iterator[Mine]:
        """Every issue of ours."""
        for issue in self.store.issues():
            there = self.store.get(issue, issue)
            if there is not None and there.author == self.importer:
                at = self._at(issue, issue)
                yield Mine(kinds=("issue",), at=at, made=True, marker=there.marker)

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str] | None]:
        """A store knows no groups."""
        return dict.fromkeys(groups)

    def readable_by_outsider(
        self,
        refs: Mapping[Key, tuple[str, RemoteRef]],
        *,
        withheld: Collection[str] = (),
        thorough: bool = False,
    ) -> list[Key]:
        """What belongs to an issue that is open."""
        opened: set[Key] = set()
        for issue in {of for of, (kind, _at) in refs.items() if kind == "issue"}:
            there = self.store.get(issue, issue)
            if there is not None and there.open:
                opened |= {one.key for one in self.store.of(issue)}
        return [of for of in refs if of in opened]

    def link(self, ref: Ref, at: RemoteRef | None) -> str:
        """A reference in Markdown: to the document, where it has an address."""
        there = at.url if at is not None else ""
        return commonmark.link(ref.label, self.store.href(there) if there else ref.home)

    def close(self) -> None:
        """The store is told that all is written for now."""
        self.store.close()

    # -- taking back ------------------------------------------------------------------------------

    def worked_on(self, issue: Key, parts: Mapping[Key, Part]) -> str:
        """Whether anybody else has put a document there."""
        made = {one.author for one in self.store.of(issue)}
        return _THEIRS if made - {self.importer} else ""

    def backs(self, parts: Mapping[Key, Part], decisions: Decisions) -> Sequence[Back]:
        """The issue goes, with its comments."""
        takes = tuple(of for of, one in parts.items() if one.kind != "issue")
        return [
            Back(key=of, op="delete", takes=takes)
            for of, one in parts.items()
            if one.kind == "issue"
        ]

    def advice(self, left: Sequence[Part]) -> Sequence[str]:
        """Nothing stays."""
        return []
