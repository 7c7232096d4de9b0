"""Where a path leads, and with which numbers in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tracker_migrate.backends.storyboard.standin import arguments
from tracker_migrate.backends.storyboard.standin.errors import Barred
from tracker_migrate.backends.storyboard.standin.route import Resource, Route
from tracker_migrate.backends.storyboard.standin.table import TREE

ROOTS = frozenset(path.partition("/")[0] for path in TREE)


@dataclass(frozen=True)
class Found:
    """A request's place in the table: the path's pattern, the route, its numbers as text."""

    pattern: str
    resource: Resource
    texts: tuple[str, ...]

    def route(self, method: str) -> Route:
        """The route of a method; 405 with the methods that there are."""
        route = self.resource.methods.get(method)
        if route is None:
            raise Barred(405, "", self.resource.allow)
        return route

    def numbers(self) -> list[Any]:
        """The numbers of the path, typed where they have a name; 400 if they are none."""
        names = self.resource.names
        if not names:
            return list(self.texts)
        pairs = zip(names, self.texts, strict=True)
        return [arguments.integer(name, text) for name, text in pairs]


def find(method: str, path: str) -> Found:
    """Where a path leads. 404 without a description at the root, with an empty one below."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"]:  # as a web server in front may mount it
        del parts[0]
    if parts[:1] != ["v1"] or len(parts) < 2 or parts[1] not in ROOTS:
        raise Barred(404)
    del parts[0]
    exact = TREE.get("/".join(parts))
    if exact is not None:
        return Found("/".join(parts), exact, ())
    return _numbered(method, parts)


def _numbered(method: str, parts: list[str]) -> Found:
    if method == "GET" and parts[0] == "projects":
        return Found("projects/*", TREE["projects/*"], tuple(parts[1:]))
    if method == "GET" and parts[0] == "teams" and len(parts) == 2:
        return Found("teams/*", TREE["teams/*"], tuple(parts[1:]))
    pattern = "/".join("#" if at % 2 else part for at, part in enumerate(parts))
    if pattern not in TREE:
        raise Barred(404, "")
    return Found(pattern, TREE[pattern], tuple(parts[1::2]))
