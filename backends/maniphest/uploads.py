"""Bringing files: what is sent for one, in how many requests, and what is looked for afterwards.

A file says nothing of where it comes from: it has a name, and an account that made it. What a lost
reply may have left is known by both, by its size, policy and (where it is small) bytes, and by its
number, which is above the mark. Files of one name are sent one at a time.
"""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, BinaryIO

from tracker_migrate.backends.maniphest.faults import ChunkThere
from tracker_migrate.backends.maniphest.filefinder import FileFinder
from tracker_migrate.backends.maniphest.guard import Guard
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.maniphest.wire import FileRow, file_ref
from tracker_migrate.digest import digest
from tracker_migrate.errors import Doubtful, ObjectError, Refused, Retriable
from tracker_migrate.hosts import blamed
from tracker_migrate.interfaces import ClosedAction, ClosedStep, Files, Receipt, RemoteRef
from tracker_migrate.model import Key

#: bytes of a file that goes in one request where the server wants it so; it is held in memory
WHOLE = 16 * 2**20
#: so often a piece is sent again in one go
IDLE = 2
#: so many places are remembered
_LATELY = 20_000


class Uploads:
    """Uploads to one server. files: the bytes, once they are lent."""

    def __init__(self, server: Server, finder: FileFinder, guard: Guard) -> None:
        self._server = server
        self._client = server.client
        self._finder = finder
        self._policies = guard
        self._lock = threading.Lock()
        self._highest: int | None = None
        self._known: OrderedDict[str, Key] = OrderedDict()
        self.files: Files | None = None

    def lanes(self, step: ClosedStep) -> tuple[str, ...]:
        """Files of one name one at a time; the pieces of a file in one go."""
        (action,) = step.actions
        if action.kind == "contents":
            return (f"contents:{action.fields['file']}",)
        return (f"file:{action.fields['name']}",)

    def mark(self) -> dict[str, Any]:
        """Every file that is made from now on has a higher number than this."""
        with self._lock:
            if self._highest is None:
                self._highest = self._finder.newest()
            return {"file": self._highest}

    # -- sending ----------------------------------------------------------------------------------

    def send(self, step: ClosedStep) -> Receipt:
        """Send it: one request that makes a file, or those that fill it."""
        (action,) = step.actions
        if step.kind == "file.contents":
            return self._contents(action)
        phid = self._allocated(action) if step.kind == "file.allocate" else None
        row = self._told(phid or self._uploaded(action))
        if row.view != self._view(action):
            raise Refused("Maniphest gave a file another policy than it was asked for")
        return self._receipt(action, row)

    def _uploaded(self, action: ClosedAction) -> str:
        size = action.fields["size"]
        if size > WHOLE:
            raise Refused("the server wants a large file in one request: it has no chunk storage")
        with self._bytes(action) as handle:
            data = _piece(handle, 0, size)
        reply = self._client.write(
            "file.upload",
            name=action.fields["name"],
            data_base64=data,
            viewPolicy=self._view(action),
            canCDN=False,
        )
        return str(reply)

    def _allocated(self, action: ClosedAction) -> str | None:
        """The file that is to be filled; None if the server wants it in one request.

        Without a hash the server gives the half-filled file of the same name and size, whatever its
        policy (tried on a server); with the hash of a file that it has, it makes a copy. So it gets
        one that no other file has.
        """
        fields, view = action.fields, self._view(action)
        apart = digest(("file", action.key, fields["sha256"], view))
        reply = self._client.write(
            "file.allocate",
            name=fields["name"],
            contentLength=fields["size"],
            contentHash=apart * 2,
            viewPolicy=view,
        )
        if reply["filePHID"] is None and not reply["upload"]:
            raise Refused("no storage of the server takes a file of this size")
        phid: str | None = reply["filePHID"]
        return phid

    def _told(self, phid: str) -> FileRow:
        """What there is of a file that was just made: no reply to that tells its number."""
        lost = "a file was sent, and the server does not tell its number"
        try:
            row = next(self._finder.by_phid([phid]), None)
        except ObjectError as error:
            raise blamed(Doubtful(lost), error.down) from None
        if row is None:
            raise Doubtful(lost)
        return row

    def _contents(self, action: ClosedAction) -> Receipt:
        phid = file_phid(action.fields["file"])
        with self._bytes(action) as handle:
            self._fill(phid, handle)
        return self._receipt(action, self._told(phid))

    def _fill(self, phid: str, handle: BinaryIO) -> None:
        """Send the pieces that are missing. A piece names its place, so that one whose reply was
        lost is looked for, and sent again if it is not there."""
        before: list[tuple[int, int]] | None = None
        trouble: ObjectError = Doubtful("the server took pieces of a file, and does not have them")
        idle = 0
        while missing := self._finder.missing(phid):
            idle = idle + 1 if missing == before else 0
            if idle > IDLE:
                raise trouble
            before = missing
            try:
                for start, end in missing:
                    self._piece(phid, handle, start, end)
            except (Doubtful, Retriable) as error:
                if error.down:
                    raise
                trouble = error

    def _piece(self, phid: str, handle: BinaryIO, start: int, end: int) -> None:
        data = _piece(handle, start, end)
        where = {"filePHID": phid, "byteStart": start}
        try:
            self._client.write("file.uploadchunk", **where, data=data, dataEncoding="base64")
        except ChunkThere:
            return

    def _bytes(self, action: ClosedAction) -> BinaryIO:
        if self.files is None:
            raise Refused("nobody has said where the bytes of files are")
        return self.files.open(action.fields["sha256"])

    def _view(self, action: ClosedAction) -> str:
        return str(self._policies.sent({"view": action.fields["view"]}, create=True)["view"])

    # -- looking ----------------------------------------------------------------------------------

    def find(self, step: ClosedStep, mark: Mapping[str, Any]) -> Receipt | None:
        """The receipt, if it was carried out; None if that is not to be seen."""
        (action,) = step.actions
        if step.kind == "file.contents":
            return self._filled(action)
        rows = self._finder.ours(int(mark.get("file", 0)))
        row = next((row for row in rows if self._is(row, step)), None)
        return None if row is None else self._receipt(action, row)

    def _filled(self, action: ClosedAction) -> Receipt | None:
        phid = file_phid(action.fields["file"])
        row = next(self._finder.by_phid([phid]), None)
        if row is None or self._finder.missing(phid):
            return None
        return self._receipt(action, row)

    def _is(self, row: FileRow, step: ClosedStep) -> bool:
        (action,) = step.actions
        with self._lock:
            if self._known.get(row.phid, action.key) != action.key:
                return False  # it is another one's
        fields = action.fields
        if (row.name, row.size, row.view) != (fields["name"], fields["size"], self._view(action)):
            return False
        return step.kind != "file.upload" or self._finder.sha256(row.phid) == fields["sha256"]

    def _receipt(self, action: ClosedAction, row: FileRow) -> Receipt:
        with self._lock:
            if self._highest is not None:
                self._highest = max(self._highest, row.id)
            if action.kind == "file":
                self._known[row.phid] = action.key
                while len(self._known) > _LATELY:
                    self._known.popitem(last=False)
        return Receipt(refs={action.key: self.place(row)})

    def place(self, row: FileRow) -> RemoteRef:
        """Where a file is."""
        return file_ref(self._client.address, row.id, row.phid)


def _piece(handle: BinaryIO, start: int, end: int) -> str:
    handle.seek(start)
    data = handle.read(end - start)
    if len(data) != end - start:
        raise Refused("the archive's copy of an attachment is shorter than it was")
    return base64.b64encode(data).decode()


def file_phid(value: object) -> str:
    """The value, if it names a file."""
    if isinstance(value, str) and value.startswith("PHID-FILE-"):
        return value
    raise Refused("the file to be filled is not known by its PHID")
