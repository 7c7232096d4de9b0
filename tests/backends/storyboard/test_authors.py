"""Objects are written as their authors: each once, with a token of minutes that is told nowhere,
and never into where their author may not look."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests

from tests.backends.storyboard import servers
from tests.backends.storyboard.acts import ME, private, renumbered, sent_until
from tests.backends.storyboard.example import (
    PERSON,
    WHEN,
    Decided,
    Run,
    bug,
    comment,
    only,
    rich_bug,
    seal,
    task,
)
from tracker_migrate.backends.storyboard import authors, open_sink, origins, ours
from tracker_migrate.backends.storyboard.authors import Authors
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.sink import StoryBoardSink
from tracker_migrate.errors import (
    ClosingOnly,
    Doubtful,
    LoginNeeded,
    Refused,
    Retriable,
    Taken,
    UsageError,
)
from tracker_migrate.interfaces import Account, Audience
from tracker_migrate.mappings.people import People
from tracker_migrate.model import Issue, Key, Person
from tracker_migrate.testing.loopback import Fault, StandIn

OPTIONS = {**servers.OPTIONS, "authors": "tokens", "people": "created"}
ANN, BEN = Key("launchpad:person:ann"), Key("launchpad:person:ben")
#: people of the server who are no superusers: `normal` and `other`
NORMAL, OTHER = "2", "3"
WRITES = ["story.create", "task.create", "comment.create"]


@pytest.fixture
def sink(server: StandIn) -> Iterator[StoryBoardSink]:
    made = open_sink(server.url, OPTIONS, servers.SUPER)
    assert isinstance(made, StoryBoardSink)
    made.trust(seal)
    yield made
    made.close()


@pytest.fixture
def decisions(sink: StoryBoardSink) -> Decided:
    decided = Decided(me=ME)
    decided.options = OPTIONS
    decided.accounts = {ANN: Account(id=NORMAL, name="Ann"), BEN: Account(id=OTHER, name="Ben")}
    decided.people |= {
        one: Person(key=one, name=one[-3:], display_name=one[-3:].title(), home="https://h.example")
        for one in (ANN, BEN)
    }
    return decided


@pytest.fixture
def run(sink: StoryBoardSink, decisions: Decided) -> Run:
    return Run(sink, decisions)


def by_two(**changes: Any) -> Issue:
    """A bug of Ann's with a comment of Ben's, and one of somebody who has no account."""
    said = (comment(1, author=BEN), comment(2, author=PERSON))
    return renumbered(bug(author=ANN, comments=said, tasks=(task(author=BEN),), **changes))


def got(server: StandIn, path: str, token: str = "") -> Any:
    """What is at a path, asked for with nothing of this package."""
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    answer = requests.get(f"{server.url}/v1{path}", headers=headers, timeout=20)
    assert answer.status_code == 200, answer.status_code
    return answer.json()


def tokens(server: StandIn, account: str) -> list[Any]:
    found: list[Any] = got(server, f"/users/{account}/tokens", servers.SUPER)
    return found


def alive(server: StandIn, account: str) -> int:
    return len(tokens(server, account))


# -- as their authors -----------------------------------------------------------------------------


def test_everything_is_by_who_wrote_it_and_of_when(server: StandIn, run: Run) -> None:
    issue = by_two()
    run.write(issue)
    number = run.refs[issue.key][1].id
    story = got(server, f"/stories/{number}")
    assert story["creator_id"] == int(NORMAL)
    assert story["created_at"] == WHEN.replace(microsecond=0).isoformat()
    (one,) = got(server, f"/stories/{number}/tasks")
    assert one["creator_id"] == int(OTHER)
    assert one["created_at"] == WHEN.replace(microsecond=0).isoformat()
    said = got(server, f"/stories/{number}/events?event_type=user_comment")
    assert [row["author_id"] for row in said] == [int(OTHER), int(ME)]
    assert {row["comment"]["created_at"] for row in said} == {story["created_at"]}
    events = got(server, f"/stories/{number}/events")
    authors_ = {row["event_type"]: row["author_id"] for row in events}
    assert authors_["story_created"] == int(NORMAL)
    assert authors_["task_created"] == int(OTHER)


def test_who_is_shown_is_not_told_again_and_the_date_is(server: StandIn, run: Run) -> None:
    """The web client shows when a comment came here: the text says when it was written."""
    issue = by_two()
    run.write(issue)
    of_ben, of_nobody = (run.sent[one.key]["content"] for one in issue.comments)
    first = of_ben.splitlines()[0]
    assert "Ben" not in first
    assert "2014-05-06 07:08:09 UTC" in first
    assert seal(issue.comments[0].home) in first
    assert "Jane Doe" in of_nobody.splitlines()[0]
    assert seal(issue.comments[1].home) not in of_nobody


def test_what_was_written_is_read_back(sink: StoryBoardSink, run: Run) -> None:
    issue = by_two()
    run.write(issue)
    seen = sink.read(run.issue_refs())
    for key, observed in seen.objects.items():
        sent = run.sent[key]
        assert {name: observed.fields[name] for name in sent} == sent
    shown = {key: one.by for key, one in seen.objects.items()}
    said = [one.key for one in issue.comments]
    assert [shown[key] for key in (issue.key, issue.tasks[0].key, *said)] == ["2", "3", "3", ""]
    assert (seen.ours, seen.doubled, seen.foreign) == ({}, (), 0)


@pytest.mark.parametrize("account", [ME, "999999"])
def test_who_must_not_be_written_as_is_known_beforehand(
    sink: StoryBoardSink, decisions: Decided, account: str
) -> None:
    decisions.accounts[ANN] = Account(id=account, name="Ann")
    decisions.unspoken = sink.unspoken({account, OTHER})
    assert decisions.unspoken.keys() == {account}
    made = {one.key: one.by for one in sink.planner.wanted(by_two(), decisions)}
    assert {*made.values()} == {"", OTHER}


def test_superuser_is_not_written_as_though_nobody_asked_before(
    server: StandIn, sink: StoryBoardSink, run: Run, us: Api
) -> None:
    boss = us.write("POST", "/users", {**fresh_user(), "is_superuser": True})
    off = us.write("POST", "/users", {**fresh_user(), "enable_login": False})
    step = sent_until(run, by_two(), "story.create")
    for account, why in ((boss["id"], "superuser"), (off["id"], "switched off"), (10**8, "there")):
        with pytest.raises(Refused, match=why):
            sink.send(only(step, by=str(account)))
    for account in (boss["id"], off["id"]):
        assert alive(server, account) == 0
    assert sink.find(step, {}) is None


def fresh_user() -> dict[str, Any]:
    number = next(servers.fresh)
    return {"full_name": f"User {number}", "email": f"user{number}@example.org"}


def test_importer_writes_all_unless_the_settings_say_otherwise(
    server: StandIn, decisions: Decided
) -> None:
    decisions.options = {}
    plain = open_sink(server.url, servers.OPTIONS, servers.SUPER)
    assert isinstance(plain, StoryBoardSink)
    assert plain.unspoken({NORMAL, ME}) == {}
    assert {one.by for one in plain.planner.wanted(by_two(), decisions)} == {""}
    assert plain.check(decisions)["authors"].startswith("the importer")
    plain.close()


def test_only_a_superuser_writes_as_others(server: StandIn, decisions: Decided) -> None:
    weak = open_sink(server.url, OPTIONS, servers.NORMAL)
    with pytest.raises(ClosingOnly, match="superuser"):
        weak.check(decisions)
    weak.close()
    able = open_sink(server.url, OPTIONS, servers.SUPER)
    assert able.check(decisions)["authors"].startswith("each author")
    able.close()


def test_lost_rights_stop_the_run(server: StandIn, decisions: Decided) -> None:
    api = Api(f"{server.url}/v1", servers.NORMAL)
    with pytest.raises(UsageError, match="superuser"):
        Authors(api, 20).write(OTHER, "POST", "/stories", {"title": "by another"})
    api.close()


# -- tokens ---------------------------------------------------------------------------------------


def test_one_token_serves_all_of_an_authors_writes_and_is_taken_back(
    server: StandIn, sink: StoryBoardSink, run: Run
) -> None:
    before = alive(server, NORMAL), alive(server, OTHER)
    for _ in range(3):
        run.write(by_two())
    assert (alive(server, NORMAL), alive(server, OTHER)) == (before[0] + 1, before[1] + 1)
    sink.close()
    assert (alive(server, NORMAL), alive(server, OTHER)) == before


def test_tokens_of_their_own_stay(server: StandIn, sink: StoryBoardSink, run: Run, us: Api) -> None:
    own = us.write("POST", f"/users/{NORMAL}/tokens", {"user_id": 2, "expires_in": 720})
    before = tokens(server, NORMAL)
    run.write(by_two())
    sink.close()
    assert tokens(server, NORMAL) == before
    us.write("DELETE", f"/users/{NORMAL}/tokens/{own['id']}")


def test_tokens_end_by_themselves_within_minutes(
    server: StandIn, sink: StoryBoardSink, run: Run
) -> None:
    """So a run that was killed leaves nothing that has to be looked for."""
    before = {row["id"] for row in tokens(server, NORMAL)}
    run.write(by_two())
    (made,) = [row for row in tokens(server, NORMAL) if row["id"] not in before]
    assert made["expires_in"] == 600 + 60 + 20  # 20: the time-out of these tests


class Clock:
    """A time.monotonic() that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def voices(us: Api, clock: Clock) -> Iterator[Authors]:
    made = Authors(us, 20, clock)
    yield made
    made.close()


