"""Texts that are longer than a target takes: they arrive whole, in order, in parts; and stay so."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import snapshots
from tests.end_to_end.fuse import Crash, Fuse
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.reader import missing_words
from tests.end_to_end.test_adopt import adopt, lose, standing, writes_nothing
from tests.end_to_end.test_doubled import FILL, doubled, remove
from tests.end_to_end.test_recorded_projects import agrees, reader_of
from tests.end_to_end.world import TARGETS, World
from tracker_migrate.backends.maniphest.standin.config import Config

LIMIT = 20_000
both = pytest.mark.parametrize("target", TARGETS)
_PART = re.compile(r"(?:\[|\| )LP #\d+(?: comment \d+)?(?: task \S+)?, part (\d+) of (\d+)\]")


def prose(size: int, seed: int) -> Iterator[str]:
    """Lines of a text of so many bytes, as people send them: words, quotes, a log, an address."""
    draw = random.Random(seed)
    while size > 0:
        word = draw.choice(
            ("lamp", "@alice", "T1", "`dark`", "bug 501", "*off*", "caf\u00e9", "{F1}")
        )
        lines = {
            0: f"It is {word}, said {draw.random()}, and https://example.org/{draw.random()} too.",
            1: "",
            2: f"> quoted {draw.random()} {word}\n> and more",
            3: "\n".join(
                f"2026-01-02 03:04:{n:02} ERROR lamp.core [-] {word} {draw.random()}"
                for n in range(30)
            ),
            4: f" * item {draw.random()}\n * item {word}",
        }
        line = lines[draw.choice((0, 0, 1, 2, 3, 4))]
        size -= len(line.encode()) + 1
        yield line


def text_of(size: int, seed: int) -> str:
    return "\n".join(prose(size, seed))[:size]


def said(marked: MarkedWorld, bug: int, index: int) -> str:
    """What stands at the source."""
    with marked.here.launchpad.lock:
        message = marked.project.store.message(bug, index)
    assert message is not None
    return str(message.data["content"])


def say(marked: MarkedWorld, bug: int, text: str, index: int | None = None) -> None:
    """Say something long on a bug, before a word of its own; or say it before what was said."""
    index = marked.project.comment(bug) if index is None else index
    marked.project.change_comment(bug, index, content=f"{text}\n\n{said(marked, bug, index)}")
    marked.project.change(bug)


def one_bug(marked: MarkedWorld, info: str = "Public", size: int = 200_000) -> int:
    bug = marked.project.bug(info, comments=1)
    say(marked, bug, text_of(size, 1), 0)
    marked.project.change(bug, description=said(marked, bug, 0))
    for seed in (2, 3):
        say(marked, bug, text_of(size // 2, seed))
    marked.project.comment(bug)
    return bug


def limited(marked: MarkedWorld, target: str, limit: int = LIMIT) -> None:
    settings = {"text_limit": limit, "connections": 1, "settle_seconds": 0.05}
    marked.here.options[target] = settings
    marked.here.write_settings()


def the_issue(here: World, target: str, bug: int) -> dict[str, Any]:
    """A bug as an independent reader finds it."""
    there = reader_of(here, target).by_permalink()
    [issue] = [one for link, ones in there.items() if link.endswith(f"/{bug}") for one in ones]
    return dict(issue)


def joined(texts: list[str]) -> list[str]:
    """Texts with their parts behind them: the parts have to follow in order."""
    wholes: list[str] = []
    last = 0
    for text in texts:
        found = _PART.search(text.split("\n", 1)[0])
        if found is None:
            wholes.append(text)
            last = 1
            continue
        assert int(found[1]) == last + 1 <= int(found[2])
        wholes[-1] += "\n" + text.split("\n", 1)[1]
        last += 1
    return wholes


def stands_whole(marked: MarkedWorld, target: str, bug: int, limit: int = LIMIT) -> list[str]:
    """Every word of the source's bug is there, in order, and no text is longer than it may be;
    returns the texts."""
    issue = the_issue(marked.here, target, bug)
    texts = [issue["text"], *issue["comments"]]
    assert all(len(text.encode()) <= limit for text in texts)
    wholes = joined(texts)
    with marked.here.launchpad.lock:
        held = marked.project.store.bug(bug)
        count = marked.project.store.next_message(bug)
    assert held is not None
    assert len(wholes) == count
    assert missing_words(held.data["description"], wholes[0]) == []
    for index, whole in enumerate(wholes[1:], 1):
        assert missing_words(said(marked, bug, index), whole) == []
    return texts


@both
def test_long_texts_arrive_whole_and_are_found_again(target: str, marked: MarkedWorld) -> None:
    limited(marked, target)
    bug = one_bug(marked)
    marked.here.pull()
    marked.here.apply(target)
    texts = stands_whole(marked, target, bug)
    assert len(texts) > 4 + 15
    assert "(continued in the next " in texts[0]
    assert "Launchpad details" in texts[0]  # what changes most stays where it can be edited
    writes_nothing(marked.here, target)
    lose(marked.here)
    found = adopt(marked.here, target)
    assert (found.objects, found.differs, found.unknown) == (found.added, [], [])
    writes_nothing(marked.here, target)
    lose(marked.here)  # and with no limit that matters nothing of it is strange
    limited(marked, target, 5_000_000)
    assert adopt(marked.here, target).unknown == []


@both
def test_a_run_that_ends_anywhere_is_gone_on_with(
    target: str, marked: MarkedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(marked, target)
    bug = one_bug(marked, size=60_000)
    marked.here.pull()
    begin = snapshots.Snapshot(marked, target, tmp_path / "begin")
    fuse = Fuse(monkeypatch)
    marked.here.apply(target)
    moments, wanted = fuse.moments, standing(marked, target)
    for at in random.Random(7).sample(range(2, moments), 8):
        begin.restore()
        fuse.set(at)
        with pytest.raises(Crash):
            marked.here.apply(target)
        fuse.set(None)
        marked.here.apply(target)
        assert standing(marked, target) == wanted, at
    writes_nothing(marked.here, target)
    stands_whole(marked, target, bug)


@both
def test_a_private_bugs_parts_are_as_closed_as_it(target: str, marked: MarkedWorld) -> None:
    limited(marked, target)
    bug = one_bug(marked, "Private", size=60_000)
    marked.here.pull()
    with marked.spies[target].watching():
        marked.here.apply(target)
    marked.spies[target].found_nothing()
    stands_whole(marked, target, bug)
    marked.project.turn(bug, "Public")
    marked.here.pull(full=True)
    marked.here.apply(target)
    agrees(marked.here.verify(target))
    marked.spies[target].look()
    marked.spies[target].found_nothing()
    marked.spies[target].saw("somebody", marked.marks.of("comment") & marked.readable("somebody"))


@both
def test_a_line_at_the_head_changes_the_first_part_alone(target: str, marked: MarkedWorld) -> None:
    limited(marked, target)
    bug = one_bug(marked)
    marked.here.pull()
    marked.here.apply(target)
    before = the_issue(marked.here, target, bug)
    marked.project.change(bug, description="One line more.\n\n" + said(marked, bug, 0))
    marked.here.pull(full=True)
    applied = marked.here.apply(target)
    after = the_issue(marked.here, target, bug)
    assert (applied.updated, applied.stuck, applied.unwanted) == (1, 0, 0)
    assert "One line more." in after["text"]
    # what was filed first is no longer the description, and stands as a comment now
    assert [one for one in before["comments"] if one not in after["comments"]] == []
    agrees(marked.here.verify(target))


@both
def test_a_text_that_grows_gets_parts_and_one_that_shrinks_leaves_them(
    target: str, marked: MarkedWorld
) -> None:
    limited(marked, target)
    bug = marked.project.bug(comments=0)
    marked.project.change(bug, description="Short it is.")
    marked.here.pull()
    marked.here.apply(target)
    marked.project.change(bug, description=text_of(90_000, 4))
    marked.here.pull(full=True)
    applied = marked.here.apply(target)
    assert (applied.updated, applied.stuck) == (1, 0)
    assert applied.created >= 4
    issue = the_issue(marked.here, target, bug)
    texts = [issue["text"], *(one for one in issue["comments"] if _PART.search(one[:200]))]
    [whole] = joined(texts)
    assert missing_words(text_of(90_000, 4), whole) == []
    marked.project.change(bug, description="Short again.")
    marked.here.pull(full=True)
    applied = marked.here.apply(target)
    assert applied.unwanted == len(texts) - 1
    seen = marked.here.verify(target)
    assert len(seen.unwanted) == len(texts) - 1
    agrees(seen)
    assert "Short again." in the_issue(marked.here, target, bug)["text"]


@both
def test_a_comment_that_grew_is_told_to_be_stuck(target: str, marked: MarkedWorld) -> None:
    """Neither target edits comments: what was added is not lost in silence."""
    limited(marked, target)
    bug = marked.project.bug(comments=0)
    say(marked, bug, text_of(50_000, 5))
    marked.here.pull()
    marked.here.apply(target)
    more = f"{said(marked, bug, 1)}\n\n{text_of(50_000, 6)}"
    marked.project.change_comment(bug, 1, content=more)
    marked.project.change(bug)
    marked.here.pull(full=True)
    applied = marked.here.apply(target)
    assert applied.stuck >= 1
    assert applied.created >= 2


def test_parts_that_were_delivered_twice_are_told(marked: MarkedWorld) -> None:
    limited(marked, "maniphest")
    bug = one_bug(marked, size=60_000)
    marked.here.pull()
    doubled(marked.here, "maniphest", "maniphest.edit", body=FILL, after=1)
    found = {one.key for one in marked.here.apply("maniphest").doubles}
    assert any(key.startswith("launchpad:part:") for key in found)
    assert found == {one for one in found if f":{bug}/" in one}
    assert marked.here.verify("maniphest").agrees


def test_a_hidden_comment_is_exposed_until_its_last_part_is_gone(marked: MarkedWorld) -> None:
    limited(marked, "maniphest")
    bug = marked.project.bug(comments=1)
    say(marked, bug, text_of(50_000, 3))
    marked.here.pull()
    marked.here.apply("maniphest")
    marked.project.change_comment(bug, 2, visible=False)
    marked.project.change(bug)
    marked.here.pull(full=True)
    assert marked.here.apply("maniphest").exposed == 1
    sql = "SELECT phid FROM xaction_task WHERE comment LIKE '%LP #% comment 2%' ORDER BY id"
    comments = marked.here.maniphest.store.column(sql)
    assert len(comments) >= 3
    for comment in comments:
        assert marked.here.apply("maniphest").exposed == 1
        remove(marked.here, comment)
    assert marked.here.apply("maniphest").exposed == 0
    agrees(marked.here.verify("maniphest"))


@both
def test_a_text_of_2_7_megabytes_at_the_limits_of_real_servers(
    target: str, marked: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest text that was seen at Launchpad; nginx takes 1 MB."""
    small = Config(body_limit=1024 * 1024)
    monkeypatch.setattr(marked.here.maniphest, "config", small)
    monkeypatch.setattr(marked.here.maniphest.site, "config", small)
    bug = marked.project.bug(comments=0)
    say(marked, bug, text_of(2_700_000, 8))
    marked.here.pull()
    start = time.perf_counter()
    marked.here.apply(target)
    took = time.perf_counter() - start
    texts = stands_whole(marked, target, bug, 8_000_000)
    assert (len(texts) == 2) == (target == "storyboard")
    agrees(marked.here.verify(target))
    assert took < 120, took


def test_without_the_limit_a_web_server_would_refuse(
    marked: MarkedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marked.here.maniphest, "config", Config(body_limit=100_000))
    bug = marked.project.bug(comments=0)
    say(marked, bug, text_of(300_000, 9))
    marked.here.pull()
    assert marked.here.apply("maniphest").aside == 1
    limited(marked, "maniphest", 80_000)
    assert marked.here.apply("maniphest", retry=True).aside == 0
    stands_whole(marked, "maniphest", bug, 80_000)
