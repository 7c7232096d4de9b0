"""The figures of a daemon as Prometheus reads them, by its conventions: base units, `_total` for
what only grows. No label holds anything but names of the settings and words of this program."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from tracker_migrate import __version__, waiting
from tracker_migrate.engine.alarms import KINDS, database_size, late
from tracker_migrate.engine.watch import SOURCE, Watch, lag
from tracker_migrate.hosts import down, ever_answered
from tracker_migrate.workspace.packing import moment
from tracker_migrate.workspace.pulse import Pulse, Side

_P = "tracker_migrate_"
Family = GaugeMetricFamily | CounterMetricFamily


class Figures(Collector):
    """All figures of one daemon, as of when somebody asks."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Family]:
        """The families."""
        pulse = self._watch.pulse
        yield _gauge("build_info", "The version that runs.", ["version"], {(__version__,): 1})
        yield from self._progress(pulse)
        served = {name: pulse.targets[name] for name in self._watch.targets}
        yield from self._sides({SOURCE: pulse.source, **served})
        yield from self._counts()
        yield from self._issues()
        yield from self._room()

    def _progress(self, pulse: Pulse) -> Iterator[Family]:
        watch = self._watch
        yield _one("start_time_seconds", "When it began.", moment(pulse.began).timestamp())
        paused = pulse.doing == "paused"
        yield _one("paused", "1 while somebody has asked it to hold still.", paused)
        silent = waiting.silent()
        yield _one("silent_seconds", "For how long nothing has gone on that had to.", silent)
        apart = "The source's clock less this machine's."
        yield _one("clock_apart_seconds", apart, pulse.apart)
        behind = late(watch.workspace, watch.clock.now()).total_seconds()
        yield _one("sweep_late_seconds", "By how much the sweep is behind its period.", behind)
        yield _one("servers_down", "Servers that are waited for.", len(down()))
        raised = {(one.name, one.of) for one in watch.alarms}
        held = dict.fromkeys(raised, 1)
        held |= {(name, ""): 0 for name in KINDS if name not in {one for one, _of in raised}}
        told = "What a person has to look at: 1; of: the source, the workspace, or a target."
        yield _gauge("alarm", told, ["alarm", "of"], held)

    def _sides(self, sides: dict[str, Side]) -> Iterator[Family]:
        done = {(name,): moment(one.done).timestamp() for name, one in sides.items() if one.done}
        told = "When a round last came through."
        yield _gauge("last_success_timestamp_seconds", told, ["of"], done)
        now = self._watch.clock.now()
        lags = {(name,): lag(one, now) for name, one in sides.items()}
        known = {at: seconds for at, seconds in lags.items() if seconds is not None}
        told = "What had changed this long ago is read, or written."
        yield _gauge("lag_seconds", told, ["of"], known)
        failing = {(name,): int(bool(one.failing)) for name, one in sides.items()}
        yield _gauge("failing", "1 if the last round did not come through.", ["of"], failing)
        queue = {(name,): one.queue for name, one in sides.items() if name != SOURCE}
        yield _gauge("queue_issues", "Issues to be written, about.", ["target"], queue)

    def _counts(self) -> Iterator[Family]:
        watch = self._watch
        rounds = {(how,): watch.rounds[how] for how in ("done", "left", "failed")}
        yield _counter("rounds", "Rounds, by how they ended.", ["result"], rounds)
        found = {(how,): many for how, many in watch.found.items()}
        yield _counter("changes_found", "Changed issues, by how they were found.", ["how"], found)
        yield _counter("events", "What happened.", ["event", "target"], watch.counts.copy())
        answers = CounterMetricFamily(f"{_P}requests", "Requests that servers have answered.")
        answers.add_metric([], ever_answered())
        yield answers

    def _issues(self) -> Iterator[Family]:
        workspace = self._watch.workspace
        yield _one("issues", "Issues that were read.", workspace.archive.count())
        unread = len(workspace.archive.unread())
        yield _one("unread_issues", "Issues that could not be read.", unread)
        states = {
            (name, state): many
            for name in self._watch.pulse.targets
            for state, many in workspace.ledger(name).states().items()
        }
        yield _gauge("target_issues", "Where issues stand.", ["target", "state"], states)
        edits = {
            (name,): len(workspace.ledger(name).conflicts()) for name in self._watch.pulse.targets
        }
        yield _gauge("kept_edits", "Fields that people changed there.", ["target"], edits)

    def _room(self) -> Iterator[Family]:
        workspace = self._watch.workspace
        yield _one("database_bytes", "The database on this machine.", database_size(workspace))
        free = shutil.disk_usage(workspace.state).free
        yield _one("disk_free_bytes", "What is free where the state is.", free)


def registry(watch: Watch) -> CollectorRegistry:
    """A daemon's figures, with those of its process: memory, open files, processor."""
    from prometheus_client import ProcessCollector

    made = CollectorRegistry()
    made.register(Figures(watch))
    ProcessCollector(registry=made)
    return made


def _one(name: str, told: str, value: float) -> Family:
    return GaugeMetricFamily(f"{_P}{name}", told, value=value)


def _gauge(name: str, told: str, labels: list[str], values: Mapping[Any, float]) -> Family:
    return _filled(GaugeMetricFamily(f"{_P}{name}", told, labels=labels), values)


def _counter(name: str, told: str, labels: list[str], values: Mapping[Any, int]) -> Family:
    return _filled(CounterMetricFamily(f"{_P}{name}", told, labels=labels), values)


def _filled(made: Family, values: Mapping[Any, float]) -> Family:
    for labels, value in sorted(values.items()):
        made.add_metric(list(labels), value)
    return made
