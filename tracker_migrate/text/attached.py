"""What is said of an attachment whose bytes do not come."""

from __future__ import annotations

from tracker_migrate.model import File

#: why bytes are not here, by the state of a `File`
WHY = {
    "missing": "the source has its bytes no more",
    "corrupt": "the source never gave all of its bytes",
    "over": "it is larger than the settings allow",
    "withheld": "it came with a comment that the source hides",
}
EMPTY = "it is empty"


def why_not(file: File | None) -> str:
    """Why the archive has no bytes of an attachment that a target could hold, in words for its
    readers; "" if it has, or if nobody asked for them."""
    if file is None:
        return ""
    if file.state == "held":
        return "" if file.size else EMPTY
    return WHY[file.state]
