"""Three stand-ins and a workspace in a temporary folder, and the real command run on them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
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


class Watched(Server):
    """A stand-in that notes what it is asked, and answers as late as it is told to."""

    def _module(self, tracker: str) -> list[str]:
        return ["benchmarks.served", tracker]


class Scene:
    """A made-up project of so many bugs, and both targets, empty. load: what the Launchpad holds
    instead, as its stand-in's `--load` takes it; project: the name of the project in it. options:
    more settings, of the `source`, or (by its name) of a target. watched: whether the servers
    note what they are asked, and can be slowed down (`benchmarks.served`). database: the address of
    a PostgreSQL that has the workspace's state."""

    targets = tuple(PREPARE)

    def __init__(
        self,
        bugs: int,
        seed: int = 1,
        load: str | None = None,
        project: str = "gadget",
        *,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        watched: bool = False,
        database: str = "",
    ) -> None:
        made = f"generated:bugs={bugs},blueprints={bugs // 12},seed={seed},project={project}"
        self._options, self._server = options or {}, Watched if watched else Server
        self._made, self._project, self._database = load or made, project, database
        self._stack = ExitStack()
        self._servers: dict[str, Server] = {}
        self._environment = dict(os.environ)

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        for tracker in ("launchpad", *self.targets):
            made = ["--load", self._made] if tracker == "launchpad" else []
            server = self._server(tracker, self._folder, *made)
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
        lines += _lines(self._options.get("source", {}))
        lines += ["[database]", f'url = "{self._database}"'] if self._database else []
        for name, prepare in PREPARE.items():
            target = prepare(self._servers[name])
            lines += [f"[targets.{name}]", f'sink = "{target.sink}:{target.url}"']
            lines += _lines({**target.options, **self._options.get(name, {})})
            variable = f"TRACKER_MIGRATE_{name.upper()}"
            self._environment[f"{variable}_TOKEN"] = target.token
            self._environment[f"{variable}_OUTSIDER_TOKEN"] = target.outsider
        self.workspace = self._folder / "workspace"
        (self.workspace / "mappings").mkdir(parents=True)
        (self.workspace / "migration.toml").write_text("\n".join(lines) + "\n")

    def run(self, *arguments: str) -> Cost:
        """Run a command to its end. RuntimeError if it ends otherwise than well."""
        return cost(*arguments, "-C", str(self.workspace), "-q", environment=self._environment)

    @contextmanager
    def beside(self, *arguments: str) -> Iterator[None]:
        """A command that runs meanwhile, and is asked to end afterwards."""
        command = [sys.executable, "-m", "tracker_migrate", *arguments, "-q"]
        command += ["-C", str(self.workspace)]
        with subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL) as child:
            try:
                yield
            finally:
                child.terminate()

    def timed(self, tracker: str, *arguments: str) -> Cost:
        """Run a command that asks a watched server; its seconds begin with the first request."""
        self._servers[tracker].ask("DELETE", "/__standin__/asked")
        spent = self.run(*arguments)
        return replace(spent, seconds=time.monotonic() - self.served(tracker)["first"])

    def slow(self, tracker: str, seconds: float = 0.0, *, as_measured: bool = False) -> None:
        """How late a watched server answers: see `benchmarks.served`."""
        told = json.dumps({"seconds": seconds, "as_measured": as_measured})
        self._servers[tracker].ask("POST", "/__standin__/served", data=told)

    def served(self, tracker: str) -> dict[str, float]:
        """When a watched server was asked first, and over how many connections."""
        found: dict[str, float] = self._servers[tracker].ask("GET", "/__standin__/served").json()
        return found

    def asked(self, tracker: str) -> list[dict[str, Any]]:
        """What a watched server was asked since the last timed command, in order."""
        found: list[dict[str, Any]] = self._servers[tracker].ask("GET", "/__standin__/asked").json()
        return found

    def address(self, tracker: str) -> str:
        """Where a server listens."""
        return self._servers[tracker].url

    def forget(self) -> None:
        """Have an empty workspace again."""
        shutil.rmtree(self.workspace / "state", ignore_errors=True)

    def multiply(self, count: int) -> None:
        """Have so many issues in the workspace: see `benchmarks.copies`."""
        command = [sys.executable, "-m", "benchmarks.copies", str(self.workspace), str(count)]
        subprocess.run(command, check=True)

    def json(self, *arguments: str) -> Any:
        """Run a command, and return what it printed as JSON."""
        command = [sys.executable, "-m", "tracker_migrate", *arguments, "--json"]
        command += ["-C", str(self.workspace), "-q"]
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

        with sqlite3.connect(self.workspace / "state" / "workspace.db") as connection:
            query = "SELECT count(*) FROM object WHERE target = ? AND (kind = ? OR ? = '')"
            return int(connection.execute(query, (target, kind, kind)).fetchone()[0])


def _lines(options: Mapping[str, Any]) -> list[str]:
    return [f"{option} = {json.dumps(value)}" for option, value in options.items()]
