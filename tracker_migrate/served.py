"""Whether a web server shows a folder of files as it has to: tried with files that are put there.

What people attach is anybody's: a page, a script. So it is to be had as a download only, nothing of
it is run by the server, and no folder is listed, for a file's address is all that keeps it from
those who were not told it. What is private is not given out without a login.
"""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec
import requests

from tracker_migrate.failures import PASSING, in_words
from tracker_migrate.filestore import HELD, Store
from tracker_migrate.http import plain_session

_SECONDS = 10.0
_PORTS = {"http": 80, "https": 443}
#: what each ending has in it that a server might do something with, instead of giving it out
_PROBES: Mapping[str, bytes] = {
    "probe.html": b"<!doctype html><title>tracker-migrate</title><p>Is this a download?\n",
    "probe.php": b"<?php echo 6 * 7; ?>\n",
    "probe.shtml": b'<!--#echo var="SERVER_SOFTWARE" -->\n',
}


class Served(msgspec.Struct, frozen=True):
    """What was seen. fact: for people. mistakes: what has to be put right before it is used."""

    fact: str
    mistakes: tuple[str, ...] = ()


def same_place(address: str, other: str) -> bool:
    """Whether two addresses are of one origin for a browser, or as good as one: the same host, at
    the same port or at the usual ones of http and https."""
    one, two = urlsplit(address), urlsplit(other)
    ports = {one.port or _PORTS.get(one.scheme), two.port or _PORTS.get(two.scheme)}
    return one.hostname == two.hostname and (len(ports) == 1 or ports == set(_PORTS.values()))


def tried(store: Store, *, login: bool = False) -> Served:
    """Put files into a folder, ask for them at its address, and take them away. login: whether the
    server has to ask for one. Where nobody answers, nothing is said against it."""
    word = f"{secrets.token_hex(1)}/{secrets.token_hex(16)}"
    try:
        for name, body in _PROBES.items():
            store.put(f"{word}/{name}", io.BytesIO(body), hashlib.sha256(body).hexdigest())
        with plain_session() as session:
            return _Look(store, session, word).closed() if login else _open(store, session, word)
    except requests.RequestException as error:
        return Served(f"{store.address} does not answer from here ({in_words(error)}): not tried")
    finally:
        for name in _PROBES:
            store.remove(f"{word}/{name}")


def given_out(store: Store, place: str) -> bool:
    """Whether whoever asks, without a login, is given something at a file's address that is not
    given at any other. Where nobody answers, nothing is."""
    with plain_session() as session:
        look = _Look(store, session, "")
        try:
            answer = look.get(place, part=True)
            if answer.status_code not in (200, 206):
                return False
            other = look.get(f"zz/{secrets.token_hex(15)}/{place.rpartition('/')[2]}", part=True)
        except requests.RequestException:
            return False
    return (other.status_code, other.content) != (answer.status_code, answer.content)


def _open(store: Store, session: requests.Session, word: str) -> Served:
    look = _Look(store, session, word)
    first = look.get(f"{word}/probe.html")
    if first.status_code in PASSING:
        return Served(f"{store.address} answers {first.status_code}: not tried")
    mistakes = tuple(look.mistakes(first))
    sniffs = first.headers.get("X-Content-Type-Options", "").lower() != "nosniff"
    warning = " (it does not say X-Content-Type-Options: nosniff)" if sniffs else ""
    return Served(f"{store.address}{warning}", mistakes)


class _Look:
    """Asks for the probes. word: the folders that they are in."""

    def __init__(self, store: Store, session: requests.Session, word: str) -> None:
        self._store, self._session, self._word = store, session, word

    def get(self, place: str, *, part: bool = False) -> requests.Response:
        """What the server says to who has no login. part: the first bytes are enough."""
        headers = {"Range": "bytes=0-1023"} if part else {}
        address = self._store.url(place)
        return self._session.get(address, headers=headers, timeout=_SECONDS, allow_redirects=False)

    def closed(self) -> Served:
        """What is private is not given out."""
        address = self._store.address
        answer = self.get(f"{self._word}/probe.html")
        if answer.status_code == 200 and answer.content == _PROBES["probe.html"]:
            return Served(
                address,
                (f"{address} gives out private files without a login: have it ask for one",),
            )
        return Served(f"{address} (answers {answer.status_code} without a login)")

    def mistakes(self, first: requests.Response) -> Iterator[str]:
        """What is wrong with what is given out. first: the answer for the page."""
        address, folder = self._store.address, self._store.folder
        if first.status_code != 200:
            yield (
                f"{address} does not show what is in {folder}: it answers {first.status_code} for a"
                " file that was put there"
            )
            return
        said = first.headers.get("Content-Disposition", "")
        if said.partition(";")[0].strip().lower() != "attachment":
            yield (
                f"{address} lets files be looked at, and a page that somebody attached act: have it"
                " say Content-Disposition: attachment for all of them"
            )
        for name, body in _PROBES.items():
            answer = first if name == "probe.html" else self.get(f"{self._word}/{name}")
            if (answer.status_code, answer.content) != (200, body):
                ending = name.partition(".")[2]
                yield (
                    f"{address} gives a file that ends in .{ending} not as it is: have it give out"
                    " all files alike, and run none"
                )
        yield from self._folders()

    def _folders(self) -> Iterator[str]:
        address, (above, own) = self._store.address, self._word.split("/")
        for place, shown in (("", above), (f"{above}/", own), (f"{above}/{own}/", "probe.php")):
            answer = self.get(place)
            if answer.status_code == 200 and shown in answer.text:
                yield f"{address} lists its folders, so that any file is found: switch that off"
                break
        if self.get(HELD).status_code == 200:
            yield f"{address} shows {HELD}, which is nobody's: have it show no name with a dot"
