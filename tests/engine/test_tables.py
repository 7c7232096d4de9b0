"""The archive as tables: the columns stay, nothing that is not public is told unasked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.test_archive import person
from tests.engine.test_privacy import shut
from tests.engine.world import World
from tracker_migrate.engine import tables
from tracker_migrate.engine.tablefiles import write
from tracker_migrate.engine.tables import TABLES, rows
from tracker_migrate.errors import UsageError
from tracker_migrate.model import (
    Attachment,
    Comment,
    File,
    Issue,
    Relation,
    Subscription,
    key,
    name_of,
)
from tracker_migrate.testing.memory import bug
from tracker_migrate.testing.memory_source import PERSON

#: the columns of version 1: a new one may come behind these, none may go
COLUMNS = {
    "issues": "issue kind name home title description author created updated private"
    " information_type tags tasks comments attachments open",
    "tasks": "task issue target project series status importance assignee milestone complete"
    " created closed",
    "comments": "comment issue index author created edited state text",
    "attachments": "attachment issue comment title home patch state size sha256",
    "history": "issue when author what old new",
    "relations": "issue kind to label url",
    "people": "person name display_name home is_team created state",
}


def rich() -> Issue:
    """A public bug that leads to a private one, with a hidden comment that has a file."""
    hidden = Comment(
        key=key("memory", "comment", "2/3"), index=3, home="h", withheld="hidden",
        author=key("memory", "person", "mole"),
    )  # fmt: skip
    file = Attachment(
        key=key("memory", "attachment", "2/1"), title="plan", home="f", comment=3,
        file=File(state="withheld"),
    )  # fmt: skip
    held = bug(2, "Lamp", "the first", "the second")
    leads = Relation(kind="depends_on", label="#1", url="u", to=key("memory", "bug", 1))
    open_ = Relation(kind="depends_on", label="#9", url="u", to=key("memory", "bug", 9))
    return msgspec.structs.replace(
        held,
        comments=(*held.comments, hidden),
        attachments=(file,),
        relations=(leads, open_),
    )


@pytest.fixture
def world(world: World) -> World:
    secret = shut(1, "secretword")
    follows = Subscription(person=key("memory", "person", "whoknows"))
    world.keep(msgspec.structs.replace(secret, subscriptions=(follows,)), rich())
    for name in (name_of(PERSON), "whoknows"):
        world.workspace.archive.put_entity(person(name, f"{name} itself")).result()
    return world


def all_of(world: World, **how: bool) -> dict[str, list[tables.Row]]:
    return {name: list(rows(world.workspace, name, **how)) for name in TABLES}


def test_the_columns_are_those_of_the_schemas_version() -> None:
    assert tables.SCHEMA == 1
    for name, columns in COLUMNS.items():
        held = [one.name for one in TABLES[name]]
        assert held[: len(columns.split())] == columns.split(), name
    assert all(one.what for columns in TABLES.values() for one in columns)


def test_a_row_has_every_column_in_its_order(world: World) -> None:
    for name, held in all_of(world, private=True).items():
        for row in held:
            assert list(row) == [one.name for one in TABLES[name]]


def test_what_is_not_public_is_told_only_if_somebody_asks(world: World) -> None:
    told = repr(all_of(world))
    for word in ("secretword", "mole", "whoknows", "memory:bug:1'", "plan"):
        assert word not in told, word
    asked = repr(all_of(world, private=True))
    for word in ("secretword", "mole", "whoknows", "memory:bug:1'", "plan"):
        assert word in asked, word
    (relation,) = all_of(world)["relations"]
    assert relation["to"] == "memory:bug:9"


def test_a_pseudonym_is_the_same_everywhere_and_no_name(world: World) -> None:
    plain, told = all_of(world), all_of(world, pseudonyms=True)
    authors = {row["author"] for row in told["issues"] + told["comments"]}
    assert authors <= {row["person"] for row in told["people"]} | {None}
    assert {row["author"] for row in plain["issues"]}.isdisjoint(authors)
    assert len({row["person"] for row in told["people"]}) == len(plain["people"])
    assert name_of(PERSON) not in repr(told["people"])
    assert told["comments"][1]["text"] == plain["comments"][1]["text"]


def test_texts_are_left_out_and_the_columns_stay(world: World) -> None:
    told = all_of(world, texts=False)
    assert "Lamp" not in repr(told)
    assert told["issues"][0]["title"] is None
    assert told["tasks"] == all_of(world)["tasks"]


def test_an_unknown_table_is_told(world: World) -> None:
    with pytest.raises(UsageError, match='"bugs" is no table: there are issues, tasks'):
        rows(world.workspace, "bugs")


def test_the_files_say_what_they_are(world: World, tmp_path: Path) -> None:
    counts = write(world.workspace, tmp_path / "out")
    about = json.loads((tmp_path / "out" / "schema.json").read_text())
    assert about["schema"] == 1
    assert about["archive"] == tables.digest(world.workspace)
    assert about["private"] is False
    for name, count in counts.items():
        lines = (tmp_path / "out" / about["tables"][name]["file"]).read_text().splitlines()
        assert len(lines) == count == about["tables"][name]["rows"]
        for line in lines:
            assert list(json.loads(line)) == [
                one["name"] for one in about["tables"][name]["columns"]
            ]


def test_the_digest_is_that_of_what_is_held(world: World) -> None:
    before = tables.digest(world.workspace)
    assert before == tables.digest(world.workspace)
    world.keep(bug(3, "More"))
    assert tables.digest(world.workspace) != before


def test_a_folder_with_something_in_it_is_left_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="is not empty: name a new folder"):
        write(world.workspace, tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"


def selected(column: tables.Column) -> str:
    """A column in SQL; a moment as its microseconds since 1970."""
    return f'epoch_us("{column.name}")' if column.type == "timestamp" else f'"{column.name}"'


def counted(value: Any) -> Any:
    """A value as that reads it."""
    if not isinstance(value, datetime):
        return value
    return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_parquet_holds_the_same_rows_with_their_types(world: World, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    write(world.workspace, tmp_path / "it's", "parquet", private=True)
    with duckdb.connect() as database:
        for name, columns in TABLES.items():
            file = str(tmp_path / "it's" / f"{name}.parquet").replace("'", "''")
            described = database.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
            assert [row[0] for row in described] == [one.name for one in columns]
            held = database.execute(f"SELECT {', '.join(map(selected, columns))} FROM '{file}'")
            found = [row.values() for row in rows(world.workspace, name, private=True)]
            assert held.fetchall() == [tuple(map(counted, row)) for row in found], name
