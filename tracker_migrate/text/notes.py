"""What one side says of a field that both sides changed: a comment of the issue, for the other
side's value stands in the field.

It has a key, a line of origin and a mark of its own, as the parts of a long text have
(`text.continued`): the mark is made of the object, the field and the value, so that the same words
are never said twice, and a lost ledger finds what was said.

    *[LP #123 note 0123456789ab](https://bugs.launchpad.net/bugs/123#note-0123456789ab)*

    **title** of [LP #123](...) was changed both here and at Launchpad. What was written here
    stays; at Launchpad it says:
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from tracker_migrate.abilities import Note
from tracker_migrate.digest import digest
from tracker_migrate.interfaces import Head, Piece, Ref, Text, Value
from tracker_migrate.model import Issue, Key, key, kind_of, parts
from tracker_migrate.text.blocks import Block, Code, Line, Paragraph, Strong
from tracker_migrate.text.cutting import Markup
from tracker_migrate.text.origin import Origin

#: kinds of keys: of what the source says, and of what people wrote at the target
KINDS = {"source": "note", "target": "kept"}
_MARK = r"(?P<kind>note|kept) (?P<mark>[0-9a-f]{12})"
_LABEL = re.compile(rf"(?P<whole>.+) {_MARK}")
_HOME = re.compile(r"(?P<whole>.+)[#&](?P<kind>note|kept)-(?P<mark>[0-9a-f]{12})")
_STAYS = " was changed both here and at {source}. What was written here stays; at {source} it says:"
_GOES = " was changed both here and at {source}. It says what {source} says by now; here it said:"


def note_key(issue: Key, of: Key, field: str, says: str, value: str) -> Key:
    """The key of a note. of: the object. value: a digest of the value."""
    tracker, _kind, name = parts(issue)
    return key(tracker, KINDS[says], f"{name}/{digest((of, field, says, value))[:12]}")


def is_note(of: Key) -> bool:
    """Whether a key is that of a note: no planner wants it, and it is left where it stands."""
    return kind_of(of) in KINDS.values()


def is_source_note(of: Key) -> bool:
    """Whether it is that of a note that says what the source says."""
    return kind_of(of) == KINDS["source"]


def note_label(label: str, of: Key) -> str:
    """What the line of origin calls a note. label: what it calls the issue."""
    return f"{label} {kind_of(of)} {_mark(of)}"


def note_home(home: str, of: Key) -> str:
    """The permalink of a note: it leads to the issue."""
    return f"{home}{'&' if '#' in home else '#'}{kind_of(of)}-{_mark(of)}"


def noted_home(permalink: str) -> tuple[str, str, str] | None:
    """The issue's permalink, the kind and the mark of a note that a permalink names, if any."""
    found = _HOME.fullmatch(permalink)
    return (found["whole"], found["kind"], found["mark"]) if found is not None else None


def noted(label: str, issue: Key) -> Key | None:
    """The key of the note of an issue that a label names; None if it names none."""
    found = _LABEL.fullmatch(label)
    if found is None:
        return None
    tracker, _kind, name = parts(issue)
    return key(tracker, found["kind"], f"{name}/{found['mark']}")


def bare_label(label: str) -> str:
    """The label of the issue that the label of a note begins with; any other as it is."""
    found = _LABEL.fullmatch(label)
    return found["whole"] if found is not None else label


def text_of(
    note: Note,
    issue: Issue,
    label: str,
    about: str,
    markup: Markup,
    line: Callable[[Origin], str],
) -> Text:
    """The text of a note. label: of the issue; about: of the object, for people. line: writes a
    line of origin in the markup."""
    head = line(Origin(note_label(label, note.key), note_home(issue.home, note.key)))
    first, *rest = _blocks(note, issue, about)
    told = markup.write([first, *rest]).parts
    value = _bare(note.value) if _is_markup(note) else ()
    return Text(parts=_merged([head, "\n\n", *told, *(("\n\n", *value) if value else ())]))


def _is_markup(note: Note) -> bool:
    """Whether a value is text of ours in the target's markup."""
    return note.says == "source" and isinstance(note.value, Text)


def _blocks(note: Note, issue: Issue, about: str) -> list[Block]:
    source = parts(issue.key)[0].capitalize()
    to = Ref(to=note.about.key, label=about, home=note.about.marker or issue.home)
    said = (_STAYS if note.says == "source" else _GOES).format(source=source)
    line: Line = (Strong(note.field), " of ", to, said)
    if _is_markup(note):
        return [Paragraph((line,))]
    value = _plain(note.value)
    if note.says == "target" or "\n" in value or len(value) > 300:
        return [Paragraph((line,)), Code(value or "(nothing)")]
    return [Paragraph((line,)), Paragraph(((value or "(nothing)",),))]


def _plain(value: Value) -> str:
    """A value as a person reads it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bare(text: Text) -> Sequence[Piece]:
    """A text without its line of origin: the note has one of its own."""
    rest = list(text.parts)
    for piece in _told(text.head):
        first = rest.pop(0) if rest else ""
        if isinstance(first, str) and isinstance(piece, str) and first != piece:
            rest.insert(0, first.removeprefix(piece))
    if rest and isinstance(rest[0], str):
        rest[0] = rest[0].lstrip("\n")
    return rest


def _told(head: Head | None) -> tuple[Piece, ...]:
    return head.told if head is not None else ()


def _merged(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    merged: list[Piece] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "":
            merged.append(piece)
    return tuple(merged)


def _mark(of: Key) -> str:
    return of.rpartition("/")[2]
