"""An answer's form: JSON, or XML for those who want that; pages are not made of data."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from tracker_migrate.backends.storyboard.standin.accept import preferred
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.errors import Barred
from tracker_migrate.testing.loopback import Reply, Request

JSON, XML = "application/json", "application/xml"


def form(request: Request) -> str:
    """JSON unless the caller prefers XML; 406 if it takes neither."""
    accept = request.headers.get("accept", "")
    if accept in ("", JSON):
        return JSON
    wanted = preferred(accept, (JSON, XML))
    if wanted is None:
        raise Barred(406)
    return wanted


def rendered(call: Call, value: Any, wanted: str) -> Reply:
    """The reply to a request that was done; 204 for one that answers nothing."""
    if value is None:
        return Reply(204, b"", call.headers)
    if wanted == XML:
        body = _element("result", value).encode()
        return Reply(200, body, {"Content-Type": f"{XML}; charset=UTF-8", **call.headers})
    reply = Reply.of_json(value)
    return Reply(200, reply.body, {**reply.headers, **call.headers})


def _element(name: str, value: Any) -> str:
    if value is None:
        return f'<{name} nil="true" />'
    if isinstance(value, dict):
        inside = "".join(_element(key, one) for key, one in value.items())
    elif isinstance(value, list):
        inside = "".join(_element("item", one) for one in value)
    else:
        inside = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{name}>{inside}</{name}>" if inside else f"<{name} />"
