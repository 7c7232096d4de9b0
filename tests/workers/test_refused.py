"""Who may not work for a run is told so, with the cause and the cure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.world import bug_key, settings
from tests.workers.conftest import Hall
from tracker_migrate.cli.run import run
from tracker_migrate.engine import sharing, shift, terms
from tracker_migrate.engine.queue import Queue
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Locked, Postponed, Refused, UsageError, WorkspaceError
from tracker_migrate.testing.memory import bug
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.database import HEAD
from tracker_migrate.workspace.files import FileStore
from tracker_migrate.workspace.outpost import Here, Outpost

Halls = Callable[..., Hall]


def test_a_second_coordinator(hall: Halls) -> None:
    here = hall()
    with (
        here.world.workspace.coordinating(),
        Workspace(here.world.workspace.folder) as second,
        pytest.raises(Locked, match="is at work in this workspace"),
        second.coordinating(),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("program", r"tracker-migrate is 0\.0\.0 here, .* there: install the same on both"),
        ("queue", r"procrastinate is 0\.0\.0 here, .* there: install the same on both"),
        ("settings", r"migration\.toml says something else here than there: copy it"),
        ("tables", r"mappings/ hold something else here than there: copy the folder"),
        ("seal", r"the credential there-seal is another one here than there"),
    ],
)
def test_a_worker_that_would_write_otherwise(
    hall: Halls, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    """It ends; who coordinates goes on without it."""
    here = hall()
    here.world.keep(bug(1, "one"))
    real = terms.terms

    def otherwise(target: Target) -> dict[str, str]:
        monkeypatch.setattr(sharing, "GRACE", 0.5)
        return real(target) | {name: "0.0.0"}

    monkeypatch.setattr(terms, "terms", otherwise)
    with here.workers(1):
        assert not here.apply().left
    (error,) = here.errors
    assert isinstance(error, UsageError)
    with pytest.raises(UsageError, match=what):
        raise error
    here.world.card(1)


def test_each_term_is_told_in_words(hall: Halls) -> None:
    """What the tables, the settings and the seals say is part of the terms."""
    here = hall()
    found = terms.terms(here.world.target())
    assert found.keys() == terms._OTHERWISE.keys()
    tables = here.world.workspace.folder / "mappings" / "tags.csv"
    tables.write_text("tag,becomes\nold,new\n")
    settings_ = here.world.workspace.folder / "migration.toml"
    assert terms.terms(here.world.target())["tables"] != found["tables"]
    settings_.write_text(settings_.read_text().replace("rocket", "engine"))
    with Workspace(settings_.parent) as other:
        here.world.workspace = other
        assert terms.terms(here.world.target())["settings"] != found["settings"]


@pytest.mark.parametrize("found", ["0001", "9999"])
def test_another_schema(address: str, tmp_path: Path, found: str) -> None:
    settings(tmp_path, address)
    with Workspace(tmp_path) as workspace, workspace.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{found}'"))
    with pytest.raises(WorkspaceError, match=f"schema {found}, this worker knows {HEAD}: install"):
        Outpost(tmp_path)


def test_a_workspace_in_sqlite(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    toml = (
        '[source]\nspecs = ["launchpad:gadget"]\n'
        '[targets.there]\nsink = "storyboard:http://127.0.0.1:9"\n'
    )
    (tmp_path / "mappings").mkdir()
    (tmp_path / "migration.toml").write_text(toml)
    for command in ("worker", "apply --workers"):
        assert run([*command.split(), "-C", str(tmp_path)]) == 2
        said = capfd.readouterr().err
        assert "workers need a workspace whose state is in PostgreSQL" in said
        assert "docs/several-machines.md" in said


def test_without_procrastinate(hall: Halls, monkeypatch: pytest.MonkeyPatch) -> None:
    here = hall()
    for name in [one for one in sys.modules if one.partition(".")[0] == "procrastinate"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=r"pip install tracker-migrate\[workers\]"):
        Queue(here.world.workspace.engine)


def test_importing_the_package_imports_no_queue() -> None:
    code = "import sys, tracker_migrate, tracker_migrate.engine.worker, tracker_migrate.cli; "
    code += "print([one for one in sys.modules if one.startswith(('procrastinate', 'psycopg'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_attachments_that_are_not_on_this_machine(
    hall: Halls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The issue is left to who coordinates, and has all of them."""
    with pytest.raises(Postponed, match=r"not on this machine: let it share state/attachments"):
        Here(tmp_path / "none").open("0" * 64)
    with pytest.raises(Refused, match="the archive has lost the bytes"):
        FileStore(tmp_path / "none").open("0" * 64)
    here = hall()
    here.world.keep(bug(1, "one"), bug(2, "two"))
    real, elsewhere = here.world.sink.send, Here(tmp_path / "none")
    writes = shift.One.write

    def write(self: shift.One, *given: Any) -> Any:
        self.sender._sink = _Bent(here.world.sink, send)
        return writes(self, *given)

    def send(step: Any) -> Any:
        if step.issue == bug_key(2):
            elsewhere.open("0" * 64)
        return real(step)

    monkeypatch.setattr(shift.One, "write", write)
    heard: list[Any] = []
    with here.workers(1) as workers:
        workers[0]._listen = heard.append
        assert not here.apply().left
    here.world.card(2)
    (left,) = [event for event in heard if event.name == "left"]
    assert (left.key, "not on this machine" in left.detail) == (bug_key(2), True)


class _Bent:
    """A sink whose `send` is another."""

    def __init__(self, sink: Any, send: Callable[[Any], Any]) -> None:
        self._sink, self.send = sink, send

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)
