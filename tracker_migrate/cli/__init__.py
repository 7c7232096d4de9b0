"""The command line. `main` is what `tracker-migrate` runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command, and end with the status that `docs/exit-status` lists."""
    from tracker_migrate.cli.run import run

    sys.exit(run(argv))
