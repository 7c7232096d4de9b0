"""What several files of tests start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.launchpad.closed import add_blueprints, lab_private
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn


@pytest.fixture
def closed() -> Iterator[LaunchpadStandIn]:
    """A Launchpad with private bugs, as it was recorded."""
    with lab_private() as made:
        yield made


@pytest.fixture
def planned(closed: LaunchpadStandIn) -> LaunchpadStandIn:
    """The same, with private blueprints."""
    add_blueprints(closed)
    return closed
