"""A bug and its collections, as Launchpad sends them, become an `Issue`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from tracker_migrate.backends.launchpad.wire import (
    MENDED,
    TRACKER,
    Entry,
    below,
    bug_key,
    date,
    extra,
    given,
    is_private,
    milestone_key,
    person_key,
    place_keys,
    text,
)
from tracker_migrate.backends.launchpad.wire_becomes import STATUS_DATES
from tracker_migrate.model import (
    Attachment,
    Change,
    Comment,
    Issue,
    Key,
    Relation,
    Subscription,
    Task,
    key,
)

#: what is kept of a merge proposal; the rest is about code
_PROPOSAL = ("queue_status", "date_created", "date_merged", "registrant_link")


class Parts(msgspec.Struct, kw_only=True):
    """What a bug's collections hold; from the duplicates on they are not asked for unless there is
    something. told_cves: the numbers of those that the history names. hidden_cves: how many there
    are that this reader is not told. revisions: messages that were edited, with the texts that each
    had before."""

    tasks: Sequence[Entry] = ()
    messages: Sequence[Entry] = ()
    attachments: Sequence[Entry] = ()
    subscriptions: Sequence[Entry] = ()
    watches: Sequence[Entry] = ()
    activity: Sequence[Entry] = ()
    duplicates: Sequence[Entry] = ()
    cves: Sequence[Entry] = ()
    branches: Sequence[Entry] = ()
    nominations: Sequence[Entry] = ()
    proposals: Sequence[Entry] = ()
    told_cves: Sequence[str] = ()
    revisions: Sequence[tuple[Entry, Sequence[Entry]]] = ()
    hidden_cves: int = 0


def issue(bug: Entry, parts: Parts, *, mended: bool = False) -> Issue:
    """A bug, whole. Raises KeyError, TypeError or ValueError if it is not what Launchpad sends."""
    number = str(bug["id"])
    more = extra("bug", bug)
    if mended:
        more["note"] = MENDED
    return Issue(
        key=bug_key(number),
        kind="bug",
        name=number,
        title=text(bug["title"]),
        home=bug["web_link"],
        description=text(bug["description"]),
        author=person_key(bug["owner_link"]),
        created=date(bug["date_created"]),
        updated=date(bug["date_last_updated"]),
        private=is_private(bug),
        information_type=bug["information_type"],
        tags=tuple(bug["tags"]),
        tasks=_tasks(number, parts),
        comments=_comments(number, parts.messages),
        attachments=tuple(_attachment(number, row) for row in parts.attachments),
        relations=_relations(bug, parts),
        history=_history(parts),
        subscriptions=subscriptions(parts.subscriptions),
        extra=more,
    )


def _tasks(number: str, parts: Parts) -> tuple[Task, ...]:
    watches = {row["self_link"]: row["url"] or row["title"] for row in parts.watches}
    made = (_task(number, row, watches) for row in parts.tasks)
    return tuple({task.key: task for task in made}.values())


def task_key(number: str, row: Entry) -> Key:
    """The key of a bug's task."""
    return key(TRACKER, "task", f"{number}@{below(row['target_link'])}")


def _task(number: str, row: Entry, watches: dict[str, str]) -> Task:
    target, project, series = place_keys(below(row["target_link"]))
    watch = given(row["bug_watch_link"])
    dates = {name: when for name in STATUS_DATES if (when := date(row.get(name))) is not None}
    return Task(
        key=task_key(number, row),
        target=target,
        target_name=row["bug_target_name"],
        project=project,
        home=row["web_link"],
        title=text(row["title"]),
        series=series,
        status=row["status"],
        importance=row["importance"],
        assignee=person_key(row["assignee_link"]),
        milestone=milestone_key(row["milestone_link"]),
        author=person_key(row["owner_link"]),
        created=date(row["date_created"]),
        closed=date(row["date_closed"]),
        complete=row["is_complete"],
        status_explanation=given(row.get("status_explanation")) or None,
        importance_explanation=given(row.get("importance_explanation")) or None,
        watch=watches.get(watch, watch) if watch else None,
        dates=dates,
        extra=extra("bug_task", row),
    )


def _index(link: str) -> int:
    return int(link.rpartition("/comments/")[2])


def _comments(number: str, rows: Sequence[Entry]) -> tuple[Comment, ...]:
    # by index: pages that shift repeat rows, and order is by the index, not by date
    made = {_index(row["self_link"]): row for row in rows}
    return tuple(_comment(number, index, made[index]) for index in sorted(made))


def _comment(number: str, index: int, row: Entry) -> Comment:
    hidden = row["visible"] is not True
    deleted = date(row["date_deleted"])
    return Comment(
        key=key(TRACKER, "comment", f"{number}/{index}"),
        index=index,
        home=row["web_link"],
        text="" if hidden or deleted else text(row["content"]),
        subject="" if hidden else text(row["subject"]),
        author=person_key(row["owner_link"]),
        created=date(row["date_created"]),
        edited=date(row["date_last_edited"]),
        deleted=deleted,
        withheld="hidden" if hidden else None,
        extra=extra("message", row),
    )


def _attachment(number: str, row: Entry) -> Attachment:
    name = row["self_link"].rpartition("/+attachment/")[2]
    message = given(row["message_link"])
    url = given(row["url"])
    return Attachment(
        key=key(TRACKER, "attachment", f"{number}/{name}"),
        title=text(row["title"]),
        home=row["web_link"],
        patch=row["type"] == "Patch",
        url=url,
        data=given(row["data_link"]) if url is None else None,
        comment=_index(message) if message else None,
        extra=extra("bug_attachment", row),
    )


