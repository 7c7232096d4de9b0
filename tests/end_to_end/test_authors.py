"""A recorded project at StoryBoard, with nothing but its API: who wrote what, and when, as read
back with `requests` alone. What the API can't set right is told by name."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.reader import StoryBoardReader, source_bugs
from tests.end_to_end.world import RECORDINGS, World, needs_shared, world
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.cli.run import run as cli
from tracker_migrate.engine import jobs
from tracker_migrate.engine.adopt import Adopted
from tracker_migrate.workspace import Workspace

pytestmark = needs_shared
TARGET = "storyboard"
IMPORTER = "1"
PROJECT = "jokosher"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with recorded(tmp_path, monkeypatch, PROJECT) as here:
        yield here


def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str) -> Any:
    """A world with a recorded project whose authors are to be written as."""
    return _Recorded(tmp_path, monkeypatch, project)


class _Recorded:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str) -> None:
        self._world = world(tmp_path / "ws", monkeypatch, project)
        wire = RECORDINGS / "launchpad" / "wire" / f"{project}.jsonl.gz"
        folder = RECORDINGS / "launchpad" / "projects" / project
        self._spec = f"project:{folder}" if folder.exists() else f"wire:{wire}"

    def __enter__(self) -> World:
        here = self._world.__enter__()
        load_spec(here.launchpad, self._spec)
        here.options[TARGET] = {"authors": "tokens", "people": "created"}
        here.write_settings()
        here.pull()
        return here

    def __exit__(self, *what: Any) -> None:
        self._world.__exit__(*what)


def make_accounts(here: World) -> dict[str, str]:
    """Have accounts made for all authors; who has which, as people.csv says."""
    folder = str(here.folder)
    assert cli(["map", "create", "people", "-C", folder, "-T", TARGET, "-y"]) == 0
    return mapped(here)


def mapped(here: World) -> dict[str, str]:
    table = here.folder / "mappings" / "people.csv"
    lines = table.read_text().splitlines() if table.exists() else []
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["person"]: row["account"] for row in rows if row["state"] == "verified"}


def at(date: str) -> str:
    """A date of Launchpad's to the second, in StoryBoard's form."""
    return datetime.fromisoformat(date).astimezone(UTC).replace(microsecond=0).isoformat()


def name(link: str) -> str:
    return link.rsplit("/~", 1)[1]


class Told:
    """What a StoryBoard says of who made everything, and when: by the address at the source."""

    def __init__(self, here: World) -> None:
        reader = StoryBoardReader(here.storyboard.url)
        self.stories: dict[str, tuple[int, str]] = {}
        self.tasks: dict[str, tuple[int, str]] = {}
        self.comments: dict[str, tuple[int, str]] = {}
        self.events: list[Any] = []
        #: the addresses of each story's comments, in the order of the timeline
        self.order: dict[str, list[str]] = {}
        self.tokens = {
            row["id"]: reader.get(f"/users/{row['id']}/tokens") for row in reader.get("/users")
        }
        for story in reader.get("/stories"):
            home = address(story["description"])
            if home is not None:
                self._story(reader, story, home)

    def _story(self, reader: StoryBoardReader, story: Any, home: str) -> None:
        assert home not in self.stories
        self.stories[home] = story["creator_id"], story["created_at"]
        for task in reader.get(f"/tasks?story_id={story['id']}"):
            link = re.split("[#&]sealed-", task["link"])[0]
            assert link not in self.tasks
            self.tasks[link] = task["creator_id"], task["created_at"]
        events = reader.get(f"/stories/{story['id']}/events")
        self.events += events
        self.order[home] = []
        for event in events:
            if event["event_type"] == "user_comment":
                said = address(event["comment"]["content"])
                assert said is not None
                assert said not in self.comments
                self.comments[said] = event["author_id"], event["comment"]["created_at"]
                self.order[home].append(said)
            if event["event_type"] == "story_created":
                assert event["author_id"] == story["creator_id"]


def address(text: str | None) -> str | None:
    """Where a text says, in its first line, that it came from."""
    first = (text or "").split("\n", 1)[0]
    found = re.search(r"\((https?://[^)\s]+)\)", first) if "LP " in first else None
    return found[1] if found else None


def compare(here: World, project: str, told: Told, accounts: dict[str, str]) -> int:
    """Hold everything public of a project against what is told; how many objects were compared."""
    compared = 0
    for bug in source_bugs(here.launchpad.url, project):

        def by(link: str) -> int:
            return int(accounts.get(name(link), IMPORTER))

        home = bug["web_link"]
        assert told.stories[home] == (by(bug["owner_link"]), at(bug["date_created"])), home
        for task in bug["tasks"]:
            if task["web_link"] in told.tasks:
                assert told.tasks[task["web_link"]] == (
                    by(task["owner_link"]),
                    at(task["date_created"]),
                ), task["web_link"]
                compared += 1
        said = {one["web_link"]: one for one in bug["messages"] if one["visible"]}
        for link, one in said.items():
            if link in told.comments:
                assert told.comments[link] == (by(one["owner_link"]), at(one["date_created"])), link
                compared += 1
        in_order = [link for link in said if link in told.comments]
        assert told.order[home] == in_order, home
        compared += 1
    return compared


def arrives(here: World, project: str) -> int:
    """The whole promise for one project; how many objects were compared."""
    accounts = make_accounts(here)
    assert IMPORTER not in accounts.values()
    here.apply(TARGET)
    told = Told(here)
    compared = compare(here, project, told, accounts)
    mapped_ = {int(one) for one in accounts.values()}
    shown = {by for by, _when in (*told.stories.values(), *told.comments.values())}
    assert len(shown & mapped_) > 1, "hardly anybody is the author of anything"
    assert not [
        row
        for account, rows in told.tokens.items()
        if account != 1
        for row in rows
        if account in mapped_
    ], "all tokens were taken back"
    result = here.verify(TARGET)
    assert result.agrees
    before = here.writes(TARGET)
    assert here.apply(TARGET).steps == 0
    assert make_accounts(here) == accounts
    assert here.writes(TARGET) == before
    return compared


def test_each_is_by_its_author_and_of_its_date(lab: World) -> None:
    assert arrives(lab, PROJECT) > 12


@pytest.mark.slow
def test_a_real_projects_authors_and_dates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """277 real bugs of hundreds of people."""
    with recorded(tmp_path, monkeypatch, "nova-sample") as here:
        assert arrives(here, "nova-sample") > 2000


def test_the_dates_of_events_are_those_of_the_move(lab: World) -> None:
    """What the API can't set: the web client shows these, and so the texts tell the dates."""
    make_accounts(lab)
    lab.apply(TARGET)
    told, now = Told(lab), datetime.now(UTC)
    assert told.events
    for event in told.events:
        assert now - datetime.fromisoformat(event["created_at"]) < timedelta(days=1)
        if event["event_type"] == "user_comment":
            said = event["comment"]
            shown = f"{datetime.fromisoformat(said['created_at']):%Y-%m-%d %H:%M:%S} UTC"
            assert shown in said["content"].split("\n", 1)[0]


