"""What the client makes of answers: errors by what has to be done, and what never leaves it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

from tests.backends.launchpad.recorded import ADDRESS, Replies, exchange, needs_recordings, reply
from tracker_migrate.backends.launchpad import login
from tracker_migrate.backends.launchpad.answers import NotSeen, TooSlow, clock
from tracker_migrate.backends.launchpad.client import Client, api_root
from tracker_migrate.backends.launchpad.gate import Gate
from tracker_migrate.backends.launchpad.places import check_root, viewer
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.errors import (
    Gone,
    LoginNeeded,
    Refused,
    Retriable,
    Unreachable,
    UsageError,
    WrongTracker,
)
from tracker_migrate.retries import Reads
from tracker_migrate.testing.loopback import Fault, Reply, Request, StandIn, serving

TOKEN = {"consumer": "made-up", "token": "key-1", "secret": "s3cr3t"}
ENTRY = '{"self_link": "x", "http_etag": "y"}'
HTML = {"Content-Type": "text/html"}
OOPS = {"X-Lazr-OopsId": "OOPS-1", "Retry-After": "900", **HTML}


def client(**answers: requests.Response | str) -> Client:
    """A client whose one path `x` answers so."""
    held = {f"/devel/{name}": answer for name, answer in answers.items()}
    return Client(ADDRESS, reader=Replies(held), pause=0.0)


# -- errors, by what has to be done about them ---------------------------------------------------


@needs_recordings
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("err-404-bug", Gone),
        ("err-private-nopriv", Gone),
        ("err-suspended-person", Gone),
        ("err-401-bad-token", LoginNeeded),
        ("err-401-bad-signature", LoginNeeded),
        ("err-401-unknown-consumer", LoginNeeded),
        ("err-hmac", LoginNeeded),
        ("me-anon", LoginNeeded),
        ("err-503-timeout-search", TooSlow),
        ("err-503-db-down", TooSlow),
        ("err-503-timeout", Retriable),
        ("err-400-op", Refused),
        ("head", Refused),
    ],
)
def test_a_recorded_error_is_sorted_by_what_has_to_be_done(
    name: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        client(x=exchange(name)).entry("x")
    body = exchange(name).text
    assert not body or body not in str(caught.value)


@needs_recordings
def test_no_word_of_a_servers_error_is_in_a_message() -> None:
    secret = reply(400, "about jdoe: the secret plan", {"Content-Type": "text/plain"})
    with pytest.raises(Refused) as caught:
        client(x=secret).entry("x")
    assert "secret" not in str(caught.value)


def test_missing_and_suspended_are_told_apart() -> None:
    with pytest.raises(NotSeen) as caught:
        client(x=reply(410)).entry("x")
    assert caught.value.status == 410


def test_what_a_login_may_not_read_does_not_ask_for_another_login() -> None:
    held = {"/devel/x": reply(401, "(<x>, 'members', 'launchpad.LimitedView')")}
    with pytest.raises(Refused):
        Client(ADDRESS, credentials=TOKEN, reader=Replies(held)).entry("x")


@pytest.mark.parametrize("body", ["<html>It works!</html>", '{"half": ', "[1]", "7"])
def test_what_is_no_object_is_asked_for_again_then_refused(body: str) -> None:
    reader = Replies({"/devel/x": body})
    with pytest.raises(Refused):
        Client(ADDRESS, reader=reader, pause=0.0).entry("x")
    assert reader.asked["/devel/x"] == 3


def test_a_page_for_people_is_asked_for_again_then_refused() -> None:
    reader = Replies({"/devel/x": reply(200, ENTRY, HTML)})
    with pytest.raises(Refused):
        Client(ADDRESS, reader=reader, pause=0.0).entry("x")
    assert reader.asked["/devel/x"] == 3


def test_a_search_page_that_is_too_slow_is_asked_for_half_as_long() -> None:
    asked = []

    class Slow(Replies):
        def get(self, url: str, headers: object = None) -> requests.Response:
            asked.append(int(re.findall(r"ws\.size=(\d+)", url)[-1]))
            page = '{"start": 0, "entries": [], "total_size": 0}'
            return reply(503, "", OOPS) if asked[-1] > 20 else reply(200, page)

    assert Client(ADDRESS, reader=Slow({})).page(f"{ADDRESS}/devel/x?ws.size=75").entries == []
    assert asked == [75, 37, 18]


def test_a_page_that_stays_too_slow_is_left_for_later() -> None:
    with pytest.raises(TooSlow):
        client(x=reply(503, "", OOPS)).page(f"{ADDRESS}/devel/x")


# -- where it goes, and with what -----------------------------------------------------------------


@needs_recordings
def test_a_task_that_moved_is_followed_within_the_service() -> None:
    reader = Replies(
        {
            "/devel/firefox/+bug/16": exchange("task-moved-old-url"),
            "/devel/lab-alpha/+bug/16": ENTRY,
        }
    )
    assert Client(ADDRESS, reader=reader).entry("firefox/+bug/16").value["self_link"] == "x"


@needs_recordings
@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:58000/93/log.txt", "https://elsewhere.example/devel/x", "/devel/x"]
)
def test_a_redirect_out_of_the_service_is_not_followed(where: str) -> None:
    reader = Replies({"/devel/x": reply(303, "", {"Location": where})})
    with pytest.raises(Refused):
        Client(ADDRESS, credentials=TOKEN, reader=reader).entry("x")
    assert sum(reader.asked.values()) == 1


def test_redirects_that_go_in_circles_end() -> None:
    held = {"/devel/x": reply(301, "", {"Location": f"{ADDRESS}/devel/x"})}
    with pytest.raises(Refused):
        Client(ADDRESS, reader=Replies(held)).entry("x")


def test_a_link_to_another_host_is_asked_for_at_our_own() -> None:
    made = Client("http://127.0.0.1:99", reader=Replies({}))
    assert made.address("https://api.launchpad.net/devel/nova") == "http://127.0.0.1:99/devel/nova"
    with pytest.raises(Refused):
        made.address("https://elsewhere.example/nova")


@pytest.mark.parametrize(
    "address", ["https://a.example", "https://a.example/", "https://a.example/devel/"]
)
def test_the_version_is_ours_whatever_the_address_says(address: str) -> None:
    assert api_root(address) == "https://a.example/devel"


def test_the_header_is_the_one_that_launchpadlib_signs() -> None:
    signed: dict[str, str] = {}
    login.authorizer(TOKEN).authorizeRequest(f"{ADDRESS}/devel/", "GET", None, signed)
    ours = login.Signer(TOKEN, f"{ADDRESS}/devel/")
    first, second = ours.headers()["Authorization"], ours.headers()["Authorization"]

    def still(header: str) -> str:
        return re.sub(r'oauth_(nonce|timestamp)="\d+"', "", header)

    assert still(first) == still(signed["Authorization"])
    assert 'oauth_signature="%26s3cr3t"' in first
    assert first != second


def test_an_anonymous_reader_sends_no_header() -> None:
    assert login.Signer(None, ADDRESS).headers() == {}


def test_credentials_that_lack_something_are_a_mistake_in_the_settings() -> None:
    with pytest.raises(UsageError, match=r"credentials\.secret"):
        Client(ADDRESS, credentials={"consumer": "a", "token": "b"})


# -- over a real connection -----------------------------------------------------------------------


@pytest.fixture
def standin() -> Iterator[LaunchpadStandIn]:
    made = LaunchpadStandIn()
    with serving(made):
        yield made


def reading(standin: LaunchpadStandIn, **more: object) -> Client:
    """A client of a stand-in."""
    return Client(standin.url, per_second=0.0, pause=0.0, **more)  # type: ignore[arg-type]


def test_a_login_is_taken(standin: LaunchpadStandIn) -> None:
    seed_token(standin.store, "~name16", TOKEN["consumer"], TOKEN["token"], TOKEN["secret"])
    assert check_root(reading(standin, credentials=TOKEN))


def test_a_login_with_a_wrong_secret_is_needed_anew(standin: LaunchpadStandIn) -> None:
    seed_token(standin.store, "~name16", TOKEN["consumer"], TOKEN["token"], "another")
    with pytest.raises(LoginNeeded):
        check_root(reading(standin, credentials=TOKEN))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("status", status=502, times=99), Unreachable),
        (Fault("html", times=99), WrongTracker),
    ],
)
def test_a_server_that_is_away_says_nothing_of_a_login(
    standin: LaunchpadStandIn, fault: Fault, said: type[Exception]
) -> None:
    seed_token(standin.store, "~name16", TOKEN["consumer"], TOKEN["token"], TOKEN["secret"])
    made = reading(standin, credentials=TOKEN, patience=0.0)
    standin.faults.append(fault)
    for ask in (viewer, check_root):
        with pytest.raises(said):
            ask(made)
    standin.faults.clear()


def test_a_timeout_of_launchpads_own_does_not_stop_the_run(standin: LaunchpadStandIn) -> None:
    standin.faults.append(Fault("status", times=99, status=503, text="<html>", headers=OOPS))
    with pytest.raises(TooSlow):
        reading(standin).entry("bugs/1")


@pytest.mark.parametrize("do", ["reset", "truncate", "html", "mangle"])
def test_a_passing_mischief_is_got_over(standin: LaunchpadStandIn, do: str) -> None:
    standin.faults.append(Fault(do, times=1))
    assert reading(standin).entry("").value["resource_type_link"].endswith("#service-root")


def test_nobody_at_the_address_is_unreachable() -> None:
    made = Client("http://127.0.0.1:9", timeout=0.2, pause=0.0)
    made._reader._retrying = Reads(1, 0.0)  # type: ignore[attr-defined]
    with pytest.raises(Unreachable, match="check the address"):
        check_root(made)


class _SomethingElse(StandIn):
    def answer(self, request: Request) -> Reply:
        return Reply.of_json({"name": "StoryBoard"})


def test_another_server_is_no_launchpad() -> None:
    with (
        serving(_SomethingElse()) as url,
        pytest.raises(WrongTracker, match=r"api\.launchpad\.net"),
    ):
        check_root(Client(url, pause=0.0))


def test_two_threads_have_two_sessions(standin: LaunchpadStandIn) -> None:
    made = reading(standin)
    threads = [threading.Thread(target=made.entry, args=("",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made._reader._sessions) == 2  # type: ignore[attr-defined]


# -- clocks and gates ------------------------------------------------------------------------------


def test_the_clock_is_the_servers() -> None:
    answer = reply(200, "", {"Date": "Sun, 22 Nov 2026 13:54:54 GMT"})
    assert clock(answer) == datetime(2026, 11, 22, 13, 54, 54, tzinfo=UTC)


def test_slow_answers_narrow_the_gate_and_quick_ones_widen_it() -> None:
    gate = Gate(8)
    for _ in range(100):
        gate.took(0.02)
    assert gate.limit == 8
    for _ in range(60):
        gate.took(2.0)
    assert gate.limit < 8
    narrow = gate.limit
    for _ in range(400):
        gate.took(0.02)
    assert gate.limit > narrow


def test_no_more_go_through_the_gate_than_it_lets() -> None:
    gate, inside, most = Gate(2), [0], [0]
    guard = threading.Lock()

    def go() -> None:
        for _ in range(50):
            with gate:
                with guard:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                with guard:
                    inside[0] -= 1

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] <= 2


def test_as_nobody_no_login_is_sent() -> None:
    page = '{"start": 0, "total_size": 0, "entries": []}'
    reader = Replies({"/devel/x": page, "/devel/y": ENTRY})
    client = Client(ADDRESS, credentials=TOKEN, reader=reader)
    list(client.collection("x", as_nobody=True))
    assert client.everybody_sees("y")
    assert not client.everybody_sees("z")
    list(client.collection("x"))
    assert ["Authorization" in sent for sent in reader.headers] == [False, False, False, True]
