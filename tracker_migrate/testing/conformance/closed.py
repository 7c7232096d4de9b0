"""Law 2, tried on a sink: closed from the first request, and seen with an outsider's eyes."""

from __future__ import annotations

import contextlib

import pytest

from tracker_migrate.errors import MigrateError
from tracker_migrate.interfaces import CLOSED, Audience, Wanted
from tracker_migrate.model import Issue
from tracker_migrate.testing.conformance.base import SinkChecks
from tracker_migrate.testing.conformance.decided import PUBLIC
from tracker_migrate.testing.conformance.laws import must
from tracker_migrate.testing.conformance.mover import Mover, said
from tracker_migrate.testing.conformance.target import NotShown, SinkUnderTest
from tracker_migrate.testing.samples import private


class ClosedChecks(SinkChecks):
    """What a sink must keep of "closed"."""

    def test_a_private_issue_is_closed_from_its_first_request(self, target: SinkUnderTest) -> None:
        """After every step, in the sink's eyes and in the far end's own."""
        with self.mover(target) as mover:
            issue = self._private(target, 301)
            for step in mover.steps(issue):
                mover.carry_out(step)
                self._nobody_reads(mover, issue, f"after its {step.kind}")
                for action in step.actions:
                    if mover.planner.kinds[action.kind].phase != 0:
                        self._is_closed(target, mover, action.key, f"after its {step.kind}")
            self.alone(self.agrees(mover, issue), "of a private issue")

    def test_a_private_create_whose_reply_is_lost_is_closed_too(
        self, target: SinkUnderTest
    ) -> None:
        """Nothing is left to a second request that may never come."""
        with self.mover(target) as mover:
            issue = self._private(target, 311)
            for step in mover.steps(issue):
                if step.actions[0].key == issue.key:
                    self.shown(target.strike, "lose")
                    mark = mover.sink.mark(step)
                    with contextlib.suppress(MigrateError):
                        said(mover.sink.send, step)
                    found = said(mover.sink.find, step, mark)
                    must(
                        found is not None,
                        "once",
                        "a private issue whose reply was lost is not found",
                        expected="its place",
                        cure="look with the account that made it, which may read it",
                    )
                    mover.note(step, found)
                    self._is_closed(target, mover, issue.key, "after its create, reply lost")
                    self._nobody_reads(mover, issue, "after its create, reply lost")
                    return
                mover.carry_out(step)

    def test_a_public_issue_is_open(self, target: SinkUnderTest) -> None:
        """A sink that closes everything would pass all other checks."""
        with self.mover(target) as mover:
            issue = self.plain(target, 321)
            mover.write(issue)
            kind, at = mover.refs[issue.key]
            must(
                self.shown(target.open_to_all, kind, at),
                "closed",
                "a public issue can't be read by everybody",
                expected="open from its create on",
                cure="say so in the request, where the target's default is otherwise",
            )

    def test_a_planted_leak_is_found(self, target: SinkUnderTest) -> None:
        """Somebody opens it by hand: `readable_by_outsider` names it."""
        with self.mover(target) as mover:
            issue = self._private(target, 331)
            mover.write(issue)
            kind, at = mover.refs[issue.key]
            self.shown(target.expose, kind, at)
            for thorough in (False, True):
                found = mover.sink.readable_by_outsider(mover.own(issue), thorough=thorough)
                must(
                    issue.key in found,
                    "closed",
                    f"an opened private issue is not told (thorough={thorough})",
                    expected="its key",
                    cure="ask the server as nobody, and as each outsider, for each object",
                )

    def test_what_is_public_is_told_as_readable(self, target: SinkUnderTest) -> None:
        """A look that sees nothing at all proves nothing."""
        with self.mover(target) as mover:
            issue = self.plain(target, 341)
            mover.write(issue)
            own = {of: held for of, held in mover.own(issue).items() if of == issue.key}
            must(
                issue.key in mover.sink.readable_by_outsider(own),
                "closed",
                "an outsider is said not to see what everybody sees",
                expected="its key",
                cure="look without a login at the address that people use",
            )

    def test_closing_and_opening(self, target: SinkUnderTest) -> None:
        """By the access fields alone, as the engine does it."""
        with self.mover(target) as mover:
            issue = self.plain(target, 351)
            mover.write(issue)
            self._set(mover, issue, CLOSED)
            self._nobody_reads(mover, issue, "after it was closed")
            self._is_closed(target, mover, issue.key, "after it was closed")
            self.agrees(mover, issue, "after it was closed")
            self._set(mover, issue, PUBLIC)
            self.agrees(mover, issue, "after it was opened")
            kind, at = mover.refs[issue.key]
            must(
                self.shown(target.open_to_all, kind, at),
                "closed",
                "what was opened again can't be read by everybody",
                expected="open",
                cure="send what `access` says for the public audience",
            )

    def test_who_we_are_and_whom_groups_let_in(self, target: SinkUnderTest) -> None:
        """`importer` is an id; of a group that is not there nothing is told."""
        with self.mover(target) as mover:
            importer = said(lambda: mover.sink.importer)
            must(
                isinstance(importer, str) and importer,
                "shape",
                f"importer is {importer!r}",
                expected="our account's id, a text",
                cure="ask the server who the token belongs to",
            )
            members = said(mover.sink.members, ["999999"])
            must(
                list(members) == ["999999"] and not members["999999"],
                "closed",
                f"of a group that is not there, {members!r} is told",
                expected="None",
                cure="None is for what the server does not tell",
            )
            groups = target.policy.groups if target.policy else ()
            for of, inside in said(mover.sink.members, list(groups)).items():
                must(
                    inside is None or all(isinstance(one, str) for one in inside),
                    "shape",
                    f"the members of {of} are {inside!r}",
                    expected="a frozenset of account ids, texts",
                    cure="write ids as Account.id has them",
                )

    # -- inside -----------------------------------------------------------------------------------

    def _private(self, target: SinkUnderTest, number: int) -> Issue:
        if target.policy is None:
            pytest.skip("no policy was given: nothing private is written")
        return private(target.names, self.plain(target, number))

    def _nobody_reads(self, mover: Mover, issue: Issue, when: str) -> None:
        __tracebackhide__ = True
        found = mover.sink.readable_by_outsider(mover.own(issue))
        kinds = sorted({mover.refs[of][0] for of in found if of in mover.refs})
        must(
            not found,
            "closed",
            f"an outsider reads {kinds} of a private issue {when}",
            expected="nothing",
            cure="set who may read in the request that creates, not in a later one",
        )

    def _is_closed(self, target: SinkUnderTest, mover: Mover, of: object, when: str) -> None:
        __tracebackhide__ = True
        kind, at = mover.refs[of]  # type: ignore[index]
        try:
            is_open = target.open_to_all(kind, at)
        except NotShown:
            return
        must(
            not is_open,
            "closed",
            f"everybody may read a private {kind} {when}",
            expected="closed",
            cure="set who may read in the request that creates, not in a later one",
        )

    def _set(self, mover: Mover, issue: Issue, audience: Audience) -> None:
        kinds = mover.planner.kinds
        for of, (kind, _at) in mover.own(issue).items():
            if kinds[kind].private != "own":
                continue
            access = mover.planner.access(kind, audience)
            wanted = Wanted(
                key=of, kind=kind, issue=issue.key, fields=access, audience=audience.name
            )
            for step in mover.update([wanted], *access):
                mover.carry_out(step)
