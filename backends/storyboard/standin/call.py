"""One request on its way through the stand-in: who asks, for what, when, and with which words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker_migrate.backends.storyboard.standin import dates
from tracker_migrate.backends.storyboard.standin.store import Store
from tracker_migrate.testing.loopback import Request


@dataclass
class Settings:
    """How this server is set up: what its administrator chose, not what its callers say."""

    editable_comments: bool = False  # as upstream ships it; the recordings have it on
    #: upstream's search forgets who asks if nothing that one may see fits the filters; a server
    #: that holds private stories has it mended, or blocked
    leaky_search: bool = False


@dataclass
class Call:
    """What a handler gets. `numbers` are those in the path; `args` the query, already typed.

    A handler may fill `headers`; they go out with the answer.
    """

    store: Store
    request: Request
    now: datetime
    settings: Settings
    user: int | None = None  # None: nobody
    superuser: bool = False
    numbers: list[Any] = field(default_factory=list)
    args: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def me(self) -> int:
        """The caller, where the route asks for one."""
        assert self.user is not None
        return self.user

    @property
    def stamp(self) -> str:
        """The moment of this request, as it is kept."""
        return dates.kept(self.now)

    @property
    def moment(self) -> str:
        """The moment of this request, as the answer to a POST shows it."""
        return dates.shown(self.now)