def test_some_have_accounts_and_the_others_are_named(lab: World) -> None:
    accounts = make_accounts(lab)
    table = lab.folder / "mappings" / "people.csv"
    lines = table.read_text().splitlines(keepends=True)
    gone = sorted(accounts)[0]
    table.write_text("".join(line for line in lines if not line.startswith(f"{gone},")))
    del accounts[gone]
    lab.apply(TARGET)
    told = Told(lab)
    assert compare(lab, PROJECT, told, accounts) > 12
    assert lab.verify(TARGET).agrees


def test_a_lost_ledger_knows_what_is_by_others(lab: World) -> None:
    make_accounts(lab)
    lab.apply(TARGET)
    told = Told(lab)
    (lab.folder / "state" / "workspace.db").unlink()
    lab.pull()
    found = adopt(lab)
    assert not found.differs
    assert found.absent == 0
    before = lab.writes(TARGET)
    assert lab.apply(TARGET).steps == 0
    assert lab.writes(TARGET) == before
    assert lab.verify(TARGET).agrees
    after = Told(lab)
    assert (after.stories, after.tasks, after.comments) == (told.stories, told.tasks, told.comments)


def test_without_the_key_nothing_is_taken_for_ours(lab: World) -> None:
    """The seals are all that tells, and the key is not in the database: keep a copy of it."""
    make_accounts(lab)
    lab.apply(TARGET)
    shutil.rmtree(lab.folder / "state")
    lab.pull()
    found = adopt(lab)
    assert found.absent > 0


