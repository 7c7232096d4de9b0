"""What an issue becomes in a store of documents: one for itself, one for each comment. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from tracker_migrate.documents import texts
from tracker_migrate.interfaces import (
    IMPORTER,
    Action,
    Audience,
    Decisions,
    Kind,
    Loss,
    Pointer,
    Rule,
    Step,
    Value,
    Wanted,
)
from tracker_migrate.model import PARTS, Comment, Issue, present_fields
from tracker_migrate.text.details import SAID_BY_ORIGIN
from tracker_migrate.text.told import rules_of

Outcome = tuple[str, str]
NATIVE: Outcome = ("native", "")
TEXT: Outcome = ("text", "")
NO_FILES = "the documents hold no files: the address of each stands in the text"

#: what the documents have a field for
_NATIVE = frozenset(
    {
        *(
            f"{kind}.{field}"
            for kind in ("bug", "blueprint")
            for field in ("kind", "title", "description", "tags", "created", "private", "access")
        ),
        "comment.index",
        "comment.text",
        "comment.created",
    }
)


class DocumentPlanner:
    """Says what an issue becomes in a store of documents; implements `interfaces.Planner`. Subclass
    it to name the tracker. public_only: refuse what not everybody may read."""

    tracker = "documents"
    version = 1
    issue_kind = "issue"
    steps: tuple[str, ...] = ("issue.create", "issue.update", "comment.create", "comment.update")
    kinds: Mapping[str, Kind] = MappingProxyType(
        {
            "issue": Kind(name="issue", private="own", placed=True),
            "comment": Kind(name="comment", phase=2, placed=True),
        }
    )

    def __init__(self, *, public_only: bool = True) -> None:
        self.public_only = public_only

    def refusal(self, issue: Issue, decisions: Decisions) -> str | None:
        """Why this issue can't be written, or None."""
        audience = decisions.audience(issue)
        if audience.refused or not self.public_only or audience.name == "public":
            return audience.refused or None
        return "not everybody may read it, and everybody may read what is written there"

    def wanted(self, issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
        """The issue's document, then its comments'."""
        audience = decisions.audience(issue)
        yield Wanted(
            key=issue.key,
            kind="issue",
            issue=issue.key,
            fields={
                "title": texts.line(issue.title),
                "text": texts.description(issue, decisions, self._outcome(issue)),
                "about": issue.kind,
                "tags": sorted(issue.tags),
                "places": sorted({decisions.place(one.project).name for one in issue.tasks}),
                "states": sorted({one.status for one in issue.tasks}),
                "done": bool(issue.tasks) and all(one.complete for one in issue.tasks),
                "created": issue.created.isoformat() if issue.created else None,
                **self.access("issue", audience),
            },
            audience=audience.name,
            marker=issue.home,
            author=issue.author,
            created=issue.created,
            changed=issue.updated,
        )
        for comment in issue.comments:
            if not texts.unwritten(issue, comment):
                yield self._comment(issue, comment, decisions, audience)

    def _comment(
        self, issue: Issue, comment: Comment, decisions: Decisions, audience: Audience
    ) -> Wanted:
        return Wanted(
            key=comment.key,
            kind="comment",
            issue=issue.key,
            fields={
                "issue": Pointer(to=issue.key),
                "index": comment.index,
                "text": texts.comment(issue, comment, decisions),
                "created": comment.created.isoformat() if comment.created else None,
            },
            audience=audience.name,
            marker=comment.home,
            author=comment.author,
            created=comment.created,
        )

    def access(self, kind: str, audience: Audience) -> dict[str, Value]:
        """Whether everybody may read an issue; else who may, and the importer alone if that is
        nobody."""
        if kind != "issue":
            return {}
        readers = [] if audience.name in ("public", IMPORTER) else [*audience.users]
        return {"open": audience.name == "public", "readers": readers}

    def doubled(self, kind: str, beside: str, decisions: Decisions) -> dict[str, Value]:
        """Nothing: a document is written into its own place, however often."""
        return {}

    def losses(self, issue: Issue, decisions: Decisions) -> Iterator[Loss]:
        """What becomes of every field that the issue fills."""
        for (entity, field, (outcome, reason)), count in Counter(_fates(issue)).items():
            yield Loss(entity=entity, field=field, outcome=outcome, reason=reason, count=count)  # type: ignore[arg-type]

    def rules(self, entity: str, field: str) -> tuple[Rule, ...]:
        """See `interfaces.HasRules`."""
        if (entity, field) == ("attachment", "file"):
            return (Rule(outcome="lost", note=NO_FILES),)
        own = {name: (Rule(outcome="native"),) for name in _NATIVE}
        return rules_of(own, entity, field)

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        """A step for each: what closes an issue goes first, what opens one goes last."""
        for action in sorted(actions, key=self._turn):
            kind = self.kinds[action.wanted.kind]
            yield Step(kind=f"{kind.name}.{action.op}", actions=(action,), phase=kind.phase)

    def _turn(self, action: Action) -> int:
        if action.op == "create" or "open" not in action.fields:
            return self.kinds[action.wanted.kind].phase
        return 9 if action.wanted.fields["open"] else -1

    @staticmethod
    def _outcome(issue: Issue) -> texts.Outcome:
        fates = {(entity, field): outcome for entity, field, (outcome, _) in _fates(issue)}
        fates |= dict.fromkeys(SAID_BY_ORIGIN, "said")
        return lambda entity, field: fates.get((entity, field), "text")


def _fates(issue: Issue) -> Iterator[tuple[str, str, Outcome]]:
    """What becomes of each field, as often as it is filled."""
    for entity, field in present_fields(msgspec.structs.replace(issue, comments=())):
        native = NATIVE if f"{entity}.{field}" in _NATIVE else TEXT
        yield entity, field, ("lost", NO_FILES) if field == "file" else native
    bare = msgspec.structs.replace(issue, **dict.fromkeys(PARTS, ()))
    for comment in issue.comments:
        reason = texts.unwritten(issue, comment)
        for entity, field in present_fields(msgspec.structs.replace(bare, comments=(comment,))):
            if entity == "comment":
                native = NATIVE if f"comment.{field}" in _NATIVE else TEXT
                yield entity, field, ("lost", reason) if reason else native
