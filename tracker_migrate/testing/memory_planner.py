"""What a memory server should hold of an issue: one card, a note for each comment.

`ours`: all numbers are chosen by us, notes can be edited, each object has a request of its own.
`theirs`: the server chooses, notes stay as they are posted, and one fill carries several notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tracker_migrate.abilities import Note
from tracker_migrate.interfaces import (
    Action,
    Audience,
    Decisions,
    Kind,
    Loss,
    Pointer,
    Ref,
    Step,
    Text,
    Wanted,
)
from tracker_migrate.model import (
    PARTS,
    Comment,
    Issue,
    Key,
    Relation,
    key,
    name_of,
    parts,
    present_fields,
)
from tracker_migrate.testing import memory_notes
from tracker_migrate.testing.memory_source import home
from tracker_migrate.text.characters import visible

Numbers = Literal["ours", "theirs"]

_REFERENCE = re.compile(r"#(\d+)")
#: a fill carries at most so many notes
FILL = 3
_WHO_READS = ("audience", "readers")
_NATIVE = frozenset(
    {"title", "description", "tags", "task.project", "task.complete", "comment.text"}
)
_TEXT = frozenset({"home", "author", "created"})


class MemoryPlanner:
    """Says what it wants at a memory server."""

    tracker = "memory"
    version = 1
    issue_kind = "card"
    fields = memory_notes.FIELDS

    def __init__(self, numbers: Numbers = "ours") -> None:
        ours = numbers == "ours"
        self.numbers = numbers
        self.kinds: Mapping[str, Kind] = {
            "project": Kind(name="project", phase=0, chosen=ours),
            "card": Kind(name="card", chosen=ours, private="own"),
            "note": Kind(name="note", phase=2, chosen=ours, editable=ours),
        }
        self.steps: tuple[str, ...] = ("project.create", "card.create", "card.update")
        self.steps += ("note.create", "note.update") if ours else ("fill",)

    def refusal(self, issue: Issue, decisions: Decisions) -> str | None:
        """Why this issue can't be written, or None."""
        if issue.tasks and not any(decisions.place(task.project).move for task in issue.tasks):
            return "none of its projects is moved"
        return decisions.audience(issue).refused or None

    def wanted(self, issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
        """The projects, the card, its notes."""
        audience = decisions.audience(issue)
        names = dict.fromkeys(decisions.place(task.project).name for task in issue.tasks)
        projects = {key("memory", "project", name): name for name in names}
        for of, name in projects.items():
            yield Wanted(key=of, kind="project", issue=of, fields={"name": name})
        yield Wanted(
            key=issue.key,
            kind="card",
            issue=issue.key,
            fields={
                "title": visible(issue.title),
                "text": _text(issue.key, f"{_origin(issue)}\n\n{issue.description}"),
                "tags": sorted(map(visible, issue.tags)),
                "state": "closed" if _is_closed(issue) else "open",
                "projects": tuple(Pointer(to=of) for of in projects),
                "blockers": tuple(
                    Pointer(to=to, required=False) for to in _blockers(issue) if decisions.moves(to)
                ),
                **self.access("card", audience),
            },
            audience=audience.name,
            marker=issue.home,
        )
        for comment in issue.comments:
            if _is_written(comment):
                yield Wanted(
                    key=comment.key,
                    kind="note",
                    issue=issue.key,
                    fields={
                        "card": Pointer(to=issue.key),
                        "text": _text(issue.key, f"{_origin(comment)}\n\n{comment.text}"),
                    },
                    audience=audience.name,
                    marker=comment.home,
                )

    def access(self, kind: str, audience: Audience) -> dict[str, Any]:
        """Who may read a card."""
        return {"audience": audience.name, "readers": list(audience.users)}

    def doubled(self, kind: str, beside: str, decisions: Decisions) -> dict[str, Any]:
        """A card is closed and says what it is; where the server chooses, a note stays as it is."""
        told = f"Doubled: see {beside}"
        return {"title": told, "text": told, "state": "closed"} if kind == "card" else {}

    def losses(self, issue: Issue, decisions: Decisions) -> Iterator[Loss]:
        """What becomes of every field that the issue fills."""
        bare = msgspec.structs.replace(issue, **dict.fromkeys(PARTS, ()))
        yield from (_loss(entity, field, issue) for entity, field in present_fields(bare))
        for name, entity in PARTS.items():
            for part in getattr(issue, name):
                alone = msgspec.structs.replace(bare, **{name: (part,)})
                for of, field in present_fields(alone):
                    if of == entity:
                        yield _loss(entity, field, part)

    def note(self, note: Note, issue: Issue, decisions: Decisions) -> Wanted:
        """See `abilities.KeepsBoth`."""
        return memory_notes.note(note, issue)

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        """What closes a card goes before everything else, what opens it after everything else."""
        first, rest, last = _by_audience(actions)
        yield from (self._alone(action) for action in first)
        yield from self._each(rest) if self.numbers == "ours" else self._filled(rest)
        yield from (self._alone(action) for action in last)

    def _each(self, actions: Sequence[Action]) -> Iterator[Step]:
        for action in actions:
            yield self._alone(action)

    def _filled(self, actions: Sequence[Action]) -> Iterator[Step]:
        notes = [action for action in actions if action.wanted.kind == "note"]
        for action in actions:
            if action.wanted.kind != "note":
                yield self._alone(action)
        for start in range(0, len(notes), FILL):
            yield Step(kind="fill", actions=tuple(notes[start : start + FILL]), phase=2)

    def _alone(self, action: Action) -> Step:
        kind = self.kinds[action.wanted.kind]
        return Step(kind=f"{kind.name}.{action.op}", actions=(action,), phase=kind.phase)


def _by_audience(actions: Sequence[Action]) -> tuple[list[Action], list[Action], list[Action]]:
    """Changes of who may read are taken out of the other changes of the same card."""
    first: list[Action] = []
    rest: list[Action] = []
    last: list[Action] = []
    for action in actions:
        moved = tuple(name for name in action.fields if name in _WHO_READS)
        if action.op == "create" or not moved:
            rest.append(action)
            continue
        into = last if action.wanted.audience == "public" else first
        into.append(msgspec.structs.replace(action, fields=moved))
        others = tuple(name for name in action.fields if name not in _WHO_READS)
        if others:
            rest.append(msgspec.structs.replace(action, fields=others))
    return first, rest, last


def _text(issue: Key, text: str) -> Text:
    """A text with its references open: `#12` names a bug of the same tracker."""
    tracker = parts(issue)[0]
    pieces: list[str | Ref] = []
    for index, piece in enumerate(_REFERENCE.split(visible(text))):
        if index % 2:
            to = key(tracker, "bug", piece)
            pieces.append(Ref(to=to, label=f"#{piece}", home=home(to)))
        elif piece:
            pieces.append(piece)
    return Text(parts=tuple(pieces))


def _origin(of: Issue | Comment) -> str:
    who = name_of(of.author) if of.author else "somebody"
    when = f", {of.created:%Y-%m-%d %H:%M:%S} UTC" if of.created else ""
    return f"From {of.home}, by {who}{when}"


def _blockers(issue: Issue) -> Iterator[Key]:
    for relation in issue.relations:
        if _is_blocker(relation) and relation.to is not None:
            yield relation.to


def _is_closed(issue: Issue) -> bool:
    return bool(issue.tasks) and all(task.complete for task in issue.tasks)


def _is_blocker(relation: Relation) -> bool:
    return relation.kind == "depends_on" and relation.to is not None


def _is_written(comment: Comment) -> bool:
    return bool(comment.text) and not comment.withheld and not comment.deleted


def _loss(entity: str, field: str, of: Any) -> Loss:
    if isinstance(of, Comment) and not _is_written(of):
        return Loss(entity=entity, field=field, outcome="lost", reason="it has no text to show")
    if isinstance(of, Relation) and _is_blocker(of) and field in ("kind", "to"):
        return Loss(entity=entity, field=field, outcome="native")
    names = {f"{entity}.{field}"} | ({field} if isinstance(of, Issue) else set())
    if names & _NATIVE:
        return Loss(entity=entity, field=field, outcome="native")
    if field in _TEXT and isinstance(of, Issue | Comment):
        return Loss(entity=entity, field=field, outcome="text")
    reason = "a memory server has no place for it"
    return Loss(entity=entity, field=field, outcome="lost", reason=reason)
