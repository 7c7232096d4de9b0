"""`backdate` as people meet it: what it says, and what it ends with."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from tests.backdate.bridge import mirrored
from tests.cli.conftest import Cli, Servers
from tests.mariadb import Server

_NEW = ("-T", "new")


@pytest.fixture
def written(cli: Cli, workspace: Path, standins: Servers) -> Path:
    """A workspace that has written to both targets, and knows who is who."""
    messages = standins.launchpad.store.db.execute("SELECT data FROM message ORDER BY bug, idx")
    person = json.loads(messages.fetchone()[0])["owner_link"]
    rows = ["person,target,account,name,state,created,note"]
    rows += [f"{person.rpartition('~')[2]},new,2,,verified,,"]
    (workspace / "mappings" / "people.csv").write_text("\n".join(rows) + "\n")
    assert cli("apply", "-q").status == 0
    return workspace


def add_database(workspace: Path, url: str) -> None:
    """Name the database of the target `new`."""
    path = workspace / "migration.toml"
    path.write_text(f'{path.read_text()}\n[targets.new.database]\nurl = "{url}"\n')


def test_it_says_what_it_changed_and_the_second_time_that_nothing_was(
    mariadb: Server, cli: Cli, written: Path, standins: Servers
) -> None:
    with mirrored(standins.storyboard, mariadb) as address:
        add_database(written, address)
        would = cli("backdate", *_NEW, "-n")
        assert would.status == 0
        assert re.search(r"backdate new: \d+ objects, [1-9]\d* of them by another", would.out)
        assert "would change" in would.out
        told = cli("backdate", *_NEW, "--json")
        assert told.status == 0
        found = json.loads(told.out)["new"]
        assert found["rows"]["events"] > 0
        assert found["left"] == {}
        assert "changed no row" in cli("backdate", *_NEW).out
    assert cli("verify", *_NEW).status == 0


def test_the_statements_are_printed_for_an_administrator(cli: Cli, written: Path) -> None:
    told = cli("backdate", *_NEW, "--sql")
    assert told.status == 0
    lines = told.out.splitlines()
    assert lines[0].startswith("-- ")
    assert "START TRANSACTION;" in lines
    assert lines.index("COMMIT;") > lines.index("START TRANSACTION;")
    assert all(line.startswith("--") or line.endswith(";") for line in lines)
    assert cli("backdate", *_NEW, "--confirm").status == 4  # nobody has run them


def test_the_file_of_statements_is_its_owners_alone(cli: Cli, written: Path) -> None:
    told = cli("backdate", *_NEW, "--sql", "-o", "authors.sql", "--json")
    assert told.status == 0
    assert json.loads(told.out)["new"]["unprintable"] == 0
    path = written / "authors.sql"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "UPDATE" in path.read_text()
    assert not (written / "state" / "backdate.sql").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--confirm", "--sql"), "--confirm is for when the statements were run"),
        (("-o", "x.sql"), "-o is for --sql"),
        (("--sql", "--json"), "need a file"),
        ((), "names no database"),
    ],
)
def test_what_can_not_be_is_said(
    cli: Cli, workspace: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = cli("backdate", *_NEW, *arguments)
    assert ended.status == 2
    assert told in ended.err


def test_a_file_that_can_not_be_written_leaves_nothing(cli: Cli, written: Path) -> None:
    ended = cli("backdate", *_NEW, "--sql", "-o", "nowhere/authors.sql")
    assert ended.status == 1
    assert "can't write" in ended.err
