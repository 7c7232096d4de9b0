"""Three stand-ins and a workspace in a temporary folder, and the real command run on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tracker_migrate.cli.demo.servers import Server
from tracker_migrate.cli.demo.targets import PREPARE

_FINE = (0, 3)
_LAUNCH = str(Path(__file__).with_name("launch.py"))


@dataclass(frozen=True)
class Cost:
    """What a command cost: wall-clock seconds, CPU seconds, peak resident memory in MB."""

    seconds: float
    cpu: float
    peak_mb: float


def cost(*arguments: str, environment: Mapping[str, str] | None = None) -> Cost:
    """What a command of tracker-migrate costs. RuntimeError if it ends otherwise than well."""
    read, write = os.pipe()
    command = [sys.executable, "-I", "-S", _LAUNCH, str(write)]
    command += [sys.executable, "-m", "tracker_migrate", *arguments]
    with os.fdopen(read) as told:
        child = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, pass_fds=(write,)
        )
        os.close(write)
        found = json.load(told)
        child.wait()
    if found["status"] not in _FINE:
        raise RuntimeError(f"{arguments} ended with {found['status']}")
    return Cost(found["seconds"], found["cpu"], found["peak_mb"])


class Scene:
    """A made-up project of so many bugs, and both targets, empty. load: what the Launchpad holds
    instead, as its stand-in's `--load` takes it; project: the name of the project in it."""

    targets = tuple(PREPARE)

    def __init__(
        self, bugs: int, seed: int = 1, load: str | None = None, project: str = "gadget"
    ) -> None:
        made = f"generated:bugs={bugs},blueprints={bugs // 12},seed={seed},project={project}"
        self._made, self._project = load or made, project
        self._stack = ExitStack()
        self._servers: dict[str, Server] = {}
        self._environment = dict(os.environ)

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        for tracker in ("launchpad", *self.targets):
            made = ["--load", self._made] if tracker == "launchpad" else []
            server = Server(tracker, self._folder, *made)
            self._servers[tracker] = self._stack.enter_context(server)
        self._prepare()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _prepare(self) -> None:
        lines = ["[source]", f'specs = ["launchpad:{self._project}"]', "per_second = 0"]
        lines += [f'address = "{self._servers["launchpad"].url}"']
        for name, prepare in PREPARE.items():
            target = prepare(self._servers[name])
            lines += [f"[targets.{name}]", f'sink = "{target.sink}:{target.url}"']
            lines += [f"{option} = {json.dumps(value)}" for option, value in target.options.items()]
            variable = f"TRACKER_MIGRATE_{name.upper()}"
            self._environment[f"{variable}_TOKEN"] = target.token
            self._environment[f"{variable}_OUTSIDER_TOKEN"] = target.outsider
        self._workspace = self._folder / "workspace"
        (self._workspace / "mappings").mkdir(parents=True)
        (self._workspace / "migration.toml").write_text("\n".join(lines) + "\n")

    def run(self, *arguments: str) -> Cost:
        """Run a command to its end. RuntimeError if it ends otherwise than well."""
        return cost(*arguments, "-C", str(self._workspace), "-q", environment=self._environment)

    def multiply(self, count: int) -> None:
        """Have so many issues in the workspace: see `benchmarks.copies`."""
        command = [sys.executable, "-m", "benchmarks.copies", str(self._workspace), str(count)]
        subprocess.run(command, check=True)

    def json(self, *arguments: str) -> Any:
        """Run a command, and return what it printed as JSON."""
        command = [sys.executable, "-m", "tracker_migrate", *arguments, "--json"]
        command += ["-C", str(self._workspace), "-q"]
        printed = subprocess.run(
            command, env=self._environment, stdout=subprocess.PIPE, check=False
        )
        return json.loads(printed.stdout)

    def requests(self, tracker: str) -> int:
        """How many requests a server has had."""
        counts = self._servers[tracker].ask("GET", "/__standin__/counts").json()
        return int(sum(counts["requests"].values()))

    def issues(self) -> int:
        """How many issues the archive holds."""
        return int(self.json("status")["source"]["issues"])

    def objects(self, target: str, kind: str = "") -> int:
        """How many objects of a kind, or of all, the ledger holds for a target."""
        import sqlite3

        with sqlite3.connect(self._workspace / "state" / "workspace.db") as connection:
            query = "SELECT count(*) FROM object WHERE target = ? AND (kind = ? OR ? = '')"
            return int(connection.execute(query, (target, kind, kind)).fetchone()[0])
