"""The machine: what may happen, in any order, and what must be true after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.state_machine.guard import Crash, Dead, guarded
from tests.state_machine.oracle import Oracle
from tests.state_machine.stage import Stage
from tests.state_machine.truth import EMBARGOED, PRIVATE, PUBLIC, Bug, Said, words
from tracker_migrate.errors import Brake, Locked, MigrateError

MOST = 8
_PICK = st.integers(0, MOST - 1)
_TAGS = ("ui", "api", "docs")
_HOURS = st.sampled_from([-48.0, -3.0, -0.01, 0.0, 0.02, 3.0, 72.0])
#: until a run says that there is nothing to do, so many may be needed
RUNS = 4


class Tally:
    """What was done by all machines of a run, and what was found."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.examples: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.told: list[str] = []


TALLY = Tally()


class Machine(RuleBasedStateMachine):
    """One world. Subclasses say which."""

    world: ClassVar[str] = ""
    #: of its steps in each turn
    share: ClassVar[int] = 3000

    @staticmethod
    def build(connections: int) -> Stage:
        """A world in its beginning."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage
        self._numbers = 0
        self._calls = 0

    # -- it begins ---------------------------------------------------------------------------------

    @initialize(connections=st.sampled_from([1, 1, 3]), bugs=st.integers(1, 3))
    def begin(self, connections: int, bugs: int) -> None:
        """A world with a few bugs."""
        self.stage = type(self).build(connections)
        self.truth = self.stage.truth
        self._leaked: set[str] = set()
        self.stage.looking = self._look
        for _ in range(bugs):
            self._file(PUBLIC, 1, 0)

    @invariant()
    def counted(self) -> None:
        """Each step counts; and nothing has leaked in it."""
        TALLY.steps[self.world] += 1
        if hasattr(self, "_leaked"):
            assert not self._leaked, f"leaks: {sorted(self._leaked)}"

    # -- the source --------------------------------------------------------------------------------

    def _bug(self, pick: int) -> Bug:
        bugs = [bug for bug in self.truth.bugs.values() if bug.there] or [self._file(PUBLIC, 1, 0)]
        return bugs[pick % len(bugs)]

    def _changed(self, bug: Bug, moves: bool = True) -> None:
        self.truth.heard()
        self.stage.put(bug, moves=moves)

    def _file(self, info: str, comments: int, refers: int) -> Bug:
        self._numbers += 1
        truth = self.truth
        bug = Bug(self._numbers, [truth.word()], [truth.word()], info=info)
        bug.refers = [refers % MOST] if refers else []
        bug.comments = [Said(n, [truth.word()]) for n in range(1, comments + 1)]
        truth.bugs[bug.number] = bug
        self._changed(bug)
        return bug

    @precondition(lambda self: self._numbers < MOST)
    @rule(
        info=st.sampled_from([PUBLIC, PUBLIC, PUBLIC, PRIVATE, EMBARGOED]),
        comments=st.integers(0, 4),
        refers=_PICK,
    )
    def file(self, info: str, comments: int, refers: int) -> None:
        """Somebody files a bug."""
        self._file(info, comments, refers)

    @rule(pick=_PICK, count=st.integers(1, 2))
    def comment(self, pick: int, count: int) -> None:
        """Somebody says something at the source."""
        bug = self._bug(pick)
        for _ in range(count):
            bug.comments.append(Said(len(bug.comments) + 1, [self.truth.word()]))
        self._changed(bug)

    @rule(pick=_PICK, title=st.booleans(), text=st.booleans(), moves=st.booleans())
    def rewrite(self, pick: int, title: bool, text: bool, moves: bool) -> None:
        """The title or the text of a bug becomes another."""
        bug = self._bug(pick)
        if title or not text:
            bug.titles.append(self.truth.word())
        if text:
            bug.texts.append(self.truth.word())
        self._changed(bug, moves)

    @rule(pick=_PICK, which=_PICK)
    def edit_comment(self, pick: int, which: int) -> None:
        """A comment is edited at the source: no date moves."""
        bug = self._bug(pick)
        if bug.comments:
            bug.comments[which % len(bug.comments)].texts.append(self.truth.word())
            self._changed(bug, moves=False)

    @rule(pick=_PICK, which=_PICK)
    def hide_comment(self, pick: int, which: int) -> None:
        """A comment is hidden at the source, or shown again: no date moves."""
        bug = self._bug(pick)
        if bug.comments:
            said = bug.comments[which % len(bug.comments)]
            said.hidden, said.ever_hidden = not said.hidden, True
            bug.troubled = True
            self._changed(bug, moves=False)

    @rule(pick=_PICK, tag=st.sampled_from(_TAGS))
    def tag(self, pick: int, tag: str) -> None:
        """A tag is put on a bug, or taken away."""
        bug = self._bug(pick)
        bug.tags ^= {tag}
        self._changed(bug)

    @rule(pick=_PICK)
    def finish(self, pick: int) -> None:
        """A bug's status changes."""
        bug = self._bug(pick)
        bug.done = not bug.done
        if self.truth.edits.get((bug.number, "done")) == str(bug.done):
            self.truth.agreeing.add(bug.number)
        self._changed(bug)

    @rule(pick=_PICK, info=st.sampled_from([PUBLIC, PUBLIC, PRIVATE, EMBARGOED]))
    def turn(self, pick: int, info: str) -> None:
        """A bug becomes private or public."""
        bug = self._bug(pick)
        bug.info = info
        self._changed(bug)

    @rule(pick=_PICK, other=_PICK)
    def depend(self, pick: int, other: int) -> None:
        """A bug depends on another one, or does so no more; circles are allowed."""
        bug, needed = self._bug(pick), self._bug(other)
        if bug is not needed:
            bug.needs ^= {needed.number}
            self._changed(bug)

    @rule(pick=_PICK, other=_PICK)
    def same(self, pick: int, other: int) -> None:
        """A bug is a duplicate of another one, or is so no more."""
        bug, first = self._bug(pick), self._bug(other)
        if bug is not first:
            bug.same_as, bug.ever_same = (None if bug.same_as else first.number), True
            self._changed(bug)

    @rule(pick=_PICK)
    def vanish(self, pick: int) -> None:
        """A bug is not there any more."""
        bug = self._bug(pick)
        bug.there = False
        self.truth.heard()
        self.stage.drop(bug)

    @rule(pick=_PICK)
    def come_back(self, pick: int) -> None:
        """A bug that was not there is there again."""
        gone = [bug for bug in self.truth.bugs.values() if not bug.there]
        if gone:
            bug = gone[pick % len(gone)]
            bug.there = True
            self._changed(bug)

    # -- people at the target ----------------------------------------------------------------------

    def _settled(self) -> None:
        """What is under way arrives before somebody comes: nobody can keep a request from coming
        that left before he did."""
        self.stage.clock.sleep(120.0)

    @rule(pick=_PICK, name=st.sampled_from(["title", "text", "done"]))
    def somebody_edits(self, pick: int, name: str) -> None:
        """Somebody writes over a field of ours."""
        self._settled()
        bug = self._bug(pick)
        value = self.truth.edit()
        if name == "done" and self.stage.in_doubt(bug.number):
            return  # a state has two values: by value, nobody could tell his from our older one
        if name == "done":
            here = self.stage.stands().get(bug.number)
            value = str(not here[0].done) if here else "True"
        if not self.stage.edit(bug.number, name, value):
            return
        if name == "done" and self._is_as_sent(bug.number):
            self.truth.edits.pop((bug.number, name), None)  # no edit by value
            self.truth.touched.add(bug.number)
        else:
            self.truth.edits[bug.number, name] = value
        if name == "done" and value == str(bug.done):
            self.truth.agreeing.add(bug.number)

    def _is_as_sent(self, number: int) -> bool:
        """Whether a state was set to what we sent last."""
        sent = self.stage.as_sent(number)
        return (number, "done") in self.truth.edits if sent is None else sent

    @rule(pick=_PICK)
    def somebody_comments(self, pick: int) -> None:
        """Somebody says something at the target."""
        bug, word = self._bug(pick), self.truth.edit()
        if self.stage.remark(bug.number, word):
            self.truth.remarks.setdefault(bug.number, []).append(word)

    @rule(pick=_PICK)
    def somebody_removes(self, pick: int) -> None:
        """Somebody removes an issue at the target."""
        self._settled()
        bug = self._bug(pick)
        known = self.stage.known(bug.number)
        if self.stage.remove(bug.number):
            self.truth.removed.add(bug.number)
            if not known:
                self.truth.unsure.add(bug.number)

    @rule(pick=_PICK, which=_PICK)
    def somebody_removes_a_comment(self, pick: int, which: int) -> None:
        """Somebody removes a comment of ours at the target."""
        self._settled()
        bug = self._bug(pick)
        if bug.comments:
            at = bug.number, bug.comments[which % len(bug.comments)].index
            known = self.stage.known(*at)
            if self.stage.remove_comment(*at):
                self.truth.removed_comments.add(at)
                if not known:
                    self.truth.unsure_comments.add(at)

    @rule(pick=_PICK, forged=st.booleans())
    def stranger(self, pick: int, forged: bool) -> None:
        """Somebody makes an object of his own, or one that looks like ours."""
        if forged:
            self.stage.forge(self._bug(pick).number)
        else:
            self.stage.stranger()

    # -- what goes wrong ---------------------------------------------------------------------------

    @rule(data=st.data(), times=st.integers(1, 4), skip=st.integers(0, 6))
    def source_fails(self, data: Any, times: int, skip: int) -> None:
        """The next requests to the source are struck."""
        word = data.draw(st.sampled_from(self.stage.source_faults))
        self.stage.arm("source", word, times, skip, 0.0)

    @rule(
        data=st.data(),
        times=st.sampled_from([1, 1, 2, 5]),
        skip=st.integers(0, 8),
        seconds=st.floats(0.1, 59.0),
    )
    def target_fails(self, data: Any, times: int, skip: int, seconds: float) -> None:
        """The next writing requests to the target are struck."""
        self._strike(data.draw(st.sampled_from(self.stage.target_faults)), times, skip, seconds)

    def _strike(self, word: str, times: int, skip: int, seconds: float) -> None:
        self.truth.taken |= word == "stranger"
        self.truth.doubled |= word == "double"
        self.stage.arm("target", word, times, skip, seconds)

    @rule()
    def calm(self) -> None:
        """All is well again."""
        self.stage.calm()

    @rule(hours=_HOURS)
    def clock_jumps(self, hours: float) -> None:
        """Somebody sets the clock of this machine."""
        self.stage.clock.wrong = hours * 3600

    @rule(seconds=st.sampled_from([1.0, 20.0, 300.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        """Nothing happens for a while."""
        self.stage.clock.sleep(seconds)

    # -- commands ----------------------------------------------------------------------------------

    def _run(self, command: Callable[[], Any]) -> Any:
        """What a command gives; an error of ours is no fault while anything goes wrong."""
        self._calls += 1
        try:
            return guarded(command)
        except (Crash, Dead):
            assert self.stage.fuse.blown
        except MigrateError as error:
            return error
        except Exception:
            if not self.stage.fuse.blown:
                raise
        finally:
            self._agreed()
        return None

    def _agreed(self) -> None:
        """Once both sides were seen to say the same of a state, it is nobody's edit any more: what
        the source says next counts."""
        for number in [*self.truth.agreeing]:
            if not self.stage.fuse.blown and self.stage.as_sent(number):
                self.truth.agreeing.discard(number)
                self.truth.touched.add(number)
                self.truth.edits.pop((number, "done"), None)

    @rule(full=st.booleans())
    def pull(self, full: bool) -> None:
        """Read what changed."""
        self._run(lambda: self.stage.pull(full=full))

    @rule(retry=st.booleans())
    def apply(self, retry: bool) -> None:
        """Write what is missing."""
        self._run(lambda: self.stage.apply(retry=retry))

    @rule(full=st.booleans())
    def synchronise(self, full: bool) -> None:
        """Read, and write."""
        self._run(lambda: self.stage.pull(full=full))
        self._run(self.stage.apply)

    @rule()
    def verify(self) -> None:
        """Read the target back."""
        self._run(self.stage.verify)

    @rule(data=st.data(), many=st.integers(1, 3), moments=st.none() | st.integers(3, 25))
    def storm(self, data: Any, many: int, moments: int | None) -> None:
        """What was read in peace is written while much goes wrong; perhaps the process ends."""
        self._run(self.stage.pull)
        faults = st.sampled_from(self.stage.target_faults), st.integers(0, 6), st.floats(0.1, 59.0)
        for _ in range(many):
            word, skip, seconds = data.draw(st.tuples(*faults))
            self._strike(word, 1, skip, seconds)
        self.stage.fuse.set(moments)
        self._run(self.stage.apply)
        self.stage.reopen()
        self.stage.fuse.set(None)

    @rule(moments=st.integers(1, 30), pulls=st.booleans())
    def killed(self, moments: int, pulls: bool) -> None:
        """The process ends in the middle."""
        self.stage.fuse.set(moments)
        self._run(self.stage.pull if pulls else self.stage.apply)
        self.stage.reopen()
        self.stage.fuse.set(None)

    @rule(room=st.integers(0, 5), pulls=st.booleans())
    def disk_is_full(self, room: int, pulls: bool) -> None:
        """There is room for a few pages, and no more."""
        self.stage.reopen(room=room)
        self._run(self.stage.pull if pulls else self.stage.apply)
        self.stage.reopen()

    @rule(nth=st.integers(1, 4))
    def two_workers(self, nth: int) -> None:
        """While one writes, another wants to."""
        ended: list[str] = []

        def intrude() -> None:
            try:
                self.stage.intrude()
                ended.append("was let in")
            except Locked:
                ended.append("locked")

        self.stage.at_request(nth, intrude)
        self._run(self.stage.apply)
        assert ended in ([], ["locked"]), "two workers at once"

    # -- what must be true -------------------------------------------------------------------------

    def _look(self) -> None:
        """At any time: nobody reads what nobody could ever read at the source. What is seen in the
        middle of a run is told when it has ended."""
        shown = set(words(self.stage.outside()))
        self.truth.shown |= shown
        self._leaked |= shown & self.truth.secret

    def teardown(self) -> None:
        """The faults stop, the clock is right: all is as it should be."""
        if not hasattr(self, "stage"):
            return
        TALLY.examples[self.world] += 1
        try:
            self._end()
        finally:
            self.stage.close()

    def _end(self) -> None:
        stage = self.stage
        stage.calm()
        stage.clock.wrong = 0.0
        self._read()
        for _ in range(RUNS):
            if guarded(lambda: stage.apply(retry=True)).steps == 0:
                break
        stage.clock.sleep(3600.0)
        self._agree()
        before = stage.writes()
        guarded(lambda: stage.apply(retry=True))
        assert stage.writes() == before, "a run more writes"
        self._agree()

    def _read(self) -> None:
        """Read all; somebody says that it is right if much is gone."""
        try:
            guarded(lambda: self.stage.pull(full=True))
        except Brake:
            guarded(lambda: self.stage.pull(full=True, accept=True))

    def _agree(self) -> None:
        oracle, stands = (
            Oracle(self.truth, self.stage.allowed, self.stage.left()),
            self.stage.stands(),
        )
        found = [*oracle.findings(stands)]
        assert not found, "\n".join(map(str, found))
        self._look()
        assert not self._leaked, f"leaks: {sorted(self._leaked)}"
        changed = list(self.stage.strangers())
        assert not changed, f"overwritten: {changed}"
        _agrees, named, said = guarded(self.stage.verify)
        there = {n for n, b in self.truth.bugs.items() if b.there}
        may = oracle.named(stands) | oracle.agreed() | self.truth.touched
        wrong = (named - may) & there
        assert not wrong, f"verify names {sorted(wrong)} without a reason: {said}"
        silent = oracle.named(stands) - named - self.truth.removed  # which may be set aside
        assert not silent, f"verify is silent about {sorted(silent)}"
