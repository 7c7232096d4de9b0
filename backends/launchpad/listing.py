"""Which bugs and blueprints there are: searches and collections, page by page, each row once."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.reading import understanding
from tracker_migrate.backends.launchpad.wire import Entry, below
from tracker_migrate.bounded import ROWS, Endless
from tracker_migrate.errors import Retriable

#: every status that the search takes; its default hides closed bugs, and `Unknown` is refused
STATUSES = (
    "New",
    "Incomplete",
    "Opinion",
    "Invalid",
    "Won't Fix",
    "Expired",
    "Confirmed",
    "Triaged",
    "In Progress",
    "Deferred",
    "Fix Committed",
    "Fix Released",
    "Does Not Exist",
)
_IDLE = 20  # pages without a new row until we say that it goes in circles
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_LIST = "the list of bugs"
_CIRCLES = "the pages of a list go in circles; try again later"
_N = TypeVar("_N")
_In_contra = TypeVar("_In_contra", contravariant=True)


class Seen(Protocol[_In_contra]):
    """What was seen already."""

    def __contains__(self, one: object, /) -> bool: ...

    def add(self, one: _In_contra, /) -> bool:
        """Put one in; says whether it is new."""
        ...


class Names:
    """A set of names."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    def __contains__(self, one: object, /) -> bool:
        return one in self._held

    def add(self, one: str, /) -> bool:
        """Put one in; says whether it is new."""
        before = len(self._held)
        self._held.add(one)
        return len(self._held) > before


class Numbers:
    """A set of bug numbers, one bit each: all that Launchpad has ever given out fit in 300 kB."""

    _MOST = 1 << 26

    def __init__(self) -> None:
        self._bits = bytearray()
        self._rest: set[int] = set()

    def __contains__(self, number: object, /) -> bool:
        if not isinstance(number, int):
            return False
        byte, bit = divmod(number, 8)
        if byte < len(self._bits):
            return bool(self._bits[byte] >> bit & 1)
        return number in self._rest

    def add(self, number: int, /) -> bool:
        """Put one in; says whether it is new."""
        if number in self:
            return False
        if number >= self._MOST:
            self._rest.add(number)
            return True
        byte, bit = divmod(number, 8)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte - len(self._bits) + 1024))
        self._bits[byte] |= 1 << bit
        return True


#: orders of a search. By number, only a bug's disappearance can shift rows; by date, the number
#: has to break ties, or rows get lost (facts 1, 2)
UP, DOWN, BY_DATE = ("id",), ("-id",), ("date_last_updated", "id")


PUBLIC_TYPES = ("Public", "Public Security")
CLOSED_TYPES = ("Private", "Private Security", "Proprietary", "Embargoed")


