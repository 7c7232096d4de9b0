"""A web server of a folder, that can be set up as badly as people do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tracker_migrate.testing.loopback import Reply, Request, StandIn

DOWNLOAD = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}


@dataclass
class Manners:
    """headers: of every file. lists: whether folders are. hidden: whether names with a dot are
    shown. runs: whether scripts are. login: whether one is asked for. status: of every answer."""

    headers: dict[str, str]
    lists: bool = False
    hidden: bool = False
    runs: bool = False
    login: bool = False
    status: int = 0


class FolderServer(StandIn):
    """Shows what is in a folder, as a download."""

    def __init__(self, folder: Path, **manners: object) -> None:
        super().__init__()
        self.folder = folder
        self.manners = Manners(**{"headers": DOWNLOAD, **manners})  # type: ignore[arg-type]
        #: what is shown though it is not there any more, such as by a cache
        self.kept: dict[str, bytes] = {}

    def answer(self, request: Request) -> Reply:
        path = unquote(request.target.partition("?")[0]).strip("/")
        given, how = self.folder / path, self.manners
        if request.target.strip("/") in self.kept:
            return Reply(200, self.kept[request.target.strip("/")])
        if how.status:
            return Reply(how.status, b"")
        if how.login and "authorization" not in {name.lower() for name in request.headers}:
            return Reply(401, b"who are you?")
        if given.is_dir() and how.lists:
            return Reply(200, " ".join(sorted(one.name for one in given.iterdir())).encode())
        hidden = any(part.startswith(".") for part in given.parts) and not how.hidden
        if not given.is_file() or hidden:
            return Reply(404, b"")
        body = given.read_bytes()
        if how.runs and given.suffix == ".php":
            body = b"42"
        return Reply(200, body, dict(how.headers))
