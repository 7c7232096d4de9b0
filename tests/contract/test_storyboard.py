"""The StoryBoard sink keeps the laws, in both of its ways to choose numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
from markdown_it import MarkdownIt

from tests.contract.wire import SETTLES, WireUnderTest
from tracker_migrate.abilities import KnowsSeals, WritesAsOthers
from tracker_migrate.backends.storyboard import open_sink
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.digest import short
from tracker_migrate.errors import LoginNeeded
from tracker_migrate.interfaces import Account, Audience, ClosedAction, ClosedStep, RemoteRef, Sink
from tracker_migrate.testing.conformance import SinkConformance
from tracker_migrate.testing.conformance.once import OnceChecks
from tracker_migrate.testing.conformance.ours import OursChecks
from tracker_migrate.testing.conformance.target import SinkUnderTest
from tracker_migrate.testing.loopback import Fault, serving

_SUPER, _NORMAL, _OTHER = (f"token-of-{name}" for name in ("super", "normal", "other"))


class _Page(HTMLParser):
    """What a page shows. links: where they lead; and whatever else is no plain paragraph."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "p":
            self.links.append(dict(attrs).get("href") or tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class StoryBoardUnderTest(WireUnderTest):
    """A stand-in, with its three users."""

    policy = Audience(name="few", users=("3",))
    account = Account(id="2", name="Lab Normal")
    files = (0, 70_000)

    def __init__(self, standin: StoryBoardStandIn, numbers: str, folder: Path) -> None:
        super().__init__(standin)
        self.folder = folder
        kept = {"folder": str(folder), "address": "http://127.0.0.1:9/where/nobody/listens"}
        self.options = {"numbers": numbers, "files": kept}

    def open(self, *, token: str | None = None, address: str | None = None) -> Sink:
        options = {**self.options, "settle_seconds": SETTLES, "timeout": 5, "patience": 1.0}
        made = open_sink(address or self.standin.url, options, token or _SUPER, _NORMAL)
        assert isinstance(made, KnowsSeals)
        assert isinstance(made, WritesAsOthers)
        made.trust(short)  # as the kit seals
        made.unspoken([self.account.id])  # as the engine asks
        return made

    def reads(self, text: str) -> tuple[str, list[str]]:
        page = _Page()
        page.feed(MarkdownIt("commonmark", {"html": True}).render(text))
        return "".join(page.words), page.links

    def rows(self, text: str, given: tuple[Any, ...]) -> Any:
        return self.standin.store.all(text, given)

    def standing(self, step: ClosedStep) -> int:
        (action,) = step.actions
        like = f"%]({action.marker})%"
        match action.kind:
            case "story":
                return self.count("SELECT count(*) FROM story WHERE description LIKE ?", like)
            case "task":
                sealed = f"{action.marker}_sealed-%"
                sql = "SELECT count(*) FROM task WHERE link = ? OR link LIKE ?"
                return self.count(sql, action.marker, sealed)
            case "comment":
                return self.count("SELECT count(*) FROM comment WHERE content LIKE ?", like)
            case "tagging":
                return self._tagged(action)
            case "file":
                return len(list(self.folder.glob(f"??/*/{action.fields['name']}")))
            case kind:
                name = action.fields["name"]
                return self.count(f"SELECT count(*) FROM {kind} WHERE name = ?", name)

    def _tagged(self, action: ClosedAction) -> int:
        """How often the story has its least frequent tag."""
        sql = "SELECT count(*) FROM story_tag JOIN tag ON tag.id = tag_id WHERE story_id = ? "
        story = action.at.id if action.at else action.fields["story_id"]
        counts = [self.count(f"{sql} AND name = ?", story, tag) for tag in action.fields["tags"]]
        return max(counts, default=1) if all(counts) else 0

    def refuse(self, words: str) -> None:
        body = json.dumps({"faultcode": "Client", "faultstring": f"Invalid input: {words}"})
        headers = {"Content-Type": "application/json"}
        self._add(Fault("status", status=400, text=body, headers=headers, writes=True))

    def stranger(self, step: ClosedStep) -> None:
        (action,) = step.actions
        fields = {name: action.fields[name] for name in ("title", "description", "created_at")}
        self._ask(_OTHER, "POST", "/stories", id=action.number, **fields)

    def edit(self, kind: str, at: RemoteRef) -> str:
        self._ask(_NORMAL, "PUT", f"/stories/{at.id}", title="A person's title")
        return "title"

    def remove(self, kind: str, at: RemoteRef) -> None:
        self._ask(_SUPER, "DELETE", f"/stories/{at.id}")

    def expose(self, kind: str, at: RemoteRef) -> None:
        self._ask(_SUPER, "PUT", f"/stories/{at.id}", private=False)

    def open_to_all(self, kind: str, at: RemoteRef) -> bool:
        if kind == "file":
            return any(self.folder.glob(at.id.rpartition(":")[2]))
        table = kind if kind in ("task", "comment") else "story"
        column = "id" if table == "story" else "story_id"
        sql = f"SELECT private FROM story WHERE id = (SELECT {column} FROM {table} WHERE id = ?)"
        return not self.count(sql, at.id)

    def _ask(self, token: str, method: str, path: str, **body: Any) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        url = f"{self.standin.url}/v1{path}"
        answer = requests.request(method, url, json=body or None, headers=headers, timeout=5)
        assert answer.ok, answer.text


class TestStoryBoard(SinkConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Iterator[StoryBoardUnderTest]:
        standin = StoryBoardStandIn()
        with serving(standin):
            yield StoryBoardUnderTest(standin, "block", tmp_path)


class TestStoryBoardThatWritesAsAuthors(OnceChecks, OursChecks):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Iterator[StoryBoardUnderTest]:
        standin = StoryBoardStandIn()
        with serving(standin):
            made = StoryBoardUnderTest(standin, "block", tmp_path)
            made.options = {**made.options, "authors": "tokens"}
            yield made

    def test_it_does(self, target: SinkUnderTest) -> None:
        assert isinstance(target, StoryBoardUnderTest)
        with self.mover(target) as mover:
            mover.write(self.plain(target, 1, 1))
        for table, column in (("story", "creator_id"), ("comment", "author_id")):
            assert target.count(f"SELECT count(*) FROM {table} WHERE {column} = 2") == 1

    def test_a_login_that_ran_out_stops_the_run(self, target: SinkUnderTest) -> None:
        """Our own does; a token of an author's that ended is made anew."""
        ended = 0
        with self.mover(target) as mover:
            for step in mover.steps(self.plain(target, 71, 1)):
                if self._struck(target, "expired"):
                    before = target.standing(step)
                    try:
                        mover.note(step, mover.sink.send(step))
                    except LoginNeeded:
                        assert target.standing(step) == before
                        ended += 1
                    target.calm()
                if step.actions[0].key not in mover.refs:
                    mover.carry_out(step)
        assert ended


class TestStoryBoardThatKeepsNumbers(OnceChecks, OursChecks):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Iterator[StoryBoardUnderTest]:
        standin = StoryBoardStandIn()
        with serving(standin):
            yield StoryBoardUnderTest(standin, "keep", tmp_path)