def say(voices: Authors, account: str = NORMAL) -> Any:
    return voices.write(account, "POST", "/stories", {"title": "said by somebody"})


def made_here(server: StandIn, account: str, before: list[Any]) -> list[int]:
    known = {row["id"] for row in before}
    return [row["id"] for row in tokens(server, account) if row["id"] not in known]


def test_token_is_made_anew_before_it_ends(server: StandIn, voices: Authors, clock: Clock) -> None:
    before = tokens(server, NORMAL)
    say(voices)
    first = made_here(server, NORMAL, before)
    clock.now += authors.USED - 1
    say(voices)
    assert made_here(server, NORMAL, before) == first
    clock.now += 2
    say(voices)
    second = made_here(server, NORMAL, before)
    assert len(second) == 1
    assert second != first  # and the first was taken back


def test_token_that_ended_early_is_made_anew_and_the_write_is_made_once(
    server: StandIn, voices: Authors, us: Api
) -> None:
    before = tokens(server, NORMAL)
    say(voices)
    (first,) = made_here(server, NORMAL, before)
    us.write("DELETE", f"/users/{NORMAL}/tokens/{first}")
    story = say(voices)
    assert story["creator_id"] == int(NORMAL)
    later = us.get("/stories", {"sort_field": "id", "sort_dir": "desc", "limit": 1})
    assert later[0]["id"] == story["id"]


