"""Requests that change something at Launchpad: each is sent once, and what its answer means.

An error reply does not prove that nothing was written: what says 5xx may have been carried out, and
is looked for. 401 is said to whom a right is missing, never 403; a login that may read only is told
by the name of the right that everybody else has (seen on a running server).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode

import msgspec
import requests

from tracker_migrate.backends.launchpad.answers import LOGIN, NO_LOGIN
from tracker_migrate.backends.launchpad.login import Signer
from tracker_migrate.errors import Doubtful, Gone, LoginNeeded, ObjectError, Refused, Retriable
from tracker_migrate.failures import failed_write, in_trouble, retry_after
from tracker_migrate.http import plain_session, polite

READS_ONLY = (
    "this login may only read at Launchpad: log in anew, without --read-only "
    "(the page's button is `Change Anything`)"
)
CHANGED = "somebody has changed it at the same moment"
#: how Launchpad names the right that everybody has who may see a bug, and whose login may write
_APPEND = "'launchpad.Append')"
_MAIL = (
    "only a bug supervisor, driver or owner may say something without mail: set "
    "handover.mail = true, or log in as one"
)
#: the start of what it says to a text that it does not take: which one, and no word of it
_REASONS: tuple[tuple[str, str], ...] = (
    ("Email notifications can only be disabled", _MAIL),
    ("Only Bug Supervisors may change status", "only a bug supervisor may set that status"),
    ("tags: ", "Launchpad does not take that tag"),
    ("status: ", "Launchpad has no such status"),
)
_DONE = frozenset({200, 201, 209})
_FORM = "application/x-www-form-urlencoded"


class Sender:
    """Sends to one Launchpad, one request after another. root: of the API; all goes below it."""

    def __init__(
        self, root: str, signer: Signer, *, timeout: float, per_second: float, patience: float
    ) -> None:
        self._root = root
        self._signer = signer
        self._timeout = timeout
        self._host = polite(root, per_second=per_second, patience=patience)
        self._session = plain_session()

    def post(self, path: str, fields: Mapping[str, str]) -> requests.Response:
        """Run a named operation on an object."""
        return self._sent("POST", path, urlencode(fields).encode(), {"Content-Type": _FORM})

    def patch(self, path: str, fields: Mapping[str, Any], etag: str) -> requests.Response:
        """Change fields of an object, if it still is as it was seen. Raises Retriable if not."""
        headers = {"Content-Type": "application/json", "If-Match": etag}
        return self._sent("PATCH", path, msgspec.json.encode(fields), headers)

    def close(self) -> None:
        """Give back the connection."""
        self._session.close()

    def _sent(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> requests.Response:
        self._host.ready(write=True)
        given = {"Accept": "application/json", **headers, **self._signer.headers()}
        try:
            answer = self._session.request(
                method,
                f"{self._root}/{path}",
                data=body,
                headers=given,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise failed_write(error, self._host) from None
        trouble = in_trouble(answer, self._host)
        if answer.status_code not in _DONE:
            _fail(answer, trouble)
        if answer.status_code != 201 and "html" in answer.headers.get("Content-Type", ""):
            raise Doubtful("Launchpad's answer is none")
        return answer


def _fail(answer: requests.Response, trouble: Retriable | None) -> NoReturn:
    status, said = answer.status_code, answer.text[:200]
    if status == 412:
        raise Retriable(CHANGED)
    if status in (404, 410):
        raise Gone("it is not there any more, or not to be seen")
    if status == 401 and (LOGIN.match(said) or said.endswith(_APPEND)):
        raise LoginNeeded(READS_ONLY if said.endswith(_APPEND) else NO_LOGIN)
    if status == 429:
        raise _as_down(Retriable("Launchpad asks for patience", retry_after(answer)), trouble)
    if status >= 500 or status < 400:
        raise _as_down(Doubtful(f"Launchpad answers {status}"), trouble)
    raise Refused(_reason(status, said))


def _reason(status: int, said: str) -> str:
    """Why it did not do it, in words of ours: its own may repeat texts."""
    for start, reason in _REASONS:
        if said.startswith(start):
            return reason
    if re.search(r"'launchpad\.\w+'\)$", said):
        return "this login has not the right to do that there, or the bug is locked"
    return f"Launchpad answers {status}"


def _as_down(error: ObjectError, trouble: Retriable | None) -> ObjectError:
    error.down = trouble is not None and trouble.down
    return error
