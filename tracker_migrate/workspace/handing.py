"""`[handover]` of migration.toml: what is said at the source, and what becomes of what comes after.

The text is a template. What may stand in it says nothing that is private: a number, the names of
projects that the issue's own page shows, an address that only those can open who may.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

TEXT = """\
{places}: this bug is worked on at {address} from now on.

Please comment and follow it there. What is written here may not be seen any more."""
#: what a template may name
NAMES = ("address", "number", "places", "bug")


class HandoverSettings(BaseModel):
    """target: whose address people are given, where there are several. comment: a template, or ""
    for none; tag, status: "" for none. which: `open`: neither closed bugs nor duplicates. private:
    whether bugs that not everybody may read are told, too. mail: whether people get the comment by
    mail. per_second: so many things are said at the most (0: no limit). settle_seconds: how long
    the source may take for a request. after: what becomes of what comes afterwards."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    target: str = ""
    comment: str = TEXT
    tag: str = ""
    status: str = ""
    which: Literal["open", "all"] = "open"
    private: bool = True
    mail: bool = True
    per_second: float = Field(default=1.0, ge=0)
    settle_seconds: float = Field(default=60.0, ge=0)
    after: Literal["report", "follow"] = "report"

    @field_validator("comment")
    @classmethod
    def _is_a_template(cls, comment: str) -> str:
        if comment and "address" not in _named(comment):
            raise ValueError("must name {address}: that is what people are to be told")
        return comment

    def text(self, values: Mapping[str, str]) -> str:
        """The comment of one issue."""
        return self.comment.format_map(dict(values))


def _named(template: str) -> set[str]:
    """The names in a template. Raises ValueError for one that can't be filled in."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        raise ValueError("has a brace too many: write {{ for one that is to be seen") from None
    names = {name for _, name, _, _ in parts if name is not None}
    plain = all(not form and not conversion for _, _, form, conversion in parts)
    if not plain or not names <= set(NAMES):
        known = ", ".join(f"{{{name}}}" for name in NAMES)
        raise ValueError(f"may name {known}, as they are, and nothing else")
    return names