def test_tokens_that_are_never_taken_set_one_object_aside(server: StandIn, voices: Authors) -> None:
    body = '{"code": 401, "title": "Unauthorized", "description": null}'
    headers = {"Content-Type": "application/json"}
    server.faults.append(
        Fault(do="status", status=401, text=body, headers=headers, path="/stories", times=2)
    )
    before = tokens(server, NORMAL)
    with pytest.raises(Refused, match="does not take the tokens"):
        say(voices)
    assert made_here(server, NORMAL, before) == []
    assert say(voices)["creator_id"] == int(NORMAL)


def test_our_own_token_that_ended_needs_a_login(server: StandIn) -> None:
    api = Api(f"{server.url}/v1", "token-that-never-was")
    with pytest.raises(LoginNeeded):
        say(Authors(api, 20))
    api.close()


@pytest.mark.parametrize("do", ["lose", "truncate", "mangle", "reset"])
def test_lost_reply_about_a_token_writes_nothing_and_is_no_doubt(
    server: StandIn, sink: StoryBoardSink, run: Run, do: str
) -> None:
    step = sent_until(run, by_two(), "story.create")
    server.faults.append(Fault(do=do, method="POST", path="/tokens"))
    with pytest.raises(Retriable):
        sink.send(step)
    assert sink.find(step, {}) is None
    assert sink.send(step).refs


