"""The stand-in itself: takes requests, says who asks, hands them on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.control import steer
from tracker_migrate.backends.launchpad.standin.errors import Refusal, no_version
from tracker_migrate.backends.launchpad.standin.forms import Upload, read_form
from tracker_migrate.backends.launchpad.standin.librarian import Librarian
from tracker_migrate.backends.launchpad.standin.mischief import SlowCommit, shift, slow_commit
from tracker_migrate.backends.launchpad.standin.oauth import (
    ANONYMOUS,
    Login,
    login_of,
)
from tracker_migrate.backends.launchpad.standin.people import ADMINS, circle_of
from tracker_migrate.backends.launchpad.standin.reading import get
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.tokens import (
    access_token,
    authorize_page,
    request_token,
)
from tracker_migrate.backends.launchpad.standin.view import View
from tracker_migrate.backends.launchpad.standin.writing import write
from tracker_migrate.testing.loopback import Reply, Request, StandIn

VERSIONS = ("devel", "beta", "1.0")


class LaunchpadStandIn(StandIn):
    """A small Launchpad: `devel` web service and token pages on one address, librarian on another.

    `data` is a SQLite file or `:memory:`; `web` is the root of web links, where `{site}` becomes
    `bugs.`, `blueprints.` or nothing. Without it they lead to the stand-in's own address.
    """

    def __init__(self, data: str = ":memory:", web: str | None = None) -> None:
        super().__init__()
        self.store = Store(data)
        self.web = web
        self.slow = SlowCommit()
        self.librarian = Librarian(self)
        self.beside = (self.librarian,)
        self.mischief = {"shift": partial(shift, self), "slow_commit": partial(slow_commit, self)}
        self._frozen: datetime | None = None
        self._dated: str | None = None
        self._webs: dict[tuple[str, str], dict[str, str]] = {}

    # -- the clock -----------------------------------------------------------------------------

    def moment(self) -> datetime:
        """The stand-in's time."""
        return self._frozen or datetime.now(UTC)

    def set_clock(self, moment: datetime | None) -> None:
        """Stop the clock at a moment, or (None) let it run with the machine's."""
        self._frozen = moment

    def advance(self, seconds: float) -> None:
        """Move a stopped clock on."""
        self._frozen = self.moment() + timedelta(seconds=seconds)

    def now(self) -> str:
        """The date of what is written now."""
        return self._dated or self.moment().isoformat()

    @contextmanager
    def dated(self, date: str) -> Iterator[None]:
        """Everything written inside carries this date."""
        self._dated, before = date, self._dated
        try:
            yield
        finally:
            self._dated = before

    # -- steering ---------------------------------------------------------------------------------

    def control(self, name: str, request: Request) -> Reply:
        """A steering call: clock, tokens, loading."""
        return steer(self, name, request)

    def label(self, request: Request) -> str:
        """Requests are counted by kind: `GET bugs/N/messages`, `GET project?searchTasks`."""
        return label_of(request)

    # -- answers -------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        """The answer of Launchpad."""
        with self.lock:
            try:
                reply = self._route(request)
            except Refusal as refusal:
                reply = refusal.reply()
        date = format_datetime(self.moment(), usegmt=True)
        return Reply(reply.status, reply.body, {"Date": date, **reply.headers})

    def _route(self, request: Request) -> Reply:
        first, _, rest = request.path.lstrip("/").partition("/")
        page = self._pages.get(first)
        if page is not None:
            return page(self, request)
        if first not in VERSIONS:
            raise no_version(self.url)
        ctx = self.context(request, login_of(self.store, request))
        if request.method == "GET":
            return get(ctx, rest.rstrip("/"))
        if request.method in ("HEAD", "OPTIONS"):
            raise Refusal(405, "", Allow="GET PUT PATCH POST")
        return write(ctx, rest.rstrip("/"))

    def context(self, request: Request, login: Login = ANONYMOUS) -> Context:
        """What the handlers of a request get."""
        args = list(request.query)
        uploads: dict[str, Upload] = {}
        if request.method == "POST":
            form, uploads = read_form(request)
            args += form
        return Context(self.store, self.view(login), request, args, self.now, uploads)

    def view(self, login: Login = ANONYMOUS) -> View:
        """How the person who is logged in sees things."""
        web = self.web or self.url
        webs = self._webs.setdefault((self.url, web), {})
        api, files = f"{self.url}/devel/", self.librarian.url
        if login.person is None:
            return View(api, web, webs=webs, files=files)
        circle = circle_of(self.store, login.person)
        deep = login.permission in ("READ_PRIVATE", "WRITE_PRIVATE", "DESKTOP_INTEGRATION")
        writes = login.permission in ("WRITE_PUBLIC", "WRITE_PRIVATE", "DESKTOP_INTEGRATION")
        admin = ADMINS in circle and deep
        return View(api, web, login.person, circle, admin, deep, writes, webs, files)

    # -- pages that are not of the web service ---------------------------------------------------

    def _request_token(self, request: Request) -> Reply:
        return request_token(self.store, request, self.moment())

    def _access_token(self, request: Request) -> Reply:
        return access_token(self.store, request, self.moment())

    def _authorize_token(self, request: Request) -> Reply:
        return authorize_page(self.store, request, self.moment())

    _pages: Mapping[str, Callable[[LaunchpadStandIn, Request], Reply]] = {
        "+request-token": _request_token,
        "+access-token": _access_token,
        "+authorize-token": _authorize_token,
    }


def label_of(request: Request) -> str:
    """A request's kind: numbers and names of people are left out of the path."""
    path = re.sub(r"~[^/]+", "~NAME", re.sub(r"\d+", "N", request.path))
    operation = request.arg("ws.op")
    suffix = f"?{operation}" if operation else ""
    return f"{request.method} {path.removeprefix('/devel/')}{suffix}"
