"""Files through Conduit: search, upload, allocate, chunks, download."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.errors import ConduitError
from tracker_migrate.backends.maniphest.standin.files import SELECT, File
from tracker_migrate.backends.maniphest.standin.listing import (
    Column,
    Constraint,
    Filter,
    Listing,
    Orders,
    ids,
    phids,
    since,
    until,
    words,
)

_ORDERS = Orders(
    query="PhabricatorFileQuery",
    columns={"id": Column("file.id")},
    builtin={"newest": ["id"], "oldest": ["-id"], "relevance": ["id"]},
    default=["id"],
)


class FileList(Listing):
    """Files."""

    table = "file"
    select = SELECT
    kind = "FILE"
    attachments = ("subscribers",)

    def constraints(self) -> Mapping[str, Constraint]:
        """In the server's order."""
        return _CONSTRAINTS

    def orders(self) -> Orders:
        """By number."""
        return _ORDERS

    def revive(self, row: Sequence[Any]) -> File:
        """A file."""
        return File(*row)

    def fields(self, thing: File) -> dict[str, Any]:
        """Its fields."""
        return self.site.files.fields(thing, self.site.host)

    def attachment(self, name: str, thing: File) -> Any:
        """Nobody subscribes to files here."""
        return {"subscriberPHIDs": [], "subscriberCount": 0, "viewerIsSubscribed": False}


def search(call: Call) -> dict[str, Any]:
    """file.search."""
    return FileList(call).run()


def _by_name(call: Call, filtered: Filter, name: str, value: Any) -> None:
    # names are found by an index that daemons write (files, exchange 34)
    if value:
        filtered.nothing()


_CONSTRAINTS: Mapping[str, Constraint] = {
    "ids": ids("file.id"),
    "phids": phids("file.phid"),
    "authorPHIDs": words("file.author"),
    "explicit": lambda *_: None,
    "createdStart": since("file.created"),
    "createdEnd": until("file.created"),
    "name": _by_name,
    "subscribers": words("file.phid"),
}

# -- bringing bytes -------------------------------------------------------------------------


def upload(call: Call) -> str:
    """file.upload: bytes in one piece; the PHID of a new file, whatever the bytes."""
    data = _decoded(call.get("data_base64"), 'Field "data_base64" must be non-empty.')
    return call.site.files.add(_name(call), data, call.user.phid, _view(call))


def allocate(call: Call) -> dict[str, Any]:
    """file.allocate: whether bytes are wanted, and where they go."""
    files, size = call.site.files, int(call.get("contentLength", 0))
    digest = call.get("contentHash")
    known = files.by_hash(digest) if digest else None
    if known is not None:
        phid = files.copy(known, _name(call), call.user.phid, _view(call))
        return {"upload": False, "filePHID": phid}
    if size <= call.site.config.storage_limit:
        return {"upload": True, "filePHID": None}
    half = None if digest else files.partial(_name(call), size, call.user.phid)
    phid = half or files.allocate(_name(call), size, call.user.phid, _view(call))
    return {"upload": True, "filePHID": phid}


def upload_chunk(call: Call) -> None:
    """file.uploadchunk."""
    file = _with_chunks(call)
    call.site.policies.require(call.user, file, "edit")
    data = call.get("data", "")
    if call.get("dataEncoding") == "base64":
        raw = _decoded(data, "Unable to decode base64 data!")
    else:
        raw = data.encode()
    call.site.files.put(file, int(call.get("byteStart", 0)), raw)


def query_chunks(call: Call) -> list[dict[str, Any]]:
    """file.querychunks."""
    return call.site.files.chunks(_with_chunks(call))


def download(call: Call) -> str:
    """file.download."""
    file = _seen(call, call.get("phid"))
    return base64.b64encode(call.site.files.read(file)).decode()


def info(call: Call) -> dict[str, Any]:
    """file.info."""
    number, phid = call.get("id"), call.get("phid")
    found = call.site.files.by_id(int(number)) if number else None
    if found is None and phid is None:
        raise ConduitError("No such file exists.", "ERR-NOT-FOUND")
    file = _seen(call, found.phid if found else phid)
    return {
        "id": str(file.id),
        "phid": file.phid,
        "objectName": f"F{file.id}",
        "name": file.name,
        "mimeType": file.mime,
        "byteSize": str(file.size),
        "authorPHID": file.author,
        "dateCreated": str(file.created),
        "dateModified": str(file.modified),
        "uri": f"{call.site.host}/F{file.id}",
    }


_NO_SUCH = ConduitError("No such file exists.", "ERR-NOT-FOUND")


def _seen(call: Call, phid: Any, missing: ConduitError = _NO_SUCH) -> File:
    file = call.site.files.by_phid(str(phid))
    if file is None:
        raise missing
    call.site.policies.require(call.user, file, "view")
    return file


def _with_chunks(call: Call) -> File:
    phid = call.get("filePHID")
    return _seen(call, phid, ConduitError(f'No such file "{phid}"!'))


def _decoded(text: Any, if_empty: str) -> bytes:
    if not text or not isinstance(text, str):
        raise ConduitError(if_empty)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ConduitError("Unable to decode base64 data!") from None


def _name(call: Call) -> str:
    return str(call.get("name", "file"))


def _view(call: Call) -> str:
    # nothing looks whether this policy exists (files, exchange 17)
    return str(call.get("viewPolicy", "users"))
