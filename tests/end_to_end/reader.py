"""A reader of the targets and of the source that shares no code with the writers.

It speaks HTTP with `requests` alone, and compares by words: what stood in a text of the source has
to stand, in its order, in the text at the target, whatever markup is around it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import requests

_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text; marks, blanks and invisible characters count for nothing."""
    return _WORD.findall(_INVISIBLE.sub("", html.unescape(text)))


def missing_words(source: str, target: str) -> list[str]:
    """Words of the source that do not follow one another in the target."""
    rest = iter(words(target))
    return [word for word in words(source) if not any(word == other for other in rest)]


def source_bugs(api: str, project: str) -> Iterator[dict[str, Any]]:
    """Every public bug of a project, with its tasks and comments, straight from the wire."""
    statuses = [
        "New", "Incomplete (with response)", "Incomplete (without response)", "Incomplete",
        "Opinion", "Invalid", "Won't Fix", "Expired", "Confirmed", "Triaged", "In Progress",
        "Deferred", "Fix Committed", "Fix Released", "Does Not Exist",
    ]  # fmt: skip
    query: Any = [("ws.op", "searchTasks"), ("omit_duplicates", "false"), ("order_by", "id")]
    query += [("status", status) for status in statuses] + [("ws.size", "300")]
    answer = requests.get(f"{api}/devel/{project}", params=query, timeout=60).json()
    links = [row["bug_link"] for row in answer["entries"]]
    while "next_collection_link" in answer:
        answer = requests.get(answer["next_collection_link"], timeout=60).json()
        links += [row["bug_link"] for row in answer["entries"]]
    for link in sorted(set(links), key=lambda one: int(one.rsplit("/", 1)[1])):
        bug = requests.get(link, timeout=60).json()
        bug["tasks"] = _all(f"{link}/bug_tasks")
        bug["messages"] = _all(f"{link}/messages?ws.size=300")
        yield bug


def _all(url: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    following: str | None = url
    while following:
        answer = requests.get(following, timeout=60).json()
        rows += answer["entries"]
        following = answer.get("next_collection_link")
    return rows


class StoryBoardReader:
    """Reads stories as somebody with a token."""

    def __init__(self, base: str, token: str = "token-of-super") -> None:
        self._base = f"{base}/v1"
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {token}"})

    def get(self, path: str) -> Any:
        """A GET; the JSON of its answer."""
        answer = self._session.get(f"{self._base}{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def by_permalink(self) -> dict[str, list[dict[str, Any]]]:
        """Every issue by the address that its text begins with: title, text, tasks, comments."""
        found: dict[str, list[dict[str, Any]]] = {}
        for story in self.get("/stories"):
            number = story["id"]
            link = re.search(r"\((https?://[^)\s]+)\)", story["description"] or "")
            issue = {
                "number": number,
                "title": story["title"],
                "text": story["description"],
                "tasks": self.get(f"/tasks?story_id={number}"),
                "comments": [one["content"] for one in self.get(f"/stories/{number}/comments")],
                "private": story["private"],
                "tags": sorted(
                    tag["name"] if isinstance(tag, dict) else tag
                    for tag in self.get(f"/stories/{number}/tags")
                ),
            }
            if link:
                found.setdefault(link.group(1), []).append(issue)
        return found


class ManiphestReader:
    """Reads tasks as somebody with a token."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base
        self._token = token

    def call(self, method: str, **params: Any) -> Any:
        """A Conduit call; its result."""
        held = json.dumps({**params, "__conduit__": {"token": self._token}})
        form = {"params": held, "output": "json", "__conduit__": "1"}
        answer = requests.post(f"{self._base}/api/{method}", data=form, timeout=60).json()
        assert answer["error_code"] is None, answer
        return answer["result"]

    def pages(self, method: str, **params: Any) -> Iterator[Any]:
        """Every row of a search, page by page."""
        after = None
        while True:
            result = self.call(method, **params, limit=100, **({"after": after} if after else {}))
            yield from result["data"]
            after = result["cursor"]["after"]
            if after is None:
                return

    def by_permalink(self) -> dict[str, list[dict[str, Any]]]:
        """Every issue by the address that its text begins with: title, text, comments."""
        found: dict[str, list[dict[str, Any]]] = {}
        for task in self.pages("maniphest.search", order="oldest"):
            text = task["fields"]["description"]["raw"]
            link = re.search(r"\[\[\s*(https?://\S+)\s*\|", text)
            comments = [
                (row["id"], one["content"]["raw"])
                for row in self.pages("transaction.search", objectIdentifier=task["phid"])
                for one in row["comments"][:1]
            ]
            issue = {
                "number": task["id"],
                "title": task["fields"]["name"],
                "text": text,
                "status": task["fields"]["status"]["value"],
                "priority": task["fields"]["priority"]["value"],
                "comments": [text for _, text in sorted(comments)],
                "view": task["fields"]["policy"]["view"],
            }
            if link:
                found.setdefault(link.group(1), []).append(issue)
        return found
