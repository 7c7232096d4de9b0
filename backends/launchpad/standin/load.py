"""Filling a stand-in: from a recorded wire file, a recorded project folder, or a dump record."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from tracker_migrate.backends.launchpad.standin.absorb import absorb
from tracker_migrate.backends.launchpad.standin.dump import load_dump
from tracker_migrate.backends.launchpad.standin.generate import generate_from_spec
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn


def load_spec(standin: LaunchpadStandIn, spec: str) -> None:
    """Fill a stand-in as a `--load` says: `wire:FILE`, `project:FOLDER`, `dump:FILE`,
    `generated:bugs=700,blueprints=60,seed=1`."""
    kind, _, what = spec.partition(":")
    match kind:
        case "wire":
            load_wire(standin, Path(what))
        case "project":
            load_project(standin, Path(what))
        case "dump":
            load_dump_file(standin, Path(what))
        case "generated":
            generate_from_spec(standin, what)
        case _:
            raise ValueError(f"--load knows wire:, project:, dump:, generated:, not {kind!r}")


def load_wire(standin: LaunchpadStandIn, file: Path) -> None:
    """Load a recorded wire file: one JSON object a line with url, status, body, maybe viewer."""
    absorb(standin, _wire_records(file))


def _wire_records(file: Path) -> Iterator[dict[str, Any]]:
    with opened(file) as lines:
        for line in lines:
            yield json.loads(line)


def opened(file: Path) -> TextIO:
    """A text file that may be compressed."""
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8")
    return file.open(encoding="utf-8")


def load_project(standin: LaunchpadStandIn, folder: Path) -> None:
    """Load a recorded project folder: INDEX.json lists address, status, file."""
    absorb(standin, _folder_records(folder))


def _folder_records(folder: Path) -> Iterator[dict[str, Any]]:
    for url, status, name in json.loads((folder / "INDEX.json").read_text()):
        file = folder / name
        if file.suffix == ".bin":
            yield {"url": url, "status": status, "content": file.read_bytes()}
        elif file.exists():
            yield {"url": url, "status": status, "body": file.read_text(encoding="utf-8")}
    yield from _files_beside(folder)


def _files_beside(folder: Path) -> Iterable[dict[str, Any]]:
    """Attachments' bytes, named after the address of their data."""
    for file in sorted(folder.glob("bugs_*_data.bin")):
        path = file.stem.replace("_", "/")
        yield {"url": f"/devel/{path}", "status": 200, "content": file.read_bytes()}


def load_dump_file(standin: LaunchpadStandIn, file: Path, project: str = "nova") -> None:
    """Load a dump: one bug a line."""
    with opened(file) as lines, standin.lock, standin.store.transaction():
        for line in lines:
            load_dump(standin, json.loads(line), project)
