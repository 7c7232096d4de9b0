"""What somebody can read who should not: nobody at all, and every outsider with a token.

A number or PHID alone is no text: an edge of an open task tells an outsider the PHID of a closed
one, and `maniphest.search` by the number of a subtask tells which open task has it (tried on a
server). Neither leads to a word of it, and neither is counted here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.nobody import Nobody
from tracker_migrate.backends.maniphest.projects import slug
from tracker_migrate.backends.maniphest.wire import LONG_PAGE, PAGE
from tracker_migrate.bounded import Pages
from tracker_migrate.errors import Gone, Refused
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key, key, parts

Refs = Mapping[Key, tuple[str, RemoteRef]]
WITHHELD = key("maniphest", "tag", "withheld")
#: how many rows of a feed are looked at
_FEED = 1000
_TASKS = ("task", "subtask", "relations")
_FILES = ("file", "contents")
_NAMED = (*_TASKS, *_FILES)


class Outsider:
    """Looks from outside. clients: as the outsiders whose tokens were given. importer: asks for
    our own PHID."""

    def __init__(
        self, address: str, clients: Sequence[Conduit], timeout: float, importer: Callable[[], str]
    ) -> None:
        self.clients = clients
        self._importer = importer
        self._nobody = Nobody(address, timeout)

    def readable(
        self, refs: Refs, withheld: Collection[str] = (), *, thorough: bool = False
    ) -> list[Key]:
        """Which of these objects can be read from outside; `WITHHELD` for a name in a list."""
        found = self._nobody.readable(refs, thorough=thorough)
        for client in self.clients:
            view = _View(client, refs)
            found |= view.readable(thorough=thorough)
            if withheld and view.names(withheld, self._importer()):
                found.add(WITHHELD)
        return [one for one in (*refs, WITHHELD) if one in found]

    def close(self) -> None:
        """Give back connections."""
        self._nobody.close()
        for client in self.clients:
            client.close()


class _View:
    """What one outsider sees of some objects."""

    def __init__(self, client: Conduit, refs: Refs) -> None:
        self._client = client
        self._refs = refs
        self._tasks = {at.id for kind, at in refs.values() if kind in _TASKS}
        self._comments = {at.id for kind, at in refs.values() if kind == "comment"}
        self._files = {at.id for kind, at in refs.values() if kind in _FILES}
        self._numbers = sorted({at.number for kind, at in refs.values() if kind in _NAMED})

    def readable(self, *, thorough: bool) -> set[Key]:
        seen = set(self._seen())
        seen |= {phid for phid in self._tasks - seen if self._history(phid)}
        if thorough:
            seen |= {phid for phid in self._tasks - seen if self._edges(phid)}
            seen |= {phid for phid in self._files - seen if self._has_bytes(phid)}
            seen |= set(self._listed())
        return {one for one, (_, at) in self._refs.items() if at.id in seen}

    # -- each object --------------------------------------------------------------------------

    def _seen(self) -> Iterator[str]:
        """PHIDs of what is told when it is asked for by PHID or by number."""
        for phids in _batches(self._tasks):
            yield from self._rows("maniphest.search", constraints={"phids": phids})
        for names in _batches(self._numbers):
            ids = [int(name[1:]) for name in names if re.fullmatch(r"T\d+", name)]
            if ids:
                yield from self._rows("maniphest.search", constraints={"ids": ids})
            for handle in _values(self._client.read("phid.lookup", names=names)):
                yield handle["phid"]
        for phids in _batches(self._files):
            yield from self._rows("file.search", constraints={"phids": phids})
        for phids in _batches(self._tasks | self._files):
            for handle in _values(self._client.read("phid.query", phids=phids)):
                yield handle["phid"]
        for phids in _batches(self._comments):
            told = {"objectType": "TASK", "constraints": {"phids": phids}, "limit": PAGE}
            yield from self._pages("transaction.search", told)

    def _rows(self, method: str, **search: Any) -> Iterator[str]:
        for row in self._client.read(method, limit=PAGE, **search)["data"]:
            yield row["phid"]

    def _history(self, phid: str) -> bool:
        return self._answers("transaction.search", {"objectIdentifier": phid, "limit": 1})

    def _edges(self, phid: str) -> bool:
        """One at a time: a list is refused whole if one of them is hidden."""
        edges = {"sourcePHIDs": [phid], "types": ["task.subtask", "task.parent"]}
        return self._answers("edge.search", edges)

    def _has_bytes(self, phid: str) -> bool:
        """Whether a file is given out, by a method that looks neither at lists nor at names."""
        return self._answers("file.info", {"phid": phid}) or self._answers(
            "file.download", {"phid": phid}
        )

    def _answers(self, method: str, asked: Mapping[str, Any]) -> bool:
        try:
            self._client.read(method, **asked)
        except (Gone, Refused):
            return False
        return True

    # -- lists, feeds, the search ---------------------------------------------------------------

    def _listed(self) -> Iterator[str]:
        yield from self._pages("maniphest.search", {"order": "newest", "limit": PAGE})
        yield from self._pages(
            "transaction.search", {"objectType": "TASK", "limit": LONG_PAGE}, _FEED
        )
        if self._files:
            yield from self._pages("file.search", {"order": "newest", "limit": PAGE}, _FEED)
        yield from self._stories()
        for number in self._of_the_source():
            yield from self._rows("maniphest.search", constraints={"query": f'"{number}"'})

    def _pages(self, method: str, search: Mapping[str, Any], most: int = 0) -> Iterator[str]:
        """PHIDs of what a list names; most: so many rows, the newest; 0: all."""
        after, rows, pages = None, 0, Pages()
        while not most or rows < most:
            page: dict[str, Any] = {"after": after} if after is not None else {}
            found = self._client.read(method, **search, **page)
            pages.turn(len(found["data"]), after)
            for row in found["data"]:
                rows += 1
                yield from _named(row)
            after = found["cursor"]["after"]
            if after is None:
                return

    def _stories(self) -> Iterator[str]:
        """The feed; an old server may not have the method."""
        try:
            stories = self._client.read("feed.query", limit=PAGE, view="data")
        except Refused:
            return
        for story in _values(stories):
            yield str(story.get("data", {}).get("objectPHID", ""))

    def _of_the_source(self) -> list[str]:
        """Numbers of bugs, which stand in the first line of each text. Never a name: what is asked
        for stands in the server's logs."""
        names = (parts(one)[1:] for one in self._refs)
        return sorted({name for kind, name in names if kind == "bug" and name.isdigit()})

    # -- names --------------------------------------------------------------------------------

    def names(self, withheld: Collection[str], importer: str) -> bool:
        """Whether the list of projects shows one of these tags in a project that the importer made.
        All projects are read, for a name that is asked for has been told."""
        hashtags = {slug(name) for name in withheld}
        named = (phid for phid, told in self._hashtags() if told in hashtags)
        return any(self._maker(phid) == importer for phid in named)

    def _maker(self, project: str) -> str:
        history = {"objectIdentifier": project, "limit": LONG_PAGE}
        rows = self._client.read("transaction.search", **history)["data"]
        return next((row["authorPHID"] for row in rows if row["type"] == "create"), "")

    def _hashtags(self) -> Iterator[tuple[str, str]]:
        after, pages = None, Pages()
        while True:
            page: dict[str, Any] = {"after": after} if after is not None else {}
            found = self._client.read("project.search", constraints={}, limit=PAGE, **page)
            pages.turn(len(found["data"]), after)
            for row in found["data"]:
                name = row["fields"].get("slug") or slug(str(row["fields"]["name"]))
                yield row["phid"], str(name)
            after = found["cursor"]["after"]
            if after is None:
                return


def _named(row: Mapping[str, Any]) -> Iterator[str]:
    """PHIDs that a row of a list gives away: a transaction's task, and a comment that has words.
    A comment that was removed has none in any version; one that was edited keeps all."""
    if "objectPHID" in row:
        yield row["objectPHID"]
    said = row.get("comments")
    if said is None or any(version["content"]["raw"] for version in said):
        yield row["phid"]


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), PAGE):
        yield ordered[start : start + PAGE]


def _values(answer: Any) -> list[Any]:
    """What PHP gives by key; nothing at all is an empty list."""
    return list(answer.values()) if isinstance(answer, dict) else []
