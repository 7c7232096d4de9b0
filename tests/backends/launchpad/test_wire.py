"""What Launchpad said becomes the model, whole: every recorded bug, blueprint, place and person."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
import requests

from tests.backends.launchpad.recorded import (
    ADDRESS,
    RECORDINGS,
    Replies,
    bugs,
    needs_recordings,
    project,
    project_names,
    wire,
)
from tracker_migrate.backends.launchpad import reading, wire_blueprint, wire_bug, wire_places
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.wire import (
    REDACTED,
    named,
    place_keys,
    withhold,
)
from tracker_migrate.backends.launchpad.wire_fields import MODELLED, NOT_MODELLED, reason
from tracker_migrate.digest import canonical
from tracker_migrate.interfaces import Reading
from tracker_migrate.model import Issue
from tracker_migrate.replies import decode

Answers = Mapping[str, requests.Response | str]

API = f"{ADDRESS}/devel/"


def read(
    answers: Answers, number: str, *, private: bool = False, branches: bool = False
) -> Reading:
    """A recorded bug, read."""
    client = Client(ADDRESS, reader=Replies(answers), private=private)
    found = reading.bug(client, number, "", lambda what, bug: branches and what == "branches")
    assert found is not None
    return found


def rows(answers: Answers, path: str) -> list[dict[str, Any]]:
    """All entries of a recorded collection, as they came."""
    found: list[dict[str, Any]] = []
    for place, body in answers.items():
        if place.partition("?")[0] == f"/devel/{path}" and isinstance(body, str):
            found += json.loads(body)["entries"]
    return found


def assert_whole(answers: Answers, number: str, *, private: bool = False) -> Issue:
    """A bug has as many of everything as Launchpad sent, and no hidden word."""
    got = read(answers, number, private=private)
    issue = got.issue
    for field, name in (
        ("tasks", "bug_tasks"),
        ("comments", "messages"),
        ("attachments", "attachments"),
        ("history", "activity"),
        ("subscriptions", "subscriptions"),
    ):
        assert len(getattr(issue, field)) == len(rows(answers, f"bugs/{number}/{name}")), name
    raw = rows(answers, f"bugs/{number}/messages")
    by_index = {int(one["self_link"].rpartition("/")[2]): one for one in raw}
    assert [one.index for one in issue.comments] == sorted(by_index)
    for comment in issue.comments:
        row = by_index[comment.index]
        assert (comment.withheld is None) == row["visible"]
        assert comment.text == (row["content"] if row["visible"] else "")
    assert REDACTED.encode() not in canonical(issue)
    for hidden in (row for row in raw if not row["visible"] and row["content"]):
        assert hidden["content"] not in "".join(str(one.text) for one in issue.comments)
        assert all(hidden["content"].encode() not in one.body for one in got.replies)
    return issue


@needs_recordings
@pytest.mark.parametrize("name", ["nova-sample", "lab-bulk"])
def test_every_bug_of_a_recorded_project_is_read_whole(name: str) -> None:
    answers = wire(name)["anonymous"]
    numbers = bugs(answers)
    assert len(numbers) == {"nova-sample": 277, "lab-bulk": 700}[name]
    for number in numbers:
        assert_whole(answers, number)


@needs_recordings
@pytest.mark.parametrize("name", project_names())
def test_every_bug_of_the_small_projects_is_read_whole(name: str) -> None:
    for number in bugs(project(name)):
        assert_whole(project(name), number)


@needs_recordings
def test_every_viewer_gets_what_launchpad_shows_them() -> None:
    summary = json.loads((RECORDINGS / "wire" / "lab-private-summary.json").read_text())
    seen = {}
    for viewer, answers in wire("lab-private").items():
        seen[viewer] = bugs(answers)
        for number in seen[viewer]:
            issue = assert_whole(answers, number, private=True)
            assert issue.private == (issue.information_type not in ("Public", "Public Security"))
        readable = {summary["bugs"][role] for role in summary["viewers"][viewer]["readable"]}
        assert readable <= set(seen[viewer])
    assert len(seen["owner"]) == 21
    assert len(seen["anonymous"]) == 5


@needs_recordings
def test_a_hidden_comment_has_neither_text_nor_subject() -> None:
    got = read(project("lab-alpha"), "16")
    hidden = [one for one in got.issue.comments if one.withheld]
    assert [(one.index, one.text, one.subject, one.withheld) for one in hidden] == [
        (2, "", "", "hidden")
    ]
    assert hidden[0].author == "launchpad:person:no-priv"
    messages = next(one for one in got.replies if one.url.endswith("/messages"))
    assert messages.withheld == 1
    assert b"Another comment, no subject" not in messages.body
    assert b"A comment, edited twice" in messages.body


@needs_recordings
def test_a_deleted_comment_keeps_its_place_and_no_text() -> None:
    issue = read(project("lab-alpha"), "16").issue
    deleted = issue.comments[3]
    assert deleted.deleted is not None
    assert (deleted.index, deleted.text, deleted.withheld) == (3, "", None)


@needs_recordings
def test_the_description_and_the_filed_text_are_both_kept() -> None:
    issue = read(project("lab-alpha"), "16").issue
    assert issue.description == "New description text, edited"
    assert issue.comments[0].text.startswith("Line one")


@needs_recordings
def test_a_bug_keeps_its_attachments_relations_and_tasks() -> None:
    issue = read(project("lab-alpha"), "16").issue
    log, patch = issue.attachments
    assert (log.key, log.patch, log.comment) == ("launchpad:attachment:16/1", False, 3)
    assert (patch.title, patch.patch) == ("fix.diff", True)
    assert patch.data == f"{API}bugs/16/+attachment/2/data"
    assert [(one.kind, one.to) for one in issue.relations] == [
        ("duplicate", "launchpad:bug:17"),
        ("nomination", None),
        ("cve", None),
        ("watch", None),
    ]
    assert {one.key for one in issue.tasks} >= {
        "launchpad:task:16@lab-alpha",
        "launchpad:task:16@lab-alpha/stable",
    }
    series = next(one for one in issue.tasks if one.target_name == "lab-alpha/stable")
    assert series.series == "launchpad:series:lab-alpha/stable"
    assert series.project == "launchpad:project:lab-alpha"


@needs_recordings
def test_a_duplicate_names_its_original() -> None:
    relation = read(project("lab-alpha"), "17").issue.relations[0]
    assert (relation.kind, relation.to) == ("duplicate_of", "launchpad:bug:16")
    assert relation.url == "http://bugs.launchpad.test:8085/bugs/16"


@needs_recordings
def test_a_branch_is_a_relation_with_the_address_of_its_page() -> None:
    relations = read(project("firefox"), "1", branches=True).issue.relations
    found = [one for one in relations if one.kind == "branch"]
    assert found[0].label == "lp:~name12/firefox/main"
    assert found[0].url == "http://launchpad.test:8085/~name12/firefox/main"


@needs_recordings
def test_a_tasks_watch_is_the_address_of_what_is_watched() -> None:
    watched = [one for one in read(project("firefox"), "1").issue.tasks if one.watch]
    assert watched
    assert all(str(one.watch).startswith("http") for one in watched)


# -- blueprints ---------------------------------------------------------------------------------


def blueprint(name: str) -> Issue:
    """A recorded blueprint of lab-alpha."""
    answers = dict(project("lab-alpha"))
    for row in rows(answers, "lab-alpha/all_specifications"):
        answers[row["self_link"].removeprefix(ADDRESS)] = json.dumps(row)
    found = reading.blueprint(Client(ADDRESS, reader=Replies(answers)), name, "", None)
    assert found is not None
    assert len(found.replies) == 4
    return found.issue


@needs_recordings
def test_a_blueprint_becomes_an_issue_with_one_task() -> None:
    issue = blueprint("lab-alpha/+spec/spec-a")
    assert (issue.key, issue.kind, issue.name) == (
        "launchpad:blueprint:lab-alpha/+spec/spec-a",
        "blueprint",
        "lab-alpha/+spec/spec-a",
    )
    assert issue.description == "Summary of spec-a\n\nPara two."
    (task,) = issue.tasks
    assert task.key == "launchpad:task:lab-alpha/+spec/spec-a@lab-alpha"
    assert (task.status, task.importance, task.complete) == ("Implemented", "High", True)
    assert task.assignee == "launchpad:person:name16"
    assert task.milestone == "launchpad:milestone:lab-alpha/+milestone/1.0"
    assert issue.extra["definition_status"] == "Approved"
    assert issue.extra["drafter_link"] == "launchpad:person:carlos"
    assert issue.extra["whiteboard"] == "Some *notes*\n\nWork here"
    assert "workitems_text" not in issue.extra
    assert [(one.title, one.status, one.assignee) for one in issue.work_items] == [
        ("write it", "DONE", "launchpad:person:carlos"),
        ("test it", "INPROGRESS", None),
        ("ship it", "TODO", "launchpad:person:name16"),
        ("block me", "BLOCKED", None),
    ]
    aimed = "launchpad:milestone:lab-alpha/+milestone/1.0"
    assert [one.milestone for one in issue.work_items] == [None, None, aimed, aimed]
    assert [one.complete for one in issue.work_items] == [True, False, False, False]


@needs_recordings
def test_a_branch_of_a_blueprint_goes_by_its_own_name() -> None:
    answers = project("ubuntu")
    row = rows(answers, "ubuntu/+spec/media-integrity-check/linked_branches")[0]
    found = wire_bug.branch(row, "specification_branch")
    assert found.label == "lp:~name12/+junk/junk.dev"
    assert found.url == "http://launchpad.test:8085/~name12/+junk/junk.dev"


@needs_recordings
def test_a_blueprint_names_what_it_depends_on_and_its_bugs() -> None:
    relations = blueprint("lab-alpha/+spec/spec-a").relations
    assert [(one.kind, one.to, one.label) for one in relations] == [
        (
            "depends_on",
            "launchpad:blueprint:lab-alpha/+spec/spec-b",
            "LP blueprint lab-alpha/+spec/spec-b",
        ),
        ("bug", "launchpad:bug:16", "LP #16"),
    ]


# -- nothing is dropped in silence --------------------------------------------------------------


def _bug_part(field: str, entity: str) -> Callable[[dict[str, Any]], Any]:
    def made(row: dict[str, Any]) -> Any:
        bug = {**_sample("bug"), "private": False}
        parts = wire_bug.Parts()
        setattr(parts, field, [row])
        return wire_bug.issue(bug, parts)

    made.__name__ = entity
    return made


def _blueprint(row: dict[str, Any]) -> Any:
    return wire_blueprint.issue(row, wire_blueprint.Links())


def _nomination(row: dict[str, Any]) -> Any:
    bug = {**_sample("bug"), "private": False}
    return wire_bug.issue(bug, wire_bug.Parts(nominations=[row]))


def _spec_branch(row: dict[str, Any]) -> Any:
    return wire_bug.branch(row, "specification_branch")


MAKERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "bug": lambda row: wire_bug.issue(row, wire_bug.Parts()),
    "bug_task": _bug_part("tasks", "bug_task"),
    "message": _bug_part("messages", "message"),
    "bug_attachment": _bug_part("attachments", "bug_attachment"),
    "bug_activity": _bug_part("activity", "bug_activity"),
    "bug_subscription": _bug_part("subscriptions", "bug_subscription"),
    "bug_watch": _bug_part("watches", "bug_watch"),
    "bug_branch": _bug_part("branches", "bug_branch"),
    "bug_nomination": _nomination,
    "cve": _bug_part("cves", "cve"),
    "specification": _blueprint,
    "specification_branch": _spec_branch,
    "milestone": wire_places.milestone,
    "project": wire_places.project,
    "project_group": wire_places.project,
    "distribution": wire_places.project,
    "distribution_source_package": wire_places.project,
    "source_package": wire_places.project,
    "project_series": wire_places.series,
    "distro_series": wire_places.series,
    "person": wire_places.person,
    "team": wire_places.person,
}

NAMED = {
    "web_link": "http://bugs.launchpad.test/other/+bug/99",
    "type": "Patch",
    "target_link": f"{API}other/series",
    "project_link": f"{API}other",
    "distribution_link": f"{API}other",
    "duplicate_of_link": f"{API}bugs/99",
    "message_link": f"{API}bugs/16/comments/99",
    "information_type": "Proprietary",
    "account_status": "Deactivated",
}


def _wadl() -> dict[str, Any]:
    file = RECORDINGS / "wadl-summary.json"
    if not file.exists():
        return {}
    held: dict[str, Any] = json.loads(file.read_text())["devel"]
    return held


def _sample(entity: str) -> dict[str, Any]:
    """A recorded object, or one made of the WADL's own fields."""
    file = RECORDINGS / "exchanges" / f"entity-{entity}.json"
    if file.exists():
        held: dict[str, Any] = json.loads(file.read_text())["response"]["body"]
        return held
    row: dict[str, Any] = {one["name"]: None for one in _wadl()[entity]["fields"]}
    row["self_link"] = row["web_link"] = f"{API}~name12/firefox/main/+spec/x"
    if "target_link" in row:
        row["target_link"] = f"{API}lab-alpha/stable"
    if "branch_link" in row:
        row["branch_link"] = f"{API}~name12/firefox/main"
    return row


