"""The settings of a StoryBoard target, all mistakes told at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from tracker_migrate.backends.storyboard.wire import TEXT_MAX
from tracker_migrate.checked import checked, web_address
from tracker_migrate.text.continued import SMALLEST

#: bytes of the longest text that is sent in one piece. MariaDB takes no request over 16 MB
#: (max_allowed_packet as it is shipped; 15 MB went through, 17 MB did not: facts 8), and in a
#: request for the database quotes, backslashes and line ends take two bytes each
TEXT_LIMIT = 8_000_000


def _full_path(text: str) -> str:
    path = Path(text).expanduser()
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError("must be a full path, as /srv/attachments")
    return str(path)


_FullPath = Annotated[str, AfterValidator(_full_path)]
_Address = Annotated[str, AfterValidator(web_address)]


class Files(BaseModel):
    """Where attachments go, for StoryBoard takes none (facts 1). folder: on this machine; a web
    server shows it at `address`. private_folder, private_address: those for the files of issues
    that not everybody may read; without them such files stay at the source. private_guard: what
    keeps others from them: the web server asks for a `login`, or only who may read them all reaches
    it (`network`). per_issue, per_run: bytes that an issue's files may have together, and those of
    one run (None: any)."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    folder: _FullPath
    #: under which the web server shows the folder
    address: _Address
    private_folder: _FullPath | None = None
    private_address: _Address | None = None
    private_guard: Literal["login", "network"] = "login"
    per_issue: ByteSize = Field(default=ByteSize(100_000_000), ge=0)
    per_run: ByteSize | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _fit_together(self) -> Files:
        mistakes = []
        if (self.private_folder is None) != (self.private_address is None):
            mistakes.append("private_folder and private_address need one another")
        if self.private_folder is not None:
            one, other = Path(self.folder), Path(self.private_folder)
            if one == other or one in other.parents or other in one.parents:
                mistakes.append("folder and private_folder must be apart, neither in the other")
        if self.private_address is not None and self.private_address == self.address:
            mistakes.append("address and private_address must differ")
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self


class Options(BaseModel):
    """connections: how many threads may write at once. timeout: seconds for a request.
    settle_seconds: the longest that the server may go on with a request that we gave up on.
    per_second: requests, 0 for no limit. patience: seconds for which the server is waited for
    while it is down. numbers: `block` (from claimed blocks) or `keep` (a
    story's number is the bug's). above: in `keep` mode, claimed blocks start above this number,
    which no bug may reach. leaky_search: what to do where
    the server's search shows private stories to everybody: `refuse` private issues, or `accept` it
    (because only people who may read them can reach the server). bots: what becomes of a run of
    comments by bots: `keep` each, or `fold` them into one comment. milestones: which become
    objects: those that are `active` at the source, or `all`. text_limit: bytes of a text that
    is sent in one piece; what is longer goes on in the next comments. web: where people see
    stories, if not at the API's own host. authors: who stories, tasks and comments are written as:
    the `importer`, or their authors, with `tokens` that a superuser has made for them. people:
    whether accounts for them are `found` alone, or may be `created`. files: see `Files`; without it
    attachments stay at the source."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    connections: int = Field(default=4, ge=1, le=64)
    timeout: float = Field(default=60.0, gt=0, le=3600)
    settle_seconds: float = Field(default=60.0, ge=0, le=86400)
    #: make projects that are not there
    create_projects: bool = True
    per_second: float = Field(default=0.0, ge=0)
    patience: float = Field(default=600.0, ge=0)
    numbers: Literal["block", "keep"] = "block"
    above: int = Field(default=10_000_000, ge=0, le=2_000_000_000)
    leaky_search: Literal["refuse", "accept"] = "refuse"
    bots: Literal["keep", "fold"] = "keep"
    milestones: Literal["active", "all"] = "active"
    text_limit: int = Field(default=TEXT_LIMIT, ge=SMALLEST, lt=TEXT_MAX)
    web: _Address | None = None
    authors: Literal["importer", "tokens"] = "importer"
    people: Literal["found", "created"] = "found"
    files: Files | None = None


def read_options(options: Mapping[str, Any]) -> Options:
    """Checked settings; UsageError with every mistake, its path and what was expected."""
    return checked(Options, options, "options")


def limit_of(options: Mapping[str, Any]) -> int:
    """Bytes that a text may take, from a target's own settings."""
    return int(options.get("text_limit", TEXT_LIMIT))


def files_of(options: Mapping[str, Any]) -> Files | None:
    """Where attachments go, from a target's own settings; None: nowhere, or they are wrong."""
    held = options.get("files")
    try:
        return None if held is None else Files.model_validate(held)
    except ValidationError:  # told by `read_options`, before anything is planned
        return None
