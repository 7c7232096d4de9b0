"""Everything of an issue that the target has no field for, as readable blocks.

Nothing is forgotten by construction: what is written are the fields that the issue fills and whose
outcome is `text`, whatever they are called; the tables here only say how a known one is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from tracker_migrate.interfaces import Decisions, Passing, Ref
from tracker_migrate.model import (
    Attachment,
    Change,
    Issue,
    Relation,
    Task,
    WorkItem,
    name_of,
    parts,
)
from tracker_migrate.text.blocks import (
    Block,
    Code,
    Heading,
    Inline,
    Items,
    Line,
    Paragraph,
    Strong,
    Table,
    Url,
)
from tracker_migrate.text.fields import Field, filled, hidden, long, shown
from tracker_migrate.text.lines import bare_blocks
from tracker_migrate.text.redact import HIDDEN

Outcome = Callable[[str, str], str]
Files = Callable[[Attachment], Line]

#: the columns of the table of tasks; what else a task holds is listed below the table
_TASK_COLUMNS = {
    "target_name": "Affects",
    "status": "Status",
    "importance": "Importance",
    "assignee": "Assignee",
    "milestone": "Milestone",
    "series": "Series",
}
#: of a work item; the title stands there in every case, for it says of which one the rest is
_ITEM_COLUMNS = {
    "title": "Work item",
    "status": "Status",
    "assignee": "Assignee",
    "milestone": "Milestone",
}
_CHANGE_COLUMNS = {
    "when": "When",
    "author": "Who",
    "what": "What",
    "old": "From",
    "new": "To",
    "message": "Message",
}
#: what changes with every event, and is no reason to write the text again
_PASSING = {
    "updated",
    *(f"extra.{name}" for name in ("heat", "message_count", "date_last_message")),
    *(f"extra.{name}" for name in ("users_affected_count", "users_unaffected_count")),
    *(f"extra.{about}users_affected_count_with_dupes" for about in ("", "other_")),
}
_OWN_IN_RELATION = ("kind", "to", "label", "url")


#: text, but not under its own name: the line of origin says it, or the name of a task's target and
#: its status do, or the address of the file
SAID_BY_ORIGIN = frozenset(
    {
        *(
            (kind, field)
            for kind in ("bug", "blueprint")
            for field in ("key", "kind", "name", "home", "author", "created")
        ),
        *(("task", field) for field in ("key", "target", "project", "complete")),
        ("attachment", "key"),
        *(("work_item", field) for field in ("key", "home", "complete")),
    }
)


def without_repeats(issue: Issue) -> Issue:
    """The issue without what each of its tasks says again: that the issue's reporter made it when
    the issue was made, and the issue's own title."""
    tasks = []
    for task in issue.tasks:
        again: dict[str, object] = {}
        if task.title.endswith(f'"{issue.title}"'):
            again["title"] = ""
        if task.created == issue.created:
            again["created"] = None
        if task.author == issue.author:
            again["author"] = None
        name = task.extra.get("bug_target_display_name")
        if isinstance(name, str) and name.lower() == task.target_name.lower():
            again["extra"] = {k: v for k, v in task.extra.items() if v is not name}
        tasks.append(msgspec.structs.replace(task, **again))
    return msgspec.structs.replace(issue, tasks=tuple(tasks))


def _no_file(_one: Attachment) -> Line:
    return ()


def details(
    issue: Issue, decisions: Decisions, outcome: Outcome, files: Files = _no_file
) -> tuple[Block, ...]:
    """What of the issue is to be kept as text: a heading, and what follows it.

    outcome: what becomes of a field, by entity and name (`task`, `extra.heat`): `text` is written
    here, anything else is not. files: what an attachment's entry begins with: where its bytes are,
    or why they are not here, and its address, which is not said again. Comments have texts of their
    own. Empty if there is nothing to say.
    """
    write = _Writer(issue, decisions, outcome, files)
    blocks = (
        *write.own(),
        *write.tasks(),
        *write.work_items(),
        *write.relations(),
        *write.attachments(),
        *write.subscriptions(),
        *write.history(),
    )
    tracker = parts(issue.key)[0].capitalize()
    return (Heading(f"{tracker} details"), *blocks) if blocks else ()


