"""The two encodings of a Conduit call (PHP-style form, JSON in `params`) and the reply's form."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from tracker_migrate.backends.maniphest.standin.errors import ConduitError
from tracker_migrate.testing.loopback import Reply, Request

BASE = "/api/"
JSON_BODY = (
    "Use form-encoded data to submit parameters to Conduit endpoints. Sending a JSON-encoded body "
    "and setting 'Content-Type': 'application/json' is not currently supported."
)
NO_METHOD = (
    'ERROR: You are making a Conduit API request to "/api/", but the correct HTTP request path to '
    'use in order to access a Conduit method is "/api/<method>" (for example, '
    '"/api/conduit.ping"). Check your configuration.'
)
PLAIN = {"Content-Type": "application/json"}
CAPABLE = {**PLAIN, "X-Conduit-Capabilities": "gzip"}
#: names that the wire keeps for itself
META = frozenset({"api.token", "access_token", "output", "__conduit__", "params", "__form__"})

_SURROGATE = re.compile("[\ud800-\udfff]")
_KEY_PART = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True)
class Wire:
    """A decoded request: `strict` says that values came with their JSON types."""

    method: str
    params: dict[str, Any]
    token: str | None
    strict: bool


def method_of(request: Request) -> str:
    """The name of the called method: what follows `/api/`."""
    return request.path.removeprefix(BASE).strip("/")


def decode(request: Request) -> Wire:
    """Read a request; ConduitError if its body is none that the server takes."""
    if request.headers.get("content-type") == "application/json":
        raise ConduitError(JSON_BODY)
    method = method_of(request)
    pairs = _pairs(request)
    packed = next((value for key, value in reversed(pairs) if key == "params"), "")
    if packed:
        return _from_json(method, packed)
    form = _nest(pairs)
    token = form.get("api.token") or form.get("access_token")
    params = {key: value for key, value in form.items() if key not in META}
    return Wire(method, params, token if isinstance(token, str) else None, strict=False)


def _pairs(request: Request) -> list[tuple[str, str]]:
    # PHP reads a body of POST alone: a PUT has no token (errors, exchange 60)
    pairs = list(request.query)
    if request.method == "POST":
        body = request.body
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        text = body.decode("latin-1")
        pairs += parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    return pairs


def _from_json(method: str, packed: str) -> Wire:
    try:
        value = json.loads(packed)
    except ValueError:
        value = None
    if not isinstance(value, (dict, list)):
        raise ConduitError(f"Invalid parameter information was passed to method '{method}'.")
    params = _as_map(value)
    if "\\ud" in packed or "\\uD" in packed:
        params = mend(params)
    meta = params.pop("__conduit__", None)
    token = meta.get("token") if isinstance(meta, dict) else None
    return Wire(method, params, token, strict=True)


def _as_map(value: dict[str, Any] | list[Any]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {str(index): item for index, item in enumerate(value)}


def mend(value: Any) -> Any:
    """Spell lone surrogates as `&#xd800;`, as the server does (limits, exchange 38)."""
    if isinstance(value, str):
        return _SURROGATE.sub(lambda found: f"&#x{ord(found[0]):04x};", value)
    if isinstance(value, list):
        return [mend(item) for item in value]
    if isinstance(value, dict):
        return {key: mend(item) for key, item in value.items()}
    return value


def _nest(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """PHP's reading of `a[0][b]=c`: nested arrays, lists where the keys count from zero."""
    root: dict[str, Any] = {}
    for key, value in pairs:
        name, bracket, _ = key.partition("[")
        parts = [name, *(_KEY_PART.findall(key) if bracket else [])]
        _put(root, parts, value)
    return {key: listed(value) for key, value in root.items()}


def _put(root: dict[str, Any], parts: list[str], value: str) -> None:
    node = root
    for part in parts[:-1]:
        child = node.get(part)
        if not isinstance(child, dict):
            child = node[part] = {}
        node = child
    node[parts[-1] if parts[-1] or len(parts) == 1 else str(len(node))] = value


def listed(value: Any) -> Any:
    """A PHP array with the keys 0, 1, 2... is a list; others stay maps."""
    if not isinstance(value, dict):
        return value
    inner = {key: listed(item) for key, item in value.items()}
    if list(inner) == [str(index) for index in range(len(inner))]:
        return list(inner.values())
    return inner


def is_utf8(value: Any) -> bool:
    """Whether all text of a form was valid UTF-8."""
    if isinstance(value, str):
        return _SURROGATE.search(value) is None
    if isinstance(value, dict):
        return all(map(is_utf8, value.values()))
    return all(map(is_utf8, value)) if isinstance(value, list) else True


def answered(result: Any) -> Reply:
    """The reply of a call that went well."""
    return _reply({"result": result, "error_code": None, "error_info": None}, CAPABLE)


def refused(error: ConduitError) -> Reply:
    """The reply of a refused call: status 200 as well."""
    body = {"result": None, "error_code": error.code, "error_info": error.info}
    return _reply(body, PLAIN if error.native else CAPABLE)


def _reply(body: dict[str, Any], headers: dict[str, str]) -> Reply:
    return Reply(200, json.dumps(body, separators=(",", ":")).encode(), headers)
