"""What somebody can read who should not: nobody at all, and an outsider with a token."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.errors import Gone, Refused
from tracker_migrate.http import Reader
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

_TITLE = re.compile(rb"<title>([^<]*)", re.I)
_BATCH = 100


class Outsider:
    """Looks at tasks from outside. client: with the outsider's token, or None."""

    def __init__(self, address: str, client: Conduit | None, timeout: float) -> None:
        self._client = client
        self._pages = Reader(address, timeout=timeout)

    def readable(self, refs: Sequence[tuple[Key, RemoteRef]]) -> list[Key]:
        """Which of these tasks can be read from outside."""
        found = {one for one, at in refs if at.url and self._page(at)}
        if self._client is not None:
            for start in range(0, len(refs), _BATCH):
                found |= self._with_token(self._client, refs[start : start + _BATCH])
        return [one for one, _ in refs if one in found]

    def _page(self, at: RemoteRef) -> bool:
        """Whether nobody at all sees the page: its title names the task then. A closed one shows
        a page too, with status 200 (facts 4), that asks for a login or says that none shall pass.
        """
        answer = self._pages.get(at.url)
        titled = _TITLE.search(answer.content)
        if answer.status_code != 200 or titled is None:
            return False
        return re.search(rb"\b%s\b" % at.number.encode(), titled[1]) is not None

    def _with_token(self, client: Conduit, refs: Sequence[tuple[Key, RemoteRef]]) -> set[Key]:
        named = {at.id: one for one, at in refs}
        listed = client.read("maniphest.search", constraints={"phids": sorted(named)}, limit=_BATCH)
        handles = client.read("phid.query", phids=sorted(named))
        seen = {row["phid"] for row in listed["data"]}
        seen |= set(handles) if isinstance(handles, dict) else set()
        seen |= {phid for phid in named if phid not in seen and self._history(client, phid)}
        return {named[phid] for phid in seen if phid in named}

    def _history(self, client: Conduit, phid: str) -> bool:
        try:
            client.read("transaction.search", objectIdentifier=phid, limit=1)
        except (Gone, Refused):
            return False
        return True

    def close(self) -> None:
        """Give back connections."""
        self._pages.close()
        if self._client is not None:
            self._client.close()
