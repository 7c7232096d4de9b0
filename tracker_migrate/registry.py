"""Finding backends by entry point, late: `launchpad:nova` → a Source.

A third party's source or sink is a package that names itself under `tracker_migrate.sources` or
`tracker_migrate.sinks`; nothing here imports one before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from tracker_migrate.checked import did_you_mean, plain
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import VERSION, Exported, Sink, Source
from tracker_migrate.logins import Granted, Person, Wish
from tracker_migrate.model import Key

#: what such an entry point leads to depends on `tracker_migrate.interfaces`
_VERSIONED = ("sources", "sinks", "planners")


@cache
def _load(group: str, name: str) -> Any:
    known(group, name)
    entry = entry_points(group=f"tracker_migrate.{group}")[name]
    loaded = entry.load()
    if group in _VERSIONED:
        _check_version(name, getattr(import_module(entry.module), "INTERFACE", None), entry.module)
    return loaded


def _check_version(name: str, written_for: object, module: str) -> None:
    """Raise UsageError unless a backend was written for this version of the interfaces."""
    if written_for == VERSION:
        return
    if written_for is None:
        raise UsageError(
            f"{name}: does not say for which version of tracker_migrate.interfaces it was written: "
            f"its module {module} needs INTERFACE = {VERSION}"
        )
    newer = isinstance(written_for, int) and written_for > VERSION
    raise UsageError(
        f"{name}: was written for version {written_for} of tracker_migrate.interfaces, and this is "
        f"version {VERSION}: update {'tracker-migrate' if newer else f'the package of {module}'}"
    )


def known(group: str, name: str) -> None:
    """Raise UsageError unless a backend of that name is installed. group: `sources`, `sinks` …"""
    there = names(group)
    if name not in there:
        raise UsageError(
            f'"{name}" is none of the {group} (known: {", ".join(there)})'
            f"{did_you_mean(name, there) or ': check the word before the colon'}"
        )


def names(group: str) -> list[str]:
    """The names of all installed `sources` or `sinks`."""
    return sorted(entry_points(group=f"tracker_migrate.{group}").names)


def split(spec: str, what: str) -> tuple[str, str]:
    """`launchpad:nova` → ("launchpad", "nova"). UsageError if there is no colon."""
    tracker, colon, rest = spec.partition(":")
    if not colon or not rest:
        example = "launchpad:nova" if what == "source" else "storyboard:https://…"
        raise UsageError(f'"{spec}" is no {what}: write it as {example}')
    return tracker, rest


def open_source(
    specs: Sequence[str], options: Mapping[str, Any], credentials: Mapping[str, str] | None
) -> Source:
    """One source for specs of one tracker (`launchpad:nova`, `launchpad:ubuntu/+source/vim`)."""
    pairs = [split(spec, "source") for spec in specs]
    trackers = {tracker for tracker, _ in pairs}
    if len(trackers) != 1:
        raise UsageError(f"one workspace reads one tracker, not {', '.join(sorted(trackers))}")
    opener = _load("sources", trackers.pop())
    return cast(Source, opener([rest for _, rest in pairs], options, credentials))


def open_sink(
    spec: str, options: Mapping[str, Any], token: str | None, outsider: str | None = None
) -> Sink:
    """The sink of `storyboard:https://…`."""
    tracker, address = split(spec, "target")
    return cast(Sink, _load("sinks", tracker)(address, options, token, outsider))


def needs_login(tracker: str) -> bool:
    """Whether a source shows what is private to nobody but who has logged in: so it is, unless its
    module says NEEDS_LOGIN = False."""
    known("sources", tracker)
    entry = entry_points(group="tracker_migrate.sources")[tracker]
    return bool(getattr(import_module(entry.module), "NEEDS_LOGIN", True))


def check_address(tracker: str, address: str) -> None:
    """Have a sink's module look at an address, if it can; no server is asked. Raises UsageError."""
    known("sinks", tracker)
    entry = entry_points(group="tracker_migrate.sinks")[tracker]
    check = getattr(import_module(entry.module), "check_address", None)
    if check is not None:
        check(address)


def plain_address(tracker: str, address: str) -> str:
    """An address without what is the same in two spellings of one. A sink's module knows more of
    that, if it has a `plain_address` of its own."""
    address = plain(address)
    if tracker not in names("sinks"):
        return address
    entry = entry_points(group="tracker_migrate.sinks")[tracker]
    own = getattr(import_module(entry.module), "plain_address", None)
    return address if own is None else str(own(address))


def exported(tracker: str) -> list[Exported]:
    """Every field that a source exports, and what it is in the model; a source's module need not
    say that. Raises UsageError if it does not."""
    known("sources", tracker)
    entry = entry_points(group="tracker_migrate.sources")[tracker]
    told = getattr(import_module(entry.module), "exported_fields", None)
    if told is None:
        raise UsageError(f"{tracker}: its module {entry.module} does not say which fields it reads")
    return list(told())


def log_in(tracker: str, wish: Wish, person: Person) -> Granted:
    """Have a person log in to a tracker. Raises what `logins` says; UsageError if it can't be
    logged in to."""
    return cast(Granted, _load("logins", tracker)(wish, person))


def planner(tracker: str, options: Mapping[str, Any]) -> Any:
    """A sink's planner alone, without any server."""
    return _load("planners", tracker)(options)


def blocks_of(tracker: str) -> Callable[[str, str, Key], tuple[Any, ...]]:
    """What turns a tracker's texts into blocks: (text, the issue's address, its key)."""
    return cast(Callable[[str, str, Key], tuple[Any, ...]], _load("texts", tracker))
