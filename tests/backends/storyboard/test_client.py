"""What the client promises: every trap of the package and of the wire, over real HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tracker_migrate.backends.storyboard import faults, wire
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    MigrateError,
    Refused,
    Retriable,
    Taken,
    Unreachable,
    UsageError,
    WrongTracker,
)
from tracker_migrate.testing.loopback import Fault, Reply, Request, StandIn, serving

SECRET = "xyzzy exploit"


class Scripted(StandIn):
    """Answers with what `reply` makes of a request, and remembers the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []
        self.reply: Callable[[Request], Reply] = lambda _request: Reply.of_json({"id": 1})

    def answer(self, request: Request) -> Reply:
        with self.lock:
            self.asked.append(request)
        return self.reply(request)


@pytest.fixture
def server() -> Iterator[Scripted]:
    standin = Scripted()
    with serving(standin):
        yield standin


@pytest.fixture
def api(server: Scripted) -> Iterator[Api]:
    client = Api(f"{server.url}/v1", "token-1", timeout=2, attempts=3, backoff=0.01)
    yield client
    client.close()


def says(status: int, fault: str) -> Callable[[Request], Reply]:
    body = {"faultcode": "Client", "faultstring": fault, "debuginfo": None}
    return lambda _request: Reply.of_json(body, status)


# -- the package --------------------------------------------------------------------------------


