"""A reader of a StoryBoard's authors and dates that shares no code with what sets them: HTTP with
`requests` alone, held against what Launchpad's API says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import requests

from tests.backdate.at_source import blueprints, bugs, said, second
from tests.end_to_end.test_recorded_projects import names


class StoryBoardThere(NamedTuple):
    """A StoryBoard: the root of its API, a token of somebody who may read it all, the importer's
    account, and whose account is to be shown for somebody at Launchpad."""

    root: str
    token: str
    importer: int
    of: Callable[[str | None], int]

    def all(self) -> list[dict[str, Any]]:
        """Every story as the API shows it, with its timeline and tasks."""
        return list(map(self.whole, self.bare()))

    def talk(self, permalink: str) -> tuple[bool, list[str]]:
        """Whether everybody may read a story, and all that its comments say."""
        (found,) = [one for one in self.bare() if names(one["description"] or "", permalink)]
        rows = self.whole(found)["events"]
        texts = [one["comment"]["content"] for one in rows if one.get("comment")]
        return not found["private"], texts

    def bare(self) -> list[dict[str, Any]]:
        """Every story as its list shows it."""
        return list(self._get("/stories"))

    def whole(self, story: dict[str, Any]) -> dict[str, Any]:
        """A story with its timeline and tasks."""
        path = f"/stories/{story['id']}"
        return {**story, **{one: self._get(f"{path}/{one}") for one in ("events", "tasks")}}

    def read_back(self, launchpad: str, project: str) -> Counter[str]:
        """Compare author, date and order of every bug, blueprint, task and comment of a project;
        how many of each were compared."""
        there, compared, numbers = self.bare(), Counter[str](), []
        for bug in bugs(launchpad, project):
            story = self._found(there, bug)
            self._story(bug, bug["date_created"], bug["owner_link"], story)
            self._tasks(bug, story)
            self._comments(bug, story)
            numbers.append(story["id"])
            compared += Counter(bug=1, task=len(bug["tasks"]), comment=len(said(bug)))
        assert numbers == sorted(numbers)
        for spec in blueprints(launchpad, project):
            story = self._found(there, spec)
            self._story(spec, spec["date_created"], spec["owner_link"], story)
            for task in story["tasks"]:
                self._task(spec["owner_link"], spec["date_created"], task, story)
            compared += Counter(blueprint=1, task=len(story["tasks"]))
        return compared

    def _get(self, path: str) -> Any:
        head = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(f"{self.root}{path}", headers=head, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def _found(self, there: list[dict[str, Any]], issue: dict[str, Any]) -> dict[str, Any]:
        (found,) = [one for one in there if names(one["description"] or "", issue["web_link"])]
        return self.whole(found)

    def _story(self, issue: dict[str, Any], date: str, link: str, story: dict[str, Any]) -> None:
        owner, created = self.of(link), second(date)
        assert (story["creator_id"], second(story["created_at"])) == (owner, created)
        by_type = {one["event_type"]: one for one in story["events"]}
        for kind in ("story_created", *(["tags_added"] if issue.get("tags") else [])):
            event = by_type[kind]
            assert (event["author_id"], second(event["created_at"])) == (owner, created)
            assert info(event).get("author_id", owner) == owner

    def _tasks(self, bug: dict[str, Any], story: dict[str, Any]) -> None:
        assert len(story["tasks"]) == len(bug["tasks"])
        for source in bug["tasks"]:
            (task,) = [one for one in story["tasks"] if _is_of(one["link"], source["web_link"])]
            self._task(
                source["owner_link"] or bug["owner_link"], source["date_created"], task, story
            )

    def _task(self, link: str, date: str, task: dict[str, Any], story: dict[str, Any]) -> None:
        told = (self.of(link), second(date))
        assert (task["creator_id"], second(task["created_at"])) == told
        made = [one for one in story["events"] if one["event_type"] == "task_created"]
        (event,) = [one for one in made if info(one)["task_id"] == task["id"]]
        assert (event["author_id"], second(event["created_at"])) == told

    def _comments(self, bug: dict[str, Any], story: dict[str, Any]) -> None:
        rows = [one for one in story["events"] if one["event_type"] == "user_comment"]
        rows.sort(key=lambda row: int(row["id"]))
        seen = []
        for message in said(bug):
            (row,) = [one for one in rows if names(one["comment"]["content"], message["web_link"])]
            assert row["author_id"] == self.of(message["owner_link"])
            created = second(message["date_created"])
            assert second(row["created_at"]) == created
            assert second(row["comment"]["created_at"]) == created
            short = "UTC" not in row["comment"]["content"].split("\n", 1)[0]
            assert short == (row["author_id"] != self.importer)
            seen.append(rows.index(row))
        assert seen == sorted(seen)


def _is_of(link: str, address: str) -> bool:
    """Whether a task's link is this address, sealed or not."""
    rest = link.removeprefix(address)
    return rest != link and (not rest or rest[0] in "#&")


def info(event: dict[str, Any]) -> dict[str, Any]:
    """What a row of the timeline says besides."""
    found = json.loads(event["event_info"] or "{}")
    return found if isinstance(found, dict) else {}
