"""A plan that several processes make is the plan that one makes, whatever becomes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tracker_migrate.engine import plan as plan_
from tracker_migrate.engine import processes
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.plan import Outcome, Planned
from tracker_migrate.engine.planning import plan
from tracker_migrate.engine.processes import Contents, How
from tracker_migrate.engine.rendering import Page, Rendering
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import TRACE
from tracker_migrate.interfaces import Reading
from tracker_migrate.testing.samples import Names, private, rich
from tracker_migrate.workspace import Workspace

COUNT = 24
NAMES = Names(tracker="launchpad", web="https://launchpad.example")
SIZES = {"_PAGE": 4, "_MANY": 2, "_WORTH": 8}
#: a script of somebody's who has never heard of processes
SCRIPT = """
    import os, sys, time
    from tracker_migrate.engine import plan as plan_, processes
    from tracker_migrate.engine.planning import plan
    from tracker_migrate.workspace import Workspace

    print("begun", flush=True)
    plan_._PAGE, plan_._MANY, plan_._WORTH, processes._EACH = 4, 2, 8, 3
    begun = []

    class Helper(processes._Helper):
        def begin(self, how):
            super().begin(how)
            begun.append(self._process.pid)

    processes._Helper = Helper

    def hear(one):
        if "die" in sys.argv:
            while len(begun) < 2:
                time.sleep(0.05)
            print(*begun, flush=True)
            os.kill(os.getpid(), 9)

    with Workspace(sys.argv[1]) as workspace:
        print(plan(workspace, "new", hear=[hear], processes=2).issues)
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    with filled(tmp_path, monkeypatch) as opened:
        yield opened


