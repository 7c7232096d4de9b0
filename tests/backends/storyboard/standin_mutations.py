"""One thing changed in a recorded answer: what the comparison must notice, or it proves nothing."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.backends.storyboard.standin_compare import DATE, HEADERS
from tests.backends.storyboard.standin_recordings import Exchange

Path = tuple[str | int, ...]


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _leaves(one, (*path, name))
    elif isinstance(value, list) and value:
        for at, one in enumerate(value):
            yield from _leaves(one, (*path, at))
    else:
        yield path


def _other(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + chance.choice((-1, 1))
    if isinstance(value, (list, dict)):  # an empty one
        return [None] if isinstance(value, list) else {"more": None}
    return _other_text(value, chance)


def _other_text(value: str, chance: random.Random) -> str:
    if DATE.fullmatch(value) and "2000" < value < "2900":
        return (datetime.fromisoformat(value) + timedelta(days=1)).isoformat()
    if value.startswith("{"):
        data = json.loads(value)
        name = chance.choice(sorted(data))
        return json.dumps({**data, name: _other(data[name], chance)})
    at = chance.randrange(min(len(value), 60) + 1)  # an error's end is dates and parameters
    return value[:at] + "~" + value[at:]


def _in_body(answer: Any, chance: random.Random) -> Any:
    """A changed value, a lost key or item, or one too many."""
    if isinstance(answer, bytes):
        return _other_text(answer.decode(), chance).encode()
    changed = copy.deepcopy(answer)
    path = chance.choice(list(_leaves(changed)))
    if not path:
        return _other(changed, chance)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    how = chance.randrange(4)
    if how == 0:
        del parent[path[-1]]
    elif how == 1 and isinstance(parent, dict):
        parent["more"] = None
    else:
        parent[path[-1]] = _other(parent[path[-1]], chance)
    return changed


def mutated(exchange: Exchange, chance: random.Random) -> Exchange:
    """The exchange with one thing in its answer changed: status, a header, or the body."""
    how = chance.randrange(10)
    if how == 0:
        return replace(exchange, status=exchange.status + 1)
    headers = {n: v for n, v in exchange.answer_headers.items() if n in HEADERS and v is not None}
    if how <= 2 and headers:
        name = chance.choice(sorted(headers))
        return replace(exchange, answer_headers={**headers, name: headers[name] + "1"})
    if exchange.answer in (None, "", b"") and not isinstance(exchange.answer, list):
        return replace(exchange, answer="a body")
    return replace(exchange, answer=_in_body(exchange.answer, chance))
