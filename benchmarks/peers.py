"""What people would use instead, from PyPI, in a virtual environment of its own: it lies in the
user's cache folder, and is made when it is first needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

#: what is compared with; setuptools: for what they import of it
PEERS = (
    "perceval==1.6.1",
    "launchpadlib==2.3.0",
    "phabricator==0.9.1",
    "python-storyboardclient==0.2.0",
    "setuptools<81",
)
_SCRIPTS = Path(__file__).with_name("peer")


class NoPeers(Exception):
    """They could not be installed."""


def run(peer: str, *arguments: str) -> Any:
    """What a peer's script (`benchmarks/peer`) printed. Raises NoPeers."""
    command = [str(_python()), "-I", str(_SCRIPTS / f"{peer}_.py"), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tracker-migrate" / f"peers-{sys.version_info[0]}.{sys.version_info[1]}"


def _python() -> Path:
    folder = _folder()
    python, ready = folder / "bin" / "python", folder / "ready"
    wanted = "\n".join(PEERS)
    if not ready.is_file() or ready.read_text() != wanted:
        print(f"  installing what is compared with into {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *PEERS]
        if subprocess.run(install, check=False, stderr=subprocess.DEVNULL).returncode:
            raise NoPeers(
                "what is compared with could not be installed: no network, or no package index? "
                f"Needed in {folder}: {', '.join(PEERS)}"
            )
        ready.write_text(wanted)
    return python
