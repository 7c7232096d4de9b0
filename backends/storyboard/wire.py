"""What passes between the planner's names and StoryBoard's JSON: dates, ids, bodies, addresses.

In a planner's fields every id is a string, as references close to; on the wire it is a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tracker_migrate.checked import web_address
from tracker_migrate.errors import Doubtful, UsageError

#: ids are a signed INT there; the last one would make every later POST fail (facts 13)
LAST_ID = 2_147_483_600
#: bytes of the longest text: 15 MB went through, 17 MB broke the database (facts 8)
TEXT_MAX = 15_000_000

#: the fields of each kind that are sent and read back as they are
STORY = ("title", "description", "is_bug", "private", "created_at")
TASK = ("title", "status", "priority", "link", "created_at")
TASK_IDS = ("story_id", "project_id", "branch_id", "milestone_id", "assignee_id")
COMMENT = ("content", "created_at")


def moment(when: datetime | None) -> str | None:
    """A date as StoryBoard takes and gives it: whole seconds, with its zone (naive is a 500)."""
    if when is None:
        return None
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.replace(microsecond=0).isoformat()


def same_moment(one: str | None, other: str) -> bool:
    """Whether two dates of the wire are the same second."""
    try:
        return moment(datetime.fromisoformat(one or "")) == moment(datetime.fromisoformat(other))
    except (TypeError, ValueError, OverflowError):
        return False


def number(value: Any) -> int:
    """An id as the wire wants it; ValueError if it is none."""
    return int(value)


def optional(value: Any) -> int | None:
    """An id that may be missing."""
    return None if value is None else int(value)


def name_of(value: Any) -> str | None:
    """An id as the planner's fields have it."""
    return None if value is None else str(value)


def story_body(fields: Mapping[str, Any], me: int, first: int | None = None) -> dict[str, Any]:
    """The body of a story's POST or PUT. me: the importer. first: who acts, if it is somebody else.

    A private one names the acting user first: who is not in the list loses access at once, and a
    reader that turns out to be unknown cuts the list off there (facts 4 and 13). The importer comes
    next, and always; who acts and is no reader is not let in. A public one must not name readers at
    all: empty lists are refused.
    """
    body = {name: fields[name] for name in STORY if fields.get(name) is not None}
    if fields.get("private") is False:
        return body
    if fields.get("private") or "users" in fields:
        others = [number(user) for user in fields.get("users") or ()]
        acting = [first] if first in others else []
        body["users"] = [{"id": user} for user in dict.fromkeys((*acting, me, *others))]
    if fields.get("teams") is not None:
        body["teams"] = [{"id": number(team)} for team in fields["teams"]]
    return body


def numbered(body: Mapping[str, Any], number: int | None) -> dict[str, Any]:
    """The body of a POST under the number that was chosen, if one was."""
    return dict(body) if number is None else {"id": number, **body}


def id_of(row: Any, chosen: int | None = None) -> str:
    """The id in the reply to a POST. Raises Doubtful if it says none, or another than was chosen:
    what stands there need not be ours."""
    if not isinstance(row, dict) or not isinstance(row.get("id"), int):
        raise Doubtful("StoryBoard took the request, but does not say under which id")
    same_number(row["id"], chosen)
    return str(row["id"])


def same_number(told: int, chosen: int | None) -> None:
    """Raise Doubtful if a reply tells of another number than was chosen."""
    if chosen is not None and told != chosen:
        raise Doubtful("StoryBoard took the request, but tells of another id than was chosen")


def task_body(fields: Mapping[str, Any], create: bool) -> dict[str, Any]:
    """The body of a task's POST or PUT; None is sent only where a PUT has to clear a field."""
    body = {name: fields[name] for name in TASK if fields.get(name) is not None}
    for name in TASK_IDS:
        if name in fields and not (create and fields[name] is None):
            body[name] = optional(fields[name])
    return body


def comment_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a comment's POST or PUT."""
    return {name: fields[name] for name in COMMENT if fields.get(name) is not None}


def story_fields(row: Mapping[str, Any], me: int) -> dict[str, Any]:
    """A story as read, under the planner's names. We ourselves are never named as a reader."""
    fields = {name: row[name] for name in STORY if name in row}
    shown = bool(row.get("private"))
    for name in ("users", "teams"):
        if name in row:
            ids = {int(one["id"]) for one in row[name] or ()} if shown else set()
            fields[name] = [str(one) for one in sorted(ids - {me} if name == "users" else ids)]
    return fields


def task_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """A task as read, under the planner's names."""
    fields = {name: row[name] for name in TASK if name in row}
    return fields | {name: name_of(row[name]) for name in TASK_IDS if name in row}


def comment_fields(row: Mapping[str, Any], story: str) -> dict[str, Any]:
    """A comment as read, under the planner's names."""
    return {name: row[name] for name in COMMENT if name in row} | {"story_id": story}


def size(text: str) -> int:
    """Bytes of a text as UTF-8."""
    return len(text.encode("utf-8", "replace"))


def largest(fields: Mapping[str, Any]) -> int:
    """Bytes of the longest text of some fields, as UTF-8."""
    return max((size(one) for one in fields.values() if isinstance(one, str)), default=0)


def api_base(address: str) -> str:
    """The API's address with its version, from what a person gives: `https://host/api` or
    `https://host/api/v1`. Raises UsageError if it is no web address, or holds a secret."""
    try:
        split = urlsplit(web_address(address))
    except ValueError as error:
        raise UsageError(f"address: {error} (that of StoryBoard's API)") from None
    path = split.path.rstrip("/")
    path = path if path.endswith("/v1") else f"{path}/v1"
    return urlunsplit((split.scheme, split.netloc, path, "", ""))


def web_root(base: str) -> str:
    """Where people see the stories of an API at `base`: the same host, without `/api/v1`."""
    return base.removesuffix("/v1").removesuffix("/api")


def story_url(web: str, story: str | int) -> str:
    """A story's address for people."""
    return f"{web}/#!/story/{story}"


def comment_url(web: str, story: str | int, comment: str | int) -> str:
    """A comment's address for people."""
    return f"{story_url(web, story)}#comment-{comment}"


def story_in(url: str) -> str | None:
    """The story's id in an address that `story_url` or `comment_url` made."""
    _, found, rest = url.partition("/#!/story/")
    return rest.partition("#")[0] or None if found else None
