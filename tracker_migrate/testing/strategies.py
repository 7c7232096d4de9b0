"""Whole issues for hypothesis, with everything in them that a source may say. Needs hypothesis.

@given(issue=issues(Names()))
def test_no_word_is_lost(issue): ...
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from tracker_migrate.model import (
    Access,
    Attachment,
    Change,
    Comment,
    Issue,
    Relation,
    Subscription,
    Task,
    WorkItem,
)
from tracker_migrate.testing.samples import Names, bug, work_item

#: what people and machines write, and what breaks those who don't expect it
HOSTILE = (
    "\x00\x07\x1b[31m",
    "a\udc80b\ud800",
    "\u202eevil\u202c\ufeff",
    "T1 {F2} @admin #tag !status",
    "<script>alert(1)</script> &amp; <b>",
    "[x](javascript:alert(1)) `code` *a* _b_ ~~~ ```",
    "tag:launchpad.net:2008:redacted",
    "\r\n\r\nline\rline\u2028line\x85",
    "😀é日本",
    " ",
)
_WHEN = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def texts(longest: int = 200) -> st.SearchStrategy[str]:
    """Any text, lone surrogates and control characters among it."""
    anything = st.text(st.characters(), max_size=longest)
    return st.one_of(anything, st.sampled_from(HOSTILE), st.just(""))


def titles() -> st.SearchStrategy[str]:
    """A title: most are ordinary, some are empty, hostile or too long for any field."""
    return st.one_of(st.text(max_size=80), st.sampled_from(HOSTILE), st.just("Long " * 200))


def issues(
    names: Names,
    statuses: tuple[str, ...] = ("New", "Triaged", "Fix Released"),
    importances: tuple[str, ...] = ("High", "Low", "Undecided"),
    *,
    private: bool | None = None,
) -> st.SearchStrategy[Issue]:
    """Bugs of one project, whole. statuses, importances: words that the target's tables know.
    private: whether not everybody may read them; None: some."""
    return st.builds(
        _whole,
        st.just(names),
        st.integers(1, 10**6),
        st.booleans() if private is None else st.just(private),
        titles(),
        texts(),
        st.fixed_dictionaries(
            {
                "comments": st.lists(_comments(), max_size=4),
                "tags": st.lists(st.sampled_from(["api", "ui", "Api", "é t", "a:b"]), unique=True),
                "attachments": st.lists(st.tuples(texts(30), st.booleans()), max_size=2),
                "relations": st.lists(_relations(), max_size=3),
                "history": st.lists(_changes(), max_size=3),
                "subscriptions": st.integers(0, 2),
                "task": _task(statuses, importances),
                "work_items": st.lists(_work_items(), max_size=2),
                "extra": extras(),
                "author": st.booleans(),
                "created": st.none() | _WHEN,
                "updated": st.none() | _WHEN,
            }
        ),
    )


def extras() -> st.SearchStrategy[dict[str, Any]]:
    """What a source exports and no other has: values as JSON has them."""
    scalars = st.none() | st.booleans() | st.integers(-9, 10**9) | st.text(max_size=20)
    names = st.sampled_from(["heat", "lock_status", "watch", "can_expire"])
    return st.dictionaries(names, scalars | st.lists(scalars, max_size=2), max_size=3)


def _comments() -> st.SearchStrategy[dict[str, Any]]:
    fates = st.sampled_from(["shown", "shown", "shown", "hidden", "deleted"])
    return st.fixed_dictionaries(
        {
            "text": texts(),
            "subject": st.just("") | texts(40),
            "created": st.none() | _WHEN,
            "edited": st.none() | _WHEN,
            "extra": extras(),
            "fate": fates,
        }
    )


def _relations() -> st.SearchStrategy[dict[str, Any]]:
    kinds = st.sampled_from(["depends_on", "duplicate_of", "bug", "branch", "cve"])
    number = st.none() | st.integers(1, 9)
    return st.fixed_dictionaries({"kind": kinds, "label": texts(30), "number": number})


def _work_items() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "title": titles(),
            "status": st.sampled_from(["TODO", "DONE", "BLOCKED"]),
            "assigned": st.booleans(),
            "milestone": st.booleans(),
            "extra": extras(),
        }
    )


def _changes() -> st.SearchStrategy[Change]:
    words = st.none() | texts(30)
    return st.builds(Change, when=_WHEN, what=texts(20), old=words, new=words, message=words)


def _task(statuses: tuple[str, ...], importances: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "status": st.sampled_from(statuses),
            "importance": st.sampled_from(importances),
            "complete": st.booleans(),
            "created": st.none() | _WHEN,
            "title": texts(40),
            "status_explanation": st.none() | texts(20),
            "dates": st.dictionaries(st.sampled_from(["date_closed", "date_triaged"]), _WHEN),
            "extra": extras(),
        }
    )


def _whole(
    names: Names, number: int, closed: bool, title: str, text: str, more: dict[str, Any]
) -> Issue:
    """An issue in which all keys are of it, and comments stand in the order of their index."""
    of = bug(names, number)
    task = Task(**{**_fields(of.tasks[0]), **more["task"]})
    access = Access(people=(names.somebody,)) if closed else None
    return Issue(
        key=of.key,
        kind="bug",
        name=of.name,
        title=title,
        home=of.home,
        description=text,
        author=names.somebody if more["author"] else None,
        created=more["created"],
        updated=more["updated"],
        private=closed,
        information_type="Private" if closed else "Public",
        access=access,
        tags=tuple(more["tags"]),
        tasks=(task,),
        comments=tuple(_comment(names, number, i, c) for i, c in enumerate(more["comments"])),
        attachments=tuple(
            _attachment(names, number, i, *each) for i, each in enumerate(more["attachments"])
        ),
        relations=tuple(_relation(names, one) for one in more["relations"]),
        history=tuple(more["history"]),
        subscriptions=tuple(
            Subscription(person=names.key("person", f"reader{i}"))
            for i in range(more["subscriptions"])
        ),
        work_items=tuple(
            _work_item(names, number, i, told) for i, told in enumerate(more["work_items"])
        ),
        extra=more["extra"],
    )


def _work_item(names: Names, number: int, index: int, told: dict[str, Any]) -> WorkItem:
    return work_item(
        names,
        number,
        index,
        title=told["title"],
        status=told["status"],
        complete=told["status"] == "DONE",
        assignee=names.somebody if told["assigned"] else None,
        milestone=names.key("milestone", f"{names.project}/+milestone/1.0")
        if told["milestone"]
        else None,
        extra=told["extra"],
    )


def _comment(names: Names, number: int, index: int, told: dict[str, Any]) -> Comment:
    of = names.key("comment", f"{number}/{index}")
    fate = told["fate"]
    return Comment(
        key=of,
        index=index,
        home=names.home(of),
        text=told["text"] if fate == "shown" else "",
        subject=told["subject"],
        author=names.somebody,
        created=told["created"],
        edited=told["edited"],
        deleted=datetime(2020, 1, 1, tzinfo=UTC) if fate == "deleted" else None,
        withheld="hidden" if fate == "hidden" else None,
        extra=told["extra"],
    )


def _attachment(names: Names, number: int, index: int, title: str, patch: bool) -> Attachment:
    of = names.key("attachment", f"{number}/{index}")
    return Attachment(key=of, title=title, home=names.home(of), patch=patch, comment=index)


def _relation(names: Names, told: dict[str, Any]) -> Relation:
    to = names.key("bug", told["number"]) if told["number"] else None
    url = names.home(to) if to else f"{names.web}/elsewhere"
    return Relation(kind=told["kind"], label=told["label"], url=url, to=to)


def _fields(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in task.__struct_fields__}