def test_package_is_imported_outside_of_any_git_repository(tmp_path: Path) -> None:
    """Its own import fails there: it asks for the version of a distribution of another name."""
    code = (
        "import os; from tracker_migrate.backends.storyboard.client import _package; _package();"
        "assert 'PBR_VERSION' not in os.environ"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_opening_a_sink_does_not_import_the_package(tmp_path: Path) -> None:
    code = (
        "import sys; from tracker_migrate.backends.storyboard import open_sink;"
        "assert 'requests' not in sys.modules and 'pydantic' not in sys.modules;"
        "open_sink('http://127.0.0.1:1', {}, 't'); assert 'storyboardclient' not in sys.modules"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)


def test_json_is_asked_for_and_the_token_is_sent(server: Scripted, api: Api) -> None:
    api.get("/stories/1")
    headers = server.asked[0].headers
    assert headers["accept"] == "application/json"
    assert headers["authorization"] == "Bearer token-1"
    assert headers["user-agent"].startswith("tracker-migrate")


def test_nobody_sends_no_token(server: Scripted) -> None:
    Api(f"{server.url}/v1", None).get("/stories/1")
    assert "authorization" not in server.asked[0].headers


def test_explicit_id_goes_in_the_body_and_not_in_the_address(server: Scripted, api: Api) -> None:
    api.write("POST", "/stories", {"id": 77, "title": "A story"})
    assert server.asked[0].path == "/v1/stories"
    assert server.asked[0].json()["id"] == 77


def test_query_values_are_escaped(server: Scripted, api: Api) -> None:
    server.reply = lambda _request: Reply.of_json([])
    api.get("/stories", {"title": "a&limit=1#x", "tags": ["a b", "c"], "status": None})
    assert server.asked[0].query == (("title", "a&limit=1#x"), ("tags", "a b"), ("tags", "c"))


def test_tags_are_removed_with_a_body(server: Scripted, api: Api) -> None:
    server.reply = lambda _request: Reply(204)
    assert api.write("DELETE", "/tags/1", ["a"]) is None
    assert server.asked[0].json() == ["a"]


def test_silent_server_does_not_hang_us(server: Scripted) -> None:
    api = Api(f"{server.url}/v1", "t", timeout=0.2)
    server.faults.append(Fault(do="delay", seconds=1.0))
    with pytest.raises(Doubtful):
        api.write("POST", "/stories", {})


def test_redirect_is_not_followed(server: Scripted, api: Api) -> None:
    server.reply = lambda _request: Reply(302, b"", {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(WrongTracker):
        api.write("POST", "/stories", {})
    assert len(server.asked) == 1


# -- writes: sent once, and classified by what the fault says -------------------------------------

MORE = "DELETE statement on table 'story_storytags' expected to delete"
DEADLOCK = "(pymysql.err.OperationalError) (1213, 'Deadlock found when trying to get lock')"


@pytest.mark.parametrize(
    ("status", "fault", "error"),
    [
        (500, f"{DEADLOCK}\n[SQL: UPDATE projects ...]", Retriable),
        (400, "Database in dead lock", Retriable),
        (400, "Database object 'Story' with field value '1' already exists.", faults.Exists),
        (400, "The Story 1 already has a tag new", faults.HasTag),
        (500, f"{MORE} 1 row(s); Only 4 were matched.", Refused),
        (500, "'NoneType' object has no attribute 'permissions'", faults.HalfMade),
        (400, "Connection to database failed.", Doubtful),
        (400, "Foreign key error. Error in object 'Task'.", Refused),
        (500, "(pymysql.err.DataError) (1265, \"Data truncated for column 'priority'\")", Refused),
        (500, "(builtins.RuntimeError) Datetime value without timezone provided", Refused),
        (400, "Milestones can only be associated with merged tasks", Refused),
        (404, "Story 700 not found.", Gone),
        (401, "", LoginNeeded),
        (403, "", UsageError),
        (405, "", Refused),
        (400, "", Refused),
        (500, "something that nobody has seen", Doubtful),
        (503, "", Doubtful),
        (429, "", Retriable),
    ],
)
def test_write_is_sent_once_and_its_failure_is_known(
    server: Scripted, api: Api, status: int, fault: str, error: type[MigrateError]
) -> None:
    server.reply = says(status, fault)
    with pytest.raises(error) as caught:
        api.write("POST", "/stories", {"title": SECRET})
    assert type(caught.value) is error
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "words", ["Database in dead lock", "already exists", f"{DEADLOCK} {SECRET}", "1213"]
)
def test_words_of_the_text_that_was_sent_are_not_taken_for_the_servers(
    server: Scripted, api: Api, words: str
) -> None:
    """A 500 echoes its SQL with all that was submitted."""
    fault = f'(pymysql.err.DataError) (1406, "Data too long")\n[SQL: INSERT]\n[parameters: {words}]'
    server.reply = says(500, fault)
    with pytest.raises(Refused):
        api.write("POST", "/stories", {})


def test_no_word_of_the_server_gets_into_a_message(server: Scripted, api: Api) -> None:
    for status in (400, 401, 403, 404, 405, 409, 429, 500, 502):
        server.reply = says(status, f"{SECRET} already exists Database object '{SECRET}'")
        with pytest.raises(MigrateError) as caught:
            api.write("POST", "/stories", {"description": SECRET})
        assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_lost_database_is_our_fault_only_near_16_megabytes(server: Scripted, api: Api) -> None:
    server.reply = says(400, "Connection to database failed.")
    with pytest.raises(Refused, match="16 MB"):
        api.write("POST", "/stories", {}, size=16_000_000)


@pytest.mark.parametrize("do", ["lose", "truncate", "mangle", "reset", "html"])
def test_lost_reply_is_doubtful(server: Scripted, api: Api, do: str) -> None:
    server.faults.append(Fault(do=do))
    with pytest.raises(Doubtful):
        api.write("POST", "/stories", {"title": "A story"})


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_page_of_a_proxy_is_doubtful(server: Scripted, api: Api, status: int) -> None:
    server.faults.append(Fault(do="status", status=status, text="<h1>Oops</h1>"))
    with pytest.raises(Doubtful):
        api.write("POST", "/stories", {})


def test_refused_connection_is_retriable() -> None:
    with pytest.raises(Retriable):
        Api("http://127.0.0.1:1/v1", "t", timeout=1).write("POST", "/stories", {})


def test_exists_names_the_kind_and_is_taken_if_nobody_looks() -> None:
    body = json.dumps(
        {"faultstring": "Database object 'Permission' with field value 'x' already exists."}
    )
    headers = {"Content-Type": "application/json"}
    error = faults.fault(400, headers, body.encode(), host="h")
    assert isinstance(error, Taken)
    assert isinstance(error, faults.Exists)
    assert error.what == "Permission"


# -- reads: retried -----------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["lose", "reset", "mangle", "html", "status"])
def test_read_is_tried_again(server: Scripted, api: Api, do: str) -> None:
    server.faults.append(Fault(do=do, times=2))
    assert api.get("/stories/1") == {"id": 1}


def test_read_that_never_succeeds_is_unreachable(server: Scripted, api: Api) -> None:
    server.faults.append(Fault(do="status", times=9))
    with pytest.raises(Unreachable):
        api.get("/stories/1")


def test_missing_user_is_a_500_and_still_gone(server: Scripted, api: Api) -> None:
    server.reply = says(500, "'NoneType' object has no attribute '_public_fields'")
    with pytest.raises(Gone):
        api.get("/users/99")
    assert len(server.asked) == 1


def test_wrong_token_is_told_at_once(server: Scripted, api: Api) -> None:
    server.reply = lambda _request: Reply.of_json({"code": 401, "title": "Unauthorized"}, 401)
    with pytest.raises(LoginNeeded):
        api.get("/users/self")
    assert len(server.asked) == 1


# -- pages --------------------------------------------------------------------------------------


class Rows:
    """A list with ids; a marker that is not in it is ignored, as StoryBoard does."""

    def __init__(self, *ids: int) -> None:
        self.ids = list(ids)
        self.private: set[int] = set()

    def __call__(self, request: Request) -> Reply:
        limit, marker = int(request.arg("limit") or 99), int(request.arg("marker") or 0)
        headers = {"X_Limit": str(limit)}
        after = self.ids
        if marker in self.ids and marker not in self.private:
            headers["X_Marker"] = str(marker)
            after = self.ids[self.ids.index(marker) + 1 :]
        rows: list[Any] = [{"id": one, "story_id": 1} for one in after[:limit]]
        return Reply.of_json(rows, 200, **headers)


def test_all_pages_are_read(server: Scripted, api: Api) -> None:
    server.reply = Rows(1, 2, 5, 8, 9)
    assert [row["id"] for row in api.rows("/tasks", page=2)] == [1, 2, 5, 8, 9]


def test_marker_that_went_away_does_not_start_the_list_again(server: Scripted, api: Api) -> None:
    rows = Rows(1, 2, 5, 8, 9)
    server.reply = rows
    seen = []
    for row in api.rows("/tasks", page=2):
        seen.append(row["id"])
        if row["id"] == 2:
            rows.ids.remove(2)
    assert seen == [1, 2, 5, 8, 9]


def test_markers_of_private_stories_are_stepped_over(server: Scripted, api: Api) -> None:
    """Seen on the real server: even a reader's marker is ignored if its story is private."""
    rows = Rows(*range(1, 20))
    rows.private = {6, 7, 8}
    server.reply = rows
    assert [row["id"] for row in api.rows("/tasks", page=8)] == list(range(1, 20))
    assert len(server.asked) < 8


def test_list_whose_markers_all_went_away_is_read_as_a_whole(server: Scripted, api: Api) -> None:
    rows = Rows(*range(1, 9))
    server.reply = rows
    listed = api.rows("/tasks", page=2)
    assert next(listed)["id"] == 1
    rows.ids = [3, 4, 5, 6]
    assert [row["id"] for row in listed] == [2, 3, 4, 5, 6]


# -- shapes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "base", "web"),
    [
        ("https://sb.example.org/api", "https://sb.example.org/api/v1", "https://sb.example.org"),
        (
            "https://sb.example.org/api/v1/",
            "https://sb.example.org/api/v1",
            "https://sb.example.org",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
    ],
)
def test_address_is_completed(given: str, base: str, web: str) -> None:
    assert wire.api_base(given) == base
    assert wire.web_root(base) == web


@pytest.mark.parametrize(
    "given", ["sb.example.org", "ftp://x/", "https://me:pw@sb.example.org/api"]
)
def test_address_that_is_none_or_holds_a_secret_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        wire.api_base(given)


def test_acting_user_is_the_first_reader() -> None:
    body = wire.story_body({"private": True, "users": ["9", "2", "7"], "teams": ["1"]}, me=2)
    assert body["users"] == [{"id": 2}, {"id": 9}, {"id": 7}]
    assert body["teams"] == [{"id": 1}]


def test_public_story_names_no_readers_on_the_wire() -> None:
    assert wire.story_body({"private": False, "users": [], "teams": []}, me=2) == {"private": False}
