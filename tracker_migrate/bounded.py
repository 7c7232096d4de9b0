"""How much of a server's answer is taken: its length, its time, its depth, its pages.

Neither a source nor a target is trusted. What goes over a bound here is no answer of any tracker's:
it is given up at once, for reading on would cost our memory or our time, and asking again would
cost them again. The bounds are wide: the longest real text of a bug has 2.7 MB, the largest real
page some tens of MB.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

import requests
import urllib3

from tracker_migrate.errors import Refused

#: bytes of an answer once it is unpacked: a page of 300 comments, some of them the longest known,
#: and twenty times over. With eight threads at it this is what a server can make us hold
BODY = 64 * 2**20
#: seconds from the end of the request to the last byte of the answer. Between two bytes the setting
#: `timeout` holds; without this a server could send one byte a minute for a year
LONGEST = 600.0
#: bytes a second that a file has to come with, on the whole; it may pause for `LONGEST`
SLOWEST = 1024
#: bytes on the wire before the first piece of a file, and so many more for each byte of it: the
#: ends of chunks, and what is read ahead
HEAD = 2 * 2**20
PADDING = 8
#: bytes of an answer on the wire, headers and the ends of chunks and all: it may be sent unpacked
WIRE = BODY + 8 * 2**20
#: arrays and objects inside one another: Launchpad's go 4 deep, Maniphest's 8
DEPTH = 64
#: values of one answer, about: counted are commas, and brackets that open. A `{}` of three bytes
#: takes seventy in memory; the longest list that StoryBoard gives without pages, 60 000 tasks, has
#: a million values
VALUES = 2_000_000
#: rows of a list, page after page: Launchpad has ever given out some two million bugs
ROWS = 5_000_000
#: rows of a list of one object's parts, which is held whole: the longest known has 300 comments
PARTS = 100_000
#: pages without a row until a list is said not to end
IDLE = 20

_PIECE = 64 * 1024
#: a string. One that does not end goes to the end of the text, so that none is looked at twice
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
#: strings as wholes and anything between them, up to where a string goes on
_WINDOW = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
#: strings as wholes, and all else that is neither a bracket nor a comma
_FILLING = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[^"\[\]{},]++', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{}", b"[]")


class Excess(Exception):
    """An answer goes over a bound; the message says which, in words of ours. Not one of requests'
    or urllib3's errors, so that neither takes it for a broken connection."""


class Overlong(Excess):
    """It was given all the time there is; the server may be quicker another day."""


class TooMuch(requests.RequestException):
    """An `Excess`, as a client package expects to be told of a failure."""

    def __init__(self, excess: Excess) -> None:
        super().__init__(str(excess))
        self.excess = excess


class TooLong(Refused):
    """A read's answer went over a bound: a shorter one may be asked for."""


class Endless(Refused):
    """The pages of a list go in circles, or do not end."""


def read(raw: urllib3.BaseHTTPResponse) -> bytes:
    """The whole body of an answer, unpacked. Counted while it is unpacked, so that a small answer
    which grows a thousandfold is given up in time. Raises Excess, and what urllib3 raises."""
    try:
        return _whole(raw)
    except Excess as excess:
        # whoever keeps an error keeps the frames that it came through, and what came in with them
        raise excess.with_traceback(None) from None


def _whole(raw: urllib3.BaseHTTPResponse) -> bytes:
    if "," in raw.headers.get("Content-Encoding", ""):
        raise Excess("its answer is packed several times over")
    pieces, size = [], 0
    while piece := raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > BODY:
            raise Excess(f"its answer is longer than {BODY // 2**20} MB")
        pieces.append(piece)
    return measured(b"".join(pieces))


def measured(body: bytes) -> bytes:
    """The same body, if as JSON it is neither too deep nor has too many values; what is no JSON is
    for others to tell. Raises Excess. 20 ns a byte at most, and 1 if there are few brackets."""
    if body[:1] not in (b"[", b"{") and body.lstrip()[:1] not in (b"[", b"{"):
        return body
    opened = body.count(b"[") + body.count(b"{")
    if opened <= DEPTH and len(body) <= VALUES:
        return body
    brackets, values = bytearray(), 0
    for shape in _shapes(body):
        inside = shape.translate(_BRACKETS, b",")
        values += len(shape) - len(inside) + inside.count(b"[")
        brackets += inside
        if values > VALUES or len(brackets) > 2 * VALUES:
            raise Excess(f"its answer holds more than {VALUES} values")
    if _deep(bytes(brackets)):
        raise Excess(f"its answer is nested more than {DEPTH} deep")
    return body


def _shapes(body: bytes) -> Iterator[bytes]:
    """The brackets and commas of JSON, some at a time: `sub` needs fifty bytes for each piece."""
    at = 0
    while at < len(body):
        match = _WINDOW.match(body, at, at + _PIECE)
        end = match.end() if match is not None else at
        if end > at:
            yield _FILLING.sub(b"", body[at:end])
        else:  # a long string, or one that does not end
            string = _STRING.match(body, at)
            end = string.end() if string is not None else len(body)
        at = end


def _deep(brackets: bytes) -> bool:
    """Whether they are nested too deep: each round takes away the innermost ones."""
    for _ in range(DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return brackets.count(b"[") > DEPTH or b"[]" in brackets


class Pages:
    """Watches over a list that comes page by page: that it gets on, and that it ends.

    most: rows that it may have. room: bytes that its pages may have together, where they are held
    as a whole; 0: any.
    """

    def __init__(self, most: int = ROWS, room: int = 0) -> None:
        self._most, self._room = most, room
        self._rows = self._size = self._idle = 0
        self._firsts: set[Hashable] = set()

    def turn(self, rows: int, first: Hashable = None, size: int = 0) -> None:
        """A page came. rows: how many. first: what its first row is known by. size: its bytes.

        Raises Endless: a page begins as an earlier one did, too many are empty, or it is too long.
        """
        self._rows, self._size = self._rows + rows, self._size + size
        self._idle = 0 if rows else self._idle + 1
        if self._idle > IDLE or (rows and first is not None and first in self._firsts):
            raise Endless("the pages of a list go in circles")
        if rows and first is not None:
            self._firsts.add(first)
        if self._rows > self._most or (self._room and self._size > self._room):
            raise Endless("a list does not end: it is longer than any that a tracker has")
