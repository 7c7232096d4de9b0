"""Lists that go in circles, or have no end: each is left with an error, after a few pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest

from tracker_migrate import bounded
from tracker_migrate.backends.launchpad import listing
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.outside import _View
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.backends.storyboard import sweeps
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import ObjectError, Refused
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving

#: how a list may be endless: the names of its rows, page by page
KINDS: dict[str, Callable[[int, int], list[int]]] = {
    "the same page": lambda _, size: list(range(1, size + 1)),
    "new pages for ever": lambda page, size: list(range(page * size + 1, page * size + size + 1)),
    "empty pages": lambda _page, _size: [],
    "back and forth": lambda page, size: [page % 2 * size + one + 1 for one in range(size)],
}


class Endless(StandIn):
    """Each of the trackers' lists, without an end."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.pages = kind, count()
        self.asked = 0
        self.lies = False

    def rows(self, size: int) -> list[int]:
        """The names of the next page's rows."""
        self.asked += 1
        return KINDS[self.kind](next(self.pages), size)

    def answer(self, request: Request) -> Reply:
        """A page, and that there is another."""
        if request.path.startswith("/devel"):
            return self._launchpad(request)
        if request.path.startswith("/api"):
            return self._conduit(request)
        size = int(request.arg("limit") or 50)
        rows = [{"id": one, "story_id": 1, "author_id": 1} for one in self.rows(size)]
        headers = {"X_Marker": request.arg("marker") or ""}
        return Reply.of_json(rows, 200, **headers)

    def _launchpad(self, request: Request) -> Reply:
        start = int(request.arg("ws.start") or 0)
        root = f"{self.url}/devel"
        rows = [
            {"self_link": f"{root}/x/{one}", "bug_link": f"{root}/bugs/{one}"}
            for one in self.rows(50)
        ]
        link = f"{root}/nova?ws.size=50&memo={start + 50}&ws.start={start + 50}"
        page = {"start": start, "entries": rows, "next_collection_link": link}
        return Reply.of_json({**page, "total_size": 10**15} if self.lies else page)

    def _conduit(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        assert form["params"]
        data = [{"sourcePHID": "a", "edgeType": "b", "destinationPHID": f"c{one}"}
                for one in self.rows(50)]  # fmt: skip
        cursor = {"after": "7" if self.kind == "the same page" else str(self.asked)}
        result = {"data": data, "cursor": cursor}
        return Reply.of_json({"result": result, "error_code": None, "error_info": None})


@pytest.fixture(params=KINDS)
def endless(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endless]:
    for module in (bounded, listing):
        monkeypatch.setattr(module, "ROWS", 2000)
    made = Endless(request.param)
    with serving(made):
        yield made


def _launchpad(url: str) -> Client:
    return Client(url, per_second=0, patience=0, pause=0)


@pytest.mark.parametrize("lies", [False, True])
def test_a_search_of_launchpad_ends(endless: Endless, lies: bool) -> None:
    endless.lies = lies
    with pytest.raises(ObjectError, match=r"in circles|does not end"):
        list(listing.numbers(_launchpad(endless.url), "nova", [("ws.size", "50")]))
    assert endless.asked <= 200  # it goes back when a page does not begin where the last ended


@pytest.mark.parametrize("lies", [False, True])
def test_a_collection_of_launchpad_ends(
    endless: Endless, lies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless.lies = lies
    monkeypatch.setattr("tracker_migrate.backends.launchpad.client.PARTS", 2000)
    with pytest.raises(ObjectError, match=r"in circles|does not end"):
        list(_launchpad(endless.url).collection("nova", 50))
    assert endless.asked <= 45


def test_a_list_of_storyboard_ends(endless: Endless) -> None:
    api = Api(f"{endless.url}/v1", None)
    if endless.kind == "empty pages":
        assert list(api.rows("/tasks", page=50)) == []  # a short page is the last
        return
    with pytest.raises(Refused, match=r"in circles|does not end"):
        list(api.rows("/tasks", page=50, most=2000))
    assert endless.asked <= 45


def test_a_timeline_of_storyboard_ends(endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_EVENTS", 50)
    monkeypatch.setattr(sweeps, "Pages", lambda: bounded.Pages(2000))
    api = Api(f"{endless.url}/v1", None)
    asked = sweeps._by_offset(lambda page: api.get("/events", page), 50)
    if endless.kind == "empty pages":
        assert list(asked) == []
        return
    with pytest.raises(Refused, match=r"in circles|does not end"):
        list(asked)
    assert endless.asked <= 45


def test_a_search_of_conduit_ends(endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tracker_migrate.backends.maniphest.lookups.Pages", lambda: bounded.Pages(2000)
    )
    client = Conduit(endless.url, "api-token")
    with pytest.raises(Refused, match=r"in circles|does not end"):
        list(Finder(Server(client, None)).edges(["PHID-TASK-a"], ["task.subtask"]))
    assert endless.asked <= 45


def test_what_an_outsider_is_shown_ends(endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tracker_migrate.backends.maniphest.outside.Pages", lambda: bounded.Pages(2000)
    )
    monkeypatch.setattr("tracker_migrate.backends.maniphest.outside._named", iter)
    view: Any = _View(Conduit(endless.url, "api-token"), {})
    with pytest.raises(Refused, match=r"in circles|does not end"):
        list(view._pages("edge.search", {}))
    assert endless.asked <= 45


def test_a_bug_whose_parts_are_too_long_together_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tracker_migrate.backends.launchpad.answers import Got
    from tracker_migrate.backends.launchpad.gathering import Gathered

    got: Any = Got(
        value={"information_type": "Public", "entries": []},
        reply=None,  # type: ignore[arg-type]
        when=None,  # type: ignore[arg-type]
        size=40 * 2**20,
    )
    gathered = Gathered(got)
    with pytest.raises(Refused, match="64 MB together"):
        gathered._keep("messages", got)
