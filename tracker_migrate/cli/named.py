"""What people call an issue on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracker_migrate.errors import UsageError

if TYPE_CHECKING:
    from tracker_migrate.model import Key

_NUMBER = re.compile(r"#?([0-9]+)|.*/\+?bugs?/([0-9]+)(?:[/?#].*)?")
_SPEC = re.compile(r"(?:.*://[^/]+/)?([^/\s]+/\+spec/[^/\s?#]+)")


def key_of(tracker: str, name: str) -> Key:
    """The key of what somebody names: `123`, `#123`, `nova/+spec/foo`, an address, or a key itself.

    Raises UsageError if it is none of these.
    """
    from tracker_migrate.model import key

    bare = name.removeprefix(f"{tracker}:").removeprefix("bug:").removeprefix("blueprint:")
    if match := _NUMBER.fullmatch(bare):
        return key(tracker, "bug", int(match[1] or match[2]))
    if match := _SPEC.fullmatch(bare):
        return key(tracker, "blueprint", match[1])
    raise UsageError(
        f"{name} is no bug's number, and no blueprint's PROJECT/+spec/NAME: write a bug's number, "
        "its address, or PROJECT/+spec/NAME for a blueprint"
    )
