"""What an outsider can read is told, wherever it leaks; and looking for it leaks nothing itself."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import msgspec
import pytest

from tests.backends.storyboard import servers
from tests.backends.storyboard.acts import ME, SECRET, private, renumbered
from tests.backends.storyboard.example import Decided, Run, bug, rich_bug
from tracker_migrate.backends.storyboard import open_sink, sweeps
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.errors import LoginNeeded
from tracker_migrate.model import Key, kind_of
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving

WITHHELD = Key("storyboard:tag:withheld")


class Leaking(StoryBoardStandIn):
    """Answers some addresses as if a reader had asked; keeps every address."""

    def __init__(self, leak: str = "") -> None:
        super().__init__()
        self.leak = leak
        self.blocked = ""
        self.targets: list[str] = []

    def answer(self, request: Request) -> Reply:
        if request.method == "GET":
            self.targets.append(request.target)
            if self.blocked and re.fullmatch(self.blocked, request.target):
                return Reply(403, b"<html>blocked</html>")
            if self.leak and re.fullmatch(self.leak, request.target):
                headers = {**request.headers, "authorization": f"Bearer {servers.SUPER}"}
                request = dataclasses.replace(request, headers=headers)
        return super().answer(request)


@pytest.fixture
def leaking() -> Iterator[Leaking]:
    if servers.REAL:
        pytest.skip("what is planted here is planted in the stand-in")
    standin = Leaking()
    with serving(standin):
        yield standin


def moved(leaking: StandIn, outsiders: str | None = None) -> Run:
    """A private bug with a bit of everything."""
    run = Run(open_sink(leaking.url, servers.OPTIONS, servers.SUPER, outsiders), Decided(me=ME))
    run.decisions.readers = SECRET
    run.write(private(renumbered(rich_bug())))
    return run


def kinds(keys: list[Key]) -> set[str]:
    return {kind_of(one) for one in keys}


ALL = {"bug", "task", "comment", "tagging"}


@pytest.mark.parametrize("thorough", [False, True])
def test_private_issue_is_readable_by_no_outsider(server: StandIn, thorough: bool) -> None:
    run = moved(server, f" {servers.NORMAL}\n")
    refs = run.issue_refs()
    if servers.REAL and thorough:  # its search shows everything
        assert run.sink.readable_by_outsider(refs, thorough=True)
    else:
        assert run.sink.readable_by_outsider(refs, thorough=thorough) == []


@pytest.mark.parametrize("thorough", [False, True])
def test_every_part_of_an_issue_that_is_open_is_told(
    server: StandIn, run: Run, thorough: bool
) -> None:
    run.write(renumbered(rich_bug()))
    refs = run.issue_refs()
    assert set(run.sink.readable_by_outsider(refs, thorough=thorough)) == refs.keys()


def test_each_of_several_outsiders_is_asked(server: StandIn) -> None:
    run = moved(server, f"{servers.NORMAL} {servers.OTHER}")  # the last one is a reader
    assert set(run.sink.readable_by_outsider(run.issue_refs())) == run.issue_refs().keys()


def test_token_of_an_outsider_that_is_not_taken_is_told(leaking: Leaking) -> None:
    run = moved(leaking, "no-such-token")
    with pytest.raises(LoginNeeded, match="token 1 of the outsiders"):
        run.sink.readable_by_outsider(run.issue_refs())


@pytest.mark.parametrize(
    ("leak", "told"),
    [
        (r"/v1/stories/\d+", {"bug"}),
        (r"/v1/stories/\d+/tasks", {"bug"}),
        (r"/v1/stories/\d+/comments", {"bug"}),
        (r"/v1/stories/\d+/events", {"bug"}),
        (r"/v1/stories/\d+/tags", {"bug", "tagging"}),
        (r"/v1/tags\?story_id=\d+", {"bug"}),
        (r"/v1/tasks\?story_id=\d+", {"bug"}),
        (r"/v1/events\?story_id=\d+", {"bug"}),
        (r"/v1/tasks/\d+", {"task"}),
        (r"/v1/stories/\d+/tasks/\d+", {"task"}),
        (r"/v1/stories/\d+/comments/\d+", {"comment"}),
    ],
)
def test_leak_at_an_objects_own_address_is_found(
    leaking: Leaking, leak: str, told: set[str]
) -> None:
    run = moved(leaking)
    leaking.leak = leak
    assert kinds(run.sink.readable_by_outsider(run.issue_refs())) == told


@pytest.mark.parametrize(
    ("leak", "told"),
    [
        (r"/v1/stories\?limit=.*", {"bug", "tagging"}),
        (r"/v1/tasks\?limit=.*", ALL - {"comment"}),
        (r"/v1/events\?limit=.*", ALL - {"task"}),
        (r"/v1/stories/search\?q=\d+", {"bug", "tagging"}),
        (r"/v1/worklists", ALL - {"comment"}),
        (r"/v1/boards", ALL - {"comment"}),
        (r"/v1/due_dates", ALL - {"comment"}),
    ],
)
def test_leak_in_a_list_is_found_only_by_looking_thoroughly(
    leaking: Leaking, leak: str, told: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "_ROWS", 2)
    monkeypatch.setattr(sweeps, "_EVENTS", 3)
    run = moved(leaking)
    put_on_lists(leaking, run)
    leaking.leak = leak
    refs = run.issue_refs()
    assert run.sink.readable_by_outsider(refs) == []
    assert kinds(run.sink.readable_by_outsider(refs, thorough=True)) == told


def put_on_lists(leaking: StandIn, run: Run) -> None:
    """A reader puts the story and its tasks on a worklist, a board and a due date of all."""
    us = Api(f"{leaking.url}/v1", servers.SUPER)
    ids = [(kind, at.id) for kind, at in run.issue_refs().values() if kind in ("story", "task")]
    for title in ("A list", "A lane"):
        worklist = us.write("POST", "/worklists", {"title": title})["id"]
        for position, (kind, number) in enumerate(ids):
            item = {"item_id": int(number), "item_type": kind, "list_position": position}
            us.write("POST", f"/worklists/{worklist}/items", item)
    lanes = [{"list_id": worklist, "position": 0}]
    us.write("POST", "/boards", {"title": "A board", "lanes": lanes})
    body = {"name": "A day", "date": "2030-01-01T00:00:00+00:00"}
    due = us.write("POST", "/due_dates", body)["id"]
    things = {
        name: [{"id": int(number)} for kind, number in ids if kind == one]
        for name, one in (("stories", "story"), ("tasks", "task"))
    }
    us.write("PUT", f"/due_dates/{due}", things)


def test_what_a_reader_puts_on_lists_of_all_is_shown_to_readers_alone(server: StandIn) -> None:
    run = moved(server)
    put_on_lists(server, run)
    ours, theirs = (Api(f"{server.url}/v1", token) for token in (servers.SUPER, None))
    story = next(at.id for kind, at in run.refs.values() if kind == "story")
    for path in ("/worklists", "/boards", "/due_dates", "/events"):
        assert _names(ours.get(path), story)
        assert not _names(theirs.get(path), story)
    assert ours.get("/worklists", {"story_id": story})
    assert theirs.get("/worklists", {"story_id": story}) == []


def _names(rows: object, story: str) -> bool:
    """Whether a list's item, a due date or a row of the timeline is about a story."""
    text = msgspec.json.encode(rows).decode()
    return re.search(rf"(item|story)_id\W+{story}\b", text) is not None


