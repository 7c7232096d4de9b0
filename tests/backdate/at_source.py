"""What Launchpad's API says of who wrote what, and when: what is to be read back at a target."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import requests

from tests.end_to_end.reader import source_bugs


def bugs(launchpad: str, project: str) -> list[dict[str, Any]]:
    """Every public bug of a project in its order, with its tasks and its comments."""
    return list(source_bugs(launchpad, project))


def blueprints(launchpad: str, project: str) -> Iterator[dict[str, Any]]:
    """Every public blueprint of a project."""
    following: str | None = f"{launchpad}/devel/{project}/all_specifications"
    while following:
        answer = requests.get(following, timeout=60)
        if answer.status_code == requests.codes.not_found:
            return  # no project, but what has bugs alone
        page = answer.json()
        yield from page["entries"]
        following = page.get("next_collection_link")


def said(bug: dict[str, Any]) -> list[dict[str, Any]]:
    """The comments that everybody may read, in their order, but for the one that repeats the
    description."""
    return [
        one
        for one in bug["messages"]
        if one["visible"]
        and one["content"].strip()
        and one["content"].split() != bug["description"].split()
    ]


def authors(launchpad: str, *projects: str) -> list[str]:
    """Everybody who wrote anything, by name."""
    links = set()
    for project in projects:
        for bug in bugs(launchpad, project):
            links |= {bug["owner_link"], *(one["owner_link"] for one in bug["messages"])}
        links |= {one["owner_link"] for one in blueprints(launchpad, project)}
    return sorted(link.rpartition("~")[2] for link in links if link)


def second(text: str) -> datetime:
    """A date of the source or of StoryBoard, in UTC, to the second."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)


def epoch(text: str) -> int:
    """A date of the source, in whole seconds."""
    return int(second(text).timestamp())
