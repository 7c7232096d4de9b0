"""Finding what is there: tasks by marker or by origin line, projects by hashtag, milestones.

A task is ours only if an account of ours made it: anybody can write our marker into a task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from tracker_migrate.backends.maniphest.ours import Ours
from tracker_migrate.backends.maniphest.server import Server, search_by_marker
from tracker_migrate.backends.maniphest.wire import (
    LONG_PAGE,
    PAGE,
    ProjectRow,
    TaskRow,
    TransactionRow,
    task_ref,
)
from tracker_migrate.bounded import Pages
from tracker_migrate.interfaces import DOUBLED, UNDONE, Mine
from tracker_migrate.text import origin

T = TypeVar("T")


class Finder:
    """Searches of one server, all of them reads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client = server.client
        self.ours = Ours(server)

    # -- pages --------------------------------------------------------------------------------

    def tasks(self, constraints: Mapping[str, Any], **more: Any) -> Iterator[TaskRow]:
        """All tasks that match, page after page, newest first unless `order` says otherwise."""
        search = {"constraints": dict(constraints), "order": "newest", "limit": PAGE, **more}
        for rows in self.pages("maniphest.search", search):
            yield from msgspec.convert(rows, list[TaskRow])

    def tasks_by_phid(
        self, phids: Iterable[str], *, projects: bool = False, subscribers: bool = False
    ) -> Iterator[TaskRow]:
        """These tasks, as far as we may see them; in no order."""
        names = {"projects": projects, "subscribers": subscribers}
        asked = {name: True for name, wanted in names.items() if wanted}
        more: dict[str, Any] = {"attachments": asked} if asked else {}
        for batch in batches(sorted(set(phids))):
            yield from self.tasks({"phids": batch}, **more)

    def transactions(
        self, task: str, limit: int = LONG_PAGE, only: Sequence[str] = (), by: str = ""
    ) -> Iterator[TransactionRow]:
        """What happened to a task, newest first; `only` these, by PHID; what one account did, `by`
        its PHID. Raises Gone."""
        search: dict[str, Any] = {"objectIdentifier": task, "limit": limit}
        if only:
            search["constraints"] = {"phids": list(only)}
        if by:
            search["constraints"] = {"authorPHIDs": [by]}
        for rows in self.pages("transaction.search", search):
            yield from msgspec.convert(rows, list[TransactionRow])

    def done_to_all(self, kind: str, author: str, limit: int) -> Iterator[list[TransactionRow]]:
        """What an account did to all tasks (`TASK`) or projects (`PROJ`) that we may see, newest
        first, page by page."""
        constraints = {"authorPHIDs": [author]}
        search = {"objectType": kind, "constraints": constraints, "limit": limit}
        for rows in self.pages("transaction.search", search):
            yield msgspec.convert(rows, list[TransactionRow])

    def done_to_tasks(self, first: int, more: int) -> Iterator[list[TransactionRow]]:
        """What anybody did to all tasks that we may see, newest first, page by page. first: rows of
        the first page; more: of the others."""
        search = {"objectType": "TASK", "limit": first}
        for rows in self.pages("transaction.search", search, more):
            yield msgspec.convert(rows, list[TransactionRow])

    def edges(self, sources: Iterable[str], types: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """(source, type, destination) of the edges of these tasks. Raises Gone."""
        for batch in batches(sorted(set(sources))):
            search = {"sourcePHIDs": batch, "types": list(types), "limit": PAGE}
            for rows in self.pages("edge.search", search):
                for row in rows:
                    yield row["sourcePHID"], row["edgeType"], row["destinationPHID"]

    def pages(self, method: str, search: dict[str, Any], more: int = 0) -> Iterator[list[Any]]:
        """The rows of a search, page by page. more: rows of the pages after the first, if that is
        another number."""
        after, pages = None, Pages()
        while True:
            page = {**search, "after": after} if after is not None else search
            if after is not None and more:
                page["limit"] = more
            found = self._client.read(method, **page)
            pages.turn(len(found["data"]), after)
            yield found["data"]
            after = found["cursor"]["after"]
            if after is None:
                return

    # -- tasks of ours ------------------------------------------------------------------------

    def by_marker(self, markers: Iterable[str]) -> dict[str, list[TaskRow]]:
        """Our tasks that carry these markers, oldest first.

        The server folds case, accents and blanks at the end when it compares, so each answer is
        compared here again (facts 8, 14). Without a marker field all our tasks are read.
        """
        if self._server.facts.marker is None:
            return self._sorted(self._all_ours(), {marker for marker in markers if marker})
        found = self.carrying(markers)
        ours = {marker: list(filter(self.is_ours, rows)) for marker, rows in found.items()}
        return {marker: rows for marker, rows in ours.items() if rows}

    def carrying(self, markers: Iterable[str]) -> dict[str, list[TaskRow]]:
        """Whoever's tasks have these markers in the marker field, oldest first."""
        wanted = {marker for marker in markers if marker}
        field = self._server.facts.marker or ""
        rows = (
            row
            for batch in batches(sorted(wanted))
            for row in self.tasks(search_by_marker(field, batch))
        )
        return self._sorted(rows, wanted)

    def made_since(self, markers: Iterable[str], mark: int) -> dict[str, list[TaskRow]]:
        """Our tasks with a number above `mark` that carry these markers: by walking, since the
        row of the index may be missing after a crash (recording 121)."""
        return self._sorted(self._ours(mark), set(markers))

    def _ours(self, mark: int) -> Iterator[TaskRow]:
        for row in self.tasks({"authorPHIDs": [self._server.facts.me]}):
            if row.id <= mark:
                return
            yield row

    def _all_ours(self) -> Iterator[TaskRow]:
        """Those that have us as their author, the newest first; and those that we have made, and
        that have somebody else by now."""
        yield from self._ours(0)
        me = self._server.facts.me
        for rows in self.done_to_all("TASK", me, LONG_PAGE):
            made = [row.object for row in rows if self.ours.makes(row)]
            yield from (row for row in self.tasks_by_phid(made) if row.author != me)

    def is_ours(self, row: TaskRow) -> bool:
        """Whether we made a task. Raises Gone."""
        if row.author == self._server.facts.me:
            return True
        did = self.transactions(row.phid, by=self._server.facts.me)
        return any(map(self.ours.makes, did))

    def made(self) -> Iterator[Mine]:
        """All tasks of ours that say where they came from; no double that was settled does."""
        for row in self._all_ours():
            marker = self.marker(row)
            if marker and not marker.startswith((DOUBLED, UNDONE)):
                at = task_ref(self._client.address, row.id, row.phid)
                yield Mine(kinds=("task", "subtask"), at=at, made=True, marker=marker)

    def _sorted(self, rows: Iterable[TaskRow], wanted: set[str]) -> dict[str, list[TaskRow]]:
        found: dict[str, dict[int, TaskRow]] = {}
        for row in rows:
            marker = self.marker(row)
            if marker in wanted:
                found.setdefault(marker, {})[row.id] = row
        return {marker: [rows[n] for n in sorted(rows)] for marker, rows in found.items()}

    def marker(self, row: TaskRow) -> str:
        """The marker that a task carries: in its field, else in the first line of its text."""
        field = self._server.facts.marker
        if field is not None:
            return row.marker(field)
        told = origin.parse(row.description)
        return told.permalink if told is not None else ""

    def signed(self, row: TaskRow, marker: str) -> bool:
        """Whether we gave a task this marker. Whoever may edit our tasks can put the marker of a
        coming bug into one of them: the history tells whose hand it was. Raises Gone."""
        return self.signed_in(self.transactions(row.phid), marker)

    def signed_in(self, history: Iterable[TransactionRow], marker: str) -> bool:
        """The same, for a history that was read already."""
        field = self._server.facts.marker
        rows = list(history)
        groups = self.ours.groups(rows)
        for one in rows:
            if not self.ours.wrote(one, groups):
                continue
            if field is not None and one.given(field) == marker:
                return True
            told = origin.parse(one.given("description")) if field is None else None
            if told is not None and told.permalink == marker:
                return True
        return False

    def newest(self) -> int:
        """The highest number of a task that we can see; 0 if there is none."""
        found = self._client.read("maniphest.search", constraints={}, order="newest", limit=1)
        rows = msgspec.convert(found["data"], list[TaskRow])
        return rows[0].id if rows else 0

    def newest_transaction(self, task: str) -> int:
        """The highest number of a transaction of a task. Raises Gone."""
        rows = self.newest_transactions(task, 1)
        return rows[0].id if rows else 0

    def newest_transactions(self, task: str, limit: int) -> list[TransactionRow]:
        """What happened to a task last, newest first, in one request. Raises Gone."""
        found = self._client.read("transaction.search", objectIdentifier=task, limit=limit)
        return msgspec.convert(found["data"], list[TransactionRow])

    # -- projects -----------------------------------------------------------------------------

    def project(self, name: str) -> ProjectRow | None:
        """The project whose hashtag this name leads to; the server folds it as it would for a new
        one. A milestone has none, unless somebody gave it one: that is not it."""
        found = self._client.read("project.search", constraints={"slugs": [name]})
        rows = msgspec.convert(found["data"], list[ProjectRow])
        return next((row for row in rows if row.fields.get("milestone") is None), None)

    def project_by_phid(self, phid: str) -> ProjectRow | None:
        """A project, if it is there and we may see it."""
        found = self._client.read("project.search", constraints={"phids": [phid]})
        rows = msgspec.convert(found["data"], list[ProjectRow])
        return rows[0] if rows else None

    def projects_by_phid(self, phids: Iterable[str]) -> Iterator[ProjectRow]:
        """These projects and milestones, as far as we may see them; in no order."""
        for batch in batches(sorted(set(phids))):
            found = self._client.read("project.search", constraints={"phids": batch}, limit=PAGE)
            yield from msgspec.convert(found["data"], list[ProjectRow])

    def has_subprojects(self, phid: str) -> bool:
        """Whether a project has subprojects that we may see; milestones are none."""
        constraints = {"parents": [phid], "isMilestone": False}
        return bool(self._client.read("project.search", constraints=constraints, limit=1)["data"])

    def members(self, groups: Sequence[str]) -> dict[str, frozenset[str] | None]:
        """The members of each of these projects; None for what is none, or not to be seen. A
        project with subprojects has the members of those, a milestone those of its parent."""
        known: dict[str, frozenset[str] | None] = dict.fromkeys(groups)
        wanted = [one for one in known if one.startswith("PHID-PROJ-")]
        for batch in batches(wanted):
            for row in self._project_rows(batch):
                held = row["attachments"]["members"]["members"]
                known[row["phid"]] = frozenset(one["phid"] for one in held)
        return known

    def _project_rows(self, phids: list[str]) -> list[dict[str, Any]]:
        search = {"constraints": {"phids": phids}, "attachments": {"members": True}}
        return list(self._client.read("project.search", **search)["data"])

    def with_addresses(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """The accounts with one of these e-mail addresses; none of them is told which (facts 6)."""
        if not addresses:
            return ()  # an empty list would mean everybody (facts 14)
        found = self._client.read("user.query", emails=list(addresses))
        return tuple(row["phid"] for row in found)

    def has_members(self, phid: str) -> bool:
        """Whether a project has members of its own."""
        return bool(self.members([phid])[phid])

    def milestone(self, parent: str, name: str) -> ProjectRow | None:
        """The oldest milestone of this name, since nothing keeps a second one from being made."""
        search = {"constraints": {"parents": [parent], "isMilestone": True}, "limit": PAGE}
        rows = [
            row
            for page in self.pages("project.search", search)
            for row in msgspec.convert(page, list[ProjectRow])
            if row.name == name
        ]
        return min(rows, key=lambda row: row.id, default=None)


def batches(values: Sequence[T]) -> Iterator[list[T]]:
    """Values, as many at a time as one search takes."""
    for start in range(0, len(values), PAGE):
        yield list(values[start : start + PAGE])
