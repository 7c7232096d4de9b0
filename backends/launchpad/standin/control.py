"""Steering calls of a running stand-in, below `/__standin__/`.

- `clock`: `{"now": "2024-01-01T00:00:00+00:00"}` stops the clock there, `{"advance": 60}` moves a
  stopped one on, `{"now": null}` lets it run. GET tells it.
- `token`: `{"person": "name", "key": ..., "secret": ..., "consumer": ..., "permission": ...}`
- `review`: `{"token": ..., "person": ..., "permission": ...}`: what a person does on the page
  where a request token is approved, or declined (`UNAUTHORIZED`).
- `commit`: releases the writes that the mischief `slow_commit` holds back.
- `hold`: `{"seconds": 5}`: how long `slow_commit` holds a write at most.
- `load`: `{"spec": "generated:bugs=10"}`
- `dump`: `{"record": {...}, "project": "nova"}`: see load_dump.
- `sql`: `{"query": "select count(*) from bug"}`: a look into the store, for tests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.tokens import review_token
from tracker_migrate.testing.loopback import Reply, Request

if TYPE_CHECKING:
    from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn


def steer(standin: LaunchpadStandIn, name: str, request: Request) -> Reply:
    """Answer a steering call; 404 for a name that is none."""
    call = _CALLS.get(name)
    if call is None:
        return Reply.of_json({"error": f"no control {name!r}"}, 404)
    given = request.json() if request.body else {}
    return Reply.of_json(call(standin, given))


def _clock(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    if "now" in given:
        now = given["now"]
        standin.set_clock(None if now is None else datetime.fromisoformat(now))
    if "advance" in given:
        standin.advance(float(given["advance"]))
    return {"now": standin.moment().isoformat()}


def _token(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    with standin.lock:
        seed_token(
            standin.store, f"~{given['person']}", given.get("consumer", "lab-client"),
            given["key"], given["secret"], given.get("permission", "WRITE_PRIVATE"),
        )  # fmt: skip
    return {}


def _review(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    permission = given.get("permission", "READ_PRIVATE")
    with standin.lock:
        review_token(standin.store, given["token"], f"~{given['person']}", permission)
    return {}


def _commit(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    standin.slow.release()
    return {}


def _hold(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    standin.slow.seconds = float(given["seconds"])
    return {}


def _load(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    from tracker_migrate.backends.launchpad.standin.load import load_spec

    load_spec(standin, given["spec"])
    return {}


def _dump(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    from tracker_migrate.backends.launchpad.standin.dump import load_dump

    return {"bug": load_dump(standin, given["record"], given["project"])}


def _sql(standin: LaunchpadStandIn, given: dict[str, Any]) -> Any:
    with standin.lock:
        return {"rows": standin.store.rows(given["query"])}


_CALLS: dict[str, Callable[[LaunchpadStandIn, dict[str, Any]], Any]] = {
    "clock": _clock,
    "token": _token,
    "review": _review,
    "commit": _commit,
    "hold": _hold,
    "load": _load,
    "dump": _dump,
    "sql": _sql,
}