@contextmanager
def filled(
    folder: Path, monkeypatch: pytest.MonkeyPatch, database: str | None = None
) -> Iterator[Workspace]:
    """A workspace with so many issues, one of them private, where that is many."""
    for name, size in SIZES.items():
        monkeypatch.setattr(plan_, name, size)
    monkeypatch.setattr(processes, "_EACH", 3)
    lines = ["[source]", 'specs = ["launchpad:rocket"]']
    lines += ["[targets.new]", 'sink = "storyboard:http://127.0.0.1:1"']
    lines += ["[database]", f'url = "{database}"'] if database else []
    (folder / "migration.toml").write_text("\n".join(lines) + "\n")
    (folder / "mappings").mkdir()
    with Workspace(folder) as opened:
        for number in range(1, COUNT + 1):
            issue = rich(NAMES, number)
            issue = private(NAMES, issue) if number == 9 else issue
            opened.archive.put(Reading(issue=issue, replies=(), stamp="")).result()
        yield opened


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that were started. All pages but the first are waited for until they are
    made there, however long the processes take to come up."""
    helpers: list[subprocess.Popen[bytes]] = []

    class Watched(processes._Helper):
        def __init__(self) -> None:
            super().__init__()
            helpers.append(self._process)

    monkeypatch.setattr(processes, "_Helper", Watched)
    monkeypatch.setattr(processes, "_page", _patient)
    return helpers


def _patient(contents: Contents, coming: Future[Page | None], here: Rendering) -> Page:
    page = coming.result(timeout=300)
    assert page is not None
    return page


def planned(workspace: Workspace, **how: Any) -> tuple[Planned, list[Outcome]]:
    """A plan, and what was told of each issue: of an issue itself only the looks differ."""
    told: list[Outcome] = []
    found = plan(workspace, "new", hear=[told.append], whole=True, **how)
    return found, [msgspec.structs.replace(one, issue=None) for one in told]


def kept(workspace: Workspace) -> list[Any]:
    """What was foreseen, to be forgotten."""
    workspace.writer.flush()
    keys = [key for key, _ in workspace.archive.digests()]
    rows = sorted(workspace.foreseen("new").of(keys).values())
    workspace.foreseen("new").drop(keys)
    workspace.writer.flush()
    return rows


def test_the_plan_is_the_same_to_the_byte(
    database: str | None,
    started: list[subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with filled(tmp_path, monkeypatch, database) as workspace:
        alone, told = planned(workspace, out=tmp_path / "alone.plan")
        rows = kept(workspace)
        assert len(rows) == COUNT - 1, "all that are public"
        with workspace.coordinating():
            together, told_together = planned(workspace, processes=2, out=tmp_path / "both.plan")
        assert len(started) == 2
        assert kept(workspace) == rows, "what was foreseen is known to the next plan"
    assert alone.create
    assert alone.private == 1
    assert together == alone
    assert told_together == told
    written = [(tmp_path / name).read_bytes() for name in ("alone.plan", "both.plan")]
    assert written[0] == written[1]


def test_who_wants_to_look_at_the_issues_has_them_all(
    workspace: Workspace, started: list[subprocess.Popen[bytes]]
) -> None:
    seen: list[Outcome] = []
    plan(workspace, "new", hear=[seen.append], looks=True, processes=2)
    assert len(started) == 2
    assert [one.issue for one in seen] == list(workspace.archive.issues())


def test_few_issues_start_no_process(
    workspace: Workspace, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_, "_WORTH", COUNT)
    assert planned(workspace, processes=2)[0].issues == COUNT
    assert started == []


def test_a_plan_without_news_starts_no_process(
    workspace: Workspace, started: list[subprocess.Popen[bytes]]
) -> None:
    target = Target(workspace, "new")
    for key, content in workspace.archive.digests():
        target.ledger.finish(key, inputs(target, content)).result()
    assert planned(workspace, processes=2)[0].writes == 0
    assert started == []


def test_helpers_that_are_killed_cost_nothing_but_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = planned(workspace)
    kept(workspace)
    killed: list[Contents] = []

    class Mortal(processes._Helper):
        def page(self, contents: Contents) -> Page:
            killed.append(contents)
            self._process.kill()
            return super().page(contents)

    def page(contents: Contents, coming: Future[Page | None], here: Rendering) -> Page:
        if not killed:
            wait([coming], timeout=300)
        return real(contents, coming, here)

    real = processes._page
    monkeypatch.setattr(processes, "_Helper", Mortal)
    monkeypatch.setattr(processes, "_page", page)
    assert planned(workspace, processes=2) == alone
    assert killed


@pytest.mark.parametrize("broken", ["folder", "python"])
def test_helpers_that_never_come_up_are_not_missed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    alone = planned(workspace)
    kept(workspace)
    nowhere = workspace.folder / "nowhere"
    if broken == "folder":
        how = How(folder=nowhere, target="new", losses=True, whole=True, looks=False)
        monkeypatch.setattr(plan_, "How", lambda **_how: how)
    else:
        monkeypatch.setattr(sys, "executable", str(nowhere))
    assert planned(workspace, processes=2) == alone


def test_no_process_outlives_a_plan_that_is_given_up(
    workspace: Workspace, started: list[subprocess.Popen[bytes]]
) -> None:
    def hear(one: Outcome) -> None:
        if one.key.endswith(":12"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan(workspace, "new", hear=[hear], processes=2)
    assert len(started) == 2
    assert [one.poll() is None for one in started] == [False, False]


def run(workspace: Workspace, *words: str) -> list[str]:
    script = workspace.folder / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, str(script), str(workspace.folder), *words]
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, stdout=subprocess.PIPE, env=there, check=False, timeout=300)
    return done.stdout.decode().split("\n")[:-1]


def test_what_helpers_render_goes_through_a_pipe_of_their_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[list[str], dict[str, Any]]] = []

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **how: Any) -> None:
            told.append((command, how))
            super().__init__(command, **how)

    monkeypatch.delenv(TRACE, raising=False)
    monkeypatch.setattr(subprocess, "Popen", Popen)
    planned(workspace, processes=2)
    assert len(told) == 2
    for (*words, number), how in told:
        assert words == [sys.executable, "-P", "-c", processes._BEGIN]
        assert how["pass_fds"] == (int(number),)
        assert {how[name] for name in ("stdin", "stdout", "stderr")} == {subprocess.DEVNULL}
        assert "env" not in how


def test_a_script_that_plans_is_run_once(workspace: Workspace) -> None:
    assert run(workspace) == ["begun", str(COUNT)]


def test_helpers_end_with_who_started_them(workspace: Workspace) -> None:
    helpers = run(workspace, "die")[-1].split()
    assert len(helpers) == 2
    until = time.monotonic() + 120
    while any(map(_is_there, helpers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(_is_there, helpers))


def _is_there(process: str) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # nobody may be here to bury it
