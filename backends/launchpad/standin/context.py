"""One request while it is answered: the store, the caller's view, the arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import Refusal
from tracker_migrate.backends.launchpad.standin.forms import Upload
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.view import View
from tracker_migrate.testing.loopback import Request


@dataclass
class Context:
    """What every handler gets: `args` are the query's or the form's arguments, in order."""

    store: Store
    view: View
    request: Request
    args: list[tuple[str, str]]
    now: Callable[[], str]
    uploads: dict[str, Upload] = field(default_factory=dict)

    def arg(self, name: str, default: str | None = None) -> str | None:
        """The first value of an argument."""
        return next((value for key, value in self.args if key == name), default)

    def text(self, name: str, default: str | None = None) -> str | None:
        """An argument's text; JSON strings are unwrapped, as launchpadlib sends both forms."""
        value = self.arg(name)
        return default if value is None else unwrapped(value)

    def required(self, name: str) -> str:
        """An argument that has to be there: 400 without it."""
        value = self.text(name)
        if value is None:
            raise Refusal(400, f"{name}: Required input is missing.")
        return value

    def values(self, name: str) -> list[str]:
        """All values of an argument: repeated, or one JSON list."""
        found = [value for key, value in self.args if key == name]
        if len(found) == 1 and found[0].startswith("["):
            return [str(value) for value in _json_list(found[0])]
        return [unwrapped(value) for value in found]

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """A boolean argument."""
        value = self.arg(name)
        if value is None or value in ("", "null"):
            return default
        return value.lower() in ("true", "1")

    def path(self, name: str) -> str | None:
        """An argument that is an address, as a stored path."""
        value = self.text(name)
        return None if value in (None, "", "null") else self.view.path(str(value))

    def link(self, path: str | None) -> str | None:
        """An absolute address."""
        return self.view.link(path)

    def find(self, path: str) -> Entry | None:
        """An item, bug or task at a path, whoever may read it."""
        if path.startswith("bugs/") and path[5:].isdigit():
            return self.store.bug(int(path[5:]))
        target, mark, number = path.rpartition("/+bug/")
        if mark and number.isdigit() and not path.startswith("~"):
            return self.store.task(int(number), target)
        return self.store.item(path)


def unwrapped(value: str) -> str:
    """A value that may be wrapped as a JSON string."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value


def _json_list(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return [text]
    return value if isinstance(value, list) else [text]
