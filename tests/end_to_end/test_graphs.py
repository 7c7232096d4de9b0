"""Any graph of references, duplicates and dependencies: in the end every reference leads to the
issue that it names, in comments too, and no issue is written more often than it has to be."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.marked_world import MarkedWorld, marked_world
from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.world import TARGETS, conduit_token

#: a label that names a bug, and the address that it leads to, in each markup
_LINKS = {
    "storyboard": re.compile(r"\[(?:bug|LP:?) \\?#?(\d+)[^\]]*\]\((?:<)?(http[^)>\s]+)"),
    "maniphest": re.compile(r"\[\[ ?(http\S+) \| (?:bug|LP:?) #?(\d+) ?\]\]"),
}
_OWN = {
    "storyboard": re.compile(r"^\*\[LP #(\d+)\]\("),
    "maniphest": re.compile(r"^//\[\[ ?\S+ \| LP #(\d+) ?\]\]"),
}
BUGS, BLUEPRINTS, OUTSIDE = 9, 6, 987_654


class Graph:
    """A drawn project: who speaks of whom, and where."""

    def __init__(self, marked: MarkedWorld, seed: int) -> None:
        self.marked, self.draw = marked, random.Random(seed)
        project = marked.project
        self.bugs = [project.bug(comments=0) for _ in range(BUGS)]
        self.blueprints = [project.blueprint() for _ in range(BLUEPRINTS)]
        for bug in self.bugs:
            self._speak(bug)
        for one in self.bugs:
            if self.draw.random() < 0.3:
                master = self.draw.choice(self.bugs)
                project.change(one, duplicate_of_link=f"bugs/{master}")
        with project.launchpad.lock:
            for path in self.blueprints:
                for other in self.draw.sample(self.blueprints, self.draw.randint(0, 3)):
                    project.store.relate("dependencies", path, other)

    def _speak(self, bug: int) -> None:
        """Let a bug's texts name others, itself, and one that is in no project of ours."""
        project = self.marked.project
        project.change(bug, description=self._text())
        for _ in range(self.draw.randint(0, 3)):
            index = project.comment(bug)
            project.change_comment(bug, index, content=self._text())

    def _text(self) -> str:
        named = self.draw.choices([*self.bugs, OUTSIDE], k=self.draw.randint(0, 4))
        return "It fails. " + " and ".join(f"see bug {one}" for one in named)


@pytest.fixture(params=range(3))
def graph(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Graph]:
    seed = random.randrange(1_000_000)
    sys.stdout.write(f"seed {seed}\n")  # shown where it fails
    with marked_world(tmp_path / "ws", monkeypatch) as marked:
        yield Graph(marked, seed)


@pytest.mark.parametrize("target", TARGETS)
def test_every_reference_leads_to_what_it_names(graph: Graph, target: str) -> None:
    marked = graph.marked
    marked.here.pull(full=True)
    applied = marked.here.apply(target)
    assert (applied.aside, applied.refused, applied.stuck) == (0, 0, 0)
    places, links = read(marked, target)
    assert places.keys() == set(graph.bugs)
    spoken = wanted(marked)
    assert sorted(label for label, _ in links) == sorted(spoken)
    for label, address in links:
        if label == OUTSIDE:
            assert address.startswith(marked.here.launchpad.url)
        else:
            assert address.rstrip("/").endswith(places[label]), (label, address)
    assert marked.here.verify(target).agrees
    assert marked.here.apply(target).steps == 0


@pytest.mark.parametrize("target", TARGETS)
def test_no_issue_is_written_more_often_than_it_has_to_be(graph: Graph, target: str) -> None:
    """StoryBoard: each object once, for its number is chosen. Maniphest: each task once, and filled
    once, with its comments and with the text whose references are known by then."""
    marked = graph.marked
    marked.here.pull(full=True)
    applied = marked.here.apply(target)
    if target == "storyboard":
        assert applied.updated == 0
        assert applied.steps <= applied.created
    else:
        issues, shared = BUGS + BLUEPRINTS, 4  # the project and its milestones
        assert applied.steps <= 2 * issues + shared + work_items(marked)


def work_items(marked: MarkedWorld) -> int:
    """How many work items the blueprints have: each is a task of its own."""
    held = [marked.project.store.item(path) for path in marked.project.blueprints]
    texts = [str(one.get("workitems_text") or "") for one in held if one is not None]
    return sum(len(re.findall(r": [A-Z]+$", text, re.MULTILINE)) for text in texts)


def wanted(marked: MarkedWorld) -> list[int]:
    """The numbers of bugs that are named in texts, as often as they are named."""
    project, found = marked.project, list[int]()
    for bug in project.bugs:
        held = project.store.bug(bug)
        assert held is not None
        texts = [str(held.get("description"))]
        count = project.store.next_message(bug)
        messages = [project.store.message(bug, index) for index in range(1, count)]
        texts += [str(one.get("content")) for one in messages if one is not None]
        found += [int(number) for text in texts for number in re.findall(r"see bug (\d+)", text)]
    return found


def read(marked: MarkedWorld, target: str) -> tuple[dict[int, str], list[tuple[int, str]]]:
    """Where each bug stands, as the end of its address; and the links in all texts but details."""
    places: dict[int, str] = {}
    links: list[tuple[int, str]] = []
    for address, texts in _issues(marked, target):
        own = _OWN[target].match(texts[0])
        if own is not None:
            places[int(own[1])] = address
        for text in texts:
            for body in text.split("Launchpad details", 1)[0].split("\n")[1:]:
                links += _links(target, body)
    return places, links


def _links(target: str, text: str) -> list[tuple[int, str]]:
    found = _LINKS[target].findall(text)
    if target == "storyboard":
        return [(int(label), address) for label, address in found]
    return [(int(label), address) for address, label in found]


def _issues(marked: MarkedWorld, target: str) -> Iterator[tuple[str, list[str]]]:
    if target == "storyboard":
        reader = StoryBoardReader(marked.here.storyboard.url)
        for story in reader.get("/stories"):
            comments = reader.get(f"/stories/{story['id']}/comments")
            texts = [story["description"] or "", *(one["content"] for one in comments)]
            yield f"/story/{story['id']}", texts
        return
    call = ManiphestReader(marked.here.maniphest.url, conduit_token("importbot")).call
    for task in call("maniphest.search", limit=100)["data"]:
        rows: list[dict[str, Any]] = call(
            "transaction.search", objectIdentifier=task["phid"], limit=100
        )["data"]
        said = [one["comments"][0]["content"]["raw"] for one in rows if one["comments"]]
        yield f"/T{task['id']}", [task["fields"]["description"]["raw"], *said]
