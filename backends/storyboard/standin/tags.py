"""Tags: names that everybody sees, put on stories and taken off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker_migrate.backends.storyboard.standin import acl, events, sqltext, summary
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.collation import fold
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing, taken
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.store import Row, Store

LONGEST = 50
MORE = "DELETE statement on table 'story_storytags' expected to delete"
NO_ENCODING = "Invalid Parameter: Encoding directive wasn't provided."


def _entries(call: Call, rows: Sequence[Row]) -> list[dict[str, Any]]:
    sql = (
        "SELECT tag_id, count(DISTINCT story_id) AS uses FROM story_tag"
        " WHERE tag_id IN ({numbers}) GROUP BY tag_id"
    )
    found = call.store.among(sql, [row["id"] for row in rows])
    uses = {row["tag_id"]: row["uses"] for row in found}
    return [_entry(row, {"popularity": uses.get(row["id"], 0)}) for row in rows]


def _entry(row: Row, more: dict[str, Any]) -> dict[str, Any]:
    stamps = {name: row[name] for name in ("id", "created_at", "updated_at")}
    return {"name": row["name"], **more, **stamps}


def list_all(call: Call) -> list[dict[str, Any]]:
    """GET /tags: it takes limit and marker, and tells no headers (tag-rules)."""
    if call.args.get("story_id") is not None:
        return _of_story(call, call.args["story_id"])
    query = Query("tag", ("id", "name", "created_at", "updated_at")).alike(call, "name")
    return _entries(call, fetch(call, query, total=False))


def list_of_story(call: Call) -> list[dict[str, Any]]:
    """GET /stories/{id}/tags."""
    return _of_story(call, call.numbers[0])


def _of_story(call: Call, number: int) -> list[dict[str, Any]]:
    acl.story_for(call, number)
    sql = (
        "SELECT tag.* FROM story_tag JOIN tag ON tag.id = tag_id WHERE story_id = ?"
        " GROUP BY tag_id ORDER BY min(place)"
    )
    return _entries(call, call.store.all(sql, (number,)))


def get(call: Call) -> dict[str, Any]:
    """GET /tags/{id}: a tag's number, although PUT and DELETE take a story's here (facts 13)."""
    number = call.numbers[0]
    row = call.store.get("tag", number)
    if row is None:
        raise missing("Tag", number)
    return _entries(call, [row])[0]


def post(call: Call) -> dict[str, Any]:
    """POST /tags {"tag_name": ...}."""
    given = call.body if isinstance(call.body, dict) else {}
    for name in given:
        if name != "tag_name":
            raise Fault(400, f'Unknown argument: "{name}"')
    if "tag_name" not in given:
        raise Fault(400, 'Missing argument: "tag_name"')
    row = call.store.get("tag", create(call, given["tag_name"]))
    assert row is not None
    return {**_entry(row, {}), "created_at": call.moment}


def create(call: Call, name: Any) -> int:
    text = None if name is None else str(name)
    if text is not None:
        _check(call, text)
    values = {"name": text, "folded": fold(text), "created_at": call.stamp}
    number = call.store.take("tag")
    return call.store.insert("tag", {**values, "id": number}, taken("StoryTag", text))


def _check(call: Call, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Fault(500, NO_ENCODING) from None
    if len(text) > LONGEST:
        given = {"created_at": call.now, "name": text}
        raise sqltext.failed_insert("tag", sqltext.too_long("name"), given)


def wanted(body: Any) -> list[Any]:
    """The names in a body; what is no list is taken apart as the server does (tag-rules)."""
    if isinstance(body, dict):
        return [*(body.get("tags") or ()), *body]
    return list(body or ())


def put(call: Call) -> dict[str, Any]:
    """PUT /tags/{story}: adds all or none; a name that is there already refuses the whole list."""
    story = acl.story_for(call, call.numbers[0])
    names = wanted(call.body)
    there = summary.tags(call.store, [story["id"]]).get(story["id"], [])
    for name in names:
        if name in there:
            raise Fault(400, f"The Story {story['id']} already has a tag {name}")
        there.append(name)
        _link(call, story["id"], known(call, name) or create(call, name))
    _note(call, "tags_added", story, names)
    row = call.store.get("story", story["id"])
    assert row is not None
    return summary.tagged(call, row)


def known(call: Call, name: Any) -> int | None:
    if name is None:
        return None
    found: int | None = call.store.value(
        "SELECT id FROM tag WHERE folded = ?", (fold(_searchable(str(name))),)
    )
    return found


def _searchable(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Fault(500, NO_ENCODING) from None
    return name


def _link(call: Call, story: int, tag: int) -> None:
    sql = "SELECT 1 FROM story_tag WHERE story_id = ? AND tag_id = ?"
    if call.store.one(sql, (story, tag)) is None:
        call.store.run("INSERT INTO story_tag (story_id, tag_id) VALUES (?, ?)", (story, tag))


def link_twice(store: Store, story: int) -> None:
    """What two requests at one moment leave: nothing in the schema forbids a second row of a tag on
    a story (four PUTs at once left four, on a server), and no GET shows it."""
    sql = "INSERT INTO story_tag (story_id, tag_id) SELECT DISTINCT story_id, tag_id FROM story_tag"
    store.run(f"{sql} WHERE story_id = ?", (story,))


def unlink(call: Call, story: int, tags: Sequence[int]) -> None:
    """Take tags off a story; 500, and nothing is done, if one is linked to it twice."""
    marks = ",".join("?" * len(tags))
    where, given = f"story_tag WHERE story_id = ? AND tag_id IN ({marks})", (story, *tags)
    sql = f"SELECT count(DISTINCT tag_id) AS links, count(*) AS found FROM {where}"
    row = call.store.one(sql, given)
    assert row is not None
    if row["links"] != row["found"]:
        expected, found = row["links"], row["found"]
        raise Fault(500, f"{MORE} {expected} row(s); Only {found} were matched.")
    call.store.run(f"DELETE FROM {where}", given)


def _note(call: Call, kind: str, story: Row, names: list[Any]) -> None:
    info = {
        "story_id": story["id"],
        "author_id": call.user,
        "story_title": story["title"],
        "tags": names,
    }
    events.write(call, kind, info, story_id=story["id"])


def delete(call: Call) -> None:
    """DELETE /tags/{story}: takes off all or none."""
    story = acl.story_for(call, call.numbers[0])
    names = wanted(call.body)
    there = summary.tags(call.store, [story["id"]]).get(story["id"], [])
    for name in names:
        if name not in there:
            raise Fault(404, f"The Story {story['id']} has no tag {name}")
        match = "name IS ?" if name is None else "folded = ?"
        rows = call.store.all(f"SELECT id FROM tag WHERE {match}", (fold(name),))
        unlink(call, story["id"], [row["id"] for row in rows])
    _note(call, "tags_deleted", story, names)
