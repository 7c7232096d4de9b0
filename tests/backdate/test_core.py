"""What `backdate` keeps to whatever the tracker: order of commits, refusals, withdrawals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.backdate.bridge import mirrored
from tests.backdate.test_storyboard_end_to_end import (
    TARGET,
    Claims,
    authors_of,
    backdate,
    read_back,
    there,
    writes_nothing,
)
from tests.end_to_end.marked_world import marked_world
from tests.end_to_end.world import World, world
from tests.mariadb import Server
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.storyboard.backdate import StoryBoardBackdater
from tracker_migrate.engine import jobs
from tracker_migrate.engine.backdate import opened
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import LoginNeeded, Unreachable, UsageError
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.adoption import Adoption
from tracker_migrate.workspace.settings import TargetDatabase, checked

PASSWORD = "hunter2 is none"
#: a server's error with a statement in it
_PRIVATE = "the title of a private bug"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path / "ws", monkeypatch, "gadget") as made:
        generate(made.launchpad, bugs=8, blueprints=0, seed=5)
        yield made


@pytest.fixture
def claims(here: World) -> Claims:
    """A project that is written, and whose authors have accounts by now."""
    claims = Claims(here)
    claims.join(*authors_of(here, "gadget")[::2])
    here.pull()
    here.apply(TARGET)
    return claims


@contextmanager
def killed_at(statement: int) -> Iterator[list[int]]:
    """The connection to a MariaDB breaks before the statement of that number; the list holds how
    many there were."""
    seen = [0]

    def before(connection: Any, *_arguments: Any) -> None:
        if connection.dialect.name != "mysql":
            return
        seen[0] += 1
        if seen[0] == statement:
            raise ConnectionError("killed, on purpose")

    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", before)


def settings(here: World, **database: Any) -> None:
    here.options[TARGET]["database"] = database
    here.write_settings()


def run(here: World, **how: Any) -> Any:
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return jobs.backdate(workspace, TARGET, **how)


def held(here: World) -> dict[Any, Any]:
    """All that the ledger says."""
    with Workspace(here.folder) as workspace:
        ledger = workspace.ledger(TARGET)
        return {of: one for issue in ledger.issues() for of, one in ledger.of_issue(issue).items()}


def test_killed_at_any_statement_it_ends_the_same(
    mariadb: Server, here: World, claims: Claims
) -> None:
    with mirrored(here.storyboard, mariadb) as address:
        settings(here, url=address, batch=10)
        statement, killed = 1, True
        while killed:
            with killed_at(statement) as seen, suppress(ConnectionError):
                run(here)
            killed = seen[0] >= statement
            statement += 7
        assert statement > 40
    read_back(here, "gadget", claims)
    assert backdate(here, mariadb).rows == {}
    writes_nothing(here)


def test_killed_between_the_database_and_the_ledger_it_goes_on(
    mariadb: Server, here: World, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(here)

    def dies(*_arguments: Any) -> None:
        raise SystemExit("killed, on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(Adoption, "keep", dies)
        with pytest.raises(SystemExit):
            backdate(here, mariadb)
    assert held(here) == before
    again = backdate(here, mariadb)
    assert again.rows == {}
    assert again.moved > 0
    assert held(here) != before
    read_back(here, "gadget", claims)
    writes_nothing(here)


def test_a_dry_run_counts_what_a_run_changes_and_changes_nothing(
    mariadb: Server, here: World, claims: Claims
) -> None:
    before, shown = held(here), list(there(here).stories())
    would = backdate(here, mariadb, dry_run=True)
    assert (held(here), list(there(here).stories())) == (before, shown)
    did = backdate(here, mariadb)
    assert would.rows == did.rows != {}
    assert would.moved == did.moved > 0


def test_a_persons_edit_stays_and_is_told(mariadb: Server, here: World, claims: Claims) -> None:
    with here.storyboard.lock:
        here.storyboard.store.run("UPDATE story SET description = 'mine' WHERE description != ''")
    done = backdate(here, mariadb)
    assert {field for _, field in done.edited} == {"description"}
    assert {one["description"] for one in there(here).stories() if one["description"]} == {"mine"}
    before = here.writes(TARGET)
    assert here.apply(TARGET).steps == 0
    assert here.writes(TARGET) == before
    assert {one.field for one in here.verify(TARGET).differs} == {"description"}


def test_what_was_hidden_later_is_withdrawn_and_its_issue_opened_again(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with marked_world(tmp_path / "ws", monkeypatch) as marked:
        here = marked.here
        bug = marked.project.bug(comments=3)
        here.pull()
        here.apply(TARGET)
        marked.project.change_comment(bug, 2, visible=False)
        here.pull(full=True)
        assert here.apply(TARGET).exposed == 1
        assert here.verify(TARGET).exposed
        (key,) = backdate(here, mariadb).withdrawn
        assert key == f"launchpad:comment:{bug}/2"
        again = here.apply(TARGET)
        assert again.exposed == 0
        seen = here.verify(TARGET)
        assert not seen.exposed
        assert not seen.missing
        (story,) = [
            one for one in there(here).stories() if f"/{bug})" in (one["description"] or "")
        ]
        texts = [one["comment"]["content"] for one in story["events"] if one.get("comment")]
        assert not [text for text in texts if f"/{bug}/comments/2)" in text]
        assert [text for text in texts if f"/{bug}/comments/3)" in text]
        assert not story["private"]


def test_a_schema_that_is_not_known_is_refused_and_may_be_accepted(
    mariadb: Server, here: World, claims: Claims
) -> None:
    with mirrored(here.storyboard, mariadb) as address:
        name = sa.make_url(address).database
        mariadb.run(f"ALTER TABLE {name}.events ADD COLUMN mood VARCHAR(9)")
        settings(here, url=address)
        with pytest.raises(UsageError, match=r"events\.mood: is not known \(varchar\(9\)\)"):
            run(here)
        settings(here, url=address, accept=["events.mood: is not known (varchar(9))"])
        assert run(here).rows


def test_an_error_of_the_database_tells_no_text(
    mariadb: Server, here: World, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(number: int) -> Any:
        def changes(*_arguments: Any, **_how: Any) -> None:
            said = f"{_PRIVATE} in a statement"
            raise sa.exc.OperationalError(said, (_PRIVATE,), OSError(number, _PRIVATE))

        return changes

    for number, kind in ((1142, LoginNeeded), (2013, Unreachable), (1146, UsageError)):
        monkeypatch.setattr(StoryBoardBackdater, "changes", fails(number))
        with pytest.raises(kind) as error:
            backdate(here, mariadb)
        assert _PRIVATE not in str(error.value)
        assert error.value.__cause__ is None


def test_a_deadlock_is_asked_again(
    mariadb: Server, here: World, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, times = StoryBoardBackdater.changes, [0]

    def changes(*arguments: Any, **how: Any) -> Any:
        times[0] += 1
        if times[0] <= 2:
            raise sa.exc.OperationalError("", (), OSError(1213, "Deadlock found"))
        return real(*arguments, **how)

    monkeypatch.setattr(StoryBoardBackdater, "changes", changes)
    assert backdate(here, mariadb).moved > 0
    read_back(here, "gadget", claims)


def test_a_database_that_is_down_can_be_tried_again(here: World, claims: Claims) -> None:
    settings(here, url="mysql+pymysql://root@localhost/x?unix_socket=/nowhere/s")
    with pytest.raises(Unreachable, match="can't be reached"):
        run(here)


def test_without_a_database_the_cure_is_said(here: World, claims: Claims) -> None:
    with pytest.raises(UsageError, match="backdate --sql"):
        run(here)


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


def test_a_setting_that_no_backend_knows_is_told(
    mariadb: Server, here: World, claims: Claims
) -> None:
    settings(here, url=mariadb.address("x"), namespace="phabricator")
    with pytest.raises(UsageError, match=r"storyboard\.database\.namespace: is no setting"):
        run(here)
