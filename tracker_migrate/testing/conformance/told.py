"""What a sink says of itself and of what failed: by class, and in nobody else's words."""

from __future__ import annotations

import os
import re
import socket
import time
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from tracker_migrate.errors import (
    Doubtful,
    LoginNeeded,
    MigrateError,
    Refused,
    Unreachable,
    UsageError,
    WrongTracker,
)
from tracker_migrate.interfaces import Ref, Sink
from tracker_migrate.testing.conformance.base import SinkChecks
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.mover import said
from tracker_migrate.testing.conformance.target import NotShown, SinkUnderTest
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving
from tracker_migrate.testing.samples import SERVER_WORD

_SOCKETS = Path("/proc/self/fd")
#: titles that somebody may give a bug
LABELS = (
    "crash](https://evil.example) on start",
    "[crash](https://evil.example)",
    "crash ]] https://evil.example [[ https://evil.example | start",
    "<a href='https://evil.example'>crash</a> <https://evil.example>",
    "<script>crash</script> &lt;b&gt; &amp;",
    "T1 {F2} @jdoe #rocket D3 V4",
    "**crash** `code` | ~~start~~ //slant// \\",
    "crash\n\n= start\r\n* end",
)


class Elsewhere(StandIn):
    """Some other server: a page for every request."""

    def answer(self, request: Request) -> Reply:
        """A page that says a word that no message may repeat."""
        page = f"<html><body>It works! {SERVER_WORD}</body></html>".encode()
        return Reply(200, page, {"Content-Type": "text/html"})


