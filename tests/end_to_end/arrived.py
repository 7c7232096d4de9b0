"""What stands at a target of a bug or blueprint, as a reader sees it that knows no ledger."""

from __future__ import annotations

import re
from typing import Any

from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.world import World, conduit_token

_STATUS = {"todo": "open", "inprogress": "open", "review": "open", "open": "open"}


_URGENT = {80: "high"}


class There:
    """An issue at one target. name: the last part of the address that its text begins with. tasks:
    a pair for each: where it is, and whether it is open, or the word for how it ended."""

    def __init__(self, name: str, text: str, comments: list[str], **more: Any) -> None:
        self.name, self.text, self.comments = name, text, comments
        self.title: str = more["title"]
        self.tasks: list[tuple[str, str]] = more["tasks"]
        self.owners: int = more["owners"]
        self.words: str = more["words"]
        self.shut: bool = more["shut"]

    def says(self, what: str) -> bool:
        """Whether its text, less the table of its history, has these words."""
        return what in re.split(r"(?m)^History$", _plain(self.text))[0]

    def said(self, what: str) -> bool:
        """Whether one of its comments has these words."""
        return any(what in _plain(one) for one in self.comments)

    def at(self, place: str) -> list[str]:
        """How the tasks stand that are in a place."""
        return [how for where, how in self.tasks if where == place]


def _plain(text: str) -> str:
    return re.sub(r"[\u200b\u2060\\*`_]", "", text)


def there(here: World, target: str) -> dict[str, There]:
    """All that stands at a target; fails if something does twice."""
    found = _stories(here) if target == "storyboard" else _tasks(here)
    assert len({one.name for one in found}) == len(found), [one.name for one in found]
    return {one.name: one for one in found}


def _stories(here: World) -> list[There]:
    reader = StoryBoardReader(here.storyboard.url)
    projects = {row["id"]: row["name"] for row in reader.get("/projects")}
    found = []
    for link, rows in reader.by_permalink().items():
        for row in rows:
            tasks = row["tasks"]
            found.append(
                There(
                    link.rpartition("/")[2], row["text"], row["comments"],
                    title=row["title"], shut=row["private"],
                    tasks=[(projects[t["project_id"]], _how(t["status"])) for t in tasks],
                    owners=sum(t["assignee_id"] is not None for t in tasks),
                    words=" ".join([t["priority"] for t in tasks] + row["tags"]),
                )
            )  # fmt: skip
    return found


def _tasks(here: World) -> list[There]:
    reader = ManiphestReader(here.maniphest.url, conduit_token("importbot"))
    names = {
        row["phid"]: (row["fields"]["parent"] or row["fields"])["name"]
        for row in reader.pages("project.search")
    }
    attached = {"projects": True}
    rows = list(reader.pages("maniphest.search", order="oldest", attachments=attached))
    comments = {
        row["number"]: row["comments"] for many in reader.by_permalink().values() for row in many
    }
    whole = [row for row in rows if not row["fields"]["name"].startswith("[")]
    found = []
    for row in whole:
        fields, text = row["fields"], row["fields"]["description"]["raw"]
        name = _link(text).rpartition("/")[2]
        parts = [one for one in rows if one is not row and _is_part(one, text, row["id"])]
        found.append(
            There(
                name, "\n".join([*map(_said, parts), text]),
                comments[row["id"]],
                title=fields["name"], shut=fields["policy"]["view"] not in ("public", "users"),
                tasks=[(where, _how(one["fields"]["status"]["value"]))
                       for one in [row, *parts] for where in _places(one, names)],
                owners=sum(one["fields"]["ownerPHID"] is not None for one in [row, *parts]),
                words=str(_URGENT.get(fields["priority"]["value"])),
            )
        )  # fmt: skip
    return found


def _said(row: Any) -> str:
    return f"{row['fields']['name']}\n{row['fields']['description']['raw']}"


def _is_part(row: Any, text: str, number: int) -> bool:
    said = row["fields"]["description"]["raw"]
    return row["fields"]["name"].startswith("[") and f"/T{number}" in said


def _places(row: Any, names: dict[str, str]) -> list[str]:
    return [names[phid] for phid in row["attachments"]["projects"]["projectPHIDs"]]


def _link(text: str) -> str:
    found = re.search(r"\[\[\s*(https?://\S+)\s*\|", text)
    return found[1] if found else ""


def _how(status: str) -> str:
    return _STATUS.get(status, status)
