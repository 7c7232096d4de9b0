"""Compares a recorded answer with ours; the one table of what is normalised is here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Path = tuple[Any, ...]

#: all that is not compared as it is, with the reason. `bind`: any value, but the same one wherever
#: the recording has the same. `free`: any value of the same JSON type.
NORMALISED: dict[str, tuple[str, str]] = {
    "xaction names": ("bind", "PHID-XACT-... and PHID-XCMT-... are made by chance"),
    "group names": ("bind", "groupID is made by chance"),
    "file secrets": ("bind", "the secret part of a dataURI is made by chance"),
    "account dates": ("free", "accounts were made before the recording began"),
    "pictures": (
        "free",
        "profile pictures are drawn by the server: PHID, address, name, size, alt",
    ),
    "machine": ("free", "conduit.ping tells the machine's name"),
    "method prose": ("free", "what conduit.query says about a method is the server's own prose"),
}

_CHANCE = re.compile(r"PHID-X(?:ACT-[A-Z]{4}|CMT)-[a-z0-9]{15,20}")
_SECRET = re.compile(r"(?<=/file/data/)[a-z0-9]{20}(?=/)")
_PICTURE = re.compile(r"/file/data/[a-z0-9]{20}/PHID-FILE-[a-z0-9]{20}/[^/]*\.png")


@dataclass
class Binding:
    """Which of our chance values stands for which recorded one; both ways."""

    there: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)

    def agree(self, recorded: str, ours: str) -> bool:
        """Whether the two may stand for each other; notes it if they are new."""
        if recorded in self.there or ours in self.back:
            return self.there.get(recorded) == ours and self.back.get(ours) == recorded
        self.there[recorded], self.back[ours] = ours, recorded
        return True

    def translate(self, text: str) -> str:
        """A recorded text with our values in it."""
        return _CHANCE.sub(lambda found: self.there.get(found[0], found[0]), text)


def differences(method: str | None, recorded: Any, ours: Any, binding: Binding) -> Iterator[str]:
    """What differs between two answers, each as a sentence."""
    yield from _compare(method, (), recorded, ours, binding, {})


def without(value: Any, key: str) -> Any:
    """The value with every entry of this name blanked."""
    if isinstance(value, dict):
        return {name: 0 if name == key else without(item, key) for name, item in value.items()}
    return [without(item, key) for item in value] if isinstance(value, list) else value


def rule_for(method: str | None, path: Path, value: Any, around: dict[str, Any]) -> str | None:
    """The entry of the table that covers a leaf, if one does."""
    last = path[-1] if path else None
    if last == "groupID":
        return "group names"
    if method == "conduit.ping" and path == ("result",):
        return "machine"
    if method == "conduit.query" and last == "description":
        return "method prose"
    if around.get("type") == "USER" and last in ("dateCreated", "dateModified"):
        return "account dates"
    if last == "image" or (
        _is_picture(around) and last in ("phid", "name", "size", "dataURI", "default")
    ):
        return "pictures"
    if isinstance(value, str) and _CHANCE.search(value):
        return "xaction names"
    return "file secrets" if isinstance(value, str) and _SECRET.search(value) else None


def _is_picture(around: dict[str, Any]) -> bool:
    fields = around.get("fields") or {}
    return around.get("type") == "FILE" and bool(_PICTURE.search(fields.get("dataURI") or ""))


def _compare(
    method: str | None,
    path: Path,
    recorded: Any,
    ours: Any,
    binding: Binding,
    around: dict[str, Any],
) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(ours, dict):
        around = recorded if "type" in recorded and "fields" in recorded else around
        yield from _compare_maps(method, path, recorded, ours, binding, around)
    elif isinstance(recorded, list) and isinstance(ours, list):
        yield from _compare_lists(method, path, recorded, ours, binding, around)
    elif not _same(method, path, recorded, ours, binding, around):
        yield f"{_spell(path)}: recorded {_short(recorded)}, ours {_short(ours)}"


def _compare_maps(
    method: str | None,
    path: Path,
    recorded: dict[str, Any],
    ours: dict[str, Any],
    binding: Binding,
    around: dict[str, Any],
) -> Iterator[str]:
    if method == "conduit.query" and path == ("result",):
        # the real server has more applications than tasks, projects, people and files
        # (their order is that of its classes)
        recorded = {key: recorded[key] for key in ours if key in recorded}
    if list(recorded) != list(ours):
        yield f"{_spell(path)}: recorded keys {_short(list(recorded))}, ours {_short(list(ours))}"
    for key in recorded.keys() & ours.keys():
        yield from _compare(method, (*path, key), recorded[key], ours[key], binding, around)


def _compare_lists(
    method: str | None,
    path: Path,
    recorded: list[Any],
    ours: list[Any],
    binding: Binding,
    around: dict[str, Any],
) -> Iterator[str]:
    if len(recorded) != len(ours):
        yield f"{_spell(path)}: recorded {len(recorded)} items, ours {len(ours)}"
    for index, (one, other) in enumerate(zip(recorded, ours, strict=False)):
        yield from _compare(method, (*path, index), one, other, binding, around)


def _same(
    method: str | None,
    path: Path,
    recorded: Any,
    ours: Any,
    binding: Binding,
    around: dict[str, Any],
) -> bool:
    rule = rule_for(method, path, recorded, around)
    if rule is None:
        return type(recorded) is type(ours) and bool(recorded == ours)
    if NORMALISED[rule][0] == "free" or not isinstance(recorded, str):
        return type(recorded) is type(ours)
    return isinstance(ours, str) and _bound(rule, recorded, ours, binding)


def _bound(rule: str, recorded: str, ours: str, binding: Binding) -> bool:
    if rule == "group names":
        return binding.agree(recorded, ours)
    pattern = _CHANCE if rule == "xaction names" else _SECRET
    if pattern.sub("*", recorded) != pattern.sub("*", ours):
        return False
    pairs = zip(pattern.findall(recorded), pattern.findall(ours), strict=True)
    return all(binding.agree(one, other) for one, other in pairs)


def _spell(path: Path) -> str:
    return ".".join(map(str, path)) or "answer"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 400 else f"{text[:400]}... ({len(text)})"
