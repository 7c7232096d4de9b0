"""Settings as pydantic models: every mistake at once, with its path and what to write instead.

What was written is never repeated in a message: it might be a secret that stands in a wrong place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from tracker_migrate.errors import UsageError

M = TypeVar("M", bound=BaseModel)

#: the beginning of pydantic's name for a mistake → what to tell
_PHRASES = {
    "missing": "is missing",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a number",
    "bool": "must be true or false",
    "string_type": 'must be a text in quotes, as "…"',
    "list": 'must be a list, as ["…"]',
    "tuple": 'must be a list, as ["…"]',
    "dict": "must be a table",
    "model": "must be a table",
    "too_short": "must name at least one",
}
#: the name of a bound → what to tell of it
_BOUNDS = {"ge": "or more", "le": "or less", "gt": "more than", "lt": "less than"}


def checked(model: type[M], held: Mapping[str, Any], place: str) -> M:
    """The settings as a model. place: what the paths begin with, such as `options`.

    Raises UsageError with a line for each mistake.
    """
    try:
        return model.model_validate(dict(held))
    except ValidationError as error:
        raise UsageError("\n".join(mistakes(error, model, place))) from None


def mistakes(error: ValidationError, model: type[BaseModel], place: str = "") -> Iterator[str]:
    """The lines of what pydantic found: `place.path: what`."""
    for one in error.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in (place, *one["loc"]) if part != "")
        yield f"{path}: {_phrase(one, model)}"


def _phrase(one: Mapping[str, Any], model: type[BaseModel]) -> str:
    kind, context = str(one["type"]), one.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(one["loc"], model)
    if kind == "literal_error":
        return f"must be {context['expected']}".replace("'", '"')
    for bound, words in _BOUNDS.items():
        if bound in context:
            said = f"{context[bound]:g}"
            return f"must be {said} {words}" if bound in ("ge", "le") else f"must be {words} {said}"
    for beginning, words in _PHRASES.items():
        if kind.startswith(beginning):
            return words
    said = str(one["msg"]).removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _unknown(path: tuple[Any, ...], model: type[BaseModel]) -> str:
    """What to tell of a name that is none: a like one, or all that there are."""
    for part in path[:-1]:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type):
            return "there is no such setting"
        model = field.annotation
    known = ", ".join(model.model_fields)
    hint = did_you_mean(str(path[-1]), model.model_fields)
    return f"there is no such setting{hint or f' (there are: {known})'}"


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`; did you mean "x"?`, or nothing if nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f'; did you mean "{near[0]}"?' if near else ""


def web_address(text: str) -> str:
    """A web address as it is given, without blanks around it. ValueError says what is wrong."""
    try:
        split = urlsplit(text.strip())
        port_is_fine = split.port is None or split.port > 0
    except ValueError:
        split, port_is_fine = urlsplit(""), False
    if split.scheme not in ("http", "https") or not split.hostname or not port_is_fine:
        raise ValueError("must be a web address, as https://…")
    if re.search(r"[\s\x00-\x1f]", text.strip()):
        raise ValueError("must be a web address, without a blank in it")
    if "@" in split.netloc or split.query or split.fragment:
        raise ValueError("must hold no user, password or query: no secret belongs in an address")
    return text.strip()


_PORTS = {"http": 80, "https": 443}


def plain(address: str) -> str:
    """A web address in one of the spellings that it may have: scheme and host are small, a port
    that goes without saying and a slash at the end are left out. Any other text as it is."""
    try:
        web = urlsplit(web_address(address))
    except ValueError:
        return address
    host = web.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if web.port in (None, _PORTS[web.scheme]) else f":{web.port}"
    return f"{web.scheme}://{host}{port}{web.path.rstrip('/')}"
