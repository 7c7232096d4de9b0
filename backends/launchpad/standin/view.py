"""Who looks, and from where: the viewer of a request and the addresses its links carry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

HIDDEN = "<email address hidden>"

_EMAIL = re.compile(
    r"""\b[a-zA-Z0-9._/="'+-]{1,64}@[a-zA-Z][a-zA-Z0-9-]{1,63}\.[a-zA-Z0-9.-]{1,251}\b"""
)


@dataclass(frozen=True)
class View:
    """One caller's view: `person` is a path (`~name12`) or None for anonymous.

    `circle` is the person with all the teams it is in, `reads_private` is false for anonymous and
    for tokens that may see public data only.
    """

    api: str  # ends in /devel/
    web: str  # a web root; {site} stands for `bugs.`, `blueprints.` or nothing
    person: str | None = None
    circle: frozenset[str] = frozenset()
    admin: bool = False
    reads_private: bool = False
    writes: bool = False
    webs: dict[str, str] = field(default_factory=dict, compare=False)
    files: str = ""  # the librarian's address, no slash at the end

    @property
    def anonymous(self) -> bool:
        """Whether nobody is logged in."""
        return self.person is None

    def link(self, path: str | None) -> str | None:
        """An address of the web service for a stored path; what is no path stays as it is."""
        if path is None or path.startswith(("http:", "https:", "tag:")):
            return path
        return self.api + path

    def web_link(self, site: str, path: str) -> str:
        """The address of a page."""
        root = self.webs.get(site)
        if root is None:
            root = self.webs[site] = self._web_root(site)
        return root + path

    def _web_root(self, site: str) -> str:
        if site == "api":
            return self.api.removesuffix("devel/")
        return self.web.replace("{site}", "" if site == "launchpad" else f"{site}.") + "/"

    def path(self, address: str) -> str:
        """The stored path of an address that a caller sent (absolute, or relative to the root)."""
        if address.startswith(self.api):
            return address[len(self.api) :]
        tail = re.sub(r"^https?://[^/]+", "", address)
        return re.sub(r"^/?(?:devel|beta|1\.0)/", "", tail).lstrip("/")

    def text(self, value: Any) -> Any:
        """A text as this caller sees it: e-mail-like words are hidden from anonymous callers.

        Recorded in wire/email-addresses.jsonl.
        """
        if self.person is None and isinstance(value, str) and "@" in value:
            hidden = _EMAIL.sub(HIDDEN, value)
            return hidden.replace(f"<{HIDDEN}>", HIDDEN)
        return value
