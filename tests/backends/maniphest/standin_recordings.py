"""Reads the recordings of the real server: exchanges, long strings, who had which token."""

from __future__ import annotations

import base64
import hashlib
import json
from calendar import timegm
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import strptime
from typing import Any

from tracker_migrate.backends.maniphest.standin import Config, Persona, token_of

ROOT = Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "../shared/recordings/maniphest"
HOST = "http://127.0.0.1:18090"  # the recorded server's own address
#: tokens that are no account's
ODD_TOKENS = {"bad": "api-" + "a" * 28, "short": "nonsense", "cli": "cli-" + "a" * 28}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as recorded."""

    where: str
    number: int
    caller: str | None
    method: str | None
    request: dict[str, Any]
    status: int | None
    answer: Any  # decoded body; None where the recording has only a text
    text: str | None
    headers: dict[str, str]
    at: tuple[float, float]


@dataclass(frozen=True)
class Scenario:
    """An ordered list of exchanges that begins on a clean server."""

    name: str
    state: dict[str, Any]
    exchanges: tuple[Exchange, ...]
    started: int

    def config(self) -> Config:
        """The recorded server's accounts, and its address in links."""
        return Config(personas=personas(self.state["users"]), host=HOST)


def available() -> bool:
    """Whether the recordings lie beside the project."""
    return (RECORDINGS / "scenarios").is_dir()


def scenario_names() -> list[str]:
    """All scenarios."""
    return sorted(path.stem for path in (RECORDINGS / "scenarios").glob("*.json"))


@lru_cache(maxsize=32)
def scenario(name: str) -> Scenario:
    """One scenario, its long strings spelt out."""
    data = json.loads((RECORDINGS / "scenarios" / f"{name}.json").read_text(encoding="utf-8"))
    started = timegm(strptime(data["state"]["started"], "%Y-%m-%dT%H:%M:%SZ"))
    exchanges = tuple(_exchange(name, each) for each in data["exchanges"])
    return Scenario(name, data["state"], exchanges, started)


def personas(users: dict[str, dict[str, Any]]) -> tuple[Persona, ...]:
    """The accounts of a recording, with the names that they had there."""
    return tuple(
        Persona(name, bot=user["bot"], admin=user["admin"], phid=user["phid"], email=user["email"])
        for name, user in users.items()
    )


def _exchange(where: str, data: dict[str, Any]) -> Exchange:
    response = data["response"]
    return Exchange(
        where,
        data["n"],
        data["as"],
        data["request"].get("conduit"),
        spelt_out(data["request"]),
        response.get("status"),
        spelt_out(response.get("body")),
        response.get("text"),
        response.get("headers") or {},
        (data["at"][0], data["at"][1]),
    )


def spelt_out(value: Any) -> Any:
    """The value with each `{"$long": ...}` replaced by the string that it stands for."""
    if isinstance(value, dict):
        if value.keys() == {"$long"}:
            return _long(value["$long"])
        return {key: spelt_out(item) for key, item in value.items()}
    return [spelt_out(item) for item in value] if isinstance(value, list) else value


def _long(spec: dict[str, Any]) -> str:
    chars: int = spec["chars"]
    text: str
    if "unit" in spec:
        text = (spec["unit"] * (chars // len(spec["unit"]) + 1))[:chars]
    else:
        # base64 of sixteen bytes again and again
        unit = base64.b64decode(spec["head"][:64])[:16]
        size = chars // 4 * 3 - spec["tail"].count("=")
        text = base64.b64encode((unit * (size // 16 + 1))[:size]).decode()
    if hashlib.sha256(text.encode()).hexdigest() != spec["sha256"]:
        raise ValueError(f"cannot rebuild a long string of {chars} characters")
    return text


def token(caller: str | None) -> str | None:
    """The token that a caller of a recording has here."""
    if caller is None:
        return None
    return ODD_TOKENS.get(caller) or token_of(caller)


def with_tokens(text: str, callers: list[str]) -> str:
    """The text with `<token:NAME>` replaced."""
    for name in [*callers, *ODD_TOKENS]:
        text = text.replace(f"<token:{name}>", token(name) or "")
    return text
