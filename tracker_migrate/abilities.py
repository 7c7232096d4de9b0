"""What a backend may be able to do besides what `interfaces` asks of it.

Each is a protocol of its own, so that a backend which cannot do it just lacks the method, and what
needs it says so. The engine asks with `isinstance`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import msgspec

from tracker_migrate.interfaces import Account, Decisions, Listed, Mine, RemoteRef, Value, Wanted
from tracker_migrate.model import Comment, Issue, Key, Person, Project, Task

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# -- who is who ---------------------------------------------------------------------------------


@runtime_checkable
class KnowsIdentities(Protocol):
    """A source that can be asked whose something is that only one person can have."""

    def who_has(self, identity: str) -> Key | None:
        """The person with this OpenID identifier, or e-mail address; None if it knows nobody, or
        does not tell. One request. Raises Unreachable, Retriable, LoginNeeded."""
        ...


@runtime_checkable
class FindsByAddress(Protocol):
    """A sink whose target shows nobody's e-mail address, but knows whose a given one is."""

    def with_addresses(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """The accounts, as `Account.id`, that have one of these addresses. One request. Raises
        Unreachable, LoginNeeded."""
        ...


@runtime_checkable
class NamesPlaces(Protocol):
    """A planner whose target does not take every name for a project."""

    def held(self, name: str) -> str | None:
        """What a project of this name is called there; None if it can't be there."""
        ...


@runtime_checkable
class ListsPlaces(Protocol):
    """A sink whose target tells which projects there are."""

    def places(self) -> Iterator[str]:
        """The names of all projects that everybody may see. Raises Unreachable, LoginNeeded."""
        ...


# -- authors, through the API -------------------------------------------------------------------


@runtime_checkable
class WritesAsOthers(Protocol):
    """A sink that can write as other accounts than the importer's."""

    def unspoken(self, accounts: Collection[str]) -> Mapping[str, str]:
        """Those of these accounts that nothing is to be written as, and why: the rest of a sentence
        about it. Nothing is asked if the settings want the importer as the author of all. Raises
        Unreachable, LoginNeeded."""
        ...


@runtime_checkable
class KnowsUnspoken(Protocol):
    """Decisions that know what such a sink has said."""

    unspoken: Mapping[str, str]


@runtime_checkable
class MakesAccounts(Protocol):
    """A sink that can make accounts at its target, if the settings let it."""

    def make_account(self, person: Person) -> Account:
        """An account for somebody of the source, that nobody can log in with; the one that was made
        before, if it was. Raises UsageError if it must not, Refused, Unreachable, LoginNeeded."""
        ...


# -- dates and authors, past the API ------------------------------------------------------------


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made of one object in the target's database: whose it is, and of when.

    key, kind, issue, at: as the ledger has them. was_by: the account that the ledger says is shown
    as its author; by: the one that is to be shown. Both as `Account.id`; "" is the importer.
    created, changed: at the source, in UTC (None: unknown, and left as it is; `changed` for issues
    and tasks alone). closed, closer: of a closed task, when and by whom ("": left as it is).

    fields: by the planner's names, those texts that are to stand there otherwise than they were
    sent, as they are to stand. was: of each of these, `digest.short` of the value that we left
    there: a text that has neither that digest nor the new value is a person's edit, and stays.
    before: of each of these, that value itself, where it is still known: for `statements`.

    withdraw: it must not stand there any more, and the API can't take it back: a comment goes, with
    its history; a file gets the readers that `fields` says, or none but the importer.
    """

    key: Key
    kind: str
    issue: Key
    at: RemoteRef
    was_by: str = ""
    by: str = ""
    created: datetime | None = None
    changed: datetime | None = None
    closed: datetime | None = None
    closer: str = ""
    fields: dict[str, Any] = {}
    was: dict[str, str] = {}
    before: dict[str, Any] = {}
    withdraw: bool = False


class Stamped(msgspec.Struct, frozen=True, kw_only=True):
    """How an object stands in the target's database by now: becomes the ledger's.

    by: the account that is shown as its author ("" for the importer). fields: of the stamp's, those
    that stand as they should now, as they read back through the API. edited: those that a person
    changed, and that were left. at: where it is, if that is another place by now. gone: it was
    withdrawn.
    """

    key: Key
    by: str = ""
    fields: dict[str, Any] = {}
    edited: tuple[str, ...] = ()
    at: RemoteRef | None = None
    gone: bool = False


class Backdated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch of stamps. rows: how many rows of each table had to be changed, added
    or deleted (all 0 where everything stands already). stamped: those whose objects are as they
    should be now, changed or not. left: those that were left alone, and why (no private text: a
    stranger's row, nothing there)."""

    rows: dict[str, int] = {}
    stamped: tuple[Stamped, ...] = ()
    left: dict[Key, str] = {}


class Backdater(Protocol):
    """Sets dates and authors in one target's database. It has no ledger: all that it knows of an
    object stands in its stamp. A row is touched if its id is that of a stamp, or belongs to one's
    object, and its author is the importer, `was_by` or `by`."""

    def check(self, database: Connection) -> Sequence[str]:
        """What differs from the tables that are known, a line each, as `database.table.column: what
        is there, what was expected`; empty if nothing does."""
        ...

    def changes(
        self, database: Connection, stamps: Sequence[Stamp], *, write: bool = True
    ) -> Backdated:
        """Make a batch so: all stamps of some issues, in a transaction that the caller has begun,
        and commits. It may be killed at any statement and asked again; what stands already is no
        change. write: False to say only what would be changed."""
        ...

    def statements(self, stamps: Sequence[Stamp]) -> Iterator[str]:
        """The same as SQL for an administrator, a statement each, without the `;`. It reads
        nothing: each statement itself holds what it may touch, and may be run again."""
        ...

    def afterwards(self) -> Sequence[str]:
        """Commands that the administrator has to run when all is done, as text."""
        ...


@runtime_checkable
class Backdates(Protocol):
    """A sink whose target's database is known."""

    def backdater(self, options: Mapping[str, Any]) -> Backdater:
        """options: of `[targets.NAME.database]`, what only the backend knows (such as what the
        names of its databases begin with). Raises UsageError that names every wrong one;
        LoginNeeded, Unreachable: it asks the target who the importer is."""
        ...


# -- what is ours, though somebody else is its author --------------------------------------------


@runtime_checkable
class KnowsSeals(Protocol):
    """A sink that tells ours by the seals in texts, where the author is not the importer."""

    def trust(self, seal: Callable[[str], str]) -> None:
        """How a permalink is sealed (`interfaces.Seal`): said once, before anything is read. It
        raises WorkspaceError if the key can't be had."""
        ...


# -- what a move would do there -------------------------------------------------------------------


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is to be known before a move. level: `fine` is good to know, `look` has a
    cure, with `stop` a run would end before its first write. No text of an issue is in it, and no
    name that only issues have which not everybody may read."""

    level: Literal["fine", "look", "stop"]
    what: str
    cure: str = ""


class Foresight(Protocol):
    """Looks at all issues of a move, then at the target."""

    def see(self, issue: Issue, there: bool) -> None:
        """One issue that is not refused. there: whether it stands at the target by now."""
        ...

    def concerns(self) -> Iterator[Concern]:
        """What is to be known. Asks the server, and writes nothing. Raises what `Sink.check`
        does."""
        ...


@runtime_checkable
class Foresees(Protocol):
    """A sink that says what a move would meet at its target: for `doctor`. It tells of names that
    it can't hold, and of those that it holds to be one."""

    def foresight(self, decisions: Decisions) -> Foresight:
        """For one move."""
        ...


# -- taking back ----------------------------------------------------------------------------------


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An object that the ledger names. by: the account that the target shows as its author, by our
    doing, as `Account.id`; "" for the importer."""

    kind: str
    at: RemoteRef
    by: str = ""


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """How one object of an issue is taken back.

    op: `delete`: it goes, and `takes` go with it; `update`: it stays for good, gets these fields,
    and this marker, by which nothing is looked up, and `takes` stay on it.
    """

    key: Key
    op: Literal["delete", "update"]
    takes: tuple[Key, ...] = ()
    fields: dict[str, Any] = {}
    marker: str = ""


@runtime_checkable
class TakesBack(Protocol):
    """A sink that can take back what was written. A `Back` that deletes is sent as the step
    `KIND.delete`, with one action whose op is `delete` and whose `holds` are what it takes: `send`
    looks whether the object is still there and ours, and raises Gone or Refused if not; `find` says
    where it was if it is not there any more, and None if it is."""

    #: the names of the kinds of steps that an undo sends
    undo_steps: tuple[str, ...]
    #: kinds of objects whose fields change without anybody's work: whoever stops following a task
    unminded: frozenset[str]

    def worked_on(self, issue: Key, parts: Mapping[Key, Part]) -> str:
        """What speaks against taking an issue back, in words that tell nothing private: what stands
        there is another's, or its history or what hangs on it names other people than those whom
        the parts name; "" if nothing does. parts: of the issue, all that the ledger names, the
        issue's own object among them unless it is taken back already. Edits that the fields show
        are not its business. Raises Gone, Unreachable, LoginNeeded."""
        ...

    def backs(self, parts: Mapping[Key, Part], decisions: Decisions) -> Sequence[Back]:
        """How an issue is taken back, in the order to do it. Asks no server. What is named by none
        of these, and taken by none, stays at the target as it is."""
        ...

    def advice(self, left: Sequence[Part]) -> Sequence[str]:
        """What an administrator may do about what stays there, a line each; none if nothing is
        left."""
        ...


# -- what stands there twice ----------------------------------------------------------------------


@runtime_checkable
class LooksCloser(Protocol):
    """A `Watch` that knows more of what names nothing by itself, at the cost of a request each."""

    def closer(self, mine: Mine) -> Mapping[str, Any]:
        """What such an object is known by besides `fields`, as far as it can be had; comparable
        with the fields of a ClosedAction. Raises ObjectError."""
        ...


# -- what changed at a source ---------------------------------------------------------------------


@runtime_checkable
class ListsChanges(Protocol):
    """A source that has issues of which it can't say when they changed."""

    def changes(self, since: datetime) -> Iterator[Listed]:
        """Of `Source.listing(since)`, what the source says has changed, and no more: for a poll
        that costs as little as may be. Raises Unreachable, LoginNeeded."""
        ...


@runtime_checkable
class CountsPublic(Protocol):
    """A source of which bugs may vanish without a word. tells_closed: whether its `closed` names
    those that became private, but for what this login may not read: then it is asked seldom."""

    @property
    def tells_closed(self) -> bool:
        """See above."""
        ...

    def public_count(self) -> int:
        """How many bugs it shows to everybody, in all places that are read; one that is in several
        may count several times. One request a place. Raises Unreachable, LoginNeeded; Retriable or
        Refused if it does not tell: then the sweep finds what vanished."""
        ...

    def public_bugs(self) -> Iterator[Key]:
        """Those bugs, each once; no more is asked than their list. Raises Unreachable,
        LoginNeeded."""
        ...


# -- what is no more at the source ----------------------------------------------------------------


@runtime_checkable
class Retires(Protocol):
    """A planner whose target can say of a part of an issue that the source has it no more."""

    def retired(
        self, of: Key, kind: str, issue: Issue, decisions: Decisions
    ) -> Mapping[str, object]:
        """The fields that say so of an object that stands there and is not wanted; empty for a part
        that the source still has (a table says that it moves no more), and for a kind that can't be
        changed."""
        ...


# -- fields that both sides change ----------------------------------------------------------------


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a kind of object, and what there is to know if people change it at the target.

    holds: `text`: the target's markup; `words`: a line of text, a word, a date; `id`: that of an
    account or another object, which `TellsValues` tells in words; `list`: several of these.
    remembered: the target shows to whoever reads the object what stood there before a change.
    """

    holds: Literal["text", "words", "id", "list"] = "words"
    remembered: bool = False


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What one side says of a field that both have changed, while the other side's value stands: it
    becomes a comment of the issue.

    key: of the comment. about: the object, as it is wanted. field: by the planner's name. says:
    whose value it is: the source's, which is not written; or people's at the target, which is
    written over. value: as it is wanted, or as it was read; an id in words.
    """

    key: Key
    about: Wanted
    field: str
    says: Literal["source", "target"]
    value: Value


@runtime_checkable
class KeepsBoth(Protocol):
    """A planner whose target has comments, so that of a field that both sides changed both values
    can be kept."""

    #: every field of the kinds that can be edited, by kind and name, but for those of `access`
    fields: Mapping[str, Mapping[str, Field]]

    def note(self, note: Note, issue: Issue, decisions: Decisions) -> Wanted:
        """The comment. What the source says is written as its texts are; what people wrote is
        shown as it is, and nothing of it is live."""
        ...


@runtime_checkable
class TellsValues(Protocol):
    """A sink that tells in words what an id in a field means."""

    def in_words(self, kind: str, field: str, value: Value) -> str:
        """The name of the account, project or other object; the id itself if it can't be told, ""
        for None. A request at most. Raises Unreachable, LoginNeeded."""
        ...


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody else did to an object of ours between two looks, by its history.

    fields: what was set, by the planner's names, comparable with the fields of a ClosedAction.
    untold: something was changed, and the history does not say to what. over: we have changed the
    object after that, so that it may be written over.
    """

    key: Key
    fields: dict[str, Any] = {}
    untold: bool = False
    over: bool = False


@runtime_checkable
class SeesBetween(Protocol):
    """A sink whose target keeps the history of each object."""

    def moment(self, refs: Mapping[Key, tuple[str, RemoteRef]]) -> dict[str, Any]:
        """Where the history of these objects of one issue stands now. A request for each at the
        most. Raises ObjectError."""
        ...

    def between(
        self, refs: Mapping[Key, tuple[str, RemoteRef]], moment: Mapping[str, Any]
    ) -> Sequence[Between]:
        """What others did to these objects since then, the oldest first. As many requests. Raises
        ObjectError."""
        ...


@runtime_checkable
class Recalls(SeesBetween, Protocol):
    """A sink whose target's history says what the fields of an object are by now."""

    def recalled(
        self, refs: Mapping[Key, tuple[str, RemoteRef]], moment: Mapping[str, Any]
    ) -> Mapping[Key, Mapping[str, Any]]:
        """The fields of these objects as the history that `moment` looked at leaves them, as
        `Sink.read` gives them; what it does not tell is left out. Asks nothing."""
        ...


# -- what people changed at a target --------------------------------------------------------------


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done to an object at the target, as the target's feed tells it.

    kinds: which of the planner's kinds the object may be of. at: its id, as `RemoteRef.id`. by: the
    account that did it, as `Account.id`; "" for the importer. gone: it was deleted. fields: what
    was set, by the planner's names, comparable with the fields of a ClosedAction. untold: something
    was changed, and the feed does not say to what. once: each write of such a thing leaves one such
    row, so that they can be counted.
    """

    kinds: tuple[str, ...]
    at: str
    by: str = ""
    gone: bool = False
    fields: dict[str, Any] = {}
    untold: bool = False
    once: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a feed, the latest first. mark: where the feed stands now; that of the first page
    counts. missing: on the last page, whether something is not to be seen any more of which the
    feed does not say that it went: it was deleted, or closed to us."""

    touches: tuple[Touch, ...]
    mark: dict[str, Any]
    missing: bool = False


@runtime_checkable
class TellsEdits(Protocol):
    """A sink whose target tells what was done to its objects, by anybody."""

    def edits_since(self, mark: Mapping[str, Any]) -> Iterator[Told]:
        """What was done since a mark, a page for each request: one page if nothing was, two at the
        most. {}: nothing yet, but where the feed stands now. A row that had not come to be seen at
        the last look, though it is older, is told; none is told twice. Objects that were made are
        not told of, nor are comments. Raises Unreachable, LoginNeeded."""
        ...

    def visible(self, ids: Collection[str]) -> frozenset[str]:
        """Which of these issue objects, by `RemoteRef.id`, are there for us to be seen; in as few
        requests as may be, for there may be all of a move. Raises Unreachable, LoginNeeded."""
        ...


class Parents(msgspec.Struct, frozen=True, kw_only=True):
    """Issue objects that are closed when all that stand below them are: which kinds these are, the
    field that says so, and its words for what is open."""

    parent: str
    below: str
    field: str
    open: frozenset[str]


@runtime_checkable
class ClosesParents(Protocol):
    """A sink whose target has issues of several objects, one below another, and does not close the
    upper one by itself."""

    def parents(self) -> Parents | None:
        """What is closed; None if the settings don't want that. Asks no server."""
        ...

    def becomes(self, at: RemoteRef, below: Sequence[str]) -> str | None:
        """The word to close a parent with; None if anything below it is open, whoever made that.
        below: the words of ours that stand below it. One request. Raises ObjectError, Unreachable,
        LoginNeeded."""
        ...


# -- saying at a source where its issues are by now ------------------------------------------------


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A task as far as its status goes: the fields of `model.Task` that follow from it."""

    status: str
    complete: bool = False
    closed: datetime | None = None
    dates: dict[str, datetime] = {}


def stage(task: Task) -> Stage:
    """That of a task."""
    return Stage(
        status=task.status, complete=task.complete, closed=task.closed, dates=dict(task.dates)
    )


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said at a source on an issue.

    what, of: a `comment` or a `tag` on the issue, or a `status` of one of its tasks. value: the
    comment's text, the tag, the status. at: the comment, once it is known. by: the account that
    said it; None if that is not known. was, now: of a status, the task's stage before and after.
    back: it was taken back, and has left no more than traces.
    """

    what: Literal["comment", "tag", "status"]
    of: Key
    value: str
    at: Key | None = None
    by: Key | None = None
    was: Stage | None = None
    now: Stage | None = None
    back: bool = False


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """An issue at its source at this moment, as far as something can be said there. stamps: the
    announcer's own, by key: a change is sent for what was seen, and no other."""

    private: bool
    tags: tuple[str, ...]
    tasks: tuple[Task, ...]
    comments: tuple[Comment, ...]
    stamps: dict[Key, str] = {}


class Announcer(Protocol):
    """Says at a source where its issues are by now. Each thing is sent once. What sends raises
    Doubtful (look before you send it again), Retriable (surely not done; somebody changed it since
    the board was read, too), Refused, Gone, LoginNeeded (it may read only), Unreachable."""

    def who(self) -> Key:
        """The account that is logged in. Raises LoginNeeded without one, Unreachable."""
        ...

    def mistakes(self, *, tag: str, status: str) -> Sequence[str]:
        """Why a tag or a status can't be set there at all; asks no server."""
        ...

    def hearers(self, place: Key) -> int | None:
        """How many have subscribed to all that happens to a project or series; None if it does not
        say. One request."""
        ...

    def board(self, issue: Key) -> Board:
        """How an issue stands now. Raises Gone, Refused, Retriable, Unreachable."""
        ...

    def comment(self, issue: Key, text: str, *, mail: bool) -> Key | None:
        """Add a comment; where it is, if the reply says so. mail: whether people get it by mail."""
        ...

    def tag(self, issue: Key, tag: str, board: Board, *, there: bool = True) -> None:
        """Add a tag, or take it away."""
        ...

    def status(self, task: Key, status: str, board: Board) -> None:
        """Give a task another status."""
        ...

    def hide(self, comment: Key) -> None:
        """Take a comment of this account out of everybody's sight."""
        ...

    def without(self, issue: Issue, notices: Sequence[Notice]) -> Issue:
        """The issue as it would be if these had not been said, as far as nobody changed it
        afterwards: no comment, no tag, the task as it `was`, no row of them in the history, and
        none of the dates and counts that follow from them. Asks no server."""
        ...


@runtime_checkable
class TellsPeople(Protocol):
    """A source at which can be said where its issues are by now."""

    def announcer(self) -> Announcer:
        """Who says it, through this source's connections; asks the server nothing yet."""
        ...


@runtime_checkable
class TellsEditions(Protocol):
    """A planner that can say once more what a comment says that was edited at its source, where
    comments can't be changed."""

    def edition(
        self, issue: Issue, comment: Comment, when: datetime, decisions: Decisions
    ) -> Iterator[Wanted]:
        """The comments that do: parts of that one, by `text.continued.edition` of the moment when
        it was edited."""
        ...


# -- what is moved or renamed at a source ----------------------------------------------------------


@runtime_checkable
class KnowsBounds(Protocol):
    """A source that can tell whether an issue is, by its tasks, one of those that it lists."""

    def holds(self, issue: Issue) -> bool:
        """Whether a task of it is where this source reads. A request or two where that hangs on
        what a group has in it. Raises Retriable, Unreachable, LoginNeeded."""
        ...


@runtime_checkable
class FollowsProjects(Protocol):
    """A source whose projects are known by names that can change."""

    def project_of(self, spec: str) -> Key:
        """The project or distribution that a spec names, or what it names is part of."""
        ...

    def is_there(self, project: Key) -> bool:
        """Whether something has this name now. One request. Raises Retriable, Unreachable,
        LoginNeeded."""
        ...

    def called_now(self, was: Project, issues: Sequence[Key]) -> Key | None:
        """What a project, as it was when it was last read, is called by now: the one that has an
        issue of these, which were its own, and that was made when it was. None if that can't be
        told. A request for each issue, and for each project that it names."""
        ...
