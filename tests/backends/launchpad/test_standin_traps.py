"""Traps of the real service that the stand-in has too, its mischief, and the dance for a token."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from launchpadlib.credentials import Credentials
from lazr.restfulclient.errors import HTTPError

from tests.backends.launchpad.standin_replay import signed
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.testing.loopback import Fault, serving

EVERY = (
    "status=New&status=Incomplete&status=Opinion&status=Invalid&status=Won%27t+Fix&status=Expired"
    "&status=Confirmed&status=Triaged&status=In+Progress&status=Deferred&status=Fix+Committed"
    "&status=Fix+Released&omit_duplicates=false"
)


class Client:
    """A plain client of one stand-in."""

    def __init__(self, standin: LaunchpadStandIn, url: str) -> None:
        self.standin, self.url = standin, url
        self.session = requests.Session()

    def get(self, path: str, person: str | None = None, **headers: str) -> requests.Response:
        """GET of a path, or of an address."""
        url = path if path.startswith("http") else f"{self.url}/devel/{path}"
        return self.session.get(
            url, headers={**signed(person), **headers}, allow_redirects=False, timeout=10
        )

    def walk(self, query: str) -> list[str]:
        """The bug links of a search, over all its pages."""
        url, found = f"gadget?ws.op=searchTasks&{query}", []
        while url:
            page = self.get(url).json()
            found += [task["bug_link"] for task in page["entries"]]
            url = page.get("next_collection_link")
        return found

    def post(self, path: str, person: str = "gadget-owner", **form: str) -> requests.Response:
        """POST of a named operation."""
        url = f"{self.url}/devel/{path}"
        return self.session.post(url, data=form, headers=signed(person), timeout=10)


@pytest.fixture
def client() -> Iterator[Client]:
    standin = LaunchpadStandIn()
    generate(standin, bugs=200, blueprints=3, seed=5)
    with serving(standin) as url:
        yield Client(standin, url)


def public_bugs(client: Client) -> int:
    sql = "SELECT count(*) FROM bug WHERE info IN ('Public', 'Public Security')"
    return int(client.standin.store.scalar(sql))


def test_closed_bugs_and_duplicates_are_hidden_by_default(client: Client) -> None:
    assert len(client.walk("")) < len(client.walk(EVERY)) == public_bugs(client)


def test_ties_of_a_date_get_lost_between_pages_unless_the_id_breaks_them(client: Client) -> None:
    client.standin.store.db.execute("UPDATE bug SET updated='2020-01-01T00:00:00+00:00'")
    loose = client.walk(f"{EVERY}&order_by=date_last_updated&ws.size=20")
    firm = client.walk(f"{EVERY}&order_by=date_last_updated&order_by=id&ws.size=20")
    assert len(set(loose)) < len(loose) == public_bugs(client)
    assert len(set(firm)) == len(firm) == public_bugs(client)


def test_modified_since_is_strict_and_refuses_nonsense(client: Client) -> None:
    newest = client.standin.store.scalar(
        "SELECT max(updated) FROM bug WHERE info LIKE 'Public%'"
    ).replace("+", "%2B")
    assert client.walk(f"{EVERY}&modified_since={newest}") == []
    assert client.get("gadget?ws.op=searchTasks&modified_since=soon").status_code == 400


def test_a_total_size_is_a_link_when_a_search_has_more_pages(client: Client) -> None:
    page = client.get(f"gadget?ws.op=searchTasks&{EVERY}&ws.size=50").json()
    assert "total_size" not in page
    assert client.get(page["total_size_link"]).json() == public_bugs(client)
    past = client.get(f"gadget?ws.op=searchTasks&{EVERY}&ws.start=5000").json()
    assert (past["total_size"], past["entries"]) == (5000, [])


def test_whoever_may_not_read_gets_404_and_is_not_told_by_a_total(client: Client) -> None:
    number = client.standin.store.scalar("SELECT max(id) FROM bug WHERE info='Private'")
    answers = {
        person: client.get(f"bugs/{number}", person).status_code
        for person in (None, "gadget-reader", "gadget-owner", "gadget-admin")
    }
    assert answers == {None: 404, "gadget-reader": 404, "gadget-owner": 200, "gadget-admin": 200}
    total = f"gadget?ws.op=searchTasks&{EVERY}&information_type=Private&ws.show=total_size"
    assert client.get(total, "gadget-reader").json() == 0
    assert client.get(total, "gadget-owner").json() > 0


def test_addresses_are_hidden_from_anonymous_callers_alone(client: Client) -> None:
    form = {"title": "ask me@example.com", "description": "or you@example.org"}
    made = client.post("bugs", **{"ws.op": "createBug", "target": "gadget", **form})
    where = made.headers["Location"]
    anonymous, known = client.get(where), client.get(where, "gadget-reader")
    assert anonymous.json()["title"] == "ask <email address hidden>"
    assert known.json()["title"] == "ask me@example.com"
    assert anonymous.headers["Etag"] != known.headers["Etag"]


def test_an_etag_answers_304_until_something_changes(client: Client) -> None:
    path = f"bugs/{client.standin.store.scalar('SELECT min(id) FROM bug')}"
    etag = client.get(path).headers["Etag"]
    assert client.get(path, **{"If-None-Match": etag}).status_code == 304
    client.post(path, **{"ws.op": "newMessage", "content": "moved"})
    assert client.get(path, **{"If-None-Match": etag}).status_code == 200


def test_shift_makes_a_walk_by_offset_miss_a_bug(client: Client) -> None:
    before = client.walk(f"{EVERY}&order_by=id&ws.size=50")
    client.standin.faults.append(Fault("shift", path="ws.start=50"))
    shifted = client.walk(f"{EVERY}&order_by=id&ws.size=50")
    assert len(set(before) - set(shifted)) == 1
    assert before.index((set(before) - set(shifted)).pop()) == 50


def test_slow_commit_shows_an_older_date_after_a_newer_one(client: Client) -> None:
    first, second = (
        n for (n,) in client.standin.store.rows("SELECT id FROM bug WHERE info='Public' LIMIT 2")
    )
    client.standin.faults.append(Fault("slow_commit", method="POST"))
    say = {"ws.op": "newMessage", "content": "held back"}
    held = threading.Thread(target=client.post, args=(f"bugs/{first}",), kwargs=say)
    held.start()
    while client.standin.writes < 1:
        pass
    newer = client.post(f"bugs/{second}", **{**say, "content": "at once"})
    seen = updated(client, second)
    assert newer.status_code == 201
    assert updated(client, first) < seen
    client.standin.slow.release()
    held.join(5)
    assert "held back" in client.get(f"bugs/{first}/messages?ws.size=300").text
    assert updated(client, first) < seen


def updated(client: Client, number: int) -> str:
    return str(client.get(f"bugs/{number}", "gadget-admin").json()["date_last_updated"])


def test_a_time_out_names_its_oops(client: Client) -> None:
    client.standin.faults.append(
        Fault("status", status=503, headers={"Retry-After": "900", "X-Lazr-OopsId": "OOPS-1"})
    )
    reply = client.get("gadget")
    assert (reply.status_code, reply.headers["X-Lazr-OopsId"]) == (503, "OOPS-1")
    assert client.get("gadget").status_code == 200


def test_the_dance_for_a_token(client: Client) -> None:
    root = f"{client.url}/"
    credentials = Credentials("my-migration")
    credentials.get_request_token(web_root=root)
    with pytest.raises(HTTPError) as early:
        credentials.exchange_request_token_for_access_token(root)
    assert b"has not yet been reviewed" in early.value.content
    token = credentials._request_token.key
    steer(client, "review", token=token, person="gadget-owner", permission="READ_PRIVATE")
    credentials.exchange_request_token_for_access_token(root)
    key, secret = credentials.access_token.key, credentials.access_token.secret
    header = (
        'OAuth oauth_consumer_key="my-migration", oauth_signature_method="PLAINTEXT", '
        f'oauth_signature="%26{secret}", oauth_token="{key}"'
    )
    me = client.get("people/+me", None, Authorization=header)
    assert me.headers["Location"].endswith("/~gadget-owner")
    refused = client.session.post(f"{client.url}/devel/bugs/1", headers={"Authorization": header})
    assert refused.status_code in (401, 404)  # a token that may only read


def steer(client: Client, name: str, **given: Any) -> Any:
    return client.session.post(f"{client.url}/__standin__/{name}", json=given, timeout=10).json()


def test_a_clock_that_stands_still_can_be_set_and_moved(client: Client) -> None:
    steer(client, "clock", now="2031-01-01T00:00:00+00:00")
    assert steer(client, "clock", advance=90)["now"] == "2031-01-01T00:01:30+00:00"
    number = client.standin.store.scalar("SELECT min(id) FROM bug")
    client.post(f"bugs/{number}", **{"ws.op": "newMessage", "content": "later"})
    assert updated(client, number) == "2031-01-01T00:01:30+00:00"
    assert client.get("gadget").headers["Date"] == "Wed, 01 Jan 2031 00:01:30 GMT"


def test_an_attachment_leads_to_its_file_and_a_private_one_needs_a_token(client: Client) -> None:
    store = client.standin.store
    paths = [p for (p,) in store.rows("SELECT substr(key, 6) FROM meta WHERE key LIKE 'file:%'")]
    path = next(p for p in paths if store.scalar("SELECT info FROM bug WHERE id=?",
                                                 int(p.split("/")[1])) == "Public")  # fmt: skip
    location = client.get(f"{path}/data").headers["Location"]
    assert client.get(location).content
    store.db.execute("UPDATE bug SET info='Private', data=json_set(data, '$.information_type', "
                     "'Private') WHERE id=?", (int(path.split("/")[1]),))  # fmt: skip
    assert client.get(f"{path}/data").status_code == 404
    secret = client.get(f"{path}/data", "gadget-owner").headers["Location"]
    assert client.get(secret).status_code == 200
    assert client.get(secret.partition("?")[0]).status_code == 404
    assert client.get(location).status_code == 404
