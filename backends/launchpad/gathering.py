"""What one issue is made of: its own object and its collections, as far as Launchpad tells them."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from tracker_migrate.backends.launchpad import reticent
from tracker_migrate.backends.launchpad.answers import Denied, Got, NotSeen
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.wire import (
    Entry,
    encode,
    is_private,
    leave_out_private,
    text,
)
from tracker_migrate.bounded import BODY
from tracker_migrate.errors import Refused, Retriable
from tracker_migrate.interfaces import Reply
from tracker_migrate.model import Issue

#: without these it would be another issue: who is not told them reads nothing of it
_NEEDED = frozenset({"bug_tasks", "messages"})


class Gathered:
    """The replies that an issue is made of. Those of a public one hold nothing that is private:
    neither titles of duplicates that are not public, nor the names of such blueprints.

    not_told: the collections that Launchpad keeps to itself. It answers 401 for the whole of one
    where a row would name a private team to nobody in particular, or to a login for public things
    only (the subscribers of a public bug: seen on a running server).
    """

    def __init__(self, first: Got) -> None:
        self.first = first
        self.public = not is_private(first.value)
        self.replies: list[Reply] = [first.reply]
        self.mended = first.mended
        self.totals: dict[str, int] = {}
        self.hidden_branches = 0
        self.not_told: list[str] = []
        self._size = first.size

    def rows(
        self,
        client: Client,
        path: str,
        name: str,
        size: int | None = None,
        *,
        as_nobody: bool = False,
    ) -> list[Entry]:
        """All rows of a collection, none if it is not told. Raises as `client.collection`; Denied
        if the issue can't do without it."""
        rows: list[Entry] = []
        try:
            at = path if "?" in path else f"{path}/{name}"
            for got in client.collection(at, size, as_nobody=as_nobody):
                self._keep(name, got)
                rows += got.entries
        except Denied as error:
            if error.status != 401 or name in _NEEDED:
                raise
            self.not_told.append(name)
        return rows

    def _keep(self, name: str, got: Got) -> None:
        self._size += got.size
        if self._size > BODY:
            raise Refused(f"all that belongs to it is longer than {BODY // 2**20} MB together")
        self.replies.append(_public(got) if self.public else got.reply)
        self.mended = self.mended or got.mended
        self.totals[name] = got.value.get("total_size", 0)

    def branches(self, client: Client, path: str) -> list[Entry]:
        """The linked branches that everybody sees: Launchpad shows each reader those he may know
        [S], and no row says that its branch is private. The others are counted."""
        try:
            found = self.rows(client, path, "linked_branches", as_nobody=self.public)
        except NotSeen:
            raise Retriable("its visibility changes while it is read") from None
        known = found if self.public else reticent.known_branches(client, found)
        self.hidden_branches = len(found) - len(known)
        return known

    def proposals(self, client: Client, path: str) -> list[Entry]:
        """The linked merge proposals that everybody sees; of others nothing is said here: the bug's
        history names them to whom it may."""
        try:
            found = self.rows(client, path, "linked_merge_proposals", as_nobody=self.public)
        except NotSeen:
            raise Retriable("its visibility changes while it is read") from None
        if self.public:
            return found
        return [row for row in found if client.everybody_sees(text(row["self_link"]))]

    def nominations(self, client: Client, path: str) -> list[Entry]:
        """What was asked for in which series: an operation, and no collection of its own."""
        return self.rows(client, f"{path}?ws.op=getNominations", "nominations")

    def less(self, issue: Issue) -> Issue:
        """The issue, saying what is missing: so many branches that are not named, and, in `extra`,
        the collections that were not told (`subscriptions_not_told`)."""
        missing: dict[str, Any] = {f"{name}_not_told": True for name in self.not_told}
        if missing:
            issue = structs.replace(issue, extra={**issue.extra, **missing})
        return reticent.with_hidden_branches(issue, self.hidden_branches)


def _public(got: Got) -> Reply:
    """The reply, less what is private; `got` loses it, too."""
    count = leave_out_private(got.value)
    if not count:
        return got.reply
    withheld = got.reply.withheld + count
    return structs.replace(got.reply, body=encode(got.value), withheld=withheld)
