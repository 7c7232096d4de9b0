"""The demo: a made-up project into both trackers, killed half-way, resumed, verified."""

from tracker_migrate.cli.demo.demo import Demo

__all__ = ["Demo"]
