"""A file's name as it may stand in a folder and in a web address, whatever somebody called it.

A name comes from whoever attached the file: it may hold a path, control characters, marks that turn
the direction around, a name that a web server or another system keeps for itself, and have any
length. What is left still reads as the name did, and has its ending.
"""

from __future__ import annotations

import re
import unicodedata

#: bytes of a name; most file systems take 255, and an address has to be copied by people
LONGEST = 120
_ENDING = 20
#: not for a file system of any kind, or not for an address that is typed or pasted
_UNFIT = re.compile(r"[\x00-\x20<>:\"'`|?*%#&;$!{}\\^~]+")
#: of these Unicode categories is nothing that a reader sees as part of a name
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: devices of Windows, with any ending
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\Z)", re.IGNORECASE)
#: what web servers show for a folder, or obey
_SERVERS = re.compile(r"(?:index|default)\.|(?:web\.config|robots\.txt)\Z", re.IGNORECASE)


def safe_name(name: str) -> str:
    """The name, made safe: one part of a path, up to `LONGEST` bytes of UTF-8, not empty, and never
    hidden. A safe name comes back as it is."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name).strip().rstrip("/\\"))[-1]
    seen = "".join(" " if one.isspace() else one for one in last if _is_seen(one))
    bare = _UNFIT.sub("_", seen.strip())
    short = _cut(bare.strip("._- ").lstrip("-") or "file")
    kept = _DEVICES.match(short) or _SERVERS.match(short)
    return _cut(f"file_{short}") if kept else short


def _is_seen(one: str) -> bool:
    return one.isspace() or unicodedata.category(one) not in _UNSEEN


def _cut(name: str) -> str:
    """At most `LONGEST` bytes; of a longer name the beginning and the ending."""
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not (stem and len(f"{dot}{ending}".encode()) <= _ENDING):
        stem, dot, ending = name, "", ""
    room = LONGEST - len(f"{dot}{ending}".encode())
    head = stem.encode()[:room].decode(errors="ignore").rstrip("._- ")
    return unicodedata.normalize("NFC", f"{head}{dot}{ending}")