@pytest.mark.parametrize(
    ("blocked", "told"),
    [
        (r"/v1/tasks/search.*", {"bug", "tagging"}),
        (r"/v1/stories/search.*", ALL - {"comment"}),
        (r"/v1/(tasks|stories)/search.*", set()),
    ],
)
def test_search_that_shows_all_is_found(leaking: Leaking, blocked: str, told: set[str]) -> None:
    run = moved(leaking)
    refs = run.issue_refs()
    run.write(renumbered(bug()))  # there is something that everybody may see
    leaking.settings.leaky_search = True
    leaking.blocked = blocked
    found = run.sink.readable_by_outsider(refs, thorough=True)
    assert kinds(found) == told


def test_withheld_tag_that_is_listed_is_told_without_its_name(leaking: Leaking) -> None:
    run = moved(leaking)
    us = Api(f"{leaking.url}/v1", servers.SUPER)
    us.write("POST", "/tags", {"tag_name": "Émbargo"})

    def told(*withheld: str) -> list[Key]:
        refs = run.issue_refs()
        return run.sink.readable_by_outsider(refs, withheld=withheld, thorough=True)

    assert told("embargo ") == [WITHHELD]
    assert told("secret-tag", "embargos") == []
    assert run.sink.readable_by_outsider(run.issue_refs(), withheld=("embargo",)) == []
    ours = next(at.id for kind, at in run.issue_refs().values() if kind == "story")
    us.write("PUT", f"/stories/{ours}/tags", ["embargo"])
    assert told("embargo") == [WITHHELD]


def test_withheld_tag_that_others_use_on_what_everybody_may_read_tells_nothing(
    leaking: Leaking,
) -> None:
    run = moved(leaking)
    theirs = Api(f"{leaking.url}/v1", servers.NORMAL)
    story = theirs.write("POST", "/stories", {"title": "Somebody else's"})["id"]
    theirs.write("PUT", f"/stories/{story}/tags", ["émbargo"])
    found = run.sink.readable_by_outsider(run.issue_refs(), withheld=("embargo",), thorough=True)
    assert found == []
    assert not any("mbargo" in target for target in leaking.targets)


def test_no_address_holds_a_word_of_an_issue(leaking: Leaking) -> None:
    run = moved(leaking, servers.NORMAL)
    leaking.targets.clear()
    run.sink.readable_by_outsider(run.issue_refs(), withheld=("secret-tag",), thorough=True)
    asked = " ".join(leaking.targets).lower()
    for word in ("stuck", "instance", "build", "never", "secret", "jdoe", "jane", "nova"):
        assert word not in asked


def test_lists_are_gone_through_once_for_all_objects(leaking: Leaking) -> None:
    def lists(run: Run) -> int:
        leaking.targets.clear()
        run.sink.readable_by_outsider(run.issue_refs(), thorough=True)
        of_all = (
            r"/v1/(stories|tasks|events|tags|worklists|boards|due_dates)(/search)?(\?(?!story_).*)?"
        )
        return sum(re.fullmatch(of_all, one) is not None for one in leaking.targets)

    run = moved(leaking)
    before = lists(run)
    for _ in range(5):
        run.write(private(renumbered(bug())))
    assert lists(run) == before
