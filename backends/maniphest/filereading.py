"""Reading an issue's files back: those that the ledger names, and those that our texts show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from tracker_migrate.backends.maniphest import shown
from tracker_migrate.backends.maniphest.filefinder import FileFinder
from tracker_migrate.backends.maniphest.files import SINGLE, contents_key
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import FileRow, file_ref
from tracker_migrate.interfaces import IMPORTER, Observed, RemoteRef, Snapshot
from tracker_migrate.model import Key

Refs = Mapping[Key, tuple[str, RemoteRef]]


class Texts:
    """Which files our texts of one issue show. A comment, which nobody changes through Conduit,
    counts for more than a description."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}
        self._listed: dict[str, int] = {}

    def comment(self, text: str) -> None:
        """Look at a comment of ours; it may be a part of a description."""
        for permalink, number in shown.in_comment(text):
            self._said.setdefault(permalink, number)
        self.description(text)

    def description(self, text: str) -> None:
        """Look at a description."""
        self._listed |= dict(shown.in_list(text))

    def files(self, issue: Key) -> dict[Key, int]:
        """The number of each attachment's file."""
        found = {
            shown.attachment_key(permalink, issue): number
            for permalink, number in {**self._listed, **self._said}.items()
        }
        return {of: number for of, number in found.items() if of is not None}


class FilesOf:
    """The files of one issue. refs: what the ledger names of it."""

    def __init__(self, server: Server, finder: FileFinder, refs: Refs) -> None:
        self._server = server
        self._finder = finder
        self._refs = refs

    def added(self, snapshot: Snapshot, texts: Texts) -> Snapshot:
        """The snapshot with the files."""
        return msgspec.structs.replace(
            snapshot,
            objects={**snapshot.objects, **dict(self._observed())},
            ours={**snapshot.ours, **dict(self._shown(texts))},
        )

    def _observed(self) -> Iterator[tuple[Key, Observed]]:
        asked = {
            of: (kind, at) for of, (kind, at) in self._refs.items() if kind in ("file", "contents")
        }
        if not asked:
            return
        rows = {row.phid: row for row in self._finder.by_phid(at.id for _, at in asked.values())}
        for of, (kind, at) in asked.items():
            row = rows.get(at.id)
            if row is None:
                continue
            if kind == "file":
                yield of, Observed(at=at, fields=self._fields(row))
            elif not self._finder.missing(at.id):
                yield of, Observed(at=at, fields={"file": at.id, "size": row.size})

    def _fields(self, row: FileRow) -> dict[str, object]:
        view = IMPORTER if row.view == self._server.facts.me else row.view
        return {"name": row.name, "size": row.size, "view": view}

    def _shown(self, texts: Texts) -> Iterator[tuple[Key, RemoteRef]]:
        """Files that nobody told us of: a text of ours shows them, and our account made them."""
        issue = next((of for of, (kind, _) in self._refs.items() if kind == "task"), None)
        if issue is None:
            return
        numbers = texts.files(issue)
        strange = {of: n for of, n in numbers.items() if of not in self._refs}
        rows = {row.id: row for row in self._finder.ours_by_number(strange.values())}
        for of, number in strange.items():
            if (row := rows.get(number)) is None:
                continue
            at = file_ref(self._server.client.address, row.id, row.phid)
            yield of, at
            if row.size > SINGLE and not self._finder.missing(row.phid):
                yield contents_key(of), at