class ToldChecks(SinkChecks):
    """What a sink must keep of "told" and "shape"."""

    def test_it_has_what_a_sink_has(self, target: SinkUnderTest) -> None:
        """Every name of interfaces.Sink, of a sound kind."""
        with self.opened(target) as sink:
            must(
                isinstance(sink, Sink),
                "shape",
                f"{type(sink).__name__} lacks a method or attribute of interfaces.Sink",
                expected="every name that the protocol has",
                cure="add what is missing",
            )
            sound = (
                isinstance(sink.tracker, str)
                and isinstance(sink.address, str)
                and sink.tracker == sink.planner.tracker
                and sink.connections >= 1
                and sink.settle_seconds >= 0
                and isinstance(sink.ordered, bool)
            )
            must(
                sound,
                "shape",
                f"tracker {sink.tracker!r} ({sink.planner.tracker!r}), connections "
                f"{sink.connections}, settle_seconds {sink.settle_seconds}",
                expected="texts, at least 1, not less than 0, and the planner's tracker",
                cure="set them from your options",
            )

    def test_check_tells_facts(self, target: SinkUnderTest) -> None:
        """For people: texts, who we are among them, and no token."""
        with self.opened(target) as sink:
            facts = said(sink.check, target.decided(sink))
            good = (
                isinstance(facts, Mapping)
                and facts
                and all(isinstance(word, str) for pair in facts.items() for word in pair)
            )
            must(
                good,
                "shape",
                f"check returns {facts!r:.100}",
                expected="facts by name, all of them texts",
                cure="say which account writes, and the server's version",
            )
            said(sink.check, target.decided(sink))  # a run may ask twice

    def test_a_wrong_token_needs_a_login(self, target: SinkUnderTest) -> None:
        """Before anything is written."""
        before = target.writes()
        with self.opened(target, token="api-nobodyhasthistokenatall0000") as sink:
            self._fails(sink, target, (LoginNeeded,), "the token is nobody's")
        must(
            target.writes() == before,
            "told",
            "`check` with a wrong token sent a writing request",
            expected="none",
            cure="ask who we are first",
        )

    def test_an_address_where_nobody_listens(self, target: SinkUnderTest) -> None:
        """The network is down, or the server is."""
        self._needs_wire(target)
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        with self.opened(target, address=f"http://127.0.0.1:{port}") as sink:
            self._fails(sink, target, (Unreachable,), "nobody listens at the address")

    def test_an_address_of_another_server(self, target: SinkUnderTest) -> None:
        """A page instead of an API."""
        self._needs_wire(target)
        with serving(Elsewhere()) as url, self.opened(target, address=url) as sink:
            kinds = (WrongTracker, UsageError)
            self._fails(sink, target, kinds, "the address is a web server of somebody else's")

    def test_what_is_refused_is_told_in_our_words(self, target: SinkUnderTest) -> None:
        """Refused (or Doubtful, if an error does not prove that nothing was written)."""
        with self.mover(target) as mover:
            for step in mover.steps(self.plain(target, 401)):
                self.shown(target.refuse, SERVER_WORD)
                before, asked = target.standing(step), target.writes()
                try:
                    said(mover.sink.send, step)
                except (Refused, Doubtful):
                    pass
                except MigrateError as error:
                    broken(
                        "told",
                        f"{type(error).__name__} for a {step.kind} that the server refuses",
                        expected="Refused: it is set aside, and the others go on",
                        cure="see the tree in errors.py",
                    )
                else:
                    if target.writes() == asked:
                        target.calm()
                        mover.carry_out(step)
                        continue  # it was there already: nothing had to be written
                    broken(
                        "told",
                        f"a receipt for a {step.kind} that the server refuses",
                        expected="Refused",
                        cure="look at the status, or at the error that the reply holds",
                    )
                must(
                    target.standing(step) == before,
                    "told",
                    f"a refused {step.kind} stands there",
                    expected="nothing",
                    cure="don't try it again in another way",
                )
                target.calm()
                mover.carry_out(step)

    def test_a_links_label_is_plain_text(self, target: SinkUnderTest) -> None:
        """It is somebody's title: nothing in it is markup, and it leads where it should."""
        home = "https://source.example/bug/77"
        with self.opened(target) as sink:
            for label in LABELS:
                ref = Ref(to=target.names.key("bug", 77), label=label, home=home)
                self._reads_plain(target, ref, said(sink.link, ref, None))

    def test_connections_are_given_back(self, target: SinkUnderTest) -> None:
        """And a second `close` does no harm."""
        with self.mover(target) as mover:
            mover.write(self.plain(target, 411))
            mover.sink.close()
        if not target.speaks_http or not _SOCKETS.is_dir():
            return
        before = _sockets()
        for number in range(5):
            with self.mover(target) as mover:
                mover.write(self.plain(target, 420 + number))
        deadline = time.monotonic() + 3
        while _sockets() > before + 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        must(
            _sockets() <= before + 2,
            "shape",
            f"{_sockets() - before} sockets are still open after 5 sinks were closed",
            expected="none",
            cure="close every session in `close`, those of other threads too",
        )

    # -- inside -----------------------------------------------------------------------------------

    def _reads_plain(self, target: SinkUnderTest, ref: Ref, made: str) -> None:
        __tracebackhide__ = True
        must(
            "\n" not in made,
            "said",
            "a label with a line break makes a link of two lines",
            expected="one line: references stand within lines",
            cure="turn line breaks into blanks",
        )
        try:
            shown, links = target.reads(made)
        except NotShown as error:
            pytest.skip(f"not shown: {error}")
        shown = "".join(one for one in shown if unicodedata.category(one) != "Cf")
        must(
            links == [ref.home] and all(word in shown for word in re.findall(r"\w+", ref.label)),
            "said",
            f"the label {ref.label!r} reads {shown!r}, with links to {links}",
            expected=f"its words, and one link to {ref.home}",
            cure="escape the label as the target's markup wants it, or replace what can't be",
        )

    def _needs_wire(self, target: SinkUnderTest) -> None:
        if not target.speaks_http:
            pytest.skip("the far end has no wire")

    def _fails(
        self,
        sink: Sink,
        target: SinkUnderTest,
        allowed: tuple[type[MigrateError], ...],
        what: str,
    ) -> None:
        __tracebackhide__ = True
        expected = " or ".join(one.__name__ for one in allowed)
        try:
            said(sink.check, target.decided(sink))
        except MigrateError as error:
            must(
                isinstance(error, allowed) and str(error).strip(),
                "told",
                f"{type(error).__name__} from `check` when {what}",
                expected=f"{expected}, with a message",
                cure="see the tree in errors.py",
            )
            return
        broken(
            "told", f"`check` is content when {what}", expected=expected,
            cure="ask the server who we are",
        )  # fmt: skip


def _sockets() -> int:
    count = 0
    for one in _SOCKETS.iterdir():
        try:
            count += os.readlink(one).startswith("socket:")
        except OSError:
            continue
    return count
