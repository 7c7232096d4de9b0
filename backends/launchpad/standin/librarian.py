"""The librarian: files of attachments, on the same host, restricted ones by a token.

Facts: a public bug's file has a plain address and no range support; a private bug's file is on a
host of its own (`i96.restricted.`; here below `/restricted/`) and is 404 without its token.
"""

from __future__ import annotations

import mimetypes
from hashlib import sha1
from urllib.parse import quote

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.privacy import is_public
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.testing.loopback import Reply, Request

_GONE = (
    b"\n<html>\n  <head><title>404 - No Such Resource</title></head>\n  <body>\n"
    b"    <h1>No Such Resource</h1>\n    <p>No such resource</p>\n  </body>\n</html>\n"
)


def keep_file(store: Store, name: str, kind: str, content: bytes, number: int | None = None) -> int:
    """Keep a file; its number."""
    number = number or store.sequence("file")
    store.db.execute("INSERT OR REPLACE INTO file VALUES(?,?,?,?)", (number, name, kind, content))
    return number


def token_of(number: int) -> str:
    """The token that a restricted file is shown for."""
    return sha1(f"restricted file {number}".encode()).hexdigest()


def address_of(ctx: Context, number: int, bug: int) -> str:
    """Where a file is fetched; the form depends on whether the bug is public now."""
    name = quote(str(ctx.store.scalar("SELECT name FROM file WHERE id=?", number) or "data"))
    root = ctx.view.api.removesuffix("/devel/")
    found = ctx.store.bug(bug)
    if found is None or is_public(found):
        return f"{root}/librarian/{number}/{name}"
    return f"{root}/restricted/{number}/{name}?token={token_of(number)}"


def serve(store: Store, request: Request) -> Reply:
    """GET or HEAD of a file."""
    parts = request.path.strip("/").split("/")
    number = int(parts[1]) if len(parts) > 2 and parts[1].isdigit() else 0
    row = store.rows("SELECT name, type, content FROM file WHERE id=?", number)
    secret = parts[0] == "restricted" or _is_restricted(store, number)
    if not row or (secret and request.arg("token") != token_of(number)):
        return Reply(404, _GONE, {"Content-Type": "text/html; charset=utf-8"})
    _, kind, content = row[0]
    headers = {
        "Content-Type": kind or mimetypes.guess_type(parts[-1])[0] or "application/octet-stream",
        "Cache-Control": "max-age=31536000, public" if not secret else "max-age=0, private",
        "Last-Modified": "Sun, 22 Nov 2026 13:48:38 GMT",
    }
    return Reply(200, b"" if request.method == "HEAD" else content, headers)


def _is_restricted(store: Store, number: int) -> bool:
    path = store.scalar("SELECT substr(key, 6) FROM meta WHERE key LIKE 'file:%' AND value=?",
                        str(number))  # fmt: skip
    bug = store.bug(int(str(path).split("/")[1])) if path else None
    return bug is not None and not is_public(bug)
