"""migration.toml: what a workspace reads, and where it writes. All mistakes are said at once.

No secret belongs here: tokens come from the environment, from a file that only its owner may read
(`state/credentials/NAME`), or from a systemd credential.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from tracker_migrate import registry
from tracker_migrate.checked import mistakes as mistakes_
from tracker_migrate.checked import web_address
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Planner
from tracker_migrate.mappings.table import Mistakes, toml
from tracker_migrate.workspace.handing import HandoverSettings
from tracker_migrate.workspace.policies import mistakes_in
from tracker_migrate.workspace.secrets import secret_variable

FILE = "migration.toml"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_SECRET = re.compile(r"token(?!_ends$)|secret|password", re.IGNORECASE)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


def _spec(spec: str) -> str:
    if ":" not in spec:
        raise ValueError(f'"{spec}" names no tracker: write it as launchpad:{spec}')
    return spec


class SourceSettings(_Strict):
    """What is read. specs: `launchpad:nova`, `launchpad:openstack` (a group) … also: what costs a
    request more for each issue, by the source's own names. attachments: whether their bytes are;
    attachment_limit: of how many bytes the largest may be. token_ends: when the login
    does, where the source does not tell."""

    specs: list[Annotated[str, AfterValidator(_spec)]] = Field(min_length=1)
    #: the API's, if it is not the usual one
    address: Annotated[str, AfterValidator(web_address)] | None = None
    #: read what not everybody may read, too: needs a login
    private: bool = False
    also: tuple[str, ...] = ()
    #: show e-mail addresses that the source hides from the public
    show_addresses: bool = False
    #: how many requests may be under way at once
    connections: int = Field(default=8, ge=1, le=64)
    #: requests, of all connections together; 0 for no limit
    per_second: float = Field(default=20.0, ge=0)
    #: seconds for which a server is waited for that is down
    patience: float = Field(default=600.0, ge=0)
    #: seconds for a request
    timeout: float = Field(default=60.0, gt=0)
    #: how many rows a listing asks for at once
    page: int = Field(default=75, ge=1, le=300)
    #: how far before the last reading what has changed is asked for
    overlap_minutes: float = Field(default=10.0, ge=0)
    attachments: bool = True
    attachment_limit: ByteSize = Field(default=ByteSize(1_000_000_000), ge=0)
    token_ends: date | datetime | None = None


class DatabaseSettings(_Strict):
    """Where the workspace keeps its state: SQLite in `state/`, unless a PostgreSQL is named."""

    #: `postgresql+psycopg://USER@HOST/NAME`; a password belongs into the credential `database`
    url: str | None = None

    @field_validator("url")
    @classmethod
    def _holds_no_password(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"(sqlite|postgresql)(\+\w+)?://", url):
            raise ValueError("must be postgresql+psycopg://USER@HOST/NAME, or be left out")
        if url is not None and (urlsplit(url).password or re.search(r"[?&]\w*pass", url)):
            variable = secret_variable("database")
            raise ValueError(f"holds a password: put the whole address into {variable} instead")
        return url


class TargetDatabase(BaseModel):
    """`[targets.NAME.database]`: the target's own database, for `backdate`. url: without a
    password. accept: differences from the tables that are known, as they are told, that somebody
    has looked at. batch: how many objects a transaction takes, about. All else is the backend's."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, frozen=True)

    url: str
    accept: tuple[str, ...] = ()
    batch: int = Field(default=2000, ge=1, le=100_000)

    @field_validator("url")
    @classmethod
    def _holds_no_password(cls, url: str) -> str:
        if not re.match(r"(mysql|mariadb)(\+\w+)?://", url):
            raise ValueError("must be mysql+pymysql://USER@HOST/NAME: it is MariaDB's, or MySQL's")
        if urlsplit(url).password is not None or re.search(r"[?&]\w*pass", url):
            raise ValueError("holds a password: that belongs into the credential NAME-database")
        return url


#: settings of a target that are none of its backend's
_OURS = ("sink", "database", "conflicts", "token_ends", "moved_from")


