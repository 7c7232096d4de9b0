"""A real Launchpad that a test may look at and write to: its logins, its projects, workspaces."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pytest
import requests

from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.client import Client, api_root
from tracker_migrate.backends.launchpad.login import Signer
from tracker_migrate.errors import LoginNeeded
from tracker_migrate.interfaces import Source
from tracker_migrate.workspace import Workspace

NAME = "TRACKER_MIGRATE_LAUNCHPAD"
Login = Mapping[str, str]


def given(name: str) -> str:
    """What a variable says; without it, the test is skipped."""
    value = os.environ.get(f"{NAME}_{name}", "")
    if not value:
        pytest.skip(f"{NAME}_{name} is not set")
    return value


class Server:
    """A real Launchpad. logins: consumer, token and secret, by label."""

    def __init__(self) -> None:
        self.url = given("URL")
        self.projects = given("LIVE_PROJECTS").split()
        held = json.loads(Path(given("LIVE_LOGINS")).read_text())
        self.logins: dict[str, Login] = {
            label: {name: one[name] for name in ("consumer", "token", "secret")}
            for label, one in held.items()
        }

    def login(self, role: str) -> Login:
        """The login that a variable names by its label."""
        return self.logins[given(f"LIVE_{role}")]

    def source(self, login: Login | None, *specs: str, private: bool | None = None) -> Source:
        """A source; what is private is read if somebody is logged in."""
        wanted = login is not None if private is None else private
        options = {"address": self.url, "per_second": 0, "private": wanted}
        return open_source(specs or self.projects, options, login)

    def client(self, login: Login | None) -> Client:
        """A client that reads whatever a login may."""
        return Client(self.url, credentials=login, private=True, per_second=0)

    @cached_property
    def accounts(self) -> dict[str, Client]:
        """Clients of all logins that read what is private, one for each account."""
        found: dict[str, Client] = {}
        for login in self.logins.values():
            source = self.source(login)
            try:
                source.check()
            except LoginNeeded:
                continue  # suspended, or for public things only
            found.setdefault(source.viewer, self.client(login))
        return found

    @cached_property
    def administrators(self) -> set[str]:
        """Who may read every bug: they are not named as readers."""
        pages = self.client(self.login("OWNER")).collection("~admins/participants")
        return {row["name"] for got in pages for row in got.entries}

    def post(self, login: Login, path: str, **form: str) -> requests.Response:
        """Call a named operation that writes."""
        address = f"{api_root(self.url)}/{path}"
        headers = Signer(login, address).headers()
        answer = requests.post(address, form, headers=headers, timeout=60)
        assert answer.status_code in (200, 201), (answer.status_code, answer.text)
        return answer

    def new_bug(self, login: Login, project: str, title: str) -> str:
        """A new public bug's number."""
        target = f"{api_root(self.url)}/{project}"
        form = {"ws.op": "createBug", "title": title, "description": title, "target": target}
        made = self.post(login, "bugs", information_type="Public", **form)
        return made.headers["Location"].rpartition("/")[2]

    def change(self, login: Login, number: str, operation: str, **form: str) -> None:
        """Change a bug by a named operation."""
        self.post(login, f"bugs/{number}", **{"ws.op": operation}, **form)


def workspace(
    server: Server,
    folder: Path,
    login: Login | None,
    patch: pytest.MonkeyPatch,
    *specs: str,
    files: bool = False,
) -> Workspace:
    """A new workspace that reads the projects as somebody; what is private, too, if logged in.
    files: and the bytes of attachments, of which the restricted ones need https (facts 4)."""
    named = [f"launchpad:{one}" for one in specs or server.projects]
    text = ["[source]", f"specs = {json.dumps(named)}", f'address = "{server.url}"']
    text += ["per_second = 0", f"private = {json.dumps(login is not None)}"]
    text += [f"attachments = {json.dumps(files)}"]
    folder.mkdir()
    (folder / "migration.toml").write_text("\n".join(text) + "\n")
    (folder / "mappings").mkdir()
    if login is None:
        patch.delenv(NAME, raising=False)
    else:
        patch.setenv(NAME, " ".join(login[name] for name in ("consumer", "token", "secret")))
    return Workspace(folder)
