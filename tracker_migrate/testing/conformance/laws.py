"""What a broken law reads like: which one, what was expected, what was seen, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

#: the laws that the suites try, by the word that a failure begins with
LAWS: Mapping[str, str] = {
    "once": "what was sent stands there once, whatever became of the reply",
    "ours": "an object is ours if our account made it: a number or a marker proves nothing",
    "closed": "what is private is closed from the request that creates it",
    "said": "every field of an issue is native, text, or lost with its reason",
    "pure": "a planner asks nobody, and says the same of the same issue",
    "told": "what failed is told by what has to be done about it, without anybody's words",
    "kept": "what people change at the target is seen, and kept",
    "whole": "what a source holds is read: each issue once, whole, and under its own keys",
    "shape": "a backend has the attributes that `interfaces` names",
}


class LawBroken(AssertionError):
    """A backend does not keep a law. `law` is one of `LAWS`."""

    def __init__(self, law: str, message: str) -> None:
        super().__init__(message)
        self.law = law


def broken(law: str, seen: str, *, expected: str, cure: str) -> NoReturn:
    """Raise LawBroken with all that an author needs to mend it."""
    __tracebackhide__ = True
    lines = [f"{law}: {LAWS[law]}", f"  seen:     {seen}", f"  expected: {expected}"]
    raise LawBroken(law, "\n".join([*lines, f"  to do:    {cure}"]))


def must(holds: Any, law: str, seen: str, *, expected: str, cure: str) -> None:
    """Raise LawBroken unless something holds."""
    __tracebackhide__ = True
    if not holds:
        broken(law, seen, expected=expected, cure=cure)