class _Writer:
    """The parts of the section, one method each."""

    def __init__(self, issue: Issue, decisions: Decisions, outcome: Outcome, files: Files) -> None:
        self._files = files
        self._issue = issue
        self._decisions = decisions
        self._outcome = outcome
        probe = decisions.blocks(issue, "somebody@example.org")
        self._hides = HIDDEN in bare_blocks(probe)

    def own(self) -> Iterator[Block]:
        """The issue's own fields: the short ones a line each, the long ones in blocks."""
        yield from self._listed(self._fields(self._issue, self._issue.kind))

    def tasks(self) -> Iterator[Block]:
        """A table of the tasks, and what doesn't fit in its columns."""
        tasks = [(task, self._fields(task, "task")) for task in self._issue.tasks]
        yield from self._table(_TASK_COLUMNS, [fields for _, fields in tasks])
        for task, fields in tasks:
            rest = [one for one in fields if one.name not in _TASK_COLUMNS or long(one.value)]
            yield from self._named(_task_name(task), rest)

    def work_items(self) -> Iterator[Block]:
        """A table of what is to be done, and what doesn't fit in its columns."""
        items = [(item, self._fields(item, "work_item")) for item in self._issue.work_items]
        told = [(self._titled(item), fields) for item, fields in items if fields]
        rows = [[title, *(f for f in fields if f.name != "title")] for title, fields in told]
        yield from self._table(_ITEM_COLUMNS, rows)
        for title, fields in told:
            rest = [one for one in fields if one.name not in _ITEM_COLUMNS or long(one.value)]
            yield from self._named(title.value, rest)

    def _titled(self, item: WorkItem) -> Field:
        """What a work item is known by, in one cell of a table."""
        title = hidden(item.title) if self._hides else item.title
        return Field("title", "Title", f"{title[:150]}…" if long(title) else title)

    def relations(self) -> Iterator[Block]:
        """What the issue has to do with others."""
        items = [self._relation(one) for one in self._issue.relations]
        yield from self._items("Related", [item for item in items if item])

    def attachments(self) -> Iterator[Block]:
        """The files."""
        items = [self._attachment(one) for one in self._issue.attachments]
        yield from self._items("Attachments", [item for item in items if item])

    def _attachment(self, one: Attachment) -> Line:
        fields = self._fields(one, "attachment")
        head = self._files(one)
        if not head:
            return self._flat(fields)
        rest = self._flat(field for field in fields if field.name != "home")
        return (*head, ", ", *rest) if rest else head

    def subscriptions(self) -> Iterator[Block]:
        """Who wanted to hear of it."""
        items = [self._flat(self._fields(one, "subscription")) for one in self._issue.subscriptions]
        yield from self._items("Subscribers", [item for item in items if item])

    def history(self) -> Iterator[Block]:
        """Who changed what, in a table; long texts follow it."""
        changes = [(change, self._fields(change, "change")) for change in self._issue.history]
        table = tuple(self._table(_CHANGE_COLUMNS, [fields for _, fields in changes]))
        if table:
            yield Paragraph(((Strong("History"),),))
            yield from table
        for change, fields in changes:
            rest = [one for one in fields if one.name not in _CHANGE_COLUMNS or long(one.value)]
            yield from self._named(_change_name(change), rest)

    def _fields(self, of: msgspec.Struct, entity: str) -> list[Field]:
        fields = [one for one in filled(of) if self._outcome(entity, one.name) == "text"]
        return [one._replace(value=hidden(one.value)) for one in fields] if self._hides else fields

    def _listed(self, fields: Iterable[Field]) -> Iterator[Block]:
        lines: list[Line] = []
        blocks: list[Block] = []
        for field in fields:
            if long(field.value):
                blocks.append(Paragraph(((Strong(field.label), ":"),)))
                blocks += self._decisions.blocks(self._issue, str(field.value))
            else:
                lines.append((Strong(field.label), ": ", *self._shown(field)))
        if lines:
            yield Paragraph(tuple(lines))
        yield from blocks

    def _named(self, name: str, fields: Iterable[Field]) -> Iterator[Block]:
        short = [one for one in fields if not long(one.value)]
        if short:
            yield Paragraph(((Strong(name), ": ", *self._flat(short)),))
        for field in fields:
            if long(field.value):
                yield Paragraph(((Strong(f"{name}, {field.label.lower()}"), ":"),))
                yield Code(str(field.value))

    def _table(self, columns: dict[str, str], rows: list[list[Field]]) -> Iterator[Block]:
        held = [{one.name: one for one in row if not long(one.value)} for row in rows]
        used = [name for name in columns if any(name in row for row in held)]
        if used:
            cells = [
                tuple(self._shown(row[name]) if name in row else () for name in used)
                for row in held
                if any(name in row for name in used)
            ]
            yield Table(tuple(columns[name] for name in used), tuple(cells))

    def _flat(self, fields: Iterable[Field]) -> Line:
        pieces: list[Inline] = []
        for field in fields:
            pieces.append(f"{', ' if pieces else ''}{field.label.lower()} ")
            pieces.extend(self._shown(field))
        return tuple(pieces)

    def _relation(self, relation: Relation) -> Line:
        fields = {one.name: one for one in self._fields(relation, "relation")}
        held = {name: str(one.value) for name, one in fields.items()}
        kind, label, url = (held.get(name, "") for name in ("kind", "label", "url"))
        pieces: list[Inline] = [f"{kind.replace('_', ' ')}: "] if kind else []
        if "to" in fields and relation.to:
            shown_as = label or url or name_of(relation.to)
            pieces.append(Ref(to=relation.to, label=shown_as, home=relation.url))
        elif url or label:
            pieces.append(Url(url, label) if url else label)
        rest = self._flat(one for name, one in fields.items() if name not in _OWN_IN_RELATION)
        return (*pieces, *((", ", *rest) if pieces and rest else rest))

    def _items(self, name: str, items: list[Line]) -> Iterator[Block]:
        if items:
            yield Paragraph(((Strong(name),),))
            yield Items(tuple((item,) for item in items))

    def _shown(self, field: Field) -> Line:
        pieces = shown(field.value, self._decisions)
        if field.name in _PASSING:
            return tuple(Passing(text=one) if isinstance(one, str) else one for one in pieces)
        return pieces


def _task_name(task: Task) -> str:
    return task.target_name


def _change_name(change: Change) -> str:
    return f"{change.when:%Y-%m-%d %H:%M:%S} {change.what}"
