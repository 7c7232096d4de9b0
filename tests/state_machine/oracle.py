"""What must stand at the target, by a small model of its own, without a line of what it judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from tests.state_machine.truth import EMBARGOED, PRIVATE, Bug, Said, Truth, edits, words


@dataclass
class Note:
    """A comment that stands at the target. index: of the comment at the source that it is, by its
    permalink; None: a person's own."""

    text: str
    index: int | None = None
    ours: bool = True


@dataclass
class Standing:
    """An issue's object at the target. open: everybody may read it. shut: nobody but the importer.
    links: the bugs that it depends on, where that is known of this target. named: tags that its
    text names: a private bug's tag is no tag there, for all tags are shown to everybody."""

    title: str
    text: str
    done: bool | None = None
    tags: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    open: bool = True
    shut: bool = False
    tasks: int = 1
    links: set[int] | None = None
    named: set[str] = field(default_factory=set)


class Allowed(NamedTuple):
    """What a target makes impossible: differences that are no faults.

    comment_edits: a comment that was edited at the source stays as it was written.
    tags_in_text: of a private bug its tags stand in its text alone; not where it is somebody's.
    Everywhere: a comment that was hidden when later ones were written comes after them, and so does
    one whose chosen number a stranger took. A comment that a proxy delivered twice stands twice.
    """

    comment_edits: bool
    tags_in_text: bool = False


class Finding(NamedTuple):
    """kind: doubles, losses, overwritten, leaks."""

    kind: str
    number: int
    what: str


Stands = Mapping[int, list[Standing]]