def test_tokens_are_bounded_in_number(
    server: StandIn, us: Api, voices: Authors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authors, "MOST", 2)
    people = [us.write("POST", "/users", fresh_user())["id"] for _ in range(5)]
    for one in people:
        assert say(voices, str(one))["creator_id"] == one
    assert [alive(server, one) for one in people] == [0, 0, 0, 1, 1]
    assert say(voices, str(people[0]))["creator_id"] == people[0]


def test_what_the_server_takes_back_no_more_is_left_to_its_end(
    server: StandIn, voices: Authors
) -> None:
    say(voices)
    say(voices, OTHER)
    server.faults.append(Fault(do="reset", method="DELETE", times=9))
    voices.close()  # at the first failure it stops, and says nothing


def test_no_token_is_told_or_kept(
    server: StandIn, sink: StoryBoardSink, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "urllib3", "requests", "storyboardclient"):
        caplog.set_level(logging.DEBUG, name)
    told = []
    issue = by_two()
    for step in run.steps(issue):
        told.append(repr(step))
        told.append(repr(run.send(step)))
    server.faults.append(Fault(do="truncate", method="POST", path="/tokens"))
    sink._site.authors._put_away(sink._site.authors._held[NORMAL])
    with pytest.raises(Retriable) as caught:
        sink._site.authors.write(NORMAL, "POST", "/stories", {"title": "never made"})
    told += [repr(caught.value), str(caught.value), caplog.text]
    told += [repr(vars(sink._site.authors)), repr(sink._site.authors._held)]
    secrets = [row["access_token"] for who in (NORMAL, OTHER) for row in tokens(server, who)]
    assert len(secrets) >= 3
    assert not [one for one in secrets if any(one in text for text in told)]
    assert caplog.records, "they do log"


# -- once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("do", ["lose", "truncate", "mangle"])
def test_lost_reply_is_settled_by_looking(
    server: StandIn, sink: StoryBoardSink, run: Run, kind: str, do: str
) -> None:
    step = sent_until(run, by_two(), kind)
    where = {"story.create": "/stories", "task.create": "/tasks", "comment.create": "/comments"}
    server.faults.append(Fault(do=do, method="POST", path=where[kind]))
    with pytest.raises(Doubtful):
        sink.send(step)
    before = server.writes
    found = sink.find(step, sink.mark(step))
    assert found is not None
    assert server.writes == before
    assert found.refs == sink.send(step).refs
    run.send(step)
    seen = sink.read(run.issue_refs())
    assert (seen.doubled, seen.foreign, seen.ours) == ((), 0, {})


@pytest.mark.parametrize("kind", WRITES)
def test_what_its_author_wrote_under_our_number_is_not_ours(
    server: StandIn, sink: StoryBoardSink, run: Run, kind: str
) -> None:
    """The author is the same, the number is the same, and the text is a copy: the seal is not."""
    step = sent_until(run, by_two(), kind)
    (action,) = step.actions
    own = Api(f"{server.url}/v1", servers.NORMAL if action.by == NORMAL else servers.OTHER)
    fields = {
        name: unsealed(value) if isinstance(value, str) else value
        for name, value in action.fields.items()
    }
    forged = msgspec.structs.replace(action, fields=fields)
    post_as(own, kind, forged)
    own.close()
    with pytest.raises(Taken):
        sink.send(step)
    with pytest.raises(Taken):
        sink.find(step, {})