def options_of(target: Mapping[str, Any]) -> dict[str, Any]:
    """A target's settings less our own: what its backend takes as options."""
    return {name: value for name, value in target.items() if name not in _OURS}


def database_of(target: Mapping[str, Any]) -> TargetDatabase | None:
    """A target's `database` settings, if it has any. They were checked before."""
    held = target.get("database")
    return None if held is None else TargetDatabase.model_validate(held)


def loopback(listen: str) -> tuple[str, int]:
    """An address of this machine's own, and a port. Raises ValueError for any other: what is told
    there is for nobody else."""
    split = urlsplit(f"//{listen}")
    try:
        host, port = split.hostname or "", split.port
        own = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        host, port, own = "", None, False
    if not own or not port or split.path or split.username is not None:
        raise ValueError('must be an address of this machine alone: "127.0.0.1:9464"')
    return ("127.0.0.1" if host == "localhost" else host), port


class SyncSettings(_Strict):
    """How `sync` goes on. every: seconds between two rounds. around_minutes: after so many it asks
    again for what issues live in, and who may read what; blueprints_minutes: and for blueprints, as
    nothing says when they change. sweep_hours: in so many it reads every issue again, a few in each
    round, and in so many days (people_days) everybody; 0 for never. most_new: more new issues at
    once are not believed. retargeted: what becomes of issues that were moved to where nothing is
    read (`engine.away.Policy`). listen: where figures are given out, on this machine alone. log: a
    file for one JSON line an event; `-` is the standard output."""

    every: float = Field(default=300.0, ge=1)
    around_minutes: float = Field(default=60.0, ge=0)
    blueprints_minutes: float = Field(default=60.0, ge=0)
    sweep_hours: float = Field(default=24.0, ge=0)
    #: in so many days everybody is read again who was read before; 0 for never
    people_days: float = Field(default=7.0, ge=0)
    most_new: int = Field(default=500, ge=1)
    retargeted: Literal["mark", "follow", "close", "keep"] = "mark"
    listen: str | None = None
    log: str | None = None

    @field_validator("listen")
    @classmethod
    def _is_this_machine(cls, listen: str | None) -> str | None:
        if listen is not None:
            loopback(listen)
        return listen


class Settings(_Strict):
    """The whole file. targets: by name, `sink` and that sink's own options."""

    source: SourceSettings
    targets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    sync: SyncSettings = Field(default_factory=SyncSettings)
    handover: HandoverSettings = Field(default_factory=HandoverSettings)


def load(folder: Path, *, backends: bool = False) -> Settings:
    """The settings of a workspace. Raises UsageError with every mistake and its path.

    backends: see `checked`.
    """
    path = folder / FILE
    if not path.is_file():
        raise UsageError(
            f"{folder} is no workspace (it has no {FILE}): go to one, name it with -C, or make one "
            "with: tracker-migrate init DIR --from launchpad:PROJECT"
        )
    mistakes = Mistakes()
    held = toml(path, mistakes)
    if not held:
        mistakes.stop_if_any()
    return checked(held, backends, mistakes)


def checked(held: Mapping[str, Any], backends: bool, before: Mistakes | None = None) -> Settings:
    """What a settings file holds, as settings. Raises UsageError with every mistake and its path,
    those that were found before too.

    backends: whether its backends must be installed, and take their options (which their planners
    check; no server is asked). A test's own backends need not be.
    """
    mistakes = Mistakes()
    _no_secrets(held, "", mistakes)
    secret = {line.split(": ")[1] for line in mistakes.found}
    mistakes.found += before.found if before is not None else ()
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(held)
    except ValidationError as error:
        for line in mistakes_(error, Settings):
            path, _, what = line.partition(": ")
            if path not in secret:
                mistakes.add(f"{FILE}: {path}", what)
    if backends and settings is not None:
        _check_specs(settings.source.specs, mistakes)
    targets = held.get("targets")
    for name, target in targets.items() if isinstance(targets, dict) else ():
        if isinstance(target, dict):
            _check_target(name, target, secret, backends, mistakes)
    mistakes.stop_if_any()
    assert settings is not None
    return settings


