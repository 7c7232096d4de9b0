"""Old addresses and new ones, in the words of those who redirect: tables for people and programs,
maps for web servers, a rule for Gerrit.

Nobody can make the old tracker redirect. The maps are for a host of one's own, whose paths are the
old tracker's; or for a proxy, a browser's extension, a bot that answers in a channel.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, urlsplit

from tracker_migrate.engine.redirects import Redirect
from tracker_migrate.errors import UsageError

_NUMBER = re.compile(r"\d+(?!.*\d)")
#: what stays as it is in an address, besides letters and digits
_SAFE = "/+:@!$&'()*,;=~-._%"


def as_csv(rows: Iterable[Redirect], _base: str) -> Iterator[str]:
    """`issue,old,new`, a line for each old address."""
    yield _row("issue", "old", "new")
    for one in rows:
        yield from (_row(one.key, old, one.new) for old in one.old)


def as_json(rows: Iterable[Redirect], _base: str) -> Iterator[str]:
    """One array; an object for each issue: issue, old (an array), new."""
    before = "["
    for one in rows:
        yield f"{before}{json.dumps({'issue': one.key, 'old': list(one.old), 'new': one.new})}"
        before = ","
    yield "[]" if before == "[" else "]"


def as_nginx(rows: Iterable[Redirect], _base: str) -> Iterator[str]:
    """What stands inside of `map $uri $new_home { … }`."""
    yield "# map $uri $new_home { include THIS-FILE; }"
    yield "# map_hash_bucket_size 256; map_hash_max_size 1048576;  (as many as there are lines)"
    yield "# server { … if ($new_home) { return 301 $new_home; } }"
    for path, new in _paths(rows):
        yield f'"{_quoted(path)}" "{_quoted(new)}";'


def as_apache(rows: Iterable[Redirect], _base: str) -> Iterator[str]:
    """A text map of mod_rewrite."""
    yield "# RewriteMap moved txt:THIS-FILE"
    yield "# RewriteCond ${moved:%{REQUEST_URI}} ^(.+)$"
    yield "# RewriteRule ^ %1 [R=301,L,NE]"
    for path, new in _paths(rows):
        yield f"{path} {new}"


def as_gerrit(rows: Iterable[Redirect], base: str) -> Iterator[str]:
    """A section of Gerrit's configuration. It knows no table: either all bugs have kept their
    numbers, or `base` is a host with one of the maps, by which the old numbers are found."""
    link = f"{base.rstrip('/')}/bugs/$2" if base else _numbered(rows)
    if link is None:
        raise UsageError(
            "gerrit: the bugs have other numbers at this target, and Gerrit knows no table: give "
            "--base, the address of a host that serves the map of nginx or apache"
        )
    yield '[commentlink "launchpad"]'
    yield r'    match = "(bugs?:?\\s+#?|LP:?\\s*#?|[Bb]ug-?:?\\s*#?)(\\d+)"'
    yield f'    link = "{link}"'


FORMATS: Mapping[str, Callable[[Iterable[Redirect], str], Iterator[str]]] = {
    "csv": as_csv,
    "json": as_json,
    "nginx": as_nginx,
    "apache": as_apache,
    "gerrit": as_gerrit,
}


def _row(*values: str) -> str:
    held = io.StringIO()
    csv.writer(held, lineterminator="").writerow(values)
    return held.getvalue()


def _paths(rows: Iterable[Redirect]) -> Iterator[tuple[str, str]]:
    """Each old path of each issue, as a web server sees it, and where it leads."""
    for one in rows:
        paths = dict.fromkeys(urlsplit(old).path.rstrip("/") for old in one.old)
        if one.kind == "bug":
            paths |= {f"/bugs/{one.name}": None}
        # both servers look up the path as it is decoded; none of Launchpad's has a blank
        yield from (
            (path, _whole(one.new)) for path in paths if path and not re.search(r"\s", path)
        )


def _whole(address: str) -> str:
    """An address without a blank or a character that ends a value of a configuration."""
    return quote(address, safe=f"{_SAFE}#?[]")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "%24")


def _numbered(rows: Iterable[Redirect]) -> str | None:
    """The new address with `$2` for the number, if that is the old one for all bugs."""
    links = {
        _NUMBER.sub("$2", one.new) if _kept(one) else None for one in rows if one.kind == "bug"
    }
    return links.pop() if len(links) == 1 else None


def _kept(one: Redirect) -> bool:
    found = _NUMBER.search(one.new)
    return found is not None and found[0] == one.name
