"""The pages of a made-up move: written by the commands themselves, half-way and at its end."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.end_to_end.world import conduit_token
from tracker_migrate.backends.launchpad.standin import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.testing.loopback import serving
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.packing import stamp
from tracker_migrate.workspace.pulse import Pulse

_LOGINS = {
    "TRACKER_MIGRATE_NEW_TOKEN": "token-of-super",
    "TRACKER_MIGRATE_OLD_TOKEN": conduit_token("importbot"),
    "TRACKER_MIGRATE_LAUNCHPAD": "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner",
}
#: what the stand-ins are called on the pages
_NAMES = {
    "launchpad": "https://launchpad.example.org",
    "storyboard": "https://storyboard.example.org/api",
    "maniphest": "https://phorge.example.org",
}
_PRIVACY = """[information_type]
"Private" = "few"
"Private Security" = "few"
"Proprietary" = "few"
"Embargoed" = "few"
[policies.few.new]
users = ["1"]
without = "all"
"""
_PROCESS = "process 4711 on tracker.example.org"
_EDIT = """The gadget spins when it is picked up by its left side, too.

What we know by now:
 1. it happens on rev. C boards only;
 2. the fix is under review.
"""


class Move:
    """A workspace and its three trackers, and a folder for the pages."""

    def __init__(self, folder: Path, servers: dict[str, str]) -> None:
        self.folder = folder
        self.servers = servers
        self.workspace = folder / "move"
        self.pages = folder / "pages"
        self.pages.mkdir(parents=True, exist_ok=True)

    def settle(self) -> None:
        """Write the settings and tables."""
        (self.workspace / "mappings").mkdir(parents=True, exist_ok=True)
        lines = ["[source]", 'specs = ["launchpad:gadget"]', "private = true", "per_second = 0"]
        lines += [f'address = "{self.servers["launchpad"]}"']
        lines += ["[targets.new]", f'sink = "storyboard:{self.servers["storyboard"]}"']
        lines += ["settle_seconds = 0.2", 'leaky_search = "accept"']
        lines += ["[targets.old]", f'sink = "maniphest:{self.servers["maniphest"]}"']
        lines += ["settle_seconds = 0.2"]
        (self.workspace / "migration.toml").write_text("\n".join(lines) + "\n")
        (self.workspace / "mappings" / "privacy.toml").write_text(_PRIVACY)

    def call(self, *arguments: str, status: tuple[int, ...] = (0, 3, 4)) -> None:
        """Run a command in the workspace."""
        with redirect_stdout(io.StringIO()):
            ended = run([arguments[0], "-C", str(self.workspace), *arguments[1:]])
        if ended not in status:
            raise SystemExit(f"tracker-migrate {' '.join(arguments)} ended with {ended}")

    def page(self, name: str, *arguments: str) -> Path:
        """Have a command write a page; the servers get names that people would give them."""
        out = self.pages / f"{name}.html"
        self.call(*arguments, str(out))
        text = out.read_text(encoding="utf-8")
        for tracker, address in self.servers.items():
            text = text.replace(address, _NAMES[tracker])
        out.write_text(text, encoding="utf-8")
        return out

    def falls_behind(self) -> None:
        """The daemon was killed an hour ago, a target is away, and its token ends soon."""
        path = self.workspace / "migration.toml"
        ends = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
        settings = path.read_text().replace("[targets.new]", f"[targets.new]\ntoken_ends = {ends}")
        path.write_text(settings)
        ago = stamp(datetime.now(UTC) - timedelta(hours=1))
        with Workspace(self.workspace) as held:
            pulse = held.pulses.read() or Pulse()
            pulse.doing, pulse.at, pulse.process, pulse.rounds = "resting", ago, _PROCESS, 412
            pulse.targets["new"].failing = pulse.targets["new"].until = ago
            pulse.targets["new"].error = f"{_NAMES['storyboard']} does not answer"
            pulse.targets["new"].queue = 17
            held.pulses.keep(pulse)

    def edit(self) -> None:
        """People change a few things at StoryBoard."""
        with Workspace(self.workspace) as held:
            ledger = held.ledger("new")
            bugs = (one for one in held.archive.issues() if one.kind == "bug" and not one.private)
            stories = [at.id for one in bugs if (at := ledger.where(one.key)) is not None]
        api = Api(f"{self.servers['storyboard']}/v1", "token-of-other")
        story = api.get(f"/stories/{stories[1]}")
        head, _, rest = story["description"].partition("\n")
        edited = f"{head}\n\n{_EDIT}{rest}"
        api.write("PUT", f"/stories/{stories[1]}", {"description": edited})
        api.write("PUT", f"/stories/{stories[4]}", {"title": "Clamp does not hold when it is hot"})
        task = api.get(f"/stories/{stories[6]}/tasks")[0]
        api.write("PUT", f"/tasks/{task['id']}", {"status": "review"})
        api.close()


@contextmanager
def _logged_in() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _LOGINS}
    os.environ.update(_LOGINS)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def pages(folder: Path, bugs: int = 150) -> list[Path]:
    """The pages, made anew."""
    launchpad, storyboard = LaunchpadStandIn(), StoryBoardStandIn()
    maniphest = ManiphestStandIn()
    generate(launchpad, bugs=bugs, blueprints=bugs // 8, seed=7, private=0.06)
    with ExitStack() as stack:
        stack.enter_context(_logged_in())
        for one in (launchpad, storyboard, maniphest):
            stack.enter_context(serving(one))
        servers = {"launchpad": launchpad.url, "storyboard": storyboard.url}
        move = Move(folder, {**servers, "maniphest": maniphest.url})
        move.settle()
        move.call("pull", "-q")
        made = [move.page("evaluate", "evaluate", "-q", "-o")]
        made += [move.page(f"plan-{name}", "plan", "-q", "-T", name, "--html") for name in _TARGETS]
        move.call("apply", "-q", "-T", "new", "--limit", str(bugs // 2))
        made.append(move.page("status", "status", "--deadline", "36h", "--html"))
        move.call("apply", "-q", "-T", "new")
        move.edit()
        made.append(move.page("verify", "verify", "-q", "-T", "new", "--html"))
        move.call("sync", "-q", "--once", "-T", "new")
        move.falls_behind()
        made.append(move.page("sync", "status", "--html"))
    return made


_TARGETS = ("new", "old")
