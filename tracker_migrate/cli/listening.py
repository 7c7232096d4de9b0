"""Whether the daemon lives, whether it keeps up, and its figures: on this machine alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tracker_migrate import waiting
from tracker_migrate.engine.alarms import HUNG
from tracker_migrate.engine.watch import Watch, lag
from tracker_migrate.errors import MigrateError, UsageError
from tracker_migrate.workspace.database import translated
from tracker_migrate.workspace.settings import loopback

#: what is older than this, and than three rounds, is behind; seconds
_BEHIND = 900.0
_TEXT = "text/plain; charset=utf-8"


def alive(_watch: Watch) -> str:
    """Whether it lives, in a word: `ok`, or `hung` if nothing has gone on for long that had to. A
    server that is away does not make it dead."""
    return "hung" if waiting.silent() > HUNG.total_seconds() else "ok"


def ready(watch: Watch) -> str:
    """Whether the targets are kept up to date, in a word."""
    pulse, now = watch.pulse, watch.clock.now()
    if (life := alive(watch)) != "ok":
        return life
    if pulse.doing == "paused":
        return "paused"
    if any(one.failing for one in (pulse.source, *pulse.targets.values())):
        return "unreachable"
    if not pulse.rounds:
        return "starting"
    lags = [lag(pulse.targets[name], now) for name in watch.targets]
    most = max(_BEHIND, 3 * pulse.every)
    return "behind" if any(one is None or one > most for one in lags) else "ok"


@contextmanager
def listening(listen: str, watch: Watch) -> Iterator[str]:
    """While in it, somebody on this machine may ask: /healthz, /readyz, /metrics. Gives the
    address. Raises UsageError if the port is taken, or a package is missing."""
    figures = _figures(watch)
    at = loopback(listen)

    class Server(ThreadingHTTPServer):
        address_family = _family(at[0])
        daemon_threads = True

        def handle_error(self, *_asked: Any) -> None:
            """Whoever asks may hang up; the journal is no place for that."""

    try:
        server = Server(at, _handler(watch, figures))
    except OSError as error:
        raise UsageError(f"sync.listen: {listen}: {error.strerror}: choose another port") from None
    thread = threading.Thread(target=server.serve_forever, name="listen", daemon=True)
    thread.start()
    try:
        yield f"http://{listen}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _family(host: str) -> Any:
    import socket

    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _figures(watch: Watch) -> Callable[[], tuple[bytes, str]]:
    try:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        from tracker_migrate.report.metrics import registry
    except ModuleNotFoundError as error:
        raise UsageError(
            f"sync.listen needs {error.name}: pip install tracker-migrate[operate]"
        ) from None
    made = registry(watch)
    return lambda: (generate_latest(made), CONTENT_TYPE_LATEST)


def _handler(
    watch: Watch, figures: Callable[[], tuple[bytes, str]]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET and HEAD, and logs nothing."""

        server_version, sys_version = "tracker-migrate", ""
        timeout = 10

        def do_GET(self) -> None:
            status, body, kind = self._answer()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def _answer(self) -> tuple[int, bytes, str]:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                with suppress(MigrateError), translated():
                    return 200, *figures()
                return 503, b"the workspace's database does not answer\n", _TEXT
            word = {"/healthz": alive, "/readyz": ready}.get(path)
            if word is None:
                return 404, b"unknown\n", _TEXT
            said = word(watch)
            return (200 if said == "ok" else 503), f"{said}\n".encode(), _TEXT

        def log_message(self, *_what: Any) -> None:
            """Who asked, and for what, is nobody's business."""

    return Handler
