"""A workspace of the first schema is opened, with all that it knew, and gone on with.

`first_schema.jsonl` holds the rows of a real one: the first version read a made-up project, wrote
it to a StoryBoard and a Maniphest, and was killed in the middle of each. Five issues are left.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

import tracker_migrate as tm
from tracker_migrate.cli.run import run
from tracker_migrate.engine.plan import Item
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace, database, schema

HERE = Path(__file__).parent
MIGRATIONS = Path(database.__file__).with_name("migrations")
_POSTGRES = pytest.mark.postgres, pytest.mark.xdist_group("postgres")
_SETTINGS = """\
[source]
specs = ["launchpad:gadget"]
address = "http://127.0.0.1:43049"
private = true
[targets.storyboard]
sink = "storyboard:http://127.0.0.1:45887"
numbers = "keep"
[targets.maniphest]
sink = "maniphest:http://127.0.0.1:40217"
"""
_PRIVACY = """\
[information_type]
"Private" = "security"
"Private Security" = "security"
[policies.security.storyboard]
users = [3]
[policies.security.maniphest]
groups = ["PHID-PROJ-jhfyjd5f33zetg54p6qz"]
"""
PRIVATE = Key("launchpad:bug:1000013")

Rows = dict[str, list[dict[str, Any]]]


def rows() -> Rows:
    """The rows of the first version's tables."""
    found: Rows = defaultdict(list)
    for line in (HERE / "first_schema.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        found[one["table"]].append({name: _plain(value) for name, value in one["row"].items()})
    return found


def _plain(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def make_first(url: str) -> None:
    """A database as the first version made it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        tables = sa.MetaData()
        tables.reflect(connection)
        for table, held in rows().items():
            typed = [_typed(tables.tables[table], row) for row in held]
            connection.execute(tables.tables[table].insert(), typed)
    engine.dispose()
    if engine.url.database is not None and url.startswith("sqlite"):
        Path(engine.url.database).chmod(0o600)


def _typed(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """SQLite, from which the rows come, keeps 0 and 1 for false and true."""
    return {
        name: bool(value) if isinstance(table.c[name].type, sa.Boolean) else value
        for name, value in row.items()
    }


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=_POSTGRES)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of its own."""
    if request.param == "sqlite":
        (tmp_path / "state").mkdir(mode=0o700)
        yield f"sqlite:///{tmp_path}/state/workspace.db"
        return
    server = str(request.getfixturevalue("server"))
    engine = sa.create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE first_schema"))
    yield server.format("first_schema")
    with engine.connect() as connection:
        connection.execute(sa.text("DROP DATABASE first_schema WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def folder(url: str, tmp_path: Path) -> Path:
    """The workspace, as the first version left it."""
    make_first(url)
    kept = "" if url.startswith("sqlite") else f'[database]\nurl = "{url}"\n'
    (tmp_path / "migration.toml").write_text(_SETTINGS + kept)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "privacy.toml").write_text(_PRIVACY)
    return tmp_path


def test_the_rows_are_those_of_the_first_schema() -> None:
    held = rows()
    assert {name: len(held[name]) for name in ("issue", "object", "reply", "verdict")} == {
        "issue": 5,
        "object": 36,
        "reply": 33,
        "verdict": 10,
    }
    assert {one["state"] for one in held["intent"]} == {"done", "open"}


def test_it_is_opened_and_has_the_schema_of_today(folder: Path) -> None:
    with Workspace(folder) as workspace, workspace.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == database.HEAD
        assert compare_metadata(context, schema.metadata) == []


def test_no_value_is_changed_on_the_way(folder: Path) -> None:
    with Workspace(folder) as workspace, workspace.engine.connect() as connection:
        for table, before in rows().items():
            columns = [schema.metadata.tables[table].c[name] for name in before[0]]
            after = [dict(row._mapping) for row in connection.execute(sa.select(*columns))]
            assert sorted(after, key=repr) == sorted(
                (_typed(schema.metadata.tables[table], row) for row in before), key=repr
            ), table


def test_what_was_read_is_there_whole(folder: Path) -> None:
    with Workspace(folder) as workspace:
        issues = list(workspace.archive.issues())
        assert {one.key for one in issues} == {row["key"] for row in rows()["issue"]}
        assert all(one.title and one.tasks and one.author for one in issues)
        assert sum(len(one.comments) for one in issues) == 20
        assert workspace.archive.private_keys() == [PRIVATE]
        assert {row["status"] for row in tm.rows(workspace, "tasks", private=True)}
        for row in rows()["reply"]:
            assert json.loads(zlib.decompress(row["body"])) is not None


def test_what_was_sent_and_what_is_in_doubt_is_known(folder: Path) -> None:
    with Workspace(folder) as workspace:
        for target in ("storyboard", "maniphest"):
            ledger, mine = workspace.ledger(target), rows()["intent"]
            doubtful = {
                one["id"] for one in mine if (one["target"], one["state"]) == (target, "open")
            }
            assert doubtful
            assert {one.id for one in ledger.open_intents()} == doubtful
            for one in ledger.open_intents():
                assert one.step.actions
        board = workspace.ledger("storyboard")
        assert board.where(Key("launchpad:bug:1000004")) is not None
        assert board.number(Key("launchpad:bug:1000004")) == 1000004
        assert board.room("comment") > 0, "numbers go on where they stopped"


def test_it_is_planned_from_where_it_stopped(folder: Path) -> None:
    """Nothing that stands at a target is made again; and of what was read before anybody asked who
    may read it, nothing private is written."""
    with Workspace(folder) as workspace:
        for target in ("storyboard", "maniphest"):
            items: list[Item] = []
            tm.plan(workspace, target, hear=[lambda one: items.extend(one.items)], whole=True)  # noqa: B023
            standing = {row["key"] for row in rows()["object"] if row["target"] == target}
            made = {one.key for one in items if one.op == "create"}
            assert made
            assert not made & standing
            refused = {one.issue: one.reason for one in items if one.op == "refuse"}
            assert set(refused) == {PRIVATE}
            assert "pull --full" in refused[PRIVATE]


def test_its_commands_go_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["status", "--json"], ["plan", "--json"], ["show", "1000004", "--json"]):
        assert run([arguments[0], "-C", str(folder), *arguments[1:]]) == 0
        assert json.loads(capsys.readouterr().out)
