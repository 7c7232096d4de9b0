"""What is live in Remarkup: which words, heads of lines and lines a server would make more of.

Read from the rules of a Phorge of 2026-08 and tried on a running one. Where a rule of the server is
narrower (it links `T1` only if there is a task 1), the wider one stands here: to be neutral costs
little. All patterns are linear: what can repeat is bounded or can't overlap.
"""

from __future__ import annotations

import re

#: each begins with its own character, and looks back from there: so the search passes over most
#: others at once
_WORD = re.compile(
    r"""
      @(?<![A-Za-z0-9_@]@)(?=[A-Za-z0-9._{-])     # @alice, @{config:...}
    | [A-Z](?<![A-Za-z0-9_][A-Z])[0-9]            # T1, D2, F3 and the other monograms
    | r(?<![A-Za-z0-9_]r)[A-Z]                    # a commit or a repository by its callsign
    | [0-9a-f](?<![A-Za-z0-9_\#@-][0-9a-f])[0-9a-f]{6,39}(?![A-Za-z0-9_])   # a commit by its hash
    | \#(?<![A-Za-z0-9_]\#)(?=[^\s?!,:;{}()"'*/~])  # a project
    | \*\* | // | ~~ | __ | !! | \#\# | `         # bold, italic, deleted, underlined, marked, code
    | \[\[ | \]\] | \]\( | \(\(                   # links
    | \{(?=[A-Za-z\#{])                           # {F1}, {icon ...}, {PHID-...}, ${{{...}}}
    | :(?<![A-Za-z0-9_]:)[A-Za-z0-9_+-]{1,60}:    # an emoji
    | %%%
    """,
    re.VERBOSE,
)

_START = re.compile(
    r"""
      \s*(?:[-*\#]+|[0-9]+[.)]|\[[^0-9]?\])(?:\s|$)       # a list
    | = | \#\#                                            # a heading
    | \s*(?:_{3,}|\*\s?\*\s?\*|-\s?-\s?-)                 # a rule
    | -{2,}\s*$                                           # the line above is a heading
    | > | \s*\| | \s*<table> | \s*``` | \s*%%%
    | \((?:NOTE|IMPORTANT|WARNING)\) | (?:NOTE|IMPORTANT|WARNING):
    | (?:cowsay|figlet)\b | [a-z]+\s*(?:\([^)]{0,200}\)\s*)?\{\{\{
    | \s\s                                                # code
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,  # for the server U+00A0 is no blank
)

#: the name of an image stands alone on a line: three characters or more, no capital among them
_MACRO = re.compile(r"\s*[a-z0-9:_\x7f-\U0010ffff-]{3,}\s*\Z", re.ASCII)


def live_word(word: str) -> bool:
    """Whether something in a line would be live, wherever it stands. Nothing that is live goes over
    a blank: it is the same for a text and for its words."""
    return bool(_WORD.search(word))


def live_start(line: str) -> bool:
    """Whether a line would begin a block of its own, or make the one above a heading."""
    return bool(_START.match(line))


def macro_line(line: str) -> bool:
    """Whether a line could be the name of an image that the server shows in its place."""
    return bool(_MACRO.match(line))


def live_line(line: str) -> bool:
    """Whether anything on a line would be live."""
    return live_start(line) or macro_line(line) or live_word(line)
