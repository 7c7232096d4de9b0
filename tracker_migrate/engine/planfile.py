"""A plan kept in a file, for `apply` to keep to: JSON lines, a head and then a line for each issue
and each of its objects that is written, refused, or left.

A plan is for one target at one address, and was made from issues and tables as they were. What has
changed since stops `apply` before its first write; an issue that is not in the plan is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tracker_migrate.digest import digest
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.naming import Naming
from tracker_migrate.engine.plan import Item, Outcome
from tracker_migrate.engine.survey import pages
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Brake, UsageError
from tracker_migrate.model import Issue, Key
from tracker_migrate.typed import ready
from tracker_migrate.workspace.outfile import written

FORMAT = 2
_PAGE = 500
_FEW = 3


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is for. sink: the target's tracker and address. tables: a digest of the tables,
    settings, and the writer. only, limit: what it was narrowed to."""

    plan: int
    target: str
    sink: str = ""
    tables: str = ""
    only: str = ""
    limit: int = 0


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that was read. digests: of all that may be written. issues: those that it is about, by
    the names that it has for them, and what each was planned from."""

    path: Path
    head: Head
    digests: frozenset[str]
    issues: dict[Key, str]


def head(target: Target, only: Only | None, limit: int | None) -> Head:
    """The head of a plan that is made now."""
    return Head(
        plan=FORMAT,
        target=target.name,
        sink=target.spec,
        tables=_tables(target),
        only=only.text if only is not None else "",
        limit=limit or 0,
    )


def _tables(target: Target) -> str:
    return digest((target.decisions.source_writer, target.planner.version))


def lines(outcomes: Iterable[Outcome]) -> Iterator[Item]:
    """The lines of a plan's file: of all issues, and of what of them is not unchanged."""
    for one in outcomes:
        yield Item(issue=one.key, key=one.key, op="issue", inputs=one.inputs)
        yield from (item for item in one.items if item.op != "unchanged")


def write_file(path: Path, head: Head, items: Iterable[Item]) -> None:
    """Keep a plan: whole, or not at all. Raises WorkspaceError."""
    with written(path) as out:
        out.write(msgspec.json.encode(head) + b"\n")
        for item in items:
            out.write(msgspec.json.encode(item) + b"\n")


def read_file(path: Path, target: str) -> Kept:
    """A kept plan. UsageError if it is none, another version's, or another target's."""
    try:
        with path.open("rb") as kept:
            found = _head(path, next(kept, b""))
            items = [_ITEM.decode(line) for line in kept]
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UsageError(
            f"{path} is no plan that apply can keep to: make one with tracker-migrate plan -o FILE"
        ) from None
    if found.target != target:
        raise UsageError(f"{path} is a plan for the target {found.target}, not {target}")
    digests = {mark for item in items for mark in (item.digest, item.other) if mark}
    issues = {item.issue: item.inputs for item in items if item.op == "issue"}
    return Kept(path=path, head=found, digests=frozenset(digests), issues=issues)


def _head(path: Path, line: bytes) -> Head:
    found = _HEAD.decode(line)
    if found.plan != FORMAT:
        raise UsageError(f"{path} was written by another version: make the plan again")
    return found


def keep_to(target: Target, kept: Kept, names: Naming, only: Only | None) -> Only | None:
    """What `apply` is to be about: the issues of the plan, and of those what `only` takes.

    Raises UsageError if the target has another address by now; Brake if the tables, or one of the
    issues that are still to be written, are not what the plan was made from.
    """
    if kept.head.sink != target.spec:
        raise UsageError(
            f"{kept.path} is a plan for {kept.head.sink}, and {target.name} is {target.spec} now: "
            "make the plan again"
        )
    if kept.head.tables != _tables(target):
        raise Brake(
            f"the tables or settings have changed since {kept.path} was made: make a new plan and "
            "look at it"
        )
    changed, beside = _compared(target, kept, names)
    if changed:
        few = ", ".join(changed[:_FEW]) + (" …" if len(changed) > _FEW else "")
        raise Brake(
            f"{len(changed)} issues have changed since {kept.path} was made ({few}): make a new "
            "plan and look at it"
        )
    return _Within(kept.issues, names, only) if beside or only is not None else None


def _compared(target: Target, kept: Kept, names: Naming) -> tuple[list[Key], int]:
    """The issues of the plan that have changed since and are still to be written, as they may be
    told; and how many issues the plan does not have."""
    changed: list[Key] = []
    beside = 0
    for page in pages(target.archive.digests(), _PAGE):
        verdicts = target.ledger.verdicts([key for key, _ in page])
        for key, content in page:
            told, mark = names.key(key), inputs(target, content)
            verdict = verdicts.get(key)
            done = verdict is not None and verdict.state == "done" and verdict.inputs == mark
            if told not in kept.issues:
                beside += 1
            elif kept.issues[told] != mark and not done:
                changed.append(told)
    return changed, beside


class _Within(Only):
    """The issues that a plan is about, and of those what another filter takes."""

    def __init__(self, issues: dict[Key, str], names: Naming, only: Only | None) -> None:
        self.text = only.text if only is not None else ""
        self._issues, self._names, self._only = issues, names, only

    def may_take(self, key: Key) -> bool:
        """Whether an issue of that key could pass."""
        return self._names.key(key) in self._issues and (
            self._only is None or self._only.may_take(key)
        )

    def takes(self, issue: Issue) -> bool:
        """Whether an issue passes."""
        return self.may_take(issue.key) and (self._only is None or self._only.takes(issue))


ready(Head, Item)
_HEAD, _ITEM = msgspec.json.Decoder(Head), msgspec.json.Decoder(Item)