def unsealed(text: str) -> str:
    """A text as somebody who does not know the key would write it."""
    home, found = origins.unsealed(text)
    if found:
        return f"{home}{origins.joint(home)}{'0' * 12}"
    first, *rest = text.split("\n")
    return "\n".join([first.replace(first[-14:-2], "0" * 12) if "`" in first else first, *rest])


def post_as(api: Api, kind: str, action: Any) -> None:
    from tracker_migrate.backends.storyboard import wire

    match kind:
        case "story.create":
            body = wire.story_body(action.fields, 1)
            api.write("POST", "/stories", wire.numbered(body, action.number))
        case "task.create":
            body = wire.task_body(action.fields, create=True)
            api.write("POST", "/tasks", wire.numbered(body, action.number))
        case _:
            body = wire.numbered(wire.comment_body(action.fields), action.number)
            api.write("POST", f"/stories/{action.fields['story_id']}/comments", body)


def test_lost_ledger_finds_what_is_by_others(sink: StoryBoardSink, run: Run) -> None:
    issue = by_two()
    run.write(issue)
    wanted = [
        one
        for one in sink.planner.wanted(issue, run.decisions)
        if sink.planner.kinds[one.kind].phase != 0
    ]
    refs = run.issue_refs()
    assert dict(sink.lookup(wanted)) == {key: at for key, (_kind, at) in refs.items()}
    lost = {key: refs.pop(key)[1] for key in list(refs) if ":comment:" in key or ":task:" in key}
    assert sink.read(refs).ours == lost
    assert {one.at.id for one in sink.made()} >= {lost[issue.tasks[0].key].id}
    made = {one.at.id: one.marker for one in sink.made()}
    assert made[lost[issue.tasks[0].key].id] == issue.tasks[0].home


def test_without_the_key_nothing_of_others_is_ours(
    server: StandIn, sink: StoryBoardSink, run: Run
) -> None:
    issue = by_two()
    run.write(issue)
    sink.trust(lambda permalink: seal(f"another key {permalink}"))
    wanted = list(sink.planner.wanted(issue, run.decisions))
    assert sink.lookup([one for one in wanted if sink.planner.kinds[one.kind].phase != 0]) == {}
    refs = {key: held for key, held in run.issue_refs().items() if ":comment:" not in key}
    seen = sink.read(refs)
    assert seen.foreign == 1  # Ben's
    assert seen.ours.keys() == {issue.comments[1].key}  # the importer's own


def test_seal_of_another_object_is_none(sink: StoryBoardSink, run: Run) -> None:
    site = sink._site
    home = "https://bugs.launchpad.net/bugs/1"
    link = f"{home}{origins.joint(home)}{seal(home)}"
    assert ours.is_sealed_link(site, link)
    assert not ours.is_sealed_link(site, link.replace("/bugs/1", "/bugs/2"))
    assert not ours.is_sealed_link(site, home)
    assert not ours.is_sealed(site, None)
    item = f"{home}#workitem-0123456789ab"
    assert origins.unsealed(item) == (item, "")
    sealed = f"{item}{origins.joint(item)}{seal(item)}"
    assert origins.unsealed(sealed) == (item, seal(item))


# -- private --------------------------------------------------------------------------------------


