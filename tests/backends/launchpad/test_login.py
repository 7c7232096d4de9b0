"""The dance for a token, against the stand-in's pages: as Launchpad's own behave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tracker_migrate.backends.launchpad import login
from tracker_migrate.backends.launchpad.standin.people import ensure_person
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.tokens import LIFE
from tracker_migrate.errors import LoginNeeded, MigrateError, Unreachable, WrongTracker
from tracker_migrate.logins import Granted, Wish
from tracker_migrate.testing.loopback import Fault, serving

CONSUMER = {"oauth_consumer_key": "made-up", "oauth_signature_method": "PLAINTEXT"}


class Somebody:
    """Sees what is shown, and does something while the command waits."""

    def __init__(self, *acts: Callable[[str], None]) -> None:
        self.shown: list[str] = []
        self.acts = list(acts)
        self.waits = 0

    @property
    def page(self) -> str:
        return next(line for line in self.shown if "+authorize-token" in line)

    def show(self, line: str) -> None:
        self.shown.append(line)

    def secret(self, what: str) -> str:
        raise AssertionError("Launchpad's login asks for no secret")

    def pause(self, seconds: float) -> None:
        self.waits += 1
        if self.acts:
            self.acts.pop(0)(self.page)


@pytest.fixture
def launchpad() -> Iterator[LaunchpadStandIn]:
    """A Launchpad with one person."""
    standin = LaunchpadStandIn()
    ensure_person(standin.store, "jdoe", "2009-03-02T00:00:00+00:00")
    with serving(standin):
        yield standin


def click(level: str) -> Callable[[str], None]:
    """Somebody clicks on a button of the page, as it is there."""

    def act(page: str) -> None:
        html = requests.get(page, timeout=10).text
        button = f"field.actions.{level}"
        assert f'name="{button}"' in html
        requests.post(page, data={"person": "jdoe", button: "x"}, timeout=10)

    return act


def nothing(page: str) -> None:
    """Nobody does anything."""


def log_in(launchpad: LaunchpadStandIn, somebody: Somebody, **wish: object) -> Granted:
    """Log in to the stand-in."""
    return login.log_in(Wish(address=launchpad.url, **wish), somebody)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("read_only", "private", "offered", "may"),
    [
        (True, True, ["READ_PRIVATE"], "read what its owner may read, but not who else may"),
        (True, False, ["READ_PUBLIC"], "read what is public"),
        (False, True, ["WRITE_PRIVATE"], "read and change what its owner may"),
        (False, False, ["WRITE_PRIVATE"], "read and change what its owner may"),
    ],
)
def test_only_the_levels_that_are_needed_are_offered_and_the_login_is_proven(
    launchpad: LaunchpadStandIn, read_only: bool, private: bool, offered: list[str], may: str
) -> None:
    somebody = Somebody(nothing, click(offered[-1]))
    granted = log_in(launchpad, somebody, read_only=read_only, private=private)
    assert somebody.page.startswith(f"{launchpad.url}/+authorize-token?")
    assert parse_qs(urlsplit(somebody.page).query)["allow_permission"] == offered
    assert (granted.account, granted.who, granted.ends) == ("~jdoe", "jdoe", "never")
    assert granted.may.startswith(may)
    consumer, token, secret = granted.secret.split()
    rows = launchpad.store.rows("SELECT consumer, secret, permission FROM token WHERE key=?", token)
    assert rows == [(consumer, secret, offered[-1])]
    assert secret not in repr(granted)
    said = "\n".join(somebody.shown)
    for level in offered:
        assert login._BUTTONS[level] in said
    assert ("refused at the targets" in said) == (read_only and private)


def test_nobody_needs_a_page_that_offers_more(launchpad: LaunchpadStandIn) -> None:
    somebody = Somebody(click("READ_PUBLIC"))
    log_in(launchpad, somebody, read_only=True)
    fresh = Somebody(nothing)
    with pytest.raises(LoginNeeded):
        log_in(launchpad, fresh, read_only=True, timeout=0.01)
    html = requests.get(fresh.page, timeout=10).text
    assert re.findall(r"field\.actions\.(\w+)", html) == ["UNAUTHORIZED", "READ_PUBLIC"]


def test_a_login_that_is_declined_is_told(launchpad: LaunchpadStandIn) -> None:
    with pytest.raises(LoginNeeded, match="declined"):
        log_in(launchpad, Somebody(nothing, click("UNAUTHORIZED")))


def test_a_login_that_nobody_approves_is_waited_for_no_longer_than_asked(
    launchpad: LaunchpadStandIn,
) -> None:
    somebody = Somebody()
    with pytest.raises(LoginNeeded, match=r"nobody approved .* within 0 seconds"):
        log_in(launchpad, somebody, timeout=0.2)
    assert somebody.waits > 1


def test_a_request_that_has_ended_is_told(launchpad: LaunchpadStandIn) -> None:
    launchpad.set_clock(launchpad.moment())

    def late(page: str) -> None:
        click("WRITE_PRIVATE")(page)
        launchpad.advance(LIFE.total_seconds())

    with pytest.raises(LoginNeeded, match="has ended"):
        log_in(launchpad, Somebody(late))


def test_a_request_that_has_ended_can_not_be_approved(launchpad: LaunchpadStandIn) -> None:
    launchpad.set_clock(launchpad.moment())

    def too_late(page: str) -> None:
        launchpad.advance(LIFE.total_seconds())
        form = {"person": "jdoe", "field.actions.WRITE_PRIVATE": "x"}
        assert "expired" in requests.post(page, data=form, timeout=10).text

    with pytest.raises(LoginNeeded, match="nobody approved"):
        log_in(launchpad, Somebody(too_late), timeout=0.2)
    assert timedelta(hours=2) == LIFE


@pytest.mark.parametrize("do", ["reset", "status"])
def test_trouble_while_waiting_is_waited_out(launchpad: LaunchpadStandIn, do: str) -> None:
    def broken(page: str) -> None:
        launchpad.faults.append(Fault(do, path="+access-token", status=502))

    somebody = Somebody(broken, nothing, click("WRITE_PRIVATE"))
    assert log_in(launchpad, somebody).who == "jdoe"
    assert not launchpad.faults[0].times


def test_an_exchange_whose_reply_is_lost_has_used_the_request_up(
    launchpad: LaunchpadStandIn,
) -> None:
    def lost(page: str) -> None:
        click("WRITE_PRIVATE")(page)
        launchpad.faults.append(Fault("lose", path="+access-token"))

    with pytest.raises(LoginNeeded, match="was used: run the command again"):
        log_in(launchpad, Somebody(lost))


def test_trouble_that_does_not_pass_is_told_at_the_end(launchpad: LaunchpadStandIn) -> None:
    launchpad.faults.append(Fault("status", path="+access-token", status=503, times=10_000))
    with pytest.raises(Unreachable, match="answers 503"):
        log_in(launchpad, Somebody(), timeout=0.2)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("html", path="+request-token"), WrongTracker),
        (Fault("status", path="+request-token", status=404), WrongTracker),
        (Fault("status", path="+request-token", status=503), Unreachable),
        (Fault("reset", path="+request-token"), Unreachable),
        (Fault("status", path="/devel", status=404, times=9), WrongTracker),
        (Fault("html", path="/devel", times=9), WrongTracker),
    ],
)
def test_what_is_no_launchpad_is_told(
    launchpad: LaunchpadStandIn, fault: Fault, kind: type[MigrateError]
) -> None:
    launchpad.faults.append(fault)
    somebody = Somebody()
    with pytest.raises(kind) as caught:
        log_in(launchpad, somebody)
    assert "\n" not in str(caught.value)
    assert not somebody.shown


def test_logging_in_where_nobody_is_is_unreachable() -> None:
    with pytest.raises(Unreachable), login.Dance("http://127.0.0.1:9") as dance:
        dance.begin(("READ_PUBLIC",))


# -- the stand-in's pages, held to Launchpad's own -------------------------------------------------


def asked(launchpad: LaunchpadStandIn, page: str, **fields: str) -> requests.Response:
    """A POST of the dance."""
    return requests.post(f"{launchpad.url}/{page}", data={**CONSUMER, **fields}, timeout=10)


def test_the_pages_refuse_as_launchpads_do(launchpad: LaunchpadStandIn) -> None:
    made = asked(launchpad, "+request-token", oauth_signature="&")
    (key,), (secret,) = parse_qs(made.text).values()
    right = {"oauth_token": key, "oauth_signature": f"&{secret}"}
    for fields, status, text in (
        ({**right, "oauth_consumer_key": "unknown"}, 401, ""),
        ({**right, "oauth_token": "none"}, 401, "No request token specified."),
        ({**right, "oauth_signature": "&x"}, 401, "Invalid OAuth signature."),
        ({**right, "oauth_signature_method": "HMAC-SHA1"}, 400, "Invalid OAuth signature."),
        (right, 401, "Request token has not yet been reviewed. Try again later."),
    ):
        answer = asked(launchpad, "+access-token", **fields)
        assert (answer.status_code, answer.text) == (status, text)
    page = f"{launchpad.url}/+authorize-token?oauth_token={key}"
    requests.post(page, data={"person": "jdoe", "field.actions.UNAUTHORIZED": "x"}, timeout=10)
    declined = asked(launchpad, "+access-token", **right)
    assert (declined.status_code, declined.text) == (
        403,
        "End-user refused to authorize request token.",
    )


@pytest.mark.parametrize(
    ("asking", "titles"),
    [
        ("allow_permission=READ_PRIVATE", ["No Access", "Read Anything"]),
        (
            "allow_permission=WRITE_PUBLIC&allow_permission=WRITE_PRIVATE",
            ["No Access", "Change Non-Private Data", "Change Anything"],
        ),
        ("allow_permission=UNAUTHORIZED", 5),
        ("allow_permission=NONSENSE", 5),
        ("", 5),
    ],
)
def test_the_page_offers_what_was_asked_for(
    launchpad: LaunchpadStandIn, asking: str, titles: list[str] | int
) -> None:
    made = asked(launchpad, "+request-token", oauth_signature="&")
    key = parse_qs(made.text)["oauth_token"][0]
    page = f"{launchpad.url}/+authorize-token?oauth_token={key}&{asking}"
    told = requests.get(page, headers={"Accept": "application/json"}, timeout=10).json()
    assert told["oauth_token"] == key
    offered = [level["title"] for level in told["access_levels"]]
    assert titles in (offered, len(offered))


def test_a_page_of_a_token_that_is_none_says_so(launchpad: LaunchpadStandIn) -> None:
    page = requests.get(f"{launchpad.url}/+authorize-token?oauth_token=zz", timeout=10)
    assert "Unable to identify application" in page.text
