"""Asking a stand-in what the real Launchpad was asked, and comparing the answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

import requests

from tests.backends.launchpad import standin_recordings as recordings
from tests.backends.launchpad.standin_compare import HOST, differences, normalised
from tests.backends.launchpad.standin_recordings import Asked
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, load_project, load_wire
from tracker_migrate.backends.launchpad.standin.absorb import person_of
from tracker_migrate.backends.launchpad.standin.librarian import token_of
from tracker_migrate.testing.loopback import serving

_SHARED = "never asked by the product; it names projects outside the recording"
_PART = "700 rows of which 15 bugs were recorded, two pages share one file; wire/lab-bulk has all"
#: recorded addresses that are not asked again: a part of the recording's name, of the address, why
LEFT_OUT: tuple[tuple[str, str, str], ...] = (
    ("wire/lab-private", "getSharedProjects", _SHARED),
    ("projects/lab-bulk", "ws.op=searchTasks", _PART),
)


@dataclass
class Tally:
    """How a replay went."""

    asked: int = 0
    equal: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another replay too."""
        self.asked += other.asked
        self.equal += other.equal
        self.left_out += other.left_out
        self.wrong += other.wrong


class Asker:
    """Sends recorded requests to a stand-in, as the recorded viewer."""

    def __init__(self, url: str, standin: LaunchpadStandIn) -> None:
        self.url, self.standin = url, standin
        self.session = requests.Session()
        self.session.trust_env = False

    def send(self, asked: Asked, **more: Any) -> requests.Response:
        """The answer to a recorded request."""
        url = self.address(asked.url)
        headers = {**signed(person_of(asked.viewer)), **more.pop("headers", {})}
        return self.session.request(
            asked.method, url, headers=headers, allow_redirects=False, timeout=30, **more
        )

    def address(self, url: str) -> str:
        """A recorded address at the stand-in, or at its librarian."""
        file = re.match(r"https?://(i\d+\.restricted\.)?127\.0\.0\.1:\d+/(\d+)/(.*)", url)
        if file is not None:
            rest = file[3].replace("token=REDACTED", f"token={token_of(int(file[2]))}")
            return f"{self.standin.librarian.url}/{file[2]}/{rest}"
        quoted = quote(HOST, safe=""), quote(self.url, safe="")
        return url.replace(HOST, self.url).replace(*quoted)

    def differences(self, asked: Asked, **more: Any) -> list[str]:
        """How the answer differs from the recorded one."""
        return self.compare(asked, self.send(asked, **more))

    def compare(
        self, asked: Asked, reply: requests.Response, dates_from: str | None = None
    ) -> list[str]:
        """How an answer differs from the recorded one: status, where it leads, body."""
        if reply.status_code != asked.status:
            return [f"status {asked.status} became {reply.status_code}: {reply.text[:120]}"]
        found = []
        given = reply.headers.get("Location")
        if asked.location or given:
            found += differences(
                normalised(asked.location, ""), normalised(given, self.url), "Location"
            )
        heard = {name: reply.headers.get(name) for name in asked.said}
        found += differences(asked.said, heard, "headers")
        recorded = normalised(asked.body, "", dates_from)
        body = normalised(recordings.parsed(reply.text), self.url, dates_from)
        return found + differences(recorded, body, "body")


def signed(person: str | None) -> dict[str, str]:
    """The Authorization header of a recorded person."""
    if person in (None, "None"):
        return {}
    fields = {
        "oauth_consumer_key": "lab-client", "oauth_signature_method": "PLAINTEXT",
        "oauth_signature": f"%26SECRET-of-{person}", "oauth_token": f"TOKEN-of-{person}",
        "oauth_timestamp": "1", "oauth_nonce": "1", "oauth_version": "1.0",
    }  # fmt: skip
    realm = 'OAuth realm="https://api.launchpad.net/"'
    return {"Authorization": ", ".join([realm, *(f'{k}="{v}"' for k, v in fields.items())])}


def reason_to_leave_out(asked: Asked) -> str | None:
    """Why a recorded address is not asked again; None if it is."""
    for name, part, reason in LEFT_OUT:
        if name in asked.name and part in asked.url:
            return reason
    return None


def replay(asker: Asker, asked: Iterable[Asked]) -> Tally:
    """Ask all of it again."""
    tally = Tally()
    for one in asked:
        reason = reason_to_leave_out(one)
        if reason is not None:
            tally.left_out[reason] += 1
            continue
        tally.asked += 1
        found = asker.differences(one)
        if found:
            tally.wrong.append(f"{one.viewer} {one.url}: {'; '.join(found[:3])}")
        else:
            tally.equal += 1
    return tally


@contextmanager
def loaded(*sources: str) -> Iterator[Asker]:
    """A stand-in filled from recordings (`wire/NAME`, `projects/NAME`), and an asker for it."""
    standin = LaunchpadStandIn(web=recordings.WEB)
    for source in sources:
        kind, _, name = source.partition("/")
        if kind == "wire":
            load_wire(standin, recordings.wire_file(name))
        else:
            load_project(standin, recordings.RECORDINGS / "projects" / name)
    with serving(standin) as url:
        yield Asker(url, standin)


def asked_of(source: str) -> Iterator[Asked]:
    """What a recording asks."""
    kind, _, name = source.partition("/")
    return recordings.wire(name) if kind == "wire" else recordings.project(name)


@cache
def replay_source(source: str) -> Tally:
    """Load a recording into an empty stand-in and ask all of it again."""
    with loaded(source) as asker:
        return replay(asker, asked_of(source))


def replay_summary() -> dict[str, int]:
    """Counts over all recordings: asked, equal, left out."""
    tally = Tally()
    for source in sources():
        tally.add(replay_source(source))
    return {"recordings": len(sources()), "asked": tally.asked, "equal": tally.equal,
            "wrong": len(tally.wrong), "left_out": tally.left_out.total()}  # fmt: skip


def sources() -> list[str]:
    """All recordings that a stand-in can be filled from."""
    projects = [f"projects/{name}" for name in (*recordings.PROJECTS, *recordings.PARTS)]
    return projects + [f"wire/{name}" for name in recordings.WIRES]


def shape(url: str) -> str:
    """An address without its numbers, for counting."""
    return re.sub(r"\d+", "N", url.partition("/devel/")[2])[:60]
