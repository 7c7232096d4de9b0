"""The stand-in itself: from a request to a reply; the mischief and the orders that it knows."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker_migrate.backends.storyboard.standin import arguments as query
from tracker_migrate.backends.storyboard.standin import (
    dates,
    deadlocks,
    routes,
    schemas,
    seeding,
    tags,
)
from tracker_migrate.backends.storyboard.standin.body import decode
from tracker_migrate.backends.storyboard.standin.call import Call, Settings
from tracker_migrate.backends.storyboard.standin.errors import (
    SUPERUSERS_ONLY,
    Barred,
    Crash,
    Refused,
)
from tracker_migrate.backends.storyboard.standin.personas import PERSONAS, Persona
from tracker_migrate.backends.storyboard.standin.render import form, rendered
from tracker_migrate.backends.storyboard.standin.route import Route, Who
from tracker_migrate.backends.storyboard.standin.store import Store
from tracker_migrate.backends.storyboard.standin.stranger import Stranger
from tracker_migrate.testing.loopback import Reply, Request, StandIn

AUTHENTICATED = "SELECT user_id, ends, is_superuser FROM token JOIN user ON user.id = user_id "


class StoryBoardStandIn(StandIn):
    """StoryBoard's API on 127.0.0.1, as recorded; `data` is an SQLite file or `:memory:`.

    `personas` are there before the first request, unless the file holds somebody already.
    Its own faults: `deadlock` and `deadlock_story` (500, MySQL's 1213 on the project's or the
    story's row), `deadlock_400` (the same, told as "Database in dead lock"), `stranger`
    (somebody takes the number named in the request first), `stranger_tag` (somebody makes the
    new tags of a PUT between its look and its insert), `tag_twice` (a PUT of tags that arrives
    twice at one moment).
    """

    def __init__(
        self,
        data: str = ":memory:",
        personas: Sequence[Persona] = PERSONAS,
        clock: Callable[[], datetime] = dates.now,
    ) -> None:
        super().__init__()
        self.store = Store(data)
        self.settings = Settings()
        self.personas = tuple(personas)
        self.clock = clock
        self.concurrent_deadlocks = False
        self.deadlock_seconds = 0.02  # how long a task holds its rows, if that is switched on
        self._watch = deadlocks.Watch()
        self._stranger = Stranger(self.store)
        if not self.store.value("SELECT count(*) FROM user"):
            self.seed()
        self.mischief: Mapping[str, Callable[[Request], Reply | None]] = {
            "deadlock": lambda request: self._deadlock(request, "projects"),
            "deadlock_story": lambda request: self._deadlock(request, "stories"),
            "deadlock_400": lambda request: self._deadlock(request, None),
            "stranger": self._take_number,
            "stranger_tag": self._take_tags,
            "tag_twice": self._tag_twice,
        }

    @property
    def deadlocks(self) -> int:
        """How many requests met another that was under way, if that is switched on."""
        return self._watch.told

    # -- who is there -----------------------------------------------------------------------

    def seed(self) -> None:
        """The personas of the constructor."""
        with self.lock, self.store.transaction():
            seeding.seed(self.store, self.personas, self.clock())

    def add_user(self, persona: Persona) -> int:
        """A user more, and the token if one is named; returns the number. 400 if it is taken."""
        with self.lock, self.store.transaction():
            return seeding.add_user(self.store, persona, self.clock())

    # -- a request --------------------------------------------------------------------------

    def label(self, request: Request) -> str:
        """The method and the path's pattern: numbers would make the counter grow."""
        try:
            return f"{request.method} /{routes.find(request.method, request.path).pattern}"
        except Barred:
            return f"{request.method} ?"

    def answer(self, request: Request) -> Reply:
        """The answer, or the refusal in its shape."""
        try:
            if self.concurrent_deadlocks:
                return self._raced(request)
            return self._answered(request)
        except Refused as refusal:
            return refusal.reply(request)

    def _answered(self, request: Request) -> Reply:
        with self.lock:
            call = Call(self.store, request, self.clock(), self.settings)
            self._authenticate(call)
            found = routes.find(request.method, request.path)
            route = found.route(request.method)
            _admit(call, route.who)
            wanted = form(request)
            call.numbers = found.numbers()
            return rendered(call, self._handled(call, route), wanted)

    def _handled(self, call: Call, route: Route) -> Any:
        request = call.request
        if request.method == "GET":
            call.args = query.read(request.query, route.known)
            return route.handler(call)
        if route.schema is not None and request.headers.get("content-type"):
            schemas.check(route.schema, request.body, whole=request.method == "POST")
        call.body = decode(request)
        with self.store.transaction():
            return route.handler(call)

    def _authenticate(self, call: Call) -> None:
        """Any two words name a token by the second; one word crashes the server (errors)."""
        header = call.request.headers.get("authorization")
        if header is None:
            return
        words = header.split(" ")
        if len(words) < 2:
            raise Crash
        token = " ".join(words[1:])
        row = self.store.one(f"{AUTHENTICATED} WHERE access_token = ?", (token,))
        if row is None or row["ends"] < call.stamp:
            raise Barred(401)
        call.user, call.superuser = row["user_id"], bool(row["is_superuser"])

    def _raced(self, request: Request) -> Reply:
        """Let a task last long enough for another to come in its way."""
        rows = deadlocks.fought_over(request)
        if not rows:
            return self._answered(request)
        with self._watch.over(rows, self.clock()) as lost:
            time.sleep(self.deadlock_seconds)
            if lost is not None:
                raise lost
            return self._answered(request)

    # -- mischief ---------------------------------------------------------------------------

    def _deadlock(self, request: Request, table: str | None) -> Reply:
        """Nothing is left of it but a number that is spent, if none was named."""
        numbers = dict(deadlocks.fought_over(request))
        with self.lock:
            if numbers and b'"id"' not in request.body:
                self.store.take("task")
        if table is None:
            return deadlocks.at_insert().reply(request)
        row = (table, numbers.get(table, 0))
        return deadlocks.at_update(row, self.clock()).reply(request)

    def _take_number(self, request: Request) -> None:
        with self.lock:
            self._stranger.take_number(request, self.clock())

    def _take_tags(self, request: Request) -> Reply | None:
        with self.lock:
            refusal = self._stranger.take_tags(request, self.clock())
        return None if refusal is None else refusal.reply(request)

    def _tag_twice(self, request: Request) -> Reply:
        reply = self.answer(request)
        with self.lock:
            tags.link_twice(self.store, routes.find(request.method, request.path).numbers()[0])
        return reply

    # -- orders -----------------------------------------------------------------------------

    def control(self, name: str, request: Request) -> Reply:
        """`POST reset`, `GET dump`, `POST users` (a list of personas), `POST settings`."""
        with self.lock:
            if name == "reset":
                self.store.empty()
                self.seed()
                return Reply.of_json({})
            if name == "dump":
                return Reply.of_json(self.store.counts())
            if name == "users":
                try:
                    added = [self.add_user(Persona.of(one)) for one in request.json()]
                except Refused as refusal:
                    return refusal.reply(request)
                return Reply.of_json(added)
            if name == "settings":
                return self._set(request.json())
        return super().control(name, request)

    def _set(self, given: dict[str, Any]) -> Reply:
        """`concurrent_deadlocks`, `editable_comments`; answers with all of them."""
        self.concurrent_deadlocks = bool(
            given.pop("concurrent_deadlocks", self.concurrent_deadlocks)
        )
        self.settings = dataclasses.replace(self.settings, **given)
        shown = {"concurrent_deadlocks": self.concurrent_deadlocks}
        return Reply.of_json({**shown, **dataclasses.asdict(self.settings)})


def _admit(call: Call, who: Who) -> None:
    if who == "anyone":
        return
    if call.user is None:
        raise Barred(401)
    if who == "superuser" and not call.superuser:
        raise Barred(403, SUPERUSERS_ONLY)
