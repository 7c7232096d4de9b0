"""A MariaDB for one test session, in a folder of its own: no service, no root, no network.

It has no tables of rights (nobody but who may open its folder reaches its socket), so that it needs
no installation and is there in a second. A shell waits beside it for the end of the tests, however
they end, and takes the server down and the folder away: it reads from a pipe that only we hold.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

#: set by CI where it has installed one: then these tests must not be left out
NEEDED = "TRACKER_MIGRATE_TESTS_NEED_MARIADB"
_LEFT_OUT = (
    "no MariaDB on this machine: what `backdate` does to a database is not tested here; have one "
    "with: apt-get install mariadb-server-core (no service is started, and none is needed)"
)
#: nothing here has to survive a power cut
_QUICK = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
    "--performance-schema=OFF",
)
_WATCHED = """
"$@" >"$0/log" 2>&1 <&- &
read -r _
kill -9 $! 2>/dev/null; wait $! 2>/dev/null; rm -rf "$0"
"""
_PATIENCE = 120.0  # seconds until a slow machine has it up


class Server:
    """A server that runs. Each database is made empty, and named by its address."""

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self._made = 0

    def address(self, database: str = "") -> str:
        """SQLAlchemy's address of a database, without a password: there is none."""
        return f"mysql+pymysql://root@localhost/{database}?unix_socket={self.socket}"

    def database(self, name: str = "") -> str:
        """Make an empty database, and give its name: one of its own if none is named."""
        self._made += 1
        name = name or f"test_{self._made}"
        self.run(f"DROP DATABASE IF EXISTS `{name}`", f"CREATE DATABASE `{name}`")
        return name

    def run(self, *statements: str) -> None:
        """Execute statements outside of any database."""
        engine = sa.create_engine(self.address(), poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def program() -> str | None:
    """Where the server's program is; Debian keeps it out of people's PATH."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/libexec"))
    return shutil.which("mariadbd", path=folders)


@contextmanager
def running(server: str) -> Iterator[Server]:
    """A server, until the end. Raises OSError if it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="mariadb-"))
    (folder / "data").mkdir()
    command = [
        *(server, "--no-defaults", f"--datadir={folder}/data", f"--socket={folder}/s"),
        *("--skip-networking", "--skip-grant-tables", "--character-set-server=utf8mb4"),
        *("--collation-server=utf8mb4_general_ci", f"--pid-file={folder}/pid", *_QUICK),
        *(["--user=root"] if os.geteuid() == 0 else []),
    ]
    beside = subprocess.Popen(["sh", "-c", _WATCHED, str(folder), *command], stdin=subprocess.PIPE)
    try:
        started = Server(f"{folder}/s")
        _wait_for(started, folder)
        yield started
    finally:
        assert beside.stdin is not None
        beside.stdin.close()
        beside.wait()


def _wait_for(server: Server, folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            server.run("SELECT 1")
            return
        except sa.exc.OperationalError:
            log = (folder / "log").read_text() if (folder / "log").exists() else ""
            if "Aborting" in log or time.monotonic() > end:
                raise OSError(f"MariaDB did not come up: {log[-2000:]}") from None
            time.sleep(0.05)


def given() -> Iterator[Server]:
    """What the fixture `mariadb` gives; without a MariaDB the test is left out, unless CI has said
    that there is one."""
    server = program()
    if server is None:
        if os.environ.get(NEEDED):
            pytest.fail(f"{NEEDED} is set, and there is no mariadbd")
        pytest.skip(_LEFT_OUT)
    with running(server) as started:
        yield started
