"""The benchmarks of reading and writing: their names and goals, one tiny pair, and that a bare load
asks what was asked, in order. No figure is judged here: that is what running them is for."""

from __future__ import annotations

import json
import subprocess
import threading
import venv
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks import peers, reading, service, writing
from benchmarks.__main__ import BENCHMARKS, GOALS
from benchmarks.bare import Ask, Load
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving

TABLE = {
    "read_vs_perceval_50ms": (">=", 12),
    "read_vs_launchpadlib_50ms": (">=", 20),
    "read_of_limit_0ms": (">=", 0.85),
    "read_of_limit_50ms": (">=", 0.85),
    "read_of_limit_200ms": (">=", 0.85),
    "read_requests_per_bug": ("<=", 7),
    "read_cpu_of_perceval": ("<=", 1),
    "read_missed": ("<=", 0),
    "write_of_ceiling_storyboard": (">=", 0.9),
    "write_of_ceiling_maniphest": (">=", 0.9),
    "write_vs_client_storyboard_50ms": (">=", 5),
    "write_vs_client_maniphest_50ms": (">=", 5),
}


def test_every_figure_that_was_promised_has_its_goal() -> None:
    assert {name: goal for name, goal in GOALS.items() if name in TABLE} == TABLE
    assert {"read_limit", "read_peers", "read_missed", "write_ceiling", "write_clients"} <= set(
        BENCHMARKS
    )


def test_a_tiny_project_is_read_and_written_and_asked_for_again_by_a_bare_load() -> None:
    figures = _tiny()
    assert figures["read_of_limit_0ms"] > 0
    assert figures["read_bare_requests_per_s_0ms"] > 0
    assert 6 <= figures["read_requests_per_bug"] < 8
    assert figures["read_requests_per_bug_messages"] == 1
    assert figures["read_cpu_ms_per_bug"] > 0
    assert figures["read_peak_mb"] > 0
    assert figures["read_connections_0ms"] >= reading.USUAL
    for target in ("storyboard", "maniphest"):
        assert figures[f"write_of_ceiling_{target}_0ms"] > 0
        assert figures[f"write_issues_per_s_{target}_0ms"] > 0
    assert figures["write_requests_per_issue_storyboard POST  stories"] >= 1
    assert figures["write_requests_per_issue_maniphest maniphest.edit"] > 1


def _tiny() -> reading.Figures:
    with writing.planned(8, writing.USUAL) as scene:
        figures = reading.at(scene, 0, rounds=1)
        for target in scene.targets:
            figures |= writing.of_ceiling(scene, target, "0ms", {})
            issues = writing.issues_of(target, scene.asked(target))
            assert len(issues) >= 6
            comments = sum(len(one["comments"]) for one in issues)
            assert comments >= scene.objects(target, "comment") * 0.9
    return figures


def test_without_a_network_it_is_said_what_is_missing_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(folder: Path, **_how: bool) -> None:
        folder.mkdir(parents=True)

    asked: list[list[str]] = []

    def refused(command: list[str], **_how: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(venv, "create", made)
    monkeypatch.setattr(subprocess, "run", refused)
    with pytest.raises(peers.NoPeers, match=r"no network.*perceval==.*phabricator==") as caught:
        peers.run("perceval", "http://127.0.0.1:1", "gadget", "1")
    assert str(tmp_path) in str(caught.value)
    assert ["install" in command for command in asked] == [True]  # nothing was run without them


class Noting(StandIn):
    """Answers with what it was asked, after a while; notes the order, and who is there at once."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []
        self.inside: defaultdict[str, int] = defaultdict(int)
        self.most: defaultdict[str, int] = defaultdict(int)
        self.meeting = threading.Barrier(2)

    def answer(self, request: Request) -> Reply:
        lane = request.arg("lane", "") or ""
        with self.lock:
            self.order.append(request.target)
            self.inside[lane] += 1
            self.most[lane] = max(self.most[lane], self.inside[lane])
        if lane == "meet":
            self.meeting.wait(30)
        with self.lock:
            self.inside[lane] -= 1
        return Reply(404 if lane == "none" else 200, request.body * 1000)


def ask(target: str, url: str, body: str = "", lanes: tuple[str, ...] = ()) -> Ask:
    noted: dict[str, Any] = {"method": "POST", "target": target, "body": body, "headers": {}}
    return Ask(noted, url, lanes)


def test_a_bare_load_keeps_the_order_of_a_chain_and_goes_over_all_its_connections() -> None:
    standin = Noting()
    with serving(standin) as url:
        chains = [[ask(f"/{name}/{at}?lane=meet", url, "text") for at in range(5)] for name in "ab"]
        with Load() as load:
            load.ask(chains, 2)
    assert load.asked == 10
    assert load.refused == 0
    assert standin.most["meet"] == 2  # neither chain could go on without the other
    for name in "ab":
        mine = [one for one in standin.order if one.startswith(f"/{name}/")]
        assert mine == [f"/{name}/{at}?lane=meet" for at in range(5)]


def test_a_bare_load_asks_what_shares_a_lane_one_at_a_time_and_counts_refusals() -> None:
    standin = Noting()
    with serving(standin) as url:
        chains = [[ask(f"/{at}?lane=none", url, lanes=("tasks",))] for at in range(20)]
        with Load() as load:
            load.ask(chains, 4)
    assert standin.most["none"] == 1
    assert (load.asked, load.refused) == (20, 20)


@pytest.mark.parametrize(
    ("tracker", "label", "path", "body", "milliseconds"),
    [
        ("launchpad", "GET bugs/N", "/devel/bugs/1", "", 28),
        ("launchpad", "GET bugs/N/bug_watches", "/devel/bugs/1/bug_watches", "", 13),
        ("launchpad", "GET nova?searchTasks", "/devel/nova", "", 450),
        ("storyboard", "POST /tasks", "/v1/tasks", "{}", 69),
        ("maniphest", "maniphest.edit", "/api/maniphest.edit", "comments=10", 93),
    ],
)
def test_a_real_servers_times_are_those_that_were_measured(
    tracker: str, label: str, path: str, body: str, milliseconds: float
) -> None:
    if body.startswith("comments="):
        rows = [{"type": "comment", "value": "a"}] * int(body.partition("=")[2])
        body = "params=" + json.dumps({"transactions": rows})
    method = "POST" if body else "GET"
    request = Request(method, path, path, (), {}, body.encode())
    assert service.OF[tracker].seconds(request, label) * 1000 == pytest.approx(milliseconds, abs=1)
