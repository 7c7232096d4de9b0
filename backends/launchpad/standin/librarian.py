"""The librarian: the files of attachments, on a server of their own; restricted ones by a token.

Seen on a running server: the file of a public bug has a plain address; that of a private bug is 404
without a token that was made for its path, and (there, not here) has a host and https of its own,
`i96.restricted.`. Ranges are not served. A file whose name ends in `txt.gz` or `diff.gz` is sent as
it is, and called a packed text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha1
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.privacy import is_public
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.testing.loopback import Reply, Request, StandIn
from tracker_migrate.testing.pieces import pieces

if TYPE_CHECKING:
    from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn

_PAGE = {"Content-Type": "text/html; charset=utf-8"}
_GONE = (
    b"\n<html>\n  <head><title>404 - No Such Resource</title></head>\n  <body>\n"
    b"    <h1>No Such Resource</h1>\n    <p>No such resource</p>\n  </body>\n</html>\n"
)
_WELCOME = b"<html><body><h1>Launchpad Librarian</h1></body></html>"
#: when a file came of which nothing else is known
_EVER = "2026-11-22T13:48:38+00:00"


def keep_file(
    store: Store,
    name: str,
    kind: str,
    content: bytes,
    number: int | None = None,
    *,
    size: int | None = None,
    created: str | None = None,
) -> int:
    """Keep a file; its number. size: in bytes, if `content` shall be repeated up to there."""
    number = number or store.sequence("file")
    size = len(content) if size is None else size
    row = (number, name, kind, content, size, created or _EVER)
    store.db.execute("INSERT OR REPLACE INTO file VALUES(?,?,?,?,?,?)", row)
    return number


def drop_file(store: Store, attachment: str) -> None:
    """The file of an attachment that is no more."""
    number = store.meta(f"file:{attachment}")
    if number is not None:
        store.db.execute("DELETE FROM file WHERE id=?", (int(number),))
        store.db.execute("DELETE FROM meta WHERE key=?", (f"file:{attachment}",))


def token_of(number: int) -> str:
    """The token that a restricted file is shown for. (The real one gives another each time.)"""
    return sha1(f"restricted file {number}".encode()).hexdigest()


def path_of(number: int, name: str) -> str:
    """Where a file is, below the librarian's address."""
    return f"/{number}/{quote(name, safe='/~+')}"


def address_of(ctx: Context, number: int, bug: int) -> str:
    """Where a file is fetched; the form depends on whether the bug is public now."""
    name = str(ctx.store.scalar("SELECT name FROM file WHERE id=?", number) or "data")
    # put together as there: a file that is called `..` has the librarian's own address
    place = urljoin(f"{ctx.view.files}/", path_of(number, name))
    found = ctx.store.bug(bug)
    if found is None or is_public(found):
        return place
    return f"{place}?token={token_of(number)}"


class Librarian(StandIn):
    """Serves the files of a stand-in, in pieces; its faults are its own.

    also: makes another answer of a file, in place of the real librarian's, or None; for tests.
    """

    def __init__(self, home: LaunchpadStandIn) -> None:
        super().__init__()
        self._home = home
        self.also: Callable[[Request, Reply], Reply | None] | None = None

    def answer(self, request: Request) -> Reply:
        """A file, or what the librarian says instead."""
        with self._home.lock:
            reply = self._answer(request)
        other = self.also(request, reply) if self.also is not None else None
        reply = reply if other is None else other
        date = format_datetime(self._home.moment(), usegmt=True)
        headers = {"Server": "TwistedWeb", "Date": date, **reply.headers}
        return Reply(reply.status, reply.body, headers, reply.parts, reply.size)

    def label(self, request: Request) -> str:
        """All files are one kind; their names are nobody's business."""
        return f"{request.method} file"

    def _answer(self, request: Request) -> Reply:
        if request.path == "/":
            return Reply(200, _WELCOME, {"Content-Type": "text/html"})
        number = self._shown(request)
        if number is None or request.method not in ("GET", "HEAD"):
            return Reply(404, _GONE, _PAGE)
        return self._file(number, request)

    def _shown(self, request: Request) -> int | None:
        """The file that an address names, if it may be shown: by its number and its very name, and
        by its token, which has to be right even where none is needed."""
        parts = urlsplit(request.target).path.split("/")[1:]
        number, name = parts[-2:] if len(parts) in (2, 3) else ("", "")
        store = self._home.store
        if not number.isdecimal() or len(number) > 18:
            return None
        if store.scalar("SELECT name FROM file WHERE id=?", int(number)) != unquote(name):
            return None
        token = request.arg("token")
        if token is not None and (token != token_of(int(number)) or len(parts) == 3):
            return None
        return None if token is None and restricted(store, int(number)) else int(number)

    def _file(self, number: int, request: Request) -> Reply:
        (row,) = self._home.store.rows("SELECT name, type, size, created FROM file WHERE id=?",
                                       number)  # fmt: skip
        name, kind, size, created = row
        closed = restricted(self._home.store, number)
        when = datetime.fromisoformat(created)
        headers = {
            "Cache-Control": "max-age=0, private" if closed else "max-age=31536000, public",
            "Accept-Ranges": "none",
            "Last-Modified": format_datetime(when, usegmt=True),
        }
        if _is_known(request, when):
            return Reply(304, b"", headers)
        if name.endswith(("txt.gz", "diff.gz")):
            packed = "text/plain; charset=utf-8" if name.endswith("txt.gz") else "text/plain"
            headers |= {"Content-Type": packed, "Content-Encoding": "gzip"}
        elif kind:
            headers["Content-Type"] = kind
        if request.method == "HEAD":
            return Reply(200, b"", {**headers, "Content-Length": str(size)})
        return Reply(200, b"", headers, lambda: self._parts(number, size), size)

    def _parts(self, number: int, size: int) -> Iterator[bytes]:
        with self._home.lock:
            content = self._home.store.scalar("SELECT content FROM file WHERE id=?", number)
        yield from pieces(content, size)


def _is_known(request: Request, when: datetime) -> bool:
    try:
        known = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return when.replace(microsecond=0) <= known
    except (TypeError, ValueError):
        return False


def restricted(store: Store, number: int) -> bool:
    """Whether a file is for those alone who have its token: it follows its bug."""
    path = store.scalar("SELECT substr(key, 6) FROM meta WHERE key LIKE 'file:%' AND value=?",
                        str(number))  # fmt: skip
    bug = store.bug(int(str(path).split("/")[1])) if path else None
    return bug is not None and not is_public(bug)
