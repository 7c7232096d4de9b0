"""How plans are printed: added up, or object by object; as lines for people, or as JSON.

Lines are cut to nothing: on a terminal they are folded to its width, elsewhere each is one line. No
colour says anything.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Any, Self

from tracker_migrate.cli import screen

_MANY = 20
_KIND, _OP, _NARROW = 12, 10, 80
#: a person is taken for a bot by nobody but by who writes people.csv
NO_BOTS = (
    '  bots = "fold", but nothing is folded: no row of mappings/people.csv has the state bot. Those'
    " who say most on bugs are often programs: give each a row NAME,,,,bot,,"
)

MISNAMED = "shown as another's than people.csv says (tracker-migrate backdate moves them)"


def show(results: dict[str, Any], as_json: bool, listed: Objects | None = None) -> None:
    """Plans, a target each. listed: their objects, to be named as well."""
    if as_json and listed is not None:
        for line in _with_objects(results, listed):
            screen.echo(line, whole=True)
        return
    if as_json:
        screen.document({name: document(one) for name, one in results.items()})
        return
    for name, one in results.items():
        for line in listed.lines(name) if listed is not None else ():
            screen.echo(line)
        for line in lines(name, one):
            for part in _folded(line):
                screen.echo(part)
    if not any(one.issues for one in results.values()):
        screen.echo("no issue was looked at: is the archive empty (pull), or --only too narrow?")


def document(one: Any) -> dict[str, Any]:
    """A plan added up, as JSON values."""
    losses = [
        {"entity": entity, "field": field, "outcome": outcome, "count": count}
        | ({"reason": one.reasons.get(f"{entity}.{field}", "")} if outcome == "lost" else {})
        for (entity, field, outcome), count in sorted(one.losses.items())
    ]
    return {
        "issues": one.issues,
        "create": dict(one.create),
        "update": dict(one.update),
        "unchanged": one.unchanged,
        "refuse": dict(one.refuse),
        "stuck": one.stuck,
        "gone": one.gone,
        "folded": one.held,
        "unwanted": one.unwanted,
        "misnamed": one.misnamed,
        "private": one.private,
        "readers_less": len(one.less),
        "losses": losses,
        "requests": dict(one.requests),
        "seconds": None if one.seconds is None else round(sum(one.seconds.values()), 1),
    }


def lines(name: str, one: Any) -> Iterator[str]:
    """A plan added up, for people."""
    yield _first(name, one)
    for op, counts in (("create", one.create), ("update", one.update)):
        if counts:
            yield f"  {op}: " + ", ".join(f"{n} {kind}" for kind, n in counts.most_common())
    if one.requests:
        yield f"  requests: {sum(one.requests.values())}{_time(one.seconds)}"
    if one.held:
        yield f"  fold {one.held}: comments by bots, each into the one before it"
    if one.no_bots:
        yield NO_BOTS
    if one.misnamed:
        yield f"  {one.misnamed} {MISNAMED}"
    for reason, count in one.refuse.most_common(_MANY):
        yield f"  refuse {count}: {reason}"
    if one.less:
        yield (
            f"  {len(one.less)} who may read private issues at the source may not all read them "
            "here: tracker-migrate readers"
        )
    lost = [(n, at) for at, n in one.losses.items() if at[2] == "lost"]
    for count, (entity, field, _) in sorted(lost, reverse=True)[:_MANY]:
        yield f"  lost {count} × {entity}.{field}: {one.reasons.get(f'{entity}.{field}', '')}"


def _first(name: str, one: Any) -> str:
    parts = [f"create {one.create.total()}", f"update {one.update.total()}"]
    parts += [f"unchanged {one.unchanged}", f"refuse {one.refuse.total()}"]
    parts += [
        f"{word} {getattr(one, word)}"
        for word in ("stuck", "gone", "unwanted")
        if getattr(one, word)
    ]
    line = f"plan  {name}: {'  '.join(parts)}"
    if one.losses:
        fields = "  ".join(
            f"{one.outcome_fields(what)} {what}" for what in ("native", "text", "lost")
        )
        line += f"   fields: {fields}"
    return line


def _time(seconds: dict[str, float] | None) -> str:
    from tracker_migrate.report.plots import hours

    if seconds is None:
        return ""
    return f", about {hours(sum(seconds.values()))} of a small server with nothing else to do"


# -- object by object -----------------------------------------------------------------------------


class Objects:
    """The lines of plans, kept on the disk until all is known to be well: they may be many, and
    what fails prints nothing. fates: what can become of fields (`workspace.fates`)."""

    def __init__(self, fates: Any) -> None:
        self._fates = fates
        self._files: dict[str, IO[str]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def of(self, target: str) -> Callable[[Any], None]:
        """Hears what becomes of each issue of a target."""
        made = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        file = self._open.enter_context(made)
        self._files[target] = file

        def hear(outcome: Any) -> None:
            file.write(json.dumps(self._told(outcome)) + "\n")

        return hear

    def encoded(self, target: str) -> Iterator[str]:
        """The issues of a target, each as a line of JSON."""
        file = self._files[target]
        file.seek(0)
        for line in file:
            yield line.rstrip("\n")

    def lines(self, target: str) -> Iterator[str]:
        """The objects of a target, for people."""
        wide = _width()
        for line in self.encoded(target):
            issue = json.loads(line)
            for one in issue["objects"]:
                yield from _row(one["op"], one.get("kind", ""), one["key"], one["why"], wide)
            if issue["lost"]:
                yield from _row("loses", "", issue["key"], ", ".join(issue["lost"]), wide)

    def _told(self, outcome: Any) -> dict[str, Any]:
        named = self._fates.named(number for number, _ in outcome.fates)
        fates = [named[number] for number, _ in outcome.fates]
        lost = {f"{one.entity}.{one.field}": one.reason for one in fates if one.outcome == "lost"}
        return {
            "key": outcome.key,
            "op": outcome.op,
            "lost": lost,
            "objects": [_object(item) for item in outcome.items],
        }


def _object(item: Any) -> dict[str, Any]:
    from tracker_migrate.engine.plan import WHY

    told = {"key": item.key, "op": item.op, "why": item.reason or WHY.get(item.op, "")}
    if item.kind:
        told["kind"] = item.kind
    if item.fields:
        told["fields"] = list(item.fields)
    return told


def _with_objects(results: dict[str, Any], listed: Objects) -> Iterator[str]:
    """The same document as without them, with a list of issues for each target, line by line."""
    yield "{"
    for place, (name, one) in enumerate(results.items()):
        yield f"{screen.encoded(name)}: {screen.encoded(document(one), None)[:-1]}, "
        yield '"objects": ['
        before = ""
        for line in listed.encoded(name):
            yield f"{before}{line}"
            before = ","
        yield "]}" + ("," if place < len(results) - 1 else "")
    yield "}"


def _row(op: str, kind: str, key: str, why: str, wide: int | None) -> Iterator[str]:
    """One object: in a line, or in two where there is little room."""
    first = f"{op:{_OP}}{kind:{_KIND}}{key}"
    if wide is None or len(first) + len(why) + 2 <= wide:
        yield f"{first}  {why}".rstrip()
        return
    yield first
    yield from textwrap.wrap(why, max(wide, 24), initial_indent="    ", subsequent_indent="    ")


def _folded(line: str) -> list[str]:
    wide = _width()
    if wide is None or len(line) <= wide:
        return [line]
    return textwrap.wrap(line, max(wide, 24), subsequent_indent="      ", break_on_hyphens=False)


def _width() -> int | None:
    """How wide the terminal is; None if it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
