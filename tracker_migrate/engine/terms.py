"""What a worker has to agree with before it takes a part: the same program, tables and settings as
who coordinates. Another would write other texts, and the next run would write them again."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_migrate import __version__
from tracker_migrate.digest import digest
from tracker_migrate.engine import queue
from tracker_migrate.engine.foreseen import inputs
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import UsageError
from tracker_migrate.workspace.database import HEAD

#: options of a target that each machine may have as it likes
_OWN = {"connections", "timeout", "patience"}
_VERSION = "{here} here, {there} there: install the same on both machines"
_OTHERWISE = {
    "program": f"tracker-migrate is {_VERSION}",
    "schema": f"the workspace has schema {_VERSION}",
    "queue": f"procrastinate is {_VERSION}",
    "settings": "migration.toml says something else here than there: copy it from there",
    "tables": "mappings/ hold something else here than there: copy the folder from there",
    "seal": "the credential {target}-seal is another one here than there: copy it from there",
}


def terms(target: Target) -> dict[str, str]:
    """The terms of this machine. Raises WorkspaceError if the key of the seals can't be read."""
    settings = target.workspace.settings
    given = {name: value for name, value in target.options.items() if name not in _OWN}
    return {
        "program": __version__,
        "schema": HEAD,
        "queue": queue.version(),
        "settings": digest((settings.source.model_dump(mode="json"), target.spec, given)),
        "tables": inputs(target, ""),
        "seal": target.seals.of("terms"),
    }


def must_agree(target: Target, there: Mapping[str, str]) -> None:
    """Raise UsageError with all that is otherwise here than where the run is coordinated."""
    here = terms(target)
    said = [
        words.format(here=here[name], there=there.get(name, "unknown"), target=target.name)
        for name, words in _OTHERWISE.items()
        if here[name] != there.get(name)
    ]
    if said:
        raise UsageError("this worker can't work for the run there: " + "; ".join(said))
