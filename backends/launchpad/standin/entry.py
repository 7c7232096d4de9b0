"""An entry: one resource of the web service as the store hands it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Entry:
    """A resource: its kind, its path below `/devel/`, what is stored of it, and whose bug it is.

    `data` holds only what differs from the defaults of the table of fields; links are stored as
    paths below `/devel/`. `title` is the bug's title where a task needs it.
    """

    kind: str
    path: str
    data: dict[str, Any] = field(default_factory=dict)
    bug: int | None = None
    title: str = ""

    def get(self, name: str, default: Any = None) -> Any:
        """A stored value, or `default`."""
        return self.data.get(name, default)
