"""A source read without a workspace, into one that is gone afterwards: one issue, or a sample."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from tracker_migrate import registry
from tracker_migrate.engine.events import Listen, silent
from tracker_migrate.engine.pull import Pull
from tracker_migrate.errors import ObjectError, Unreachable
from tracker_migrate.interfaces import Listed, Source
from tracker_migrate.model import Issue, Key, kind_of, name_of, parts
from tracker_migrate.waiting import heard_by
from tracker_migrate.workspace import Workspace

#: where a target would be; nothing is sent there
_NOWHERE = "https://{tracker}.example.org"


@contextmanager
def glimpse(issue: Key, trackers: Sequence[str], address: str | None = None) -> Iterator[Workspace]:
    """A workspace that holds one issue, what it lives in and who is named in it; with a target of
    each tracker, called by its name. Everybody may read what is read.

    address: of the source's API, if it is not the usual one. Raises Gone, Refused, Unreachable.
    """
    tracker = parts(issue)[0]
    options = {"address": address} if address else {}
    with _for_now([f"{tracker}:{tracker}"], options, trackers) as workspace:
        _read(workspace, issue, options)
        yield workspace


@contextmanager
def sample(
    specs: Sequence[str],
    trackers: Sequence[str],
    most: int,
    address: str | None = None,
    listen: Listen = silent,
) -> Iterator[tuple[Workspace, int]]:
    """A workspace that holds some of a source's issues, drawn evenly from all that it lists, and
    how many those are; with a target of each tracker. No bytes of attachments are read.

    specs: `launchpad:nova` … most: how many issues; 0 is all. The draw is the same each time, for
    as long as the source lists the same. Raises UsageError, Unreachable, WrongTracker.
    """
    options = {"address": address} if address else {}
    with _for_now(specs, options, trackers) as workspace, heard_by(listen):
        with closing(registry.open_source(specs, options, None)) as source:
            source.check()
            listed = list(source.listing(None))
            drawn = Drawn(source, evenly(listed, most))
            Pull(cast(Source, drawn), workspace.archive, "sample", listen=listen).run(
                limit=len(listed) or 1
            )
        yield workspace, len(listed)


def evenly(listed: Sequence[Listed], most: int) -> Sequence[Listed]:
    """So many, each as far from the next in the list as any other; all, if `most` is 0."""
    if not most or most >= len(listed):
        return listed
    return [listed[place * len(listed) // most] for place in range(most)]


class Drawn:
    """A source that lists a part of its issues. All else is its own."""

    def __init__(self, source: Source, listed: Sequence[Listed]) -> None:
        self._source = source
        self._listed = listed

    def listing(self, since: datetime | None, newest: int | None = None) -> Iterator[Listed]:
        """The issues that were drawn."""
        yield from self._listed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


@contextmanager
def _for_now(
    specs: Sequence[str], options: Mapping[str, str], trackers: Sequence[str]
) -> Iterator[Workspace]:
    """A workspace in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tracker-migrate-") as name:
        folder = Path(name)
        (folder / "migration.toml").write_text(_settings(specs, options, trackers), "utf-8")
        (folder / "mappings").mkdir()
        with Workspace(folder) as workspace:
            yield workspace


def _settings(specs: Sequence[str], options: Mapping[str, str], targets: Sequence[str]) -> str:
    lines = ["[source]", f"specs = {json.dumps(list(specs))}"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    for one in targets:
        sink = f"{one}:{_NOWHERE.format(tracker=one)}"
        lines += [f"[targets.{one}]", f"sink = {json.dumps(sink)}"]
    return "\n".join(lines) + "\n"


def _read(workspace: Workspace, key: Key, options: Mapping[str, str]) -> None:
    tracker, archive = parts(key)[0], workspace.archive
    # an issue is read by its key, whatever a source was opened for
    with closing(_source(tracker, [_pillar(key)], options)) as source:
        reading = source.read(key)
        assert reading is not None  # nothing of it was known before
        archive.put(reading).result()
        for person in archive.people_to_read():
            with suppress(ObjectError):
                archive.put_entity(source.person(person)).result()
    for pillar in _pillars(reading.issue):
        # one that is closed to the public is only named by its path
        with suppress(ObjectError, Unreachable), closing(_source(tracker, [pillar], options)) as at:
            for entity in at.surroundings():
                archive.put_entity(entity).result()


def _source(tracker: str, names: Sequence[str], options: Mapping[str, str]) -> Source:
    return registry.open_source([f"{tracker}:{name}" for name in names], options, None)


def _pillar(issue: Key) -> str:
    return name_of(issue).partition("/")[0] if kind_of(issue) == "blueprint" else parts(issue)[0]


def _pillars(issue: Issue) -> list[str]:
    return sorted({name_of(task.project) for task in issue.tasks}) or [_pillar(issue.key)]
