"""The stand-in itself: routes a request to its method, misbehaves when told to, takes orders."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracker_migrate.backends.maniphest.standin import comments
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.config import Config, Persona
from tracker_migrate.backends.maniphest.standin.errors import GONE_AWAY, NON_UTF8, ConduitError
from tracker_migrate.backends.maniphest.standin.methods import METHODS, method
from tracker_migrate.backends.maniphest.standin.people import User
from tracker_migrate.backends.maniphest.standin.site import Site
from tracker_migrate.backends.maniphest.standin.store import TABLES, Store
from tracker_migrate.backends.maniphest.standin.wire import (
    BASE,
    NO_METHOD,
    Wire,
    answered,
    decode,
    is_utf8,
    method_of,
    refused,
)
from tracker_migrate.testing.loopback import Reply, Request, StandIn, arguments, run_alone

STRANGER = "alice"
#: what nginx says of a body over its client_max_body_size (facts 0)
TOO_LARGE = b"<html><body><h1>413 Request Entity Too Large</h1></body></html>"
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head></html>"
HIDDEN = "[You Shall Not Pass:"
#: who calls a method that needs no token
_NOBODY = User(0, "", "", "", "", 0, 0, 0, 0, 0, None)


class ManiphestStandIn(StandIn):
    """Phorge's Conduit on 127.0.0.1, as recorded; `data` is an SQLite file or `:memory:`.

    Its own faults: `crash_after_commit` (the task exists, the reply is an error, the marker's
    look-up row is missing), `late_index` (the look-up misses the task until its next edit),
    `stranger` (somebody else makes a task with our marker first).
    """

    def __init__(self, data: str = ":memory:", config: Config | None = None) -> None:
        super().__init__()
        self.config = config or Config()
        self.store = Store(data)
        self.site = Site(self.store, self.config)
        if not self.store.value("SELECT count(*) FROM user"):
            self.site.seed()
        self.mischief: Mapping[str, Callable[[Request], Reply | None]] = {
            "crash_after_commit": self._crash_after_commit,
            "late_index": self._late_index,
            "stranger": self._stranger,
        }

    # -- what the server of requests asks ---------------------------------------------------

    def is_write(self, request: Request) -> bool:
        """All calls are POST: the method's name tells."""
        found = METHODS.get(method_of(request))
        return found is not None and found.writes

    def label(self, request: Request) -> str:
        """The method's name."""
        return method_of(request)

    def answer(self, request: Request) -> Reply:
        """Do what is asked, and say so as Conduit does."""
        return self._answer(request, index=True)

    def _answer(self, request: Request, index: bool) -> Reply:
        if 0 < self.config.body_limit < len(request.body):
            return Reply(413, TOO_LARGE, {"Content-Type": "text/html"})
        if not request.path.startswith(BASE):
            return Reply(404, b"404 Not Found", {"Content-Type": "text/html; charset=UTF-8"})
        if not method_of(request):
            return Reply(200, NO_METHOD.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        try:
            wire = decode(request)
            with self.lock:
                return answered(self._run(wire, index))
        except ConduitError as error:
            if self.config.swallows and error.info.startswith(HIDDEN):
                return Reply(502, BAD_GATEWAY, {"Content-Type": "text/html"})
            return refused(error)

    def _run(self, wire: Wire, index: bool) -> Any:
        found = method(wire.method, wire.params)
        site = self.site
        site.host, site.index = self.config.host or self.url, index
        if found.open:
            return found.handler(Call(site, _NOBODY, wire.params, wire.strict))
        user = site.people.by_token(wire.token)
        if not wire.strict and not is_utf8(wire.params):
            raise NON_UTF8
        with self.store.atomic():
            return found.handler(Call(site, user, wire.params, wire.strict))

    # -- mischief ---------------------------------------------------------------------------

    def _crash_after_commit(self, request: Request) -> Reply:
        reply = self._answer(request, index=False)
        failed = json.loads(reply.body)["error_code"] is not None
        return reply if failed else refused(GONE_AWAY)

    def _late_index(self, request: Request) -> Reply:
        return self._answer(request, index=False)

    def _stranger(self, request: Request) -> None:
        transactions = decode(request).params.get("transactions") or []
        fields = [each for each in transactions if str(each.get("type")).startswith("custom.")]
        title = {"type": "title", "value": "A stranger was here first"}
        with self.lock, self.store.atomic():
            user = self.site.people.by_names([STRANGER])[0]
            call = Call(self.site, user, {"transactions": [title, *fields]})
            self.site.index = True
            METHODS["maniphest.edit"].handler(call)

    # -- orders -----------------------------------------------------------------------------

    def control(self, name: str, request: Request) -> Reply:
        """Steer it: `reset`, `dump`, `users`, `policy`, `space`, `burn`, `comment`, `daemons`."""
        orders: dict[str, Callable[[Any], Any]] = {
            "reset": self._reset,
            "dump": self._dump,
            "users": self._add_users,
            "policy": self._add_policy,
            "space": self._add_space,
            "burn": self._burn,
            "comment": self._change_comment,
            "daemons": self._daemons,
        }
        if name not in orders:
            return super().control(name, request)
        with self.lock, self.store.atomic():
            return Reply.of_json(orders[name](request.json() if request.body else {}))

    def _reset(self, _: Any) -> dict[str, Any]:
        self.store.reset()
        self.site.seed()
        return {}

    def _dump(self, _: Any) -> dict[str, int]:
        return {table: self.store.value(f"SELECT count(*) FROM {table}") for table in TABLES}

    def _add_users(self, given: list[dict[str, Any]]) -> list[dict[str, str]]:
        added = []
        for each in given:
            user = self.site.people.add(Persona(**each))
            token = self.store.value("SELECT token FROM token WHERE user = ?", [user.id])
            added.append({"username": user.username, "phid": user.phid, "token": token})
        return added

    def _add_policy(self, given: dict[str, Any]) -> dict[str, str]:
        """`{"default": "deny", "rules": [{"action", "rule", "value"}]}`."""
        phid = given.get("phid") or self.store.phid("PLCY")
        rules = {"default": given.get("default", "deny"), "rules": given.get("rules", [])}
        self.store.insert("policy", {"phid": phid, "rules": json.dumps(rules)})
        return {"phid": phid}

    def _add_space(self, given: dict[str, Any]) -> dict[str, str]:
        """`{"name", "view", "default", "archived"}`."""
        phid = given.get("phid") or self.store.phid("SPCE")
        number = self.store.take("space")
        row = {"id": number, "phid": phid, "name": given.get("name", ""), "view": given["view"]}
        flags = {name: int(bool(given.get(name))) for name in ("default", "archived")}
        row |= {"is_default": flags["default"], "archived": flags["archived"]}
        self.store.insert("space", row)
        return {"phid": phid}

    def _change_comment(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{"phid": its transaction's, "by": "admin", "text"}`; without a text it is removed."""
        (author,) = self.site.people.by_names([given["by"]])
        comments.change(self.store, given["phid"], author.phid, given.get("text"))
        return {}

    def _daemons(self, given: dict[str, bool]) -> dict[str, Any]:
        """`{"run": true}`: the feed and the full text search are filled from now on."""
        self.site.daemons = given["run"]
        return {}

    def _burn(self, given: dict[str, int]) -> dict[str, Any]:
        """`{"task": 58}`: count on from there, as after many refused calls."""
        for counter, until in given.items():
            self.store.burn(counter, until)
        return {}


def main(argv: Sequence[str] | None = None) -> None:
    """Run it alone; `--load` names JSON files with accounts to add."""
    given = arguments(argv, "A stand-in for Maniphest's Conduit")
    standin = ManiphestStandIn(given.data)
    for path in given.load:
        with open(path, encoding="utf-8") as file:
            standin._add_users(json.load(file))
    run_alone(standin, given.port)