def _other(entity: str, field: dict[str, Any], now: Any) -> Any:
    """Another value for a field, of the kind that it has."""
    name = field["name"]
    if name == "web_link" and entity.endswith("_branch"):
        return "http://launchpad.test/~other/branch/+bug/1"
    if name in NAMED:
        return NAMED[name]
    if name == "visible":
        return False
    if name.endswith("_link"):
        return f"{API}~somebody"
    if isinstance(now, bool) or name.startswith(("is_", "has_")):
        return not now
    if field["type"] == "xsd:dateTime" or name in ("datechanged", "datereleased"):
        return "2001-02-03T04:05:06.789012+00:00"
    if isinstance(now, int):
        return now + 7
    return ["another"] if isinstance(now, list) else "another"


@needs_recordings
@pytest.mark.parametrize("entity", MAKERS)
def test_a_change_of_any_field_shows_unless_the_table_says_why_not(entity: str) -> None:
    row = _sample(entity)
    before = canonical(MAKERS[entity](dict(row)))
    for field in _wadl()[entity]["fields"]:
        name = field["name"]
        if name in ("self_link", "resource_type_link"):
            continue  # the one is the key, the other says that this is the right table
        after = canonical(MAKERS[entity]({**row, name: _other(entity, field, row.get(name))}))
        assert (after == before) == (reason(entity, name) is not None), f"{entity}.{name}"


