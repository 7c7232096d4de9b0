"""What the stand-in promises beside the recordings: mischief, steering, flat look-ups, clients."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlencode

import phabricator
import pytest

from tracker_migrate.backends.maniphest.standin import ManiphestStandIn, token_of
from tracker_migrate.testing.loopback import Fault, serving

MARKER = "custom.migrate.url"


class Client:
    """Calls methods as one account."""

    def __init__(self, url: str, who: str = "importbot") -> None:
        self.url = url
        self.who = who

    def raw(self, method: str, **params: Any) -> dict[str, Any]:
        """The whole answer."""
        params["__conduit__"] = {"token": token_of(self.who)}
        body = urlencode({"params": json.dumps(params)}).encode()
        with urllib.request.urlopen(f"{self.url}/api/{method}", body) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer

    def call(self, method: str, **params: Any) -> Any:
        """The result of a call that must go well."""
        answer = self.raw(method, **params)
        assert answer["error_code"] is None, answer
        return answer["result"]

    def create(self, title: str, marker: str = "") -> dict[str, Any]:
        """A task."""
        steps = [{"type": "title", "value": title}]
        steps += [{"type": MARKER, "value": marker}] if marker else []
        return self.raw("maniphest.edit", transactions=steps)

    def find(self, marker: str) -> list[int]:
        """The numbers of the tasks that the look-up by marker finds."""
        found = self.call("maniphest.search", constraints={MARKER: [marker]}, order="newest")
        return [task["id"] for task in found["data"]]

    def control(self, name: str, value: Any) -> Any:
        """A steering call."""
        request = urllib.request.Request(
            f"{self.url}/__standin__/{name}", json.dumps(value).encode(), method="POST"
        )
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)


@pytest.fixture
def standin() -> Iterator[ManiphestStandIn]:
    made = ManiphestStandIn()
    with serving(made):
        yield made
    made.store.close()


@pytest.fixture
def bot(standin: ManiphestStandIn) -> Client:
    return Client(standin.url)


def test_crash_after_commit_leaves_a_task_that_the_marker_does_not_find(
    standin: ManiphestStandIn, bot: Client
) -> None:
    standin.faults.append(Fault("crash_after_commit"))
    answer = bot.create("lost", "lp/1")
    assert answer["error_code"] == "ERR-CONDUIT-CORE"
    assert answer["error_info"].startswith("#2006: MySQL server has gone away")
    assert bot.find("lp/1") == []
    (task,) = bot.call("maniphest.search", order="newest")["data"]
    assert task["fields"][MARKER] == "lp/1"


def test_late_index_is_healed_by_the_next_edit(standin: ManiphestStandIn, bot: Client) -> None:
    standin.faults.append(Fault("late_index"))
    assert bot.create("late", "lp/1")["error_code"] is None
    assert bot.find("lp/1") == []
    bot.call("maniphest.edit", objectIdentifier=1, transactions=[])
    assert bot.find("lp/1") == [1]


def test_a_stranger_takes_the_marker_and_the_number_first(
    standin: ManiphestStandIn, bot: Client
) -> None:
    standin.faults.append(Fault("stranger"))
    assert bot.create("ours", "lp/1")["result"]["object"]["id"] == 2
    assert bot.find("lp/1") == [2, 1]


def test_a_refused_crash_is_only_a_refusal(standin: ManiphestStandIn, bot: Client) -> None:
    standin.faults.append(Fault("crash_after_commit"))
    assert "must have a title" in bot.create("")["error_info"]


def test_an_edit_commits_after_the_client_has_gone(standin: ManiphestStandIn, bot: Client) -> None:
    standin.faults.append(Fault("late", seconds=0.05))
    with pytest.raises(OSError, match=r".+"):
        bot.create("late", "lp/1")
    assert bot.find("lp/1") == []
    sleep(0.3)
    assert bot.find("lp/1") == [1]


def test_reads_and_writes_are_told_apart_although_all_are_post(
    standin: ManiphestStandIn, bot: Client
) -> None:
    bot.create("one")
    bot.call("maniphest.search")
    bot.call("user.whoami")
    bot.call("file.upload", name="f", data_base64="eA==")
    assert standin.writes == 2
    assert standin.requests["read:maniphest.search"] == 1
    assert standin.requests["write:maniphest.edit"] == 1


def test_a_refused_edit_leaves_nothing_but_a_gap(bot: Client) -> None:
    steps = [{"type": "title", "value": "x"}, {"type": "subscribers.add", "value": ["nosuch"]}]
    assert bot.raw("maniphest.edit", transactions=steps)["error_code"]
    assert bot.control("dump", {})["task"] == 0
    assert bot.create("next")["result"]["object"]["id"] == 2


def test_accounts_policies_and_spaces_can_be_made(bot: Client) -> None:
    (made,) = bot.control("users", [{"username": "dave"}])
    assert bot.call("user.query", emails=["dave@example.test"])[0]["phid"] == made["phid"]
    rule = {"action": "allow", "rule": "PhabricatorUsersPolicyRule", "value": [made["phid"]]}
    policy = bot.control("policy", {"rules": [rule]})["phid"]
    steps = [{"type": "title", "value": "x"}, {"type": "view", "value": policy}]
    assert "no longer allow" in bot.raw("maniphest.edit", transactions=steps)["error_info"]
    assert Client(bot.url, "dave").call("maniphest.edit", transactions=steps)


def test_reset_forgets_all_but_the_accounts(bot: Client) -> None:
    bot.create("one")
    bot.control("reset", {})
    counts = bot.control("dump", {})
    assert (counts["task"], counts["user"]) == (0, 6)
    assert bot.create("again")["result"]["object"]["id"] == 1


def test_data_outlives_the_process(tmp_path: Path) -> None:
    path = str(tmp_path / "data.sqlite")
    for number in (1, 2):
        standin = ManiphestStandIn(path)
        with serving(standin):
            made = Client(standin.url).create("x", f"lp/{number}")
        standin.store.close()
        assert made["result"]["object"]["id"] == number


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("maniphest.search", {"constraints": {"ids": [1]}}),
        ("maniphest.search", {"constraints": {"phids": ["PHID-TASK-x"]}}),
        ("maniphest.search", {"constraints": {MARKER: ["lp/1", "lp/2"]}}),
        ("maniphest.edit", {"objectIdentifier": "T1", "transactions": []}),
        ("transaction.search", {"objectIdentifier": "T1"}),
        ("phid.lookup", {"names": ["T1", "@alice", "#nova"]}),
        ("user.query", {"emails": ["alice@example.test"]}),
        ("project.search", {"constraints": {"slugs": ["nova"]}}),
    ],
)
def test_look_ups_do_not_scan(
    standin: ManiphestStandIn, bot: Client, method: str, params: dict[str, Any]
) -> None:
    bot.create("one", "lp/1")
    asked: list[str] = []
    standin.store.db.set_trace_callback(asked.append)
    bot.call(method, **params)
    standin.store.db.set_trace_callback(None)
    selects = [sql for sql in asked if sql.startswith("SELECT")]
    assert selects
    for sql in selects:
        plan = standin.store.rows(f"EXPLAIN QUERY PLAN {sql}")
        scans = [row["detail"] for row in plan if row["detail"].startswith("SCAN")]
        assert not scans, (sql, scans)


def test_the_client_package_learns_the_methods_and_uses_them(standin: ManiphestStandIn) -> None:
    client = phabricator.Phabricator(host=f"{standin.url}/api/", token=token_of("importbot"))
    client.update_interfaces()
    made = client.maniphest.edit(transactions=[{"type": "title", "value": "by the package"}])
    assert made["object"]["id"] == 1
    assert client.maniphest.status.search()["data"][0]["value"] == "open"
    with pytest.raises(phabricator.APIError, match="No object exists"):
        client.maniphest.edit(transactions=[], objectIdentifier=99)
