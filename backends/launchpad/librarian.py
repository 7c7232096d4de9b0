"""Where an attachment's bytes are: what the redirect of its data says, and what it may say.

Launchpad keeps files at its librarian, another server: `http://librarian/93/log.txt`, or, of a bug
that is not public, `https://i93.restricted.librarian/93/log.txt?token=…` (facts 4). Nothing but the
path, the name and that one token is taken from it, and no login goes there.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from tracker_migrate.errors import Gone, Refused

_LONGEST = 255
_ENDING = 20
_ADDRESS = re.compile(r"[!-~]{1,4000}")
#: the file's number, maybe its content's before it, and its name
_PATH = re.compile(r"/\d{1,18}/(?:\d{1,18}/)?([^/]+)")
_TOKEN = re.compile(r"token=[\w.~%+-]{1,200}", re.ASCII)
_RESTRICTED = re.compile(r"\Ai\d{1,18}\.restricted\.")
#: where Launchpad's own files are, by the domain of its web service
_KNOWN = {"launchpad.net": ("launchpadlibrarian.net", "launchpad.net")}


class Place(msgspec.Struct, frozen=True):
    """Where a file is. url: with its token; never to be told. server: the librarian's address.
    name: of the file, made safe. closed: whether it is not for everybody. path: names the file for
    good, without its token."""

    url: str
    server: str
    name: str
    closed: bool
    path: str


def place(location: str, root: str) -> Place:
    """What a redirect says. root: the address of the web service that sent it.

    Raises Gone if it names no file, as of one called `..` or of one that was purged there; Refused
    if it leads anywhere else.
    """
    split = _split(location)
    if split is None or not _is_let(split, urlsplit(root)):
        raise Refused(
            "Launchpad redirects an attachment to what is not its librarian: not followed"
        )
    found = _PATH.fullmatch(split.path)
    if found is None:
        raise Gone("the librarian has no address for it")
    if split.query and not _TOKEN.fullmatch(split.query):
        raise Refused("Launchpad redirects an attachment with more than a token: not followed")
    return Place(
        url=f"{split.scheme}://{split.netloc}{split.path}{split.query and '?'}{split.query}",
        server=f"{split.scheme}://{_RESTRICTED.sub('', split.netloc)}",
        name=plain_name(unquote(found[1])),
        closed=bool(split.query) or ".restricted." in split.netloc,
        path=f"{split.netloc}{split.path}",
    )


def _split(location: str) -> SplitResult | None:
    """An address in its parts; None if it is none, or names a user."""
    if not _ADDRESS.fullmatch(location):
        return None
    try:
        split = urlsplit(location)
        port_is_fine = split.port is None or split.port > 0
    except ValueError:
        return None
    named = bool(split.hostname) and port_is_fine and "@" not in split.netloc
    return split if named and split.scheme in ("http", "https") and not split.fragment else None


def _is_let(split: SplitResult, root: SplitResult) -> bool:
    """Whether a web service may send us there: https stays https, and Launchpad's own stays with
    Launchpad's own."""
    if root.scheme == "https" and split.scheme != "https":
        return False
    allowed = next((to for end, to in _KNOWN.items() if _is_below(root.hostname, end)), None)
    return allowed is None or any(_is_below(split.hostname, end) for end in allowed)


def _is_below(host: str | None, domain: str) -> bool:
    return host == domain or (host or "").endswith(f".{domain}")


def plain_name(name: str) -> str:
    """A file's name as a name alone: no path, nothing that is not seen, not empty, and not longer
    than a file system takes (255 bytes)."""
    seen = "".join(one for one in name if unicodedata.category(one)[0] != "C" or one == "\t")
    bare = re.sub(r"[/\\\s]+", lambda found: " " if found[0].isspace() else "_", seen).strip()
    if not bare.strip(". "):
        return "attachment"
    stem, dot, ending = bare.rpartition(".")
    if not dot or len(f"{dot}{ending}".encode()) > _ENDING:
        stem, dot, ending = bare, "", ""
    room = _LONGEST - len(f"{dot}{ending}".encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending
