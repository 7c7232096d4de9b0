"""Conduit through the package `phabricator`: each of its traps, and what each failure means."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tracker_migrate.backends.maniphest.client import Conduit, package
from tracker_migrate.backends.maniphest.faults import (
    Invalid,
    SlugTaken,
    UnknownConstraint,
    UnknownType,
    fault,
)
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    Refused,
    Retriable,
    Unreachable,
    WrongTracker,
)
from tracker_migrate.testing.loopback import Fault, Reply, Request, StandIn, serving

RECORDED = Path("../shared/recordings/maniphest")
SECRET = "the words of a private bug"


class Echo(StandIn):
    """Answers every call with what it was asked; connections are told by their thread."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Request, dict[str, Any]]] = []
        self.threads: set[int] = set()
        self.reply: Reply | None = None
        self.work = 0.0  # seconds that an answer takes
        self.busy = self.most = 0

    def answer(self, request: Request) -> Reply:
        """The parameters, as they came."""
        form = parse_qs(request.body.decode(), keep_blank_values=True)
        params = json.loads(form["params"][0])
        with self.lock:
            self.asked.append((request, params))
            self.threads.add(threading.get_ident())
            self.busy += 1
            self.most = max(self.most, self.busy)
        time.sleep(self.work)
        with self.lock:
            self.busy -= 1
        result = {"method": request.path, "params": params}
        return self.reply or Reply.of_json(
            {"result": result, "error_code": None, "error_info": None}
        )


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    monkeypatch.setattr("tracker_migrate.backends.maniphest.replies.wrong", lambda *_: None)
    standin = Echo()
    with serving(standin):
        yield standin


@pytest.fixture
def client(echo: Echo) -> Iterator[Conduit]:
    made = Conduit(echo.url, "api-secret", timeout=1, attempts=3, backoff=0.01)
    yield made
    made.close()


def refusal(code: str, info: str) -> Reply:
    return Reply.of_json({"result": None, "error_code": code, "error_info": info})


def test_slow_reply_is_not_sent_four_times(echo: Echo, client: Conduit) -> None:
    echo.faults.append(Fault("delay", seconds=1.6, times=9))
    with pytest.raises(Doubtful):
        client.write("maniphest.edit", transactions=[])
    assert echo.writes == 1


def test_the_time_out_is_ours_and_not_five_seconds(echo: Echo) -> None:
    echo.faults.append(Fault("delay", seconds=5.5))
    patient = Conduit(echo.url, "api-secret", timeout=20)
    assert patient.write("maniphest.edit", transactions=[])["method"] == "/api/maniphest.edit"
    patient.close()


@pytest.mark.parametrize("do", ["lose", "reset", "truncate", "mangle", "html"])
def test_a_broken_reply_to_a_write_is_doubtful_and_sent_once(
    echo: Echo, client: Conduit, do: str
) -> None:
    echo.faults.append(Fault(do, times=9))
    with pytest.raises(Doubtful):
        client.write("maniphest.edit", transactions=[])
    assert echo.writes == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_leaves_a_write_in_doubt(echo: Echo, client: Conduit, status: int) -> None:
    echo.faults.append(Fault("status", status=status, text=SECRET))
    with pytest.raises(Doubtful) as raised:
        client.write("maniphest.edit", transactions=[])
    assert SECRET not in str(raised.value)


def test_too_many_requests_is_sent_again_later_as_asked(echo: Echo, client: Conduit) -> None:
    echo.faults.append(Fault("status", status=429, headers={"Retry-After": "17"}))
    with pytest.raises(Retriable) as raised:
        client.write("maniphest.edit", transactions=[])
    assert raised.value.after == 17


def test_too_large_a_text_is_refused(echo: Echo, client: Conduit) -> None:
    echo.faults.append(Fault("status", status=413))
    with pytest.raises(Refused, match="larger than the web server takes"):
        client.write("maniphest.edit", transactions=[])


def test_a_refused_connection_surely_wrote_nothing() -> None:
    nobody = Conduit("http://127.0.0.1:9", "api-secret", timeout=1)
    with pytest.raises(Retriable):
        nobody.write("maniphest.edit", transactions=[])


def test_reads_are_tried_again(echo: Echo, client: Conduit) -> None:
    echo.faults += [Fault("reset"), Fault("status", status=502)]
    assert client.read("maniphest.search")["method"] == "/api/maniphest.search"
    assert len(echo.asked) == 1


@pytest.mark.parametrize("attempts", [3, 6])
def test_a_read_that_alone_ends_in_502_is_refused_soon(echo: Echo, attempts: int) -> None:
    """The server is up all the while: to wait for it would never end."""
    echo.faults.append(Fault("status", status=502, path="transaction.search", times=99))
    client = Conduit(echo.url, "api-secret", attempts=attempts, backoff=0.01, patience=600)
    for _ in range(3):
        with pytest.raises(Refused, match="answers 502 to one request, and answers others: give"):
            client.read("transaction.search")
    assert echo.faults[0].times == 99 - 9
    assert client.read("user.whoami")
    client.close()


def test_a_server_that_answers_nothing_but_502_is_down(echo: Echo, client: Conduit) -> None:
    echo.faults.append(Fault("status", status=502, times=99))
    with pytest.raises(Unreachable, match="answers 502"):
        client.read("transaction.search")


def test_patience_with_reads_ends(echo: Echo, client: Conduit) -> None:
    echo.faults.append(Fault("status", status=503, times=99))
    with pytest.raises(Unreachable):
        client.read("maniphest.search")


def test_another_program_is_not_taken_for_conduit(echo: Echo, client: Conduit) -> None:
    echo.faults.append(Fault("html", times=99))
    with pytest.raises(WrongTracker):
        client.read("user.whoami")


def test_json_that_is_not_conduits_is_told(echo: Echo, client: Conduit) -> None:
    echo.reply = Reply.of_json(["hello"])
    with pytest.raises(WrongTracker):
        client.read("user.whoami")


def test_a_redirect_is_not_followed_with_the_token(echo: Echo, client: Conduit) -> None:
    echo.faults.append(
        Fault("status", status=307, headers={"Location": f"{echo.url}/api/elsewhere"}, times=9)
    )
    with pytest.raises(WrongTracker, match="redirects"):
        client.write("maniphest.edit", transactions=[])
    assert echo.asked == []


def test_types_are_kept_and_the_token_is_in_the_body_alone(echo: Echo, client: Conduit) -> None:
    sent = [{"type": "owner", "value": None}, {"type": "points", "value": 3}, {"type": "x"}]
    client.write("maniphest.edit", transactions=sent, objectIdentifier="PHID-TASK-x")
    request, params = echo.asked[0]
    assert params["transactions"] == sent
    assert params["__conduit__"] == {"token": "api-secret"}
    assert "api-secret" not in request.target + json.dumps(dict(request.headers))


def test_methods_that_the_package_does_not_know_pass(echo: Echo, client: Conduit) -> None:
    assert client.read("maniphest.priority.search")["method"] == "/api/maniphest.priority.search"
    assert client.read("edge.search", sourcePHIDs=["x"])["method"] == "/api/edge.search"


def test_a_thread_keeps_one_connection_and_shares_none(echo: Echo, client: Conduit) -> None:
    def work() -> None:
        for method in ("user.whoami", "maniphest.search", "user.whoami"):
            client.read(method)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(echo.asked) == 9
    assert len(echo.threads) <= 3


def test_no_more_requests_at_once_than_connections(echo: Echo) -> None:
    echo.work = 0.05
    two = Conduit(echo.url, "api-secret", connections=2)
    threads = [threading.Thread(target=two.read, args=("user.whoami",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(echo.asked) == 8
    assert echo.most == 2
    two.close()


def test_a_client_without_a_token_is_told_so() -> None:
    with pytest.raises(LoginNeeded):
        Conduit("http://127.0.0.1:9", None)


def test_the_packages_own_settings_files_are_never_opened(tmp_path: Path) -> None:
    """A broken ~/.arcrc would break the import; a whole one would lend its token."""
    (tmp_path / ".arcrc").write_text("{ this is no JSON")
    (tmp_path / ".arcconfig").write_text("{ nor this")
    code = (
        "from tracker_migrate.backends.maniphest.client import package;"
        "assert package().ARCRC == {}; print('fine')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "fine\n"


def test_importing_the_backend_does_not_import_the_package() -> None:
    code = (
        "import sys, tracker_migrate.backends.maniphest;"
        "print([name for name in ('phabricator', 'requests', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_package_still_has_what_is_used() -> None:
    module = package()
    assert hasattr(module, "Resource")
    assert hasattr(module, "APIError")


#: error replies that were recorded → what they mean for a write
MEANT = [
    ("017-err-create-no-title", Invalid),
    ("019-err-unknown-owner", Invalid),
    ("029-err-bad-priority", Invalid),
    ("006-edit-bad-transaction-type", UnknownType),
    ("008-project.edit-duplicate-name", SlugTaken),
    ("036-err-unknown-task", Gone),
    ("043-err-bad-token", LoginNeeded),
    ("045-err-no-token", LoginNeeded),
    ("046-err-unknown-method", Refused),
    ("062-private-nonmember-edit", Gone),
    ("063-private-nonmember-transaction.search", Gone),
    ("065-err-private-excludes-actor", Invalid),
    ("076-limit-title-256", Invalid),
    ("083-marker-search-customfield", UnknownConstraint),
    ("118-err-parent-cycle", Refused),
    ("121-crash-between-commit-and-index", Doubtful),
]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize(("name", "meant"), MEANT)
def test_each_recorded_error_has_its_meaning(name: str, meant: type[Exception]) -> None:
    said = json.loads((RECORDED / f"{name}.json").read_text())["response"]
    error = fault(said["error_code"], said["error_info"], write=True)
    assert type(error) is meant


@pytest.mark.parametrize(
    ("code", "info", "meant"),
    [
        ("ERR-CONDUIT-CORE", f"#1213: Deadlock found, try again: {SECRET}", Doubtful),
        ("Error", f"Call to a member function on null {SECRET}", Doubtful),
        ("ERR-CONDUIT-CORE", f"Something new happened: {SECRET}", Doubtful),
        ("ERR-CONDUIT-CORE", f"Validation errors:\n  - {SECRET}", Refused),
        ("ERR-CONDUIT-CORE", f"[You Shall Not Pass: {SECRET}] (Can View)", Gone),
    ],
)
def test_an_error_holds_none_of_the_servers_words(
    code: str, info: str, meant: type[Exception]
) -> None:
    error = fault(code, info, write=True)
    assert type(error) is meant
    assert SECRET not in str(error)


def test_a_fault_of_the_database_makes_a_read_wait(echo: Echo, client: Conduit) -> None:
    echo.reply = refusal("ERR-CONDUIT-CORE", "#2006: MySQL server has gone away")
    with pytest.raises(Unreachable):
        client.read("maniphest.search")
    assert len(echo.asked) == 3


def test_a_real_error_is_raised_at_once(echo: Echo, client: Conduit) -> None:
    echo.reply = refusal("ERR-INVALID-AUTH", 'API token "api-secret" is not valid.')
    with pytest.raises(LoginNeeded) as raised:
        client.read("user.whoami")
    assert "api-secret" not in str(raised.value)
    assert len(echo.asked) == 1


def test_the_fields_of_an_edit_are_read_from_its_refusal(echo: Echo, client: Conduit) -> None:
    echo.reply = refusal(
        "ERR-CONDUIT-CORE",
        'Transaction with key "0" has invalid type "x". This type is not recognized. Valid types'
        " are: title, projects.add, custom.migrate.source-id, custom.migrate.url, mfa.",
    )
    assert client.edit_types("maniphest.edit") == {
        "title",
        "projects.add",
        "custom.migrate.source-id",
        "custom.migrate.url",
        "mfa",
    }
