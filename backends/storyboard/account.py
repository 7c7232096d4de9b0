"""Who acts, and what every part of the sink needs of it: the API as us, as others; addresses."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.storyboard import wire
from tracker_migrate.backends.storyboard.authors import Authors
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.options import Options
from tracker_migrate.errors import Gone, LoginNeeded, Refused
from tracker_migrate.interfaces import RemoteRef


class Site:
    """One StoryBoard with our account. Shared by threads."""

    def __init__(
        self, address: str, options: Options, token: str | None, outsider_token: str | None = None
    ) -> None:
        self.options = options
        self.base = wire.api_base(address)
        self.web = (options.web or wire.web_root(self.base)).rstrip("/")
        self._token = token
        self.api = self._as(token)
        self.nobody = self._as(None)
        self.authors = Authors(self.api, options.timeout)
        #: how a permalink is sealed; None as long as nobody has said so
        self.seal: Callable[[str], str] | None = None
        #: the accounts that the tables name; None as long as nobody has said so
        self.named: frozenset[str] | None = None
        self.outsiders = [self.nobody]
        for one in (outsider_token or "").split():
            self.outsiders.append(self._as(one))
        self._guard = threading.Lock()
        self._self: dict[str, Any] | None = None
        self._known: set[str] = set()
        self._projects: dict[int, threading.Lock] = {}
        self._naming = threading.Lock()

    def _as(self, token: str | None) -> Api:
        given = self.options
        return Api(
            self.base,
            token,
            timeout=given.timeout,
            per_second=given.per_second,
            patience=given.patience,
        )

    def one_task_at_a_time(self, project: int) -> threading.Lock:
        """To be held while a task of a project is made: two at once deadlock (facts 4), and numbers
        are claimed beside the steps that the engine keeps apart."""
        with self._naming:
            return self._projects.setdefault(project, threading.Lock())

    def need_token(self) -> None:
        """Raise LoginNeeded if there is no token, or none that could be one."""
        if not self._token:
            raise LoginNeeded(f"{self.api.host} needs a token: make one in StoryBoard's profile")
        if not re.fullmatch(r"[\x21-\x7e]+", self._token):
            raise LoginNeeded(f"the token for {self.api.host} holds a blank, or what no token has")

    @property
    def account(self) -> dict[str, Any]:
        """Our own account: id, full_name, is_superuser. Raises LoginNeeded, Unreachable."""
        with self._guard:
            if self._self is None:
                self.need_token()
                self._self = self.api.get("/users/self")
            return self._self

    @property
    def me(self) -> int:
        """The id of our own account."""
        return int(self.account["id"])

    def is_ours(self, account: Any) -> bool:
        """Whether an account id is ours: what tells our objects from a stranger's (law 5)."""
        return account is not None and int(account) == self.me

    def write(self, by: str, method: str, path: str, body: Any = None, *, size: int = 0) -> Any:
        """`Api.write` as an account, in its own name; as the importer if there is none."""
        if not by or int(by) == self.me:
            return self.api.write(method, path, body, size=size)
        return self.authors.write(by, method, path, body, size=size)

    def story_ref(self, story: Any) -> RemoteRef:
        """The place of a story."""
        return RemoteRef(id=str(story), number=str(story), url=wire.story_url(self.web, story))

    def task_ref(self, task: Any, story: Any) -> RemoteRef:
        """The place of a task: people see it on its story."""
        return RemoteRef(id=str(task), number=str(task), url=wire.story_url(self.web, story))

    def comment_ref(self, comment: Any, story: Any) -> RemoteRef:
        """The place of a comment on its story."""
        url = wire.comment_url(self.web, story, comment)
        return RemoteRef(id=str(comment), number=str(comment), url=url)

    def check_reader(self, kind: str, reader: str) -> None:
        """Make sure that a user or team exists: a private create that names an unknown one leaves
        a story behind that nobody can read (facts 13). kind: `users` or `teams`. Raises Refused."""
        name = f"{kind}/{int(reader)}"
        if name in self._known:
            return
        try:
            self.api.get(f"/{name}")
        except Gone:
            raise Refused(
                f"reader {reader} is no {kind[:-1]} of StoryBoard: see policies"
            ) from None
        self._known.add(name)

    def members(self, team: str) -> frozenset[str] | None:
        """The ids of a team's members; None for a team that is not there, or is no number."""
        if not (team.isascii() and team.isdigit()):
            return None
        try:
            rows = self.api.get(f"/teams/{int(team)}/users")
        except Gone:
            return None
        return frozenset(str(row["id"]) for row in rows)

    def close(self) -> None:
        """Take back the tokens that were made, and give back connections."""
        self.authors.close()
        for api in (self.api, *self.outsiders):
            api.close()
