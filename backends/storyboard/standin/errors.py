"""Refusals in StoryBoard's four shapes, each turned into a reply (facts 1, "Error bodies").

The shape depends on who refuses: the framework's typed layer (WSME) always answers JSON; the
routing and the access checks follow the Accept header; the JSON-schema check answers JSON, but
loses its reason when JSON is asked for; a crash before all that is a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from tracker_migrate.backends.storyboard.standin.accept import preferred
from tracker_migrate.testing.loopback import Reply, Request

PAGE = "text/html; charset=UTF-8"
PLAIN = "text/plain; charset=UTF-8"
SUPERUSERS_ONLY = "This action is limited to superusers only."
CRASHED = (
    "<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
    "    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n"
)
EXPLAINED = {
    401: "This server could not verify that you are authorized to access the document you "
    "requested. Either you supplied the wrong credentials (e.g., bad password), or your browser "
    "does not understand how to supply the credentials required.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
    406: "The resource could not be generated that was acceptable to your browser\n"
    "(content of type text/html.",
}


class Refused(Exception):
    """A request that is not answered with what it asked for; `keeps` what it wrote so far."""

    keeps = False

    def reply(self, request: Request) -> Reply:
        """What goes back."""
        raise NotImplementedError


@dataclass
class Fault(Refused):
    """The typed layer's: `faultcode`, `faultstring`, `debuginfo`, whatever Accept says.

    A refused private create keeps the story that it made (scenario failed-private-create).
    """

    status: int
    text: str
    keeps: bool = False

    def reply(self, request: Request) -> Reply:
        """JSON."""
        code = "Client" if self.status < 500 else "Server"
        body = {"faultcode": code, "faultstring": self.text, "debuginfo": None}
        return Reply.of_json(body, self.status)


@dataclass
class Barred(Refused):
    """Routing's and the access checks': JSON, a page or plain text, as Accept says."""

    status: int
    description: str | None = None
    allow: str | None = None

    def reply(self, request: Request) -> Reply:
        """In the first form that the caller takes; without Accept plain text."""
        accept = request.headers.get("accept", "")
        form = preferred(accept, ("text/html", "application/json")) if accept else None
        more = {"Allow": self.allow} if self.allow else {}
        if form == "application/json":
            return self._json(request, more)
        if form == "text/html" or request.method == "HEAD":
            return self._text(request, self._page(request), PAGE, more)
        return self._text(request, self._plain(request), PLAIN, more)

    def _json(self, request: Request, more: dict[str, str]) -> Reply:
        title = HTTPStatus(self.status).phrase
        body = {"code": self.status, "title": title, "description": self.description}
        reply = Reply.of_json(body, self.status)
        kept = b"" if request.method == "HEAD" else reply.body
        return Reply(self.status, kept, {**reply.headers, **more})

    def _text(self, request: Request, text: str, kind: str, more: dict[str, str]) -> Reply:
        kept = b"" if request.method == "HEAD" else text.encode()
        return Reply(self.status, kept, {"Content-Type": kind, **more})

    def _explained(self, request: Request) -> str:
        if self.status == 405:
            return f"The method {request.method} is not allowed for this resource. "
        return EXPLAINED[self.status]

    def _page(self, request: Request) -> str:
        title = f"{self.status} {HTTPStatus(self.status).phrase}"
        detail = "" if self.status in (405, 406) else f"{self.description or ''}\n\n"
        gap = " " if self.status == 406 else ""
        explained = self._explained(request) + gap
        return (
            f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n"
            f"  {explained}<br /><br />\n{detail}\n </body>\n</html>"
        )

    def _plain(self, request: Request) -> str:
        title = f"{self.status} {HTTPStatus(self.status).phrase}"
        detail = " " if self.status == 405 else f" {self.description or ''}  "
        return f"{title}\n\n{self._explained(request)}\n\n{detail}"


@dataclass
class Breach(Refused):
    """The JSON-schema check's: asked for JSON it keeps its reason to itself."""

    message: str
    field: str

    def reply(self, request: Request) -> Reply:
        """JSON both ways; only callers that do not ask for JSON learn the reason."""
        accept = request.headers.get("accept", "")
        if accept and preferred(accept, ("text/html", "application/json")) == "application/json":
            return Reply.of_json({"code": 400, "title": "Bad Request", "description": ""}, 400)
        return Reply.of_json({"message": self.message, "field": self.field}, 400)


class Crash(Refused):
    """An error that nothing caught: a page, whatever Accept says."""

    def reply(self, request: Request) -> Reply:
        """500."""
        return Reply(500, CRASHED.encode(), {"Content-Type": "text/html"})


def missing(kind: str, number: object, dot: str = "") -> Fault:
    """The 404 of an object; tasks and a task's story end it with a dot when they are written."""
    return Fault(404, f"{kind} {number} not found{dot}")


def taken(model: str, value: object) -> Fault:
    """The 400 of a number or a name that somebody has."""
    return Fault(400, f"Database object '{model}' with field value '{value}' already exists.")


def dangling(model: str, field: str, key: str) -> Fault:
    """The 400 of a reference that leads nowhere; the "value" that it names is the key's name."""
    return Fault(
        400,
        f"Foreign key error. Error in object '{model}'. Field '{field}' value '{key}' is invalid.",
    )


def invalid(field: str, value: object, reason: str) -> Fault:
    """The typed layer's 400 for a value of the wrong type."""
    text = f"Invalid input for field/attribute {field}. Value: '{value}'. {reason}"
    return Fault(400, text)