class Oracle:
    """Compares, once all is quiet. left: how many objects of a bug the product told that it left
    as they are, because they stand there twice and people have worked on them."""

    def __init__(
        self, truth: Truth, allowed: Allowed, left: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        self._truth = truth
        self._allowed = allowed
        self._left = left

    def findings(self, stands: Stands) -> Iterator[Finding]:
        """Every difference that is a fault."""
        for number, bug in self._truth.bugs.items():
            found = stands.get(number, [])
            if len(found) > 1 and self._are_left(number, found):
                each = sorted(([*self._one(bug, here, found)] for here in found), key=len)
                yield from each[0]  # one of them is as it should be, and none is open to others
                yield from (one for rest in each[1:] for one in rest if one.kind == "leaks")
            elif len(found) > 1:
                yield Finding("doubles", number, f"stands {len(found)} times")
            elif found:
                yield from self._one(bug, found[0])
            elif self._must_stand(bug):
                yield Finding("losses", number, "is not there")
        for number in set(stands) - set(self._truth.bugs):
            yield Finding("doubles", number, "is no bug of the source")

    def _are_left(self, number: int, found: list[Standing]) -> bool:
        """Whether what is there too often was told to be left, and people have worked on it."""
        edited = any(of == number for of, _field in self._truth.edits)
        worked = sum(edited or any(not note.ours for note in one.notes) for one in found)
        return len(found) - 1 <= min(worked, self._left.get(number, 0))

    def named(self, stands: Stands) -> set[int]:
        """The bugs of which `verify` has to say something, though nothing is at fault: what people
        changed or removed, what can't be taken back, and what was left there twice."""
        truth = self._truth
        edited = {at for at in truth.edits if at not in self._agreed()}
        named = {number for number, _field in edited} | truth.removed
        back = {  # of which the ledger did not know yet: it may be made again
            (number, note.index)
            for number, found in stands.items()
            for here in found
            for note in here.notes
            if (number, note.index) in truth.unsure_comments
        }
        named |= {
            number
            for number, bug in truth.bugs.items()
            for said in bug.comments
            if (number, said.index) in truth.removed_comments - back and self._is_missed(bug, said)
        }
        shown = {
            number for number, found in stands.items() if found and self._exposed(number, found)
        }
        named |= {number for number in self._left if len(stands.get(number, ())) > 1}
        return (named | shown) & {number for number, bug in truth.bugs.items() if bug.there}

    def agreed(self) -> set[int]:
        """The bugs whose state people made what it is at the source by now: a target that has more
        states than two may hold another one of those that mean the same."""
        return {number for number, _field in self._agreed()}

    def _agreed(self) -> set[tuple[int, str]]:
        truth = self._truth
        return {
            (number, field)
            for (number, field), value in truth.edits.items()
            if field == "done" and value == str(truth.bugs[number].done)
        }

    def _is_missed(self, bug: Bug, said: Said) -> bool:
        """Whether a comment that is not there should be."""
        return not said.hidden and bug.info != EMBARGOED

    # -- one bug --------------------------------------------------------------------------------

    def _must_stand(self, bug: Bug) -> bool:
        return (
            bug.there and bug.info in ("Public", PRIVATE) and bug.number not in self._truth.removed
        )

    def _exposed(self, number: int, found: list[Standing]) -> bool:
        """Whether something stands there that was hidden at the source."""
        hidden = {one.index for one in self._truth.bugs[number].comments if one.hidden}
        return any(note.index in hidden and note.ours for note in found[0].notes)

    def _one(self, bug: Bug, here: Standing, copies: Sequence[Standing] = ()) -> Iterator[Finding]:
        """copies: all that stand there of it, if it is there too often, and that was told."""
        number, truth = bug.number, self._truth
        if number in truth.removed and number not in truth.unsure:
            yield Finding("doubles", number, "somebody removed it, and it is there again")
            return
        yield from self._notes(bug, here)
        yield from self._kept(bug, copies or [here])
        closed = not bug.there or bug.info == EMBARGOED or self._exposed(number, [here])
        if closed:
            if not here.shut:
                yield Finding("leaks", number, "has to be closed for all but the importer")
            return
        if self._waits(bug, here):
            return  # whoever could read it can, and nobody else may
        if here.open != bug.public or here.shut:
            kind = "leaks" if here.open else "losses"
            yield Finding(kind, number, f"open: {here.open}, shut: {here.shut}, {bug.info}")
        yield from self._fields(bug, here)

    def _waits(self, bug: Bug, here: Standing) -> bool:
        """Whether it is not opened before somebody has decided on what it says."""
        return not here.open and self._is_outdated(bug, here)

    def _is_outdated(self, bug: Bug, here: Standing) -> bool:
        """Whether a comment stands there as it was before an edit, where comments can't be edited,
        in words that not everybody could ever read there: nobody can say then that everybody could
        at the source, which may have changed more than once between two looks."""
        said = {word for note in here.notes if note.ours for word in words(note.text)}
        unknown = said - self._truth.shown - {one.text for one in bug.comments}
        return self._allowed.comment_edits and bool(unknown)

    def _fields(self, bug: Bug, here: Standing) -> Iterator[Finding]:
        number, edited = bug.number, self._truth.edits
        if (number, "title") not in edited and words(here.title) != [bug.title]:
            yield Finding("losses", number, f"title {here.title!r}, not {bug.title}")
        if (number, "text") not in edited:
            old = set(bug.texts[:-1]) & set(words(here.text))
            if bug.text not in words(here.text) or old:
                yield Finding("losses", number, f"text {here.text!r}, not {bug.text}")
        said = (number, "done") in edited or here.done is None or bug.ever_same
        if not said and here.done != bug.done:
            yield Finding("losses", number, f"done: {here.done}, not {bug.done}")
        named = set() if bug.public else here.named
        hides = not bug.public and self._allowed.tags_in_text
        named = bug.tags if (here.named or hides) and (number, "text") in edited else named
        lost = bug.tags - here.tags - named
        added = here.tags - bug.tags - self._truth.tags.get(number, set())
        if lost or added:
            yield Finding("losses", number, f"tags: lacks {sorted(lost)}, has {sorted(added)}")
        if here.tasks != bug.tasks:
            kind = "doubles" if here.tasks > bug.tasks else "losses"
            yield Finding(kind, number, f"{here.tasks} tasks, not {bug.tasks}")
        yield from self._links(bug, here)

    def _links(self, bug: Bug, here: Standing) -> Iterator[Finding]:
        if here.links is None:
            return
        bugs = self._truth.bugs
        sure = {n for n in bug.needs if n in bugs and not bugs[n].troubled} - self._truth.removed
        if not sure <= here.links or not here.links <= bug.needs:
            what = f"depends on {sorted(here.links)}, not {sorted(bug.needs)}"
            yield Finding("losses", bug.number, what)

    def _kept(self, bug: Bug, found: Sequence[Standing]) -> Iterator[Finding]:
        """What people did is as they left it: they did it to one of those that stand there."""
        number, truth = bug.number, self._truth
        for name in ("title", "text"):
            mine = truth.edits.get((number, name))
            if mine is not None and [mine] not in [edits(getattr(one, name)) for one in found]:
                yield Finding("overwritten", number, f"somebody's {name} {mine}")
        done = truth.edits.get((number, "done"))
        states = {str(one.done) for one in found if one.done is not None}
        if done is not None and states and done not in states:
            yield Finding("overwritten", number, f"somebody's state: done is {done}")
        lost = truth.tags.get(number, set()) - {tag for one in found for tag in one.tags}
        if lost:
            yield Finding("overwritten", number, f"somebody's tags {sorted(lost)}")
        said = [word for one in found for note in one.notes for word in edits(note.text)]
        if sorted(said) != sorted(truth.remarks.get(number, [])):
            yield Finding("overwritten", number, "somebody's comments")

    def _notes(self, bug: Bug, here: Standing) -> Iterator[Finding]:
        number, truth = bug.number, self._truth
        ours = [note for note in here.notes if note.ours and note.index is not None]
        at = [note.index for note in ours]
        for index in sorted(
            {one for one in at if at.count(one) > 1 and not truth.doubled}, key=str
        ):
            yield Finding("doubles", number, f"comment {index} stands {at.count(index)} times")
        # the text as it was filed is a comment, once the bug's text is another
        known = {0} | {one.index for one in bug.comments}
        yield from (
            Finding("doubles", number, f"comment {index} is none of the source's")
            for index in at
            if index not in known
        )
        current = bug.there and bug.info != EMBARGOED and not self._exposed(number, [here])
        if bug.public and self._waits(bug, here):
            current = False  # nothing is written of it meanwhile
        for said in bug.comments:
            stands = [note for note in ours if note.index == said.index]
            removed = (number, said.index) in truth.removed_comments
            if stands and removed and (number, said.index) not in truth.unsure_comments:
                yield Finding("doubles", number, f"comment {said.index} was removed, and is back")
            if not stands and current and not said.hidden and not removed:
                yield Finding("losses", number, f"comment {said.index} is not there")
            if stands and current and not said.hidden:
                yield from self._text(bug, said.index, stands[0], said.texts)
        always = [one.index for one in bug.comments if not one.ever_hidden]
        order = [one for one in dict.fromkeys(at) if one in always and not truth.taken]
        if order != sorted(order, key=lambda one: one or 0):
            yield Finding("losses", number, f"comments stand in the order {order}")

    def _text(self, bug: Bug, index: int, note: Note, texts: list[str]) -> Iterator[Finding]:
        right = texts if self._allowed.comment_edits else texts[-1:]
        mine = self._truth.edits.get((bug.number, f"comment {index}"))
        if mine is None and not set(words(note.text)) & set(right):
            yield Finding("losses", bug.number, f"comment {index}: {note.text!r}, not {right}")
