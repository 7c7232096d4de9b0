"""Recorded and given answers, compared value by value, and the one table of what is normalised."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

HOST = "http://api.launchpad.test:8085"


def _token(text: str) -> str:
    return re.sub(r"token=\w+", "token=", text)


def _addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def _proxied(text: str) -> str:
    return re.sub(r"<security proxied [^>]*>", "<proxied>", text)


def _librarian(text: str) -> str:
    """A file's address without its host; that its host or its token says so makes it restricted."""
    if re.match(r"https?://(i\d+\.restricted\.)?127\.0\.0\.1:\d+/\d+/[^/]+$", text):
        said = [".restricted." in text, "?token=" in text]
        split = urlsplit(text)
        restricted = any(said) and (all(said) or split.scheme == "http")
        name = split.path.rpartition("/")[2]
        return f"librarian:{name}" + (" restricted" if restricted else "")
    return text


_OTHER_HOST = (
    "the librarian has another port and other numbers there, and a restricted file has https and a "
    "host of its own, besides its token"
)
#: ALL that is normalised in texts, on both sides: what, why
TEXTS: tuple[tuple[Callable[[str], str], str], ...] = (
    (_librarian, _OTHER_HOST),
    (_token, "the recordings keep no tokens"),
    (_addresses, "a refusal prints an object's address in memory"),
    (_proxied, "a refusal prints a model object"),
)  # fmt: skip
#: ALL fields whose values are normalised: name, why
FIELDS: dict[str, str] = {
    "http_etag": "a hash of Launchpad's own internals; the stand-in hashes its representation",
    "date_created_display": "a date for people, in the reader's time zone",
}
#: in the replay of changes and of writes alone: dates of what was just written differ
DATE = re.compile(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$")


def normalised(value: Any, url: str, dates_from: str | None = None) -> Any:
    """A body with hosts, and what the tables name, taken out."""
    if isinstance(value, dict):
        return {
            key: (FIELDS[key] if key in FIELDS else normalised(one, url, dates_from))
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [normalised(one, url, dates_from) for one in value]
    if isinstance(value, str):
        if dates_from is not None and DATE.match(value) and value >= dates_from:
            return "WRITTEN NOW"
        for normalise, _ in TEXTS:
            value = normalise(value)
        return value.replace(url, HOST) if url else value
    return value


def differences(recorded: Any, given: Any, where: str = "") -> list[str]:
    """Where two normalised bodies differ; empty if they do not."""
    if type(recorded) is not type(given):
        return [f"{where}: {recorded!r:.90} became {given!r:.90}"]
    if isinstance(recorded, dict):
        keys = [*recorded, *(key for key in given if key not in recorded)]
        missing = object()
        return [
            line
            for key in keys
            for line in _differ(recorded.get(key, missing), given.get(key, missing),
                                f"{where}.{key}", missing)
        ]  # fmt: skip
    if isinstance(recorded, list):
        if len(recorded) != len(given):
            return [f"{where}: {len(recorded)} entries became {len(given)}"]
        pairs = zip(recorded, given, strict=True)
        return [
            line for n, (a, b) in enumerate(pairs) for line in differences(a, b, f"{where}[{n}]")
        ]
    return [] if recorded == given else [f"{where}: {recorded!r:.90} became {given!r:.90}"]


def _differ(recorded: Any, given: Any, where: str, missing: object) -> list[str]:
    if recorded is missing or given is missing:
        return [f"{where}: only one side has it"]
    return differences(recorded, given, where)
