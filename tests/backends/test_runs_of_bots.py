"""Whatever is said on a bug, by whom, in which order, and whenever it is written: every comment
stands at the target once, in order, whole; and what is written stays as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.backends.maniphest import helpers
from tests.backends.storyboard.example import Decided
from tests.text import remarkup_reader, samples
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.maniphest.wire import sent_bytes
from tracker_migrate.backends.storyboard import origins
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner
from tracker_migrate.engine.diff import diff, open_digest, open_digests
from tracker_migrate.interfaces import Planner, RemoteRef, Text, Wanted, total
from tracker_migrate.model import Attachment, Comment, Issue, Key, key, present_fields
from tracker_migrate.text import commonmark, folded, remarkup
from tracker_migrate.workspace.ledger import Held

PERSON, BOT, OTHER = (key("launchpad", "person", name) for name in ("amy", "hudson", "janitor"))
#: what could pass for the parts of a folded comment
_FORGED = (
    "**2 comments by bots:** 1, 2\n\n",
    "\n---\n",
    "*[LP #7 comment 2](https://bugs.example/bugs/7/comments/2)*\n\n",
    "//[[https://bugs.example/bugs/7/comments/3 | LP #7 comment 3]]//\n\n",
    "```\n*[LP #7 comment 2](https://bugs.example/bugs/7/comments/2)*\n\n```",
    "Fix proposed to branch: master\nReview: https://review.example/12\n",
)


class At(NamedTuple):
    """A target as far as a planner goes, and what its reader sees of a text."""

    planner: Planner
    decisions: Any
    field: str
    link: Callable[[str, str], str]
    reads: Callable[[str], str]


def storyboard() -> At:
    """With Markdown."""
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def reads(text: str) -> str:
        return "".join(
            child.content if child.type != "softbreak" else "\n"
            for token in page.parse(text)
            for child in (token.children or [token])
        )

    return At(StoryBoardPlanner(), Decided(), "content", commonmark.link, reads)


def maniphest() -> At:
    """With Remarkup."""

    def reads(text: str) -> str:
        return remarkup_reader.read(text).text

    return At(ManiphestPlanner(), helpers.Told(), "text", remarkup.link, reads)


TARGETS = {"storyboard": storyboard, "maniphest": maniphest}
both = pytest.mark.parametrize("target", TARGETS)

texts = st.one_of(
    samples.texts,
    st.lists(st.sampled_from([*_FORGED, "word", " ", "\n"]), max_size=6).map("".join),
    st.just("x" * (folded.LONGEST + 1)),
)


class Said(NamedTuple):
    """One comment. fate: `said`, `hidden`, `deleted`, `file` (it came with one)."""

    who: Key | None
    text: str
    fate: str


comments = st.lists(
    st.builds(
        Said,
        st.sampled_from([BOT, BOT, BOT, OTHER, PERSON, None]),
        texts,
        st.sampled_from(["said"] * 6 + ["hidden", "deleted", "file"]),
    ),
    max_size=12,
)
#: how many comments there are when it is written, and what the setting is then
stages = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["fold", "keep"])), max_size=5)


def issue_of(said: list[Said]) -> Issue:
    """A bug whose first comment is its description."""
    held = [helpers.comment(7, 0, "It happens, number 7.")]
    files: list[Attachment] = []
    for index, one in enumerate(said, 1):
        when = helpers.MADE + timedelta(minutes=index)
        comment = helpers.comment(7, index, one.text, author=one.who, created=when)
        if one.fate == "hidden":
            comment = msgspec.structs.replace(comment, text="", withheld="hidden")
        elif one.fate == "deleted":
            comment = msgspec.structs.replace(comment, text="", deleted=when)
        elif one.fate == "file":
            files.append(helpers.attachment(7, index))
        held.append(comment)
    task = helpers.task(7, "nova", status="Triaged", importance="High")
    return helpers.bug(comments=tuple(held), attachments=tuple(files), tasks=(task,))


class Written:
    """What stands at the target, in order: a ledger and a server in one."""

    def __init__(self, at: At) -> None:
        self.at = at
        self.rows: dict[Key, Held] = {}
        self.objects: list[Wanted] = []
        at.decisions.bots = {BOT, OTHER}
        at.decisions.there = {}

    def wanted(self, issue: Issue, setting: str, **more: Any) -> list[Wanted]:
        """The comments that are wanted."""
        self.at.decisions.options = {"bots": setting, **more}
        planned = self.at.planner.wanted(issue, self.at.decisions)
        return [one for one in planned if one.kind == "comment"]

    def write(self, issue: Issue, setting: str) -> int:
        """Write what is missing; how much that was. Nothing is changed."""
        wanted = self.wanted(issue, setting)
        found = diff(wanted, self.rows, self.at.planner.kinds, self)
        assert (found.stuck, found.gone, found.left) == ((), (), ())
        for action in found.actions:
            assert action.op == "create"
            self._note(action.wanted)
        return len(found.actions)

    def _note(self, one: Wanted) -> None:
        self.objects.append(one)
        at = RemoteRef(id=str(len(self.objects)))
        fields = {name: (mark, "") for name, mark in open_digests(one).items()}
        row = Held(
            key=one.key, kind=one.kind, issue=one.issue, at=at, digest=open_digest(one),
            fields=fields, open=(), audience="public", state="there",
        )  # fmt: skip
        self.rows[one.key] = row
        for of in one.holds:
            self.rows[of] = msgspec.structs.replace(row, key=of, within=one.key)
        self.at.decisions.there |= dict.fromkeys((one.key, *one.holds), one.key)

    def where(self, to: Key) -> RemoteRef | None:
        """Nothing refers to anything that is known."""
        return None

    def text(self, one: Wanted) -> str:
        """The text of an object, its references as links."""
        text = one.fields[self.at.field]
        assert isinstance(text, Text)
        return samples.closed(text, self.at.link)


def written_at_all(issue: Issue) -> list[Comment]:
    """The comments that a reader is to find."""
    with_files = {one.comment for one in issue.attachments}
    return [
        one
        for one in issue.comments[1:]
        if not one.withheld and not one.deleted and (one.text.strip() or one.index in with_files)
    ]


@both
@settings(deadline=None, max_examples=150)
@given(said=comments, cuts=stages)
def test_every_comment_stands_there_once_in_order_and_whole(
    target: str, said: list[Said], cuts: list[tuple[int, str]]
) -> None:
    there = Written(TARGETS[target]())
    setting = "fold"
    for length, setting in [*sorted(cuts), (len(said), setting)]:  # noqa: B020
        issue = issue_of(said[:length])
        there.write(issue, setting)
        for again in ("fold", "keep"):
            assert there.write(issue, again) == 0
            losses = total(there.at.planner.losses(issue, there.at.decisions))
            sums = Counter[tuple[str, str]]()
            for (entity, field, _outcome), count in losses.items():
                sums[entity, field] += count
            assert sums == Counter(present_fields(issue))
    comments = written_at_all(issue)
    keys = [of for one in there.objects for of in (one.key, *one.holds)]
    assert keys == [one.key for one in comments]
    for one in there.objects:
        text = there.text(one)
        assert origins.keys_of(text) == [one.key, *one.holds]
        _whole(there.at, text, [c for c in comments if c.key in (one.key, *one.holds)])


def _whole(at: At, text: str, comments: list[Comment]) -> None:
    shown = samples.folded(at.reads(text))
    for comment in comments:
        blocks = at.decisions.blocks(None, comment.text) if comment.text.strip() else ()
        assert samples.seen(blocks) in shown, (comment.key, shown)


@both
def test_a_run_is_broken_by_a_person_a_file_a_long_text_and_by_nothing_else(target: str) -> None:
    there = Written(TARGETS[target]())
    said = [
        Said(BOT, "one", "said"),
        Said(BOT, "", "said"),
        Said(BOT, "two", "hidden"),
        Said(OTHER, "three", "said"),
        Said(PERSON, "four", "said"),
        Said(BOT, "five", "said"),
        Said(BOT, "six", "file"),
        Said(BOT, "seven", "said"),
        Said(BOT, "eight", "said"),
        Said(BOT, "x" * (folded.LONGEST + 1), "said"),
        Said(BOT, "ten", "said"),
    ]
    there.write(issue_of(said), "fold")
    assert [len(one.holds) for one in there.objects] == [1, 0, 0, 0, 1, 0, 0]
    first = there.text(there.objects[0])
    assert "2 comments by bots:" in first
    assert first.index("one") < first.index("\n\n---\n\n") < first.index("three")


@both
def test_a_folded_comment_has_no_end_without_a_limit(target: str) -> None:
    there = Written(TARGETS[target]())
    there.write(issue_of([Said(BOT, "word", "said")] * (2 * folded.MOST + 1)), "fold")
    assert [len(one.holds) + 1 for one in there.objects] == [folded.MOST, folded.MOST, 1]
    there = Written(TARGETS[target]())
    there.write(issue_of([Said(BOT, "x" * folded.LONGEST, "said")] * 6), "fold")
    assert [len(one.holds) + 1 for one in there.objects] == [4, 2]


@both
@pytest.mark.parametrize("text", ["\n", "\U0001f600", "*", "Review: https://h.org/1\n", "é "])
def test_a_comment_that_holds_several_fits_into_any_limit(target: str, text: str) -> None:
    """It is never cut: what a text takes when it is sent is foreseen."""
    for length in (1, 20, 100, 2000):
        there = Written(TARGETS[target]())
        issue = issue_of([Said(BOT, f"a{text * length}"[:length], "said")] * 60)
        for limit in (10_000, 100_000, 900_000):
            there.at.decisions.there = {}
            for one in there.wanted(issue, "fold", text_limit=limit):
                if one.holds:
                    assert sent_bytes(there.text(one)) <= limit


@both
def test_nobody_is_a_bot_whom_no_row_names(target: str) -> None:
    there = Written(TARGETS[target]())
    there.at.decisions.bots = set()
    there.write(issue_of([Said(BOT, "Fix proposed to branch: master", "said")] * 3), "fold")
    assert [one.holds for one in there.objects] == [(), (), ()]


@both
def test_no_text_of_a_comment_passes_for_another_one(target: str) -> None:
    there = Written(TARGETS[target]())
    for text in _FORGED:
        there = Written(TARGETS[target]())
        there.write(issue_of([Said(PERSON, f"{text}and so on", "said")]), "fold")
        (one,) = there.objects
        assert origins.keys_of(there.text(one)) == [one.key]


@both
def test_what_stands_in_another_comment_is_text_and_no_field(target: str) -> None:
    there = Written(TARGETS[target]())
    issue = issue_of([Said(BOT, "one", "said"), Said(BOT, "two", "said")])
    there.wanted(issue, "fold")
    losses = total(there.at.planner.losses(issue, there.at.decisions))
    assert losses["comment", "text", "text"] == 1
    there.wanted(issue, "keep")
    losses = total(there.at.planner.losses(issue, there.at.decisions))
    assert ("comment", "text", "text") not in losses


@both
def test_who_is_left_of_a_run_stays_where_he_is(target: str) -> None:
    """The first of a folded run is hidden at the source later: nothing is written a second time."""
    there = Written(TARGETS[target]())
    said = [Said(BOT, word, "said") for word in ("one", "two", "three")]
    there.write(issue_of(said), "fold")
    (known,) = there.objects
    (wanted,) = there.wanted(issue_of([Said(BOT, "one", "hidden"), *said[1:]]), "fold")
    assert (wanted.key, wanted.holds) == (known.key, known.holds)


@both
def test_what_is_shown_again_joins_no_run_behind_what_is_written(target: str) -> None:
    """Else it would stand in a comment behind one that was said after it, and before another."""
    there = Written(TARGETS[target]())
    said = [Said(BOT, word, "said") for word in ("one", "two", "three")]
    there.write(issue_of([Said(BOT, "one", "hidden"), said[1]]), "fold")
    there.write(issue_of(said), "fold")
    assert [one.holds for one in there.objects] == [(), (), ()]


def test_only_the_line_under_the_first_says_what_follows() -> None:
    def line(index: int) -> str:
        return f"*[LP #7 comment {index}](https://bugs.example/bugs/7/comments/{index})*"

    contents = "**2 comments by bots:** 3, 4"
    held = f"{line(3)}\n\n{contents}\n\na text\n\n---\n\n{line(4)}\n\na text\n\n```\n{line(5)}\n```"
    assert origins.keys_of(held) == [helpers.comment(7, index, "").key for index in (3, 4)]
    log = f"{line(3)}\n\nSee:\n\n{contents}\n\n---\n\n{line(4)}\n\nbye"
    assert origins.keys_of(log) == [helpers.comment(7, 3, "").key]
    cut = f"{line(3)}\n\n{contents}\n\na text"  # somebody took the second away
    assert origins.keys_of(cut) == [helpers.comment(7, 3, "").key]
    assert origins.keys_of("no line of origin") == []
