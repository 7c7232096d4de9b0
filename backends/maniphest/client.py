"""Conduit through the PyPI package `phabricator`, with all traps of that package in this one file.

0.9.1 sends a POST up to four times and waits 5 s (each lost reply made four tasks, facts 12),
makes a session for every attribute that is looked at, checks arguments against an old list of
methods, follows redirects with the token in the body, reads ~/.arcrc, /etc/arcconfig and
./.arcconfig when it is imported, and says of a bad HTTP status nothing but its number.
Here: imported late and blind to those files; one plain session for each thread, without retries
and without redirects; method objects made without the list; address and token always given.
"""

from __future__ import annotations

import importlib.util
import io
import sys
import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus, urlsplit

import requests

from tracker_migrate.backends.maniphest import replies
from tracker_migrate.backends.maniphest.faults import Invalid, UnknownType, fault
from tracker_migrate.errors import (
    Doubtful,
    LoginNeeded,
    MigrateError,
    NotSent,
    Refused,
    Retriable,
    Unreachable,
    WrongTracker,
)
from tracker_migrate.failures import Swallowed, failed_read, failed_write, in_trouble, swallowed
from tracker_migrate.hosts import blamed
from tracker_migrate.http import plain_session, polite
from tracker_migrate.replies import decode
from tracker_migrate.retries import patient_reads

_import_guard = threading.Lock()
#: characters of a form that are encoded at once
_ENCODED = 1 << 16
_SWALLOWED = "give nginx a fastcgi_buffer_size of 32k, or PHP an error_log (docs/doctor.md)"


class NotConduit(Retriable):
    """The answer is not Conduit's JSON: a proxy's page, or another program altogether."""


def package() -> ModuleType:
    """The package `phabricator`, imported so that it opens none of its configuration files.

    They may hold another server's token, or be broken; its `open` is replaced in its own name
    space only.
    """
    with _import_guard:
        if "phabricator" in sys.modules:
            return sys.modules["phabricator"]
        spec = importlib.util.find_spec("phabricator")
        if spec is None or spec.loader is None:
            raise ImportError("the package phabricator is not installed")
        module = importlib.util.module_from_spec(spec)
        module.__dict__["open"] = lambda *_args, **_more: io.StringIO("{}")
        sys.modules["phabricator"] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules["phabricator"]
            raise
        return module


def _decoded(text: str) -> Any:
    return decode(text.encode())[0]


