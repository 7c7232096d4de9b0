"""The oracle's own small model: what the source says now, what it ever said, what people did.

Every text is one word that occurs nowhere else, so that it is known again in any markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: of the source; of people at the target
WORD = re.compile(r"\bzq\d+qz\b")
EDIT = re.compile(r"\bpx\d+xp\b")
#: information types: who may read is decided for the second, and for the third it is not
PUBLIC, PRIVATE, EMBARGOED = "Public", "Private", "Embargoed"


def words(text: str | None) -> list[str]:
    """The words of the source in a text, in order."""
    return WORD.findall(text or "")


def edits(text: str | None) -> list[str]:
    """The words of people at the target in a text."""
    return EDIT.findall(text or "")


@dataclass
class Said:
    """A comment. texts: all that it ever said; the last is what it says now."""

    index: int
    texts: list[str]
    hidden: bool = False
    ever_hidden: bool = False

    @property
    def text(self) -> str:
        """What it says now."""
        return self.texts[-1]


@dataclass
class Bug:
    """A bug at the source. titles, texts: as of a comment. refers: bugs that its text names.
    there: whether it is at the source. troubled: whether it ever was private or not there."""

    number: int
    titles: list[str]
    texts: list[str]
    info: str = PUBLIC
    tags: set[str] = field(default_factory=set)
    done: bool = False
    tasks: int = 1
    refers: list[int] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)
    same_as: int | None = None
    ever_same: bool = False
    comments: list[Said] = field(default_factory=list)
    there: bool = True
    troubled: bool = False

    @property
    def title(self) -> str:
        """What it is called now."""
        return self.titles[-1]

    @property
    def text(self) -> str:
        """What it is about, now."""
        return self.texts[-1]

    @property
    def public(self) -> bool:
        """Whether everybody may read it now."""
        return self.there and self.info == PUBLIC

    def shown(self) -> Iterator[str]:
        """The words that its readers see now."""
        yield from (self.title, self.text)
        yield from (said.text for said in self.comments if not said.hidden)


class Truth:
    """All bugs, and what people did at the target."""

    def __init__(self, *, keeps_filed: bool = False) -> None:
        self.bugs: dict[int, Bug] = {}
        self._count = 0
        #: whether the source shows what title and text were beside what they are, as Launchpad's
        #: first message and its list of changes do, also of what was written in private
        self._keeps_filed = keeps_filed
        #: words that everybody could read at the source at some time
        self.told: set[str] = set()
        #: words that everybody could read at the target at some time
        self.shown: set[str] = set()
        #: every word that the source ever said
        self.said: set[str] = set()
        #: what people wrote over something of ours: by bug and field
        self.edits: dict[tuple[int, str], str] = {}
        #: bugs whose source said at some time what people made of their state at the target
        self.agreeing: set[int] = set()
        #: bugs whose state people changed and set back: `verify` may tell that a task has another
        #: open state now, or an owner, for who closes one that has none becomes it
        self.touched: set[int] = set()
        #: tags that people added, by bug
        self.tags: dict[int, set[str]] = {}
        #: words that people said in comments of their own, by bug
        self.remarks: dict[int, list[str]] = {}
        #: bugs and comments that people removed at the target
        self.removed: set[int] = set()
        self.removed_comments: set[tuple[int, int]] = set()
        #: whether strangers took numbers that we had chosen
        self.taken = False
        #: whether a request of ours was delivered twice: comments may stand twice, and be told
        self.doubled = False
        #: of these the ledger did not know yet: they may be made again
        self.unsure: set[int] = set()
        self.unsure_comments: set[tuple[int, int]] = set()

    def word(self) -> str:
        """A new word of the source."""
        self._count += 1
        self.said.add(f"zq{self._count}qz")
        return f"zq{self._count}qz"

    def edit(self) -> str:
        """A new word of somebody's at the target."""
        self._count += 1
        return f"px{self._count}xp"

    def heard(self) -> None:
        """Something changed: remember what everybody can read now, and what was in trouble."""
        for bug in self.bugs.values():
            self.heard_of(bug)

    def heard_of(self, bug: Bug) -> None:
        """The same, of a bug that changed."""
        bug.troubled = bug.troubled or not bug.public
        if bug.public:
            self.told.update(bug.shown())
            self.told.update((*bug.titles, *bug.texts) if self._keeps_filed else ())

    @property
    def secret(self) -> set[str]:
        """Words that not everybody could read, ever."""
        return self.said - self.told