def _history(parts: Parts) -> tuple[Change, ...]:
    """The log, with the texts that comments had before at the time when each was written."""
    rows = [_change(row) for row in parts.activity]
    earlier = [_earlier(message, row) for message, old in parts.revisions for row in old]
    if not earlier:
        return tuple(rows)
    return tuple(sorted((*rows, *earlier), key=lambda one: one.when))


def _earlier(message: Entry, row: Entry) -> Change:
    return Change(
        when=date(row["date_created"]),  # type: ignore[arg-type] # every one has one
        what=f"comment {_index(message['self_link'])}",
        old="" if row["date_deleted"] else text(row["content"]),
        author=person_key(message["owner_link"]),
    )


def _change(row: Entry) -> Change:
    return Change(
        when=date(row["datechanged"]),  # type: ignore[arg-type] # every row has one
        what=row["whatchanged"],
        old=row["oldvalue"],
        new=row["newvalue"],
        message=row["message"],
        author=person_key(row["person_link"]),
        extra=extra("bug_activity", row),
    )


def subscriptions(rows: Sequence[Entry]) -> tuple[Subscription, ...]:
    """Who is subscribed, but for those whose names we may not know."""
    known = ((person_key(row["person_link"]), row) for row in rows)
    return tuple(_subscription(person, row) for person, row in known if person is not None)


def _subscription(person: Key, row: Entry) -> Subscription:
    return Subscription(
        person=person,
        level=given(row["bug_notification_level"]),
        created=date(row["date_created"]),
        by=person_key(row["subscribed_by_link"]),
        extra=extra("bug_subscription", row),
    )


# -- relations ----------------------------------------------------------------------------------


def _relations(bug: Entry, parts: Parts) -> tuple[Relation, ...]:
    found: list[Relation] = []
    if link := given(bug["duplicate_of_link"]):
        other = below(link).rpartition("/")[2]
        home = re.sub(r"\d+$", other, bug["web_link"])
        found.append(to_bug("duplicate_of", other, home))
    closed = is_private(bug)
    found += [
        to_bug("duplicate", row["id"], row["web_link"])
        for row in parts.duplicates
        if closed or not is_private(row)
    ]
    found += [branch(row, "bug_branch") for row in parts.branches]
    found += [proposal(row) for row in parts.proposals]
    found += [_nomination(row, bug) for row in parts.nominations]
    found += [_cve(row) for row in parts.cves]
    found += [_told_cve(number, bug) for number in parts.told_cves]
    found += [_hidden_cve(bug)] * parts.hidden_cves
    found += [_watch(row) for row in parts.watches]
    return tuple(found)


def to_bug(kind: str, number: int | str, home: str) -> Relation:
    """A relation to a bug. Its label is no more than the number: the bug may be private."""
    return Relation(kind=kind, label=f"LP #{number}", url=home, to=bug_key(number))


def branch(row: Entry, entity: str) -> Relation:
    """A linked branch, with its page's address: that of the link to it, less what was linked; of a
    blueprint's link, whose address names the blueprint, the branch's own below the same site."""
    home = re.sub(r"/\+bug/\d+$", "", row["web_link"])
    if entity == "specification_branch":
        home = _page(row["web_link"], row["branch_link"])
    label = "lp:" + home.partition("://")[2].partition("/")[2]
    return Relation(kind="branch", label=label, url=home, extra=extra(entity, row))


def _page(beside: str, link: str) -> str:
    """The page of what a link names, on the site that another page belongs to."""
    scheme, _, rest = beside.partition("://")
    host = rest.partition("/")[0]
    for front in ("bugs.", "blueprints."):
        host = host.removeprefix(front)
    return f"{scheme}://{host}/{below(link)}"


def proposal(row: Entry) -> Relation:
    """A merge proposal [S]: its page, and how far it is."""
    home = text(row["web_link"])
    label = "lp:" + home.partition("://")[2].partition("/")[2]
    held = {name: row.get(name) for name in _PROPOSAL}
    more = {name: value for name, value in extra("bug_branch", held).items() if value}
    return Relation(kind="merge_proposal", label=label, url=home, extra=more)


def _nomination(row: Entry, bug: Entry) -> Relation:
    """That somebody asked for a fix in a series, and what came of it."""
    to = row["target_link"]
    more = extra("bug_nomination", row)
    return Relation(kind="nomination", label=below(to), url=_page(bug["web_link"], to), extra=more)


def cves_by_history(rows: Sequence[Entry]) -> tuple[str, ...]:
    """The numbers of the CVEs that were linked and not unlinked again, as a bug's history tells
    everybody."""
    linked: dict[str, None] = {}
    for row in rows:
        if row["whatchanged"] == "cve linked" and row["newvalue"]:
            linked[text(row["newvalue"])] = None
        elif row["whatchanged"] == "cve unlinked":
            linked.pop(text(row["oldvalue"]), None)
    return tuple(linked)


def _told_cve(number: str, bug: Entry) -> Relation:
    """One that the history names, with Launchpad's own page of it."""
    page = _page(bug["web_link"], f"/devel/bugs/cve/{number}")
    return Relation(kind="cve", label=f"CVE-{number}", url=page)


def _hidden_cve(bug: Entry) -> Relation:
    """Whoever is not logged in is told only that there is one (facts 4)."""
    label = "one that Launchpad names to those who are logged in"
    return Relation(kind="cve", label=label, url=bug["web_link"])


def _cve(row: Entry) -> Relation:
    return Relation(
        kind="cve", label=row["display_name"], url=text(row["url"]), extra=extra("cve", row)
    )


def _watch(row: Entry) -> Relation:
    more: dict[str, Any] = extra("bug_watch", row)
    return Relation(kind="watch", label=text(row["title"]), url=text(row["url"]), extra=more)
