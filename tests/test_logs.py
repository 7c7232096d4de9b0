"""What the libraries below us log holds no address, no header and no body, whatever its level."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.cli.run import run
from tracker_migrate.errors import MigrateError
from tracker_migrate.http import Reader
from tracker_migrate.testing.loopback import Reply, Request, StandIn, serving
from tracker_migrate.workspace.database import open_engine

WORD = "kryptonite"


class Repeats(StandIn):
    """Says the word, in its body and, where it is asked for nobody, in a header that can't be
    understood."""

    def answer(self, request: Request) -> Reply:
        said = f'{{"{WORD}": "{WORD}"}}'.encode()
        broken = {f"{WORD} {WORD}": WORD} if request.path.startswith("/~") else {}
        return Reply(400, said, {"Content-Type": "application/json", **broken})


@pytest.fixture
def server(caplog: pytest.LogCaptureFixture) -> Iterator[Repeats]:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3.connectionpool", "storyboardclient", "phabricator", "launchpadlib"):
        caplog.set_level(logging.DEBUG, name)
    standin = Repeats()
    with serving(standin):
        yield standin


def test_addresses_headers_and_bodies_are_not_logged(
    server: Repeats, caplog: pytest.LogCaptureFixture
) -> None:
    reader, token = Reader(server.url, timeout=0.5, attempts=1), f"token-{WORD}"
    with pytest.raises(MigrateError):  # the length of the body is lost with the broken header
        reader.get(f"{server.url}/~{WORD}?who={WORD}")
    with pytest.raises(MigrateError):
        Api(f"{server.url}/v1", token).write("POST", f"/stories/{WORD}", {"title": WORD})
    with pytest.raises(MigrateError):
        Conduit(server.url, token).write("maniphest.edit", title=WORD)
    assert [one for one in caplog.records if one.name.startswith("urllib3")], "they do log"
    assert "Failed to parse headers" in caplog.text
    assert WORD not in caplog.text
    assert '"GET' in caplog.text


def test_what_was_to_be_written_is_in_no_error_of_the_database() -> None:
    engine = open_engine("sqlite://")
    with engine.begin() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:text)"), {"text": WORD})
    assert WORD not in str(caught.value)


def test_a_bug_in_this_program_is_told_without_what_it_was_about(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object, **_more: object) -> None:
        try:
            raise KeyError(WORD)
        except KeyError:
            raise ValueError(WORD)  # noqa: B904

    monkeypatch.setattr("tracker_migrate.workspace.settings.load", broken)
    assert run(["status", "-C", str(tmp_path)]) == 1
    said = capfd.readouterr()
    assert "ValueError at" in said.err
    assert WORD not in said.out + said.err
    monkeypatch.setenv("TRACKER_MIGRATE_TRACE", "1")  # who asks for it is warned
    run(["status", "-C", str(tmp_path)])
    assert WORD in capfd.readouterr().err


def test_nothing_turns_logging_on() -> None:
    """A log is for whoever asks for one; the command line has none."""
    code = (
        "import logging, tracker_migrate.cli.commands, tracker_migrate.engine.jobs;"
        "from tracker_migrate.backends.storyboard.client import _package; _package();"
        "from tracker_migrate.backends.maniphest.client import package; package();"
        "assert not logging.getLogger().handlers; assert logging.getLogger().level == 30"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.Engine"])
def test_no_row_of_the_database_is_logged(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLAlchemy's lowest level repeats every row that is read."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, name)
    engine = open_engine(f"sqlite:///{tmp_path / 'some.db'}")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE said (word TEXT)"))
        connection.execute(sa.text("INSERT INTO said VALUES (:word)"), {"word": WORD})
        assert connection.execute(sa.text("SELECT word FROM said")).scalars().all() == [WORD]
    engine.dispose()
    assert "SELECT word" in caplog.text, "it was looked at the right place"
    assert WORD not in caplog.text