@needs_recordings
def test_every_type_that_is_read_is_in_the_tables() -> None:
    assert set(MODELLED) == set(MAKERS)
    for entity in MODELLED:
        for field in _wadl()[entity]["fields"]:
            assert entity in MAKERS or reason(entity, field["name"]) is not None


@needs_recordings
def test_the_tables_name_no_field_that_launchpad_has_not() -> None:
    known = {f"{e}.{f['name']}" for e, held in _wadl().items() for f in held["fields"]}
    names = {name.partition(".")[2] for name in known}
    for name in NOT_MODELLED:
        assert name in known or name in names or name in _wadl() or name.startswith("*"), name
    for entity, fields in MODELLED.items():
        assert {f"{entity}.{field}" for field in fields} <= known


@needs_recordings
def test_a_field_that_nobody_has_heard_of_is_kept() -> None:
    issue = wire_bug.issue({**_sample("bug"), "brand_new": "thing"}, wire_bug.Parts())
    assert issue.extra["brand_new"] == "thing"


@needs_recordings
def test_every_recorded_person_is_understood_and_nothing_redacted_is_kept() -> None:
    count = 0
    for name in ("nova-sample", "lab-private"):
        for answers in wire(name).values():
            for path, body in answers.items():
                if path.startswith("/devel/~") and "/" not in path[7:] and isinstance(body, str):
                    found = wire_places.person(json.loads(body))
                    assert REDACTED.encode() not in canonical(found)
                    count += 1
    assert count > 456


