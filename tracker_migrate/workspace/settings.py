"""migration.toml: what a workspace reads, and where it writes. All mistakes are said at once.

No secret belongs here: tokens come from the environment, from a file that only its owner may read
(`state/credentials/NAME`), or from a systemd credential.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tracker_migrate.errors import UsageError, WorkspaceError
from tracker_migrate.mappings.table import Mistakes, did_you_mean, toml

FILE = "migration.toml"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_SECRET = re.compile(r"token|secret|password", re.IGNORECASE)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(_Strict):
    """What is read. specs: `launchpad:nova`, `launchpad:openstack` (a group) …"""

    specs: list[str] = Field(min_length=1)
    address: str | None = None
    private: bool = False
    show_addresses: bool = False
    connections: int = Field(default=8, ge=1, le=64)
    per_second: float = Field(default=20.0, ge=0)
    timeout: float = Field(default=60.0, gt=0)
    page: int = Field(default=75, ge=1, le=300)
    overlap_minutes: float = Field(default=10.0, ge=0)

    @field_validator("specs")
    @classmethod
    def _have_a_tracker(cls, specs: list[str]) -> list[str]:
        for spec in specs:
            if ":" not in spec:
                raise ValueError(f'"{spec}" names no tracker: write it as launchpad:{spec}')
        return specs


class DatabaseSettings(_Strict):
    """Where the workspace keeps its state: SQLite in `state/`, unless a PostgreSQL is named."""

    url: str | None = None


class Settings(_Strict):
    """The whole file. targets: by name, `sink` and that sink's own options."""

    source: SourceSettings
    targets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)


def load(folder: Path) -> Settings:
    """The settings of a workspace. Raises UsageError with every mistake and its path."""
    path = folder / FILE
    if not path.is_file():
        raise UsageError(
            f"{folder} is no workspace (it has no {FILE}): go to one, name it with -C, or make one "
            "with: tracker-migrate init DIR --from launchpad:PROJECT"
        )
    mistakes = Mistakes()
    held = toml(path, mistakes)
    mistakes.stop_if_any()
    for name, target in held.get("targets", {}).items():
        _check_target(name, target, mistakes)
    _no_secrets(held, "", mistakes)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(held)
    except ValidationError as error:
        _say(error, mistakes)
    mistakes.stop_if_any()
    assert settings is not None
    return settings


def _check_target(name: str, target: Any, mistakes: Mistakes) -> None:
    place = f"{FILE}: targets.{name}"
    if not _NAME.fullmatch(name):
        mistakes.add(place, "a target's name is lower-case letters, digits, - and _")
    if not isinstance(target, dict) or not isinstance(target.get("sink"), str):
        mistakes.add(place, 'needs sink = "storyboard:https://…" or "maniphest:https://…"')


def _no_secrets(held: Mapping[str, Any], path: str, mistakes: Mistakes) -> None:
    for name, value in held.items():
        here = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            _no_secrets(value, here, mistakes)
        elif _SECRET.search(name) and not name.endswith(("_env", "_file")):
            mistakes.add(
                f"{FILE}: {here}", "no secret belongs here: put it into the environment or a file"
            )


def _say(error: ValidationError, mistakes: Mistakes) -> None:
    for one in error.errors():
        path = ".".join(str(part) for part in one["loc"])
        if one["type"] == "extra_forbidden":
            known = _known(one["loc"])
            what = f"is not known{did_you_mean(str(one['loc'][-1]), known)}"
        else:
            what = one["msg"].removeprefix("Value error, ")
        mistakes.add(f"{FILE}: {path}", what)


def _known(location: tuple[Any, ...]) -> Iterable[str]:
    models: dict[str, type[BaseModel]] = {"source": SourceSettings, "database": DatabaseSettings}
    model = models.get(str(location[0]), Settings) if len(location) > 1 else Settings
    return model.model_fields


# -- secrets -------------------------------------------------------------------------------------


def secret(folder: Path, name: str) -> str | None:
    """A credential by name, e.g. `old-token`: from the environment (TRACKER_MIGRATE_OLD_TOKEN), a
    systemd credential, or `state/credentials/NAME`, a file that only its owner may read.

    Raises WorkspaceError if others may read that file.
    """
    variable = secret_variable(name)
    if variable in os.environ:
        return os.environ[variable].strip() or None
    places = [folder / "state" / "credentials" / name]
    if "CREDENTIALS_DIRECTORY" in os.environ:
        places.insert(0, Path(os.environ["CREDENTIALS_DIRECTORY"]) / f"tracker-migrate-{name}")
    for place in places:
        if place.is_file():
            only_owner(place)
            return place.read_text(encoding="utf-8").strip() or None
    return None


def secret_variable(name: str) -> str:
    """The environment variable that a credential may be in."""
    return "TRACKER_MIGRATE_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def secret_places(folder: Path, name: str) -> str:
    """Where a credential is looked for, in words."""
    place = folder / "state" / "credentials" / name
    return f"it is read from the variable {secret_variable(name)}, or the file {place}, mode 600"


def only_owner(path: Path) -> None:
    """Raise WorkspaceError unless a file or folder is its owner's alone."""
    held = path.stat()
    if held.st_uid != os.getuid():
        raise WorkspaceError(f"{path} belongs to another user: run as that user")
    if stat.S_IMODE(held.st_mode) & 0o077:
        raise WorkspaceError(f"others may read {path}: chmod go= {path}")
