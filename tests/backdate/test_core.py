"""What `backdate` keeps to whatever the tracker: order of commits, refusals, withdrawals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.backdate.moving import MOVING, AtStoryBoard, Moving
from tests.end_to_end.world import TARGETS, World, world
from tests.mariadb import Server
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.storyboard.backdate import StoryBoardBackdater
from tracker_migrate.engine.backdate import opened
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import LoginNeeded, Unreachable, UsageError
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.settings import TargetDatabase, checked

PASSWORD = "hunter2 is none"
#: a server's error with a statement in it
_PRIVATE = "the title of a private bug"
TARGET = "storyboard"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path / "ws", monkeypatch, "gadget") as made:
        generate(made.launchpad, bugs=8, blueprints=0, seed=5)
        yield made


@pytest.fixture
def moving(mariadb: Server, here: World) -> Moving:
    """A project that is written, and whose authors have accounts by now."""
    return written(AtStoryBoard(here, mariadb))


def written(moving: Moving) -> Moving:
    moving.join(*moving.authors()[::2])
    moving.written()
    return moving


both = pytest.mark.parametrize("target", TARGETS)


@both
def test_a_dry_run_counts_what_a_run_changes_and_changes_nothing(
    mariadb: Server, here: World, target: str
) -> None:
    moving = written(MOVING[target](here, mariadb))
    before, shown = moving.held(), moving.there.all()
    would = moving.backdate(dry_run=True)
    assert (moving.held(), moving.there.all()) == (before, shown)
    did = moving.backdate()
    assert [*would.rows.values()] == [*did.rows.values()] != []
    assert would.moved == did.moved > 0


def test_a_persons_edit_stays_and_is_told(moving: Moving) -> None:
    here = moving.here
    with here.storyboard.lock:
        here.storyboard.store.run("UPDATE story SET description = 'mine' WHERE description != ''")
    done = moving.backdate()
    assert {field for _, field in done.edited} == {"description"}
    stories = moving.there.all()
    assert {one["description"] for one in stories if one["description"]} == {"mine"}
    before = here.writes(TARGET)
    assert here.apply(TARGET).steps == 0
    assert here.writes(TARGET) == before
    assert {one.field for one in here.verify(TARGET).differs} == {"description"}


def test_a_schema_that_is_not_known_is_refused_and_may_be_accepted(
    mariadb: Server, moving: Moving
) -> None:
    with moving.connected() as database:
        name = sa.make_url(database["url"]).database
        mariadb.run(f"ALTER TABLE {name}.events ADD COLUMN mood VARCHAR(9)")
        with pytest.raises(UsageError, match=r"events\.mood: is not known \(varchar\(9\)\)"):
            moving.once()
        moving.settings(**database, accept=["events.mood: is not known (varchar(9))"])
        assert moving.once().rows


def test_an_error_of_the_database_tells_no_text(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(number: int) -> Any:
        def changes(*_arguments: Any, **_how: Any) -> None:
            said = f"{_PRIVATE} in a statement"
            raise sa.exc.OperationalError(said, (_PRIVATE,), OSError(number, _PRIVATE))

        return changes

    for number, kind in ((1142, LoginNeeded), (2013, Unreachable), (1146, UsageError)):
        monkeypatch.setattr(StoryBoardBackdater, "changes", fails(number))
        with pytest.raises(kind) as error:
            moving.backdate()
        assert _PRIVATE not in str(error.value)
        assert error.value.__cause__ is None


def test_a_deadlock_is_asked_again(moving: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
    real, times = StoryBoardBackdater.changes, [0]

    def changes(*arguments: Any, **how: Any) -> Any:
        times[0] += 1
        if times[0] <= 2:
            raise sa.exc.OperationalError("", (), OSError(1213, "Deadlock found"))
        return real(*arguments, **how)

    monkeypatch.setattr(StoryBoardBackdater, "changes", changes)
    assert moving.backdate().moved > 0
    moving.read_back()


def test_a_database_that_is_down_can_be_tried_again(moving: Moving) -> None:
    moving.settings(url="mysql+pymysql://root@localhost/x?unix_socket=/nowhere/s")
    with pytest.raises(Unreachable, match="can't be reached"):
        moving.once()


def test_without_a_database_the_cure_is_said(moving: Moving) -> None:
    with pytest.raises(UsageError, match="backdate --sql"):
        moving.once()


def test_the_password_comes_from_where_secrets_are(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_STORYBOARD_DATABASE", PASSWORD)
    address = TargetDatabase(url="mysql+pymysql://sb@db.example.org/storyboard")
    with Workspace(here.folder) as workspace:
        engine = opened(Target(workspace, TARGET), address)
    assert engine.url.password == PASSWORD
    assert PASSWORD not in str(engine.url)


@pytest.mark.parametrize(
    ("database", "told"),
    [
        ({"url": "mysql+pymysql://sb:hunter2@db/x"}, "holds a password"),
        ({"url": "mysql+pymysql://sb@db/x?passwd=hunter2"}, "holds a password"),
        ({"url": "mysql+pymysql://sb@db/x", "password": "hunter2"}, "no secret belongs here"),
        ({"url": "postgresql://sb@db/x"}, "must be mysql"),
        ({}, "url: is missing"),
        ({"url": "mysql+pymysql://sb@db/x", "batch": 0}, "batch"),
    ],
)
def test_settings_of_a_database_hold_no_password(database: dict[str, Any], told: str) -> None:
    target = {"sink": "storyboard:https://sb.example.org/api", "database": database}
    source = {"specs": ["launchpad:gadget"]}
    with pytest.raises(UsageError) as error:
        checked({"source": source, "targets": {"new": target}}, backends=True)
    assert told in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_setting_that_no_backend_knows_is_told(mariadb: Server, moving: Moving) -> None:
    moving.settings(url=mariadb.address("x"), namespace="phabricator")
    with pytest.raises(UsageError, match=r"storyboard\.database\.namespace: is no setting"):
        moving.once()