def _check_specs(specs: list[str], mistakes: Mistakes) -> None:
    for spec in specs:
        try:
            registry.known("sources", registry.split(spec, "source")[0])
        except UsageError as error:
            mistakes.add(f"{FILE}: source.specs", str(error))


def _check_target(
    name: str, target: Mapping[str, Any], secret: set[str], backends: bool, mistakes: Mistakes
) -> None:
    place = f"targets.{name}"
    if not _NAME.fullmatch(name):
        mistakes.add(f"{FILE}: {place}", "a target's name is lower-case letters, digits, - and _")
    if name.endswith("-outsider"):
        what = "its token would be taken for an outsider's of another target: choose another name"
        mistakes.add(f"{FILE}: {place}", what)
    sink = target.get("sink")
    _check_database(place, target, mistakes)
    if not isinstance(target.get("token_ends"), date | None):
        mistakes.add(f"{FILE}: {place}.token_ends", "must be a date, without quotes: 2027-01-31")
    _check_conflicts(place, target, mistakes)
    _check_moved(place, target, mistakes)
    if not isinstance(sink, str):
        what = 'needs sink = "storyboard:https://…" or "maniphest:https://…"'
        mistakes.add(f"{FILE}: {place}", what)
        return
    try:
        tracker, address = registry.split(sink, "target")
        if "//" in address:
            web_address(address)
        if backends:
            registry.check_address(tracker, address)
    except (UsageError, ValueError) as error:
        mistakes.add(f"{FILE}: {place}.sink", str(error))
        return
    if backends:
        held = options_of(target)
        options = {name: one for name, one in held.items() if f"{place}.{name}" not in secret}
        planner = _check_options(name, tracker, options, mistakes)
        if planner is not None:
            _check_conflicts(place, target, mistakes, planner)


def _check_database(place: str, target: Mapping[str, Any], mistakes: Mistakes) -> None:
    try:
        database_of(target)
    except ValidationError as error:
        for line in mistakes_(error, TargetDatabase):
            mistakes.add(f"{FILE}: {place}.database", line)


def _check_moved(place: str, target: Mapping[str, Any], mistakes: Mistakes) -> None:
    given = target.get("moved_from", "none")
    what = 'must be the address that the server had, without its tracker: "https://…"'
    try:
        if "//" in given:
            web_address(given)
        fine = bool(given.strip())
    except (ValueError, TypeError, AttributeError):
        fine = False
    if not fine:
        mistakes.add(f"{FILE}: {place}.moved_from", what)


def _check_conflicts(
    place: str, target: Mapping[str, Any], mistakes: Mistakes, planner: Planner | None = None
) -> None:
    """Without a planner its words; with one, its fields alone."""
    given = target.get("conflicts", {})
    worded = set(mistakes_in(given))
    for path, what in mistakes_in(given, planner) if planner is not None else worded:
        if planner is None or (path, what) not in worded:
            mistakes.add(f"{FILE}: {place}.conflicts{f'.{path}' if path else ''}", what)


def _check_options(
    name: str, tracker: str, options: Mapping[str, Any], mistakes: Mistakes
) -> Planner | None:
    try:
        planner: Planner = registry.planner(tracker, options)
    except UsageError as error:
        mistakes.found += [said_of(name, line) for line in str(error).splitlines()]
        return None
    return planner


def said_of(target: str, line: str) -> str:
    """A sink's word on its options, with the place where they stand."""
    rest = line.removeprefix("options.")
    return line if rest == line else f"{FILE}: targets.{target}.{rest}"


def _no_secrets(held: Mapping[str, Any], path: str, mistakes: Mistakes) -> None:
    for name, value in held.items():
        here = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            _no_secrets(value, here, mistakes)
        elif _SECRET.search(name) and not name.endswith(("_env", "_file")):
            what = "no secret belongs here: put it into the environment, or a file in state/"
            mistakes.add(f"{FILE}: {here}", what)
