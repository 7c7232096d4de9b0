"""What stands at a target, object by object, without any number of the server's own in it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.end_to_end.folders import SERVED, files_in
from tests.end_to_end.marked_world import MarkedWorld
from tracker_migrate.backends.storyboard.finding import PLACEHOLDER

#: the first address in an object's text is where it came from
_HOME = re.compile(r"https?://[^\s)|\]]+")
_LINK = re.compile(r"/(?:#!/story/|T)(\d+)\b")
_PHID = re.compile(r"PHID-\w+-\w+")


class Thing(NamedTuple):
    """An object. name: what names it at the source. fields: all that stands in it."""

    kind: str
    name: str
    fields: tuple[str, ...]


class Difference(NamedTuple):
    """doubles: things that stand there more often than they should. losses: things that are
    missing, or of which something is."""

    doubles: tuple[str, ...]
    losses: tuple[str, ...]


def difference(wanted: list[Thing], found: list[Thing]) -> Difference:
    """What a disturbed run left, against what it should have left."""
    should, does = _count(wanted), _count(found)
    doubles = [f"{kind} {name}" for (kind, name), many in (does - should).items() if many]
    losses = [f"{one.kind} {one.name}" for one in (Counter(wanted) - Counter(found))]
    return Difference(tuple(doubles), tuple(losses))


def _count(things: list[Thing]) -> Counter[tuple[str, str]]:
    return Counter((one.kind, one.name) for one in things)


def standing(marked: MarkedWorld, target: str) -> list[Thing]:
    """Everything at a target that a run may have written."""
    standin: Any = getattr(marked.here, target)
    with standin.lock:
        if target == "storyboard":
            return [*_storyboard(standin.store.all), *_files(marked.here.folder / SERVED)]
        return list(_maniphest(standin.store.rows))


def home(text: str | None) -> str:
    """The address that a text begins with."""
    found = _HOME.search(text or "")
    return found.group() if found else ""


Ask = Callable[[str], list[Any]]


# -- StoryBoard -----------------------------------------------------------------------------------

_PLACES = {
    "project": "SELECT name FROM project",
    "branch": "SELECT p.name, b.name FROM branch b JOIN project p ON p.id = project_id",
    "milestone": "SELECT p.name, b.name, m.name FROM milestone m "
    "JOIN branch b ON b.id = branch_id JOIN project p ON p.id = project_id",
    "tag": "SELECT name FROM tag",
}
_TASK = """SELECT story_id, t.title, status, priority, link, t.created_at, p.name, b.name, m.name,
assignee_id, t.creator_id FROM task t LEFT JOIN project p ON p.id = t.project_id
LEFT JOIN branch b ON b.id = t.branch_id LEFT JOIN milestone m ON m.id = milestone_id ORDER BY t.id
"""
_STORY = "SELECT id, title, description, is_bug, private, creator_id, created_at FROM story"
_READERS = "SELECT user_id FROM story_permission JOIN permission_user USING (permission_id) "
_TAGGING = "SELECT story_id, name FROM story_tag JOIN tag ON tag.id = tag_id ORDER BY name"
_COMMENT = "SELECT story_id, content, author_id, created_at FROM comment ORDER BY id"


def _storyboard(ask: Ask) -> Iterator[Thing]:
    stories = [row for row in ask(_STORY) if row[1] != PLACEHOLDER]
    homes = {row[0]: home(row[2]) or f"? {row[1]}" for row in stories}
    for kind, sql in _PLACES.items():
        for row in ask(sql):
            if row[0] != "tracker-migrate":  # holds the place of tasks
                yield Thing(kind, " ".join(row), ())
    for row in stories:
        let_in = [one[0] for one in ask(f"{_READERS} WHERE story_id = {row[0]} ORDER BY 1")]
        # the list of a story that was opened stays, and lets nobody in
        readers = str(let_in if row[4] else [])
        yield Thing("story", homes[row[0]], (*_told(row[1:], homes), readers))
    yield from _parts("task", ask(_TASK), homes, 4)
    yield from _parts("tagging", ask(_TAGGING), homes, 1)
    yield from _parts("comment", ask(_COMMENT), homes, 1)
    yield from _order(ask(_COMMENT), homes)


def _parts(kind: str, rows: list[Any], homes: dict[Any, str], named: int) -> Iterator[Thing]:
    """The objects of stories or tasks: a row's first column says of which."""
    for row in rows:
        if row[0] in homes:
            of = homes[row[0]]
            name = home(row[named]) or str(row[named])
            yield Thing(kind, f"{of} {name}", _told(row[1:], homes))


