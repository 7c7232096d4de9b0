"""What a backend has to be: `Source`, `Planner`, `Sink`; and the values that pass between them.

The words, once:

key         what names a thing at the source for good (`model.Key`)
Wanted      an object that a planner wants at the target, with all its fields; references in it are
            still symbolic (`Ref` in a text, `Pointer` in a field), so its digest knows no remote id
Action      what has to be done so that the target holds a Wanted: create it, or update some fields
Step        one request, with the actions that it carries (a Maniphest fill carries many)
closed      with the references put in: a `ClosedStep` can be sent, and compared with what is read
mark        where the target stood before the intent, so that `find` knows how far to look back
RemoteRef   where an object is at the target
permalink   the source's address of an object; stands in its text at the target and names it

Data flows to the right only: Source → archive → Planner → diff → apply → Sink.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, BinaryIO, Literal, Protocol, runtime_checkable

import msgspec

from tracker_migrate.model import Access, Attachment, Issue, Key, Milestone, Person, Project, Series
from tracker_migrate.typed import ready

#: the version of what stands in this file. A plug-in's module says for which one it was written,
#: as `INTERFACE = 1`; it is raised when a backend that was right would not be right any more
VERSION = 1

# -- text and references ------------------------------------------------------------------------


class Ref(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="ref"):
    """A hole in a text that will be a link: to where `to` is at the target, once that is known,
    else to `home`, its address at the source. `label` is plain text: the sink escapes it.

    passing: it is written with the text, and is no reason to write the text again: the file of a
    comment that stands there already. It brings its own blanks; `label` stands if `to` is nowhere.
    """

    to: Key
    label: str
    home: str
    passing: bool = False


class Passing(msgspec.Struct, frozen=True, kw_only=True, tag="passing"):
    """A piece of a text that changes at the source with every event, such as the date of the last
    one. It is written whenever the text is, and is no reason to write it again. dated: it tells a
    date that the target's API can't set; where `backdate` has set it, it goes."""

    text: str
    dated: bool = False


#: hexadecimal digits of a seal: 48 bits, of which nobody can try many, for each costs a request
SEAL_LENGTH = 12


class Seal(msgspec.Struct, frozen=True, kw_only=True, tag="seal"):
    """A hole for a short keyed signature of a permalink: where a text has another author than the
    importer, it tells ours from a forgery. of: the permalink."""

    of: str

    @property
    def text(self) -> str:
        """What is shown for it where none is made: as long as it will be."""
        return "\u00b7" * SEAL_LENGTH


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The line of origin that a text begins with, in both its forms. told: as it stands in the
    text: who and when are told, because the object at the target does not carry them. carried:
    where it does: the permalink, and its seal."""

    told: tuple[str | Passing | Seal, ...]
    carried: tuple[str | Passing | Seal, ...]


#: a piece of a text
Piece = str | Ref | Passing | Seal