@needs_recordings
@pytest.mark.parametrize("name", project_names())
def test_the_places_of_every_recorded_project_are_understood(name: str) -> None:
    answers = project(name)
    found = wire_places.project(json.loads(str(answers[f"/devel/{name}"])))
    assert found.key == f"launchpad:project:{name}"
    for row in rows(answers, f"{name}/series"):
        assert wire_places.series(row).project == found.key
    for row in rows(answers, f"{name}/all_milestones"):
        assert wire_places.milestone(row).project.startswith("launchpad:project:")


# -- odd bytes, links -----------------------------------------------------------------------------


def test_half_a_surrogate_is_replaced_and_noted() -> None:
    value, mended = decode(b'{"title": "broken \\ud83d here", "n": [1, "\\udc00"]}')
    assert value == {"title": "broken \ufffd here", "n": [1, "\ufffd"]}
    assert mended
    msgspec.json.encode(value)


def test_bytes_that_are_no_utf8_are_replaced_and_noted() -> None:
    value, mended = decode(b'{"title": "caf\xe9"}')
    assert (value, mended) == ({"title": "caf\ufffd"}, True)


def test_good_text_is_left_as_it_is() -> None:
    value, mended = decode('{"title": "caf\u00e9 \U0001f41e \\ud83d\\udc1e"}'.encode())
    assert (value, mended) == ({"title": "caf\u00e9 \U0001f41e \U0001f41e"}, False)


