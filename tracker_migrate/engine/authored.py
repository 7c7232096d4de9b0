"""Who an object is by, at the target: which of its texts' two forms counts follows from that.

While the target shows the importer as the author, a text says at its head who wrote it, and when.
Where the target itself shows the author, that line would say it a second time: what is left of it
is the permalink, and a seal by which we know our own. An object that stands there keeps the form
that it was written in, whoever the tables name by now: `backdate` moves both together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from tracker_migrate.interfaces import Account, Piece, Text, Wanted
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Held


def as_it_stands(wanted: Wanted, held: Held | None) -> Wanted:
    """What is wanted, in the form that counts. held: what stands there; None for a new object."""
    return carrying(wanted, wanted.by if held is None else held.by)


def carrying(wanted: Wanted, by: str) -> Wanted:
    """What is wanted of an object that shows this account as its author; "" for the importer."""
    heads = any(isinstance(one, Text) and one.head for one in wanted.fields.values())
    if not by or not (heads or wanted.carried):
        return wanted
    fields = {
        name: shortened(value) if isinstance(value, Text) else value
        for name, value in {**wanted.fields, **wanted.carried}.items()
    }
    return msgspec.structs.replace(wanted, fields=fields)


def is_misnamed(wanted: Wanted, held: Held, by: str) -> bool:
    """Whether an object shows another author than the tables name by now. by: the account that
    they name, "" for none."""
    return wanted.author is not None and held.state == "there" and held.by != by


def misnamed(
    wanted: Iterable[Wanted],
    held: Mapping[Key, Held],
    account: Callable[[Key], Account | None],
) -> Iterator[Key]:
    """Those of these objects that are shown as another's than the tables say. account: somebody's,
    by the tables. Where the importer writes all that is wanted, its objects are none of these."""
    for one in wanted:
        there = held.get(one.key)
        if there is None or one.author is None or not (one.by or there.by):
            continue
        named = account(one.author)
        if is_misnamed(one, there, one.by or (named.id if named is not None else "")):
            yield one.key


def shortened(text: Text) -> Text:
    """A text whose object carries its author and date: with the short line of origin. One that has
    no such line as it is."""
    if text.head is None:
        return text
    rest = list(text.parts)
    for piece in text.head.told:
        first = rest.pop(0)
        if isinstance(first, str) and isinstance(piece, str) and first != piece:
            rest.insert(0, first.removeprefix(piece))
    return Text(parts=tuple(_merged([*text.head.carried, *rest])))


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, with those joined that are nothing but text."""
    held = ""
    for piece in pieces:
        if isinstance(piece, str):
            held += piece
            continue
        if held:
            yield held
        held = ""
        yield piece
    if held:
        yield held
