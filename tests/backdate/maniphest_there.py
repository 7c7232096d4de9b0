"""A reader of a Maniphest's authors and dates that shares no code with what sets them: Conduit with
`requests` alone, held against what Launchpad's API says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import requests

from tests.backdate.at_source import blueprints, bugs, epoch, said
from tests.end_to_end.test_recorded_projects import names


class ManiphestThere:
    """A Maniphest. address: its root. token: of the importer. of: the account that is to be shown
    for somebody at Launchpad; None for the importer. importer: the PHID of that."""

    def __init__(self, address: str, token: str, of: Callable[[str | None], str | None]) -> None:
        self._base = f"{address}/api/"
        self._token = token
        self.importer = str(self.ask("user.whoami")["phid"])
        self._of = of

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a method."""
        known = {**params, "__conduit__": {"token": self._token}}
        form = {"params": json.dumps(known), "output": "json", "__conduit__": "1"}
        answer = requests.post(self._base + method, data=form, timeout=60).json()
        assert answer["error_code"] is None, answer
        return answer["result"]

    def pages(self, method: str, **params: Any) -> Iterator[dict[str, Any]]:
        """All rows of a search."""
        after = None
        while True:
            found = self.ask(method, **params, **({"after": after} if after else {}))
            yield from found["data"]
            if (after := found["cursor"]["after"]) is None:
                return

    def all(self) -> list[dict[str, Any]]:
        """Every task, with what was done to it, the oldest first."""
        return list(map(self.whole, list(self.bare())))

    def talk(self, permalink: str) -> tuple[bool, list[str]]:
        """Whether everybody may read a task, and all that its comments say, or have said."""
        (task,) = self._found(list(self.bare()), permalink)
        said = [one["content"]["raw"] for row in task["history"] for one in row["comments"]]
        return task["fields"]["policy"]["view"] == "public", said

    def bare(self) -> Iterator[dict[str, Any]]:
        """Every task as a search shows it."""
        return self.pages("maniphest.search", constraints={})

    def whole(self, task: dict[str, Any]) -> dict[str, Any]:
        """A task with what was done to it, the oldest first."""
        rows = self.pages("transaction.search", objectIdentifier=task["phid"], limit=1000)
        return {**task, "history": sorted(rows, key=lambda row: row["id"])}

    def read_back(self, launchpad: str, project: str) -> Counter[str]:
        """Compare author, date and order of every bug, blueprint, task and comment of a project;
        how many of each were compared."""
        there, compared, numbers = list(self.bare()), Counter[str](), []
        for bug in bugs(launchpad, project):
            (task,) = self._found(there, bug["web_link"])
            self._made(task, bug["owner_link"], bug["date_created"])
            subtasks = self._subtasks(there, bug)
            self._comments(bug, task)
            numbers.append(task["id"])
            compared += Counter(bug=1, task=subtasks, comment=len(said(bug)))
        assert numbers == sorted(numbers)
        for spec in blueprints(launchpad, project):
            found = self._found(there, spec["web_link"])
            for one in found:  # its task, and one for each work item
                self._made(one, spec["owner_link"], spec["date_created"])
            compared += Counter(blueprint=1, task=len(found[1:]))
            assert found
        return compared

    def _found(self, there: list[dict[str, Any]], permalink: str) -> list[dict[str, Any]]:
        of = [one for one in there if names(one["fields"]["description"]["raw"], permalink)]
        return list(map(self.whole, of))

    def _subtasks(self, there: list[dict[str, Any]], bug: dict[str, Any]) -> int:
        """One for each task, or none where there is but one."""
        many = 0
        for part in bug["tasks"] if len(bug["tasks"]) > 1 else ():
            (subtask,) = self._found(there, part["web_link"])
            self._made(subtask, part["owner_link"] or bug["owner_link"], part["date_created"])
            many += 1
        return many

    def _account(self, link: str | None) -> str:
        return self._of(link) or self.importer

    def _made(self, task: dict[str, Any], link: str, date: str) -> None:
        author, created = self._account(link), epoch(date)
        fields, history = task["fields"], task["history"]
        assert (fields["authorPHID"], fields["dateCreated"]) == (author, created)
        if not fields["name"].startswith("["):  # of a work item nothing says who made it, or when
            short = "UTC" not in fields["description"]["raw"].split("\n", 1)[0]
            assert short == (author != self.importer)
        (first,) = [row for row in history if row["type"] == "create"]
        assert (first["authorPHID"], first["dateCreated"]) == (author, created)
        told = [row for row in history if row["type"] == "description"]
        assert told[-1]["fields"]["new"] == fields["description"]["raw"]

    def _comments(self, bug: dict[str, Any], task: dict[str, Any]) -> None:
        rows = [row for row in task["history"] if row["type"] == "comment"]
        seen = []
        for message in said(bug):
            (row,) = [one for one in rows if names(_text(one), message["web_link"])]
            told = self._account(message["owner_link"]), epoch(message["date_created"])
            for one in (row, row["comments"][0]):
                assert (one["authorPHID"], one["dateCreated"]) == told
            short = "UTC" not in _text(row).split("\n", 1)[0]
            assert short == (told[0] != self.importer)
            seen.append(row["id"])
        assert seen == sorted(seen)


def _text(row: dict[str, Any]) -> str:
    """What a comment says by now."""
    return str(row["comments"][0]["content"]["raw"])
