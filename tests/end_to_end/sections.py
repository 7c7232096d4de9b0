"""A text at a target, taken apart as a person reads it: lines, tables, lists. Both markups."""

from __future__ import annotations

import re

from tests.end_to_end.reader import words

_MARKDOWN = re.compile(r"\[((?:[^\]\\]|\\.)*)\]\((\S+?)\)")
_REMARKUP = re.compile(r"\[\[\s*(\S+?)\s*\|\s*(.*?)\s*\]\]")
_BARE = re.compile(r"<(https?://[^>\s]+)>")
#: says that a block is verbatim
_VERBATIM = re.compile(r"^[ >]*(?:lang=text|`{3,}[\w=]*)$", re.MULTILINE)
_LABEL = re.compile(r"\*\*(?P<name>[^*]+?):?\*\*:?(?:\s+(?P<value>\S.*?))?\s*$")
_HEAD = re.compile(r"^(?:###|===) Launchpad details", re.MULTILINE)


def shown(text: str) -> str:
    """A text with each link replaced by what it shows, and without the marks of blocks."""
    text = _VERBATIM.sub("", text)
    text = _REMARKUP.sub(lambda found: found[2], text)
    text = _MARKDOWN.sub(lambda found: found[1], text)
    return _BARE.sub(lambda found: found[1], text)


def addresses(text: str) -> list[str]:
    """Where the links of a text lead."""
    found = [one[1] for one in _REMARKUP.finditer(text)]
    found += [one[2] for one in _MARKDOWN.finditer(text)]
    return found + [one[1] for one in _BARE.finditer(text)]


class Sections:
    """A description: its first line, its body, and the details below it.

    lines: `**Heat**: 14` as {"Heat": ["14"]}; a label may stand more than once. under: what follows
    a label that has no value of its own, up to the next label. tables: each a list of rows, a row
    by the header's words.
    """

    def __init__(self, text: str) -> None:
        head, *rest = (str(one) for one in _HEAD.split(text, maxsplit=1))
        self.first: str = head.partition("\n")[0]
        body: str = head.partition("\n")[2]
        self.body = body.strip()
        self.details = rest[0] if rest else ""
        self.lines: dict[str, list[str]] = {}
        self.under: dict[str, str] = {}
        self.tables: list[list[dict[str, str]]] = []
        self._read(self.details.splitlines())

    def line(self, label: str) -> str:
        """The value of a label; empty if there is none."""
        return " ".join(self.lines.get(label, ()))

    def items(self, label: str) -> list[str]:
        """The items of the list under a label."""
        found = self.under.get(label, "").splitlines()
        return [line.removeprefix("- ") for line in found if line.startswith("- ")]

    def table(self, column: str) -> list[dict[str, str]]:
        """The rows of the table that has this column."""
        return next((one for one in self.tables if one and column in one[0]), [])

    def _read(self, lines: list[str]) -> None:
        label, header = "", list[str]()
        for line in lines:
            if line.startswith("|"):
                header = self._row(line, header)
                continue
            header = []
            found = _LABEL.match(line)
            if found is None:
                self.under[label] = f"{self.under.get(label, '')}{line}\n"
            elif found["value"]:
                self.lines.setdefault(found["name"], []).append(found["value"])
                label = ""
            else:
                label = found["name"]

    def _row(self, line: str, header: list[str]) -> list[str]:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", shown(line))[1:-1]]
        if not header:
            self.tables.append([])
            return [" ".join(words(cell)) for cell in cells]
        if any(cells) and set("".join(cells)) <= set("- :"):
            return header
        self.tables[-1].append(dict(zip(header, cells, strict=True)))
        return header


def same(expected: str, found: str) -> bool:
    """Whether a text shows just these words, in this order."""
    return words(expected) == words(shown(found))


def within(expected: str, found: str) -> bool:
    """Whether these words stand in a text one behind another, with nothing between them."""
    wanted, there = words(expected), words(shown(found))
    size = len(wanted)
    return any(there[at : at + size] == wanted for at in range(len(there) - size + 1))
