"""One call of a method, and the table of all methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.maniphest.standin.people import User
from tracker_migrate.backends.maniphest.standin.site import Site


@dataclass(frozen=True)
class Call:
    """Who calls, with what; `strict` says that values have their JSON types."""

    site: Site
    user: User
    params: dict[str, Any]
    strict: bool = True

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter; null is as good as none."""
        value = self.params.get(name)
        return default if value is None else value


@dataclass(frozen=True)
class Method:
    """A method: what it does, what it takes and gives, whether it writes, who may call it."""

    handler: Callable[[Call], Any]
    about: str
    params: Mapping[str, str] = field(default_factory=dict)
    returns: str = "map<string, wild>"
    writes: bool = False
    open: bool = False
