"""Which login of a workspace a name means, and what is said of one that was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tracker_migrate import registry
from tracker_migrate.cli import screen
from tracker_migrate.errors import UsageError
from tracker_migrate.logins import Granted, Wish
from tracker_migrate.mappings.table import did_you_mean
from tracker_migrate.text.redact import hide_addresses
from tracker_migrate.workspace import granted as granted_
from tracker_migrate.workspace import secrets
from tracker_migrate.workspace.secrets import Place
from tracker_migrate.workspace.settings import Settings, options_of


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A login that a workspace can use. secret: the name that it is kept under. own: for an
    outsider's, the name of the importer's at the same target."""

    tracker: str
    secret: str
    address: str = ""
    options: dict[str, Any] = {}
    private: bool = False
    own: str = ""

    @classmethod
    def of(cls, settings: Settings, name: str, outsider: bool) -> Wanted:
        """What a name means: the source's tracker, a target, or the tracker of the one target that
        is of it. Raises UsageError that names the choices."""
        source = source_tracker(settings)
        if name == source:
            if outsider:
                raise UsageError(f"--outsider is for a target, not for {name}")
            return cls(
                tracker=source,
                secret=source,
                address=settings.source.address or "",
                options={"timeout": settings.source.timeout},
                private=settings.source.private,
            )
        target = _target(settings, name, source)
        options = options_of(settings.targets[target])
        tracker, address = registry.split(settings.targets[target]["sink"], "target")
        own = f"{target}-token"
        return cls(
            tracker=tracker,
            secret=f"{target}-outsider-token" if outsider else own,
            address=address,
            options=options,
            own=own if outsider else "",
        )

    def wish(self, *, read_only: bool, timeout: float) -> Wish:
        """What the backend is asked for."""
        return Wish(
            address=self.address,
            options=self.options,
            read_only=read_only,
            private=self.private,
            timeout=timeout,
        )

    def check(self, folder: Path, granted: Granted) -> None:
        """Raise UsageError if an outsider is the importer: every private object would then seem to
        be exposed."""
        held = secrets.secret(folder, self.own) if self.own else None
        if held is None:
            return
        known = granted_.of(folder, self.own, held)
        if held == granted.secret or (known is not None and known.account == granted.account):
            raise UsageError(
                "this is the importer's own account, which reads what is private: an outsider is "
                "somebody else"
            )


def source_tracker(settings: Settings) -> str:
    """The tracker that a workspace reads."""
    return settings.source.specs[0].partition(":")[0]


def _target(settings: Settings, name: str, source: str) -> str:
    if name in settings.targets:
        return name
    sinks = {one: str(at["sink"]).partition(":")[0] for one, at in settings.targets.items()}
    of_tracker = [one for one, tracker in sinks.items() if tracker == name]
    if len(of_tracker) == 1:
        return of_tracker[0]
    if of_tracker:
        raise UsageError(f"several targets are of {name}: name one of {', '.join(of_tracker)}")
    choices = [source, *settings.targets]
    raise UsageError(
        f'nothing to log in to is called "{name}"{did_you_mean(name, choices)} '
        f"(there are: {', '.join(choices)})"
    )


def report(folder: Path, wanted: Wanted, granted: Granted, at: Place | None, as_json: bool) -> None:
    """Say whose login it is, what it may, when it ends, where it is (None: not kept), and what
    stands before it."""
    first = next(secrets.places(folder, wanted.secret), None)
    hidden_by = first if at is not None and first != at else None
    if as_json:
        screen.document(_document(wanted, granted, at, hidden_by))
        return
    who = hide_addresses(granted.who)
    name = who if granted.account == f"~{who}" else f"{who} ({granted.account})"
    screen.echo(f"logged in to {wanted.tracker} as {name}: it may {granted.may}")
    screen.echo(f"it ends: {granted.ends}")
    screen.echo(f"kept in {at}" if at is not None else "not kept (--dry-run)")
    if hidden_by is not None:
        screen.echo(f"but {hidden_by} comes first, and is what is used: take that away", err=True)


def _document(
    wanted: Wanted, granted: Granted, at: Place | None, hidden_by: Place | None
) -> dict[str, Any]:
    return {
        "tracker": wanted.tracker,
        "account": granted.account,
        "who": hide_addresses(granted.who),
        "may": granted.may,
        "ends": granted.ends,
        "kept": msgspec.to_builtins(at),
        "hidden_by": msgspec.to_builtins(hidden_by),
    }
