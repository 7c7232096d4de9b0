"""Reading one bug or one blueprint whole, with as few requests as that takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from tracker_migrate.backends.launchpad import reticent, wire_blueprint, wire_bug
from tracker_migrate.backends.launchpad.answers import Got
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.gathering import Gathered
from tracker_migrate.backends.launchpad.wire import (
    Entry,
    below,
    encode,
    is_private,
    is_public,
    sound,
    text,
)
from tracker_migrate.backends.launchpad.wire_blueprint import Links
from tracker_migrate.backends.launchpad.wire_bug import Parts
from tracker_migrate.backends.launchpad.wire_fields import FIELDS
from tracker_migrate.errors import Gone, Refused, Retriable
from tracker_migrate.interfaces import Reading, Reply
from tracker_migrate.model import Access, Issue, Relation

#: the collections of every bug. The history comes last: what happened while the others were read
#: stands in it
_BUG = (
    ("tasks", "bug_tasks"),
    ("messages", "messages"),
    ("attachments", "attachments"),
    ("subscriptions", "subscriptions"),
    ("activity", "activity"),
)
_BLUEPRINT = (
    ("dependencies", "dependencies"),
    ("bugs", "bugs"),
)
#: each watch of a bug that is younger stands in its history, whether a person, the web service or a
#: text made it (recordings nova-sample, changes); of older ones there may be no row (recordings
#: firefox, debian), nor of a bug that was brought from another tracker, watches and all: its
#: history does not begin when it was reported
_WATCHES_TOLD = "2012"
_SLOW_COMMIT = timedelta(seconds=5)  # a change may show so much later than it says (facts 12)
_USUAL_PAGE, _LONGEST_PAGE = 75, 300

_STAMP = re.compile(r"[ -~]{1,300}")

#: says of a bug's number whether a search found it to have `cves` or `branches`
Hint = Callable[[str, int], bool]
#: what of a bug is asked for though nothing says that there is any (`opening.Options.also`)
Also = Collection[str]
#: says of a blueprint, by its path and its project's, which series it is a goal of
Goal = Callable[[str, str], Relation | None]
#: says of an issue that is not public who may read it
Readers = Callable[[Issue], Access]


def bug(
    client: Client,
    number: str,
    known: str,
    hint: Hint,
    readers: Readers | None = None,
    also: Also = (),
) -> Reading | None:
    """A bug: six requests, one more each for duplicates, watches, CVEs, branches, merge proposals
    and nominations if something says that it has some (or `also` names them), one for each edited
    comment if `also` wants what comments said before, and what `readers` takes
    if it is not public (and one for each branch and proposal that is linked to it then).

    None, after one request, if its stamp is still `known`. If something looks as if it changed
    while it was read, one more request asks, and if it did, all is read once more. Raises Gone,
    Refused, Retriable.
    """
    path = f"bugs/{number}"
    first = client.unchanged(path, known.partition(" ")[0])
    if first is None or stamp(first.value) == known:
        return None
    for again in (False, True):
        _admit(client, first.value)
        gathered = Gathered(first)
        parts = _parts(client, path, gathered, hint, also)
        if _looks_settled(gathered, parts):
            break
        now = client.unchanged(path, first.value["http_etag"])
        if now is None:
            break
        if again and is_private(now.value) != is_private(first.value):
            raise Retriable("its visibility changes while it is read")
        if not again:
            first = now
    issue = _read_by(readers, wire_bug.issue(first.value, parts, mended=gathered.mended))
    issue = _same(sound(gathered.less(issue)), number)
    return Reading(issue=issue, replies=tuple(gathered.replies), stamp=stamp(first.value))


def stamp(value: Entry) -> str:
    """What changes when a bug does, as far as Launchpad tells: its etag and its date."""
    return plain(f"{value['http_etag']} {value['date_last_updated']}")


def plain(stamp: str) -> str:
    """A stamp that a database can hold. Raises ValueError."""
    if not _STAMP.fullmatch(stamp):
        raise ValueError("an etag that is none")
    return stamp


def _admit(client: Client, value: Entry) -> None:
    """What is not public is as good as not there, unless `private` is read: what was read of it
    before is to be forgotten, and what was written of it to be closed."""
    if is_private(value) and not client.private:
        raise Gone("not public any more, or never was: only with `private` is it read")


def _parts(client: Client, path: str, gathered: Gathered, hint: Hint, also: Also) -> Parts:
    head = gathered.first.value
    parts = Parts()
    long = _LONGEST_PAGE if head["message_count"] > _USUAL_PAGE else None
    for field, name in _BUG:
        size = long if name in ("messages", "activity") else None
        setattr(parts, field, gathered.rows(client, path, name, size))
    if not parts.tasks:
        raise Refused("none of its tasks is to be seen by this reader")
    changes = {row["whatchanged"] for row in parts.activity}
    if _may_be_watching(head, parts, gathered, changes) or "watches" in also:
        parts.watches = gathered.rows(client, path, "bug_watches")
    if head["number_of_duplicates"]:
        parts.duplicates = gathered.rows(client, path, "duplicates")
    told = wire_bug.cves_by_history(parts.activity) if client.anonymous else ()
    if told:
        parts.told_cves = told  # the list itself is for those who are logged in (facts 4)
    elif "cve linked" in changes or hint("cves", head["id"]):
        parts.cves = gathered.rows(client, path, "cves")
        parts.hidden_cves = max(0, gathered.totals.get("cves", 0) - len(parts.cves))
    if "branch linked" in changes or hint("branches", head["id"]):
        parts.branches = gathered.branches(client, path)
    if "merge proposal linked" in changes or "merge_proposals" in also:
        parts.proposals = gathered.proposals(client, path)
    if "nominated for series" in changes or "nominations" in also:
        parts.nominations = gathered.nominations(client, path)
    if "earlier_comments" in also and not client.anonymous:
        parts.revisions = [
            (row, gathered.rows(client, below(row["self_link"]), "revisions"))
            for row in parts.messages
            if row["date_last_edited"] and row["visible"] is True and not row["date_deleted"]
        ]
    return parts


def _may_be_watching(
    head: Entry, parts: Parts, gathered: Gathered, changes: Collection[str]
) -> bool:
    """Whether a bug may have watches: nothing counts them (facts 10)."""
    reported = str(head["date_created"] or "")
    begins = {row["datechanged"] for row in parts.activity if row["message"] == "added bug"}
    return (
        "bug watch added" in changes
        or reported not in begins
        or reported < _WATCHES_TOLD
        or "activity" in gathered.not_told
        or any(row["bug_watch_link"] for row in parts.tasks)
    )


def _looks_settled(gathered: Gathered, parts: Parts) -> bool:
    """Whether nothing hints at a change of the bug between the first request and the last."""
    head = gathered.first.value
    if gathered.totals["messages"] != head["message_count"]:
        return False
    newest = max(
        max((row["datechanged"] for row in parts.activity), default=""),
        max((row["date_created"] for row in parts.messages), default=""),
    )
    under_way = (gathered.first.when - _SLOW_COMMIT).isoformat()
    if newest > head["date_last_updated"] and newest >= under_way:
        return False
    # neither a change of visibility nor what is written after it need move the bug's date (facts 3)
    closings = [row for row in parts.activity if row["whatchanged"] == "information type"]
    if not closings:
        return True
    last = max(closings, key=lambda row: str(row["datechanged"]))
    return bool(last["newvalue"] == head["information_type"])


def _same(issue: Issue, name: str) -> Issue:
    """The issue, if it is the one that was asked for: under its key another would be lost."""
    if issue.name != name:
        raise Refused("Launchpad answers with another one")
    return issue


def _read_by(readers: Readers | None, issue: Issue) -> Issue:
    if readers is None or not issue.private:
        return issue
    return structs.replace(issue, access=readers(issue))


def blueprint(
    client: Client,
    name: str,
    known: str,
    listed: Entry | None,
    readers: Readers | None = None,
    goal: Goal | None = None,
) -> Reading | None:
    """A blueprint: four requests, or three if a listing has just brought the thing itself, and
    what `readers` takes if it is not public (and one for each branch that is linked to it then),
    and what `goal` takes.

    listed: that. None if its stamp is still `known`. Raises as `bug` does.
    """
    first = _listed(client, name, listed) if listed else client.unchanged(name, known)
    if first is None or (known and first.value["http_etag"] == known):
        return None
    _admit(client, first.value)
    gathered = Gathered(first)
    links = Links()
    for field, collection in _BLUEPRINT:
        setattr(links, field, gathered.rows(client, name, collection))
    links.branches = gathered.branches(client, name)
    links.goal = goal(name, below(first.value["target_link"])) if goal is not None else None
    issue = _read_by(readers, wire_blueprint.issue(first.value, links, mended=gathered.mended))
    issue = gathered.less(issue)
    if readers is not None and issue.private:
        issue = reticent.with_known_dependencies(issue, links.dependencies, readers)
    etag = plain(text(first.value["http_etag"]))
    issue = _same(sound(issue), name)
    return Reading(issue=issue, replies=tuple(gathered.replies), stamp=etag)


def public_now(client: Client, path: str) -> bool:
    """Whether everybody may read a bug or blueprint at this moment. One request, past any proxy's
    memory. False for what is not there, not to be seen, or not to be understood.

    Raises Retriable, LoginNeeded, Unreachable.
    """
    try:
        return is_public(client.fresh(path).value)
    except (Gone, Refused):
        return False


def _listed(client: Client, name: str, row: Entry) -> Got:
    reply = Reply(url=client.address(name), status=200, body=encode(row))
    return Got(value=row, reply=reply, when=datetime.now(UTC))


def understood(what: str, made: Callable[[], Any]) -> Any:
    """What `made` returns; what it can't make sense of is Refused, without a word of its text."""
    with understanding(what):
        return made()


@contextmanager
def understanding(what: str) -> Iterator[None]:
    """Around making sense of replies: where there is none it is Refused."""
    try:
        yield
    except KeyError as error:
        field = error.args[0] if error.args else ""
        if isinstance(field, str) and field in FIELDS:
            raise Refused(f"{what}: Launchpad's reply lacks '{field}'") from None
        raise Refused(f"{what}: not what Launchpad sends (KeyError)") from None
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise Refused(f"{what}: not what Launchpad sends ({type(error).__name__})") from None
