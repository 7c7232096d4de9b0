"""Who may read a private story: the people on its list and the members of its teams (facts 4).

A superuser sees nothing extra. The list hangs on a permission row that outlives its story.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing, taken
from tracker_migrate.backends.storyboard.standin.store import Row, Store

NO_PERSON = "'NoneType' object has no attribute 'permissions'"
NOBODY_LEFT = "Can't make a private story have no users or teams"
NO_FLUSH = "Can't flush None value found in collection Permission."

READ_BY = """
  SELECT sp.story_id FROM story_permission sp JOIN permission_user USING (permission_id)
  WHERE user_id = ?
  UNION SELECT sp.story_id FROM story_permission sp JOIN permission_team USING (permission_id)
  JOIN team_member USING (team_id) WHERE user_id = ?"""
HIDDEN = f"SELECT id FROM story WHERE private = 1 AND id NOT IN ({READ_BY})"
READS = f"SELECT 1 WHERE ? IN ({READ_BY})"


def visible(column: str) -> str:
    """The condition on a column that holds a story's number; takes the reader twice."""
    return f"{column} NOT IN ({HIDDEN})"


def seen(kind: str) -> str:
    """The numbers of the stories or tasks that a reader sees; takes the reader twice."""
    column = "id" if kind == "story" else "story_id"
    return f"SELECT id FROM {kind} WHERE {visible(column)}"


def sees(call: Call, kind: str, number: int | None) -> bool:
    """Whether a story or task is there, and the caller may read it."""
    sql = f"SELECT 1 WHERE ? IN ({seen(kind)})"
    return call.store.one(sql, (number, call.user, call.user)) is not None


def reads(call: Call, story: Row) -> bool:
    """Whether the caller may read a story."""
    if not story["private"]:
        return True
    return call.user is not None and listed(call, story["id"])


def listed(call: Call, story: int) -> bool:
    """Whether the caller is on a story's list, by name or by team, private or not."""
    return call.store.one(READS, (story, call.user, call.user)) is not None


def story_for(call: Call, number: int | None, dot: str = "", name: object = None) -> Row:
    """A story that is there and that the caller may read; 404 for both otherwise."""
    story = call.store.get("story", number)
    if story is None or not reads(call, story):
        raise missing("Story", number if name is None else name, dot)
    return story


def permission_of(store: Store, story: int) -> int | None:
    """The permission row of a story, public or private; None if it never had one."""
    found: int | None = store.value(
        "SELECT permission_id FROM story_permission WHERE story_id = ?", (story,)
    )
    return found


def create(call: Call, story: int, users: Sequence[int], teams: Sequence[int]) -> None:
    """A new permission row. An unknown person stops it half-way, and what is done stays.

    Scenario failed-private-create: 500, yet the readers named before the unknown one may read.
    """
    name = f"view_story_{story}"
    number = call.store.take("permission")
    refusal = taken("Permission", name)
    permission = call.store.insert("permission", {"id": number, "name": name}, refusal)
    link = "INSERT OR REPLACE INTO story_permission (story_id, permission_id) VALUES (?, ?)"
    call.store.run(link, (story, permission))
    for kind, numbers in (("user", users), ("team", teams)):
        for one in numbers:
            if not call.store.has(kind, one):
                raise Fault(500, NO_PERSON, keeps=True)
            _grant(call.store, kind, permission, one)


def replace(
    call: Call, permission: int, users: Sequence[int] | None, teams: Sequence[int] | None
) -> None:
    """Other readers for a permission row; None leaves that list. All or nothing."""
    for kind, numbers in (("user", users), ("team", teams)):
        if numbers is None:
            continue
        if not all(call.store.has(kind, one) for one in numbers):
            raise Fault(500, f"{NO_FLUSH}{kind}s")
        marks = ",".join("?" * len(numbers))
        gone = (
            f"DELETE FROM permission_{kind} WHERE permission_id = ? AND {kind}_id NOT IN ({marks})"
        )
        call.store.run(gone, (permission, *numbers))
        for one in numbers:
            _grant(call.store, kind, permission, one)


def _grant(store: Store, kind: str, permission: int, number: int) -> None:
    sql = f"INSERT OR IGNORE INTO permission_{kind} (permission_id, {kind}_id) VALUES (?, ?)"
    store.run(sql, (permission, number))


def readers(store: Store, kind: str, permission: int) -> list[int]:
    """The users or teams of a permission row, in the order in which they came."""
    sql = f"SELECT {kind}_id FROM permission_{kind} WHERE permission_id = ? ORDER BY place"
    return [row[0] for row in store.all(sql, (permission,))]
