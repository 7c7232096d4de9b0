"""A quiet moment: whether source and targets agree, by four who know nothing of one another.

The oracle of the state machine holds every word that the source's people wrote against what stands
at the targets, and looks with an outsider's eyes. `verify` reads the targets back, field by field.
A second reading of the whole source, by somebody who starts anew, has to give what the archive has.
And a reader that shares no code with the writers looks over HTTP, as somebody who may read what is
public.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.world import TARGETS, World, conduit_token
from tests.soak.life import Life
from tests.soak.people import Board, Desk
from tests.state_machine.oracle import Oracle, Standing
from tests.state_machine.truth import Truth, words
from tracker_migrate.engine import jobs
from tracker_migrate.engine.verify import Verified
from tracker_migrate.model import Key, name_of
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.ledger import Verdict

#: a task is closed there when it is in one of these states at the source
_CLOSED = {
    "storyboard": ("Fix Committed", "Fix Released", "Opinion", "Invalid", "Won't Fix", "Expired",
                   "Does Not Exist"),
    "maniphest": ("Fix Released", "Opinion", "Invalid", "Won't Fix", "Expired", "Does Not Exist"),
}  # fmt: skip


class Judge:
    """Finds differences. truths: what people did at each target, beside what the source says."""

    def __init__(
        self, here: World, life: Life, truths: Mapping[str, Truth], eyes: Mapping[str, Any]
    ) -> None:
        self._here, self._life, self._truths, self._eyes = here, life, truths, eyes
        self._aside: list[Verdict] = []
        self.read = 0  # texts that were held against one another

    def differences(self) -> Iterator[str]:
        """All of them, each in a line."""
        for target in TARGETS:
            with Workspace(self._here.folder) as workspace:
                seen = jobs.verify(workspace, target)
                self._aside = workspace.ledger(target).in_state("aside")
            stands = self._stands(target)
            oracle = self._oracle(target)
            yield from (
                f"{target}: {one.kind}: bug {one.number}: {one.what}"
                for one in oracle.findings(stands)
                if not self._is_exposed(target, one.number, stands)
                and not (one.kind == "losses" and one.number in self._held_back())
                and not (one.kind == "losses" and self._went_in_private(one.number, stands))
            )
            yield from self._editions(target, stands)
            yield from self._told(target, seen, oracle, stands)
            yield from self._leaks(target)
            yield from self._from_outside(target)
        yield from self._read_anew()

    # -- the oracle --------------------------------------------------------------------------------

    def _oracle(self, target: str) -> Oracle:
        for bug in self._life.truth.bugs.values():
            bug.done = self._life.done(bug.number, _CLOSED[target])
        with Workspace(self._here.folder) as workspace:
            doubles = workspace.doubled(target).standing()
        left = Counter(_number(one.issue) for one in doubles if one.state == "left")
        return Oracle(self._truths[target], self._eyes[target].allowed, left)

    def _stands(self, target: str) -> Mapping[int, list[Standing]]:
        stands: Mapping[int, list[Standing]] = self._eyes[target].stands()
        for number, found in stands.items():
            for one in found:
                self.read += 2 + len(one.notes)
                if number in self._life.truth.bugs:
                    self._taken_away(target, number, one)
                if number in self._truths[target].touched:
                    one.done = None  # by value, nobody can tell what was meant
        return stands

    def _taken_away(self, target: str, number: int, here: Standing) -> None:
        """A task that the source has no more stays, and is told; `verify` counts Maniphest's."""
        tasks = self._life.truth.bugs[number].tasks
        more = here.tasks - tasks
        moved = number in self._life.moved  # where it is by now no task is made
        if moved or target == "maniphest" or 0 < more <= self._life.removed[number]:
            here.tasks = tasks
        if self._life.removed[number]:
            here.done = None

    def _is_exposed(self, target: str, number: int, stands: Mapping[int, list[Standing]]) -> bool:
        """Whether a file can't be taken back or closed, and the issue is closed for all because of
        it: one that is gone at the source, or came while the issue was public, which is private."""
        shut = all(one.shut for one in stands.get(number, ()))
        bug = self._life.truth.bugs.get(number)
        private = bug is not None and not bug.public and number in self._life.attached
        return target == "maniphest" and shut and (private or number in self._life.detached)

    def _went_in_private(self, number: int, stands: Mapping[int, list[Standing]]) -> bool:
        """Whether a private bug moved to a project that is not read: nothing more is written of it,
        for that project's name might be private, too, and what there is is closed."""
        bug, shut = self._life.truth.bugs.get(number), [one.shut for one in stands.get(number, ())]
        moved = bug is not None and not bug.public and number in self._life.moved
        return moved and all(shut)

    def _editions(self, target: str, stands: Mapping[int, list[Standing]]) -> Iterator[str]:
        """What an edited comment says by now is told where it can't be changed."""
        for number in sorted(self._life.edited - self._held_back()):
            bug = self._life.truth.bugs[number]
            for here in stands.get(number, []):
                told = {word for note in here.notes for word in words(note.text)}
                said = {one.text for one in bug.comments if len(one.texts) > 1 and not one.hidden}
                if not here.shut and (lost := said - told):
                    yield f"{target}: losses: bug {number}: edited comments {sorted(lost)}"

    def _held_back(self) -> set[int]:
        """Bugs that became public, and stay closed: a comment stands there as it was before an
        edit. It is told, and a person decides."""
        told = {_number(one.issue) for one in self._aside if "it became public" in one.reason}
        return told & self._life.edited

    # -- verify ------------------------------------------------------------------------------------

    def _told(
        self,
        target: str,
        seen: Verified,
        oracle: Oracle,
        stands: Mapping[int, list[Standing]],
    ) -> Iterator[str]:
        with Workspace(self._here.folder) as workspace:
            unread = workspace.archive.unread()
        aside = [one for one in self._aside if _number(one.issue) not in self._held_back()]
        yield from (f"{target}: set aside: {one.issue}: {one.reason}" for one in aside)
        yield from (f"unread: {one}" for one in unread)
        named = {*seen.missing, *seen.doubled, *seen.unplanned, *seen.exposed}
        named |= {one.key for one in seen.differs}
        may = oracle.named(stands) | oracle.agreed() | self._truths[target].touched
        may |= {one for one in self._life.attached if self._is_exposed(target, one, stands)}
        wrong = sorted(one for one in named if _number(one) not in may)
        if wrong:
            yield f"{target}: verify names without a reason: {self._reasons(seen, wrong)}"
        silent = oracle.named(stands) - {_number(one) for one in named}
        if silent:
            yield f"{target}: verify is silent about {sorted(silent)}"
        if seen.pending or seen.account.missing:
            yield f"{target}: pending {seen.pending}, missing {seen.account.missing}"

    def _reasons(self, seen: Verified, wrong: list[Key]) -> str:
        kinds = ("missing", "doubled", "unplanned", "exposed")
        said = [f"{kind} {one}" for kind in kinds for one in getattr(seen, kind) if one in wrong]
        said += [f"{one.key} {one.field}" for one in seen.differs if one.key in wrong]
        return ", ".join(said[:10])

    # -- from outside ------------------------------------------------------------------------------

    def _leaks(self, target: str) -> Iterator[str]:
        """Words that nobody could ever read at the source."""
        shown = set(words(self._eyes[target].outside()))
        for word in sorted(shown & self._life.truth.secret):
            yield f"{target}: leaks: {word} can be read by everybody"

    def _from_outside(self, target: str) -> Iterator[str]:
        """What an outsider gets over HTTP: all that is public, once, and nothing that is private
        now."""
        if target == "storyboard":
            reader: Any = StoryBoardReader(self._here.storyboard.url, "token-of-normal")
        else:
            reader = ManiphestReader(self._here.maniphest.url, conduit_token("carol"))
        found = reader.by_permalink()
        shown = Counter(words(json.dumps(found)))
        for bug in self._life.truth.bugs.values():
            if bug.public:
                continue
            hidden = {*bug.shown()} & shown.keys()
            if hidden:
                yield f"{target}: leaks: an outsider reads {sorted(hidden)} of bug {bug.number}"
        self.read += shown.total()

    # -- the source, read anew ---------------------------------------------------------------------

    def _read_anew(self) -> Iterator[str]:
        folder = self._here.folder.parent / "anew"
        shutil.rmtree(folder, ignore_errors=True)
        here = self._here
        other = World(folder, here.specs, here.launchpad, here.storyboard, here.maniphest)
        other.private = True
        other.write_settings()
        other.pull()
        ours, anew = _digests(here.folder), _digests(folder)
        for key in sorted(ours.keys() | anew.keys()):
            if ours.get(key) != anew.get(key) and _number(key) not in self._life.moved:
                differ = self._fields(folder, key)
                if differ:
                    yield f"archive: {key} differs in {differ}"

    def _fields(self, folder: Path, key: Key) -> str:
        both = []
        for one in (self._here.folder, folder):
            with Workspace(one) as workspace:
                both.append(workspace.archive.issue(key))
        first, second = both
        if first is None or second is None:
            return "all: it is not there" if first is None else "all: it is not at the source"
        names = first.__struct_fields__
        return ", ".join(one for one in names if getattr(first, one) != getattr(second, one))


def _digests(folder: Path) -> dict[Key, str]:
    with Workspace(folder) as workspace:
        return dict(workspace.archive.digests())


def _number(of: Key) -> int:
    name = name_of(of).partition("/")[0].partition("@")[0]
    return int(name) if name.isdigit() else 0


def eyes_of(here: World, life: Life) -> dict[str, Any]:
    """Who looks at each target."""
    return {
        "storyboard": Board(here.storyboard),
        "maniphest": Desk(here.maniphest, life.tags_known),
    }
