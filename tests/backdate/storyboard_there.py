"""A reader of a StoryBoard's authors and dates that shares no code with what sets them: HTTP with
`requests` alone, held against what Launchpad's API says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import requests

from tests.end_to_end.reader import source_bugs
from tests.end_to_end.test_recorded_projects import names


class There(NamedTuple):
    """A StoryBoard: the root of its API, a token of somebody who may read it all, the importer's
    account, and whose account is to be shown for somebody at Launchpad."""

    root: str
    token: str
    importer: int
    of: Callable[[str | None], int]

    def stories(self) -> Iterator[dict[str, Any]]:
        """Every story as the API shows it, with its timeline and tasks."""
        yield from map(self.whole, self.bare())

    def bare(self) -> list[dict[str, Any]]:
        """Every story as its list shows it."""
        return list(self._get("/stories"))

    def whole(self, story: dict[str, Any]) -> dict[str, Any]:
        """A story with its timeline and tasks."""
        path = f"/stories/{story['id']}"
        return {**story, **{one: self._get(f"{path}/{one}") for one in ("events", "tasks")}}

    def read_back(self, launchpad: str, project: str) -> int:
        """Compare author, date and order of every bug, task and comment; how many were compared."""
        there = self.bare()
        compared = 0
        for bug in source_bugs(launchpad, project):
            (found,) = [one for one in there if names(one["description"] or "", bug["web_link"])]
            story = self.whole(found)
            self._story(bug, story)
            for task in story["tasks"]:
                self._task(bug, task, story)
            compared += 1 + len(story["tasks"]) + self._comments(bug, story)
        return compared

    def _get(self, path: str) -> Any:
        head = {"Authorization": f"Bearer {self.token}"}
        return requests.get(f"{self.root}{path}", headers=head, timeout=60).json()

    def _story(self, bug: dict[str, Any], story: dict[str, Any]) -> None:
        owner = self.of(bug["owner_link"])
        assert story["creator_id"] == owner
        assert second(story["created_at"]) == second(bug["date_created"])
        by_type = {one["event_type"]: one for one in story["events"]}
        for kind in ("story_created", *(["tags_added"] if bug["tags"] else [])):
            assert by_type[kind]["author_id"] == owner
            assert second(by_type[kind]["created_at"]) == second(bug["date_created"])
            assert info(by_type[kind]).get("author_id", owner) == owner

    def _task(self, bug: dict[str, Any], task: dict[str, Any], story: dict[str, Any]) -> None:
        (source,) = [one for one in bug["tasks"] if task["link"].startswith(one["web_link"])]
        author = self.of(source["owner_link"] or bug["owner_link"])
        created = second(source["date_created"])
        assert (task["creator_id"], second(task["created_at"])) == (author, created)
        made = [one for one in story["events"] if one["event_type"] == "task_created"]
        (event,) = [one for one in made if info(one)["task_id"] == task["id"]]
        assert (event["author_id"], second(event["created_at"])) == (author, created)

    def _comments(self, bug: dict[str, Any], story: dict[str, Any]) -> int:
        rows = [one for one in story["events"] if one["event_type"] == "user_comment"]
        rows.sort(key=lambda row: int(row["id"]))
        seen = []
        for message in bug["messages"]:
            named = [one for one in rows if names(one["comment"]["content"], message["web_link"])]
            for row in named[:1]:
                assert row["author_id"] == self.of(message["owner_link"])
                created = second(message["date_created"])
                assert second(row["created_at"]) == created
                assert second(row["comment"]["created_at"]) == created
                short = "UTC" not in row["comment"]["content"].split("\n", 1)[0]
                assert short == (row["author_id"] != self.importer)
                seen.append(rows.index(row))
        assert seen == sorted(seen)
        return len(seen)


def second(text: str) -> datetime:
    """A date of either tracker, in UTC, to the second."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)


def info(event: dict[str, Any]) -> dict[str, Any]:
    """What a row of the timeline says besides."""
    found = json.loads(event["event_info"] or "{}")
    return found if isinstance(found, dict) else {}


def authors(launchpad: str, project: str) -> list[str]:
    """Everybody who wrote anything at the source, by name."""
    people = set()
    for bug in source_bugs(launchpad, project):
        people |= {bug["owner_link"], *(one["owner_link"] for one in bug["messages"])}
    return sorted(link.rpartition("~")[2] for link in people if link)
