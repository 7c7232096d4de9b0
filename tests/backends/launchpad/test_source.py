"""What an engine gets of a Launchpad: lists, issues, people, and how many requests that takes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.backends.launchpad.recorded import (
    ADDRESS,
    RECORDINGS,
    Replies,
    exchange,
    needs_recordings,
    project,
    reply,
    wire,
)
from tracker_migrate.backends.launchpad import hints, listing, open_source, reading
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, load_project, load_wire
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.errors import Gone, Refused, Retriable, Unreachable, UsageError
from tracker_migrate.interfaces import Listed, Source
from tracker_migrate.model import Key, Milestone, Person, Project, Series, kind_of, name_of
from tracker_migrate.testing.loopback import Fault, serving

CREDENTIALS = {"consumer": "made-up", "token": "key-1", "secret": "s3cr3t"}
PROJECTS = ("lab-alpha", "firefox", "thunderbird", "mozilla", "ubuntu")


def bug(number: int) -> Key:
    return Key(f"launchpad:bug:{number}")


@pytest.fixture(scope="module")
def nova() -> Iterator[LaunchpadStandIn]:
    """277 real bugs."""
    if not RECORDINGS.is_dir():
        pytest.skip("../shared/recordings is not there")
    made = LaunchpadStandIn()
    load_wire(made, RECORDINGS / "wire" / "nova-sample.jsonl.gz")
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def bulk() -> Iterator[LaunchpadStandIn]:
    """700 bugs."""
    if not RECORDINGS.is_dir():
        pytest.skip("../shared/recordings is not there")
    made = LaunchpadStandIn()
    load_wire(made, RECORDINGS / "wire" / "lab-bulk.jsonl.gz")
    with serving(made):
        yield made


@pytest.fixture
def small() -> Iterator[LaunchpadStandIn]:
    """A few projects, a group, a distribution, with blueprints; may be changed by a test."""
    if not RECORDINGS.is_dir():
        pytest.skip("../shared/recordings is not there")
    made = LaunchpadStandIn()
    for name in PROJECTS:
        load_project(made, RECORDINGS / "projects" / name)
    with serving(made):
        yield made


@pytest.fixture
def closed() -> Iterator[LaunchpadStandIn]:
    """Projects whose bugs are mostly private, and an account that may read them."""
    if not RECORDINGS.is_dir():
        pytest.skip("../shared/recordings is not there")
    made = LaunchpadStandIn()
    load_wire(made, RECORDINGS / "wire" / "lab-private.jsonl.gz")
    seed_token(made.store, "~lab-owner", *CREDENTIALS.values())
    with serving(made):
        yield made


def source(standin: LaunchpadStandIn, *specs: str, login: bool = False, **options: Any) -> Source:
    """A source of a stand-in."""
    given = {"address": standin.url, "per_second": 0, **options}
    standin.requests.clear()
    return open_source(specs, given, CREDENTIALS if login else None)


def asked(standin: LaunchpadStandIn) -> int:
    return sum(standin.requests.values())


# -- lists ---------------------------------------------------------------------------------------


def test_every_bug_is_listed_once_and_in_order(bulk: LaunchpadStandIn) -> None:
    found = list(source(bulk, "lab-bulk").listing(None))
    numbers = [int(name_of(one.key)) for one in found]
    assert len(numbers) == 700
    assert numbers == sorted(set(numbers))
    assert asked(bulk) == 10 + 1  # pages of bugs, the page of blueprints


def test_reading_can_start_after_the_first_page(bulk: LaunchpadStandIn) -> None:
    next(source(bulk, "lab-bulk").listing(None))
    assert asked(bulk) == 1


def test_closed_bugs_and_duplicates_are_listed(small: LaunchpadStandIn) -> None:
    found = {one.key for one in source(small, "lab-alpha").listing(None)}
    assert bug(17) in found  # a duplicate


def test_the_newest_come_first_if_only_some_are_wanted(bulk: LaunchpadStandIn) -> None:
    every = [one.key for one in source(bulk, "lab-bulk").listing(None)]
    newest = [one.key for one in source(bulk, "lab-bulk").listing(None, 100)]
    assert newest == every[:-101:-1]
    assert asked(bulk) == 2 + 1


def test_bugs_that_changed_since_are_listed(nova: LaunchpadStandIn) -> None:
    since = datetime(2016, 1, 1, tzinfo=UTC)
    found = {one.key for one in source(nova, "nova-sample").listing(since)}
    updated = {
        bug(int(path.rpartition("/")[2])): json.loads(str(body))["date_last_updated"]
        for path, body in wire("nova-sample")["anonymous"].items()
        if path.startswith("/devel/bugs/") and path.count("/") == 3
    }
    assert found == {key for key, date in updated.items() if date > since.isoformat()}
    assert 0 < len(found) < 277


def test_blueprints_are_listed_always_with_their_etag(small: LaunchpadStandIn) -> None:
    made = source(small, "lab-alpha")
    late = list(made.listing(datetime.now(UTC) + timedelta(days=1)))
    assert {kind_of(one.key) for one in late} == {"blueprint"}
    assert len(late) == 5
    assert all(one.stamp.startswith('"') for one in late)


def test_an_issue_of_two_specs_is_listed_once(small: LaunchpadStandIn) -> None:
    found = [one.key for one in source(small, "firefox", "mozilla", "firefox").listing(None)]
    assert len(found) == len(set(found))
    alone = {one.key for one in source(small, "mozilla").listing(None)}
    assert alone <= set(found)
    assert {kind_of(key) for key in found} == {"bug", "blueprint"}


def test_a_package_has_bugs_and_no_blueprints(small: LaunchpadStandIn) -> None:
    name = "ubuntu/+source/mozilla-firefox"
    links = {"name": "mozilla-firefox", "distribution_link": "ubuntu"}
    small.store.put_item("distribution_source_package", name, links)
    found = list(source(small, name).listing(None))
    assert bug(1) in [one.key for one in found]
    assert {kind_of(one.key) for one in found} == {"bug"}


def test_a_series_has_its_own_tasks(small: LaunchpadStandIn) -> None:
    found = {one.key for one in source(small, "lab-alpha/stable").listing(None)}
    assert bug(16) in found


class Shifting(Replies):
    """A search whose rows can go away, or come back, between two pages."""

    def __init__(self, numbers: list[int], gone_after: dict[int, list[int]]) -> None:
        super().__init__({})
        self.numbers = list(numbers)
        self.gone_after = gone_after
        self.pages = 0

    def get(self, url: str, headers: object = None) -> requests.Response:
        start = listing._start(url)
        rows = self.numbers[start : start + 5]
        page: dict[str, Any] = {
            "start": start,
            "entries": [{"bug_link": f"{ADDRESS}/devel/bugs/{one}"} for one in rows],
        }
        if start + 5 < len(self.numbers):
            after = f"memo={start + 5}&ws.start={start + 5}"
            page["next_collection_link"] = f"{ADDRESS}/devel/x?ws.size=5&{after}"
        self.pages += 1
        for one in self.gone_after.get(self.pages, []):
            self.numbers.remove(one)
        return reply(200, json.dumps(page))


def numbers_of(reader: Replies) -> list[int]:
    return list(listing.numbers(Client(ADDRESS, reader=reader), "x", [("ws.size", "5")]))


@pytest.mark.parametrize("gone", [[1], [1, 2, 3], [1, 2, 3, 4, 5], [2, 9, 10]])
def test_rows_that_vanish_while_paging_hide_no_others(gone: list[int]) -> None:
    reader = Shifting(list(range(1, 41)), {2: gone})
    found = numbers_of(reader)
    assert set(range(11, 41)) <= set(found)
    assert len(found) == len(set(found))
    assert set(range(1, 41)) - set(found) <= set(gone)


def test_a_row_that_moves_to_the_end_is_named_once() -> None:
    class Moving(Shifting):
        def get(self, url: str, headers: object = None) -> requests.Response:
            answer = super().get(url, headers)
            if self.pages == 1:
                self.numbers.append(self.numbers.pop(0))
            return answer

    assert sorted(numbers_of(Moving(list(range(1, 31)), {}))) == list(range(1, 31))


def test_pages_without_end_are_left() -> None:
    class Endless(Replies):
        def get(self, url: str, headers: object = None) -> requests.Response:
            self.asked["x"] += 1
            following = listing._start(url) + 5
            row = {"bug_link": f"{ADDRESS}/devel/bugs/1"}
            link = f"{ADDRESS}/devel/x?memo={following}&ws.start={following}"
            page = {"start": following - 5, "entries": [row], "next_collection_link": link}
            return reply(200, json.dumps(page))

    reader = Endless({})
    with pytest.raises(Retriable, match="circles"):
        numbers_of(reader)
    assert reader.asked["x"] < 50


def test_a_page_that_is_its_own_successor_is_left() -> None:
    page = {
        "start": 0,
        "total_size": 9,
        "entries": [],
        "next_collection_link": f"{ADDRESS}/devel/x?ws.start=0",
    }
    reader = Replies({"/devel/x": json.dumps(page), "/devel/x?ws.start=0": json.dumps(page)})
    with pytest.raises(Retriable, match="circles"):
        numbers_of(reader)
    with pytest.raises(Retriable, match="circles"):
        list(Client(ADDRESS, reader=reader).collection("x"))


def test_a_set_of_numbers_holds_small_and_very_large_ones() -> None:
    held = listing.Numbers()
    for number in (0, 7, 8, 2_000_000, 1 << 40):
        assert number not in held
        assert held.add(number)
        assert not held.add(number)
        assert number in held
    assert 9 not in held


# -- reading -------------------------------------------------------------------------------------


def test_a_bug_takes_six_requests_seven_if_it_may_have_watches_and_each_person_one(
    nova: LaunchpadStandIn,
) -> None:
    made = source(nova, "nova-sample")
    keys = [one.key for one in made.listing(None)]
    before, people, watched = asked(nova), set(), 0
    for key in keys:
        got = made.read(key)
        assert got is not None
        assert got.issue.created is not None
        people |= {one.author for one in got.issue.comments}
        watched += got.issue.created.year < 2012 or any(
            one.what == "bug watch added" for one in got.issue.history
        )
    assert watched < 30
    # a page of 300 messages is enough for any of them, and two searches tell of all branches and
    # CVEs
    assert asked(nova) - before == 277 * 6 + watched + 2
    for person in people - {None}:
        assert isinstance(made.person(Key(str(person))).value, Person)
    assert asked(nova) - before == 277 * 6 + watched + 2 + len(people - {None})


def test_what_was_read_is_what_was_recorded(nova: LaunchpadStandIn) -> None:
    recorded = Client(ADDRESS, reader=Replies(wire("nova-sample")["anonymous"]))
    made = source(nova, "nova-sample")
    for key in [bug(607351), bug(856764)]:
        live = made.read(key)
        still = reading.bug(recorded, name_of(key), "", lambda *_: False)
        assert live is not None
        assert still is not None
        assert [(one.index, one.text, one.author) for one in live.issue.comments] == [
            (one.index, one.text, one.author) for one in still.issue.comments
        ]
        assert live.issue.history == still.issue.history
        assert live.issue.tags == still.issue.tags


def test_a_long_bug_comes_in_few_pages(nova: LaunchpadStandIn) -> None:
    made = source(nova, "nova-sample")
    got = made.read(bug(856764))
    assert got is not None
    assert len(got.issue.comments) == 102
    assert len(got.replies) == 9  # nothing was listed: it might have had branches, or CVEs


def test_what_is_known_takes_one_request(nova: LaunchpadStandIn) -> None:
    made = source(nova, "nova-sample")
    first = made.read(bug(607351))
    assert first is not None
    nova.requests.clear()
    assert made.read(bug(607351), first.stamp) is None
    assert asked(nova) == 1
    assert made.read(bug(607351), '"another" 2001-01-01T00:00:00+00:00') is not None


def test_a_listed_blueprint_takes_three_more_requests(small: LaunchpadStandIn) -> None:
    made = source(small, "lab-alpha")
    listed = [one for one in made.listing(None) if kind_of(one.key) == "blueprint"]
    made.read(listed[1].key)  # the first one asks each series for its goals
    small.requests.clear()
    got = made.read(listed[0].key)
    assert got is not None
    assert got.stamp == listed[0].stamp
    assert (asked(small), len(got.replies)) == (3, 4)
    again = made.read(listed[0].key)  # nothing was listed since
    assert again is not None
    assert asked(small) == 3 + 4
    assert again.issue == got.issue
    assert made.read(listed[0].key, got.stamp) is None


def test_a_bug_that_is_not_there_is_gone(small: LaunchpadStandIn) -> None:
    with pytest.raises(Gone, match="launchpad:bug:99999"):
        source(small, "lab-alpha").read(bug(99999))


@pytest.mark.parametrize("key", ["launchpad:bug:x", "launchpad:question:1", "launchpad:bug:1/2"])
def test_what_is_no_issue_is_refused(small: LaunchpadStandIn, key: str) -> None:
    with pytest.raises(Refused):
        source(small, "lab-alpha").read(Key(key))


def test_a_reply_that_is_not_launchpads_is_refused_without_its_text() -> None:
    held = dict(project("lab-alpha")) if RECORDINGS.is_dir() else pytest.skip("no recordings")
    broken = json.loads(str(held["/devel/bugs/16"]))
    del broken["tags"]
    broken["title"] = "a private title"
    held["/devel/bugs/16"] = json.dumps(broken)
    client = Client(ADDRESS, reader=Replies(held))
    with pytest.raises(Refused, match="tags") as caught:
        LaunchpadSource(client, ["lab-alpha"]).read(bug(16))
    assert "private title" not in str(caught.value)


class Changing(Replies):
    """Recorded answers of bug 16; what changes with the second look at the bug is given."""

    def __init__(self, first: dict[str, str], then: dict[str, str]) -> None:
        super().__init__({**project("lab-alpha"), **first})
        self.then = then

    def get(self, url: str, headers: Any = None) -> requests.Response:
        if self.asked["/devel/bugs/16"] == 1 and url.endswith("/bugs/16"):
            self.answers.update(self.then)
        return super().get(url, headers)


def row(name: str, **changes: object) -> str:
    """A recorded answer about bug 16, with changes in it, or in its last row."""
    held = json.loads(str(project("lab-alpha")[f"/devel/bugs/16{name}"]))
    if name:
        held["entries"].append({**held["entries"][-1], **changes})
    else:
        held.update(changes)
    return json.dumps(held)


@needs_recordings
def test_a_bug_that_changes_while_it_is_read_is_read_once_more() -> None:
    reader = Changing({"/devel/bugs/16": row("", message_count=6)}, {"/devel/bugs/16": row("")})
    got = reading.bug(Client(ADDRESS, reader=reader), "16", "", lambda *_: False)
    assert got is not None
    assert got.issue.extra["message_count"] == 7
    assert reader.asked["/devel/bugs/16"] == 2


@needs_recordings
def test_a_bug_that_is_closed_while_it_is_read_does_not_come_out_as_public() -> None:
    closing = row(
        "/activity",
        datechanged="2026-11-22T16:00:01+00:00",
        whatchanged="information type",
        newvalue="Private",
    )
    closed = row("", private=True, information_type="Private")
    reader = Changing({"/devel/bugs/16/activity": closing}, {"/devel/bugs/16": closed})
    with pytest.raises(Gone, match="not public"):
        reading.bug(Client(ADDRESS, reader=reader), "16", "", lambda *_: False)


@needs_recordings
def test_a_bug_whose_visibility_does_not_settle_is_left_for_later() -> None:
    class Flipping(Replies):
        def get(self, url: str, headers: Any = None) -> requests.Response:
            answer = super().get(url, headers)
            closed = self.asked["/devel/bugs/16"] % 2 == 0
            changes = {"private": closed, "message_count": 6}
            return reply(200, row("", **changes)) if url.endswith("/bugs/16") else answer

    client = Client(ADDRESS, reader=Flipping(project("lab-alpha")), private=True)
    with pytest.raises(Retriable, match="visibility"):
        reading.bug(client, "16", "", lambda *_: False)


@needs_recordings
def test_what_only_looks_like_a_change_costs_one_request() -> None:
    class Still(Replies):
        def get(self, url: str, headers: Any = None) -> requests.Response:
            answer = super().get(url, headers)
            same = "If-None-Match" in (headers or {}) and url.endswith("/bugs/16")
            return reply(304) if same else answer

    reader = Still({**project("lab-alpha"), "/devel/bugs/16": row("", message_count=6)})
    assert reading.bug(Client(ADDRESS, reader=reader), "16", "", lambda *_: False) is not None
    assert sum(reader.asked.values()) == 7 + 1 + 2  # and duplicates and nominations that it has


@needs_recordings
def test_cves_are_asked_for_where_there_are_some_and_they_are_shown() -> None:
    held = dict(project("lab-alpha"))
    held["/devel/bugs/16/cves"] = exchange("bug16-cves-admin")
    client = Client(ADDRESS, credentials=CREDENTIALS, reader=Replies(held))
    got = reading.bug(client, "16", "", lambda what, number: (what, number) == ("cves", 16))
    assert got is not None
    (cve,) = [one for one in got.issue.relations if one.kind == "cve"]
    assert (cve.label, cve.extra["description"]) == ("CVE-1999-2345", "Possible data loss")


def test_a_login_reads_of_a_recorded_bug_what_was_only_counted(small: LaunchpadStandIn) -> None:
    seed_token(small.store, "~name16", *CREDENTIALS.values())
    got = source(small, "firefox", login=True).read(bug(1))
    assert got is not None
    (cve,) = [one for one in got.issue.relations if one.kind == "cve"]
    assert cve.label == "CVE-1999-0"


@needs_recordings
def test_who_is_not_logged_in_is_told_of_cves_by_the_history_or_how_many_there_are() -> None:
    held = dict(project("lab-alpha"))
    assert cves(held, "16") == ["CVE-1999-2345"]  # linked, unlinked, and linked again
    held["/devel/bugs/16/activity"] = str(held["/devel/bugs/16/activity"]).replace(
        "cve linked", "cve"
    )
    assert cves(held, "16") == ["one that Launchpad names to those who are logged in"]


def cves(answers: Any, number: str) -> list[str]:
    """The CVEs of a bug, as everybody reads it."""
    client = Client(ADDRESS, reader=Replies(answers))
    got = reading.bug(client, number, "", lambda what, _: what == "cves")
    assert got is not None
    return [one.label for one in got.issue.relations if one.kind == "cve"]


@needs_recordings
def test_nominations_are_asked_for_where_the_history_tells_of_one_or_somebody_wants_them() -> None:
    nominations = nominated("lab-alpha", "16", ())
    assert [one.label for one in nominations] == ["lab-alpha/stable"]
    assert nominations[0].url == "http://launchpad.test:8085/lab-alpha/stable"
    assert nominations[0].extra["status"] == "Approved"
    assert nominations[0].extra["decider_link"] == "launchpad:person:name12"
    assert nominated("firefox", "1", ()) == []  # older than the history
    assert len(nominated("firefox", "1", ("nominations",))) == 2


def nominated(name: str, number: str, also: Any) -> list[Any]:
    """The nominations of a recorded bug."""
    client = Client(ADDRESS, reader=Replies(project(name)))
    got = reading.bug(client, number, "", lambda *_: False, also=also)
    assert got is not None
    return [one for one in got.issue.relations if one.kind == "nomination"]


@needs_recordings
def test_watches_are_asked_for_where_something_tells_of_one_or_the_bug_is_older_than_that() -> None:
    assert watched("lab-alpha", "16") == ["1 asked", "1 told"]  # by its history
    assert watched("evolution", "7") == ["1 asked", "1 told"]  # older: the history says nothing
    assert watched("firefox", "1", born="2020-01-01") == ["1 asked", "4 told"]  # by a task of it
    assert watched("tomcat", "2", born="2020-01-01") == ["0 asked", "0 told"]
    assert watched("tomcat", "2", born="2020-01-01", here=False) == ["1 asked", "3 told"]
    assert watched("tomcat", "2", ("watches",), born="2020-01-01") == ["1 asked", "3 told"]


def watched(name: str, number: str, also: Any = (), born: str = "", here: bool = True) -> list[str]:
    """How often the watches of a recorded bug are asked for, and how many are told. born: when the
    bug was reported, otherwise than it was recorded. here: at Launchpad, as its history says; if
    not, it came from another tracker later."""
    held = dict(project(name))
    at = f"/devel/bugs/{number}"
    if born:
        held[at] = json.dumps({**json.loads(str(held[at])), "date_created": born})
    if born and here:
        rows = json.loads(str(held[f"{at}/activity"]))
        filed = {"whatchanged": "bug", "message": "added bug", "datechanged": born}
        rows["entries"].append({**rows["entries"][0], **filed})
        rows["total_size"] += 1
        held[f"{at}/activity"] = json.dumps(rows)
    reader = Replies(held)
    got = reading.bug(Client(ADDRESS, reader=reader), number, "", lambda *_: False, also=also)
    assert got is not None
    told = sum(one.kind == "watch" for one in got.issue.relations)
    return [f"{reader.asked[f'/devel/bugs/{number}/bug_watches']} asked", f"{told} told"]


@needs_recordings
@pytest.mark.parametrize(
    ("also", "credentials", "told"),
    [
        (("earlier_comments",), CREDENTIALS, ["A comment\nwith two lines", "A comment, edited"]),
        (("earlier_comments",), None, []),
        ((), CREDENTIALS, []),
    ],
)
def test_earlier_texts_of_comments_are_read_only_where_they_are_wanted_and_told(
    also: Any, credentials: Any, told: list[str]
) -> None:
    held = dict(project("lab-alpha"))
    revisions = "/devel/lab-alpha/+bug/16/comments/1/revisions"
    held[revisions] = exchange("message-revisions-author")
    reader = Replies(held)
    client = Client(ADDRESS, credentials=credentials, reader=reader)
    got = reading.bug(client, "16", "", lambda *_: False, also=also)
    assert got is not None
    found = [one for one in got.issue.history if one.what == "comment 1"]
    assert [one.old for one in found] == told
    assert reader.asked[revisions] == bool(told)
    assert list(got.issue.history) == sorted(got.issue.history, key=lambda one: one.when)


@needs_recordings
@pytest.mark.parametrize("told", [True, False])
def test_merge_proposals_are_asked_for_where_the_history_tells_of_one(told: bool) -> None:
    held = dict(project("lab-alpha"))
    page = json.loads(str(held["/devel/bugs/16/linked_merge_proposals"]))
    home = "http://code.launchpad.test:8085/~name12/lab-alpha/fix/+merge/7"
    proposal = {
        "self_link": f"{ADDRESS}/devel/~name12/lab-alpha/fix/+merge/7",
        "web_link": home,
        "queue_status": "Needs review",
        "date_created": "2026-11-22T13:48:34.502164+00:00",
        "date_merged": None,
        "registrant_link": f"{ADDRESS}/devel/~name12",
        "commit_message": "about code",
    }
    held["/devel/bugs/16/linked_merge_proposals"] = json.dumps(
        {**page, "entries": [proposal], "total_size": 1}
    )
    if told:
        held["/devel/bugs/16/activity"] = str(held["/devel/bugs/16/activity"]).replace(
            '"bug watch added"', '"merge proposal linked"'
        )
    client = Client(ADDRESS, reader=Replies(held))
    got = reading.bug(client, "16", "", lambda *_: False)
    assert got is not None
    found = [one for one in got.issue.relations if one.kind == "merge_proposal"]
    assert len(found) == told
    if told:
        assert (found[0].label, found[0].url) == ("lp:~name12/lab-alpha/fix/+merge/7", home)
        assert found[0].extra == {
            "queue_status": "Needs review",
            "date_created": "2026-11-22T13:48:34.502164+00:00",
            "registrant_link": "launchpad:person:name12",
        }


@needs_recordings
def test_a_text_that_could_not_be_decoded_says_so_in_its_bug_alone() -> None:
    held = dict(project("lab-alpha"))
    messages = str(held["/devel/bugs/16/messages"])
    held["/devel/bugs/16/messages"] = messages.replace("edited twice", "edited \\ud83d twice")
    client = Client(ADDRESS, reader=Replies(held))
    broken = reading.bug(client, "16", "", lambda *_: False)
    good = reading.bug(client, "17", "", lambda *_: False)
    assert broken is not None
    assert good is not None
    assert broken.issue.comments[1].text == "A comment, edited \ufffd twice"
    assert "U+FFFD" in broken.issue.extra["note"]
    assert "note" not in good.issue.extra


@needs_recordings
def test_one_search_tells_which_bugs_of_a_listing_have_branches() -> None:
    class Some(Replies):
        def get(self, url: str, headers: Any = None) -> requests.Response:
            self.asked["search"] += 1
            start, held = listing._start(url), [3, 5, 8, 13, 21, 34, 55, 89]
            rows = [{"bug_link": f"{ADDRESS}/devel/bugs/{one}"} for one in held[start : start + 3]]
            page: dict[str, Any] = {"start": start, "entries": rows}
            if start + 3 < len(held):
                after = start + 3
                page["next_collection_link"] = (
                    f"{url.split('&memo', maxsplit=1)[0]}&memo={after}&ws.start={after}"
                )
            return reply(200, json.dumps(page))

    reader = Some({})
    hint = hints.Hints(Client(ADDRESS, reader=reader), ["x"], 3)
    assert [number for number in range(1, 9) if hint("branches", number)] == [3, 5, 8]
    assert reader.asked["search"] == 1
    assert [number for number in range(100) if hint("branches", number)] == [
        *(3, 5, 8, 13, 21, 34, 55, 89)
    ]


def test_bugs_that_a_listing_did_not_name_may_have_anything() -> None:
    reader = Replies({})
    since = datetime(2026, 1, 1, tzinfo=UTC)
    hint = hints.Hints(Client(ADDRESS, reader=reader), ["x"], 75, since=since)
    hint.note(7)
    assert hint("cves", 8)
    assert not hint("cves", 7)  # the search fails, which is not the bug's fault
    assert sum(reader.asked.values()) == 1


def test_a_search_that_breaks_off_is_begun_again() -> None:
    class Broken(Replies):
        def get(self, url: str, headers: Any = None) -> requests.Response:
            self.asked["search"] += 1
            row = {"bug_link": f"{ADDRESS}/devel/bugs/9"}
            if self.asked["search"] <= 4:
                return reply(503, "", {"X-Lazr-OopsId": "OOPS-1"})
            return reply(200, json.dumps({"start": 0, "entries": [row]}))

    hint = hints.Hints(Client(ADDRESS, reader=Broken({})), ["x"], 75)
    with pytest.raises(Retriable):
        hint("branches", 9)
    assert hint("branches", 9)


def test_eight_threads_get_what_each_asked_for(nova: LaunchpadStandIn) -> None:
    made = source(nova, "nova-sample")
    keys = [one.key for one in made.listing(None)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(made.read, keys))
    assert [one.issue.key for one in got if one] == keys
    for one in got:
        assert one is not None
        assert {comment.key.split(":")[2].split("/")[0] for comment in one.issue.comments} == {
            one.issue.name
        }


# -- what is not public ---------------------------------------------------------------------------


def test_without_private_a_login_lists_and_reads_what_is_public(closed: LaunchpadStandIn) -> None:
    made = source(closed, "lab-private", login=True)
    found = [one.key for one in made.listing(None)]
    assert found == [bug(number) for number in (719, 720, 727, 731, 732)]
    with pytest.raises(Gone, match="launchpad:bug:721: not public any more"):
        made.read(bug(721))


def test_with_private_a_login_reads_what_it_may(closed: LaunchpadStandIn) -> None:
    made = source(closed, "lab-private", "lab-embargo", login=True, private=True)
    found = [one.key for one in made.listing(None)]
    assert [int(name_of(key)) for key in found] == list(range(719, 740))
    got = made.read(bug(721))
    assert got is not None
    assert (got.issue.private, got.issue.information_type) == (True, "Private")


def test_a_private_duplicate_is_not_named_by_a_public_bug(closed: LaunchpadStandIn) -> None:
    with_login = source(closed, "lab-private", login=True, private=True).read(bug(719))
    assert with_login is not None
    assert with_login.issue.extra["number_of_duplicates"] == 1
    assert [one.kind for one in with_login.issue.relations if one.kind == "duplicate"] == []


def test_anonymous_readers_find_private_bugs_gone(closed: LaunchpadStandIn) -> None:
    with pytest.raises(Gone):
        source(closed, "lab-private", private=True).read(bug(721))


def test_a_private_team_is_nobody_unless_private_is_read(closed: LaunchpadStandIn) -> None:
    team = Key("launchpad:person:lab-secret-team")
    for options, login, missing in (
        ({}, False, True),
        ({}, True, True),
        ({"private": True}, True, False),
    ):
        entity = source(closed, "lab-private", login=login, **options).person(team)
        assert isinstance(entity.value, Person)
        assert (entity.value.state == "missing") == missing
        assert (entity.reply.body == b"") == missing


# -- people ---------------------------------------------------------------------------------------


def person_of(answer: requests.Response) -> Person:
    client = Client(ADDRESS, reader=Replies({"/devel/~cprov": answer}))
    found = LaunchpadSource(client, ["x"]).person(Key("launchpad:person:cprov")).value
    assert isinstance(found, Person)
    return found


@needs_recordings
@pytest.mark.parametrize("name", ["err-suspended-person", "suspended-person-admin"])
def test_a_suspended_person_has_only_a_name(name: str) -> None:
    found = person_of(exchange(name))
    assert (found.state, found.name, found.display_name) == ("suspended", "cprov", "cprov")
    assert found.extra == {}


@needs_recordings
def test_a_deactivated_person_is_one() -> None:
    assert person_of(exchange("err-deactivated-person")).state == "deactivated"


def test_somebody_who_is_not_there_is_missing() -> None:
    found = person_of(reply(404))
    assert (found.state, found.home) == ("missing", "http://launchpad.test:8085/~cprov")


# -- around ---------------------------------------------------------------------------------------


def kinds(made: Source) -> Counter[type]:
    found = list(made.surroundings())
    assert len({one.value.key for one in found}) == len(found)
    return Counter(type(one.value) for one in found)


def test_a_project_has_its_series_and_milestones(small: LaunchpadStandIn) -> None:
    found = kinds(source(small, "lab-alpha"))
    assert found[Project] == 1
    assert found[Series] == 2
    assert found[Milestone] == 1
    assert asked(small) == 3


def test_a_group_has_its_projects(small: LaunchpadStandIn) -> None:
    made = source(small, "mozilla", "firefox", "firefox/trunk")
    found = {one.value.key for one in made.surroundings()}
    assert {Key("launchpad:project:mozilla"), Key("launchpad:project:firefox")} <= found
    assert Key("launchpad:series:firefox/trunk") in found


def test_a_package_has_its_distribution(small: LaunchpadStandIn) -> None:
    found = {one.value.key for one in source(small, "ubuntu").surroundings()}
    assert Key("launchpad:project:ubuntu") in found
    assert Key("launchpad:series:ubuntu/hoary") in found


def test_the_server_says_what_it_is_and_what_the_specs_are(small: LaunchpadStandIn) -> None:
    made = source(small, "lab-alpha", "mozilla")
    facts = made.check()
    assert facts["viewer"] == made.viewer == "anonymous"
    assert facts["launchpad:mozilla"].startswith("project group, ")
    assert facts["launchpad:lab-alpha"].startswith("project, ")


@needs_recordings
def test_the_viewer_is_who_is_logged_in() -> None:
    reader = Replies({"/devel/people/+me": exchange("me")})
    made = LaunchpadSource(Client(ADDRESS, credentials=CREDENTIALS, reader=reader), ["nova"])
    assert [made.viewer, made.viewer] == ["name12", "name12"]
    assert sum(reader.asked.values()) == 1


def test_a_spec_that_is_nothing_is_named_with_what_it_may_mean(small: LaunchpadStandIn) -> None:
    with pytest.raises(UsageError) as caught:
        source(small, "lab-alpa", "lab-alpha", "nothing-like-it").check()
    said = str(caught.value)
    assert "launchpad:lab-alpa: no such project" in said
    assert "launchpad:nothing-like-it: no such project" in said


@needs_recordings
def test_a_suggestion_is_made_if_the_search_finds_one() -> None:
    found = {"start": 0, "total_size": 2, "entries": [{"name": "nova"}, {"name": "novacut"}]}
    held = {"/devel/pillars?limit=20&text=nvoa&ws.op=search": json.dumps(found)}
    root = '{"resource_type_link": "http://x/devel/#service-root"}'
    client = Client(ADDRESS, reader=Replies({**held, "/devel/": root}))
    with pytest.raises(UsageError, match=r"launchpad:nvoa: no such project.*did you mean nova"):
        LaunchpadSource(client, ["nvoa"]).check()


def test_the_clock_is_the_servers(small: LaunchpadStandIn) -> None:
    small.set_clock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert source(small, "lab-alpha").now() == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


# -- opening --------------------------------------------------------------------------------------


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        open_source(["~jdoe", "no spaces"], {"page": 301, "conections": 8, "address": "ftp:x"})
    said = str(caught.value)
    for word in ("~jdoe", "no spaces", "options.page", "options.conections", "options.address"):
        assert word in said


@pytest.mark.parametrize(
    "spec", ["nova", "nova/kilo", "openstack", "ubuntu/+source/firefox", "ubuntu/hoary/+source/x"]
)
def test_every_form_of_spec_is_taken(spec: str) -> None:
    made = open_source([spec], {})
    assert made.tracker == "launchpad"
    assert made.address == "https://api.launchpad.net"


def test_it_is_a_source() -> None:
    assert isinstance(open_source(["nova"], {}), Source)


def test_asking_nothing_is_needed_to_open() -> None:
    open_source(["nova"], {"address": "http://127.0.0.1:9"}, CREDENTIALS)


def test_a_list_that_breaks_off_says_so(bulk: LaunchpadStandIn) -> None:
    made = source(bulk, "lab-bulk")
    bulk.faults.append(Fault("status", times=99, status=400, skip=1))
    try:
        found: list[Listed] = []
        with pytest.raises(Unreachable, match="list of issues"):
            found.extend(made.listing(None))
    finally:
        bulk.faults.clear()