class Text(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="text"):
    """A writer's output in the target's markup, with holes left open. head: the line of origin that
    `parts` begin with; None if there is none, or nobody else can be the author."""

    parts: tuple[Piece, ...]
    head: Head | None = None

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The holes, in order."""
        return tuple(part for part in self.parts if isinstance(part, Ref))


class Pointer(msgspec.Struct, frozen=True, kw_only=True, tag="pointer"):
    """A field's value that becomes the id of `to` at the target.

    A `required` one has to be there first; another falls back to None. An issue is pointed at only
    if it moves (`Decisions.moves`): one that comes to move later is a change of what is wanted, and
    nothing else would tell of it.
    """

    to: Key
    required: bool = True


#: what a field of a Wanted may hold: JSON values, a Text, a Pointer, or a tuple of Pointers
Value = Any


# -- what a planner says ------------------------------------------------------------------------


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An object as it should be at the target.

    key: names it in the ledger. kind: one of the planner's `kinds`. issue: the issue that it
    belongs to (for shared objects, such as a project, the project's own key). after: keys of
    objects that must be there first, besides its required pointers. audience: `public`, or the
    name of a policy. marker: the permalink. holds: things of the source that have no object of
    their own, because they stand in this one (a task in its story's text, a comment folded with
    others): they are written with it, and are where it is, so that what names them finds them.

    author, created, changed, closed: who made it at the source, when, when it was changed last and
    when it was closed there, where that is known: the target may not be able to say so before
    `backdate`. by: the account, as `Account.id`, that a new object is written as; "" for the
    importer. carried: fields that are otherwise where the target shows the author, besides the
    lines of origin (a link that has to be sealed). None of the first five is part of what
    "unchanged" means.
    """

    key: Key
    kind: str
    issue: Key
    fields: dict[str, Value]
    after: tuple[Key, ...] = ()
    audience: str = "public"
    marker: str = ""
    holds: tuple[Key, ...] = ()
    author: Key | None = None
    created: datetime | None = None
    changed: datetime | None = None
    closed: datetime | None = None
    by: str = ""
    carried: dict[str, Value] = {}


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of object at a target, and what the target can do with it.

    editable: fields can be changed later. phase: 0 shared objects (projects, tags), 1 creation,
    2 what needs the references to be known. chosen: we choose its number. private: how a change
    of audience can follow ("follows" its issue, "own" = set on the object itself, "never").
    within: it has no place of its own, and stands at its issue's (a story's tags). placed: where it
    stands follows from what it is (a file in a folder): `find` needs neither number nor mark.
    remembers: who may read it may read what its fields held before, too.
    """

    name: str
    phase: int = 1
    editable: bool = True
    chosen: bool = False
    private: Literal["own", "follows", "never"] = "follows"
    within: bool = False
    placed: bool = False
    remembers: bool = False


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a field: `native` (a field of the target), `text` (readable in the body),
    `lost` (with the reason why text can't hold it). count: in how many places of the issue."""

    entity: str
    field: str
    outcome: Literal["native", "text", "lost"]
    reason: str = ""
    count: int = 1


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What can become of a field at a target, whatever the issue. note: when that is so, if several
    things can become of it; where in the text it stands; or why it is lost."""

    outcome: Literal["native", "text", "lost"]
    note: str = ""


@runtime_checkable
class HasRules(Protocol):
    """A planner that can say beforehand what `losses` will say of an issue."""

    def rules(self, entity: str, field: str) -> tuple[Rule, ...]:
        """What can become of a field of the model, by the names that `Loss` has; and of those of
        `person`, `project`, `series` and `milestone`, which no issue's losses name. Raises KeyError
        for a field that nobody has thought of."""
        ...


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a source exports, and what it is in the model.

    entity: its type, by the source's name. becomes: fields of the model, as `entity.field`, that
    tell it. rows: it is a list, and its rows are read: the type that they are of. reason: why the
    model has nothing of it, if both are empty.
    """

    entity: str
    field: str
    becomes: tuple[str, ...] = ()
    rows: str = ""
    reason: str = ""


class RemoteRef(msgspec.Struct, frozen=True, kw_only=True):
    """Where an object is at the target. id: what requests name it by (a number, a PHID).
    number: what people call it (`1234`, `T56`). url: for people; may be empty."""

    id: str
    number: str = ""
    url: str = ""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What makes the target hold `wanted`. fields: which of its fields to send (all in a create).
    at: where it is, in an update. spares: of fields that are lists, digests (`digest.short`) of
    elements that are not sent, because somebody took them away at the target."""

    op: Literal["create", "update"]
    wanted: Wanted
    fields: tuple[str, ...]
    at: RemoteRef | None = None
    spares: dict[str, tuple[str, ...]] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One request. kind: one of the sink's `steps` (`story.create`). actions: in order."""

    kind: str
    actions: tuple[Action, ...]
    phase: int = 1


class ClosedAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action with its references put in.

    fields: JSON values and str only. number: the chosen id, where this kind's are chosen.
    open: keys of references that fell back to home, and are worth another look later.
    digest, opens: of the open form, whole and by field: kept with the intent, so that what a crash
    left behind is settled without planning again. holds: see `Wanted`; of a `delete`, which only an
    undo sends (`abilities.TakesBack`), what goes with the object. by: the account that a new
    object is to be written as; "" for the importer. spares: see `Action`.
    """

    op: Literal["create", "update", "delete"]
    key: Key
    kind: str
    fields: dict[str, Any]
    at: RemoteRef | None = None
    number: int | None = None
    audience: str = "public"
    marker: str = ""
    open: tuple[Key, ...] = ()
    digest: str = ""
    opens: dict[str, str] = {}
    holds: tuple[Key, ...] = ()
    by: str = ""
    spares: dict[str, tuple[str, ...]] = {}


class ClosedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that can be sent. issue: the issue it belongs to."""

    kind: str
    issue: Key
    actions: tuple[ClosedAction, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Where each object of a step is now, by key; and the fields whose value the server chose or
    changed in a way that is known and accepted (they replace what was sent, when compared)."""

    refs: dict[Key, RemoteRef]
    stored: dict[Key, dict[str, Any]] = {}


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """An object read back: its place, and its fields under the planner's names, comparable with
    the fields of a ClosedAction. A field that can't be read back is absent. by: the account that
    the target shows as its author; "" if that is the importer, or the target does not tell."""

    at: RemoteRef
    fields: dict[str, Any]
    by: str = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An issue as it is at the target. objects: those known by id. ours: objects that nobody told
    us of, but that an account of ours made and whose permalink names this key (an address as
    `Wanted.marker` had it; where the target has room for the key itself, keep that). doubled: keys
    that stand there more than once, wherever at the target, beside the places that were asked for.
    foreign: how many objects other people added. within: those of `ours` that stand in another one
    of them, and in which."""

    objects: dict[Key, Observed]
    ours: dict[Key, RemoteRef] = {}
    within: dict[Key, Key] = {}
    doubled: tuple[Key, ...] = ()
    foreign: int = 0


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an account of ours did at the target: made an object, or set fields of one.

    kinds: which of the planner's kinds the object may be of. made: whether it was made then.
    within: what it stands in, where it has no place of its own (a comment's task). marker: the
    permalink that it names. names: the key of a shared object, which has no permalink. fields: what
    was set, comparable with the fields of a ClosedAction.
    """

    kinds: tuple[str, ...]
    at: RemoteRef
    made: bool = False
    within: str = ""
    marker: str = ""
    names: Key | None = None
    fields: dict[str, Any] = {}


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what our accounts did, the latest first. mark: where the target stands now."""

    mine: tuple[Mine, ...]
    mark: dict[str, Any]


#: the marker of an object that stands there twice begins so: it names nothing of the source
DOUBLED = "doubled:"
#: and that of an object which was taken back, where the target keeps it
UNDONE = "undone:"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account at the target. id: as requests name it (a number, a PHID). name: for people."""

    id: str
    name: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An account at the target, as its list of accounts names it. id: as `Account.id`. login: the
    name to log in with, "" if there is none. full_name: as its owner wrote it. usable: whether
    somebody may use it; a disabled one, or a program's, is no candidate. identities: OpenID
    identifiers and e-mail addresses, where the target shows them to everybody: evidence, which is
    written nowhere. made_for: the name at the source of whom an earlier move made it for."""

    id: str
    login: str = ""
    full_name: str = ""
    usable: bool = True
    identities: tuple[str, ...] = ()
    made_for: str = ""


@runtime_checkable
class ListsAccounts(Protocol):
    """A sink whose target tells who has an account."""

    def accounts(self) -> Iterator[Candidate]:
        """Everybody with an account. Raises Unreachable, LoginNeeded."""
        ...


#: the name of the audience of what is closed for all but the importing account itself
IMPORTER = "importer"


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """Who may read. name: `public`, `importer` (nobody else), or of a policy. refused: the reason,
    if nobody may write it. users, groups: as the target names them (user ids, teams; the PHID of a
    project or custom policy). space: where it has to stand besides ("" for no Space)."""

    name: str
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    space: str = ""
    refused: str = ""


#: closed for everybody but the importing account
CLOSED = Audience(name=IMPORTER)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a project of the source becomes. name: at the target. branch: for a series or package.
    move: whether its issues are to be moved at all (False: only named in the text)."""

    name: str
    branch: str | None = None
    move: bool = True


class Decisions(Protocol):
    """What people decided, and what the archive knows: all that a planner may ask. Read only."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The target's own settings."""
        ...

    @property
    def source_writer(self) -> str:
        """Changes when any table or setting changes: part of what "unchanged" means."""
        ...

    def state(self, table: str, word: str) -> str:
        """The target's word for the source's. table: `status`, `importance`, `blueprint`,
        `definition`, `work_item`. Raises UsageError if no row says it."""
        ...

    def account(self, person: Key | None) -> Account | None:
        """Somebody's account at the target, if one is decided."""
        ...

    def person(self, person: Key) -> Person | None:
        """What the archive knows of a person."""
        ...

    def place(self, target: Key) -> Place:
        """What a project, series or package becomes."""
        ...

    def milestone(self, milestone: Key) -> Milestone | None:
        """What the archive knows of a milestone."""
        ...

    def tag(self, name: str) -> str | None:
        """The tag's name at the target; None: it is only named in the text."""
        ...

    def tag_uses(self, name: str) -> int:
        """How many public issues of the archive carry this tag (0: none that is public)."""
        ...

    def is_bot(self, person: Key | None) -> bool:
        """Whether somebody was said to be a program and no person."""
        ...

    def standing(self, issue: Key) -> Mapping[Key, Key]:
        """What stands at the target of an issue already, or stood there: each thing's key, and the
        key of the object that holds it (its own, if it has one)."""
        ...

    def audience(self, issue: Issue) -> Audience:
        """Who may read an issue at the target."""
        ...

    def blocks(self, issue: Issue, text: str) -> tuple[Any, ...]:
        """A text of the source as blocks (`tracker_migrate.text.blocks`), addresses redacted."""
        ...

    def moves(self, issue: Key) -> bool:
        """Whether an issue is in the archive, and will be or is at the target."""
        ...

    def circular(self, issue: Key, on: Key) -> bool:
        """Whether `on`, which an issue depends on, depends on that issue in its turn, directly or
        through others."""
        ...


@runtime_checkable
class Planner(Protocol):
    """Says, purely, what it wants at the target for an issue, and what gets lost.

    version: part of every digest; raise it when the same issue would be written otherwise. kinds:
    the kinds of objects, by name. issue_kind: the kind that an issue itself becomes. steps: the
    names of all kinds of steps that `compose` makes.
    """

    tracker: str
    #: part of every digest: raise it when the same issue would be written otherwise
    version: int
    kinds: Mapping[str, Kind]
    #: the kind of the object that an issue itself becomes; it has the issue's key
    issue_kind: str
    #: the names of all kinds of steps, for tests that must cover each
    steps: tuple[str, ...]

    def refusal(self, issue: Issue, decisions: Decisions) -> str | None:
        """Why this issue can't be written, or None. Cheap; asked before anything else."""
        ...

    def wanted(self, issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
        """The objects that the issue becomes, each after those that it hangs on. Shared objects
        (projects, branches, tags) come first, again for every issue that needs them. A comment
        that is withheld or deleted becomes none, whatever text stands in it; a title may hold
        anything, also half a surrogate pair."""
        ...

    def losses(self, issue: Issue, decisions: Decisions) -> Iterator[Loss]:
        """What becomes of every field that the issue fills: adds up to `model.present_fields`."""
        ...

    def access(self, kind: str, audience: Audience) -> dict[str, Value]:
        """The fields of an object that say who may read it, for a kind whose `private` is "own":
        the same as `wanted` has, and no more. `CLOSED` closes it for all but the importer."""
        ...

    def doubled(self, kind: str, beside: str, decisions: Decisions) -> dict[str, Value]:
        """The fields, but for those of `access`, that close an object which stands there twice, and
        that say so. beside: what people call the other one. Empty for a kind that can't be
        changed."""
        ...

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        """The requests that carry these actions of one issue, in the order to send them: what
        changes who may read is a step of its own, before all others if it closes and after them if
        it opens; creates keep the order in which they come. A step's phase is that of its kind."""
        ...


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a request takes of a server that has nothing else to do, with as many at once as it
    gains from: seconds for the request, and for each action in it."""

    seconds: float
    action: float = 0.0


class Blocker(msgspec.Struct, frozen=True, kw_only=True):
    """What a community said keeps it from moving to a tracker. name: one word, for programs. said:
    the complaint. answer: what becomes of it here. state: `lifted`, `partly`, `open`, or `outside`
    (nothing that moving data could change)."""

    name: str
    said: str
    answer: str
    state: Literal["lifted", "partly", "open", "outside"]


@runtime_checkable
class Outlook(Protocol):
    """A planner that can say what a move to its tracker would be like: for `evaluate`."""

    #: by the names of `Planner.steps`
    costs: Mapping[str, Cost]
    blockers: Sequence[Blocker]
    #: who is mailed when something is written, and what an administrator can do about it
    mail: str

    def touched(self, issue: Issue, decisions: Decisions) -> Collection[str]:
        """The names of the blockers that an issue has to do with."""
        ...


@runtime_checkable
class Lookup(Protocol):
    """Where things are at the target: the ledger, read only."""

    def where(self, to: Key) -> RemoteRef | None:
        """The place of an object that is there, or whose number is chosen already."""
        ...


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers first..last (both included) that nobody else will be given any more."""

    first: int
    last: int


class Watch(Protocol):
    """Looks for what our accounts did at a target and the ledger does not know: something between
    may have delivered a request twice."""

    def since(self, mark: Mapping[str, Any]) -> Iterator[Since]:
        """What our accounts did since a mark ({}: ever), the latest first, in pages: one page, of
        one request, if there is nothing. What others are doing just then may be told again."""
        ...

    def look(self, mine: Sequence[Mine]) -> Sequence[Mine]:
        """These as they stand now, with their places and the permalinks that they name. What is not
        there any more, or was not made by an account of ours, is left out."""
        ...

    def whose(self, mine: Mine) -> Literal["ours", "touched", "theirs"]:
        """What its history says: all of it is ours; or other people have worked on it; or it is not
        we who said what it is. Raises ObjectError."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Writes to one target. Called from several threads at once.

    settle_seconds: the longest time that the server may still carry out a request that we gave up
    on. connections: how many steps may be under way at once. ordered: whether issues are created
    one after another, so that the target's numbers follow the source; where we choose the numbers
    it need not be. watch: finds what was delivered twice; None where that does nothing twice.
    """

    tracker: str
    address: str
    planner: Planner
    #: the longest time, in seconds, that the server may take for a request that we gave up on
    settle_seconds: float
    #: how many steps may be under way at once
    connections: int
    #: whether issues have to be created one after another, so that numbers follow the source
    ordered: bool
    #: finds what was delivered twice; None where nothing that is delivered twice is done twice
    watch: Watch | None

    def check(self, decisions: Decisions) -> Mapping[str, str]:
        """Ask the server what it is, who we are, and whether the words of the tables exist there.

        Returns facts for people (account, version). Raises WrongTracker, LoginNeeded, Unreachable,
        UsageError (all mistakes at once).
        """
        ...

    def number(self, wanted: Wanted) -> int | None:
        """The number that this object must get (numbers kept), or None: any from a block."""
        ...

    def claim(self, kind: str, count: int) -> Block:
        """Make sure that nobody else is given `count` numbers for objects of a kind."""
        ...

    def lanes(self, step: ClosedStep) -> tuple[str, ...]:
        """Names of what must not be written by two steps at once; sorted."""
        ...

    def mark(self, step: ClosedStep) -> dict[str, Any]:
        """Where the target stands now, as far as `find` will need it. No request if avoidable."""
        ...

    def send(self, step: ClosedStep) -> Receipt:
        """Send it, once. Raises ObjectError by what has to be done, or a MigrateError that stops
        the run."""
        ...

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """Look whether a step whose reply is unknown was carried out: what it creates is there and
        an account of ours made it; what it changes reads back as it was sent, all of it. None: not
        to be seen now. Raises Taken if its number is a stranger's."""
        ...

    def resend_safe(self, step: ClosedStep) -> bool:
        """Whether sending it twice can't write it twice (it names an explicit id)."""
        ...

    def stored(self, step: ClosedStep) -> Mapping[Key, Mapping[str, Any]]:
        """The fields of a step that read back in another form than they are sent in, by key, in
        that form: the part of `Receipt.stored` that is known without sending."""
        ...

    def read(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> Snapshot:
        """What is there of one issue. refs: kind and place of each object that the ledger names,
        the shared ones left out. Objects that are gone are absent. Raises Gone if the issue itself
        is."""
        ...

    def lookup(self, wanted: Sequence[Wanted]) -> Mapping[Key, RemoteRef]:
        """Which of these issue objects (in batches of up to a few hundred) an account of ours has
        already made, by marker or number; strangers' look-alikes are not named."""
        ...

    def made(self) -> Iterator[Mine]:
        """All that our account has made and that names a thing of the source: at least one object
        of each issue, where it is, and the permalink that it names. It goes over everything."""
        ...

    @property
    def importer(self) -> str:
        """The id of the account that writes, as `Account.id` has it. Raises LoginNeeded."""
        ...

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str] | None]:
        """The ids of the accounts in each of these teams or projects; None where the server does
        not tell (a custom policy, a Space, a group that is not there)."""
        ...

    def readable_by_outsider(
        self,
        refs: Mapping[Key, tuple[str, RemoteRef]],
        *,
        withheld: Collection[str] = (),
        thorough: bool = False,
    ) -> list[Key]:
        """Which of these objects somebody can read who should not: nobody at all, and every
        outsider whose token was given.

        refs: kind and place of private objects, the shared ones left out. withheld: names of tags
        that no list may show; one that does is told as the key `TRACKER:tag:withheld`. thorough:
        look at the lists, the feeds and the search as well, not only at each object.
        """
        ...

    def link(self, ref: Ref, at: RemoteRef | None) -> str:
        """A reference in the target's markup."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Files(Protocol):
    """The bytes of attachments that the archive holds."""

    def open(self, sha256: str) -> BinaryIO:
        """The bytes whose hash this is, from their beginning; it can seek. Raises Refused if they
        are not there, or not what they were."""
        ...


@runtime_checkable
class TakesFiles(Protocol):
    """A sink that can write attachments' bytes."""

    def lend(self, files: Files) -> None:
        """Where to have the bytes that a step's `sha256` names: said once, before any step."""
        ...


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a task is at a target, and how it stands, in the target's own words; empty where it has
    nothing. series: whatever the target has for one (a branch, a subproject). A milestone that no
    field there can hold, but a text, ends in `text.cells.IN_TEXT`."""

    project: str
    series: str = ""
    milestone: str = ""
    status: str = ""


@runtime_checkable
class CountsTasks(Protocol):
    """A sink that can tell where tasks are and how they stand: what `verify` counts at both
    ends."""

    def due(self, issue: Issue, decisions: Decisions) -> Iterator[tuple[Key, Standing]]:
        """Each object of an issue that stands for tasks of the source, and how that should stand:
        from what the source says, through the tables. Asks no server. Raises UsageError."""
        ...

    def standings(
        self, due: Mapping[Key, Standing], seen: Mapping[Key, Observed]
    ) -> Iterator[tuple[Key, Standing]]:
        """How those of these objects stand that are there; of the same projects as in `due`, should
        somebody have put them into others as well. seen: all that was read of the issue. Asks the
        server for names, each once as long as the sink is open. Raises ObjectError, Unreachable,
        LoginNeeded."""
        ...


# -- reading ------------------------------------------------------------------------------------


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A raw reply, less what must stay at the source. withheld: how many texts were taken out."""

    url: str
    status: int
    body: bytes
    withheld: int = 0


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that a listing named. stamp: what changes when it does, if the listing says."""

    key: Key
    stamp: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """An issue as it was read. stamp: what the source says changes when the issue does."""

    issue: Issue
    replies: tuple[Reply, ...]
    stamp: str = ""


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """Something else that was read: a person, project, series, milestone."""

    value: Person | Project | Series | Milestone
    reply: Reply


@runtime_checkable
class Source(Protocol):
    """Reads one tracker. `read` and `person` are called from several threads at once."""

    tracker: str
    address: str
    #: as whom it reads: `anonymous`, or the name of an account. What is read depends on it
    viewer: str

    def check(self) -> Mapping[str, str]:
        """Ask the server what it is and whether the project exists. Raises UsageError,
        WrongTracker, LoginNeeded, Unreachable."""
        ...

    def now(self) -> datetime:
        """The server's clock."""
        ...

    def surroundings(self) -> Iterator[Entity]:
        """The projects, series and milestones that the source's issues live in."""
        ...

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        """The issues that exist, or those that changed after `since`; each once, in order of key
        where everything is listed. newest: only so many of the newest bugs (and all blueprints)."""
        ...

    def read(self, issue: Key, known: str = "") -> Reading | None:
        """One issue, whole; None if its stamp is still `known`. Raises Gone if it is not there or
        not to be seen, Refused if it can't be understood, Retriable."""
        ...

    def person(self, person: Key) -> Entity:
        """Somebody. A suspended or missing one has only its name."""
        ...

    def project(self, project: Key) -> Entity:
        """A project that an issue names, though it is none of those that are read. Raises Gone,
        Refused, Retriable."""
        ...

    def closed(self) -> Iterator[Key]:
        """The bugs that are listed for this reader, and that not everybody may read: a short list,
        asked for at each poll, because what becomes private or public need not be listed as
        changed. Empty for a reader of public things alone. Raises Unreachable, LoginNeeded."""
        ...

    def access(self, issue: Issue) -> Access | None:
        """Who may read an issue now that was not public when it was read; None for a public one.
        Raises Retriable, Refused, Unreachable, LoginNeeded."""
        ...

    def is_public(self, issue: Key) -> bool:
        """Whether everybody may read an issue now: one more look before it is opened at a target.
        False if it is not there, or not to be seen. Raises Unreachable, LoginNeeded, Retriable."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of an attachment, under way. name, type: as the server says, not to be trusted.
    size: how many bytes it all has, or None if the server does not say. start: the place of the
    first byte of `parts`: the one that was asked for, or 0. parts: raise Retriable if they end too
    early."""

    name: str
    type: str
    size: int | None
    start: int
    parts: Iterator[bytes]


@runtime_checkable
class GivesFiles(Protocol):
    """A source that can read attachments' bytes. Called from several threads at once."""

    def download(self, one: Attachment, start: int = 0) -> AbstractContextManager[Download]:
        """An attachment's bytes, from the one at `start` if the server can do that. Raises Gone (it
        has none), NotPublic (its issue is not public by now, and others are not read),
        Refused, Retriable, Unreachable, LoginNeeded."""
        ...


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a run, for a progress display or a log: no private text in it.

    name: `read`, `planned`, `sent`, `settled`, `refused`, `aside`, `verified`, `waiting` …
    """

    name: str
    target: str = ""
    key: str = ""
    detail: str = ""
    done: int = 0
    total: int = 0


def total(losses: Iterable[Loss]) -> dict[tuple[str, str, str], int]:
    """Losses added up: (entity, field, outcome) → how many times."""
    sums: dict[tuple[str, str, str], int] = {}
    for loss in losses:
        at = (loss.entity, loss.field, loss.outcome)
        sums[at] = sums.get(at, 0) + loss.count
    return sums


ready(ClosedStep, Receipt, RemoteRef)