def test_author_who_is_a_reader_writes_a_private_story_and_no_reader_is_added(
    server: StandIn, sink: StoryBoardSink, run: Run
) -> None:
    run.decisions.readers = Audience(name="security", users=(NORMAL,))
    issue = private(by_two())
    run.write(issue)
    number = run.refs[issue.key][1].id
    story = got(server, f"/stories/{number}", servers.SUPER)
    assert story["creator_id"] == int(NORMAL)
    assert sorted(one["id"] for one in story["users"]) == [int(ME), int(NORMAL)]
    said = got(server, f"/stories/{number}/events?event_type=user_comment", servers.SUPER)
    assert {row["author_id"] for row in said} == {int(ME)}, "Ben is no reader: he is named"
    (one,) = got(server, f"/stories/{number}/tasks", servers.SUPER)
    assert one["creator_id"] == int(ME)
    assert "Ben" in run.sent[issue.comments[0].key]["content"].splitlines()[0]
    assert sink.readable_by_outsider(run.issue_refs()) == []


@pytest.mark.parametrize("kind", WRITES)
def test_who_may_not_read_is_never_let_in_to_be_the_author(
    server: StandIn, sink: StoryBoardSink, run: Run, kind: str
) -> None:
    """StoryBoard takes a comment by somebody who does not see its story (facts 4)."""
    run.decisions.readers = Audience(name="security", users=(NORMAL,))
    step = sent_until(run, private(by_two()), kind)
    before = server.writes
    with pytest.raises(Refused, match="may not read"):
        sink.send(only(step, by=OTHER))
    assert server.writes == before


def test_story_of_somebody_is_closed_and_opened_as_our_own(
    server: StandIn, sink: StoryBoardSink, run: Run
) -> None:
    issue = by_two()
    run.write(issue)
    run.decisions.readers = Audience(name="security", users=(OTHER,))
    (wanted,) = [
        one for one in sink.planner.wanted(private(issue), run.decisions) if one.key == issue.key
    ]
    sink.send(run.update(wanted, "private", "users", "teams"))
    assert len(sink.readable_by_outsider(run.issue_refs())) == 0
    (open_,) = [one for one in sink.planner.wanted(issue, run.decisions) if one.key == issue.key]
    sink.send(run.update(open_, "private", "users", "teams"))
    assert got(server, f"/stories/{run.refs[issue.key][1].id}")["private"] is False


def test_story_whose_seal_somebody_took_away_is_closed_all_the_same(
    server: StandIn, sink: StoryBoardSink, run: Run, us: Api
) -> None:
    """Nothing is added to it, for nobody can tell any more that it is ours; to close it is safe."""
    sink.unspoken({NORMAL, OTHER})
    issue = by_two()
    run.write(issue)
    number = run.refs[issue.key][1].id
    us.write("PUT", f"/stories/{number}", {"description": "I tidied this up."})
    run.decisions.readers = Audience(name="security", users=(OTHER,))
    wanted = {one.key: one for one in sink.planner.wanted(private(issue), run.decisions)}
    sink.send(run.update(wanted[issue.key], "private", "users", "teams"))
    with pytest.raises(Refused):
        sink.send(run.update(wanted[issue.key], "description"))


# -- accounts that are made -----------------------------------------------------------------------


def somebody(**changes: Any) -> Person:
    name = f"jd{next(servers.fresh)}"
    held = {"key": Key(f"launchpad:person:{name}"), "name": name, "display_name": "Jane Doe"}
    return Person(**{**held, "home": f"https://launchpad.net/~{name}", **changes})


def test_account_that_is_made_tells_no_address_and_lets_nobody_log_in(
    server: StandIn, sink: StoryBoardSink
) -> None:
    person = somebody()
    made = sink.make_account(person)
    row = got(server, f"/users/{made.id}")
    assert row["full_name"] == "Jane Doe"
    assert row["email"] == f"{person.name}@launchpad.placeholder.invalid"
    assert (row["enable_login"], row["is_superuser"], row["openid"]) == (False, False, None)
    assert sink.unspoken({made.id}) == {}
    known = {one.id: one.made_for for one in sink.accounts()}
    assert known[made.id] == person.name