def question(
    *,
    private: bool,
    page: int,
    order: Sequence[str] = UP,
    since: datetime | None = None,
    more: Mapping[str, str] | None = None,
    types: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """The arguments of a search for bug tasks: all, or those of bugs that changed after `since`.

    private: whether what is not public is asked for, too. page: rows of a page. more: filters.
    types: only these information types.
    """
    asked = [("ws.op", "searchTasks"), *(("status", status) for status in STATUSES)]
    asked += [("omit_duplicates", "false")]
    if types or not private:
        asked += [("information_type", one) for one in types or PUBLIC_TYPES]
    if since is not None:
        asked += [("modified_since", since.isoformat())]
    asked += [("order_by", name) for name in order]
    return [*asked, *(more or {}).items(), ("ws.size", str(page))]


def merged(client: Client, paths: Sequence[str], asked: Sequence[tuple[str, str]]) -> Iterator[int]:
    """The numbers of the bugs that a search finds in any of several places, each once."""
    seen = Numbers()
    found = [numbers(client, path, asked) for path in paths]
    for number in heapq.merge(*found, reverse=("order_by", "-id") in asked):
        if seen.add(number):
            yield number


def count(client: Client, paths: Sequence[str], asked: Sequence[tuple[str, str]]) -> int:
    """How many rows a search has in several places, together. Raises Retriable if not told."""
    said = 0
    for path in paths:
        many = client.value(f"{path}?{urlencode([*asked, ('ws.show', 'total_size')])}")
        if not isinstance(many, int) or isinstance(many, bool):
            raise Retriable("the number of bugs is not told")
        said += many
    return said


def numbers(client: Client, path: str, asked: Sequence[tuple[str, str]]) -> Iterator[int]:
    """The numbers of the bugs that a search finds, each once, as soon as a page is there. Raises
    as `rows` does."""
    with understanding(_LIST):
        yield from map(_number, rows(client, path, asked, _number, Numbers()))


def rows(
    client: Client,
    path: str,
    asked: Sequence[tuple[str, str]],
    name: Callable[[Entry], _N],
    seen: Seen[_N],
) -> Iterator[Entry]:
    """The rows of a list that is paged by counting, each once. name: what a row is known by.

    Each page but the first overlaps the one before by a row. If that row is not one that we know,
    rows have moved to the front meanwhile, and some would be missed: so we go back until we meet
    one. On a page that leaves rows out, it may be one of those: there we go on, after a second look
    at the page before, for what has moved into it. Raises Retriable if it goes in circles.
    """
    first = client.address(path) + "?" + urlencode(asked)
    url, start, back, idle, reached, count = first, 0, 1, 0, 0, 0
    while True:
        got = client.page(url)
        found, hidden = got.entries, left_out(got.value)
        strange = bool(start and found) and name(found[0]) not in seen
        if strange and not hidden:
            back *= 8
            start = max(0, start - back)
        else:
            if strange:
                found = client.page(_at(first, max(0, start - len(found) - hidden))).entries + found
            new = [row for row in found if seen.add(name(row))]
            yield from new
            count += len(new)
            if max(count, start) > ROWS:
                raise Endless("a list does not end: it is longer than any that Launchpad has")
            link = got.value.get("next_collection_link")
            if not link:
                return
            following = _start(link) - 1
            if following <= start:
                raise Retriable(_CIRCLES)
            first, start, back = client.address(link), following, 1
            idle = 0 if new else idle
        idle += 1
        if idle > _IDLE:
            if not (hidden and reached < start < _total(client, got.value)):
                raise Retriable(_CIRCLES)
            reached, idle = start, 0
        url = _at(first, start)


def left_out(page: Entry) -> int:
    """How many rows a page counts and does not show, because this login may not read them: one for
    public things, of somebody who may read more (seen on a running server)."""
    link = page.get("next_collection_link")
    end: int = _start(link) if link else page.get("total_size", 0)
    return max(0, end - int(page["start"]) - len(page["entries"]))


def _total(client: Client, page: Entry) -> int:
    """How many rows a list has, shown or not, as the server counts them; one request at most."""
    link = page.get("total_size_link")
    said = client.value(link) if link else page.get("total_size")
    return said if isinstance(said, int) else 0


def _number(row: Entry) -> int:
    number = below(row["bug_link"]).removeprefix("bugs/")
    if not _NUMBER.fullmatch(number):
        raise ValueError("a bug without a number")
    return int(number)


def _start(link: str) -> int:
    match = re.search(r"[?&]ws\.start=(\d{1,15})(?!\d)", link)
    return int(match[1]) if match else 0


def _at(url: str, start: int) -> str:
    bare = re.sub(r"&(memo|ws\.start)=\d+", "", url)
    return f"{bare}&memo={start}&ws.start={start}" if start else bare


def blueprints(client: Client, path: str, page: int) -> Iterator[Entry]:
    """Every blueprint of a project, series, group or distribution; a package has none.

    `all_specifications`, for `valid_specifications` leaves out what is done (facts 7).
    """
    if "/+" in path:
        return
    for got in client.collection(f"{path}/all_specifications", page):
        yield from got.entries
