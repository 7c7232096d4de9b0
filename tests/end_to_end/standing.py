"""What stands at a target, asked through its API with `requests` alone: issues whole, each once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.sections import Sections

_PART = re.compile(r"\| \S.* (?:task|work item) \S")
_FIRST_LINK = re.compile(r"(?:\(|\[\[\s*)(https?://[^)\s|]+)")


class Work:
    """A task of a target that stands for a place where something is to be done.

    status, priority: the target's words. owner: an account's id. places: names of what it hangs on
    there (`lab-alpha`, `lab-alpha@stable`; `lab-alpha@1.0` for a milestone). created: None where
    the target can't hold it.
    """

    def __init__(self, **given: Any) -> None:
        self.title: str = given["title"]
        self.status: str = given["status"]
        self.priority: object = given["priority"]
        self.owner: str | None = given.get("owner")
        self.places: frozenset[str] = frozenset(given.get("places", ()))
        self.created: str | None = given.get("created")
        self.text: str = given.get("text", "")


class Thing:
    """An issue: its texts, and what of it is a field of the target's.

    parts: the tasks by the path of the page that they name. links: the address of the issue there.
    """

    def __init__(self, **given: Any) -> None:
        self.title: str = given["title"]
        self.text: str = given["text"]
        self.sections = Sections(self.text)
        self.comments: list[str] = given["comments"]
        self.public: bool = given["public"]
        self.kind: str = given.get("kind", "")
        self.created: str | None = given.get("created")
        self.tags: frozenset[str] = frozenset(given.get("tags", ()))
        self.own: Work | None = given.get("own")
        self.parts: dict[str, Work] = given["parts"]
        self.subscribers: frozenset[str] = frozenset(given.get("subscribers", ()))
        self.needs: frozenset[str] = frozenset(given.get("needs", ()))
        self.address: str = given["address"]

    def everything(self) -> str:
        """All texts, one under another."""
        works = [one.text for one in self.parts.values()]
        return "\n".join([self.title, self.text, *works, *self.comments])


def first_link(text: str) -> str:
    """The path of the page that a text says it came from."""
    found = _FIRST_LINK.search(text.split("\n", 1)[0])
    return page_of(found[1]) if found else ""


class AtStoryBoard:
    """Stories and their tasks, as a superuser sees them."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._reader = StoryBoardReader(base)
        self.accounts = {one["full_name"]: str(one["id"]) for one in self._reader.get("/users")}

    def things(self) -> dict[str, Thing]:
        """Every story by the page that it names; AssertionError if two name one."""
        names = {one["id"]: one["name"] for one in self._reader.get("/projects")}
        branches = {one["id"]: one["name"] for one in self._reader.get("/branches")}
        aims = {one["id"]: one["name"] for one in self._reader.get("/milestones")}
        found: dict[str, Thing] = {}
        for story in self._reader.get("/stories"):
            page = first_link(story["description"] or "")
            if not page:
                continue  # one that keeps the last number of a block
            assert page not in found, f"{page} stands twice"
            found[page] = self._thing(story, names, branches, aims)
        return found

    def _thing(self, story: Any, names: Any, branches: Any, aims: Any) -> Thing:
        number = story["id"]
        parts = {}
        for row in self._reader.get(f"/tasks?story_id={number}"):
            project = names[row["project_id"]]
            places = [f"{project}@{branches[row['branch_id']]}"]
            places += [f"{project}@{aims[row['milestone_id']]}"] if row["milestone_id"] else []
            owner = row["assignee_id"]
            parts[page_of(row["link"] or "")] = Work(
                title=row["title"],
                status=row["status"],
                priority=row["priority"],
                owner=None if owner is None else str(owner),
                places=places,
                created=moment_of(row["created_at"]),
            )
        return Thing(
            title=story["title"],
            text=story["description"],
            comments=[one["content"] for one in self._reader.get(f"/stories/{number}/comments")],
            public=not story["private"],
            kind="bug" if story["is_bug"] else "feature",
            created=moment_of(story["created_at"]),
            tags=[one["name"] for one in self._reader.get(f"/stories/{number}/tags")],
            parts=parts,
            address=f"{self._base}/#!/story/{number}",
        )


