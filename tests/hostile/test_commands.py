"""Bad replies to commands: what each ends with and says, as docs/hostile.md tells; what arrives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import Servers
from tests.hostile.badness import BAD, WORDS, Bytes
from tests.hostile.mangling import Mangler, Place
from tests.hostile.servers import byte_by_byte
from tests.hostile.test_printed import ACTS, EVIL
from tracker_migrate import bounded, hosts
from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn, token_of
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.testing.loopback import Request, StandIn

DOCS = Path(__file__).parents[2] / "docs" / "hostile.md"
BUGS = 6
FIRST = 1000001
#: these two take longer than the others: they are tried with each client in test_bombs
SLOW = {"dripping-body", "dripping-header", "endless-continue", "endless-trailer", "gzip-bomb"}
QUICK = [name for name in BAD if name not in SLOW]


class Ended(msgspec.Struct, frozen=True):
    """How a command ended."""

    status: int
    out: str
    err: str


class World:
    """The three trackers, each of which may be told to answer a request with other bytes."""

    def __init__(self, servers: Servers, folder: Path, say: Callable[[], tuple[str, str]]) -> None:
        self.servers, self.folder, self._say = servers, folder, say
        (folder / "mappings").mkdir(parents=True)
        text = servers.settings(source="patience = 0\ntimeout = 10")
        text = text.replace("settle_seconds = 0.2", "settle_seconds = 0.1\npatience = 0")
        (folder / "migration.toml").write_text(text)

    def run(self, *arguments: str) -> Ended:
        """Run a command here; what it prints has to be plain."""
        hosts.forget()
        self._say()
        quiet = [] if "show" in arguments else ["-q"]
        status = run([*arguments, "-C", str(self.folder), *quiet])
        ended = Ended(status, *self._say())
        said = ended.out + ended.err
        assert "a bug in tracker-migrate" not in said
        assert "Traceback" not in said
        assert WORDS not in said
        assert not ACTS.search(said.replace("\n", ""))
        return ended

    def spoil(self, standin: StandIn, part: str, bad: Callable[[], Bytes] | None) -> None:
        """Answer every request that has this part in its address or body with these bytes."""

        def wire(request: Request) -> Bytes | None:
            held = request.method + " " + request.target + " " + request.body.decode()
            return bad() if bad is not None and re.search(part, held) else None

        standin.wire = wire  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def trackers() -> Iterator[Servers]:
    servers = Servers(LaunchpadStandIn(), StoryBoardStandIn(), ManiphestStandIn())
    generate(servers.launchpad, bugs=BUGS, blueprints=1)
    with ExitStack() as stack:
        for standin in (servers.launchpad, servers.storyboard, servers.maniphest):
            stack.enter_context(byte_by_byte(standin))
        yield servers


@pytest.fixture
def world(
    trackers: Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[World]:
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_TOKEN", "token-of-super")
    monkeypatch.setenv("TRACKER_MIGRATE_OLD_TOKEN", token_of("importbot"))
    monkeypatch.setattr(bounded, "LONGEST", 2.0)
    monkeypatch.setattr("tracker_migrate.waiting.sleep", lambda _: None)
    yield World(trackers, tmp_path / "move", capfd.readouterr)
    for standin in (trackers.launchpad, trackers.storyboard, trackers.maniphest):
        standin.wire = None  # type: ignore[union-attr]


def documented() -> dict[str, tuple[str, set[int], set[int]]]:
    """The rows of the docs: name → message, exit statuses about one bug, and of a first answer."""
    text = DOCS.read_text(encoding="utf-8").partition("<!-- one-bug -->")[2].partition("<!--")[0]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| (.*) \| ([\d or]+) \| ([\d or]+) \|$", text, re.M)
    return {name: (said, _numbers(one), _numbers(first)) for name, said, one, first in rows}


def _numbers(text: str) -> set[int]:
    return {int(one) for one in text.split(" or ")}


def message(ended: Ended) -> str:
    """What was said, without what is of this run."""
    said = (ended.err + ended.out).strip()
    found = re.search(r"(?:not read: \S+ |error: )(.*)", said)
    text = re.sub(r"(launchpad:bug:\d+:? ?)+", "", found[1] if found else "accepted")
    return re.sub(r"(http://)?127\.0\.0\.1:\d+(/devel|/v1|/api)?", "HOST", text)


def test_the_docs_have_a_row_for_each() -> None:
    assert documented().keys() == BAD.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_bad_reply_about_one_bug(world: World, name: str) -> None:
    said, statuses, _ = documented()[name]
    launchpad = world.servers.launchpad
    world.spoil(launchpad, rf"GET /devel/bugs/{FIRST}/messages", BAD[name])
    ended = world.run("pull")
    assert message(ended) == said
    assert ended.status in statuses
    if ended.status == 3:
        held = json.loads(world.run("status", "--json", "--refused").out)["source"]
        assert held["issues"] == BUGS - 1  # all the others
        assert [one["issue"] for one in held["named"]] == [f"launchpad:bug:{FIRST}"]
    world.spoil(launchpad, "", None)
    assert world.run("pull").status == 0
    assert json.loads(world.run("status", "--json").out)["source"]["unread"] == 0


@pytest.mark.parametrize("name", QUICK)
def test_a_bad_reply_to_begin_with(world: World, name: str) -> None:
    world.spoil(world.servers.launchpad, "GET /devel/", BAD[name])
    ended = world.run("pull")
    assert ended.status in documented()[name][2]
    assert ended.err.startswith("error: ")
    assert ended.out == ""


FAR = ("null", "page", "nested-arrays", "packed-twice", "names-twice", "broken-gzip", "no-status")
WRITES = {"new": r"POST /v1/(stories|tasks|projects)", "old": "POST /api/(maniphest|project).edit"}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAR)
@pytest.mark.parametrize("target", WRITES)
def test_a_write_whose_reply_is_bad_is_not_sent_again(world: World, target: str, name: str) -> None:
    """It was carried out, and its reply is one of these; four times, then all is well."""
    standin = world.servers.storyboard if target == "new" else world.servers.maniphest
    left = [4]

    def wire(request: Request) -> Bytes | None:
        if not left[0] or not re.search(WRITES[target], f"{request.method} {request.target}"):
            return None
        left[0] -= 1
        standin.answer(request)
        return BAD[name]()

    assert world.run("pull").status == 0
    standin.wire = wire  # type: ignore[union-attr]
    ends: list[int] = []
    while left[0] and len(ends) < 4:  # each takes one of them at least
        ends.append(world.run("apply", "-T", target).status)
    assert set(ends) <= {0, 2, 3, 6}  # 2: the first write of a check, which nobody else made yet
    assert world.run("apply", "-T", target).status == 0
    seen = json.loads(world.run("verify", "-T", target, "--json").out)[target]
    assert (seen["doubled"], seen["missing"], seen["agrees"]) == (0, 0, True)


@pytest.mark.parametrize("target", WRITES)
def test_a_target_that_is_none_is_told_before_anything_is_written(
    world: World, target: str
) -> None:
    assert world.run("pull").status == 0
    standin = world.servers.storyboard if target == "new" else world.servers.maniphest
    before = standin.writes
    for name in ("null", "page", "nested-arrays", "many-values", "names-twice", "no-http"):
        world.spoil(standin, "", BAD[name])
        ended = world.run("apply", "-T", target)
        assert ended.status in (2, 6), name
        assert ended.err.startswith("error: ")
    world.spoil(standin, "", None)
    assert standin.writes == before


@pytest.mark.parametrize("evil", ["colour", "clipboard", "lines", "right-to-left", "null", "long"])
def test_a_name_that_acts_is_shown_and_does_nothing(world: World, evil: str) -> None:
    """As the title of every bug, and as everybody's name; `World.run` looks at what is printed."""
    standin = world.servers.launchpad
    places = (("GET /devel/bugs/N", "title"), ("GET /devel/~N", "display_name"))
    with pytest.MonkeyPatch.context() as patch:
        for label, field in places:
            patch.setattr(standin, "answer", standin.answer)
            Mangler(standin).spoil(Place(label, (field,)), EVIL[evil])
        assert world.run("pull").status == 0
    shown = world.run("show", str(FIRST), "--as", "storyboard", "--as", "maniphest")
    assert shown.status == 0
    assert "title" in shown.out
    for command in (("plan",), ("apply", "-T", "new"), ("status", "--refused"), ("verify",)):
        ended = world.run(*command)
        assert ended.status in (0, 3, 4), ended.err
        json.loads(world.run(*command, "--json").out)
