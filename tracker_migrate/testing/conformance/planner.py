"""What a planner must keep: it is pure, and says what becomes of every field."""

from __future__ import annotations

import builtins
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tracker_migrate.digest import digest
from tracker_migrate.engine.diff import open_digest
from tracker_migrate.errors import MigrateError
from tracker_migrate.interfaces import (
    CLOSED,
    Action,
    Audience,
    Planner,
    Pointer,
    RemoteRef,
    Text,
    Wanted,
)
from tracker_migrate.model import Issue, Key, present_fields
from tracker_migrate.testing.conformance.decided import PUBLIC, Decided
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.otherwise import otherwise
from tracker_migrate.testing.samples import Names, bug, comment, private, rich, talk
from tracker_migrate.testing.strategies import HOSTILE, issues

#: what a hidden comment's text would be, if the source told it, and a redacted value
_HIDDEN = "hidden-comment-text"
_REDACTED = "tag:launchpad.net:2008:redacted"
_BIG = 1_000_000


def _pointed(value: Any) -> Iterator[Key]:
    """What a field points at."""
    if isinstance(value, Pointer):
        yield value.to
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _pointed(one)


class PlannerUnderTest(msgspec.Struct):
    """A planner, and what people decided. examples: how many generated issues each check draws.
    shrink: look for the smallest issue that fails; that may take a minute."""

    planner: Planner
    decisions: Decided
    examples: int = 20
    shrink: bool = False

    @property
    def names(self) -> Names:
        """Whose issues are planned."""
        return self.decisions.names

    def wanted(self, issue: Issue) -> list[Wanted]:
        """What it wants; the same as it is asked for in an ordinary run."""
        self.decisions.moving.add(issue.key)
        return list(self.planner.wanted(issue, self.decisions))

    def drawn(self, check: Callable[[Issue], None], **how: Any) -> None:
        """Try a check on generated issues, the same ones in each run. What is refused is left out:
        nobody plans it."""

        @settings(
            max_examples=self.examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate, *([Phase.shrink] if self.shrink else [])],
            suppress_health_check=list(HealthCheck),
        )
        @given(issue=issues(self.names, *self._words(), **how))
        def holds(issue: Issue) -> None:
            self.decisions.moving.add(issue.key)
            if self.planner.refusal(issue, self.decisions) is None:
                check(issue)

        holds()

    def _words(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        tables = self.decisions.tables
        statuses = tuple(tables.get("status", {})) or ("New", "Triaged", "Fix Released")
        return statuses, tuple(tables.get("importance", {})) or ("High", "Low")


class PlannerConformance:
    """The suite of a planner. Subclass it, and give a fixture `planned`: a PlannerUnderTest."""

    def test_it_has_what_a_planner_has(self, planned: PlannerUnderTest) -> None:
        """Attributes, and that its issue's kind is one of its kinds."""
        planner = planned.planner
        must(
            isinstance(planner, Planner),
            "shape",
            f"{type(planner).__name__} lacks a method or attribute of interfaces.Planner",
            expected="every name that the protocol has",
            cure="add what is missing",
        )
        must(
            planner.issue_kind in planner.kinds,
            "shape",
            f"issue_kind {planner.issue_kind!r} is none of its kinds",
            expected="the kind of the object that an issue becomes",
            cure="name it in `kinds`",
        )
        wrong = [name for name, kind in planner.kinds.items() if kind.name != name]
        must(
            not wrong,
            "shape",
            f"kinds {wrong} have another name than their key",
            expected="kinds[name].name == name",
            cure="make the table from the kinds' names",
        )

    def test_the_same_issue_is_planned_the_same(self, planned: PlannerUnderTest) -> None:
        """Twice the same, objects and losses; and the issue before it makes no difference."""

        def check(issue: Issue) -> None:
            first = self._said(planned, issue)
            planned.wanted(rich(planned.names, 77))
            must(
                first == self._said(planned, issue),
                "pure",
                "planned twice, an issue becomes two things",
                expected="the same objects and losses, in the same order",
                cure="keep no state in the planner; sort what comes from a set",
            )

        planned.drawn(check)

    def test_it_asks_nobody(self, planned: PlannerUnderTest) -> None:
        """No file and no socket is opened by planning."""
        issue = rich(planned.names, 5)
        self._said(planned, issue)  # what is imported late is imported by now
        with _watched() as opened:
            self._said(planned, issue)
        must(
            not opened,
            "pure",
            f"planning opened {opened[:3]}",
            expected="a planner knows the issue and the decisions, and nothing else",
            cure="ask in the sink, or have people decide it in a table",
        )

    def test_every_kind_and_step_that_it_uses_is_named(self, planned: PlannerUnderTest) -> None:
        """`kinds` and `steps` are what tests and reports go through."""

        def check(issue: Issue) -> None:
            wanted = planned.wanted(issue)
            kinds = {one.kind for one in wanted} - planned.planner.kinds.keys()
            must(
                not kinds,
                "shape",
                f"objects of kinds {sorted(kinds)}",
                expected=f"one of {sorted(planned.planner.kinds)}",
                cure="name the kind in `kinds`",
            )
            steps = {step.kind for step in planned.planner.compose(_creates(wanted))}
            unknown = steps - set(planned.planner.steps)
            must(
                not unknown,
                "shape",
                f"steps {sorted(unknown)}",
                expected=f"one of {planned.planner.steps}",
                cure="name the step in `steps`",
            )

        planned.drawn(check)

    def test_the_issue_has_its_own_object(self, planned: PlannerUnderTest) -> None:
        """One object of the issue's kind with the issue's key; every key once."""

        def check(issue: Issue) -> None:
            wanted = planned.wanted(issue)
            own = [one for one in wanted if one.key == issue.key]
            must(
                [one.kind for one in own] == [planned.planner.issue_kind],
                "shape",
                f"{len(own)} objects have the issue's key",
                expected=f"one, of kind {planned.planner.issue_kind}",
                cure="give the issue's object the issue's key",
            )
            twice = [of for of, n in Counter(one.key for one in wanted).items() if n > 1]
            must(
                not twice,
                "once",
                f"{len(twice)} keys are wanted twice",
                expected="every object once: its key is its row in the ledger",
                cure="look for the part of the issue that two objects are made of",
            )

        planned.drawn(check)

    def test_an_object_comes_after_those_that_it_hangs_on(self, planned: PlannerUnderTest) -> None:
        """What `after` and required pointers name comes before."""

        def check(issue: Issue) -> None:
            there: set[Key] = set()
            for one in planned.wanted(issue):
                missing = {*one.after, *_required(one)} - there
                must(
                    not missing,
                    "shape",
                    f"a {one.kind} comes before what it hangs on",
                    expected="each object after its `after` and its required pointers",
                    cure="yield shared objects first, then the issue, then its parts",
                )
                there.add(one.key)

        planned.drawn(check)

    def test_losses_add_up_to_what_the_issue_holds(self, planned: PlannerUnderTest) -> None:
        """Per entity and field as often as it is filled; what is lost has its reason."""

        def check(issue: Issue) -> None:
            told: Counter[tuple[str, str]] = Counter()
            for loss in planned.planner.losses(issue, planned.decisions):
                told[loss.entity, loss.field] += loss.count
                must(
                    loss.outcome != "lost" or loss.reason,
                    "said",
                    f"{loss.entity}.{loss.field} is lost without a reason",
                    expected="why text can't hold it, or why it is not carried",
                    cure="give the Loss a reason",
                )
            held = Counter(present_fields(issue))
            wrong = sorted(at for at in told.keys() | held.keys() if told[at] != held[at])
            must(
                not wrong,
                "said",
                "; ".join(f"{'.'.join(at)} {told[at]}, not {held[at]} times" for at in wrong[:4]),
                expected="losses that add up to model.present_fields(issue)",
                cure="go through present_fields, so that no field is forgotten or told twice",
            )

        planned.drawn(check)

    def test_what_is_said_to_arrive_makes_a_difference(self, planned: PlannerUnderTest) -> None:
        """A field that a loss calls native or text: with another value, another thing is wanted."""
        issue = rich(planned.names, 12)
        planned.decisions.moving |= {one.to for one in issue.relations if one.to is not None}
        before = self._written(planned, issue)
        told = {
            (loss.entity, loss.field): loss.outcome
            for loss in planned.planner.losses(issue, planned.decisions)
            if loss.outcome != "lost"
        }
        nowhere = [
            f"{entity}.{field} ({outcome})"
            for (entity, field), outcome in sorted(told.items())
            if (other := otherwise(issue, entity, field)) is not None
            and self._written(planned, other) == before
        ]
        must(
            not nowhere,
            "said",
            f"no field of any object holds {', '.join(nowhere[:4])}: {len(nowhere)} in all",
            expected="the value in a field, or its words in a text",
            cure="write it, or say that it is lost, and why",
        )

    def test_what_is_private_carries_its_audience(self, planned: PlannerUnderTest) -> None:
        """Every object of a private issue, but for the shared ones; and the access fields."""
        if planned.decisions.policy is None:
            pytest.skip("no policy was given: nothing private is written")

        def check(issue: Issue) -> None:
            audience = planned.decisions.audience(issue)
            for one in planned.wanted(issue):
                kind = planned.planner.kinds[one.kind]
                if kind.phase == 0:
                    continue
                must(
                    one.audience == audience.name,
                    "closed",
                    f"a {one.kind} of a private issue has the audience {one.audience!r}",
                    expected=repr(audience.name),
                    cure="take it from decisions.audience(issue) for every object of the issue",
                )
                if kind.private == "own":
                    self._has_access(planned, one, audience)

        planned.drawn(check, private=True)

    def test_access_is_what_wanted_says(self, planned: PlannerUnderTest) -> None:
        """For public issues too: opening sets the very fields that creating sets."""

        def check(issue: Issue) -> None:
            for one in planned.wanted(issue):
                if planned.planner.kinds[one.kind].private == "own":
                    self._has_access(planned, one, PUBLIC)

        planned.drawn(check, private=False)

    def test_closed_is_closed_for_all(self, planned: PlannerUnderTest) -> None:
        """The access fields of CLOSED are neither everybody's nor the policy's."""
        for name, kind in planned.planner.kinds.items():
            if kind.private != "own":
                continue
            closed = planned.planner.access(name, CLOSED)
            others = [PUBLIC, *filter(None, [planned.decisions.policy])]
            same = [one.name for one in others if planned.planner.access(name, one) == closed]
            must(
                closed and not same,
                "closed",
                f"access({name!r}, CLOSED) is {'empty' if not closed else f'that of {same}'}",
                expected="fields that close it for everybody but the importing account",
                cure="look for the audience's name `importer` first",
            )

    def test_it_points_at_what_moves_alone(self, planned: PlannerUnderTest) -> None:
        """An issue that comes to move later changes what is wanted: nothing else tells of it."""
        issue = rich(planned.names, 61, depends_on=62)
        other = planned.names.key("bug", 62)
        for moves in (False, True):
            (planned.decisions.moving.add if moves else planned.decisions.moving.discard)(other)
            at = {
                to for one in planned.wanted(issue) for to in _pointed(tuple(one.fields.values()))
            }
            must(
                moves or other not in at,
                "kept",
                f"it points at {other}, which does not move",
                expected="pointers at issues that are at the target, or will be",
                cure="leave out of the field what decisions.moves() denies",
            )

    def test_a_refusal_has_a_reason(self, planned: PlannerUnderTest) -> None:
        """What must not be written is refused, whatever else it is."""
        issue = private(planned.names, bug(planned.names, 3))
        held = planned.decisions.closed
        held[issue.key] = Audience(name="refuse", refused="the kit says so")
        try:
            reason = planned.planner.refusal(issue, planned.decisions)
        finally:
            del held[issue.key]
        must(
            reason and reason.strip(),
            "closed",
            f"an issue whose audience is refused gets {reason!r}",
            expected="the audience's reason",
            cure="return decisions.audience(issue).refused from `refusal`",
        )

    def test_each_action_is_carried_once_and_in_order(self, planned: PlannerUnderTest) -> None:
        """`compose` drops nothing, doubles nothing, and creates in the order that it is given."""

        def check(issue: Issue) -> None:
            wanted = planned.wanted(issue)
            self._composed(planned, _creates(wanted))
            editable = [one for one in wanted if planned.planner.kinds[one.kind].editable]
            at = RemoteRef(id="1", number="1")
            self._composed(
                planned,
                [Action(op="update", wanted=o, fields=tuple(o.fields), at=at) for o in editable],
            )

        planned.drawn(check)

    def test_what_closes_goes_first_and_what_opens_goes_last(
        self, planned: PlannerUnderTest
    ) -> None:
        """Among the updates of one issue."""
        if planned.decisions.policy is None:
            pytest.skip("no policy was given: nothing private is written")
        for closes in (True, False):
            issue = talk(planned.names, 4, 1)
            issue = private(planned.names, issue) if closes else issue
            access = self._access_fields(planned)
            kinds = planned.planner.kinds
            wanted = [one for one in planned.wanted(issue) if kinds[one.kind].editable]
            at = RemoteRef(id="1", number="1")
            actions = [
                Action(op="update", wanted=one, fields=tuple(one.fields), at=at)
                for one in wanted
                if kinds[one.kind].phase != 0
            ]
            steps = list(planned.planner.compose(actions))
            turns = [
                any(access.intersection(action.fields) for action in step.actions) for step in steps
            ]
            own = [turn for turn in turns if turn]
            right = turns[: len(own)] if closes else turns[len(turns) - len(own) :]
            must(
                own == right,
                "closed",
                f"{[step.kind for step in steps]}, of which {turns} set who may read",
                expected=f"what {'closes first' if closes else 'opens last'}",
                cure="sort the actions in `compose` by whether they change who may read",
            )

    def test_no_hidden_text_gets_into_a_field(self, planned: PlannerUnderTest) -> None:
        """Nor a redacted value: even where a source has told it by mistake."""
        names = planned.names
        hidden = comment(names, 6, 1, text=_HIDDEN, withheld="hidden")
        gone = comment(names, 6, 2, text=_HIDDEN, deleted=hidden.created)
        issue = talk(names, 6, 0)
        issue = msgspec.structs.replace(issue, comments=(*issue.comments, hidden, gone))
        raw = msgspec.json.encode(planned.wanted(issue)).decode()
        must(
            _HIDDEN not in raw and _REDACTED not in raw,
            "closed",
            "the text of a hidden or deleted comment stands in a field",
            expected="what is withheld or deleted has no text at the target",
            cure="leave out comments with `withheld` or `deleted`",
        )

    def test_any_text_is_planned(self, planned: PlannerUnderTest) -> None:
        """Control characters, lone surrogates, a megabyte: a plan or a refusal, never a crash."""
        names = planned.names
        for text in (*HOSTILE, "x" * _BIG, "a b " * (_BIG // 4)):
            short = text[:5000]
            said = (comment(names, 8, 0, text=short), comment(names, 8, 1, text=short))
            issue = bug(names, 8, title=short, description=text, comments=said)
            try:
                if planned.planner.refusal(issue, planned.decisions) is None:
                    digest([_plain(one) for one in planned.wanted(issue)])
                    list(planned.planner.losses(issue, planned.decisions))
            except (MigrateError, AssertionError):
                raise
            except Exception as error:  # noqa: BLE001  whatever it is, it is told
                broken(
                    "shape",
                    f"the text {text[:12]!r}… ({len(text)}) ends in a {type(error).__name__}",
                    expected="objects that can be sent, or a refusal",
                    cure="make every text encodable before it gets into a field",
                )

    def test_the_digest_is_of_the_open_form(self, planned: PlannerUnderTest) -> None:
        """It is the same in every process, and another as soon as a text changes."""
        issue = rich(planned.names, 9)
        before = {one.key: open_digest(one) for one in planned.wanted(issue)}
        changed = msgspec.structs.replace(issue, description="Another one.", title="Another")
        after = {one.key: open_digest(one) for one in planned.wanted(changed)}
        must(
            before[issue.key] != after[issue.key],
            "said",
            "another title and description, and the issue's object is the same",
            expected="what is written depends on what the issue says",
            cure="put the title and the description into fields",
        )

    # -- inside -----------------------------------------------------------------------------------

    def _said(self, planned: PlannerUnderTest, issue: Issue) -> tuple[Any, ...]:
        wanted = [(one.key, _plain(one)) for one in planned.wanted(issue)]
        return repr(wanted), repr(list(planned.planner.losses(issue, planned.decisions)))

    def _written(self, planned: PlannerUnderTest, issue: Issue) -> str:
        """All that is wanted of an issue; "" if it is refused: that is a difference, too."""
        if planned.planner.refusal(issue, planned.decisions) is not None:
            return ""
        try:
            return repr([(one.key, one.by, _plain(one)) for one in planned.wanted(issue)])
        except MigrateError:  # a word that no table knows
            return ""

    def _has_access(self, planned: PlannerUnderTest, one: Wanted, audience: Audience) -> None:
        access = planned.planner.access(one.kind, audience)
        held = {name: one.fields.get(name, "(none)") for name in access}
        must(
            access and held == access,
            "closed",
            f"a {one.kind} has {held}, and `access` says {access}",
            expected="the same values in both, and at least one field",
            cure="use self.access(kind, audience) within `wanted`",
        )

    def _access_fields(self, planned: PlannerUnderTest) -> set[str]:
        kinds = planned.planner.kinds
        own = [name for name, kind in kinds.items() if kind.private == "own"]
        return {field for name in own for field in planned.planner.access(name, PUBLIC)}

    def _composed(self, planned: PlannerUnderTest, actions: list[Action]) -> None:
        steps = list(planned.planner.compose(actions))
        given = Counter((a.op, a.wanted.key, field) for a in actions for field in a.fields)
        made = Counter(
            (a.op, a.wanted.key, field) for s in steps for a in s.actions for field in a.fields
        )
        must(
            given == made,
            "said",
            f"compose was given {sum(given.values())} fields and carries {sum(made.values())}",
            expected="each field of each action exactly once",
            cure="look for the action that no step, or more than one, carries",
        )
        for kind in {action.wanted.kind for action in actions}:
            order = [a.wanted.key for a in actions if a.wanted.kind == kind and a.op == "create"]
            sent = [
                a.wanted.key
                for s in steps
                for a in s.actions
                if a.wanted.kind == kind and a.op == "create"
            ]
            must(
                order == sent,
                "said",
                f"creates of kind {kind} come in another order than they were given in",
                expected="comments in the order of the source's index",
                cure="sort stably, by what must come first and nothing else",
            )


def _creates(wanted: list[Wanted]) -> list[Action]:
    return [Action(op="create", wanted=one, fields=tuple(one.fields)) for one in wanted]


def _required(wanted: Wanted) -> Iterator[Key]:
    for value in wanted.fields.values():
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, Pointer) and one.required:
                yield one.to


def _plain(wanted: Wanted) -> dict[str, Any]:
    """The fields as they would be encoded."""
    return {
        name: [str(part) for part in value.parts] if isinstance(value, Text) else value
        for name, value in wanted.fields.items()
    }


@contextmanager
def _watched() -> Iterator[list[str]]:
    """Notes what is opened meanwhile."""
    opened: list[str] = []
    with pytest.MonkeyPatch.context() as patch:

        def no_file(name: Any, *_args: Any, **_more: Any) -> Any:
            opened.append("a file")
            return real(name, *_args, **_more)

        real = builtins.open
        patch.setattr(builtins, "open", no_file)
        patch.setattr(socket, "socket", _counted(opened, socket.socket))
        yield opened


def _counted(opened: list[str], real: Any) -> Any:
    def made(*args: Any, **more: Any) -> Any:
        opened.append("a socket")
        return real(*args, **more)

    return made