class AtManiphest:
    """Tasks and their subtasks, as the importer sees them."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base
        self._reader = ManiphestReader(base, token)
        self.accounts = {
            one["fields"]["username"]: one["phid"] for one in self._reader.pages("user.search")
        }

    def things(self) -> dict[str, Thing]:
        """Every task that is no part of another, by the page that it names."""
        rows = list(self._reader.pages("maniphest.search", order="oldest", attachments=_ALL))
        places = self._places()
        below = self._below([row["phid"] for row in rows])
        by_phid = {row["phid"]: row for row in rows}
        pages = {row["phid"]: first_link(_text(row)) for row in rows}
        found: dict[str, Thing] = {}
        for row in rows:
            if self._part_of(row, pages, below):
                continue
            page = pages[row["phid"]]
            assert page not in found, f"{page} stands twice"
            under = [by_phid[one] for one in below.get(row["phid"], ())]
            found[page] = self._thing(row, under, pages, places)
        return found

    def _places(self) -> dict[str, str]:
        """The name of each project, subproject and milestone, as `Work.places` has it."""
        rows = list(self._reader.pages("project.search"))
        names = {row["phid"]: row["fields"]["name"] for row in rows}
        found = {}
        for row in rows:
            parent = row["fields"]["parent"]
            name = row["fields"]["name"]
            if row["fields"]["milestone"] is not None and parent:
                name = f"{names[parent['phid']]}@{name}"
            elif parent:
                above = names[parent["phid"]]
                name = f"{above}@{name.removeprefix(above).strip()}"
            found[row["phid"]] = name
        return found

    def _below(self, phids: list[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self._reader.pages("edge.search", sourcePHIDs=phids, types=["task.subtask"]):
            found.setdefault(row["sourcePHID"], []).append(row["destinationPHID"])
        return found

    def _part_of(self, row: Any, pages: dict[str, str], below: dict[str, list[str]]) -> bool:
        """A part's first line says that it is a task of an issue."""
        return _PART.search(_text(row).split("]]", 1)[0]) is not None

    def _thing(self, row: Any, under: list[Any], pages: Any, places: Any) -> Thing:
        fields = row["fields"]
        said = [
            (one["id"], one["comments"][0]["content"]["raw"])
            for one in self._reader.pages("transaction.search", objectIdentifier=row["phid"])
            if one["comments"]
        ]
        parts = [one for one in under if self._part_of(one, pages, {})]
        own = _work(row, places)
        return Thing(
            title=fields["name"],
            text=_text(row),
            comments=[text for _, text in sorted(said)],
            public=fields["policy"]["view"] == "public",
            tags=own.places,
            own=own,
            parts={pages[one["phid"]]: _work(one, places) for one in parts},
            subscribers=row["attachments"]["subscribers"]["subscriberPHIDs"],
            needs=[pages[one["phid"]] for one in under if one not in parts],
            address=f"{self._base}/T{row['id']}",
        )


_ALL = {"projects": True, "subscribers": True}


def _text(row: Any) -> str:
    return str(row["fields"]["description"]["raw"])


def _work(row: Any, places: dict[str, str]) -> Work:
    fields = row["fields"]
    return Work(
        title=fields["name"],
        status=fields["status"]["value"],
        priority=fields["priority"]["value"],
        owner=fields["ownerPHID"],
        places=[places[one] for one in row["attachments"]["projects"]["projectPHIDs"]],
        text=_text(row),
    )


def page_of(address: str) -> str:
    """The path of a page, and the place on it, if the address names one."""
    found = urlsplit(address)
    return f"{found.path}#{found.fragment}" if found.fragment else found.path


def moment_of(date: str | None) -> str | None:
    """A date of StoryBoard's as people read it."""
    if date is None:
        return None
    return f"{datetime.fromisoformat(date).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