def _order(rows: list[Any], homes: dict[Any, str]) -> Iterator[Thing]:
    """In which order comments stand; one that is doubled is told elsewhere."""
    talks: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row[0] in homes:
            talks[homes[row[0]]].append(home(row[1]))
    for of, said in talks.items():
        yield Thing("talk", of, tuple(dict.fromkeys(said)))


def _files(served: Path) -> Iterator[Thing]:
    """The files of the folders: where each is, it is the same in every run."""
    for store in ("public", "closed"):
        for place, body in files_in(served / store).items():
            yield Thing("file", f"{store} {place}", (body.decode(),))


# -- Maniphest ------------------------------------------------------------------------------------

_CARD = (
    "SELECT phid, title, description, author, status, priority, owner, view, edit, space, custom, "
    "subtype FROM task ORDER BY id"
)
_PROJECT = (
    "SELECT p.name, q.name, p.description, p.icon, p.color, p.view, p.edit, p.joins, p.space "
    "FROM project p LEFT JOIN project q ON q.phid = p.parent"
)
_EDGE = (
    "SELECT src, type, coalesce(task.phid, project.name, dst) FROM edge "
    "LEFT JOIN task ON task.phid = dst LEFT JOIN project ON project.phid = dst"
)
_SAID = "SELECT object, comment, author FROM xaction_task WHERE comment IS NOT NULL ORDER BY id"
_NUMBER = "SELECT id, phid FROM task"
_FILE = "SELECT id, name, size, view, hash, chunked, phid FROM file ORDER BY id"
_PIECES = "SELECT file, sum(length(data)) FROM chunk GROUP BY file"
_SHOWN = re.compile(r"([/{]F)(\d+)\b")


def _maniphest(ask: Ask) -> Iterator[Thing]:
    cards = ask(_CARD)
    homes: dict[Any, str] = {row[0]: home(row[2]) or f"? {row[1]}" for row in cards}
    homes |= {row[0]: homes[row[1]] for row in ask(_NUMBER)}
    names = {row[0]: row[1] for row in ask("SELECT phid, name FROM project")}
    pieces = {row[0]: row[1] for row in ask(_PIECES)}
    for number, name, *told, phid in ask(_FILE):
        yield Thing("file", name, _told((*told, pieces.get(phid)), names))
        homes[f"F{number}"] = name
    for row in ask(_PROJECT):
        yield Thing("project", f"{row[1] or ''} {row[0]}", _told(row[2:], names))
    for row in cards:
        yield Thing("task", homes[row[0]], _told(row[1:], homes | names))
    for src, kind, to in ask(_EDGE):
        if src in homes:
            yield Thing("edge", f"{homes[src]} {kind} {homes.get(to, to)}", ())
    yield from _parts("comment", ask(_SAID), homes, 1)
    yield from _order(ask(_SAID), homes)


# -- both -----------------------------------------------------------------------------------------


def _told(values: Any, names: dict[Any, str]) -> tuple[str, ...]:
    """Values as text; a link to an issue is told by that issue's home, so it has to lead there."""
    return tuple(
        _PHID.sub(
            lambda at: names.get(at.group(), at.group()),
            _SHOWN.sub(
                lambda at: f"{at[1]} {names.get(f'F{at[2]}', at[2])}",
                _LINK.sub(lambda at: f"<{names.get(int(at[1]), at[1])}>", str(value)),
            ),
        )
        for value in values
    )
