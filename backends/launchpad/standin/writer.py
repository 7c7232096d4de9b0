"""A writer of made-up texts: titles, descriptions, comments, tracebacks, of wanted lengths."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeVar

from tracker_migrate.backends.launchpad.standin import words

T = TypeVar("T")

#: shares and values as counted over real bugs; between two of them it is interpolated
COMMENTS = ((0, 0), (0.12, 1), (0.5, 3), (0.9, 10), (0.95, 14), (0.99, 32), (1, 120))
DESCRIPTION = ((0, 40), (0.5, 689), (0.9, 4_878), (0.95, 7_742), (0.99, 17_060), (1, 40_000))
COMMENT = ((0, 4), (0.5, 149), (0.9, 939), (0.95, 1_326), (0.99, 5_504), (1, 60_000))
TAG_COUNT = ((0.475, 0), (0.78, 1), (0.93, 2), (0.98, 3), (1, 5))


class Writer:
    """Writes with a seeded source of chance, so the same seed gives the same texts."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.random = chance.random
        self.names: list[str] = ["somebody"]
        self.numbers: list[int] = [1]

    def pick(self, choices: Sequence[T]) -> T:
        """One of these."""
        return choices[int(self.random() * len(choices))]

    def among(self, curve: Sequence[tuple[float, int]]) -> int:
        """A number drawn from a curve of (share, value)."""
        x = self.random()
        at = min(bisect_right(curve, (x, 1 << 60)), len(curve) - 1)
        if at == 0:
            return curve[0][1]
        (x0, y0), (x1, y1) = curve[at - 1], curve[at]
        return int(y0 + (y1 - y0) * (x - x0) / (x1 - x0 or 1))

    def step(self, curve: Sequence[tuple[float, int]]) -> int:
        """A value drawn from steps of (share up to, value)."""
        x = self.random()
        return next((value for share, value in curve if x <= share), curve[-1][1])

    # -- texts ---------------------------------------------------------------------------------

    def _fill(self, pattern: str) -> str:
        pick = self.pick
        thing = pick(words.THINGS)
        text = pattern.format(
            thing=thing, Thing=thing.capitalize(), other=pick(words.THINGS),
            actor=pick(words.ACTORS), verb=pick(words.VERBS), fails=pick(words.FAILURES),
            manner=pick(words.MANNERS), opinion=pick(words.OPINIONS), tag=pick(words.TAGS),
            version=f"{1 + int(self.random() * 4)}.{int(self.random() * 10)}",
        )  # fmt: skip
        return text[0].upper() + text[1:] if pattern[0] == "{" else text

    def sentence(self) -> str:
        """One sentence."""
        return self._fill(self.pick(words.PATTERNS))

    def title(self) -> str:
        """A bug's title; a few are overlong, padded or odd."""
        text = self._fill(self.pick(words.TITLES))
        x = self.random()
        if x < 0.01:
            text = f"{text} " + " ".join(self.sentence() for _ in range(4))
        elif x < 0.04:
            text = f" {text}  "
        elif x < 0.045:
            text = f"{text} 再起動 🔧"
        return text[:290]

    def prose(self, length: int) -> str:
        """Paragraphs of about this length."""
        parts: list[str] = []
        size = 0
        while size < length:
            part = self.sentence()
            parts.append(part)
            size += len(part) + 1
            if self.random() < 0.2:
                parts.append("\n\n")
        return " ".join(parts).replace(" \n\n ", "\n\n").strip()[: max(length, 30)]

    def description(self) -> str:
        """A description: prose, and for many a trace or a log that makes up most of it."""
        length = self.among(DESCRIPTION)
        x = self.random()
        if x < 0.21:
            return f"{self.prose(min(length, 400))}\n\n{self.traceback(length // 60)}"
        if length > 1500:
            return f"{self.prose(500)}\n\n{self.log(length // 80)}"
        if x > 0.93:
            return f"{self.prose(length)}\n\n{self.odd()}"
        return self.prose(length) + self.reference()

    def comment(self) -> str:
        """What a person writes; 1 % write nothing."""
        x = self.random()
        if x < 0.011:
            return ""
        if x < 0.03:
            return self.odd()
        length = self.among(COMMENT)
        if length > 1500:
            return f"{self.prose(200)}\n\n{self.log(length // 80)}"
        return self.prose(length) + (self.reference() if x > 0.9 else "")

    def odd(self) -> str:
        """A text that trips importers."""
        return self.pick(words.ODD).format(name=self.pick(self.names))

    def reference(self) -> str:
        """A mention of another bug, in one of the usual forms, or nothing."""
        if self.random() > 0.25:
            return ""
        number = self.pick(self.numbers)
        return " " + self.pick((
            f"See bug {number}.", f"Maybe bug #{number}?", f"LP: #{number}", f"(lp:{number})",
            f"https://bugs.launchpad.net/bugs/{number} has more.", "See comment #1.",
        ))  # fmt: skip

    def traceback(self, depth: int) -> str:
        """A Python traceback of an invented program."""
        lines = ["Traceback (most recent call last):"]
        for _ in range(max(2, min(depth, 40))):
            module = self.pick(words.MODULES)
            line = 10 + int(self.random() * 900)
            lines.append(
                f'  File "/opt/gadget/{module}.py", line {line}, in {self.pick(words.VERBS)}'
            )
            lines.append(f"    return self.{module}.{self.pick(words.VERBS)}(frame)")
        return "\n".join([*lines, self.pick(words.ERRORS)])

    def log(self, lines: int) -> str:
        """Lines of a log."""
        out = []
        for n in range(max(2, min(lines, 600))):
            stamp = f"2024-03-{1 + n % 28:02} 12:{n % 60:02}:{(n * 7) % 60:02}"
            level = self.pick(words.LEVELS)
            out.append(f"{stamp} {level} gadget.{self.pick(words.MODULES)} [{n:05x}] "
                       f"{self.pick(words.THINGS)} {self.pick(words.FAILURES)}")  # fmt: skip
        return "\n".join(out)

    def diff(self) -> bytes:
        """A small patch."""
        module = self.pick(words.MODULES)
        text = (
            f"--- a/{module}.py\n+++ b/{module}.py\n@@ -1,3 +1,4 @@\n import time\n"
            f"+import {self.pick(words.MODULES)}\n \n # {self.sentence()}\n"
        )
        return text.encode()

    def bot(self, kind: int, number: int, project: str) -> str:
        """What a bot writes about a bug."""
        change = f"{int(self.random() * 1e12):040x}"
        match kind % 4:
            case 0:
                return (
                    f"Reviewed:  https://review.example.org/{number % 9999}\nCommitted: "
                    f"https://git.example.org/{project}/commit/?id={change}\nBranch:    master\n\n"
                    f"commit {change}\n\n    {self.sentence()}\n\n    Closes-Bug: #{number}\n"
                    f"    Change-Id: I{change}"
                )
            case 1:
                return (
                    "Fix proposed to branch: master\n"
                    f"Review: https://review.example.org/{number % 9999}"
                )
            case 2:
                return f"This issue was fixed in the {project} 2.{number % 10}.0 release."
            case _:
                return f"[Expired for {project} because there has been no activity for 60 days.]"

    def name(self) -> str:
        """A made-up person: a name for the address."""
        first = "".join(self.pick(words.SYLLABLES) for _ in range(2))
        second = "".join(self.pick(words.SYLLABLES) for _ in range(2 + (self.random() < 0.3)))
        return f"{first}{self.pick(('-', '', '.', ''))}{second}"
