"""A proxy misbehaves before any server as a stand-in does by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tracker_migrate.testing.faults import FAULTS
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving, struck
from tracker_migrate.testing.memory_server import struck as struck_in_memory
from tracker_migrate.testing.proxy import FaultyProxy, faulty

#: what of a reply comes back, by word; None: nothing
COMES = {"slow": 200, "double": 200, "busy": 429, "unavailable": 503, "gateway": 502, "html": 200,
         "expired": 401, "mangle": 200}  # fmt: skip


class Notes(StandIn):
    """Counts what reaches it, and answers with its own address."""

    def answer(self, request: Request) -> Reply:
        """A link, as an API gives one."""
        self.requests["reached"] += 1
        return Reply.of_json({"next": f"{self.url}/page/2", "said": request.body.decode()})


@pytest.fixture
def behind() -> Iterator[Notes]:
    made = Notes()
    with serving(made):
        yield made


@pytest.fixture
def proxy(behind: Notes) -> Iterator[FaultyProxy]:
    with faulty(behind.url) as made:
        yield made


def test_it_hands_on_and_its_links_lead_through_it(proxy: FaultyProxy) -> None:
    answer = requests.post(f"{proxy.url}/page?a=b%20c", data="é".encode(), timeout=5)
    assert answer.json() == {"next": f"{proxy.url}/page/2", "said": "é"}
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("word", sorted(FAULTS))
def test_each_fault_does_what_its_word_says(behind: Notes, proxy: FaultyProxy, word: str) -> None:
    proxy.strike(word, method="POST")
    try:
        status: int | None = requests.post(proxy.url, data=b"x", timeout=5).status_code
    except requests.RequestException:
        status = None
    assert status == COMES.get(word)
    if FAULTS[word].done == "late":
        assert behind.requests["reached"] == 0
        time.sleep(0.4)
    times = {"once": 1, "late": 1, "twice": 2, "not": 0}[FAULTS[word].done]
    assert behind.requests["reached"] == times


@pytest.mark.parametrize("word", sorted(FAULTS))
def test_each_word_is_known_everywhere(word: str) -> None:
    assert struck(word).do
    if word != "slow":
        assert struck_in_memory(word).do


def test_a_server_that_is_not_there_is_a_bad_gateway() -> None:
    with faulty("http://127.0.0.1:9") as alone:
        assert requests.get(alone.url, timeout=5).status_code == 502
