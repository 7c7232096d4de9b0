"""The options of a Maniphest target, checked: all mistakes at once, each with its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tracker_migrate.checked import checked as checked_
from tracker_migrate.text.continued import SMALLEST

#: bytes that the texts of a request may take: nginx takes 1 MB where nobody has said otherwise
#: (facts 0), and the rest of a request of 250 comments takes some 20 kB; Phorge itself took 16 MB
TEXT_LIMIT = 900_000


class Options(BaseModel):
    """Numbers of seconds are real seconds; `per_second` 0 means no limit."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, strict=False)

    #: how many threads may write at once
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    #: seconds for a request
    timeout: Annotated[float, Field(gt=0)] = 60.0
    #: the longest that the server may go on with a request that we gave up on
    settle_seconds: Annotated[float, Field(ge=0)] = 60.0
    #: make projects that are not there
    create_projects: bool = True
    #: requests; 0 for no limit
    per_second: Annotated[float, Field(ge=0)] = 0.0
    #: seconds for which the server is waited for while it is down
    patience: Annotated[float, Field(ge=0)] = 600.0
    #: key of the custom field for markers, without `custom.`; None: found by asking
    marker_field: str | None = None
    #: one after another, so that numbers follow the source, or several at once
    order: Literal["ordered", "parallel"] = "ordered"
    #: a bug with several tasks: a subtask for each, or all told in one task's text
    task_mode: Literal["subtasks", "one"] = "subtasks"
    #: what `sync` makes of a task when all its subtasks are closed: `joint`, what it would be had
    #: the source closed them; `off`, nothing; else a status of the server's
    close_parents: str = "joint"
    #: a blueprint's work items: a subtask for each, or a checklist in the task's text
    work_items: Literal["subtasks", "checklist"] = "subtasks"
    #: which milestones become objects: those where work goes on, or all
    milestones: Literal["active", "all"] = "active"
    #: whether the source's subscribers follow the task: nobody, or those who have an account
    subscribers: Literal["off", "accounts"] = "off"
    #: a run of comments by bots: each kept, or all folded into one
    bots: Literal["keep", "fold"] = "keep"
    #: bytes of the texts of one request, as they are sent; what is longer goes on in comments
    text_limit: Annotated[int, Field(ge=SMALLEST, le=30_000_000)] = TEXT_LIMIT
    #: tags that become projects however rare they are
    tag_projects: tuple[str, ...] = ()
    #: who may see public issues
    public_view: Literal["public", "users"] = "public"
    #: who may edit public issues
    public_edit: Literal["users", "admin"] = "users"
    #: the server's words for a task that is not done yet
    open_statuses: tuple[str, ...] = ("open",)


def checked(options: Mapping[str, Any]) -> Options:
    """The options as a model; UsageError lists all mistakes."""
    return checked_(Options, options, "options")