def adopt(here: World) -> Adopted:
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return jobs.adopt(workspace, TARGET)


def test_settings_that_change_later_change_no_text(lab: World) -> None:
    """What stands there stays as it is, whoever the tables name by now."""
    accounts = make_accounts(lab)
    lab.options[TARGET]["authors"] = "importer"
    lab.write_settings()
    lab.apply(TARGET)
    before = lab.writes(TARGET)
    assert {by for by, _when in Told(lab).stories.values()} == {1}
    lab.options[TARGET]["authors"] = "tokens"
    lab.write_settings()
    assert lab.apply(TARGET).steps == 0
    assert lab.writes(TARGET) == before
    assert accounts


def test_a_later_claim_is_said_and_changes_nothing(
    lab: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """StoryBoard changes no author: what the tables say of what stands there is for `backdate`."""
    make_accounts(lab)
    lab.apply(TARGET)
    before, told = lab.writes(TARGET), Told(lab)
    assert lab.verify(TARGET).misnamed == 0
    table = lab.folder / "mappings" / "people.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(line for line in lines if ",verified," not in line))
    shown = [by for part in (told.stories, told.tasks, told.comments) for by, _ in part.values()]
    others = sum(by != int(IMPORTER) for by in shown)
    assert others > 5
    assert cli(["plan", "-C", str(lab.folder), "-T", TARGET]) in (0, 4)
    assert f"{others} shown as another's than people.csv says" in capfd.readouterr().out
    applied = lab.apply(TARGET)
    assert (applied.steps, applied.misnamed) == (0, others)
    seen = lab.verify(TARGET)
    assert (seen.misnamed, seen.agrees) == (others, True)
    assert lab.writes(TARGET) == before
    table.write_text("".join(lines))
    assert lab.apply(TARGET).misnamed == 0


def test_verify_tells_an_author_that_somebody_changed(lab: World) -> None:
    make_accounts(lab)
    lab.apply(TARGET)
    store = lab.storyboard.store
    with lab.storyboard.lock, store.transaction():
        store.run("UPDATE story SET creator_id = 3 WHERE creator_id > 3")
    seen = lab.verify(TARGET)
    assert {one.field for one in seen.differs} == {"author"}
    assert not seen.agrees


def test_weak_token_is_told_before_anything_is_written(
    lab: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    make_accounts(lab)
    monkeypatch.setenv("TRACKER_MIGRATE_STORYBOARD_TOKEN", "token-of-normal")
    before = lab.writes(TARGET)
    assert cli(["apply", "-C", str(lab.folder), "-T", TARGET]) == 2
    assert "superuser" in capfd.readouterr().err
    assert lab.writes(TARGET) == before


def test_accounts_are_asked_about_first(lab: World, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["map", "create", "people", "-C", str(lab.folder), "-T", TARGET]
    before = lab.writes(TARGET)
    assert cli([*command, "-n"]) == 0
    assert "would be made" in capfd.readouterr().out
    assert cli(command) == 2
    assert "-y" in capfd.readouterr().err
    assert lab.writes(TARGET) == before
    assert mapped(lab) == {}
