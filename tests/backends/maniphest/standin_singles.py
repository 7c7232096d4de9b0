"""Plays the 130 single exchanges as what they are: one long session, in its order.

Only part of that session was recorded. What the rest of it had made is made here first.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from tests.backends.maniphest.standin_compare import differences, without
from tests.backends.maniphest.standin_recordings import (
    HOST,
    ODD_TOKENS,
    RECORDINGS,
    Exchange,
    scenario,
    scenario_names,
)
from tests.backends.maniphest.standin_replay import (
    LEFT_OUT_METHODS,
    Player,
    Replayed,
    Result,
    new_names,
)
from tracker_migrate.backends.maniphest.standin import Config, ManiphestStandIn
from tracker_migrate.backends.maniphest.standin.config import DEFAULT_FIELDS, CustomField
from tracker_migrate.testing.loopback import Fault, serving

_SQL = "written with SQL on the recorded server's own tables, which the stand-in does not have"
_NO_PHP = "the web server's page, not Conduit's answer; tests make it with the fault `status`"
LEFT_OUT = {108: _SQL, 109: _SQL, 129: _NO_PHP, 130: _NO_PHP}
#: only the beginning of the list is in the recording
TRIMMED = {58: 30}
#: keys that are not compared, with the reason
LOOSE = {127: ("dateModified", "calls that were not recorded had touched these tasks since")}
SECURITY = "PHID-PROJ-biuag7jye37tbmgbccdq"
POLICY = "PHID-PLCY-xihiatkkuzzzhdzi73pj"
VAULT = "PHID-SPCE-kyqo24s4oagqvmljmrar"
EVERYONE = "PHID-SPCE-qdkkcbdjyfspqgpzvrf7"
ABOVE, MIDDLE = "PHID-TASK-6luptn2l3kqx4gjtowdv", "PHID-TASK-mydkg6el3qlbdpm5qjas"
LOCKED = 31
BULK_DATE = 1795354656  # as 057 and 058 show
_CUT = re.compile(r"\.\.\.<cut, (\d+) chars>$")
_CALLERS = {43: "bad", 44: "short", 45: None}


@dataclass
class Session:
    """The player, and what earlier exchanges left."""

    player: Player
    users: dict[str, str]

    def edit(self, who: str, method: str, *steps: tuple[str, Any], name: str = "") -> Any:
        """An edit that was not recorded; `name` is what the new object was called there."""
        self.player.names = {name.split("-")[1]: _queue(name)} if name else {}
        transactions = [{"type": kind, "value": value} for kind, value in steps]
        request = {"params": {"transactions": transactions}}
        return self._send(who, method, request)

    def change(self, who: str, target: int, *steps: tuple[str, Any]) -> Any:
        """The same on a task that is there."""
        transactions = [{"type": kind, "value": value} for kind, value in steps]
        params = {"transactions": transactions, "objectIdentifier": target}
        return self._send(who, "maniphest.edit", {"params": params})

    def _send(self, who: str, method: str, request: dict[str, Any]) -> Any:
        exchange = Exchange("", 0, who, method, request, 200, None, None, {}, (0, 0))
        answer = json.loads(self.player.send(exchange)[2])
        if answer["error_code"]:
            raise ValueError(answer["error_info"])
        return answer["result"]

    def burn(self, **until: int) -> None:
        """Count on from there."""
        self.player.control("burn", until)


def _queue(name: str) -> deque[str]:
    return deque([name])


# -- what the unrecorded calls had made -----------------------------------------------------


def _another_project(session: Session) -> None:
    session.edit("admin", "project.edit", ("name", "foo bar"))


def _fifth_project(session: Session) -> None:
    session.burn(project=5)


def _bulk(session: Session) -> None:
    session.burn(xaction_task=205, comment=112)
    session.player.standin.store.clock = lambda: BULK_DATE
    session.change("admin", 2, *(("comment", f"bulk {number}") for number in range(1000)))


def _security_team(session: Session) -> None:
    members = ("members.add", [session.users["importbot"], session.users["bob"]])
    session.edit("importbot", "project.edit", ("name", "Security Team"), members, name=SECURITY)


def _custom_policy(session: Session) -> None:
    users = {"action": "allow", "rule": "PhabricatorUsersPolicyRule"}
    rule = {**users, "value": [session.users["importbot"]]}
    session.player.control("policy", {"phid": POLICY, "rules": [rule]})


def _spaces(session: Session) -> None:
    control = session.player.control
    control("space", {"phid": EVERYONE, "view": "users", "default": True})
    control("space", {"phid": VAULT, "view": SECURITY})


def _locked_task(session: Session) -> None:
    session.burn(task=LOCKED)
    session.edit("importbot", "maniphest.edit", ("title", "locked"), ("edit", SECURITY))


def _two_above(session: Session) -> None:
    session.edit("admin", "maniphest.edit", ("title", "above"), name=ABOVE)
    parents = ("parents.add", [ABOVE])
    session.edit("admin", "maniphest.edit", ("title", "A"), parents, name=MIDDLE)


def _crash(session: Session) -> None:
    session.player.standin.faults.append(Fault("crash_after_commit"))


def _fewer_fields(session: Session) -> None:
    _configure(session.player.standin, _config(DEFAULT_FIELDS))


BEFORE: dict[int, Callable[[Session], None]] = {
    11: _fifth_project,
    13: _another_project,
    57: _bulk,
    60: _security_team,
    72: _custom_policy,
    73: _spaces,
    75: _locked_task,
    98: lambda session: session.burn(file=17),
    102: lambda session: session.burn(file=21),
    116: _two_above,
    121: _crash,
    127: _fewer_fields,
}


# -- the session ----------------------------------------------------------------------------


def _config(fields: tuple[CustomField, ...]) -> Config:
    played = scenario(scenario_names()[0])
    return replace(played.config(), host=HOST, fields=fields, subtypes=("default", "bug"))


def _configure(standin: ManiphestStandIn, config: Config) -> None:
    standin.site.config = standin.site.tasks.config = config


def singles() -> list[Exchange]:
    """All single exchanges, by number."""
    return [_exchange(path) for path in sorted(RECORDINGS.glob("[0-9]*.json"))]


def _exchange(path: Any) -> Exchange:
    data = json.loads(path.read_text(encoding="utf-8"))
    number = int(path.name[:3])
    caller = _CALLERS.get(number, data["caller"])
    request = _request(data)
    headers = data["response_headers"]
    answer = data["response"]
    place = ("single", number, caller, data["method"], request)
    return Exchange(*place, data["http_status"], answer, None, headers, (0, 0))


def _request(data: dict[str, Any]) -> dict[str, Any]:
    if data["encoding"] == "form":
        return {"form": data["form"]}
    if data["params"] is not None:
        return {"params": data["params"]}
    return {"params": _rebuilt(data["form"]["params"])}


def _rebuilt(text: str) -> dict[str, Any]:
    """The parameters of a call whose recording is cut: one long value of one letter, or bytes."""
    found = _CUT.search(text)
    if found is None:
        raise ValueError("the recording is not cut where it was expected")
    head, size = text[: found.start()], int(found[1])
    is_file = '"data_base64"' in head
    tail = '"}' if is_file else '"}]}'
    start = head.rindex('": "') + 4
    filling = "A" if is_file else head[-1]
    params: dict[str, Any] = json.loads(head[:start] + filling * (size - start - len(tail)) + tail)
    return params


@lru_cache(maxsize=1)
def play_singles() -> Replayed:
    """Play the session; once in a process."""
    fulltext = next(i for i, each in enumerate(DEFAULT_FIELDS) if each.key == "migrate.fulltext")
    extra = CustomField("migrate.bool", "bool", "Bool")
    fields = (*DEFAULT_FIELDS[: fulltext + 1], extra, *DEFAULT_FIELDS[fulltext + 1 :])
    standin = ManiphestStandIn(config=_config(fields))
    with serving(standin):
        player = Player(standin, [*ODD_TOKENS])
        session = Session(player, {each.username: each.phid for each in standin.config.personas})
        results = [_play(session, exchange) for exchange in singles()]
        player.connection.close()
    standin.store.close()
    return Replayed("singles", results, player.binding)


def _play(session: Session, exchange: Exchange) -> Result:
    reason = LEFT_OUT.get(exchange.number) or LEFT_OUT_METHODS.get(exchange.method or "")
    if reason is not None:
        return Result(exchange, left_out=reason)
    prepare = BEFORE.get(exchange.number)
    if prepare is not None:
        prepare(session)
    _prepare_numbers(session, exchange)
    session.player.standin.store.clock = partial(_date, exchange, _dates())
    result = session.player.play(exchange)
    return _without_gaps(session, exchange, result)


def _prepare_numbers(session: Session, exchange: Exchange) -> None:
    result = exchange.answer.get("result")
    if new_names(exchange) and isinstance(result, dict) and "object" in result:
        kind = "task" if exchange.method == "maniphest.edit" else "project"
        session.burn(**{kind: result["object"]["id"]})


def _without_gaps(session: Session, exchange: Exchange, result: Result) -> Result:
    """Compare again without what the recording lacks."""
    if exchange.number not in TRIMMED and exchange.number not in LOOSE:
        return result
    recorded, ours = exchange.answer, result.ours
    if exchange.number in TRIMMED:
        data = ours["result"]["data"][: TRIMMED[exchange.number]]
        ours = {**ours, "result": {**ours["result"], "data": data}}
    if exchange.number in LOOSE:
        key = LOOSE[exchange.number][0]
        recorded, ours = without(recorded, key), without(ours, key)
    problems = list(differences(exchange.method, recorded, ours, session.player.binding))
    return replace(result, problems=problems)


_KNOWN: dict[str, int] = {}


def _dates() -> dict[str, int]:
    if not _KNOWN:
        for exchange in singles():
            _note_dates(exchange.answer)
    return _KNOWN


def _note_dates(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _note_dates(item)
    elif isinstance(value, dict):
        date = value.get("dateCreated") or (value.get("fields") or {}).get("dateCreated")
        if date and "phid" in value:
            _KNOWN[value["phid"]] = int(date)
        for item in value.values():
            _note_dates(item)


def _date(exchange: Exchange, known: dict[str, int]) -> float:
    names = [name for kept in new_names(exchange).values() for name in kept]
    return next((known[name] for name in names if name in known), 1795354500)
