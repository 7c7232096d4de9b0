"""Changes at the demo's Launchpad, made as its people would make them: over its API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from tracker_migrate.cli.demo.servers import Server

_STATUSES = ("New", "Triaged", "Confirmed", "In Progress", "Invalid", "Fix Released")


class Life:
    """Somebody with a login at the stand-in. owner: consumer, token and secret in one text."""

    def __init__(self, server: Server, owner: str, project: str) -> None:
        self._server = server
        self._project = project
        consumer, token, secret = owner.split()
        self._login = (
            f'OAuth realm="", oauth_consumer_key="{consumer}", oauth_token="{token}", '
            f'oauth_signature_method="PLAINTEXT", oauth_signature="%26{secret}"'
        )

    def public_bugs(self, count: int) -> list[int]:
        """The first few of the project's public bugs."""
        asked = {"ws.op": "searchTasks", "order_by": "id", "ws.size": 20, "status": _STATUSES}
        query = urlencode(asked, doseq=True)  # without a status the closed ones are left out
        rows = self._server.ask("GET", f"/devel/{self._project}?{query}").json()["entries"]
        numbers = [int(row["bug_link"].rsplit("/", 1)[1]) for row in rows]
        return list(dict.fromkeys(numbers))[:count]

    def comment(self, bug: int, text: str) -> None:
        """Add a comment."""
        form = {"ws.op": "newMessage", "subject": "", "content": text}
        self._write("POST", f"/devel/bugs/{bug}", data=form)

    def retitle(self, bug: int, title: str) -> None:
        """Give a bug another title."""
        headers = {"Content-Type": "application/json"}
        body = json.dumps({"title": title})
        self._write("PATCH", f"/devel/bugs/{bug}", data=body, headers=headers)

    def close(self, bug: int) -> None:
        """Make a bug private. Launchpad does not list it as changed then."""
        form = {"ws.op": "transitionToInformationType", "information_type": "Private"}
        self._write("POST", f"/devel/bugs/{bug}", data=form)

    def _write(self, method: str, path: str, **how: Any) -> None:
        headers = {"Authorization": self._login, **how.pop("headers", {})}
        answer = self._server.ask(method, path, headers=headers, **how)
        if answer.status_code >= 300:
            raise ValueError(f"{method} {path}: {answer.status_code}")
