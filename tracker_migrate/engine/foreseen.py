"""What can be said of issues without asking their target: whether they are refused, whether
something of them stands there that can't be taken back, what becomes of their fields.

It is found once and kept (`workspace.foreseen`) for as long as the issue, the tables and the
program are what they were: a run without news decodes no issue. What is not public, and what is
hidden by hand, is looked at each time; and what holds a comment that was withdrawn, or files that
can't be closed, for whether those stand there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import msgspec

from tracker_migrate import __version__
from tracker_migrate.digest import digest
from tracker_migrate.engine.exposures import exposures, fixed_kinds, withdrawn
from tracker_migrate.engine.target import Target
from tracker_migrate.engine.unexpected import UNFORESEEN
from tracker_migrate.errors import ObjectError, UsageError
from tracker_migrate.model import Issue, Key
from tracker_migrate.workspace.foreseen import Row


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of an issue. inputs: what its output depends on. refused: why it is not
    written, or "". failed: what stands in `refused` is no verdict, but a failure. exposed: what of
    it can't be taken back, or "". fates: numbers of `workspace.fates` and how often, if they were
    asked for and it is not refused. issue: itself, if it had to be looked at."""

    key: Key
    inputs: str
    refused: str = ""
    failed: bool = False
    exposed: str = ""
    fates: Sequence[tuple[int, int]] = ()
    issue: Issue | None = None


class Foresight:
    """Looks at the issues of one target, a page at a time. losses: also at what becomes of their
    fields."""

    def __init__(self, target: Target, *, losses: bool = False) -> None:
        self._target = target
        self._losses = losses
        self._kept = target.workspace.foreseen(target.name)
        self._fates = target.workspace.fates
        self._fixed = fixed_kinds(target.planner)
        self._moving: dict[Key, bool] = {}

    def page(self, contents: Mapping[Key, str], *, read: bool = False) -> dict[Key, Seen]:
        """What there is to say of these issues, of which the digests of their contents are given;
        in that order. read: every issue itself is wanted, too."""
        marks = {key: inputs(self._target, content) for key, content in contents.items()}
        known = self._known(marks)
        looked = self._with_files(known)
        looked |= {key for key, row in known.items() if row.inputs.endswith(_LOOK)}
        issues = self._target.archive.some(
            [key for key in marks if read or key not in known or key in looked]
        )
        exposed = exposures(
            self._target, [i for i in issues.values() if i.key not in known or i.key in looked]
        )
        found = {}
        fresh = [issue for key, issue in issues.items() if key not in known]
        with self._expecting(fresh):
            for key, mark in marks.items():
                issue = issues.get(key)
                if key in known:
                    told = self._told(known[key], mark, issue)
                    found[key] = msgspec.structs.replace(told, exposed=exposed.get(key, ""))
                elif issue is not None:
                    found[key] = self._look(issue, mark, exposed.get(key, ""))
        self._keep(one for key, one in found.items() if key not in known)
        return found

    def _expecting(self, fresh: Sequence[Issue]) -> AbstractContextManager[None]:
        """Whether an issue is refused is asked of the issue alone; what becomes of its fields, also
        of what stands."""
        return self._target.expecting(fresh) if fresh and self._losses else nullcontext()

    def moves(self, issue: Key) -> bool:
        """Whether an issue is, or will be, at the target, as the tables are now."""
        if issue not in self._moving:
            verdict = self._target.ledger.verdict(issue)
            content = self._target.archive.digest(issue)
            seen = self.page({issue: content}).get(issue) if content else None
            stands = verdict is not None and verdict.state == "exposed"
            self._moving[issue] = stands or (seen is not None and not seen.refused)
        return self._moving[issue]

    def _known(self, marks: Mapping[Key, str]) -> dict[Key, Row]:
        """Those of which is kept what is still true."""
        return {
            key: row
            for key, row in self._kept.of(list(marks)).items()
            if row.inputs in (_kept_by(marks[key]), _kept_by(marks[key]) + _LOOK)
            and (row.fates is not None or row.refused or not self._losses)
            and self._target.closed(key) is None
        }

    def _with_files(self, known: Mapping[Key, Row]) -> set[Key]:
        """Issues with files whose readers can't be changed."""
        return self._target.ledger.with_kinds(self._fixed, list(known)) if self._fixed else set()

    def _told(self, row: Row, mark: str, issue: Issue | None) -> Seen:
        fates = self._fates.unpack(row.fates) if row.fates and self._losses else ()
        return Seen(key=row.issue, inputs=mark, refused=row.refused, fates=fates, issue=issue)

    def _look(self, issue: Issue, mark: str, exposed: str) -> Seen:
        target = self._target
        refused = target.planner.refusal(issue, target.decisions) or ""
        failed, fates = UNFORESEEN in refused, b""
        if self._losses and not refused:
            try:
                fates = self._fates.pack(target.planner.losses(issue, target.decisions))
            except (ObjectError, UsageError) as error:
                refused, failed = str(error), True  # apply would set it aside
        return Seen(
            key=issue.key,
            inputs=mark,
            refused=refused,
            failed=failed,
            exposed=exposed,
            fates=self._fates.unpack(fates) if fates else (),
            issue=issue,
        )

    def _keep(self, found: Iterable[Seen]) -> None:
        """Keep what is true until something changes that the inputs tell of."""
        plain = [one for one in found if self._is_plain(one)]
        self._kept.note(
            Row(
                one.key,
                _kept_by(one.inputs) + (_LOOK if one.issue and withdrawn(one.issue) else ""),
                one.refused,
                self._fates.packed(one.fates) if self._losses else None,
            )
            for one in plain
        )

    def _is_plain(self, seen: Seen) -> bool:
        issue = seen.issue
        if issue is None or seen.failed or seen.exposed or issue.private:
            return False
        return self._target.closed(seen.key) is None


#: ends the inputs of what is known, but has something of which has to be looked whether it stands
_LOOK = "/look"


def inputs(target: Target, content: str) -> str:
    """What an issue's output depends on, as a digest: its content, the tables, the writer."""
    return digest((content, target.decisions.source_writer, target.planner.version))


def _kept_by(inputs: str) -> str:
    """Another version of the program may tell its losses in other words."""
    return f"{inputs}/{__version__}"
