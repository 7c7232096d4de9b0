"""Get a login for Launchpad, and keep it where a workspace looks for it.

    python examples/launchpad_login.py nova-move

It prints the address of a page. Open it in any browser, on any machine, choose what the login may
do ("Read Private Data" if private bugs are to be read), and press Enter here. Three words go into
state/credentials/launchpad, which only its owner may read.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import tracker_migrate as tm
from tracker_migrate.backends.launchpad.login import login

LAUNCHPAD = "https://api.launchpad.net"


def ask(page: str) -> None:
    """Show the page to somebody, and wait."""
    print(f"open this page, say yes, then press Enter here:\n{page}", flush=True)
    sys.stdin.readline()


def keep(folder: Path, words: list[str]) -> Path:
    """Write the login to a file that nobody else can read, not even for a moment."""
    place = folder / "state" / "credentials" / "launchpad"
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(" ".join(words) + "\n")
    return place


def main() -> int:
    """Log in for the workspace that the command line names."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    try:
        with tm.Workspace(folder) as workspace:
            address = workspace.settings.source.address or LAUNCHPAD
        words = login(address, ask)
    except tm.MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(f"kept in {keep(folder, list(words.values()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
