"""The lists, the timeline and the search, gone through once as an outsider, for what is private.

Nothing is asked for by a word of a title or a text, for addresses are logged: the numbers of bugs
stand in the lines of origin, and a task's title is found by the first letters of any word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any

from tracker_migrate.backends.storyboard import fields
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.search import ANY_WORD, NOBODY, hits
from tracker_migrate.bounded import Pages
from tracker_migrate.errors import Gone, Refused
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key, kind_of, name_of

#: rows of a page: one costs 2 to 4 s among 50 000 stories, however many rows it has (facts 6)
_ROWS = 1000
#: the timeline is read whole by the server for each of its pages
_EVENTS = 5000
#: so many numbers are looked for in one question
_NUMBERS = 50

Refs = Mapping[Key, tuple[str, RemoteRef]]
#: a kind of object, and its id
Thing = tuple[str, int]


def seen(api: Api, refs: Refs) -> set[Key]:
    """The keys of those objects that an outsider is shown in a list that does not name them."""
    known: dict[Thing, list[Key]] = {}
    for of, (kind, at) in refs.items():
        known.setdefault(("story" if kind == "tagging" else kind, int(at.id)), []).append(of)
    found: set[Key] = set()
    for thing in chain.from_iterable(_things(row) for row in _rows(api, refs)):
        found.update(known.get(thing, ()))
    return found


def shows_a_tag(api: Api, withheld: Collection[str]) -> bool:
    """Whether one of these tags is listed, and on no story that they may read: tags are one for all
    projects, and others may use the same word. StoryBoard takes some names for one (facts 13)."""
    names = {fields.same_tag(name) for name in withheld}
    rows = api.rows("/tags", page=_ROWS)
    listed = names.intersection(_same(row.get("name")) for row in rows)
    if listed:  # not asked for by name: addresses are logged
        for row in api.rows("/stories", page=_ROWS):
            listed.difference_update(map(_same, row.get("tags") or ()))
    return bool(listed)


def _same(tag: Any) -> str:
    """A listed tag's name, as the server compares it."""
    return fields.same_tag(str(tag or ""))


def _rows(api: Api, refs: Refs) -> Iterator[tuple[str, Any]]:
    """Every row of every list, as it comes, and what kind of row it is."""
    yield from (("story", row) for row in api.rows("/stories", page=_ROWS))
    yield from (("task", row) for row in api.rows("/tasks", page=_ROWS))
    events = _by_offset(lambda page: api.get("/events", page), _EVENTS)
    yield from (("event", row) for row in events)
    for path in ("/worklists", "/boards", "/due_dates"):
        yield from (("list", row) for row in _whole(api, path))
    yield from _found(api, refs)


def _found(api: Api, refs: Refs) -> Iterator[tuple[str, Any]]:
    """What the search shows, also with a filter that fits nothing (see `search`)."""
    bugs = {
        name_of(of) for of, (kind, _at) in refs.items() if kind == "story" and kind_of(of) == "bug"
    }
    numbers = sorted(one for one in bugs if len(one) > 2)  # shorter words are not found (facts 6)
    for start in range(0, len(numbers), _NUMBERS):
        words = {"q": " ".join(numbers[start : start + _NUMBERS])}
        yield from (("story", row) for row in hits(api, words))
        yield from (("story", row) for row in hits(api, {**words, "creator_id": NOBODY}))
    anything = {"q": ANY_WORD, "story_id": NOBODY}
    tasks = _by_offset(lambda page: hits(api, {**anything, **page}, "tasks"))
    yield from (("task", row) for row in tasks)


def _by_offset(ask: Callable[[dict[str, Any]], list[Any]], size: int = _ROWS) -> Iterator[Any]:
    """The timeline and the search take no marker (facts 13)."""
    pages = Pages()
    for start in count(0, size):
        rows = ask({"limit": size, "offset": start})
        pages.turn(len(rows), rows[0].get("id") if rows else None)
        yield from rows
        if len(rows) < size:
            return


def _whole(api: Api, path: str) -> Iterable[Any]:
    try:
        rows: list[Any] = api.get(path)
    except Gone:
        return []
    return rows


def _things(found: tuple[str, Any]) -> Iterator[Thing]:
    """What a row is or names."""
    kind, row = found
    if not isinstance(row, dict):
        return
    if kind in ("story", "task"):
        yield kind, _number(row.get("id"))
    for name in ("story", "task", "comment"):
        if row.get(f"{name}_id") is not None:
            yield name, _number(row[f"{name}_id"])
    if kind == "list":
        yield from _inside(row)


def _inside(value: Any) -> Iterator[Thing]:
    """What a list, a board or a due date holds, at any depth."""
    if isinstance(value, list):
        for one in value:
            yield from _inside(one)
    elif isinstance(value, dict):
        if value.get("item_type") in ("story", "task") and value.get("item_id"):
            yield value["item_type"], _number(value["item_id"])
        for name, part in value.items():
            if name in ("stories", "tasks"):
                yield from ((_ONE[name], _number(one)) for one in part or ())
            elif name in ("items", "lanes", "worklist"):
                yield from _inside(part)


def _number(value: Any) -> int:
    """An id, or that of an object. Raises Refused: what can't be told apart is not passed over."""
    held: Any = value.get("id") if isinstance(value, dict) else value
    try:
        return int(held)
    except (TypeError, ValueError, OverflowError):
        raise Refused("a list of StoryBoard's names something without a number") from None


_ONE = {"stories": "story", "tasks": "task"}