def _in_pieces(post: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    """A session's `post` that encodes a form piece by piece: in one go, a text of 6 MB, which is a
    piece of a file, took 145 MB of memory (measured)."""

    def posted(url: str, data: Mapping[str, str], **how: Any) -> requests.Response:
        return post(url, data=b"&".join(map(_pair, data.items())), **how)

    return posted


def _pair(pair: tuple[str, str]) -> bytes:
    name, text = pair
    starts = range(0, len(text), _ENCODED)
    pieces = (quote_plus(text[start : start + _ENCODED]).encode() for start in starts)
    return quote_plus(name).encode() + b"=" + b"".join(pieces)


class Conduit:
    """One server, as one account. Used from several threads; each has a connection of its own.

    address: of the web pages, such as `https://phorge.example.org`. timeout: seconds for
    connecting and between two bytes. connections: how many requests may be under way at once.
    attempts: how often a read is tried; writes are sent once.
    """

    def __init__(
        self,
        address: str,
        token: str | None,
        *,
        timeout: float = 60.0,
        connections: int = 4,
        per_second: float = 0.0,
        patience: float = 0.0,
        attempts: int = 6,
        backoff: float = 0.5,
    ) -> None:
        if not token:
            host = urlsplit(address).netloc
            raise LoginNeeded(
                f"{host} needs a Conduit token: make one in the account's settings there"
            )
        self.address = address.rstrip("/")
        self.host = urlsplit(self.address).netloc
        self._token = token
        self._timeout = timeout
        probe = f"{self.address}/api/conduit.ping"  # wants no login to say that there is none
        self._server = polite(probe, per_second=per_second, patience=patience)
        self._slots = threading.BoundedSemaphore(connections)
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._guard = threading.Lock()
        self._retrying = patient_reads(attempts, backoff)

    def read(self, method: str, **params: Any) -> Any:
        """The result of a method that changes nothing; passing failures are tried again.

        Raises WrongTracker if what answers is no Conduit, Unreachable when patience ends, and the
        errors of `faults.fault`.
        """
        try:
            return self._retrying(self._call, method, params, False)
        except NotConduit as error:
            raise WrongTracker(f"{error}: is this the address of Phorge's web pages?") from None
        except NotSent:
            raise
        except Swallowed as error:
            raise Refused(f"{error}: {_SWALLOWED}") from None
        except Retriable as error:
            raise Unreachable(str(error)) from None

    def write(self, method: str, **params: Any) -> Any:
        """The result of a method that changes something: sent once, whatever happens.

        Raises Retriable if it surely was not carried out, Doubtful if it may have been.
        """
        try:
            return self._call(method, params, True)
        except NotConduit as error:
            raise Doubtful(str(error)) from None

    def edit_types(self, method: str) -> frozenset[str]:
        """The transaction types that an edit method takes: asked with one that can't exist.

        The refusal lists them, and leaves nothing behind (006-edit-bad-transaction-type).
        """
        try:
            self.read(method, transactions=[{"type": "tracker-migrate.none", "value": None}])
        except UnknownType as refused:
            return refused.types
        return frozenset()

    def shut_out(self, fields: Mapping[str, str]) -> frozenset[str]:
        """Which of these policies (`view`, `edit`, `space`) would keep this account out.

        Asked by making a task without a title, which is refused with all that is wrong and leaves
        nothing behind, not even a gap in the numbers (017-err-create-no-title, facts 14).
        """
        asked = {"title": "", **fields}
        sent = [{"type": name, "value": value} for name, value in asked.items()]
        try:
            self.read("maniphest.edit", transactions=sent)
        except Invalid as refused:
            return refused.wrong & fields.keys()
        except Refused:
            return frozenset(fields)  # the server takes no such field, or talks in other words
        return frozenset()

    def takes(self, size: int) -> bool:
        """Whether a request of about so many bytes gets through to Phorge: asked with an edit of a
        type that can't exist (006-edit-bad-transaction-type)."""
        padding = "x" * size
        try:
            self.read(
                "maniphest.edit", transactions=[{"type": "tracker-migrate.none", "value": padding}]
            )
        except UnknownType:
            return True
        except Refused:
            return False
        return True

    def close(self) -> None:
        """Close every thread's session."""
        with self._guard:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
        self._local = threading.local()

    # -- one call -----------------------------------------------------------------------------

    def _call(self, method: str, params: Mapping[str, Any], write: bool) -> Any:
        error: Exception
        try:
            answer = self._ask(method, params, write)
            self._server.answered()
            return self._fitting(method, answer, write)
        except package().APIError as reply:
            self._server.answered()
            error = fault(str(reply.code), str(reply.message), write=write)
        except requests.HTTPError:
            error = self._bad_status(f"{method} {params!r}" if write else "", write)
        except requests.RequestException as broken:
            error = (failed_write if write else failed_read)(broken, self._server)
        except (ValueError, KeyError, TypeError, AttributeError):
            error = NotConduit(f"{self.host} answers, but not as Conduit does")
        raise error from None

    def _fitting(self, method: str, result: Any, write: bool) -> Any:
        """The result, if it looks as Conduit's do."""
        where = replies.wrong(method, result)
        if where is None:
            return result
        said = f"{self.host} does not answer {method} as Phorge does (at {where})"
        raise Doubtful(said) if write else Refused(said)

    def _ask(self, method: str, params: Mapping[str, Any], write: bool) -> Any:
        with self._slots:
            self._server.ready(write=write)
            return self._resource(method)(**params).response

    def _bad_status(self, about: str, write: bool) -> MigrateError:
        """What an HTTP status of 300 and more means; Conduit's own errors all come with 200. about:
        what may be at fault instead of the server."""
        answer: requests.Response = self._local.answer
        status = answer.status_code
        what = f"{self.host} answers {status}"
        if not write and (lost := swallowed(answer, self._server)) is not None:
            return lost
        trouble = in_trouble(answer, self._server)
        if trouble is not None and status == 429:
            return trouble
        if status >= 500:
            # 500 while the database is down, 502 while PHP is: no word on what was written
            down = trouble.down if trouble is not None else self._server.failed(what, about)
            return blamed(Doubtful(what) if write else Retriable(what), down)
        if status == 413:
            return Refused(f"{what}: the text is larger than the web server takes")
        if status in (401, 403):
            return LoginNeeded(f"{what}: something before Phorge wants a login")
        if status < 400:
            return WrongTracker(f"{self.host} redirects: give the address that it redirects to")
        return WrongTracker(f"{what}: is this the address of Phorge's web pages?")

    # -- the package --------------------------------------------------------------------------

    def _resource(self, method: str) -> Any:
        """The kept method object of this thread. With an interface of its own that names no
        parameters, nothing is checked against the old list, and any method passes."""
        kept: dict[str, Any] | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = {}
            self._local.session = self._session()
        if method not in kept:
            application, _, name = method.partition(".")
            interface = {"method": "POST"}
            made = package().Resource(self._api(), interface, endpoint=name, method=application)
            made.session.close()
            made.session = self._local.session  # the package's own would retry writes
            kept[method] = made
        return kept[method]

    def _api(self) -> Any:
        api = getattr(self._local, "api", None)
        if api is None:
            api = self._local.api = package().Phabricator(
                host=f"{self.address}/api/",
                token=self._token,
                timeout=self._timeout,
                interface={"conduit": {"ping": {}}},
            )
            api.session.close()
            api.formats = {"json": _decoded}  # the package takes NaN, and half surrogate pairs
        return api

    def _session(self) -> requests.Session:
        session = plain_session()
        session.hooks["response"].append(self._keep)
        session.post = _in_pieces(session.post)  # type: ignore[method-assign]
        with self._guard:
            self._sessions.append(session)
        return session

    def _keep(self, answer: requests.Response, *_args: Any, **_more: Any) -> None:
        self._local.answer = answer
