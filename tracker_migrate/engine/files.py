"""The bytes of an issue's attachments: read before the issue is kept, so that no planner sees an
issue without them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import msgspec

from tracker_migrate.errors import Gone, NotPublic, Retriable
from tracker_migrate.interfaces import Download, GivesFiles, Source
from tracker_migrate.model import Attachment, File, Issue, Key
from tracker_migrate.workspace.archive import Archive
from tracker_migrate.workspace.files import FileStore

#: so often an issue is left unread because of a file that comes in pieces only; then it is kept
#: without it
_TRIES = 3


class Fetch:
    """Fills in the files of issues that were read. most: bytes of the largest that is wanted; None
    if no bytes are. From any thread."""

    def __init__(self, source: Source, archive: Archive, files: FileStore, most: int | None):
        self._source = source if isinstance(source, GivesFiles) and most is not None else None
        self._archive = archive
        self._files = files
        self._most = most or 0
        self._wish = "" if self._source is None else f"up to {most}"

    def fill(self, issue: Issue) -> Issue:
        """The issue with what became of each file. Raises Retriable if one can't be had just now,
        and what stops a run."""
        if self._source is None or not issue.attachments:
            return issue
        known = self._known(issue.key)
        hidden = {one.index for one in issue.comments if one.withheld}
        files = [self._file(issue.key, one, hidden, known) for one in issue.attachments]
        parts = zip(issue.attachments, files, strict=True)
        return msgspec.structs.replace(
            issue, attachments=tuple(msgspec.structs.replace(one, file=file) for one, file in parts)
        )

    def wanting(self) -> Iterator[Key]:
        """The issues to be read again for their files, because the settings did not ask for them
        when they were read."""
        if self._source is None or self._archive.files_wish() == self._wish:
            return
        for issue in self._archive.issues():
            if any(self._lacks(one) for one in issue.attachments):
                yield issue.key

    def done(self) -> None:
        """All that was wanted is here, or its issue is told as unread."""
        if self._archive.files_wish() != self._wish:
            self._archive.set_files_wish(self._wish)

    def _lacks(self, one: Attachment) -> bool:
        return one.url is None and (one.file is None or one.file.state == "over")

    def _known(self, key: Key) -> dict[Key, File]:
        held = self._archive.attachments(key)
        return {one.key: one.file for one in held if one.file}

    def _file(
        self, issue: Key, one: Attachment, hidden: set[int], known: dict[Key, File]
    ) -> File | None:
        if one.url is not None or one.data is None:
            return None
        if one.comment in hidden:
            return File(state="withheld")
        held = known.get(one.key)
        if held is not None and held.state == "held" and self._files.has(held.sha256):
            return held
        return self._download(issue, one)

    def _download(self, issue: Key, one: Attachment) -> File:
        def begin(start: int) -> AbstractContextManager[Download]:
            assert isinstance(self._source, GivesFiles)
            return self._source.download(one, start)

        try:
            return self._files.keep(one.key, begin, self._most)
        except NotPublic:
            raise  # so has its issue become, since it was read
        except Gone:
            return File(state="missing")
        except Retriable:
            if self._archive.attempts(issue) + 1 < _TRIES:
                raise
            return File(state="corrupt")