def test_broken_json_is_no_value() -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(b'{"title": "half')


@pytest.mark.parametrize(
    ("path", "target", "project_name", "series"),
    [
        ("nova", "project:nova", "project:nova", None),
        ("nova/kilo", "series:nova/kilo", "project:nova", "series:nova/kilo"),
        (
            "ubuntu/+source/firefox",
            "project:ubuntu/+source/firefox",
            "project:ubuntu/+source/firefox",
            None,
        ),
        (
            "ubuntu/hoary/+source/firefox",
            "project:ubuntu/hoary/+source/firefox",
            "project:ubuntu/+source/firefox",
            "series:ubuntu/hoary",
        ),
    ],
)
def test_a_target_is_a_project_a_series_or_a_package(
    path: str, target: str, project_name: str, series: str | None
) -> None:
    wanted = [f"launchpad:{one}" if one else None for one in (target, project_name, series)]
    assert list(place_keys(path)) == wanted


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("~jdoe", "launchpad:person:jdoe"),
        ("bugs/16", "launchpad:bug:16"),
        ("nova/+spec/foo", "launchpad:blueprint:nova/+spec/foo"),
        ("nova/+milestone/1.0", "launchpad:milestone:nova/+milestone/1.0"),
        ("nova", "launchpad:project:nova"),
        ("nova/kilo", "launchpad:series:nova/kilo"),
        ("ubuntu/+source/vim", "launchpad:project:ubuntu/+source/vim"),
        ("bugs/bugtrackers/mozilla.org", f"{API}bugs/bugtrackers/mozilla.org"),
        ("~jdoe/nova/trunk", f"{API}~jdoe/nova/trunk"),
    ],
)
def test_a_link_becomes_the_key_of_what_it_leads_to(path: str, name: str) -> None:
    assert named(API + path) == name


def test_private_rows_leave_a_collection_unless_they_may() -> None:
    def page() -> dict[str, Any]:
        return {
            "entries": [
                {"id": 1, "private": False, "information_type": "Public"},
                {"id": 2, "private": True, "information_type": "Private", "title": "secret"},
                {"id": 3, "information_type": "Embargoed", "title": "secret"},
            ]
        }

    closed, open_ = page(), page()
    assert withhold(closed, private=False) == 2
    assert [one["id"] for one in closed["entries"]] == [1]
    assert withhold(open_, private=True) == 0
    assert len(open_["entries"]) == 3


def test_text_of_a_deleted_comment_does_not_leave_should_one_come() -> None:
    row = {"content": "gone", "date_deleted": "2026-01-01T00:00:00+00:00", "visible": True}
    assert withhold({"entries": [row]}, private=True) == 1
    assert row["content"] == ""


@needs_recordings
def test_a_subscriber_who_may_not_be_known_is_left_out() -> None:
    row = {**_sample("bug_subscription"), "person_link": REDACTED}
    assert wire_bug.subscriptions([row]) == ()