@pytest.mark.parametrize("do", ["lose", "truncate", "reset"])
def test_account_is_made_once(server: StandIn, sink: StoryBoardSink, do: str) -> None:
    person = somebody()
    server.faults.append(Fault(do=do, method="POST", path="/users"))
    first = sink.make_account(person)
    assert sink.make_account(person) == first
    email = f"{person.name}@launchpad.placeholder.invalid"
    assert [str(row["id"]) for row in got(server, f"/users?email={email}")] == [first.id]


def test_account_is_made_only_where_that_is_allowed(server: StandIn) -> None:
    found = open_sink(server.url, servers.OPTIONS, servers.SUPER)
    assert isinstance(found, StoryBoardSink)
    with pytest.raises(UsageError, match="people"):
        found.make_account(somebody())
    found.close()
    weak = open_sink(server.url, OPTIONS, servers.NORMAL)
    assert isinstance(weak, StoryBoardSink)
    with pytest.raises(UsageError, match="superuser"):
        weak.make_account(somebody())
    weak.close()


@pytest.mark.parametrize(
    ("name", "display"), [("x" * 200, "Jane"), ("o'neil été", "J"), ("jd", "\x07\u202e Jane\nDoe")]
)
def test_odd_names_make_accounts_that_the_server_takes(
    server: StandIn, sink: StoryBoardSink, name: str, display: str
) -> None:
    mark = next(servers.fresh)
    person = somebody(key=Key(f"launchpad:person:{name}{mark}"), display_name=display)
    row = got(server, f"/users/{sink.make_account(person).id}")
    assert 3 <= len(row["full_name"]) <= 255
    assert row["full_name"].isprintable()
    assert len(row["email"]) <= 100
    other = somebody(key=Key(f"launchpad:person:{name}{mark}!"), display_name=display)
    assert sink.make_account(other).id != str(row["id"])


def test_what_is_written_as_an_account_that_was_made_is_by_it(
    server: StandIn, sink: StoryBoardSink, run: Run
) -> None:
    made = sink.make_account(somebody())
    run.decisions.accounts[ANN] = made
    issue = by_two()
    run.write(issue)
    assert got(server, f"/stories/{run.refs[issue.key][1].id}")["creator_id"] == int(made.id)


def test_doctor_says_who_is_not_written_as(sink: StoryBoardSink, decisions: Decided) -> None:
    class Tables:
        people = People(
            accounts={"ann": Account(id=ME, name=""), "ben": Account(id=OTHER, name="")}
        )

    decisions.tables = Tables()  # type: ignore[attr-defined]
    seen = sink.foresight(decisions)
    seen.see(by_two(), False)
    told = [one.what for one in seen.concerns() if one.level == "look"]
    assert told[:2] == [
        "1 authors of public issues have no account here: texts name them",
        "1 accounts of people.csv are not written as: each is the importer's",
    ]


# -- what becomes of the fields -------------------------------------------------------------------


def test_author_is_native_where_it_is_written_and_text_else(
    sink: StoryBoardSink, decisions: Decided
) -> None:
    told = {
        (one.entity, one.field, one.outcome): one.count
        for one in sink.planner.losses(by_two(), decisions)
        if one.field == "author"
    }
    assert told == {
        ("bug", "author", "native"): 1,
        ("task", "author", "native"): 1,
        ("comment", "author", "native"): 1,
        ("comment", "author", "text"): 1,
    }


def test_whoever_is_written_as_no_text_but_the_first_lines_changes(
    sink: StoryBoardSink, decisions: Decided
) -> None:
    """A late claim is no change of a text."""
    issue = renumbered(rich_bug(author=ANN))
    with_tokens = list(sink.planner.wanted(issue, decisions))
    decisions.options = {}
    without = list(sink.planner.wanted(issue, decisions))
    assert [msgspec.structs.replace(one, by="") for one in with_tokens] == without
