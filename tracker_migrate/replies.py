"""JSON that comes from a server: decoded strictly, and held against what it should look like."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import msgspec

from tracker_migrate.errors import ObjectError, Retriable, Unreachable, WrongTracker

_decoder = msgspec.json.Decoder()
_SURROGATE = re.compile("[\ud800-\udfff]")
#: where in a reply it is, as msgspec says at the end of its message: names of fields of ours
_WHERE = re.compile(r" - at `([^`]{1,200})`$")


def decode(body: bytes) -> tuple[Any, bool]:
    """A reply's value, and whether characters in it had to be replaced by U+FFFD.

    msgspec refuses a lone surrogate that the json module takes (Launchpad, facts 11); such a reply
    is read again, slowly. Raises ValueError if it is no JSON.
    """
    try:
        return _decoder.decode(body), False
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _slowly(body), True


def _slowly(body: bytes) -> Any:
    try:
        return _mend(json.loads(body.decode("utf-8", "replace"), parse_constant=_no_number))
    except RecursionError:
        raise ValueError("too deep") from None


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _mend(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [_mend(one) for one in value]
        case dict():
            return {_mend(name): _mend(one) for name, one in value.items()}
    return value


def misfit(value: Any, kind: Any) -> str | None:
    """Where a value is not as it should be, None if it is. kind: a type that msgspec knows; fields
    that it does not name may be anything. No word of the value is in the answer."""
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        found = _WHERE.search(str(error))
        return found[1] if found else "$"
    return None


@contextmanager
def about(address: str, tracker: str) -> Iterator[None]:
    """Around what concerns a server as a whole, and not one object: what can't be had or understood
    there is said of the server, and stops the run. Raises Unreachable, WrongTracker."""
    try:
        yield
    except Retriable as error:
        raise Unreachable(f"{address}: {error}") from None
    except ObjectError as error:
        raise WrongTracker(f"{address} does not answer as {tracker} does: {error}") from None
