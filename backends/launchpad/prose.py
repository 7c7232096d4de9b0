"""One line of Launchpad's prose → pieces: web addresses, and references to bugs and blueprints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from tracker_migrate.interfaces import Ref
from tracker_migrate.model import Key, key, kind_of, name_of
from tracker_migrate.text import urls
from tracker_migrate.text.blocks import Inline, Line, Url

_NAME = r"[A-Za-z0-9][A-Za-z0-9+.-]*"
_BUG = re.compile(
    rf"/(?:bugs|(?:{_NAME}/){{0,1}}(?:{_NAME}/)?(?:\+source/{_NAME}/)?\+bug)"
    r"/(?P<bug>[1-9]\d{0,9})(?:/comments/(?P<comment>\d{1,6}))?/?"
)
_SPEC = re.compile(rf"/(?P<pillar>{_NAME})/\+spec/(?P<name>{_NAME})/?")
#: other trackers' bugs are called so too; what Launchpad means by `bug 5` is its own
_FOREIGN = re.compile(r"(?:debian|red ?hat|rhbz|gnome|kde|mozilla|bugzilla|kernel|upstream)\s?$")
_WORDS = re.compile(
    r"""
      (?<![\w/.+-])(?P<said>bugs?[ ]\#?[1-9]\d{0,8})
    | (?<![\w/.+-])(?:bug[ ]?:[ ]?(?:\#[1-9]\d{0,8}|[1-9]\d{4,8})
        | LP(?::[ ]?|[ ])?\#[1-9]\d{0,8} | LP:[ ]?[1-9]\d{2,8} | LP[ ][1-9]\d{4,8})
    | (?<![\w/.+])(?:closes|partial|related|fixes)-{1,2}bug[ ]?:?[ ]?(?P<trailer>\#?[1-9]\d{0,8})
    | (?<![\w/.+-])(?P<comment>comment[ ]\#\d{1,5})(?![ ](?:of|in|on|from|at|to)[ ](?:lp|bug|http))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BEHIND = re.compile(r"(?!\w|[./-]\d)")


class _Found(NamedTuple):
    start: int
    end: int
    piece: Inline


class Finder:
    """Finds what a line refers to, and counts it. `references=False`: web addresses alone."""

    def __init__(self, web_root: str, issue: Key | None, *, references: bool = True) -> None:
        self._root = web_root.rstrip("/")
        self._hosts = _hosts(self._root)
        self._issue = issue if issue and kind_of(issue) == "bug" else None
        self._wanted = references
        self.references = 0

    def line(self, text: str) -> Line:
        """The pieces of one line, in order; together they are the line."""
        if "://" not in text and not (self._wanted and _may_say(text)):  # most lines
            return (text,) if text else ()
        pieces: list[Inline] = []
        done = 0
        for start, end, piece in self._found(text):
            if start < done:
                continue
            pieces += [text[done:start], piece]
            done = end
            self.references += isinstance(piece, Ref)
        return tuple(piece for piece in [*pieces, text[done:]] if piece != "")

    def _found(self, text: str) -> Iterator[_Found]:
        addresses = [_Found(a, b, self._address(text[a:b])) for a, b in urls.find(text)]
        words = [*self._words(text)] if self._wanted and _may_say(text) else []
        yield from sorted([*addresses, *words], key=lambda one: (one.start, -one.end))

    def _address(self, address: str) -> Inline:
        to = self._target(address) if self._wanted else None
        return Ref(to=to, label=address, home=address) if to else Url(address)

    def _target(self, address: str) -> Key | None:
        try:
            url = urlsplit(address)
        except ValueError:
            return None
        if url.netloc.lower() not in self._hosts or url.query or url.fragment:
            return None
        if match := _BUG.fullmatch(url.path):
            return _bug(match["bug"], match["comment"])
        if match := _SPEC.fullmatch(url.path):
            return key("launchpad", "blueprint", f"{match['pillar']}/+spec/{match['name']}")
        return None

    def _words(self, text: str) -> Iterator[_Found]:
        for match in _WORDS.finditer(text):
            start = match.start("trailer" if match["trailer"] else 0)
            before = text[max(0, start - 12) : start].lower()
            foreign = match["said"] and _FOREIGN.search(before)
            if foreign or not _BEHIND.match(text, match.end()):
                continue
            label = text[start : match.end()]
            number = label[len(label.rstrip("0123456789")) :]
            found = self._comment(number) if match["comment"] else self._bug(number)
            if found:
                to, home = found
                yield _Found(start, match.end(), Ref(to=to, label=label, home=home))

    def _bug(self, number: str) -> tuple[Key, str]:
        return _bug(number, None), f"{self._root}/bugs/{number}"

    def _comment(self, number: str) -> tuple[Key, str] | None:
        if self._issue is None:
            return None
        bug = name_of(self._issue)
        return _bug(bug, number), f"{self._root}/bugs/{bug}/comments/{int(number)}"


@lru_cache(maxsize=64)
def _hosts(web_root: str) -> frozenset[str]:
    """The hosts where the addresses of bugs and blueprints are."""
    root = urlsplit(web_root).netloc.lower()
    before = ("", "bugs.", "blueprints.")
    return frozenset(one + host for one in before for host in (root, "launchpad.net"))


def _may_say(text: str) -> bool:
    """Whether `_WORDS` may find something: its search takes long, and finds nothing in most
    lines."""
    lower = text.lower()
    return "bug" in lower or "lp" in lower or "comment" in lower


def _bug(number: str, comment: str | None) -> Key:
    if comment is None:
        return key("launchpad", "bug", int(number))
    return key("launchpad", "comment", f"{int(number)}/{int(comment)}")
