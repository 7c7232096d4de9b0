"""What a run wrote, added up."""

from __future__ import annotations

import msgspec

from tracker_migrate.engine.doubles import waiting
from tracker_migrate.workspace.doubled import Double


class Applied(msgspec.Struct, kw_only=True):
    """What a run wrote. steps: requests carried out. found: of these, those whose reply was lost
    and that were found at the target. kept: fields left as somebody changed them. overruled: those
    that were written over, as the settings say. raced: those that somebody changed in the moment
    when they were written. closed: issues
    whose readers became fewer. exposed: those of which something can't be taken back.
    unwanted: objects that are wanted no more and stay, such as the last part of a text that became
    shorter. turned_back: fields that a change delivered late had turned back, and that are written
    again. misnamed: objects of issues that were planned, shown as another's than the tables say.
    doubles: all that stands there twice, from this run or an earlier one."""

    steps: int = 0
    found: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    aside: int = 0
    joined: int = 0
    kept: int = 0
    overruled: int = 0
    raced: int = 0
    gone: int = 0
    stuck: int = 0
    unwanted: int = 0
    misnamed: int = 0
    closed: int = 0
    exposed: int = 0
    turned_back: int = 0
    doubles: list[Double] = msgspec.field(default_factory=list)

    @property
    def left(self) -> bool:
        """Whether anything is left that a person should look at."""
        stopped = self.refused or self.aside or self.stuck or self.exposed
        return bool(stopped or waiting(self.doubles))
