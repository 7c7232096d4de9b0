"""Reads that fail are tried again as often as ever, and at once: the suites wait enough."""

from __future__ import annotations

import pytest

from tracker_migrate.retries import Reads


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Reads.__init__

    def quick(self: Reads, attempts: int, backoff: float) -> None:
        made(self, attempts, backoff / 50)

    monkeypatch.setattr(Reads, "__init__", quick)
