"""What somebody can read who has no account: the pages of the web, and Conduit without a token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlencode

from tracker_migrate.http import Reader
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

Refs = Mapping[Key, tuple[str, RemoteRef]]
_TITLE = re.compile(rb"<title>([^<]*)", re.I)
_TASK = re.compile(rb"href=\"(?:https?://[^\"/]*)?/([TF]\d+)[\"#?]")
_BATCH = 100
#: a comment's own page is called so where it is shown; else it asks for a login
_COMMENT_PAGE = re.compile(rb"Raw Comment")


class Nobody:
    """Looks at a server without an account."""

    def __init__(self, address: str, timeout: float) -> None:
        self._address = address
        self._pages = Reader(address, timeout=timeout)

    def readable(self, refs: Refs, *, thorough: bool) -> set[Key]:
        """Which of these can be read. thorough: the lists of tasks and the feed too, and the page
        of each comment."""
        pages = {at.number for _, at in refs.values() if at.url and at.number}
        urls = {at.number: at.url for _, at in refs.values()}
        shown = {number for number in pages if self._titled(urls[number], number)}
        shown |= set(self._told(sorted(pages)))
        if thorough:
            shown |= set(self._linked(pages))
        looked = {
            one: at
            for one, (kind, at) in refs.items()
            if kind == "comment" and (thorough or at.number in shown)
        }
        found = {one for one, at in refs.items() if at[1].number in shown} - looked.keys()
        return found | {one for one, at in looked.items() if self._comment(at)}

    def _titled(self, url: str, number: str) -> bool:
        """Whether a task's page is shown: its title names the task then. A closed one shows a page
        too, with status 200 (facts 4), that asks for a login or says that none shall pass."""
        title = self._title(url)
        return re.search(rb"\b%s\b" % number.encode(), title) is not None

    def _title(self, url: str) -> bytes:
        answer = self._pages.get(url)
        titled = _TITLE.search(answer.content)
        return titled[1] if answer.status_code == 200 and titled is not None else b""

    def _comment(self, at: RemoteRef) -> bool:
        """A comment's own page: a task's page is shown without the comments that were removed."""
        title = self._title(f"{self._address}/transactions/raw/{at.id}/")
        return _COMMENT_PAGE.search(title) is not None

    def _told(self, numbers: list[str]) -> Iterator[str]:
        """Tasks that Conduit tells of without a token: it should ask for one."""
        ids = [number[1:] for number in numbers if re.fullmatch(r"T\d+", number)]
        for start in range(0, len(ids), _BATCH):
            named = [("constraints[ids][]", one) for one in ids[start : start + _BATCH]]
            answer = self._pages.get(f"{self._address}/api/maniphest.search?{urlencode(named)}")
            yield from (f"T{number}" for number in _ids(answer.content))

    def _linked(self, numbers: Iterable[str]) -> Iterator[str]:
        """Tasks that the lists and the feed lead to."""
        ids = sorted(number[1:] for number in numbers if number.startswith("T"))
        lists = ["/maniphest/query/all/", "/feed/", "/file/query/all/"]
        for start in range(0, len(ids), _BATCH):
            named = urlencode({"ids": ",".join(ids[start : start + _BATCH])})
            lists.append(f"/maniphest/?{named}")
        for one in lists:
            answer = self._pages.get(f"{self._address}{one}")
            yield from (told.decode() for told in _TASK.findall(answer.content))

    def close(self) -> None:
        """Give back connections."""
        self._pages.close()


def _ids(body: bytes) -> Iterator[str]:
    """Numbers of the tasks in an answer of Conduit, whatever else it is."""
    yield from (found.decode() for found in re.findall(rb'"id":\s*(\d+),\s*"type":\s*"TASK"', body))
