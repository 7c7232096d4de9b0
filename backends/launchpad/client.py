"""Asking Launchpad's web service: one GET after another, its errors sorted, hidden texts taken out.

It reads only; what changes something goes through its `sender`. Every address is put below the
API's own root before it is asked for, so that a login never travels to another host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import requests

from tracker_migrate import waiting
from tracker_migrate.backends.launchpad import answers
from tracker_migrate.backends.launchpad.answers import Got, TooSlow, Trouble, Unreadable
from tracker_migrate.backends.launchpad.gate import Gate
from tracker_migrate.backends.launchpad.login import Signer
from tracker_migrate.backends.launchpad.reader import ApiReader
from tracker_migrate.backends.launchpad.sending import Sender
from tracker_migrate.backends.launchpad.wire import is_page
from tracker_migrate.bounded import PARTS, Pages, TooLong
from tracker_migrate.errors import Gone, LoginNeeded, Refused, Retriable

VERSION = "devel"  # older ones can't show hidden comments or blueprints (facts 4, 7)
SMALLEST_PAGE = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRIES = 3
#: the longest address that is asked for names a bug's page of a list, with all its statuses
_ADDRESS = re.compile(r"[!-~]{0,4000}")
_UNASKED = "Launchpad says that nothing changed, unasked"
_PLAIN: Mapping[str, str] = {}
_NOBODY: Mapping[str, str] = {"Authorization": ""}  # an empty one is not sent
_T = TypeVar("_T")


class Getter(Protocol):
    """As much of `http.Reader` as a client needs."""

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> requests.Response: ...

    def close(self) -> None: ...


def api_root(address: str) -> str:
    """The root of the devel API at an address that may or may not name a version."""
    bare = re.sub(r"/(devel|beta|1\.0)/?$", "", address.rstrip("/"))
    return f"{bare.rstrip('/')}/{VERSION}"


class Client:
    """Reads entries and collections of one Launchpad. Any number of threads may use it.

    address: of the API, without version. reader: does the GETs (made from the other arguments if
    left out). connections: at most so many requests at once, fewer when answers slow down.
    private: whether private objects may leave this client at all. pause: seconds before a broken
    answer is asked for again.
    """

    def __init__(
        self,
        address: str,
        *,
        credentials: Mapping[str, str] | None = None,
        reader: Getter | None = None,
        connections: int = 8,
        per_second: float = 20.0,
        patience: float = 0.0,
        timeout: float = 60.0,
        private: bool = False,
        pause: float = 0.5,
    ) -> None:
        self.root = api_root(address)
        self.private = private
        self.anonymous = credentials is None
        self._signer = Signer(credentials, self.root + "/")
        self._reader: Getter = reader or ApiReader(
            self.root,
            headers={"Accept": "application/json"},
            timeout=timeout,
            per_second=per_second,
            patience=patience,
        )
        self._gate = Gate(connections)
        self._pause = pause
        self._manners = {"timeout": timeout, "per_second": per_second, "patience": patience}

    # -- what others ask for --------------------------------------------------------------------

    def entry(self, path: str) -> Got:
        """One object by its path below the root, or by its link.

        Raises Gone, Refused, Retriable, LoginNeeded, Unreachable.
        """
        return self._patient(lambda: self._understood(self.address(path)))

    def collection(
        self, path: str, size: int | None = None, *, as_nobody: bool = False
    ) -> Iterator[Got]:
        """Every page of a collection. size: rows of a page, the server's own choice if None.
        as_nobody: what everybody sees of it, whoever is logged in."""
        url: str | None = self.address(path)
        if size:
            url = _with_size(str(url), size)
        start, pages = -1, Pages(PARTS)
        while url:
            got = self.page(url, _NOBODY if as_nobody else _PLAIN)
            if got.value["start"] <= start or start > got.value.get("total_size", start) + 300:
                raise Retriable("a collection's pages go in circles")
            start = got.value["start"]
            pages.turn(len(got.entries), got.entries[0].get("self_link") if got.entries else None)
            yield got
            link = got.value.get("next_collection_link")
            url = self.address(link) if link else None

    def page(self, url: str, headers: Mapping[str, str] = _PLAIN) -> Got:
        """One page. One that Launchpad has no time for is asked for again, half as long."""
        while True:
            try:
                got = self._understood(url, headers)
            except (TooSlow, TooLong):
                smaller = _half(url)
                if smaller is None:
                    raise
                url = smaller
                waiting.sleep(self._pause)
                continue
            if not is_page(got.value):
                raise Refused("a collection's page is not what Launchpad sends")
            return got

    def unchanged(self, path: str, etag: str) -> Got | None:
        """One object, or None if it still has this etag."""
        headers = {"If-None-Match": etag} if etag else {}
        return self._patient(lambda: self._got(self.address(path), headers))

    def fresh(self, path: str) -> Got:
        """One object as it is now, from no proxy's memory. Raises as `entry`."""
        return self._understood(self.address(path), {"Cache-Control": "no-cache"})

    def everybody_sees(self, path: str) -> bool:
        """Whether an object is there for nobody in particular. Raises Retriable, Unreachable."""
        try:
            self._understood(self.address(path), _NOBODY)
        except (Gone, Refused, LoginNeeded):
            return False
        return True

    def value(self, path: str) -> Any:
        """What a named operation says that gives neither an object nor a page: any JSON value.

        Raises as `entry`; `answers.Denied` where Launchpad does not tell it to this login.
        """
        said = self._ask(self.address(path), _PLAIN, answers.decoded)
        if said is None:
            raise Refused(_UNASKED)
        return said[0]

    def leads_to(self, path: str) -> str:
        """Where the redirect of a file's address leads: it is not followed. "" if it does not say.

        Raises as `entry`.
        """
        url = self.address(path)
        return self._patient(lambda: self._asked(lambda: self._once(url, {}), answers.led_to))

    def answer(self, path: str) -> requests.Response:
        """The bare answer, whatever its status; redirects are not followed."""
        return self._once(self.address(path), {})

    def address(self, link: str) -> str:
        """A link or a path as an address below our root, wherever the link said that it was."""
        if not isinstance(link, str) or not _ADDRESS.fullmatch(link):
            raise Refused("a link is none")
        if link == self.root or link.startswith((f"{self.root}/", f"{self.root}?")):
            return link
        if "://" in link:
            rest = link.split(f"/{VERSION}/", 1)
            if len(rest) < 2:
                raise Refused("a link leads out of Launchpad's web service")
            link = rest[1]
        return f"{self.root}/{link}"

    def sender(self) -> Sender:
        """What sends changes with the same login, one after another; it is closed by itself."""
        return Sender(self.root, self._signer, **self._manners)

    def close(self) -> None:
        """Give back connections."""
        self._reader.close()

    # -- how it is asked for --------------------------------------------------------------------

    def _once(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        given = {**self._signer.headers(), **headers}
        with self._gate:
            answer = self._reader.get(url, {name: text for name, text in given.items() if text})
        self._gate.took(answer.elapsed.total_seconds())
        return answer

    def _answer(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        for _ in range(5):
            answer = self._once(url, headers)
            if answer.status_code not in _REDIRECTS:
                return answer
            # a task that moved answers 301 (recording task-moved-old-url); a file's 303 leads to
            # the librarian, where the login must not go
            url = answer.headers.get("Location", "")
            if not url.startswith(f"{self.root}/") or not _ADDRESS.fullmatch(url):
                raise Refused("Launchpad redirects out of its web service")
        raise Refused("Launchpad redirects in circles")

    def _got(self, url: str, headers: Mapping[str, str]) -> Got | None:
        def understood(answer: requests.Response) -> Got:
            return answers.got(url, answer, private=self.private)

        return self._ask(url, headers, understood)

    def _patient(self, ask: Callable[[], _T]) -> _T:
        """An object that Launchpad had no time for is asked for again, later: nothing less than it
        can be asked for."""
        for again in range(1, _TRIES):
            try:
                return ask()
            except TooSlow:
                waiting.sleep(self._pause * again)
        return ask()

    def _understood(self, url: str, headers: Mapping[str, str] = _PLAIN) -> Got:
        got = self._got(url, headers)
        if got is None:
            raise Refused(_UNASKED)
        return got

    def _ask(
        self, url: str, headers: Mapping[str, str], understood: Callable[[requests.Response], _T]
    ) -> _T | None:
        def known(answer: requests.Response) -> _T | None:
            return None if answer.status_code == 304 else understood(answer)

        return self._asked(lambda: self._answer(url, headers), known)

    def _asked(
        self, ask: Callable[[], requests.Response], understood: Callable[[requests.Response], _T]
    ) -> _T:
        for again in range(1, _TRIES + 1):
            answer = ask()
            try:
                return understood(answer)
            except (Unreadable, Trouble) as error:
                if again == _TRIES:
                    raise error.final() from None
            waiting.sleep(self._pause * again)
        raise AssertionError


def _with_size(url: str, size: int) -> str:
    return f"{url}{'&' if '?' in url else '?'}ws.size={size}"


def _half(url: str) -> str | None:
    """The same page, half as long; None if that is too short, or if it is no page."""
    match = re.search(r"([?&])ws\.size=(\d+)", url)
    if match is None:
        return _with_size(url, 37)
    size = int(match[2]) // 2
    if size < SMALLEST_PAGE:
        return None
    return f"{url[: match.start()]}{match[1]}ws.size={size}{url[match.end() :]}"
