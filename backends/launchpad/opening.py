"""Making a Launchpad source from specs and settings, which are checked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.files import Files
from tracker_migrate.backends.launchpad.places import wrong_spec
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.checked import checked, web_address
from tracker_migrate.errors import UsageError


class Options(BaseModel):
    """The settings of a Launchpad source."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    address: Annotated[str, AfterValidator(web_address)] = "https://api.launchpad.net"
    connections: Annotated[int, Field(ge=1, le=64)] = 8
    per_second: Annotated[float, Field(ge=0)] = 20.0
    patience: Annotated[float, Field(ge=0)] = 600.0
    timeout: Annotated[float, Field(gt=0)] = 60.0
    private: bool = False
    page: Annotated[int, Field(ge=1, le=300)] = 75  # 301 and more are refused (facts 2)
    #: read of each bug, at one request more for each, though nothing says that there is any; and
    #: the earlier texts of edited comments, one request for each, which only a login is told
    also: tuple[Literal["watches", "nominations", "merge_proposals", "earlier_comments"], ...] = ()
    state_dir: Path | None = None


def opened(
    specs: Sequence[str], options: Mapping[str, Any], credentials: Mapping[str, str] | None
) -> LaunchpadSource:
    """A source; see `open_source`."""
    names = list(dict.fromkeys(spec.strip().strip("/") for spec in specs))
    mistakes = [wrong for spec in names if (wrong := wrong_spec(spec))]
    if not names:
        mistakes.append("launchpad: names nothing; write launchpad:PROJECT")
    try:
        made = checked(Options, options, "options")
    except UsageError as error:
        mistakes += str(error).splitlines()
    if mistakes:
        raise UsageError("\n".join(mistakes))
    manners: dict[str, Any] = {
        "connections": made.connections,
        "per_second": made.per_second,
        "patience": made.patience,
        "timeout": made.timeout,
    }
    client = Client(made.address, credentials=credentials, private=made.private, **manners)
    return LaunchpadSource(
        client,
        names,
        page=made.page,
        connections=made.connections,
        also=made.also,
        files=Files(client, **manners),
    )
