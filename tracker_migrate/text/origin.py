"""Where a text came from: the one line at its head, and how it is read back.

    //[[<permalink> | LP #1316547 comment 3]] · [[<person> | Jane Doe]], 2014-05-06 07:08:09 UTC//
    *[LP #1316547 comment 3](<permalink>) · [Jane Doe](<person>), 2014-05-06 07:08:09 UTC*

The first part always stands: it is how a lost ledger is rebuilt. The second goes where the target
itself shows who and when. A signature, where one is needed, comes last, in monospace. No name can
forge a permalink: it can't close its brackets, and only the very first line of a text counts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from tracker_migrate.interfaces import Head, Passing, Seal
from tracker_migrate.text import commonmark, remarkup
from tracker_migrate.text.characters import visible

_WHEN = r"(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC"
_TAIL = rf"(?:(?: \u00b7 |, ){_WHEN})?(?: \u00b7 `(?P<signature>[0-9A-Za-z_-]{{1,64}})`)?"
_HEAD = re.compile(
    r"//\[\[(?P<permalink>[^\s|\[\]]+) \| (?P<label>[^\[\]|\n]+)\]\]"
    r"(?: \u00b7 (?:\[\[(?P<home>[^\s|\[\]]+) \| (?P<author>[^\[\]|\n]+)\]\]"
    rf"|(?!\d{{4}}-|`)(?P<bare>[^\[\]|,\u00b7\n]+)))?{_TAIL}//\r?(?:\n|\Z)"
)
_MARKDOWN = re.compile(
    r"\*\[(?P<label>[^\[\]*\n]+)\]\((?P<permalink>[^\s()]+)\)"
    r"(?: \u00b7 (?:\[(?P<author>[^\[\]*\n]+)\]\((?P<home>[^\s()]+)\)"
    rf"|(?!\d{{4}}-|`)(?P<bare>[^\[\]*,\u00b7\n]+)))?{_TAIL}\* *\r?(?:\n|\Z)"
)
#: characters that are live in Remarkup outside of a link → their wide forms, and back
_WIDE = {ord(one): ord(one) + 0xFEE0 for one in "!#$%&()*,/:=@[]_`{|}~"}
_NARROW = {wide: narrow for narrow, wide in _WIDE.items()} | {0x200B: None, 0x2027: 0xB7}
#: where a bare name would be a task, a repository, a commit or the date
_JOINTS = re.compile(
    r"(?<=[A-Z])(?=\d)|(?<=r)(?=[A-Z])|(?<=[0-9a-f])(?=[0-9a-f]{6})|(?<=^\d\d\d)(?=\d-)"
)


class Origin(msgspec.Struct, frozen=True):
    """Where a text came from. label: of the object at its source (`LP #1316547 comment 3`).
    permalink: its address there. when: in UTC. signature: tells ours from a forgery."""

    label: str
    permalink: str
    author: str | None = None
    author_home: str | None = None
    when: datetime | None = None
    signature: str = ""


#: a piece of a line of origin
Shown = str | Passing | Seal
#: stands for the seal while a line is made; no name holds it
_SEAL = "\0"


def head(origin: Origin, line: Callable[[Origin], str], *, dated: bool = False) -> Head:
    """The line of origin in both its forms: as it is, and as it is where the target itself shows
    who and when. line: writes one in the target's markup. dated: the short one tells the date as
    well, in passing, for where the target shows people another one.

    The seal is that of the permalink as it reads back: some of its characters may be encoded."""
    told, when = line(origin), origin.when if dated else None
    short = line(Origin(origin.label, origin.permalink, when=when, signature=_SEAL))
    before, _, after = short.partition(_SEAL)
    found = parse(told)
    seal = Seal(of=found.permalink if found is not None else origin.permalink)
    shown = f" \u00b7 {_date(when)}" if when is not None else ""
    start, _, end = before.rpartition(shown) if shown else ("", "", before)
    pieces = (start, Passing(text=shown, dated=True), end) if shown else (before,)
    return Head(told=(told,), carried=(*pieces, seal, after))


def passing(head: Head, before: str, text: str, shown: str) -> Head:
    """The same, with a piece of its label told in passing: `shown` stands for the first `text` that
    comes right behind `before`."""

    def split(pieces: Iterable[Shown]) -> Iterator[Shown]:
        for piece in pieces:
            if not isinstance(piece, str) or before + text not in piece:
                yield piece
                continue
            start, _, end = piece.partition(before + text)
            yield from (start + before, Passing(text=shown), end)

    return Head(told=tuple(split(head.told)), carried=tuple(split(head.carried)))


def commonmark_line(origin: Origin) -> str:
    """The line in Markdown, without a line feed."""
    head = commonmark.link(_name(origin.label), origin.permalink)
    who = _name(origin.author)
    if who and origin.author_home:
        who = commonmark.link(who, origin.author_home)
    elif who:
        who = re.sub("[,\u00b7-]", lambda one: f"&#{ord(one[0])};", commonmark.entities(who))
    return f"*{head}{_tail(who, origin)}*"


def remarkup_line(origin: Origin) -> str:
    """The line in Remarkup, without a line feed."""
    head = _remarkup_link(origin.label, origin.permalink)
    who = _name(origin.author)
    if who and origin.author_home:
        who = _remarkup_link(who, origin.author_home)
    elif who:
        who = _JOINTS.sub("\u200b", who.translate(_WIDE).replace("\u00b7", "\u2027"))
    return f"//{head}{_tail(who, origin)}//"


def parse(text: str) -> Origin | None:
    """The origin that the first line of a text names, in either markup; None if it names none."""
    if match := _HEAD.match(text):
        return _read(match, lambda name: name.translate(_NARROW))
    if match := _MARKDOWN.match(text):
        return _read(match, html.unescape)
    return None


def _read(match: re.Match[str], plain: Callable[[str], str]) -> Origin | None:
    found = match.groupdict()
    author = found["author"] or found["bare"]
    try:
        when = datetime.fromisoformat(found["when"]).replace(tzinfo=UTC) if found["when"] else None
    except ValueError:  # a date that no calendar has: not a line of ours
        return None
    return Origin(
        label=plain(found["label"]),
        permalink=found["permalink"],
        author=plain(author) if author else None,
        author_home=found["home"],
        when=when,
        signature=found["signature"] or "",
    )


def _tail(who: str, origin: Origin) -> str:
    tail = f" \u00b7 {who}" if who else ""
    if origin.when:
        tail += f"{', ' if who else ' · '}{_date(origin.when)}"
    return tail + (f" \u00b7 `{origin.signature}`" if origin.signature else "")


def _date(when: datetime) -> str:
    return f"{when.astimezone(UTC).isoformat(' ')[:19]} UTC"


def _name(name: str | None) -> str:
    return " ".join(visible(name or "").split())


def _remarkup_link(label: str, address: str) -> str:
    return f"[[{remarkup.link_address(address)} | {remarkup.link_label(_name(label))}]]"
