"""Sending recorded writes to a stand-in again: forms, files, JSON, as the recorded person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from tests.backends.launchpad.standin_compare import HOST
from tests.backends.launchpad.standin_recordings import Asked
from tests.backends.launchpad.standin_replay import Asker


def send_write(asker: Asker, asked: Asked) -> requests.Response:
    """Send a recorded write (or a read with its recorded headers)."""
    if asked.method == "PATCH":
        return asker.send(asked, json=_local(asked.sent, asker.url))
    if asked.method == "POST" and asked.files:
        files = {
            field: (name, content, kind) for field, (name, content, kind) in asked.files.items()
        }
        return asker.send(asked, data=_local(asked.sent, asker.url), files=files)
    if asked.method == "POST":
        return asker.send(asked, data=_local(asked.sent, asker.url))
    return asker.send(asked, headers=asked.headers)


def _local(value: Any, url: str) -> Any:
    return json.loads(json.dumps(value).replace(HOST, url))


def clock_of(asked: Asked) -> datetime:
    """When the real server answered."""
    return parsedate_to_datetime(asked.date).astimezone(UTC)
