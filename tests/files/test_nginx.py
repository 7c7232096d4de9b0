"""The lines for nginx in docs/attachments.md are tried with nginx itself, where there is one."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.files.test_store import LOG, put
from tracker_migrate.filestore import HELD, Store
from tracker_migrate.served import tried

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
DOCS = Path(__file__).parents[2] / "docs" / "attachments.md"

pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx here")

_AROUND = """
{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
{server}
}}
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where another user may pass through, as the web server is one."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    (made / "files").mkdir(mode=0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@pytest.fixture
def store(folder: Path, port: int) -> Iterator[Store]:
    (lines,) = re.findall(r"^```\n(server \{.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    lines = lines.replace("443 ssl", f"127.0.0.1:{port}")
    lines = lines.replace("/srv/attachments/", f"{folder}/files/")
    user = "user nobody nogroup;" if os.getuid() == 0 else ""
    (folder / "conf").write_text(_AROUND.format(user=user, folder=folder, server=lines))
    assert NGINX is not None
    with subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "conf")]) as server:
        try:
            _wait_for(port)
            made = Store(folder / "files", f"http://127.0.0.1:{port}/bugs", "x")
            made.prepare()
            yield made
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nginx does not come up")


def test_the_docs_lines_pass_the_look(store: Store) -> None:
    found = tried(store)
    assert (found.fact, found.mistakes) == (store.address, ())


@pytest.mark.parametrize(
    "name", ["nova.log", "трасса стека.txt", "a.html", "b%2fc.svg", "x.tar.gz"]
)
def test_a_file_of_any_name_comes_as_it_is_and_as_a_download(store: Store, name: str) -> None:
    place = put(store, name=name)
    got = requests.get(store.url(place), timeout=10)
    assert (got.status_code, got.content) == (200, LOG)
    assert got.headers["Content-Disposition"] == "attachment"
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in got.headers["Content-Security-Policy"]


def test_nothing_else_is_shown(store: Store) -> None:
    place = put(store)
    above, own, _ = place.split("/")
    for other in ("", f"{above}/", f"{above}/{own}/", HELD, ".tracker-migrate/", "%2e%2e/conf"):
        assert requests.get(f"{store.address}/{other}", timeout=10).status_code in (403, 404), other
