"""A server's certificate is checked, whatever client asks: by the authorities that everybody knows,
or by those that somebody names."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from tracker_migrate.backends.launchpad.reader import ApiReader
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import MigrateError, UsageError
from tracker_migrate.http import AUTHORITIES, Reader, plain_session

_WHO = {
    "phid": "PHID-USER-aaaaaaaaaaaaaaaaaaaa",
    "userName": "bot",
    "realName": "Bot",
    "image": "",
    "uri": "https://localhost/p/bot/",
    "roles": [],
    "primaryEmail": "",
}


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = {"result": _WHO, "error_code": None, "error_info": None}
        body = json.dumps([] if self.path.endswith("tags") else told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_args: Any) -> None:
        return


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def address(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server whose certificate that authority has signed."""
    for name in AUTHORITIES:
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with HTTPServer(("localhost", 0), _Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()


def _api(address: str) -> Any:
    return Api(address, "x" * 10, patience=0.0, timeout=5.0).get("/tags")


def _conduit(address: str) -> Any:
    return Conduit(address, "api-" + "x" * 28, patience=0.0, timeout=5.0).read("user.whoami")


ASKS: dict[str, Callable[[str], Any]] = {
    "files": lambda address: plain_session().get(address).json(),
    "reader": lambda address: Reader(address, attempts=1).get(f"{address}/a").json(),
    "launchpad": lambda address: ApiReader(address, attempts=1).get(f"{address}/a").json(),
    "storyboard": _api,
    "maniphest": _conduit,
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("name", AUTHORITIES)
def test_an_authority_of_ones_own_is_believed(
    ask: Callable[[str], Any],
    name: str,
    address: str,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "authorities.pem"))
    monkeypatch.setenv(name, str(tmp_path / "authorities.pem"))
    assert ask(address) is not None


@pytest.mark.parametrize("ask", [ASKS[one] for one in ASKS if one != "files"])
def test_a_certificate_that_nobody_knows_is_told_with_the_cure(
    ask: Callable[[str], Any], address: str
) -> None:
    with pytest.raises(MigrateError, match=r"certificate is not trusted: REQUESTS_CA_BUNDLE"):
        ask(address)


def test_a_file_of_authorities_that_is_not_there_is_told(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match=r"SSL_CERT_FILE names a file .* not there: correct it"):
        plain_session().get(address)
