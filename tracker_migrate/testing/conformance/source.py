"""The suite of a source: what it holds is read, each issue once, whole, under its own keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tracker_migrate.errors import (
    Gone,
    LoginNeeded,
    MigrateError,
    Retriable,
    Unreachable,
    UsageError,
    WrongTracker,
)
from tracker_migrate.interfaces import Entity, Reading, Source
from tracker_migrate.model import PARTS, Issue, Key, kind_of, name_of, parts
from tracker_migrate.testing.conformance.files import FileChecks
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.mover import said
from tracker_migrate.testing.conformance.origin import SourceUnderTest
from tracker_migrate.testing.conformance.target import NotShown
from tracker_migrate.testing.conformance.told import Elsewhere
from tracker_migrate.testing.conformance.trial import Trial
from tracker_migrate.testing.loopback import serving
from tracker_migrate.testing.memory_server import MemoryServer
from tracker_migrate.testing.memory_sink import MemorySink
from tracker_migrate.testing.samples import Names

#: what may be raised for a reply that did not come
_MAY = (Retriable, Unreachable)
_READS = 12


class SourceConformance(FileChecks):
    """All that a source must keep. Subclass it, and give a fixture `origin`."""

    # -- what it is -------------------------------------------------------------------------------

    def test_it_has_what_a_source_has(self, origin: SourceUnderTest) -> None:
        """Every name of interfaces.Source, and what `check` and `now` return."""
        with self.opened(origin) as source:
            must(
                isinstance(source, Source) and source.tracker and source.viewer,
                "shape",
                f"{type(source).__name__} lacks a name of interfaces.Source, or its value",
                expected="every name; `tracker` and `viewer` are not empty",
                cure="add what is missing",
            )
            facts = said(source.check)
            must(
                facts and all(isinstance(w, str) for pair in facts.items() for w in pair),
                "shape",
                f"check returns {facts!r:.80}",
                expected="facts by name, all of them texts",
                cure="say what the server is",
            )
            now = said(source.now)
            off = abs(now - datetime.now(UTC)) if now.tzinfo else None
            must(
                off is not None,
                "shape",
                "now() has no time zone",
                expected="the server's clock, in UTC",
                cure="read the Date of a reply",
            )

    def test_an_address_where_nobody_listens(self, origin: SourceUnderTest) -> None:
        """Unreachable, from `check`."""
        self._fails(origin, "http://127.0.0.1:9", (Unreachable,), "nobody listens there")

    def test_an_address_of_another_server(self, origin: SourceUnderTest) -> None:
        """A page of somebody else's is no tracker."""
        with serving(Elsewhere()) as url:
            allowed = (WrongTracker, UsageError, Unreachable)
            self._fails(origin, url, allowed, "another web server is there")

    def test_a_project_that_is_not_there(self, origin: SourceUnderTest) -> None:
        """UsageError: a person has to correct it."""
        source = self.shown(origin.wrong_spec)
        try:
            said(source.check)
        except UsageError:
            return
        finally:
            source.close()
        broken(
            "told",
            "`check` is content with a project that is not there",
            expected="UsageError",
            cure="ask for each project in `check`",
        )

    # -- what there is ----------------------------------------------------------------------------

    def test_each_issue_is_listed_once_and_in_order(self, origin: SourceUnderTest) -> None:
        """All that this reader may read; numbers grow within a kind."""
        with self.opened(origin) as source:
            listed = [one.key for one in source.listing(None)]
            twice = [of for of, n in Counter(listed).items() if n > 1]
            must(
                not twice,
                "whole",
                f"{len(twice)} issues are listed more than once",
                expected="each once",
                cure="drop what an earlier page named already",
            )
            wrong = set(origin.keys()) ^ set(listed)
            must(
                not wrong,
                "whole",
                f"{len(wrong)} issues too few or too many of {len(set(origin.keys()))}",
                expected="all that exist, closed ones and duplicates among them",
                cure="ask for every state by name; follow all pages",
            )
            for kind in {kind_of(of) for of in listed}:
                numbers = [_order(of) for of in listed if kind_of(of) == kind]
                if not all(number for number, _name in numbers):
                    continue  # names have no order that anybody would miss
                must(
                    numbers == sorted(numbers),
                    "whole",
                    f"issues of kind {kind} are not listed in the order of their keys",
                    expected="the same order in each run: numbers at the target follow it",
                    cure="have the server sort by id",
                )

    def test_the_newest_alone_can_be_listed(self, origin: SourceUnderTest) -> None:
        """A first look at a large project."""
        with self.opened(origin) as source:
            every = {one.key for one in source.listing(None)}
            bugs = sorted((of for of in every if kind_of(of) == "bug"), key=_order)
            if len(bugs) < 2:
                pytest.skip("there are too few issues")
            newest = {o.key for o in source.listing(None, 1) if kind_of(o.key) == "bug"}
            must(
                newest == {bugs[-1]},
                "whole",
                f"of {len(bugs)} issues, the newest 1 are {len(newest)}",
                expected="the one with the highest number",
                cure="see `newest` in Source.listing",
            )

    def test_what_changed_since_is_listed(self, origin: SourceUnderTest) -> None:
        """And what did not, need not be."""
        with self.opened(origin) as source:
            of = origin.keys()[0]
            since = said(source.now) - timedelta(seconds=2)
            self.shown(origin.change, of)
            must(
                of in {one.key for one in source.listing(since)},
                "whole",
                "an issue that has just changed is not listed as changed",
                expected="its key",
                cure="ask for the date of the last change, not for that of the report",
            )

    def test_an_issue_is_read_whole(self, origin: SourceUnderTest) -> None:
        """Keys, dates, order of comments, kinds of values; and it can be stored as JSON."""
        with self.opened(origin) as source:
            for reading in self._readings(origin, source):
                self._sound(source, reading.issue)
                must(
                    reading.replies and all(r.body for r in reading.replies),
                    "whole",
                    "a reading keeps no raw reply",
                    expected="what the server said, less what must stay there",
                    cure="keep the body of each reply in Reading.replies",
                )

    def test_a_known_stamp_saves_the_reading(self, origin: SourceUnderTest) -> None:
        """None for what has not changed; a reading for what has."""
        with self.opened(origin) as source:
            of = origin.keys()[0]
            first = said(source.read, of)
            must(
                isinstance(first, Reading),
                "whole",
                "an issue that was never read is `None`",
                expected="a Reading",
                cure="return None only for the very stamp that is known",
            )
            if first.stamp:
                must(
                    said(source.read, of, first.stamp) is None,
                    "whole",
                    "an issue with a known stamp is read again",
                    expected="None",
                    cure="ask with If-None-Match, or compare the stamp",
                )
            again = said(source.read, of)
            must(
                again is not None and again.issue == first.issue,
                "whole",
                "read twice, an issue is two things",
                expected="the same",
                cure="sort what the server gives in no order",
            )
            self.shown(origin.change, of)
            must(
                said(source.read, of, first.stamp) is not None,
                "whole",
                "an issue that has changed is taken for the known one",
                expected="a Reading with a new stamp",
                cure="use a stamp that changes with every field",
            )

    def test_what_is_not_there_is_gone(self, origin: SourceUnderTest) -> None:
        """And is not public."""
        with self.opened(origin) as source:
            of = self.shown(origin.absent)
            try:
                said(source.read, of)
            except Gone:
                pass
            else:
                broken("told", "an issue that is not there is read", expected="Gone",
                       cure="see what the server says of it")  # fmt: skip
            must(
                said(source.is_public, of) is False,
                "closed",
                "an issue that is not there is said to be public",
                expected="False",
                cure="True only for what was seen to be public",
            )

    def test_people_and_projects_are_known(self, origin: SourceUnderTest) -> None:
        """Everybody whom an issue names; who is missing has a name, and nothing else."""
        with self.opened(origin) as source:
            for entity in source.surroundings():
                self._entity(source, entity)
            people = {of for r in self._readings(origin, source) for of in _people(r.issue)}
            for of in sorted(people)[:_READS]:
                self._entity(source, said(source.person, of), of)
            gone = self.shown(origin.missing_person)
            self._entity(source, said(source.person, gone), gone)

    # -- what is not for everybody ----------------------------------------------------------------

    def test_hidden_text_stays_at_the_source(self, origin: SourceUnderTest) -> None:
        """Neither in the model nor in the raw replies."""
        of, words = self.shown(origin.withheld)
        with self.opened(origin) as source:
            reading = said(source.read, of)
            held = msgspec.json.encode(reading.issue).decode()
            raw = b" ".join(reply.body for reply in reading.replies)
            must(
                words not in held and words.encode() not in raw,
                "closed",
                "the text of a hidden comment is in the "
                + ("model" if words in held else "raw replies"),
                expected="`withheld` set, the text empty, the reply without it",
                cure="take it out of the reply before anything is kept",
            )
            must(
                any(one.withheld and not one.text for one in reading.issue.comments),
                "closed",
                "an issue with a hidden comment has none with `withheld`",
                expected="the comment, without its text: its index stays taken",
                cure="keep the comment, and set `withheld`",
            )

    def test_who_may_read_is_said(self, origin: SourceUnderTest) -> None:
        """A private issue is told as private, is in `closed`, and is not public."""
        of = self.shown(origin.private)
        with self.opened(origin) as source:
            reading = said(source.read, of)
            must(
                reading.issue.private and reading.issue.access is not None,
                "closed",
                "an issue that not everybody may read is told as "
                + ("one without readers" if reading.issue.private else "public"),
                expected="private, with `access` (or why that can't be read)",
                cure="ask who may read it; `unreadable` says why that is not known",
            )
            must(
                kind_of(of) != "bug" or of in set(source.closed()),
                "closed",
                "`closed` does not name a private issue",
                expected="its key",
                cure="list what is not public",
            )
            must(
                said(source.is_public, of) is False,
                "closed",
                "`is_public` says True of a private issue",
                expected="False",
                cure="ask as nobody",
            )

    def test_public_issues_are_public(self, origin: SourceUnderTest) -> None:
        """By their own word, by `is_public`, and by `closed`."""
        with self.opened(origin) as source:
            closed = set(source.closed())
            for reading in self._readings(origin, source):
                issue = reading.issue
                must(
                    issue.private != said(source.is_public, issue.key),
                    "closed",
                    f"private={issue.private}, and `is_public` says {issue.private}",
                    expected="the opposite of each other",
                    cure="take both from the same field",
                )
                must(
                    issue.private or (issue.key not in closed and issue.access is None),
                    "closed",
                    "a public issue is in `closed`, or has readers",
                    expected="neither",
                    cure="`access` is None for what everybody may read",
                )

    # -- what goes wrong --------------------------------------------------------------------------

    def test_a_reply_that_does_not_come_is_asked_for_again(self, origin: SourceUnderTest) -> None:
        """By the source, or by the engine: Retriable, Unreachable, or the right answer."""
        with self.opened(origin) as source:
            of = origin.keys()[0]
            right = said(source.read, of).issue
            for word in ("drop", "reset", "truncate", "mangle", "gateway", "unavailable", "busy",
                         "html"):  # fmt: skip
                try:
                    origin.strike(word)
                except NotShown:
                    continue
                try:
                    got = said(source.read, of).issue
                except _MAY:
                    got = right
                except MigrateError as error:
                    got = broken(
                        "told",
                        f"{type(error).__name__} when a reading meets `{word}`",
                        expected="Retriable or Unreachable: it is there, and will be read",
                        cure="a reply that can't be understood once is no fact about the issue",
                    )
                origin.calm()
                must(
                    got == right,
                    "whole",
                    f"an issue is read otherwise when a reply meets `{word}`",
                    expected="the whole issue, or an error",
                    cure="look at the length of a reply; don't take half a list for a list",
                )

    def test_a_login_that_ran_out_is_told(self, origin: SourceUnderTest) -> None:
        """It is no fact about the issue, either."""
        with self.opened(origin) as source:
            of = origin.keys()[0]
            self.shown(origin.strike, "expired")
            try:
                said(source.read, of)
            except (LoginNeeded, *_MAY):
                return
            except Gone:
                broken("told", "a login that ran out makes an issue Gone", expected="LoginNeeded",
                       cure="401 is about us, 404 is about the issue")  # fmt: skip
            finally:
                origin.calm()

    def test_many_are_read_at_once(self, origin: SourceUnderTest) -> None:
        """`read` and `person` are called from several threads: no reply is another's."""
        with self.opened(origin) as source:
            keys = origin.keys()[:_READS] * 2
            with ThreadPoolExecutor(6) as pool:
                readings = list(pool.map(lambda of: said(source.read, of), keys))
            wrong = [of for of, r in zip(keys, readings, strict=True) if r.issue.key != of]
            must(
                not wrong,
                "whole",
                f"{len(wrong)} of {len(keys)} readings are of another issue",
                expected="each its own",
                cure="give each thread a connection of its own",
            )

    # -- with the engine --------------------------------------------------------------------------

    def test_all_of_it_is_pulled_and_moved(self, origin: SourceUnderTest, tmp_path: Path) -> None:
        """Into a tracker in memory; a second run reads and writes nothing new."""
        sink = MemorySink(MemoryServer(), "ours")
        names = Names(tracker=self._tracker(origin), project=origin.project)
        with self.opened(origin) as source:
            trial = Trial(tmp_path, source, sink, names=names)
            try:
                pulled = trial.pull()
                must(
                    pulled.new == len(origin.keys()) and not pulled.unread,
                    "whole",
                    f"{pulled.new} issues are pulled, {pulled.unread} can't be read",
                    expected=f"{len(origin.keys())}, and 0",
                    cure="run the suite's smaller checks first",
                )
                trial.apply()
                seen = trial.verify()
                must(
                    seen.agrees,
                    "whole",
                    f"{len(seen.missing)} missing, {seen.pending} pending in memory",
                    expected="source and target agree",
                    cure="look at the keys of the parts: two of one key are one object",
                )
                again = trial.pull(full=True)
                must(
                    again.new == again.changed == again.gone == 0,
                    "whole",
                    f"pulled again, {again.changed} issues have changed",
                    expected="none: nothing has",
                    cure="leave out of the issue what changes with every request",
                )
            finally:
                trial.close()

    # -- inside -----------------------------------------------------------------------------------

    def _tracker(self, origin: SourceUnderTest) -> str:
        return parts(origin.keys()[0])[0]

    def _readings(self, origin: SourceUnderTest, source: Source) -> Iterator[Reading]:
        for of in origin.keys()[:_READS]:
            reading = said(source.read, of)
            assert isinstance(reading, Reading)
            yield reading

    def _sound(self, source: Source, issue: Issue) -> None:
        """The invariants of an issue."""
        __tracebackhide__ = True
        again = msgspec.json.decode(msgspec.json.encode(issue), type=Issue)
        must(
            again == issue,
            "whole",
            f"{kind_of(issue.key)} is another after it was stored as JSON",
            expected="the same: texts that can be encoded, JSON values in `extra`",
            cure="decode with U+FFFD for what is no text; write dates and links as texts",
        )
        keys = [issue.key, *(one.key for f in ("tasks", "comments", "attachments")
                             for one in getattr(issue, f))]  # fmt: skip
        strange = [of for of in keys if parts(of)[0] != source.tracker]
        must(
            not strange and len(keys) == len(set(keys)),
            "whole",
            f"{len(strange)} keys of another tracker, {len(keys) - len(set(keys))} keys twice",
            expected=f"{source.tracker}:KIND:NAME, each part its own",
            cure="put the issue's name into the names of its parts",
        )
        indexes = [one.index for one in issue.comments]
        must(
            indexes == sorted(set(indexes)),
            "whole",
            f"comments have the indexes {indexes[:8]}",
            expected="growing ones, each once",
            cure="take the index from the source, not from the date",
        )
        naive = [at for at, when in _dates(issue) if when.utcoffset() != timedelta(0)]
        must(
            not naive,
            "whole",
            f"{naive[:3]} are not in UTC",
            expected="aware dates in UTC",
            cure="bring them to UTC; never leave out the time zone",
        )
        homes = [issue.home, *(one.home for one in issue.tasks)]
        homes += [one.home for one in issue.comments]
        homes += [one.home for one in issue.attachments]
        must(
            all("://" in home and not set(" \n") & set(home) for home in homes),
            "whole",
            "a part of an issue has no address",
            expected="the page at the source: it names the object for good",
            cure="fill `home`",
        )
        hidden = [one for one in issue.comments if (one.withheld or one.deleted) and one.text]
        must(
            not hidden,
            "closed",
            f"{len(hidden)} hidden or deleted comments have a text",
            expected="none",
            cure="leave the text empty",
        )

    def _entity(self, source: Source, entity: Entity, of: Key | None = None) -> None:
        __tracebackhide__ = True
        value = entity.value
        must(
            parts(value.key)[0] == source.tracker and value.name and of in (None, value.key),
            "whole",
            f"a {type(value).__name__} has another key than it was asked for, or no name",
            expected="its key and its name",
            cure="somebody who is missing still has the name by which they were asked for",
        )

    def _fails(self, origin: SourceUnderTest, address: str, allowed: Any, what: str) -> None:
        __tracebackhide__ = True
        if not origin.speaks_http:
            pytest.skip("the far end has no wire")
        expected = " or ".join(one.__name__ for one in allowed)
        with self.opened(origin, address=address) as source:
            try:
                said(source.check)
            except MigrateError as error:
                must(
                    isinstance(error, allowed),
                    "told",
                    f"{type(error).__name__} from `check` when {what}",
                    expected=expected,
                    cure="see the tree in errors.py",
                )
                return
        broken("told", f"`check` is content when {what}", expected=expected,
               cure="ask the server what it is")  # fmt: skip


def _order(of: Key) -> tuple[int, str]:
    name = name_of(of)
    return (int(name), "") if name.isdigit() else (0, name)


def _people(issue: Issue) -> Iterator[Key]:
    said_by = [issue.author, *(one.author for one in issue.tasks)]
    said_by += [one.author for one in issue.comments]
    yield from (of for of in said_by if of)
    yield from (one.assignee for one in issue.tasks if one.assignee)


def _dates(value: Any, at: str = "issue") -> Iterator[tuple[str, datetime]]:
    for name in value.__struct_fields__:
        held = getattr(value, name)
        if isinstance(held, datetime):
            yield f"{at}.{name}", held
        elif isinstance(held, dict):
            pairs = ((f"{at}.{name}.{k}", v) for k, v in held.items())
            yield from ((where, v) for where, v in pairs if isinstance(v, datetime))
        elif name in PARTS:
            for one in held:
                yield from _dates(one, PARTS[name])
