"""What a route is: a method of a path, and what must hold before its handler runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tracker_migrate.backends.storyboard.standin.arguments import Known
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.schemas import Schema

Who = Literal["anyone", "user", "superuser"]
Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    handler: Handler
    who: Who = "anyone"
    known: Known = field(default_factory=dict)
    schema: Schema | None = None


@dataclass(frozen=True)
class Resource:
    """A path: its methods, the names of its numbers, and the methods that a 405 offers."""

    methods: Mapping[str, Route]
    allow: str
    names: tuple[str, ...] = ()
